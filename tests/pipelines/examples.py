"""A tiny run of each task, on tables whose rule a few epochs teach, and a log that keeps its rows."""

import base64
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image
from safetensors.numpy import save_file

from pipelines.settings import Run
from pipelines.sound.audio import Piece, as_text
from pipelines.task import Row, find

FITTED = {"epochs": 2, "learning_rate": 0.03, "ema_decay": 0.5}
TRAINING = {**FITTED, "batch_size": 4}
WORDS = {"word_size": 6, "char_size": 4, "char_filters": 5, "dropout": 0.2, "word_dropout": 0.1}
CELL = {"cell": "elman", "hidden_size": 8}


def first_texts(folder: Path) -> list[str]:
    return list(pd.read_parquet(folder / "test.parquet")["text"][:3])


@dataclass(frozen=True)
class Example:
    """Settings that params.yaml would hold, which differ from the defaults, and prepared tables by split."""

    family: str
    task: str
    model: Mapping[str, Any]
    tables: Callable[[], Mapping[str, pd.DataFrame]]
    arrays: Callable[[], Mapping[str, Mapping[str, np.ndarray]]] = dict  # beside the tables, by table and name
    facts: Mapping[str, Any] = field(default_factory=dict)  # what the data's card says
    training: Mapping[str, Any] = field(default_factory=lambda: TRAINING)
    held_out: bool = True  # whether the tables have a test split
    asked: Callable[[Path], list[str]] | None = first_texts  # of a model; None: the task's result is a report
    refused: tuple[str, str] = ("   ", "text 2 of 2 holds no words")  # what a model does not answer, and what it says

    @property
    def learns(self) -> bool:
        """Whether it is trained epoch by epoch; else its result is computed at once."""
        return "epochs" in self.training

    def run(self, seed: int = 0, **changes: Any) -> Run:
        """A run, with changes to its settings, whichever part they are of."""
        name = f"{self.family}-{self.task}"
        run = Run(name, self.family, self.task, self.task, "tiny", seed, "cpu", self.model, self.training)
        known = find(self.family, self.task).resolve(run)
        model = {**self.model, **{key: value for key, value in changes.items() if key in known.model}}
        training = {**self.training, **{key: value for key, value in changes.items() if key in known.training}}
        assert changes.keys() <= model.keys() | training.keys(), changes
        return replace(run, model=model, training=training)

    def write(self, folder: Path) -> Path:
        folder.mkdir(parents=True)
        for split, table in self.tables().items():
            table.to_parquet(folder / f"{split}.parquet")
        for name, arrays in self.arrays().items():
            save_file(dict(arrays), folder / f"{name}.safetensors")
        (folder / "card.json").write_text(json.dumps({"source": "builtin", "facts": self.facts}))
        return folder


class RecordingLog:
    """A log that keeps its rows, and that is interrupted at a certain epoch."""

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


# Sentiment: `not` reverses the verdict, wherever it is; no sum over single words can express that (it is exclusive or).
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


# Measurements: normal values, waiting times, and two classes that a plane separates.
def tidy(groups: Mapping[tuple[str, str], np.ndarray], features: list[str], clusters: str = "") -> pd.DataFrame:
    """A prepared table from rows by (group, split)."""
    parts, first = [], 0
    for (group, split), rows in groups.items():
        for index, feature in enumerate(features):
            case = np.arange(first, first + len(rows))
            kinds = {"case": case, "group": group, "cluster": clusters, "split": split, "feature": feature}
            parts.append(pd.DataFrame({**kinds, "value": rows[:, index]}))
        first += len(rows)
    table = pd.concat(parts).sort_values(["case", "feature"], kind="stable", ignore_index=True)
    return table.assign(id=range(len(table)))


def measurements() -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(0)
    classes = {
        (group, split): rng.normal(shift, 1, (50, 3)) @ (np.eye(3) + 0.3)
        for group, shift in (("a", 0.0), ("b", 2.0))
        for split in ("train", "test")
    }
    return {
        "gaussian": tidy({("all", "train"): rng.normal(9, 2, (40, 1))}, ["value"]),
        "skewed": tidy({("all", "train"): rng.exponential(10, (60, 1))}, ["value"]),
        "classes-7d": tidy(classes, ["x1", "x2", "x3"]),
    }


CLASSIFIER = {"table": "classes-7d", "smoothing": 0.0, "plotted_features": ["x1", "x3"]}


def first_cases(folder: Path) -> list[str]:
    rows = pd.read_parquet(folder / "classes-7d.parquet").pivot_table(index="case", columns="feature", values="value")
    return [" ".join(f"{name}={value}" for name, value in row.items()) for _, row in rows.head(3).iterrows()]


# Key terms: the word before `matters` is one, and the word before `is known` is none.
def documents() -> dict[str, pd.DataFrame]:
    rows = []
    for first in ("graph", "deep net", "tree", "queue"):
        for second in ("fast cache", "index", "grammar"):
            key, passing = first.split(), second.split()
            text = f"{first} matters . {second} is known ."
            tags = ["B", *["I"] * (len(key) - 1), "O", "O", *["O"] * len(passing), "O", "O", "O"]
            rows.append((text, " ".join(tags), first))
            rows.append((f"{second} matters .", " ".join(["B", *["I"] * (len(passing) - 1), "O", "O"]), second))
    table = pd.DataFrame(rows, columns=["text", "tags", "key_terms"]).rename_axis("id").reset_index()
    return {"train": pd.concat([table] * 2, ignore_index=True), "val": table[::2], "test": table[1::2]}


# Language model: `a` begins a line, then letters follow each other as in the alphabet.
def lines() -> dict[str, pd.DataFrame]:
    table = pd.DataFrame({"text": [" ".join("abcdef"[:length]) for length in (3, 4, 5, 6, 2, 6, 5, 4) * 3]})
    table = table.rename_axis("id").reset_index()
    return {"train": pd.concat([table] * 2, ignore_index=True), "val": table[::2], "test": table[1::2]}


# Long memory: images of two by two pixels, one table with all splits; every other image is light.
def images() -> dict[str, pd.DataFrame]:
    rows = range(64)
    splits = ["train"] * 32 + ["val"] * 16 + ["test"] * 16
    target = [row % 2 for row in rows]
    columns = {"split": splits, "target": target, "length": 4, "first": -1, "second": -1}
    return {"tiny": pd.DataFrame({"id": rows, **columns})}


def pixels() -> dict[str, dict[str, np.ndarray]]:
    codes = np.random.default_rng(0).integers(0, 8, (64, 4))
    codes[1::2] += 8
    return {"tiny": {"codes": codes.astype(np.uint8), "values": np.zeros((64, 0), np.float32)}}


IMAGES = {
    "kind": "pixels",
    "length": 4,
    "classes": ["dark", "light"],
    "highest": 16,
    "permutation": [2, 0, 3, 1],
}


def typed_images(_folder: Path) -> list[str]:
    return ["1 2 3 4", "9 10 11 12", "0 0 16 16"]


NETWORKS = {
    **{cell: {"cell": cell, "seeds": 2} for cell in ("elman", "irnn", "lstm", "gru")},
    "elman-identity": {"cell": "elman", "init": "identity"},
    "elman-random": {"cell": "elman", "init": "random"},
    "sigmoid-identity": {"cell": "elman", "init": "identity", "options": {"activation": "sigmoid"}},
    "sigmoid-random": {"cell": "elman", "init": "random", "options": {"activation": "sigmoid"}},
}


# Speech: each character is a tone of its own, a tenth of a second long, with silence between them.
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


def recordings() -> dict[str, pd.DataFrame]:
    return {split: spoken(texts) for split, texts in SPEECH.items()}


def sounds() -> dict[str, dict[str, np.ndarray]]:
    return {split: {"samples": np.concatenate([*map(tone, texts)])} for split, texts in SPEECH.items()}


def asked_by_sound(folder: Path) -> list[str]:
    texts = pd.read_parquet(folder / "test.parquet")["text"][:3]
    return [as_text(Piece(0.0, (tone(text) / 32768).astype(np.float32), 8000)) for text in texts]


HEARING = {
    "filters": 16,
    "coefficients": 8,
    "speeds": [0.9, 1.0],
    "frequency_masks": 1,
    "frequency_width": 2,
    "time_masks": 1,
    "time_share": 0.1,
    "frames_per_step": 2,
    "dropout": 0.1,
}
RECOGNISER = {**CELL, "normalisation": "recording", "deltas": True, "channels": 16, "beam_size": 8, "label_bonus": 0.8}

# Speech translation: tones become words; what was said is read by the cascade alone.
SAYS = {"a": "one", "b": "two", "c": "three", " ": "and"}


def interpreted() -> dict[str, pd.DataFrame]:
    return {
        split: table.assign(said=table["text"], text=[" ".join(SAYS[one] for one in text) for text in table["text"]])
        for split, table in recordings().items()
    }


def asked_by_tones(folder: Path) -> list[str]:
    said = pd.read_parquet(folder / "test.parquet")["said"][:3]
    return [as_text(Piece(0.0, (tone(text) / 32768).astype(np.float32), 8000)) for text in said]


# Translation: words become characters, and their order is turned round.
DICTIONARY = {"one": "一", "two": "二", "three": "三", "good": "好", "horse": "马"}


def translated() -> dict[str, pd.DataFrame]:
    sources = [f"{x} {y}{end}" for x in DICTIONARY for y in DICTIONARY for end in ("", " horse", " good two")]
    targets = ["".join(DICTIONARY[word] for word in reversed(source.split())) for source in sources]
    table = pd.DataFrame({"id": range(len(sources)), "source": sources, "target": targets})
    return {"train": table, "val": table[::5], "test": table[1::5]}


def first_sources(folder: Path) -> list[str]:
    return list(pd.read_parquet(folder / "test.parquet")["source"][:3])


BEAM = {"beam_size": 2, "length_penalty": 1.0, "coverage_penalty": 0.1}
AUTOENCODER = {**BEAM, "hidden_size": 8, "embedding_size": 8}
DECODER = {**AUTOENCODER, "attention": "additive", "scheduled_sampling": 0.2}


def swapped() -> dict[str, pd.DataFrame]:
    """Who sees whom: each sentence, and the one with the roles exchanged."""
    pairs = [(f"{x} sees {y}", f"{y} sees {x}") for x, y in pairwise(DICTIONARY)] * 3
    texts = [text for pair in pairs for text in pair]
    table = pd.DataFrame({"id": range(len(texts)), "text": texts, "pair": np.arange(len(texts)) // 2})
    return {"train": table, "val": table[:6], "test": table[2:8]}


def treebank() -> dict[str, pd.DataFrame]:
    """Somebody does something, to somebody or not."""
    rows = []
    for who in ("John", "Ann", "Kim"):
        rows.append((f"{who} sleeps .", "(S (NP NNP )NP (VP VBZ )VP . )S"))
        for other in ("dog", "cat"):
            text = f"{who} has a {other} ."
            rows.append((text, "(S (NP NNP )NP (VP VBZ (NP DT NN )NP )VP . )S"))
    table = pd.DataFrame(rows * 4, columns=["text", "linear"])
    table.insert(0, "id", range(len(table)))
    return {"train": table, "val": table[:7], "test": table[5:12]}


# Pictures: a bright half, and where it is.
SIDES = ("left", "right", "top")


def drawn() -> dict[str, np.ndarray]:
    found = {}
    for seed, (task, split, count) in enumerate(
        [
            ("shapes", "train", 48),
            ("shapes", "val", 12),
            ("shapes", "test", 12),
            ("others", "train", 24),
            ("others", "val", 12),
        ]
    ):
        pixels = np.random.default_rng(seed).integers(90, size=(count, 32, 32, 3), dtype=np.uint8)
        for row, picture in enumerate(pixels):
            half = [np.s_[:, :16], np.s_[:, 16:], np.s_[:16]][row % 3]
            picture[half] += np.uint8(150)
        found[f"{task}-{split}"] = pixels
    return found


def pictured() -> dict[str, pd.DataFrame]:
    return {
        name: pd.DataFrame({"id": range(len(pixels)), "label": np.arange(len(pixels)) % 3}).assign(
            **{"class": lambda table: [SIDES[label] for label in table["label"]]}
        )
        for name, pixels in drawn().items()
    }


def asked_by_picture(folder: Path) -> list[str]:
    found = []
    for picture in drawn()["shapes-test"][:3]:
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "PNG")
        found.append(base64.b64encode(file.getvalue()).decode())
    return found


EXAMPLES = {
    ("rnn", "dynamics"): Example(
        "rnn",
        "dynamics",
        {
            "problem": "tiny",
            "train_rows": 24,
            "hidden_size": 5,
            "networks": NETWORKS,
            "clipped_seeds": 2,
            "clipped_steps": 2,
            "surface_points": 9,
        },
        images,
        pixels,
        {"tasks": {"tiny": IMAGES}},
        asked=typed_images,
    ),
    ("rnn", "key_terms"): Example(
        "rnn",
        "key_terms",
        {**WORDS, **CELL},
        documents,
    ),
    ("rnn", "language_model"): Example(
        "rnn",
        "language_model",
        {"cell": "scrn", "hidden_size": 10, "word_size": 6, "bptt_steps": 5},
        lines,
    ),
    ("rnn", "long_memory"): Example(
        "rnn",
        "long_memory",
        {
            "problem": "tiny",
            "permuted": True,
            "train_rows": 24,
            "cell": "gru",
            "hidden_size": 5,
        },
        images,
        pixels,
        {"tasks": {"tiny": IMAGES}},
        asked=typed_images,
    ),
    ("rnn", "slots"): Example("rnn", "slots", {**WORDS, **CELL}, slots),
    ("rnn", "sentiment"): Example(
        "rnn", "sentiment", {**WORDS, **CELL, "pooling": "attention"}, sentiment, facts={"labels": ["bad", "good"]}
    ),
    ("rnn", "waveform"): Example(
        "rnn",
        "waveform",
        {
            "val_waveforms": 2,
            "test_waveforms": 1,
            "samples": 40,
            "passes": 2,
            "hidden_size": 6,
            "options": {"periods": [1, 4]},
        },
        recordings,
        sounds,
        training=FITTED,
        held_out=False,  # each network learns the waveform that it is to write
        asked=None,
    ),
    ("gaussian", "derivation"): Example(
        *("gaussian", "derivation", {}, measurements),
        training={"size": 9, "samples": 300},
        held_out=False,
        asked=None,
    ),
    ("gaussian", "mle"): Example(
        "gaussian", "mle", {}, measurements, training={"samples": 300}, held_out=False, asked=None
    ),
    ("gaussian", "classification"): Example(
        *("gaussian", "classification", CLASSIFIER, measurements),
        training={"folds": 3, "repeats": 1},
        asked=first_cases,
        refused=("x1=1 x2=2", "case 2 of 2 lacks x3: the classifier reads x1, x2, x3"),
    ),
    ("ctc", "speech"): Example(
        "ctc",
        "speech",
        {**HEARING, **RECOGNISER},
        recordings,
        sounds,
        asked=asked_by_sound,
        refused=("   ", "text 2 of 2 holds no recording"),
    ),
    ("seq2seq", "parsing"): Example(
        "seq2seq",
        "parsing",
        AUTOENCODER,
        treebank,
        training={**TRAINING, "batch_size": 16},
        refused=("   ", "text 2 of 2 holds no words"),
    ),
    ("seq2seq", "sentences"): Example(
        "seq2seq",
        "sentences",
        AUTOENCODER,
        swapped,
        training={**TRAINING, "batch_size": 16},
        refused=("   ", "text 2 of 2 holds no words"),
    ),
    ("seq2seq", "speech_translation"): Example(
        "seq2seq",
        "speech_translation",
        {**HEARING, **DECODER, "language": "en"},
        interpreted,
        sounds,
        asked=asked_by_tones,
        refused=("   ", "text 2 of 2 holds no recording"),
    ),
    ("seq2seq", "translation"): Example(
        "seq2seq",
        "translation",
        {**DECODER, "languages": ["en", "zh"], "target_units": "characters"},
        translated,
        training={**TRAINING, "batch_size": 16},
        asked=first_sources,
    ),
    ("vgg16", "images"): Example(
        "vgg16",
        "images",
        {
            "width": 0.02,
            "dropout": 0.1,
            "target_task": "shapes",
            "source_task": "others",
            "source_epochs": 1,
            "weights": "source",
            "head": "append",
            "freeze": "features",
            "body_rate": 0.5,
            "views": 2,
            "max_shift": 1,
            "train_rows": 36,
            "few_labels": [3, 9],
            "few_seeds": 2,
            "few_steps": 2,
        },
        pictured,
        arrays=lambda: {name: {"pixels": pixels} for name, pixels in drawn().items()},
        training={**TRAINING, "batch_size": 12},
        asked=asked_by_picture,
        refused=("   ", "text 2 of 2 holds no picture"),
    ),
}
