"""The built-in source of `long_memory`: two problems drawn at any length, and the images that scikit-learn brings.

A file per task, `<task>.safetensors`: `split` (0 train, 1 val, 2 test), `target`, `length`, `first`, `second`, and the
sequences as `values` or `codes`; `tasks.json` lists the tasks and what their numbers mean.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import safetensors.numpy

from stages.datasets.long_memory.origin.tasks import (
    DIGIT_HELD_OUT,
    DIGIT_IMAGES,
    DIGITS,
    DISTRACTORS,
    END,
    ORDERS,
    PADDING,
    RELEVANT,
    SPLITS,
    START,
    Stream,
    Task,
    adding,
    facts,
    order,
)

Arrays = Mapping[str, np.ndarray]

SHORTEST = 20  # steps: below, the ranges of the temporal-order problem shrink to nothing
LONGEST = 10_000
FEWEST = 20  # sequences of a split that can show anything


@dataclass(frozen=True)
class LongMemoryOptions:
    """params.yaml's `datasets.long_memory.builtin`."""

    seed: int
    adding: list[int]  # lengths T of the adding problem, a table each
    order: list[int]  # lengths T of the temporal-order problem
    train: int  # sequences of each length ...
    train_steps: int  # ... as far as they have no more steps than this together
    val: int
    test: int

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise ValueError(f"seed must be at least 0, found {self.seed}")
        for name in ("adding", "order"):
            lengths = getattr(self, name)
            if not all(type(length) is int and SHORTEST <= length <= LONGEST for length in lengths):
                raise ValueError(f"{name} must list lengths from {SHORTEST} to {LONGEST}, found {lengths}")
            if len(set(lengths)) < len(lengths):
                raise ValueError(f"{name} must list each length once, found {lengths}")
            for length in lengths:
                for split, rows in self.sizes(length).items():
                    if rows < FEWEST:
                        raise ValueError(
                            f"{split} must have at least {FEWEST} sequences, found {rows} of {length} steps"
                        )

    def sizes(self, length: int) -> dict[str, int]:
        """How many sequences of that length each split gets."""
        return {"train": min(self.train, self.train_steps // length), "val": self.val, "test": self.test}


def tasks(options: LongMemoryOptions) -> dict[str, Task]:
    """The tasks that the options ask for, by table."""
    return {
        **{f"adding-{length}": adding(length, options.sizes(length)) for length in options.adding},
        **{f"order-{length}": order(length, options.sizes(length)) for length in options.order},
        "digits": DIGIT_IMAGES,
    }


def make(options: LongMemoryOptions) -> Iterator[tuple[str, bytes]]:
    """The files. A split depends on the seed and its own size alone: more training sequences leave test as it is."""
    asked = tasks(options)
    for name, task in asked.items():
        if task.kind == "pixels":
            arrays = _digits(options.seed)
        else:
            draw = _adding if task.kind == "adding" else _order
            parts = []
            for split, rows in options.sizes(task.length).items():
                part = draw(task, rows, Stream(options.seed, f"{name}/{split}"))
                parts.append({"split": np.full(rows, SPLITS.index(split), np.uint8), **part})
            arrays = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
        yield f"{name}.safetensors", safetensors.numpy.save(dict(arrays))
    yield "tasks.json", (json.dumps({name: facts(task) for name, task in asked.items()}, indent=1) + "\n").encode()


def _adding(task: Task, rows: int, stream: Stream) -> Arrays:
    values = stream.unit(rows, task.length)
    first, second = _within(task.first, rows, stream), _within(task.second, rows, stream)
    every = np.arange(rows)
    return {
        "target": values[every, first].astype(np.float64) + values[every, second],
        "length": np.full(rows, task.length),
        "first": first,
        "second": second,
        "values": values,
    }


def _order(task: Task, rows: int, stream: Stream) -> Arrays:
    """Classes in equal numbers, in random order; all else as published."""
    target = stream.shuffled(rows) % len(ORDERS)
    length = _within(task.lengths, rows, stream)
    first, second = _within(task.first, rows, stream), _within(task.second, rows, stream)
    codes = DISTRACTORS[0] + stream.below(len(DISTRACTORS), rows, task.width)
    every = np.arange(rows)
    codes[:, 0] = START
    codes[every, first] = RELEVANT[0] + target // 2
    codes[every, second] = RELEVANT[0] + target % 2
    codes[every, length - 1] = END
    codes[np.arange(task.width) >= length[:, np.newaxis]] = PADDING
    return {
        "target": target.astype(np.float64),
        "length": length,
        "first": first,
        "second": second,
        "codes": codes.astype(np.uint8),
    }


def _within(limits: tuple[int, int], rows: int, stream: Stream) -> np.ndarray:
    low, high = limits
    return low + stream.below(high - low + 1, rows)


def _digits(seed: int) -> Arrays:
    """scikit-learn's images in their order there, train before val before test; of each class as many are held out."""
    from sklearn.datasets import load_digits  # 1 s, and only the maker needs it

    images, labels = load_digits(return_X_y=True)
    split = np.zeros(len(labels), np.uint8)
    for label in range(len(DIGITS)):
        places = np.flatnonzero(labels == label)
        places = places[Stream(seed, f"digits/{label}").shuffled(len(places))]
        val, test = DIGIT_HELD_OUT["val"], DIGIT_HELD_OUT["test"]
        split[places[:val]] = SPLITS.index("val")
        split[places[val : val + test]] = SPLITS.index("test")
    rows = np.argsort(split, kind="stable")
    return {
        "split": split[rows],
        "target": labels[rows].astype(np.float64),
        "length": np.full(len(rows), DIGIT_IMAGES.length),
        "first": np.full(len(rows), -1),
        "second": np.full(len(rows), -1),
        "codes": images[rows].astype(np.uint8),
    }
