"""The rules of `long_memory`: targets follow from their sequences, draws are even, images are images."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from math import sqrt

import numpy as np
import pandas as pd

from stages.dataset import RuleContext, Suite
from stages.datasets.long_memory.origin.draws import LongMemoryOptions, tasks
from stages.datasets.long_memory.origin.tasks import (
    DISTRACTORS,
    END,
    MNIST_IMAGES,
    ORDERS,
    PADDING,
    RELEVANT,
    SPLITS,
    START,
    SYMBOLS,
    Range,
    Task,
    means,
    permutation,
)
from stages.rules.vocabulary import among, between, no_error, row_count

ERRORS = 5.0  # standard errors that an estimate may lie from the truth: one sample in a million lies farther
ALIKE = 0.4  # least correlation of neighbouring pixels: 0.54 in digits, 0.81 in MNIST, about 0 in any other order

Checks = dict[str, tuple[np.ndarray, str]]  # column -> which rows are wrong, and the rule that they break
Measured = tuple[str, str, float, float, float]  # split, what was measured, its value, lowest and highest that may be


@dataclass(frozen=True)
class _Sequences:
    """A task's table with the sequence of each row."""

    task: Task
    table: pd.DataFrame
    steps: np.ndarray  # (rows, width): values or codes

    @property
    def places(self) -> np.ndarray:
        return np.arange(self.task.width)

    def at(self, column: str) -> np.ndarray:
        """The step that a column names; the nearest one where there is none, which a rule about the column reports."""
        places = self.table[column].to_numpy().clip(0, self.task.width - 1)
        return np.asarray(self.steps[np.arange(len(places)), places])

    def splits(self) -> Iterator[tuple[str, "_Sequences"]]:
        """Each split that has rows; a rule about the classes reports those without."""
        for split in SPLITS:
            if (chosen := (self.table["split"] == split).to_numpy()).any():
                yield split, _Sequences(self.task, self.table[chosen], self.steps[chosen])


def rules(context: RuleContext[LongMemoryOptions]) -> list[Suite]:
    """A suite per table, and suites about what only all rows together show."""
    asked = {"mnist": MNIST_IMAGES} if context.source == "public" else tasks(context.options)
    every = {name: _sequences(context, name, task) for name, task in asked.items() if name in context.tables}
    basis = "as published" if context.source == "public" else "as params.yaml asks"
    return [
        *(_table_suite(name, found, basis) for name, found in every.items()),
        _arrays_suite(context, every),
        _classes_suite(context, asked, basis),
        _sequences_suite(every),
        _permutations_suite(context, asked),
    ]


def _sequences(context: RuleContext[LongMemoryOptions], name: str, task: Task) -> _Sequences:
    """The arrays' rows in the order of the table; what they lack, which a rule about them reports, is 0."""
    table, array = context.tables[name], context.arrays[name]["values" if task.kind == "adding" else "codes"]
    ids, width = table["id"].to_numpy(), min(task.width, array.shape[1])
    there = (ids >= 0) & (ids < len(array))
    steps = np.zeros((len(table), task.width), array.dtype)
    steps[there, :width] = array[ids[there], :width]
    return _Sequences(task, table, steps)


# -- a table


def _table_suite(name: str, found: _Sequences, basis: str) -> Suite:
    """The table with a column for each rule that needs computing; '' means no error."""
    task, rows = found.task, found.table.copy()
    kind = {"adding": _adding_checks, "order": _order_checks, "pixels": _pixels_checks}[task.kind]
    checks = _checks(found) | kind(found)
    for column, (wrong, _) in checks.items():
        rows[column] = np.where(wrong, "wrong", "")
    count = sum(task.rows.values())
    limits = {"length": task.lengths, "first": task.first, "second": task.second}
    return Suite(
        name,
        rows,
        [
            row_count(count, f"there are {count} sequences, {basis}"),
            among("split", sorted(SPLITS), "every split is a known one"),
            among("label", sorted({label for _, label in task.rows}), "every label is a known one"),
            *(
                between(column, low, high, f"{column} is from {low} to {high}")
                for column, (low, high) in limits.items()
            ),
            *(no_error(column, description) for column, (_, description) in checks.items()),
        ],
    )


def _checks(found: _Sequences) -> Checks:
    table = found.table
    own = means(found.steps, table["length"].to_numpy())
    order = table["split"].map({split: number for number, split in enumerate(SPLITS)})
    repeated = pd.Series([row.tobytes() for row in found.steps]).duplicated(keep=False)
    return {
        "id_error": (
            table["id"].to_numpy() != np.arange(len(table)),
            "the id is the number of the row, as it is in the arrays",
        ),
        "order_error": ((order.diff() < 0).to_numpy(), "train comes first, then val, then test"),
        "mean_error": (~(abs(table["mean"] - own) <= 1e-9), "the mean is that of the row's own sequence"),
        "repeated_error": (repeated.to_numpy(), "no sequence is repeated, within a split or across splits"),
    }


def _adding_checks(found: _Sequences) -> Checks:
    marked = found.at("first").astype(np.float64) + found.at("second")
    inside = (found.steps >= 0) & (found.steps <= 1)
    return {
        "value_error": (~inside.all(axis=1), "every number is from 0 to 1"),
        "target_error": (~(abs(found.table["target"] - marked) <= 1e-6), "the target is the sum of the marked numbers"),
    }


def _order_checks(found: _Sequences) -> Checks:
    table, codes, places = found.table, found.steps, found.places
    last = table[["length"]].to_numpy() - 1
    relevant = (places == table[["first"]].to_numpy()) | (places == table[["second"]].to_numpy())
    other = (places > 0) & (places < last) & ~relevant

    def only(allowed: Iterable[int], where: np.ndarray) -> np.ndarray:
        """Rows that have one of the symbols elsewhere, or lack it there."""
        return np.asarray((np.isin(codes, list(allowed)) != where).any(axis=1))

    shown = 2 * (found.at("first") == RELEVANT[1]) + (found.at("second") == RELEVANT[1])
    return {
        "start_error": (only([START], np.broadcast_to(places == 0, codes.shape)), "E is at the start alone"),
        "end_error": (only([END], places == last), "B is at the end alone"),
        "relevant_error": (only(RELEVANT, relevant), "X or Y is at the two relevant positions alone"),
        "distractor_error": (only(DISTRACTORS, other), "every other symbol is a, b, c or d"),
        "padding_error": (only([PADDING], places > last), "what follows the end is padding"),
        "target_error": (table["target"] != shown, "the target is the number of the class that the sequence shows"),
        "label_error": (table["label"] != np.array(ORDERS)[shown], "the label is the class that the sequence shows"),
    }


def _pixels_checks(found: _Sequences) -> Checks:
    table, highest, brightest = found.table, found.task.highest, found.steps.max(axis=1)
    number = pd.to_numeric(table["label"], errors="coerce")
    checks: Checks = {
        "target_error": (table["target"].to_numpy() != number.to_numpy(), "the target is the number of the label"),
        "dark_error": (brightest < highest / 2, "no image is blank, or dark because its scale is another"),
    }
    if highest < np.iinfo(found.steps.dtype).max:
        checks["bright_error"] = (brightest > highest, f"no pixel is above {highest}")
    return checks


# -- what all rows together show


def _arrays_suite(context: RuleContext[LongMemoryOptions], every: Mapping[str, _Sequences]) -> Suite:
    """A row per array."""
    rows = []
    for name, found in every.items():
        for key, array in context.arrays[name].items():
            width = found.task.width if (key == "values") == (found.task.kind == "adding") else 0
            expected = (len(found.table), width)
            error = "" if array.shape == expected else f"expected {expected}"
            rows.append((name, key, str(array.shape), error))
    frame = pd.DataFrame(rows, columns=["task", "array", "shape", "shape_error"])
    description = "an array has a row for each of the table and a column for each step"
    return Suite("arrays", _numbered(frame), [no_error("shape_error", description)])


def _classes_suite(context: RuleContext[LongMemoryOptions], asked: Mapping[str, Task], basis: str) -> Suite:
    """A row per task, split and class."""
    rows = []
    for name, task in asked.items():
        table = context.tables.get(name, pd.DataFrame(columns=["split", "label"]))
        counts = table.groupby(["split", "label"]).size()
        for key, count in task.rows.items():
            got = int(counts.get(key, 0))
            rows.append((name, *key, got, "" if got == count else f"expected {count}"))
    frame = pd.DataFrame(rows, columns=["task", "split", "label", "sequences", "count_error"])
    description = f"every class has its number of sequences in each split, {basis}"
    return Suite("classes", _numbered(frame), [no_error("count_error", description)])


def _sequences_suite(every: Mapping[str, _Sequences]) -> Suite:
    """A row per task, split and measured quantity."""
    measures = {"adding": _measure_adding, "order": _measure_order, "pixels": _measure_pixels}
    rows = [(name, *measured) for name, found in every.items() for measured in measures[found.task.kind](found)]
    frame = pd.DataFrame(rows, columns=["task", "split", "measured", "value", "lowest", "highest"])
    inside = frame["value"].between(frame["lowest"], frame["highest"])
    frame["limits_error"] = inside.map({True: "", False: "outside"})
    description = f"draws are as even as chance allows ({ERRORS:g} standard errors), images look like their kind"
    return Suite("sequences", _numbered(frame), [no_error("limits_error", description)])


def _measure_adding(found: _Sequences) -> Iterator[Measured]:
    for split, part in found.splits():
        values, size = part.steps.astype(np.float64), part.steps.size
        yield _near(split, "mean of the numbers", values.mean(), 1 / 2, sqrt(1 / 12 / size))
        yield _near(split, "variance of the numbers", ((values - 1 / 2) ** 2).mean(), 1 / 12, sqrt(1 / 180 / size))
        missed = ((part.table["target"] - 1) ** 2).mean()
        yield _near(split, "mean squared error of the answer 1", missed, 1 / 6, sqrt(7 / 180 / len(part.table)))
        yield _even(split, part.table["first"], part.task.first)
        yield _even(split, part.table["second"], part.task.second)


def _measure_order(found: _Sequences) -> Iterator[Measured]:
    for split, part in found.splits():
        drawn = part.steps[np.isin(part.steps, DISTRACTORS)]
        for code in DISTRACTORS:
            share, size = float((drawn == code).sum()) / max(len(drawn), 1), len(drawn)
            yield _near(
                split, f"share of {SYMBOLS[code]} among a, b, c and d", share, 1 / 4, sqrt(3 / 16 / max(size, 1))
            )
        yield _even(split, part.table["length"], part.task.lengths)
        yield _even(split, part.table["first"], part.task.first)
        yield _even(split, part.table["second"], part.task.second)


def _measure_pixels(found: _Sequences) -> Iterator[Measured]:
    task, parts = found.task, dict(found.splits())
    for split, inks in task.ink.items():
        pixels = found.steps if split == "all" else parts[split].steps if split in parts else np.zeros((0, 2))
        halves = np.split(pixels.astype(np.int64), 2, axis=1)
        for half, side, ink in zip(("upper", "lower"), halves, inks, strict=True):
            yield split, f"sum of the pixels in the {half} halves", float(side.sum()), ink, ink
    for label, ink in zip(task.classes, task.ink_of_classes, strict=True):
        pixels = found.steps[(found.table["label"] == label).to_numpy()]
        yield "all", f"sum of the pixels of {label}", float(pixels.sum(dtype=np.int64)), ink, ink
    for split, part in parts.items():
        yield split, "brightest pixel", float(part.steps.max()), task.highest, task.highest
        yield split, "correlation of neighbouring pixels", _likeness(part.steps), ALIKE, 1.0
        if split != "train" and "train" in parts:
            yield (
                split,
                "share nearest to the mean image of their class",
                _right(parts["train"], part),
                task.recognised,
                1,
            )


def _near(split: str, measured: str, value: float, truth: float, error: float) -> Measured:
    return split, measured, value, truth - ERRORS * error, truth + ERRORS * error


def _even(split: str, places: "pd.Series[int]", limits: Range) -> Measured:
    """The mean of places that are all equally likely."""
    count = limits[1] - limits[0] + 1
    error = sqrt((count**2 - 1) / 12 / len(places))
    return _near(split, f"mean of {places.name}", places.mean(), sum(limits) / 2, error)


def _likeness(codes: np.ndarray) -> float:
    """The correlation of pixels with the next ones, the mean of both directions, in the first images."""
    side = round(sqrt(codes.shape[1]))
    images = codes[:1000].reshape(-1, side, side).astype(np.float64)
    with np.errstate(invalid="ignore"):  # of blank images it is no number, which is outside every limit
        across = np.corrcoef(images[:, :, 1:].ravel(), images[:, :, :-1].ravel())[0, 1]
        down = np.corrcoef(images[:, 1:].ravel(), images[:, :-1].ravel())[0, 1]
    return float(across + down) / 2


def _right(train: _Sequences, part: _Sequences) -> float:
    """How often the nearest of the classes' mean images in train is that of the own class: pixels and labels match."""
    labels = train.table["label"].to_numpy()
    classes = sorted(set(labels))
    centres = np.stack([train.steps[labels == label].mean(axis=0) for label in classes])
    nearest = (part.steps @ centres.T - (centres**2).sum(axis=1) / 2).argmax(axis=1)
    return float(np.mean(np.array(classes)[nearest] == part.table["label"].to_numpy()))


def _permutations_suite(context: RuleContext[LongMemoryOptions], asked: Mapping[str, Task]) -> Suite:
    """A row per place in the order in which `permuted` reads an image."""
    rows = []
    for name, task in asked.items():
        if task.kind == "pixels":
            pairs = zip_longest(context.facts["tasks"][name]["permutation"], permutation(task.length), fillvalue=-1)
            rows += [(name, place, pixel, expected) for place, (pixel, expected) in enumerate(pairs)]
    frame = pd.DataFrame(rows, columns=["task", "place", "pixel", "expected"])
    repeated = frame.duplicated(["task", "pixel"], keep=False)
    frame["pixel_error"] = (repeated | ~frame["pixel"].isin(frame["expected"])).map({True: "wrong", False: ""})
    frame["order_error"] = (frame["pixel"] != frame["expected"]).map({True: "wrong", False: ""})
    return Suite(
        "permutations",
        _numbered(frame),
        [
            no_error("pixel_error", "the permutation reads every pixel once"),
            no_error("order_error", "the permutation is the one that every run reads, so that runs compare"),
        ],
    )


def _numbered(frame: pd.DataFrame) -> pd.DataFrame:
    frame.insert(0, "id", range(len(frame)))
    return frame
