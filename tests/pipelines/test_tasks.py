"""What every task keeps: the files and figures that its comparison names, same bits for the same seed, exact resume."""

import dataclasses
import json
import re
import shutil
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from inputs.texts import clean, is_mark
from pipelines import task
from pipelines.nn.typed import TextPredictor
from pipelines.reporting import sealed
from pipelines.reporting.comparison import compare
from pipelines.settings import Run
from pipelines.task import Log, Row
from tests.pipelines.examples import EXAMPLES, Example, RecordingLog, contents

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_thread")]

Trained = tuple[Path, Row, list[Row]]  # a folder, the figures, and the rows of the log
ODD = (
    "日本語 のテキスト",
    "مرحبا بالعالم",
    "e\u0301 \U0001f600 \ufeff",
    "\x00 \x07\x1b[31m \x7f",
    "x" * 10_000,
    '{"inputs": ["a"]}',
    "good to " * 50_000,
)
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(params=EXAMPLES.values(), ids=["-".join(name) for name in EXAMPLES])
def example(request: pytest.FixtureRequest) -> Example:
    found: Example = request.param
    return found


def only(kept: Callable[[Example], bool]) -> pytest.MarkDecorator:
    """The examples that a test is about."""
    found = {"-".join(name): example for name, example in EXAMPLES.items() if kept(example)}
    return pytest.mark.parametrize("example", found.values(), ids=list(found), indirect=True)


@pytest.fixture
def prepared(example: Example, tmp_path: Path) -> Path:
    return example.write(tmp_path / "tables")


def train(run: Run, tables: Path, out: Path, log: Log) -> Row:
    out.mkdir(exist_ok=True)
    return task.find(run.family, run.task).trainer.train(run, tables, out, log)


@pytest.fixture(scope="module")
def trainings() -> dict[str, Trained]:
    """What `trained` has made, by pipeline."""
    return {}


@pytest.fixture
def trained(
    example: Example, prepared: Path, trainings: dict[str, Trained], tmp_path_factory: pytest.TempPathFactory
) -> Trained:
    """A run with seed 0, the same one for every test that only looks at it."""
    name = example.run().pipeline
    if name not in trainings:
        out, log = tmp_path_factory.mktemp("trained"), RecordingLog()
        trainings[name] = out, train(example.run(), prepared, out, log), log.rows
    return trainings[name]


def test_there_is_an_example_of_every_task() -> None:
    folders = {path.parts[-3:-1] for path in (ROOT / "pipelines").glob("*/*/train.py")}
    assert folders == set(EXAMPLES)


def test_a_run_leaves_what_its_comparison_names(example: Example, trained: Trained) -> None:
    out, figures, rows = trained
    by = task.find(example.family, example.task).comparison
    assert figures.keys() >= {figure.name for figure in by.figures} | {"best_epoch", "parameters"}
    files = contents(out)
    assert files.keys() >= {
        "history.csv",
        "metrics.json",
        *(f"{name}.png" for name in by.pictures),
        *by.documents,
    }
    assert ("model.safetensors" in files) == (example.asked is not None)
    assert "checkpoint.safetensors" not in files
    assert json.loads(files["metrics.json"]) == figures
    history = pd.read_csv(out / "history.csv")
    assert history.columns.to_list()[0] == "epoch"
    assert set(history) >= {*by.curves, by.chosen_by.name}
    assert history.to_dict("records") == [pytest.approx(row, rel=1e-5) for row in rows]
    best = max(rows, key=lambda row: row[by.chosen_by.name] * (-1 if by.chosen_by.lower_is_better else 1))
    assert figures[by.chosen_by.name] == best[by.chosen_by.name]


def test_a_run_can_be_compared(example: Example, trained: Trained, tmp_path: Path) -> None:
    by, run = task.find(example.family, example.task).comparison, example.run()
    folder = tmp_path / "models" / run.pipeline / run.name
    shutil.copytree(trained[0], folder)
    sealed.write(folder, {"params": dataclasses.asdict(run), "fingerprint": "", "finished": True})
    found = compare(run.pipeline, by, tmp_path)
    assert list(found.table.index) == [run.variant]
    shown = contents(tmp_path / "reports" / run.pipeline / "pictures").keys()
    expected = {"variants", *by.pictures, *by.overlays, *(["curves"] if by.curves else [])}
    assert shown == {f"{name}.png" for name in expected}
    report = (tmp_path / "reports" / run.pipeline / "page" / "report.md").read_text(encoding="utf-8")
    assert all(f"(../pictures/{name}.png)" in report for name in expected)


def test_a_task_has_a_module_to_answer_with_if_its_result_is_a_model(example: Example) -> None:
    answers = (ROOT / "pipelines" / example.family / example.task / "predict.py").is_file()
    assert answers == (example.asked is not None)


def test_the_same_seed_makes_the_same_files(example: Example, prepared: Path, trained: Trained, tmp_path: Path) -> None:
    train(example.run(), prepared, tmp_path / "again", RecordingLog())
    one, two = contents(trained[0]), contents(tmp_path / "again")
    assert one.keys() == two.keys()
    assert [name for name in one if one[name] != two[name]] == []


@only(lambda example: example.asked is not None)
def test_another_seed_makes_another_run(example: Example, prepared: Path, trained: Trained, tmp_path: Path) -> None:
    train(example.run(1), prepared, tmp_path / "other", RecordingLog())
    decided = "model.safetensors" if example.learns else "metrics.json"  # a closed form has no seed, trying it has
    assert (trained[0] / decided).read_bytes() != (tmp_path / "other" / decided).read_bytes()


@only(lambda example: example.learns)
def test_an_interrupted_run_ends_with_the_same_files(
    example: Example, prepared: Path, trained: Trained, tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(example.run(), prepared, tmp_path / "halves", RecordingLog(interrupted_at=2))
    assert contents(tmp_path / "halves").keys() == {"checkpoint.safetensors"}
    log = RecordingLog()
    train(example.run(), prepared, tmp_path / "halves", log)
    assert [row["epoch"] for row in log.rows] == [2]
    whole, halves = contents(trained[0]), contents(tmp_path / "halves")
    assert [name for name in whole if whole[name] != halves.get(name)] == []
    assert whole.keys() == halves.keys()


def shorten_test(folder: Path) -> None:
    """Leaves three rows of the test split, or of a table with all splits in it every other case."""
    for path in folder.glob("*.parquet"):
        table = pd.read_parquet(path)
        if path.stem.split("-")[-1] == "test":
            table.iloc[:3].to_parquet(path)
        elif "split" in table:
            cases = table["case" if "case" in table else "id"]
            table[(table["split"] != "test") | (cases % 4 < 2)].to_parquet(path)


@only(lambda example: example.held_out)
def test_test_data_is_not_read_before_the_end(
    example: Example, prepared: Path, trained: Trained, tmp_path: Path
) -> None:
    """Other test data changes no weight, no epoch and no figure but its own."""
    shorten_test(prepared)
    train(example.run(), prepared, tmp_path / "run", RecordingLog())
    one, two = contents(trained[0]), contents(tmp_path / "run")
    assert one["model.safetensors"] == two["model.safetensors"]
    assert one["history.csv"] == two["history.csv"]
    assert one["metrics.json"] != two["metrics.json"] or one.get("predictions.csv") != two.get("predictions.csv")


@pytest.mark.parametrize(("part", "key"), [("model", "no_such_key"), ("training", "epoch")])
def test_an_unknown_setting_is_named_before_training(example: Example, part: str, key: str) -> None:
    run = example.run()
    changes: dict[str, Any] = {part: {**vars(run)[part], key: 1}}
    with pytest.raises(ValueError, match=f"unknown key '{key}' in {part} of {run.name}: known are "):
        task.find(run.family, run.task).trainer.settings(dataclasses.replace(run, **changes))


def test_a_resolved_run_has_every_setting_and_stays_the_same(example: Example) -> None:
    found = task.find(example.family, example.task)
    run = example.run()
    resolved = found.resolve(run)
    model, training = found.trainer.settings(run)
    assert list(resolved.model) == [field.name for field in dataclasses.fields(model)]
    assert list(resolved.training) == [field.name for field in dataclasses.fields(training)]
    assert dataclasses.replace(resolved, model=run.model, training=run.training) == run, "nothing else changes"
    assert found.trainer.settings(resolved) == (model, training)
    assert found.resolve(resolved) == resolved
    assert json.dumps(vars(resolved))


def asked(predictor: task.Predictor, text: str) -> dict[str, Any] | str:
    """The answer, or what is wrong with the text."""
    try:
        return predictor([text])[0]
    except ValueError as error:
        return str(error)


def full_width(text: str) -> str:
    """Its ASCII letters as East Asian keyboards have them."""
    return "".join(chr(ord(one) + 0xFEE0) if one.isascii() and one.isalpha() else one for one in text)


@only(lambda example: example.asked is not None)
def test_a_saved_model_answers_in_words(example: Example, prepared: Path, trained: Trained) -> None:
    predictor = task.find(example.family, example.task).predictor(trained[0] / "model.safetensors")
    assert example.asked is not None
    texts = example.asked(prepared)
    answers = predictor(texts)
    assert len(answers) == 3
    assert answers == predictor(texts), "asking changes nothing"
    assert json.loads(json.dumps(answers)) == answers, "an answer is JSON"
    for text, answer in zip(texts, answers, strict=True):
        alone = predictor([text])[0]
        assert alone.keys() == answer.keys()
        assert task.find(example.family, example.task).predictor.shown(answer).strip()
    if isinstance(predictor, TextPredictor):
        for text in texts:
            invisible = "\u200b".join(["\ufeff", *text, "\u202c"])
            for same in (invisible, unicodedata.normalize("NFD", text), full_width(text)):
                assert predictor([same])[0] == predictor([text])[0] | {"text": same}
    for odd in ODD:
        found = asked(predictor, odd)
        if isinstance(found, str):
            assert re.search(r"\b(text|case) 1\b", found), "an error says which text it is about"
            continue
        assert json.loads(json.dumps(found)) == found
        assert task.find(example.family, example.task).predictor.shown(found).strip()
        for read in {"words", "prompt"} & found.keys():
            words = [word for word in clean(odd).split() if not all(map(is_mark, word))]
            assert len(found[read]) >= len(words), "nothing is cut silently"
    assert predictor([]) == []
    wrong, says = example.refused
    with pytest.raises(ValueError, match=says):
        predictor([texts[0], wrong])
    first, refused, last = task.answered(predictor, [texts[0], wrong, texts[1]])
    assert [first, last] == [predictor([text])[0] for text in texts[:2]], "one text costs no other its answer"
    assert refused.keys() == {"error"}
