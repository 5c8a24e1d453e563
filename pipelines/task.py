"""What a task is: the contract that every folder `pipelines/<family>/<task>/` fills in with its `TASK`.

`__init__.py`  TASK: the figures by which its runs are compared, and what its report shows
`train.py`     settings(run) checks what params.yaml says of a run; train(run, tables, out, log) trains one run
`predict.py`   Predictor answers from saved weights; a task whose result is a report has none, and leaves no weights

`find(family, name)` imports a task by the names of its folders: adding a folder adds a task.
"""

import importlib
import importlib.util
import re
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, cast

from inputs.texts import lines_of
from pipelines.settings import Run

Row = dict[str, float]  # figures of an epoch or of a run, by name


class Log(Protocol):
    """Where a training run reports its progress: one row of figures an epoch."""

    def epoch(self, row: Row) -> None: ...


class NullLog:
    """A log that drops what it gets."""

    def epoch(self, row: Row) -> None:
        pass


# -- by what runs are compared


@dataclass(frozen=True)
class Figure:
    """A figure of a run, as `metrics.json` names it and as people read it."""

    name: str
    title: str
    decimals: int = 2
    lower_is_better: bool = False

    def text(self, value: float) -> str:
        return f"{value:,.{self.decimals}f}"


@dataclass(frozen=True)
class Overlay:
    """A table that every run leaves, drawn for all variants in one picture: y over x, between `low` and `high`."""

    file: str
    x: str
    y: str
    title: str
    logarithmic: bool = False  # x


@dataclass(frozen=True)
class Comparison:
    """By what a task's runs are compared.

    The epoch, the variant and the champion are chosen by `chosen_by`, a figure on val; `headline` is the figure on
    test that a result is quoted by.
    """

    chosen_by: Figure
    headline: Figure
    others: tuple[Figure, ...] = ()
    curves: Mapping[str, str] = field(default_factory=dict)  # columns of history.csv -> titles
    pictures: Mapping[str, str] = field(default_factory=dict)  # of the best run, <name>.png -> titles
    overlays: Mapping[str, Overlay] = field(default_factory=dict)  # by the picture's name
    documents: Mapping[str, str] = field(default_factory=dict)  # other files of the best run, by name -> titles

    @property
    def figures(self) -> tuple[Figure, ...]:
        return (self.chosen_by, self.headline, *self.others)

    def brief(self, figures: Mapping[Any, float]) -> str:
        """The two figures that matter most, as far as they are known."""
        shown = (figure for figure in self.figures[:2] if figure.name in figures)
        return ", ".join(f"{figure.title} {figure.text(figures[figure.name])}" for figure in shown)


# -- how a task is trained and asked


class Trainer(Protocol):
    """The module `train` of a task. It knows neither MLflow nor Prefect."""

    def settings(self, run: Run) -> tuple[Any, Any]:
        """The run's model and training settings as dataclasses. Raises ValueError that names what is wrong."""

    def train(self, run: Run, tables: Path, out: Path, log: Log) -> Row:
        """Trains on `tables`, fills the folder `out`, and returns the run's figures."""


Answer = dict[str, Any]  # JSON


class Predictor(ABC):
    """A trained model, loaded from a run's `model.safetensors`: raw texts in, one answer for each out."""

    @abstractmethod
    def __init__(self, weights: Path) -> None: ...

    @abstractmethod
    def __call__(self, texts: list[str]) -> list[Answer]:
        """An answer for each text. Raises ValueError that names the text which cannot be answered (see `answered`)."""

    @staticmethod
    @abstractmethod
    def shown(answer: Answer) -> str:
        """An answer as lines for a terminal."""

    @staticmethod
    def inputs(arguments: list[str]) -> Iterable[str]:
        """The texts that a command line asks: its arguments; without any, the lines of standard input.

        A list is asked at once; the texts of an iterator are asked one by one, so that not all must be in memory.
        """
        return arguments or standard_input()


_ALONE = re.compile("\\b(text|case) 1 of 1\\b")


def answered(predictor: Callable[[list[str]], list[Answer]], texts: list[str]) -> list[Answer]:
    """An answer for each text; of one that cannot be answered only its `error`, so that it costs no other its answer.

    Texts are asked together, and in halves where that is refused.
    """
    try:
        return predictor(texts)
    except ValueError as error:
        if len(texts) == 1:
            return [{"error": _ALONE.sub(r"the \1", str(error))}]
    middle = len(texts) // 2
    return [*answered(predictor, texts[:middle]), *answered(predictor, texts[middle:])]


def standard_input() -> list[str]:
    """The lines of standard input; how they were decoded is reported where they are not UTF-8."""
    lines, encoding = lines_of(sys.stdin.buffer.read(), "standard input")
    if encoding != "UTF-8":
        print(f"read as: {encoding}", file=sys.stderr)
    return [line.strip() for line in lines]


def _alone(text: str) -> list[str]:
    return [text]


def no_files(_run: Run) -> list[Path]:
    """A run that reads nothing but its data."""
    return []


@dataclass(frozen=True)
class Task:
    """One task of a family."""

    package: str  # `__name__` of the task's folder
    comparison: Comparison
    reads: Callable[[Run], list[Path]] = no_files  # files besides its data that decide a run's result
    is_shared: bool = False  # several processes can train one run together (nn/distributed.py)

    @property
    def trainer(self) -> Trainer:
        return cast(Trainer, importlib.import_module(f"{self.package}.train"))

    @property
    def predictor(self) -> type[Predictor]:
        return cast(type[Predictor], importlib.import_module(f"{self.package}.predict").Predictor)

    @property
    def has_predictor(self) -> bool:
        """Whether its result is a model that answers, and not a report."""
        return importlib.util.find_spec(f"{self.package}.predict") is not None

    def resolve(self, run: Run) -> Run:
        """The run with all its settings, those too that params.yaml leaves to the defaults of the task's dataclasses.

        Raises ValueError that names what is wrong.
        """
        model, training = self.trainer.settings(run)
        return replace(run, model=asdict(model), training=asdict(training))

    def questions(self, arguments: list[str]) -> Iterable[list[str]]:
        """The texts that a command line asks, in batches; after a ValueError the next batch can be asked for."""
        texts = self.predictor.inputs(arguments)
        return [texts] if isinstance(texts, list) else map(_alone, texts)


def find(family: str, name: str) -> Task:
    """The task in the folder `pipelines/<family>/<name>/`."""
    return cast(Task, importlib.import_module(f"pipelines.{family}.{name}").TASK)
