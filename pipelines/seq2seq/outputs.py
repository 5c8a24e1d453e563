"""What a model answers to many sources: searched in batches of about the same length, given back in their order."""

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


def outputs(
    model: Seq2Seq,
    sources: Sequence[Source],
    padded: Callable[[Sequence[Source]], tuple[Tensor, Tensor]],
    most: Callable[[Source], int],
    params: BeamParams,
    *,
    wanted: int = 1,
    batch_size: int = 128,
    constraint: Callable[[Source], Constraint] | None = None,
) -> list[list[Hypothesis]]:
    """The best outputs of each source, in the order of `sources`; UNKNOWN is never said.

    padded(sources) makes a batch and its lengths; most(source) is the largest number of symbols of an output;
    constraint(source) is what its output may be.
    """
    device = next(model.parameters()).device
    found: list[list[Hypothesis]] = [[]] * len(sources)
    with torch.inference_mode():
        for chosen in by_length(map(len, sources), max(1, batch_size // params.beam)):
            source, lengths = padded([sources[index] for index in chosen])
            encoded = model.encode(source.to(device), lengths.to(device))
            limits = [most(sources[index]) for index in chosen]
            built = [constraint(sources[index]) for index in chosen] if constraint else None
            answers = beam_search(
                model, encoded, limits, params, wanted=wanted, never=(PAD, UNKNOWN), constraints=built
            )
            for index, answer in zip(chosen, answers, strict=True):
                found[index] = answer
    return found
