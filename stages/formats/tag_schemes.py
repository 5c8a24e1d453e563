"""Tag schemes: IOB1, IOB2, IOBES (BILOU), tags without a prefix -> IOB2, in which every slot begins with a B-."""

from collections.abc import Sequence

OUTSIDE = "O"
BEGINS, CONTINUES = ("S", "U"), ("E", "L")  # prefixes of IOBES and BILOU that IOB2 writes as B and I
PREFIXES = ("B", "I", *BEGINS, *CONTINUES)
SPARSE = 0.5  # share of O above which tags without a prefix are slots of several words, else each word has its own tag


def converted(sequences: Sequence[Sequence[str]]) -> tuple[list[list[str]], list[str]]:
    """The tags in IOB2, and what was done, for people."""
    every = [tag for tags in sequences for tag in tags]
    if not all(tag == OUTSIDE or (tag[1:2] == "-" and tag[:1] in PREFIXES) for tag in every):
        return _without_prefix(sequences, every)
    prefixes = {tag[0] for tag in every if tag != OUTSIDE}
    plain = [[_two(tag) for tag in tags] for tags in sequences]
    begun = [_begun(tags) for tags in plain]
    mended = sum(
        one != other for old, new in zip(plain, begun, strict=True) for one, other in zip(old, new, strict=True)
    )
    if prefixes & {*BEGINS, *CONTINUES}:
        name = "IOBES" if prefixes & {"S", "E"} else "BILOU"
        return begun, [f"tags: {name}, converted to IOB2", *_mended(mended)]
    if mended and _is_first(plain):
        return begun, [f"tags: IOB1, converted to IOB2 ({mended:,} slots begin with B- now)"]
    return begun, ["tags: IOB2", *_mended(mended)]


def _mended(count: int) -> list[str]:
    return [f"tags: {count:,} slots began with I-: mended to B-"] if count else []


def _two(tag: str) -> str:
    if tag[0] in BEGINS and tag != OUTSIDE:
        return f"B{tag[1:]}"
    return f"I{tag[1:]}" if tag[0] in CONTINUES else tag


def _begun(tags: Sequence[str]) -> list[str]:
    """Every slot begins with a B-."""
    found, previous = [], OUTSIDE
    for tag in tags:
        begins = tag.startswith("I-") and (previous == OUTSIDE or previous[2:] != tag[2:])
        found.append(f"B{tag[1:]}" if begins else tag)
        previous = tag
    return found


def _is_first(sequences: Sequence[Sequence[str]]) -> bool:
    """Whether B- is only where a slot follows one of its own kind, as IOB1 has it."""
    for tags in sequences:
        for previous, tag in zip([OUTSIDE, *tags], tags, strict=False):
            if tag.startswith("B-") and previous[2:] != tag[2:]:
                return False
    return True


def _without_prefix(sequences: Sequence[Sequence[str]], every: Sequence[str]) -> tuple[list[list[str]], list[str]]:
    if every.count(OUTSIDE) >= SPARSE * len(every):
        found = []
        for tags in sequences:
            pairs = zip([OUTSIDE, *tags], tags, strict=False)
            found.append(
                [tag if tag == OUTSIDE else f"{'I' if tag == previous else 'B'}-{tag}" for previous, tag in pairs]
            )
        return found, ["tags: no prefix; words side by side with the same tag are one slot"]
    return [[tag if tag == OUTSIDE else f"B-{tag}" for tag in tags] for tags in sequences], [
        "tags: no prefix and few O; each word is a slot of its own"
    ]
