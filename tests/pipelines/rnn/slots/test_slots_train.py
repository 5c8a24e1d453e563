"""One tiny slot-filling run from tables to files."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from pipelines.reporting import metrics
from pipelines.rnn.slots.inference import label, load_tagger
from pipelines.rnn.slots.train import settings, train
from pipelines.settings import Run
from tests.pipelines.examples import RecordingLog, contents

pytestmark = pytest.mark.usefixtures("one_thread")

MakeRun = Callable[..., Run]

FILES = {"model.safetensors", "history.csv", "metrics.json", "predictions.csv", "confusion.csv", "confusion.png"}


def test_the_files_of_a_run(tiny_run: MakeRun, tables: Path, tmp_path: Path) -> None:
    log = RecordingLog()
    figures = train(tiny_run(), tables, tmp_path / "run", log)
    assert contents(tmp_path / "run").keys() == FILES, "the checkpoint is gone"

    scored = ("f1", "precision", "recall", "f1_strict")
    expected = [*(f"val_{key}" for key in scored), *(f"test_{key}" for key in scored), "best_epoch", "parameters"]
    assert list(figures) == expected
    assert json.loads((tmp_path / "run" / "metrics.json").read_text()) == figures

    history = pd.read_csv(tmp_path / "run" / "history.csv")
    assert history["epoch"].tolist() == [1, 2]
    assert history.to_dict("records") == [pytest.approx(row, rel=1e-5) for row in log.rows]
    best = log.rows[int(figures["best_epoch"]) - 1]
    assert best["val_f1"] == max(row["val_f1"] for row in log.rows) == figures["val_f1"]

    test = pd.read_parquet(tables / "test.parquet")
    predictions = pd.read_csv(tmp_path / "run" / "predictions.csv")
    assert predictions[["id", "text", "tags", "intent"]].equals(test)
    gold, predicted = ([tags.split() for tags in predictions[column]] for column in ("tags", "predicted"))
    assert metrics.slot_scores(gold, predicted)["f1"] == figures["test_f1"]

    pairs = pd.read_csv(tmp_path / "run" / "confusion.csv")
    expected_pairs = [
        (a.split("-")[-1], p.split("-")[-1])
        for tags, guesses in zip(gold, predicted, strict=True)
        for a, p in zip(tags, guesses, strict=True)
        if (a, p) != ("O", "O")
    ]
    assert list(pairs.itertuples(index=False, name=None)) == expected_pairs
    assert (tmp_path / "run" / "confusion.png").read_bytes().startswith(b"\x89PNG")


def test_the_figures_on_val_are_those_of_the_best_epoch(
    tiny_run: MakeRun, tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = iter([80.0, 90.0, 70.0, 60.0])  # three epochs on val, then test
    monkeypatch.setattr(metrics, "slot_scores", lambda *_: {"f1": next(scores)})
    figures = train(tiny_run(epochs=3), tables, tmp_path / "run", RecordingLog())
    assert (figures["val_f1"], figures["test_f1"], figures["best_epoch"]) == (90, 60, 2)


def test_the_confusion_leaves_out_what_is_outside_in_both(
    tiny_run: MakeRun, tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test split is one utterance, of which one word is missed and another taken for what it is not."""
    table = pd.read_parquet(tables / "test.parquet").iloc[:1]
    table.assign(text="flights to new york", tags="O O B-city I-city").to_parquet(tables / "test.parquet")
    guesses = ["O", "B-day", "I-city", "O"]

    def guess(_model: object, _encoder: object, texts: list[str]) -> list[list[str]]:
        return [(guesses + ["O"] * 9)[: len(text.split())] for text in texts]

    monkeypatch.setattr("pipelines.rnn.slots.train.label", guess)
    train(tiny_run(), tables, tmp_path / "run", RecordingLog())
    pairs = pd.read_csv(tmp_path / "run" / "confusion.csv")
    assert list(pairs.itertuples(index=False, name=None)) == [("O", "day"), ("city", "city"), ("city", "O")]


@pytest.mark.parametrize("changes", [{}, {"crf": True, "ensemble_size": 2, "cell": "gru", "context_window": 1}])
def test_a_saved_tagger_labels_as_the_trained_one_did(
    changes: dict[str, object], tiny_run: MakeRun, tables: Path, tmp_path: Path
) -> None:
    train(tiny_run(**changes), tables, tmp_path / "run", RecordingLog())
    model, encoder = load_tagger(tmp_path / "run" / "model.safetensors")
    assert not model.training
    predictions = pd.read_csv(tmp_path / "run" / "predictions.csv")
    found = label(model, encoder, list(predictions["text"]), batch_size=3)
    assert [" ".join(tags) for tags in found] == list(predictions["predicted"])
    assert {key: getattr(model.params, key) for key in changes} == changes


@pytest.mark.parametrize("crf", [False, True])
def test_a_simple_rule_is_learnt(crf: bool, tiny_run: MakeRun, tables: Path, tmp_path: Path) -> None:
    run = tiny_run(epochs=8, dropout=0.0, word_dropout=0.0, crf=crf)
    figures = train(run, tables, tmp_path / "run", RecordingLog())
    assert figures["val_f1"] == figures["test_f1"] == figures["test_f1_strict"] == 100


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"model": {"cel": "lstm"}},
            "unknown key 'cel' in model of rnn-slots-elman-s0: known are word_size, char_size",
        ),
        ({"model": {"hidden_size": True}}, "model of rnn-slots-elman-s0.hidden_size is True: expected a whole number"),
        ({"model": {"cell": "lstn"}}, "unknown cell 'lstn': choose one of elman"),
        ({"training": {"epoch": 3}}, "unknown key 'epoch' in training of rnn-slots-elman-s0: known are epochs"),
        ({"device": "gpu"}, "device is 'gpu': choose from auto, cpu, cuda"),
    ],
)
def test_a_mistake_in_the_settings_is_told_before_training(
    changes: dict[str, object], message: str, tiny_run: MakeRun, tables: Path, tmp_path: Path
) -> None:
    run = tiny_run()
    parts = {key: {**vars(run)[key], **value} if isinstance(value, dict) else value for key, value in changes.items()}
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the message is compared below)
        train(Run(**{**vars(run), **parts}), tables, tmp_path / "run", RecordingLog())
    assert message in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_labels_come_in_the_order_of_the_texts(tiny_run: MakeRun, tables: Path, tmp_path: Path) -> None:
    train(tiny_run(), tables, tmp_path / "run", RecordingLog())
    model, encoder = load_tagger(tmp_path / "run" / "model.safetensors")
    texts = ["to boston on monday", "boston", "to new york", "flights on monday to denver on tuesday", "denver"]
    alone = [label(model, encoder, [text])[0] for text in texts]
    assert label(model, encoder, texts, batch_size=2) == alone
    assert [len(tags) for tags in alone] == [4, 1, 3, 7, 1]


def test_a_damaged_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"half a file")
    with pytest.raises(ValueError, match=r"model\.safetensors is not a whole safetensors file"):
        load_tagger(tmp_path / "model.safetensors")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"cell": "lstn"}, "lstm-1997"),
        ({"hiden_size": 3}, "unknown key 'hiden_size' in model of rnn-slots"),
        ({"cell": "clockwork", "hidden_size": 7}, "hidden_size"),
    ],
)
def test_wrong_settings_are_told_before_training(changes: dict[str, object], says: str, tiny_run: MakeRun) -> None:
    run = tiny_run()
    with pytest.raises(ValueError, match=says):
        settings(dataclasses.replace(run, model={**run.model, **changes}))
