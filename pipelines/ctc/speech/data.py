"""Speech: recordings and their texts -> batches. Training, evaluation and the served model all encode here.

Tables have the columns id, text, speaker, doubled and new_words, and `start` and `length` of each recording in the
array `samples` beside the table. A data set has the tables train, val and test, or several of each: `isolated-train`,
`connected-train` and so on, which are read as one.

Shapes: B recordings, N samples, T frames of the longest, F features of a frame, L characters of the longest text.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from pipelines.acoustics import FeatureParams, Features, normalised, resample, statistics
from pipelines.tables import load_array, load_table
from pipelines.words import by_length, padded, ranked, shuffled

FULL_SCALE = 32768  # of the samples in the tables
AT_ONCE = 128  # recordings whose features are computed in one batch

Normalisation = Literal["recording", "speaker", "training"]


@dataclass(frozen=True)
class Alphabet:
    """What indices stand for: index i + 1 is characters[i], and 0 the blank."""

    characters: tuple[str, ...]

    @classmethod
    def of(cls, texts: pd.Series) -> "Alphabet":
        """The characters of training texts, the most frequent first."""
        return cls(ranked(Counter("".join(texts))))

    def __len__(self) -> int:
        return len(self.characters) + 1

    def encoded(self, text: str) -> list[int]:
        """Raises ValueError for a character that training never saw."""
        index = {character: place for place, character in enumerate(self.characters, start=1)}
        if unknown := [character for character in text if character not in index]:
            raise ValueError(f"{text!r} has the character {unknown[0]!r}, which no training text has")
        return [index[character] for character in text]

    def text(self, labels: Sequence[int]) -> str:
        return "".join(self.characters[label - 1] for label in labels)


@dataclass(frozen=True)
class Split:
    """A split's rows, with a column `part` (the table that they come from), and their recordings in [-1, 1]."""

    rows: pd.DataFrame
    waveforms: list[Tensor]

    def where(self, chosen: pd.Series) -> "Split":
        """The rows for which `chosen` is true."""
        kept = [waveform for waveform, keep in zip(self.waveforms, chosen, strict=True) if keep]
        return Split(self.rows[chosen].reset_index(drop=True), kept)


def load_split(folder: Path, split: str) -> Split:
    """All tables of a split. Raises ValueError where there is none."""
    names = sorted(path.stem for path in folder.glob("*.parquet") if path.stem.split("-")[-1] == split)
    if not names:
        raise ValueError(f"{folder} has no table {split} nor any that ends in -{split}")
    tables, waveforms = [], []
    for name in names:
        table, samples = load_table(folder, name), load_array(folder, name, "samples")
        tables.append(table.assign(part=name.removesuffix(split).rstrip("-") or "all"))
        places = zip(table["start"], table["length"], strict=True)
        waveforms += [samples[start : start + length].float() / FULL_SCALE for start, length in places]
    return Split(pd.concat(tables, ignore_index=True), waveforms)


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
        """`training`: mean and deviation of the training features, needed where these normalise all others."""
        self.alphabet = alphabet
        self.normalisation = normalisation
        self.training = training
        self._features = Features(params)

    @classmethod
    def of(cls, train: Split, params: FeatureParams, normalisation: Normalisation) -> "Encoder":
        """The encoder that training data make."""
        encoder = cls(Alphabet.of(train.rows["text"]), params, normalisation)
        if normalisation == "training":
            encoder.training = statistics(encoder.raw_features(train.waveforms))
        return encoder

    def raw_features(self, waveforms: Sequence[Tensor], speed: float = 1.0) -> list[Tensor]:
        """Features (T, F) of each recording, played at `speed`; a batch holds recordings of about the same length."""
        found: list[Tensor] = [torch.empty(0)] * len(waveforms)
        for chosen in by_length(map(len, waveforms), AT_ONCE):
            batch = torch.nn.utils.rnn.pad_sequence([waveforms[index] for index in chosen], batch_first=True)
            lengths = torch.tensor([len(waveforms[index]) for index in chosen])
            if speed != 1.0:
                up, down = 100, round(100 * speed)
                batch, lengths = resample(batch, up, down), -(-lengths * up // down)
            features, frames = self._features(batch, lengths)
            for index, row, length in zip(chosen, features, frames.tolist(), strict=True):
                found[index] = row[:length].clone()
        return found

    def features(
        self, waveforms: Sequence[Tensor], speakers: Sequence[Hashable] | None = None, speed: float = 1.0
    ) -> list[Tensor]:
        """Normalised features (T, F) of each recording; where speakers are not known, each has one of their own."""
        raw = self.raw_features(waveforms, speed)
        if self.training is not None:
            mean, deviation = self.training
            return [(row - mean) / deviation for row in raw]
        own = list(range(len(raw)))
        return normalised(raw, own if speakers is None or self.normalisation == "recording" else speakers)

    def batch(self, features: Sequence[Tensor], targets: Sequence[Sequence[int]]) -> Batch:
        """A padded batch of what `features` and `Alphabet.encoded` gave."""
        return Batch(
            torch.nn.utils.rnn.pad_sequence(list(features), batch_first=True),
            torch.tensor([len(row) for row in features]),
            padded(targets, max(1, *map(len, targets)), 0) if targets else torch.zeros(0, 1, dtype=torch.long),
            torch.tensor([len(target) for target in targets], dtype=torch.long),
        )

    def unlabelled(self, features: Sequence[Tensor]) -> Batch:
        """A batch of recordings whose texts nobody knows."""
        return self.batch(features, [[]] * len(features))


def batches_of_epoch(
    encoder: Encoder,
    features: Sequence[Sequence[Tensor]],
    targets: Sequence[Sequence[int]],
    batch_size: int,
    rng: np.random.Generator,
) -> list[Batch]:
    """Batches of about the same length in random order; features[s][i] is recording i at speed s, drawn for each."""
    speeds = rng.integers(len(features), size=len(targets))
    chosen = [features[speed][index] for index, speed in enumerate(speeds)]
    lengths = np.array([len(row) for row in chosen])
    return [
        encoder.batch([chosen[index] for index in rows], [targets[index] for index in rows])
        for rows in shuffled(lengths, batch_size, rng)
    ]
