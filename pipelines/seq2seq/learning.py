"""How every task of the family learns: batches of an epoch, the decoder's inputs, and what is checked beforehand."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from torch import Tensor, nn

from params import parse
from pipelines.nn.cells import build_cell
from pipelines.nn.training import Fit, TrainingParams, fit
from pipelines.seq2seq.model import Batch, DecoderParams, Seq2Seq
from pipelines.settings import Run
from pipelines.task import Log, Row

Params = TypeVar("Params", bound=DecoderParams)


def checked_settings(run: Run, kind: type[Params]) -> tuple[Params, TrainingParams]:
    """What params.yaml says of a run. Raises ValueError for an unknown key, cell or size."""
    model = parse(kind, run.model, f"model of {run.name}")
    build_cell(model.cell, 1, model.hidden_size)
    return model, parse(TrainingParams, run.training, f"training of {run.name}")


def learn(
    model: Seq2Seq,
    params: TrainingParams,
    *,
    seed: int,
    batches: Callable[[np.random.Generator], Sequence[Batch]],
    validate: Callable[[Seq2Seq], Row],
    monitor: str,
    log: Log,
    resume_from: Path,
    sampling: float = 0.0,
) -> Fit:
    """`training.fit` for an encoder-decoder: batches(rng) are those of an epoch, rng being that epoch's own.

    `sampling` is the share of steps that read the decoder's own symbols in the last epoch.
    """
    device = next(model.parameters()).device

    def of_epoch(epoch: int) -> list[tuple[Batch, float]]:
        share = sampling_of(epoch, params.epochs, sampling)
        return [(batch.to(device), share) for batch in batches(np.random.default_rng((seed, epoch)))]

    def loss(model: nn.Module, batch: tuple[Batch, float]) -> Tensor:
        assert isinstance(model, Seq2Seq)
        return model.loss(batch[0], params.label_smoothing, batch[1])

    def judged(model: nn.Module) -> Row:
        assert isinstance(model, Seq2Seq)
        return validate(model)

    return fit(
        model,
        params,
        batches=of_epoch,
        loss=loss,
        validate=judged,
        monitor=monitor,
        log=log,
        resume_from=resume_from,
    )


def sampling_of(epoch: int, epochs: int, share: float) -> float:
    """Scheduled sampling's probability in an epoch (from 0): it rises evenly from 0 to `share`.

    Bengio et al. (2015), Scheduled sampling, section 2.4, the linear schedule.
    """
    return share * epoch / max(1, epochs - 1)
