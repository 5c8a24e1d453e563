"""The seam to the experiment tracker: what the project asks of one, and which one it uses.

A tracker is a projection of the stage outputs: everything it gets is in a run's folder too (`run.json`, `history.csv`,
`metrics.json`, pictures, weights), so that `publish` can fill an empty store again. Another tracker is a class with
these methods in a module of its own, named in `tracking.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pipelines.task import Answer, Row


class TrackerError(OSError):
    """The store cannot be reached or refused a call; the message says what to do."""


class TrackedRun(Protocol):
    """A run that the store has and that is under way: the log that a training function writes to."""

    run_id: str

    def epoch(self, row: Row) -> None:
        """The figures of an epoch."""

    def link_data(self, name: str, path: Path, digest: str) -> None:
        """Ties the run to its data, so that it is found by their digest."""

    def finish(self, figures: Row, folder: Path) -> None:
        """The final figures, and the files in the run's folder."""


@dataclass(frozen=True)
class Model:
    """Weights to register: what answers with them, what that needs, and where they come from."""

    name: str
    run_id: str
    weights: Path
    config: Mapping[str, str]  # family and task, whose predictor answers
    requirements: Sequence[str]  # of pip
    tags: Mapping[str, str]  # `fingerprint` among them


class Champion(Protocol):
    """A registered model, loaded."""

    config: Mapping[str, str]
    tags: Mapping[str, str]  # those that it was registered with

    def predict(self, texts: list[str]) -> list[Answer]:
        """An answer for each text; of one that cannot be answered, its `error`."""


@dataclass(frozen=True)
class Page:
    """The tracker's web server: how it is started, where it answers, and where a person looks."""

    command: Sequence[str]
    environment: Mapping[str, str]
    health: str  # address that answers 200 when it is up
    address: str
    log: Path


class Tracker(Protocol):
    """What the project asks of an experiment tracker. Calls raise TrackerError where the store is out of reach."""

    def state(self) -> Path:
        """A folder that lives and dies with the project's own store."""

    def address(self) -> str:
        """The store that is written to."""

    def check(self) -> None:
        """Raises TrackerError where the project's own store is damaged."""

    def renew(self) -> Path | None:
        """Sets the project's own store aside where it is damaged; the place that it has now."""

    def create_store(self, experiment: str) -> None:
        """Creates the store and the experiment where they do not exist; called before processes fan out."""

    def run(
        self, name: str, experiment: str, params: Mapping[str, Any], tags: Mapping[str, str], run_id: str | None = None
    ) -> AbstractContextManager[TrackedRun]:
        """A run that ends with the block, as finished, failed or interrupted.

        `run_id` names one to go on with. The tags `fingerprint` and `folder` find it, in any state, where that is not
        known: what is made from the same in the same folder is one run.
        """

    def find(self, experiment: str, fingerprint: str, run_id: str | None = None) -> str | None:
        """The id of the finished run with this fingerprint; None where the store has `run_id`, and not as finished."""

    def end_abandoned(self, experiment: str, is_in_use: Callable[[str], bool]) -> None:
        """Ends as interrupted the runs whose process is gone: the folder that their tag names is not in use."""

    def register(self, model: Model) -> str:
        """Makes the model champion of its name; returns its version, of which there is one for a fingerprint."""

    def champion(self, name: str) -> Champion:
        """The champion of that name. Raises ValueError where there is none, or where it is damaged."""

    def page(self, host: str, port: int) -> Page:
        """Its web server on the project's own store."""
