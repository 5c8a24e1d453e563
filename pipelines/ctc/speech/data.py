"""Speech: recordings and their texts -> batches. Training, evaluation and the served model all encode here.

Tables have the columns id, text, speaker, doubled and new_words, and those of their recordings.

Shapes: B recordings, T frames of the longest, F features of a frame, L characters of the longest text.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from pipelines.nn.words import padded, ranked, shuffled
from pipelines.sound.acoustics import FeatureParams, Features, features_of, normalised, statistics

Normalisation = Literal["recording", "speaker", "training", "level"]
BY_TRAINING = (
    "training",
    "level",
)  # by mean and deviation of the training features; level: after each loses its own mean


@dataclass(frozen=True)
class Alphabet:
    """The labels: i + 1 is characters[i], and 0 the blank."""

    characters: tuple[str, ...]

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Alphabet":
        """The characters of training texts, the most frequent first."""
        return cls(ranked(Counter("".join(texts))))

    def __len__(self) -> int:
        return len(self.characters) + 1

    def encode(self, text: str) -> list[int]:
        """The labels of a text. Raises ValueError for a character that is not in a training text."""
        index = {character: place for place, character in enumerate(self.characters, start=1)}
        if unknown := [character for character in text if character not in index]:
            raise ValueError(f"{text!r} has the character {unknown[0]!r}, which is in no training text")
        return [index[character] for character in text]

    def decode(self, labels: Sequence[int]) -> str:
        return "".join(self.characters[label - 1] for label in labels)


@dataclass(frozen=True)
class Batch:
    """features (B, T, F) and lengths (B,) in frames; targets (B, L) and target_lengths (B,)."""

    features: Tensor
    lengths: Tensor
    targets: Tensor
    target_lengths: Tensor

    def to(self, device: torch.device) -> "Batch":
        return Batch(*(tensor.to(device) for tensor in vars(self).values()))


class Encoder:
    """Turns recordings and texts into batches."""

    def __init__(
        self,
        alphabet: Alphabet,
        params: FeatureParams,
        normalisation: Normalisation,
        training: tuple[Tensor, Tensor] | None = None,
    ) -> None:
        """`training`: mean and deviation (F,) of the training features, where these normalise all others."""
        self.alphabet = alphabet
        self.normalisation = normalisation
        self.training = training
        self._features = Features(params)

    def fit(self, found: Sequence[Tensor]) -> None:
        """Takes mean and deviation from the `raw` features of training, where these normalise all others."""
        if self.normalisation in BY_TRAINING:
            self.training = statistics(found)

    def raw(self, waveforms: Sequence[Tensor], speed: float = 1.0) -> list[Tensor]:
        """Features (T, F) of each recording, played at `speed`; less their mean where normalisation is `level`.

        Loudness adds the same constant to each log-mel feature. A second of sound is enough to estimate that one
        number, but not the mean and deviation of each feature.
        """
        found = features_of(self._features, waveforms, speed)
        return [row - row.mean() for row in found] if self.normalisation == "level" else found

    def normalise(self, raw: Sequence[Tensor], speakers: Sequence[Hashable] | None = None) -> list[Tensor]:
        """Normalised features (T, F) of each recording; without `speakers`, each recording is its own group."""
        if self.training is not None:
            mean, deviation = self.training
            return [(row - mean) / deviation for row in raw]
        recordings = list(range(len(raw)))
        return normalised(raw, recordings if speakers is None or self.normalisation == "recording" else speakers)

    def features(self, waveforms: Sequence[Tensor], speakers: Sequence[Hashable] | None = None) -> list[Tensor]:
        """`normalise` of `raw`."""
        return self.normalise(self.raw(waveforms), speakers)

    def batch(self, features: Sequence[Tensor], targets: Sequence[Sequence[int]]) -> Batch:
        """A padded batch of features (T, F), and of labels as `Alphabet.encode` gives them."""
        return Batch(
            torch.nn.utils.rnn.pad_sequence(list(features), batch_first=True),
            torch.tensor([len(row) for row in features]),
            padded(targets, max(1, *map(len, targets)), 0) if targets else torch.zeros(0, 1, dtype=torch.long),
            torch.tensor([len(target) for target in targets], dtype=torch.long),
        )

    def unlabelled(self, features: Sequence[Tensor]) -> Batch:
        """A batch of recordings without texts."""
        return self.batch(features, [[]] * len(features))


def batches_of_epoch(
    encoder: Encoder,
    features: Sequence[Sequence[Tensor]],
    targets: Sequence[Sequence[int]],
    batch_size: int,
    rng: np.random.Generator,
) -> list[Batch]:
    """Batches of about the same length in random order; features[s][i] is recording i at speed s, which is random."""
    speeds = rng.integers(len(features), size=len(targets))
    chosen = [features[speed][index] for index, speed in enumerate(speeds)]
    lengths = np.array([len(row) for row in chosen])
    return [
        encoder.batch([chosen[index] for index in rows], [targets[index] for index in rows])
        for rows in shuffled(lengths, batch_size, rng)
    ]
