"""What a parser may write next, so that every output is a tree over exactly the words of its sentence."""

from collections.abc import Sequence
from typing import NamedTuple

from pipelines.seq2seq.parsing.trees import closes, opens
from pipelines.seq2seq.symbols import SPECIAL, STOP

CHAIN = 5  # constituents that may begin at one place one after the other, at most


class State(NamedTuple):
    """Constituents that are open, as symbols; tags so far; symbols so far; brackets opened since the last tag."""

    stack: tuple[int, ...]
    tagged: int
    written: int
    chain: int


class TreeConstraint:
    """For one sentence. A tree of `most` symbols is always still possible, so that a search within them ends."""

    def __init__(self, names: Sequence[str], words: int, most: int) -> None:
        """`names` are all symbols by number. Raises ValueError where `most` leaves no room for a tree."""
        if words < 1 or most < words + 2:
            raise ValueError(f"{words} words in at most {most} symbols: a tree has at least one word and one bracket")
        self._words, self._most = words, most
        numbers = [number for number in range(len(SPECIAL), len(names)) if names[number]]
        self._opening = [number for number in numbers if opens(names[number])]
        self._tags = [number for number in numbers if not opens(names[number]) and not closes(names[number])]
        by_name = {names[number]: number for number in numbers}
        # what training never closed cannot be opened
        self._closing = {n: by_name[f"){names[n][1:]}"] for n in self._opening if f"){names[n][1:]}" in by_name}
        self._opening = list(self._closing)

    def start(self) -> State:
        return State((), 0, 0, 0)

    def allowed(self, state: State) -> list[int]:
        """STOP after a whole tree; else brackets and tags that leave room for the words and brackets to come."""
        left = self._words - state.tagged
        if state.written and not state.stack:
            return [STOP]
        found = []
        room = self._most - state.written - left - len(state.stack)
        if left and state.chain < CHAIN and room >= 2:
            found += self._opening
        if left and state.stack:
            found += self._tags
        if state.stack and not state.chain and (left == 0 or len(state.stack) > 1):
            found.append(self._closing[state.stack[-1]])
        return found

    def step(self, state: State, symbol: int) -> State:
        if symbol in self._closing:
            return State((*state.stack, symbol), state.tagged, state.written + 1, state.chain + 1)
        if state.stack and symbol == self._closing[state.stack[-1]]:
            return State(state.stack[:-1], state.tagged, state.written + 1, 0)
        return State(state.stack, state.tagged + 1, state.written + 1, 0)
