"""The classifier on a command line: cases from options, texts and files, and what it refuses."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.gaussian import classifier
from pipelines.gaussian.classification.predict import Predictor
from pipelines.gaussian.classification.saved import save_classifier
from pipelines.gaussian.classification.train import settings
from tests.pipelines.examples import EXAMPLES


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes by hp and attack; `total` is their sum."""
    rng = np.random.default_rng(0)
    rows = np.concatenate([rng.normal(50, 5, (40, 2)), rng.normal(80, 5, (40, 2))])
    rows = np.column_stack([rows, rows.sum(axis=1)])
    fitted = classifier.fit(rows, ["Normal"] * 40 + ["Water"] * 40, "shared", features=("hp", "attack", "total"))
    path = tmp_path_factory.mktemp("classifier") / "model.safetensors"
    save_classifier(path, fitted)
    return path


def test_answers_are_the_posteriors(weights: Path) -> None:
    answers = Predictor(weights)(["hp=48 attack=52", "attack=81 hp=80 total=161"])
    assert [answer["label"] for answer in answers] == ["Normal", "Water"]
    for answer in answers:
        assert next(iter(answer["probabilities"])) == answer["label"]
        assert sum(answer["probabilities"].values()) == pytest.approx(1)
        assert answer["confidence"] == max(answer["probabilities"].values())
    assert (
        Predictor.shown({"probabilities": {"Water": 0.625, "Normal": 0.375}, "unread": []})
        == "Water 62.5%, Normal 37.5%"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hp=50", "case 1 of 1 lacks attack: the classifier reads hp, attack, total, each as NAME=NUMBER"),
        ("", "case 1 of 1 lacks hp, attack"),
        (
            "hp=50 speed=1",
            "case 1 of 1 lacks attack and names 'speed': the classifier reads hp, attack, total, each as",
        ),
        ("hp=50 # line 7 of a.csv", "line 7 of a.csv lacks attack"),
        ("hp=50 attack=much", "attack of case 1 of 1 is 'much': expected a number"),
        ("hp=50 attack", "attack of case 1 of 1 is '': expected a number"),
        ("hp=50 attack=inf", "attack of case 1 of 1 is inf: expected a finite number"),
    ],
)
def test_cases_that_are_refused(weights: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Predictor(weights)([text])


def test_options_are_one_case() -> None:
    assert Predictor.inputs(["--hp", "50", "--special-attack", "-65"]) == ["hp=50 special-attack=-65"]
    assert Predictor.inputs(["--hp=50", "--attack", "65"]) == ["hp=50 attack=65"]
    assert Predictor.inputs(["hp=50 attack=1", "hp=2 attack=3"]) == ["hp=50 attack=1", "hp=2 attack=3"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--hp", "50", "--attack"], "--attack has no value: give each feature as --NAME NUMBER"),
        (["--hp", "50", "60"], "expected a feature, found '60'"),
        (["none.csv"], "none.csv cannot be read: No such file"),
        (["NONE.CSV", "--decimal", "x"], "argument --decimal: 'x': expected . or ,"),
    ],
)
def test_options_that_are_refused(arguments: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Predictor.inputs(arguments)


def test_a_file_is_a_case_a_row(tmp_path: Path, weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "CASES.CSV"
    file.write_text("hp,attack\n50,60\n 70 ,80.5\n")
    one, two = Predictor.inputs([str(file)])
    assert (one, two) == (f"hp=50.0 attack=60.0 # line 2 of {file}", f"hp=70.0 attack=80.5 # line 3 of {file}")
    assert capsys.readouterr().err == "read as: ',' separated, decimal point\n"
    answers = Predictor(weights)([one, two])
    assert answers == Predictor(weights)(["hp=50 attack=60", "hp=70 attack=80.5"])
    for content, message in (
        ("hp,attack\n", "holds no case"),
        ("hp,attack\n1,2\n1\n", "line 3 of .*: 1 cell"),
        ("hp\n1,2,3\n", "line 2 of .*: 3 cells"),
    ):
        file.write_text(content)
        with pytest.raises(ValueError, match=message):
            Predictor.inputs([str(file)])


@pytest.mark.parametrize(
    ("content", "options"),
    [
        ("hp;attack\n50,5;60\n70;80,25\n", []),
        ("hp,attack,\n50.5,60,\n70,80.25,\n", []),
        ("\ufeffhp\tattack\r\n50,5\t60\r\n70\t80,25\r\n,,\r\n\t\r\n".replace(",,\r\n", ""), []),
        ("name,hp,attack\nMr. Mime,50.5,60\nNidoran F,70,80.25\n", []),
        ("hp|attack\n50.5|60\n70|80.25\n", ["--separator", "|"]),
    ],
)
def test_every_dialect_has_the_same_answers(
    content: str, options: list[str], tmp_path: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "cases.csv"
    file.write_text(content, encoding="utf-8")
    predictor = Predictor(weights)
    assert predictor(Predictor.inputs([str(file), *options])) == predictor(["hp=50.5 attack=60", "hp=70 attack=80.25"])
    assert ("numbers: name" in capsys.readouterr().err) == ("name" in content)


def test_a_name_that_is_no_feature_is_reported(weights: Path) -> None:
    (answer,) = Predictor(weights)(['hp=50 attack=60 "sp. attack"=7 id=3'])
    assert answer["unread"] == ["sp. attack", "id"]
    assert Predictor.shown(answer).endswith("(not read: sp. attack, id)")


def test_without_arguments_cases_are_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"hp=1 attack=2\nhp=3 attack=4\n")))
    assert Predictor.inputs([]) == ["hp=1 attack=2", "hp=3 attack=4"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"covariance": "round"}, "covariance is 'round': choose from shared, separate, naive"),
        ({"plotted_features": ["x1"]}, "plotted_features of .* is x1: a picture needs two features"),
        ({"folds": 1}, "folds is 1 and repeats 1: at least 2 folds"),
    ],
)
def test_settings_are_checked_before_training(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        settings(EXAMPLES["gaussian", "classification"].run(**changes))
