"""A tiny run of each task, on tables whose rule a few epochs teach, and a log that keeps what it is told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from safetensors.numpy import save_file

from pipelines.audio import Piece, as_text
from pipelines.params import Run
from pipelines.training import Row

TRAINING = {
    "epochs": 2,
    "batch_size": 4,
    "learning_rate": 0.03,
    "weight_decay": 0.01,
    "clip_norm": 5.0,
    "label_smoothing": 0.0,
    "ema_decay": 0.5,
}
WORDS = {
    "word_size": 6,
    "char_size": 4,
    "char_filters": 5,
    "context_window": 0,
    "dropout": 0.2,
    "word_dropout": 0.1,
}
CELL = {"cell": "elman", "hidden_size": 8, "num_layers": 1, "bidirectional": True}


def texts_of(folder: Path) -> list[str]:
    return list(pd.read_parquet(folder / "test.parquet")["text"][:3])


@dataclass(frozen=True)
class Example:
    """Settings that params.yaml would hold, and prepared tables by split."""

    family: str
    task: str
    model: Mapping[str, Any]
    tables: Callable[[], Mapping[str, pd.DataFrame]]
    arrays: Callable[[], Mapping[str, Mapping[str, np.ndarray]]] = dict  # beside the tables, by split and name
    asked: Callable[[Path], list[str]] = texts_of  # three texts that a trained model is asked, from the tables' folder
    nothing: str = "holds no words"  # what a model says of a blank text

    def run(self, seed: int = 0, **changes: Any) -> Run:
        """A run, with changes to its settings."""
        model = {**self.model, **{key: value for key, value in changes.items() if key in self.model}}
        training = {**TRAINING, **{key: value for key, value in changes.items() if key in TRAINING}}
        name = f"{self.family}-{self.task}"
        return Run(name, self.family, self.task, self.task, "tiny", seed, "cpu", model, training)

    def write(self, folder: Path) -> Path:
        folder.mkdir(parents=True)
        for split, table in self.tables().items():
            table.to_parquet(folder / f"{split}.parquet")
        for split, arrays in self.arrays().items():
            save_file(dict(arrays), folder / f"{split}.safetensors")
        return folder


class Told:
    """A log that keeps its rows, and that is interrupted when it is told of a certain epoch."""

    def __init__(self, interrupted_at: int = 0) -> None:
        self.rows: list[Row] = []
        self._interrupted_at = interrupted_at

    def epoch(self, row: Row) -> None:
        self.rows.append(row)
        if row["epoch"] == self._interrupted_at:
            raise KeyboardInterrupt


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


# Slot filling: each of these words has always this tag.
TAGS = {
    "boston": "B-city",
    "denver": "B-city",
    "new": "B-city",
    "york": "I-city",
    "monday": "B-day",
    "tuesday": "B-day",
    "flights": "O",
    "to": "O",
    "on": "O",
}
TEXTS = [
    f"{start}to {city}{end}"
    for start in ("", "flights ", "flights on monday ")
    for city in ("boston", "denver", "new york")
    for end in ("", " on monday", " on tuesday")
]


def tagged(texts: list[str]) -> pd.DataFrame:
    tags = [" ".join(TAGS[word] for word in text.split()) for text in texts]
    return pd.DataFrame({"id": range(len(texts)), "text": texts, "tags": tags, "intent": "flight"})


def slots() -> dict[str, pd.DataFrame]:
    return {"train": tagged(TEXTS * 2), "val": tagged(TEXTS[1::2]), "test": tagged(TEXTS[::2])}


# Sentiment: `not` turns the verdict round, wherever it stands; no sum over single words tells (it is exclusive or).
def judged() -> pd.DataFrame:
    rows = [
        (f"{before}{word} {after}", int((word == "good") != (before != "")), "negation" if before else "plain")
        for before in ("", "not a ", "not so ")
        for word in ("good", "bad")
        for after in ("film", "play", "end", "part", "idea")
    ]
    return pd.DataFrame(rows, columns=["text", "label", "phenomenon"]).rename_axis("id").reset_index()


def sentiment() -> dict[str, pd.DataFrame]:
    rows = judged()
    return {"train": pd.concat([rows] * 2, ignore_index=True), "val": rows[1::2], "test": rows[::2]}


# Speech: each character is a tone of its own, a tenth of a second long, and silence stands between them.
TONES = {"a": 500, "b": 1000, "c": 1800, " ": 2900}
SPOKEN = [*(x + y for x in "abc" for y in "abc"), "ab c", "a bc", "b ca"]


def tone(text: str) -> np.ndarray:
    """What `text` sounds like at 8000 samples a second, as 16-bit samples."""
    time = np.arange(800) / 8000
    sounds = [np.concatenate([8000 * np.sin(2 * np.pi * TONES[c] * time), np.zeros(240)]) for c in text]
    return np.concatenate(sounds).astype(np.int16)


def spoken(texts: list[str]) -> pd.DataFrame:
    lengths = [len(tone(text)) for text in texts]
    return pd.DataFrame(
        {
            "id": range(len(texts)),
            "text": texts,
            "speaker": [("one", "two")[number % 2] for number in range(len(texts))],
            "doubled": [any(x == y for x, y in pairwise(text)) for text in texts],
            "new_words": False,
            "start": np.cumsum(lengths) - lengths,
            "length": lengths,
        }
    )


SPEECH = {"train": SPOKEN * 2, "val": SPOKEN[1::2], "test": SPOKEN[::2]}


def asked_by_sound(folder: Path) -> list[str]:
    texts = pd.read_parquet(folder / "test.parquet")["text"][:3]
    return [as_text(Piece(0.0, (tone(text) / 32768).astype(np.float32), 8000)) for text in texts]


HEARING = {
    "features": "log-mel",
    "sample_rate": 8000,
    "window_ms": 25.0,
    "hop_ms": 10.0,
    "filters": 16,
    "coefficients": 8,
    "normalisation": "recording",
    "deltas": True,
    "speeds": [0.9, 1.0],
    "frequency_masks": 1,
    "frequency_width": 2,
    "time_masks": 1,
    "time_share": 0.1,
    "frames_a_step": 2,
    "dropout": 0.1,
    "blank": True,
    "left_out": "",
}

EXAMPLES = {
    ("rnn", "slots"): Example("rnn", "slots", {**WORDS, **CELL, "crf": False, "members": 1}, slots),
    ("rnn", "sentiment"): Example(
        "rnn", "sentiment", {**WORDS, **CELL, "reader": "recurrent", "pooling": "attention"}, sentiment
    ),
    ("ctc", "speech"): Example(
        "ctc",
        "speech",
        {**HEARING, **CELL},
        lambda: {split: spoken(texts) for split, texts in SPEECH.items()},
        arrays=lambda: {split: {"samples": np.concatenate([*map(tone, texts)])} for split, texts in SPEECH.items()},
        asked=asked_by_sound,
        nothing="holds no recording",
    ),
}
