"""Speech translation: recordings and texts -> batches. Training, evaluation and the served model all encode here.

Tables have the columns id, text (the translation), language (of the text), and those of their recordings; `said`, the
transcript, is read by the cascade only.

Shapes: B recordings, S frames of the longest, F features of a frame.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from pipelines.nn.words import shuffled
from pipelines.seq2seq.model import Batch
from pipelines.seq2seq.symbols import collate_targets
from pipelines.sound import acoustics
from pipelines.sound.acoustics import FeatureParams, Features, normalised


def features_of(waveforms: Sequence[Tensor], params: FeatureParams, speed: float = 1.0) -> list[Tensor]:
    """Features (S, F) of each recording played at `speed`, with mean zero and variance one over the recording."""
    raw = acoustics.features_of(Features(params), waveforms, speed)
    return normalised(raw, range(len(raw)))


def collate_frames(features: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Recordings (B, S, F), padded, and their lengths (B,)."""
    frames = torch.nn.utils.rnn.pad_sequence(list(features), batch_first=True)
    return frames, torch.tensor([len(one) for one in features])


def batch_of(features: Sequence[Tensor], targets: Sequence[Sequence[int]]) -> Batch:
    return Batch(*collate_frames(features), collate_targets(targets))


def batches_of_epoch(
    features: Sequence[Sequence[Tensor]], targets: Sequence[Sequence[int]], batch_size: int, rng: np.random.Generator
) -> list[Batch]:
    """Batches of about the same length in random order; features[s][i] is recording i at speed s, drawn for each."""
    speeds = rng.integers(len(features), size=len(targets))
    chosen = [features[speed][index] for index, speed in enumerate(speeds)]
    lengths = np.array([len(one) for one in chosen])
    return [
        batch_of([chosen[row] for row in rows], [targets[row] for row in rows])
        for rows in shuffled(lengths, batch_size, rng)
    ]
