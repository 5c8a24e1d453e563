"""What a parser may output next, so that every output is a tree over exactly the words of its sentence."""

from collections.abc import Sequence
from typing import NamedTuple

from pipelines.seq2seq.parsing.trees import closes, opens
from pipelines.seq2seq.symbols import SPECIAL, STOP

MAX_CHAIN = 5  # constituents that may open one after the other without a word between


class State(NamedTuple):
    """A tree so far."""

    open: tuple[int, ...]  # the opening symbols of constituents that are not closed
    tags: int
    symbols: int
    chain: int  # brackets opened since the last tag


class TreeConstraint:
    """The constraint for one sentence. A tree of `max_symbols` stays possible, so that a search within them ends."""

    def __init__(self, names: Sequence[str], words: int, max_symbols: int) -> None:
        """`names` are all symbols by number. Raises ValueError where `max_symbols` is too few for a tree."""
        if words < 1 or max_symbols < words + 2:
            raise ValueError(
                f"{words} words in at most {max_symbols} symbols: a tree has at least one word and one bracket"
            )
        self._words, self._max_symbols = words, max_symbols
        numbers = [number for number in range(len(SPECIAL), len(names)) if names[number]]
        opening = [number for number in numbers if opens(names[number])]
        self._tags = [number for number in numbers if not opens(names[number]) and not closes(names[number])]
        by_name = {names[number]: number for number in numbers}
        # A bracket that training never closed cannot be opened.
        self._closing = {n: by_name[f"){names[n][1:]}"] for n in opening if f"){names[n][1:]}" in by_name}
        self._opening = list(self._closing)

    def start(self) -> State:
        return State((), 0, 0, 0)

    def allowed(self, state: State) -> list[int]:
        """STOP after a whole tree; else brackets and tags that leave room for the words and brackets to come."""
        words_left = self._words - state.tags
        if state.symbols and not state.open:
            return [STOP]
        found = []
        room = self._max_symbols - state.symbols - words_left - len(state.open)
        if words_left and state.chain < MAX_CHAIN and room >= 2:
            found += self._opening
        if words_left and state.open:
            found += self._tags
        if state.open and not state.chain and (words_left == 0 or len(state.open) > 1):
            found.append(self._closing[state.open[-1]])
        return found

    def step(self, state: State, symbol: int) -> State:
        if symbol in self._closing:
            return State((*state.open, symbol), state.tags, state.symbols + 1, state.chain + 1)
        if state.open and symbol == self._closing[state.open[-1]]:
            return State(state.open[:-1], state.tags, state.symbols + 1, 0)
        return State(state.open, state.tags + 1, state.symbols + 1, 0)
