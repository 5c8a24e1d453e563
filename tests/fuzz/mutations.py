"""Small inputs, changed at random: bytes, pieces, numbers, lines. Equal seeds give equal cases."""

import random
import re
from collections.abc import Callable, Sequence

BOUNDARIES = (b"\x00", b"\xff", b"\x7f", b"\x80", b"\0\0", b"\xff\xff", b"\x00\x80", b"\xff\xff\xff\x7f", b"\xff" * 4)
NUMBERS = (b"0", b"-1", b"1e999", b"nan", b"2147483648", b"18446744073709551616", b"1e-9", b"9" * 400, b"1" * 5000)
REPEATS = (2, 10, 300, 4000)
NEAR = 200  # bytes: half of the changes are within the first ones, where headers are
LONGEST = 1 << 16  # bytes that a case may be longer than its valid inputs


def mutated(rng: random.Random, content: bytes, others: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    """`content` with one to five changes; pieces come from `others`, and from the `words` of the format."""
    for _ in range(rng.randint(1, 5)):
        kind = rng.randrange(len(_CHANGES) + 2)
        if kind < len(_CHANGES):
            content = _CHANGES[kind](rng, content)
        elif kind == len(_CHANGES):
            place = _place(rng, content)
            content = content[:place] + rng.choice(words or BOUNDARIES) + content[place + rng.choice((0, 0, 1, 4)) :]
        else:
            other = rng.choice(others)
            content = content[: _place(rng, content)] + other[_place(rng, other) :]
    return content[: LONGEST + max(map(len, others))]


def _place(rng: random.Random, content: bytes) -> int:
    return rng.randint(0, len(content) if rng.random() < 0.5 else min(len(content), NEAR))


def _flip(rng: random.Random, content: bytes) -> bytes:
    place = _place(rng, content)
    flipped = bytes(byte ^ (1 << rng.randrange(8)) for byte in content[place : place + 1])
    return content[:place] + flipped + content[place + 1 :]


def _set(rng: random.Random, content: bytes) -> bytes:
    place, value = _place(rng, content), rng.choice(BOUNDARIES)
    return content[:place] + value + content[place + len(value) :]


def _insert(rng: random.Random, content: bytes) -> bytes:
    place = _place(rng, content)
    return content[:place] + rng.randbytes(rng.randint(1, 8)) + content[place:]


def _delete(rng: random.Random, content: bytes) -> bytes:
    place = _place(rng, content)
    return content[:place] + content[place + rng.randint(1, 20) :]


def _truncate(rng: random.Random, content: bytes) -> bytes:
    return content[: rng.randint(0, len(content))]


def _repeat(rng: random.Random, content: bytes) -> bytes:
    """A piece many times, as where brackets are nested by the thousand."""
    place, length = _place(rng, content), rng.choice((1, 1, 2, 5, 50))
    return content[:place] + content[place : place + length] * rng.choice(REPEATS) + content[place + length :]


def _number(rng: random.Random, content: bytes) -> bytes:
    """Another number in the place of one."""
    found = list(re.finditer(rb"\d+", content))
    if not found:
        return content
    one = rng.choice(found)
    return content[: one.start()] + rng.choice(NUMBERS) + content[one.end() :]


def _lines(rng: random.Random, content: bytes) -> bytes:
    """Two lines, each in the place of the other."""
    lines = content.split(b"\n")
    first, second = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[first], lines[second] = lines[second], lines[first]
    return b"\n".join(lines)


_CHANGES: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    *(_flip, _set, _insert, _delete, _truncate),
    *(_repeat, _number, _lines),
)
