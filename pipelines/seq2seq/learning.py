"""What training shares in every task of the family: settings that are checked, and scheduled sampling."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from pipelines.nn import training
from pipelines.nn.cells import build_cell
from pipelines.nn.training import TrainingParams
from pipelines.seq2seq.model import Batch, DecoderParams
from pipelines.settings import Run

Params = TypeVar("Params", bound=DecoderParams)


def checked_settings(run: Run, kind: type[Params]) -> tuple[Params, TrainingParams]:
    """The settings of a run, `kind` those of its model. Raises ValueError for an unknown key, cell or size."""
    model, trained = training.checked_settings(run, kind)
    build_cell(model.cell, 1, model.hidden_size)
    return model, trained


def with_sampling(
    batches: Callable[[int], Sequence[Batch]], epochs: int, share: float
) -> Callable[[int], list[tuple[Batch, float]]]:
    """`batches` of `fit`, each with the probability of scheduled sampling in its epoch (`sampling_of`)."""
    return lambda epoch: [(batch, sampling_of(epoch, epochs, share)) for batch in batches(epoch)]


def sampling_of(epoch: int, epochs: int, share: float) -> float:
    """Scheduled sampling's probability in an epoch (from 0): it rises evenly from 0 to `share` in the last epoch.

    Bengio et al. (2015), Scheduled sampling, section 2.4, the linear schedule.
    """
    return share * epoch / max(1, epochs - 1)
