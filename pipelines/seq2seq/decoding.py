"""Decodes many sources with a model: in batches of about the same length, results in the order of the sources."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import torch
from torch import Tensor

from pipelines.nn.words import by_length
from pipelines.seq2seq.continuations import Constraint
from pipelines.seq2seq.model import Seq2Seq
from pipelines.seq2seq.search import BeamParams, Hypothesis, beam_search
from pipelines.seq2seq.symbols import PAD, UNKNOWN

Source = TypeVar("Source", Sequence[int], Tensor)


def decode(
    model: Seq2Seq,
    sources: Sequence[Source],
    collate: Callable[[Sequence[Source]], tuple[Tensor, Tensor]],
    max_symbols: Callable[[Source], int],
    params: BeamParams,
    *,
    n_best: int = 1,
    batch_size: int = 128,
    constraint: Callable[[Source], Constraint] | None = None,
) -> list[list[Hypothesis]]:
    """The best outputs of each source, at most `n_best`, in the order of `sources`; UNKNOWN is never output.

    collate(sources) makes a batch and its lengths; max_symbols(source) limits the output; constraint(source) says what
    its output may be.
    """
    device = next(model.parameters()).device
    found: list[list[Hypothesis]] = [[]] * len(sources)
    with torch.inference_mode():
        for chosen in by_length(map(len, sources), max(1, batch_size // params.beam_size)):
            source, lengths = collate([sources[index] for index in chosen])
            encoded = model.encode(source.to(device), lengths.to(device))
            limits = [max_symbols(sources[index]) for index in chosen]
            constraints = [constraint(sources[index]) for index in chosen] if constraint else None
            hypotheses = beam_search(
                model, encoded, limits, params, n_best=n_best, forbidden=(PAD, UNKNOWN), constraints=constraints
            )
            for index, answer in zip(chosen, hypotheses, strict=True):
                found[index] = answer
    return found
