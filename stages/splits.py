"""Splits of a user's own data: those that its files name, and draws by a digest of the content for the rest.

A drawn row falls where its own digest puts it, whatever else the data hold: a repeat falls beside its like, and rows
that are added later move none. Rows of one group (a speaker, a document) fall together, by its name instead.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SPLITS = ("train", "val", "test")
NAMES = {
    "train": "train", "training": "train", "trn": "train",
    "val": "val", "valid": "val", "validation": "val", "dev": "val", "development": "val", "testa": "val",
    "test": "test", "testing": "test", "testb": "test",
}  # fmt: skip
_WORD = re.compile(r"[a-z]+")


@dataclass(frozen=True)
class SplitParams:
    """Section `own.<name>.splits`: how rows are drawn whose split the data do not name."""

    val: float = 0.1  # shares of all rows
    test: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        if not (0 < self.val < 1 and 0 < self.test < 1 and self.val + self.test < 1):
            raise ValueError(
                f"val and test are shares of the rows, with a rest for train: found {self.val}, {self.test}"
            )

    @property
    def shares(self) -> dict[str, float]:
        return {"train": 1 - self.val - self.test, "val": self.val, "test": self.test}


@dataclass(frozen=True)
class Assigned:
    """The split of each row, and what was done about it, for people."""

    splits: list[str]
    notes: list[str]


def split_of(name: str) -> str:
    """The split that a file, a folder or a cell names (`eng.testa`, `dev.tsv`, `Training`); '' where it names none."""
    found = [NAMES[word] for word in _WORD.findall(name.lower()) if word in NAMES]
    return found[0] if found else ""


def assign(
    given: Sequence[str],
    contents: Sequence[str],
    params: SplitParams,
    *,
    groups: Sequence[str] | None = None,
    classes: Sequence[str] | None = None,
) -> Assigned:
    """The split of each row: the one in `given`, or where that is '' a draw by the digest of its content or group.

    Where some splits are given, only those that lack all rows are drawn, from the rows given as train. A class that the
    draw leaves out of val or test, or all rows where there are no classes, gets the row there that was nearest
    to it, if it has three or more.
    """
    known = set(given) - {""}
    if unknown := known - set(SPLITS):
        raise ValueError(f"{sorted(unknown)[0]!r} is no split: a split is called {', '.join(NAMES)}")
    missing = [split for split in SPLITS if split not in known]
    if not missing and "" not in given:
        return Assigned(list(given), ["splits: as given"])
    if known and "train" not in known and "" not in given:
        raise ValueError(
            f"the data name the splits {', '.join(sorted(known))} and no train: name the training rows too"
        )
    drawn = missing if known else list(SPLITS)
    pool = [split in ("", "train") for split in given]
    keys = contents if groups is None else groups  # rows of one key stay together
    shares: dict[str, float] = {split: params.shares[split] for split in ("test", "val") if split in drawn}
    places = {key: _place(key, params.seed) for key in {key for key, free in zip(keys, pool, strict=True) if free}}
    fallen = {key: _fall(place, shares) for key, place in places.items()}
    of_class: dict[str, set[str]] = {}
    for key, label, free in zip(keys, classes or [""] * len(keys), pool, strict=True):
        if free:
            of_class.setdefault(label, set()).add(key)
    moved = _fill(fallen, places, shares, of_class)
    splits = [fallen[key] if free else split for key, free, split in zip(keys, pool, given, strict=True)]
    return Assigned(splits, _notes(known, drawn, params, groups is not None, moved))


def _place(key: str, seed: int) -> float:
    """A number in [0, 1) that depends on the key and the seed alone."""
    digest = hashlib.sha256(f"{seed}\0{key}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def _fall(place: float, shares: Mapping[str, float]) -> str:
    for split, share in shares.items():
        if place < share:
            return split
        place -= share
    return "train"


def _fill(
    fallen: dict[str, str],
    places: Mapping[str, float],
    shares: Mapping[str, float],
    of_class: Mapping[str, set[str]],
) -> int:
    """Give every drawn split a row of each class that has at least three; returns how many keys that moved."""
    moved = 0
    for label in sorted(of_class):
        members = sorted(of_class[label], key=lambda key: (places[key], key))
        for split in shares:
            in_train = [key for key in members if fallen[key] == "train"]
            if len(members) >= 3 and len(in_train) > 1 and all(fallen[key] != split for key in members):
                fallen[in_train[0]] = split
                moved += 1
    return moved


def _notes(known: set[str], drawn: Sequence[str], params: SplitParams, is_grouped: bool, moved: int) -> list[str]:
    shares = ", ".join(f"{split} {params.shares[split]:.0%}" for split in drawn if split != "train")
    together = "groups stay together" if is_grouped else "repeats stay together"
    given = f", {' and '.join(split for split in SPLITS if split in known)} as given" if known else ""
    line = f"splits: {shares} drawn by digest with seed {params.seed}, {together}{given}"
    return [line, *([f"splits: {moved} moved, so that val and test have some of each class"] if moved else [])]


def counts(splits: Sequence[str]) -> str:
    """How many rows each split has."""
    found = Counter(splits)
    return ", ".join(f"{split} {found[split]:,}" for split in SPLITS)
