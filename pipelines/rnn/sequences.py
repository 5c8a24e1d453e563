"""Sequences of numbers, symbols or pixels, read step by step and answered at their end: the data.

Tables are those of the data set long_memory: `<problem>.parquet` and `<problem>.safetensors`, described by `card.json`.

Shapes: B sequences of a batch, N of a split, T steps of the longest, I features of a step, A answers (classes, or one
number).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from safetensors.numpy import load_file
from torch import Tensor, nn

from pipelines.nn.words import in_words
from pipelines.stats.values import parse_number
from pipelines.tables import SPLITS, load_table, read_card

MARK = "*"  # after a marked number of the adding problem, where it is typed


@dataclass(frozen=True)
class Problem:
    """The steps of a problem's sequences, and the answer at their end.

    `adding`: numbers in [0, 1), two of them marked; the answer is the sum of the two. `order`: symbols, the answer is a
    class. `pixels`: brightness from 0 to `highest`, the answer is a class.
    """

    name: str
    kind: str
    classes: tuple[str, ...]  # none where the answer is a number
    length: int
    symbols: tuple[str, ...] = ()
    highest: int = 1
    order: tuple[int, ...] = ()  # in which pixels are read; () as in the image

    @classmethod
    def read(cls, tables: Path, name: str, *, permuted: bool = False) -> Self:
        """The problem `name` of the data set in `tables`. Raises ValueError where it has no such problem."""
        known = read_card(tables)["facts"]["tasks"]
        if name not in known:
            raise ValueError(f"no problem {name!r} in {tables}: choose from {', '.join(known)}")
        facts = known[name]
        if permuted and "permutation" not in facts:
            raise ValueError(f"the steps of {name} have one order only: permuted is for pixels")
        return cls(
            name,
            facts["kind"],
            tuple(facts["classes"]),
            facts["length"],
            tuple(facts.get("symbols", ())),
            facts.get("highest", 1),
            tuple(facts["permutation"]) if permuted else (),
        )

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """A problem from its `vars`, as JSON keeps them."""
        parts: dict[str, Any] = {key: tuple(item) if isinstance(item, list) else item for key, item in value.items()}
        return cls(**parts)

    @property
    def features(self) -> int:
        """I: a number and its mark, a one-hot symbol, or a pixel."""
        return {"adding": 2, "order": len(self.symbols), "pixels": 1}[self.kind]

    @property
    def outputs(self) -> int:
        """A."""
        return len(self.classes) or 1

    def inputs(self, steps: Tensor, marks: Tensor) -> Tensor:
        """Features (B, T, I) of raw steps (B, T); `marks` (B, 2) are the places of the marked numbers."""
        if self.kind == "adding":
            marked = torch.zeros_like(steps).scatter(1, marks, 1.0)
            return torch.stack([steps, marked], dim=-1)
        if self.kind == "order":  # the padding's code is one more than the symbols': all zeros
            return nn.functional.one_hot(steps.long(), len(self.symbols) + 1)[..., :-1].to(torch.get_default_dtype())
        ordered = steps[:, list(self.order)] if self.order else steps
        return ordered.to(torch.get_default_dtype())[..., None] / self.highest

    def typed(self, texts: Sequence[str]) -> "list[Batch]":
        """Typed sequences as batches of one: numbers, those to add followed by *; symbols; or an image's pixels.

        Raises ValueError that names the text and what is wrong with it.
        """
        return [self._typed(words, f"text {index + 1}") for index, words in enumerate(in_words(texts))]

    def _typed(self, words: Sequence[str], where: str) -> "Batch":
        if self.kind == "order":
            if unknown := [word for word in words if word not in self.symbols]:
                raise ValueError(f"{where} has the symbol {unknown[0]!r}: known are {' '.join(self.symbols)}")
            steps = torch.tensor([[self.symbols.index(word) for word in words]])
            return Batch(self.inputs(steps, torch.zeros(1, 0)), torch.tensor([len(words)]), torch.tensor([-1]))
        numbers = [parse_number(word.removesuffix(MARK), f"a step of {where}") for word in words]
        marks = [place for place, word in enumerate(words) if word.endswith(MARK)]
        if self.kind == "adding" and len(marks) != 2:
            raise ValueError(
                f"{where} marks {len(marks)} numbers by {MARK}: the adding problem has two, as in 0.5{MARK}"
            )
        if self.kind == "pixels" and (len(numbers) != self.length or marks):
            raise ValueError(f"{where} has {len(numbers)} steps: expected {self.length} pixels")
        if self.kind == "pixels" and not all(0 <= number <= self.highest for number in numbers):
            raise ValueError(f"{where} has a pixel outside of 0 to {self.highest}")
        steps = torch.tensor([numbers], dtype=torch.get_default_dtype())
        inputs = self.inputs(steps, torch.tensor([marks], dtype=torch.long))
        return Batch(inputs, torch.tensor([len(words)]), torch.tensor([-1]))


@dataclass(frozen=True)
class Batch:
    """inputs (B, T, I), lengths (B,), targets (B,): the number of a class or a sum, -1 where it is not known."""

    inputs: Tensor
    lengths: Tensor
    targets: Tensor

    def to(self, device: torch.device) -> "Batch":
        return Batch(*(tensor.to(device) for tensor in vars(self).values()))


@dataclass(frozen=True)
class Sequences:
    """The sequences of a split as they are stored: steps (N, T), marks (N, 2), lengths (N,), targets (N,)."""

    problem: Problem
    steps: Tensor
    marks: Tensor
    lengths: Tensor
    targets: Tensor

    def __len__(self) -> int:
        return len(self.lengths)

    def batches(self, rows: np.ndarray, batch_size: int) -> list[Batch]:
        """The sequences of `rows` in that order, `batch_size` at a time."""
        parts = (torch.from_numpy(rows[start : start + batch_size]) for start in range(0, len(rows), batch_size))
        return [
            Batch(self.problem.inputs(self.steps[part], self.marks[part]), self.lengths[part], self.targets[part])
            for part in parts
        ]

    def whole(self, batch_size: int = 500) -> list[Batch]:
        return self.batches(np.arange(len(self)), batch_size)

    def first(self, rows: int) -> "Sequences":
        """The first `rows` sequences; all of them for 0."""
        parts = (part[: rows or None] for part in (self.steps, self.marks, self.lengths, self.targets))
        return Sequences(self.problem, *parts)

    def redrawn(self, rng: np.random.Generator) -> "Sequences":
        """The adding problem with new random numbers; the marks stay."""
        assert self.problem.kind == "adding"
        steps = torch.from_numpy(rng.random(tuple(self.steps.shape), dtype=np.float32)).to(self.steps.dtype)
        return Sequences(self.problem, steps, self.marks, self.lengths, steps.gather(1, self.marks).sum(dim=1))

    def thinned(self, count: int, rng: np.random.Generator) -> "Sequences":
        """The adding problem with at most `count` steps of each sequence: the marked ones, and random others.

        The sums stay; only the distance between the marked numbers gets shorter.
        """
        assert self.problem.kind == "adding"
        order = rng.random(tuple(self.steps.shape))
        order[np.arange(self.steps.shape[1]) >= self.lengths.numpy()[:, None]] = 2.0  # the padding goes last
        np.put_along_axis(order, self.marks.numpy(), -1.0, axis=1)  # and the marked ones first
        kept = torch.from_numpy(np.sort(np.argsort(order, axis=1)[:, :count], axis=1))
        places = torch.searchsorted(kept, self.marks.contiguous())
        return Sequences(self.problem, self.steps.gather(1, kept), places, self.lengths.clamp(max=count), self.targets)


def load_sequences(tables: Path, problem: Problem) -> dict[str, Sequences]:
    """The splits of a problem's table."""
    table = load_table(tables, problem.name)
    arrays = load_file(tables / f"{problem.name}.safetensors")
    stored = arrays["values" if problem.kind == "adding" else "codes"]
    splits = {}
    for split in SPLITS:
        rows = table[table["split"] == split]
        kept = rows["id"].to_numpy()  # row i of the table has row i of the arrays
        targets = torch.tensor(rows["target"].to_numpy())
        splits[split] = Sequences(
            problem,
            torch.from_numpy(stored[kept]),
            torch.tensor(rows[["first", "second"]].to_numpy()),
            torch.tensor(rows["length"].to_numpy()),
            targets.long() if problem.classes else targets.to(torch.get_default_dtype()),
        )
    return splits
