"""Sequences of numbers, symbols or pixels, read step by step and answered at their end: the data and the network.

Tables are those of the data set long-memory: `<problem>.parquet` and `<problem>.safetensors`, explained by `card.json`.

Shapes: B sequences, T steps of the longest, I features of a step, A answers (classes, or one number).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from safetensors.numpy import load_file
from torch import Tensor, nn

from pipelines.nn.recurrent import Recurrent
from pipelines.nn.words import in_words
from pipelines.stats.values import parse_number
from pipelines.tables import SPLITS, load_table, read_card

MARK = "*"  # follows a number that counts, where the adding problem is typed


@dataclass(frozen=True)
class Problem:
    """What the steps of a problem's sequences are and what is asked at their end.

    `adding`: numbers in [0, 1), two of them marked; asked for is the sum of the two. `order`: symbols, asked for is the
    class. `pixels`: brightness from 0 to `highest`, asked for is the class.
    """

    name: str
    kind: str
    classes: tuple[str, ...]  # none where a number is asked for
    length: int
    symbols: tuple[str, ...] = ()
    highest: int = 1
    order: tuple[int, ...] = ()  # in which pixels are read; () as they stand

    @classmethod
    def read(cls, tables: Path, name: str, *, permuted: bool = False) -> Self:
        """The problem `name` of the prepared data set in `tables`. Raises ValueError where it has no such problem."""
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
        """What `vars` of a problem was before it went through JSON."""
        parts: dict[str, Any] = {key: tuple(item) if isinstance(item, list) else item for key, item in value.items()}
        return cls(**parts)

    @property
    def features(self) -> int:
        """I: a number and its mark, a symbol as one of all, a pixel."""
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
        if self.kind == "order":  # the padding's code is beyond the symbols: zeros
            return nn.functional.one_hot(steps.long(), len(self.symbols) + 1)[..., :-1].to(torch.get_default_dtype())
        ordered = steps[:, list(self.order)] if self.order else steps
        return ordered.to(torch.get_default_dtype())[..., None] / self.highest

    def typed(self, texts: Sequence[str]) -> "list[Batch]":
        """Typed sequences as batches of one: numbers, those to add followed by *; symbols; or an image's pixels.

        Raises ValueError that names the step which is not as it should be.
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
    """inputs (B, T, I), lengths (B,), targets (B,): a class's number or a sum, -1 where nobody knows."""

    inputs: Tensor
    lengths: Tensor
    targets: Tensor

    def to(self, device: torch.device) -> "Batch":
        return Batch(*(tensor.to(device) for tensor in vars(self).values()))


@dataclass(frozen=True)
class Split:
    """The sequences of one split as stored: steps (N, T), marks (N, 2), lengths (N,), targets (N,)."""

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

    def first(self, rows: int) -> "Split":
        """The first `rows` sequences; all of them for 0."""
        parts = (part[: rows or None] for part in (self.steps, self.marks, self.lengths, self.targets))
        return Split(self.problem, *parts)

    def redrawn(self, rng: np.random.Generator) -> "Split":
        """The adding problem with all numbers drawn anew; the marks stay."""
        assert self.problem.kind == "adding"
        steps = torch.from_numpy(rng.random(tuple(self.steps.shape), dtype=np.float32)).to(self.steps.dtype)
        return Split(self.problem, steps, self.marks, self.lengths, steps.gather(1, self.marks).sum(dim=1))

    def thinned(self, count: int, rng: np.random.Generator) -> "Split":
        """The adding problem with `count` steps of each sequence, or all it has: the marked ones, and others by chance.

        Which steps are left changes neither the sums nor what a marked number is, only how far apart they stand.
        """
        assert self.problem.kind == "adding"
        order = rng.random(tuple(self.steps.shape))
        order[np.arange(self.steps.shape[1]) >= self.lengths.numpy()[:, None]] = 2.0  # the padding goes last
        np.put_along_axis(order, self.marks.numpy(), -1.0, axis=1)  # and what is marked first
        kept = torch.from_numpy(np.sort(np.argsort(order, axis=1)[:, :count], axis=1))
        places = torch.searchsorted(kept, self.marks.contiguous())
        return Split(self.problem, self.steps.gather(1, kept), places, self.lengths.clamp(max=count), self.targets)


def load_splits(tables: Path, problem: Problem) -> dict[str, Split]:
    """The splits of a problem's table."""
    table = load_table(tables, problem.name)
    arrays = load_file(tables / f"{problem.name}.safetensors")
    stored = arrays["values" if problem.kind == "adding" else "codes"]
    splits = {}
    for split in SPLITS:
        rows = table[table["split"] == split]
        kept = rows["id"].to_numpy()  # row i of the table has row i of the arrays
        targets = torch.tensor(rows["target"].to_numpy())
        splits[split] = Split(
            problem,
            torch.from_numpy(stored[kept]),
            torch.tensor(rows[["first", "second"]].to_numpy()),
            torch.tensor(rows["length"].to_numpy()),
            targets.long() if problem.classes else targets.to(torch.get_default_dtype()),
        )
    return splits


@dataclass(frozen=True)
class ReaderParams:
    """The network that reads: any cell, or `none`, which says the same whatever it reads (the baseline)."""

    cell: str
    hidden_size: int
    num_layers: int = 1
    options: Mapping[str, Any] = field(default_factory=dict)  # the cell's own


class SequenceReader(nn.Module):
    """Recurrent layers over all steps, and an answer from the last state (many to one)."""

    def __init__(self, params: ReaderParams, problem: Problem) -> None:
        super().__init__()
        self.recurrent: Recurrent | None = None
        self.bias = nn.Parameter(torch.zeros(problem.outputs))
        if params.cell != "none":
            self.recurrent = Recurrent(
                params.cell, problem.features, params.hidden_size, num_layers=params.num_layers, **params.options
            )
            self.output = nn.Linear(params.hidden_size, problem.outputs, bias=False)

    def forward(self, batch: Batch) -> Tensor:
        """Logits over classes, or a number (B, A)."""
        if self.recurrent is None:
            return self.bias.expand(len(batch.lengths), -1)
        outputs = self.recurrent(batch.inputs, batch.lengths)
        return self.answer(self.recurrent.last_output(outputs, batch.lengths))

    def answer(self, last: Tensor) -> Tensor:
        """From the last state (B, H) alone."""
        answer: Tensor = self.output(last) + self.bias
        return answer


def sequence_loss(outputs: Tensor, batch: Batch, label_smoothing: float = 0.0) -> Tensor:
    """The mean squared error of numbers, or the mean cross entropy of classes."""
    if batch.targets.is_floating_point():
        return nn.functional.mse_loss(outputs[:, 0], batch.targets)
    return nn.functional.cross_entropy(outputs, batch.targets, label_smoothing=label_smoothing)


def sequence_error(outputs: Tensor, targets: Tensor) -> float:
    """The mean squared error of numbers, or the share of wrong classes (from 0 to 1)."""
    if targets.is_floating_point():
        return nn.functional.mse_loss(outputs[:, 0], targets).item()
    return (outputs.argmax(dim=1) != targets).double().mean().item()


def answers(model: nn.Module, batches: Sequence[Batch]) -> Tensor:
    """The outputs of a model for batches, one below the other (N, A)."""
    device = next(model.parameters()).device
    with torch.inference_mode():
        return torch.cat([model(batch.to(device)).cpu() for batch in batches])
