"""The command `predict`: a text that cannot be answered is named by its number and costs no other its answer."""

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image

from pipelines import task
from pipelines.__main__ import main
from pipelines.runs import tracking


class Champion:
    """In place of a tagger in the registry: it answers all texts at once, or refuses the first that it cannot."""

    def __init__(self) -> None:
        self.config = {"family": "rnn", "task": "slots"}
        self.tags: dict[str, str] = {}
        self.asked: list[int] = []

    def predict(self, texts: list[str]) -> list[task.Answer]:
        return task.answered(self._answer, texts)

    def _answer(self, texts: list[str]) -> list[task.Answer]:
        self.asked.append(len(texts))
        for number, text in enumerate(texts, start=1):
            if not text or len(text) > 20:
                raise ValueError(f"text {number} of {len(texts)} is {'too long' if text else 'empty'}")
        return [{"text": text, "words": [text], "tags": ["O"], "unknown": []} for text in texts]


class Tracker:
    def __init__(self) -> None:
        self.found = Champion()

    def champion(self, name: str) -> Champion:
        assert name == "rnn-slots"
        return self.found


@pytest.fixture
def champion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Champion:
    monkeypatch.chdir(tmp_path)  # without the outputs of stages
    tracker = Tracker()
    monkeypatch.setattr(tracking, "tracker", lambda: tracker)
    return tracker.found


def typed(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


def test_an_empty_line_is_named_by_its_number_and_the_others_are_answered(
    champion: Champion, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed(monkeypatch, b"one\r\n\r\ntwo\r\n" + b"x" * 30 + b"\r\nthree")
    assert main(["predict", "rnn-slots"]) == 1
    out, err = capsys.readouterr()
    assert out.split() == ["one", "O", "two", "O", "three", "O"]
    assert err.splitlines() == ["error: line 2: the text is empty", "error: line 4: the text is too long"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\xef\xbb\xbfmontr\xc3\xa9al\r\n", ""),
        (b"montr\xe9al\n", "read as: Windows-1252\n"),
        ("montréal\n".encode("utf-16"), "read as: UTF-16\n"),
        ("montréal\n".encode(), ""),
    ],
)
def test_how_lines_were_decoded_is_reported(
    content: bytes,
    says: str,
    champion: Champion,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    typed(monkeypatch, content)
    assert main(["predict", "rnn-slots"]) == 0
    assert capsys.readouterr() == ("montréal  O\n\n", says)


def test_an_argument_is_named_as_a_text(champion: Champion, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", "rnn-slots", "one", "", "two"]) == 1
    assert capsys.readouterr() == ("one  O\n\ntwo  O\n\n", "error: text 2: the text is empty\n")


def test_one_bad_text_of_many_costs_few_more_calls(champion: Champion) -> None:
    texts = [str(number) for number in range(1000)]
    texts[300] = ""
    answers: list[dict[str, Any]] = champion.predict(texts)
    assert [number for number, answer in enumerate(answers) if "error" in answer] == [300]
    assert len(champion.asked) <= 25
    assert champion.predict([]) == []


@pytest.mark.parametrize("suffix", ["png", "wav"])
def test_a_file_that_cannot_be_read_costs_no_other_its_answer(
    suffix: str,
    champion: Champion,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    family, name = {"png": ("vgg16", "images"), "wav": ("ctc", "speech")}[suffix]
    champion.config = {"family": family, "task": name}
    monkeypatch.setattr(champion, "predict", lambda texts: [{"error": f"{len(texts)} asked"}])
    good, empty, absent = (tmp_path / f"{stem}.{suffix}" for stem in ("good", "empty", "absent"))
    if suffix == "png":
        Image.new("RGB", (40, 40)).save(good)
    else:
        soundfile.write(good, np.random.default_rng(0).uniform(-0.1, 0.1, 8000), 8000)
    empty.touch()
    assert main(["predict", "rnn-slots", str(empty), str(good), str(absent), str(good)]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[1].split()[0] for line in lines] == [str(empty), "text", str(absent), "text"]
    assert lines[0].startswith(f"error: {empty} is empty")


def test_a_pipeline_whose_result_is_a_report_names_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", "gaussian-mle"]) == 1
    assert "a report, no model that answers: data/reports/gaussian-mle/page/report.md" in capsys.readouterr().err


def test_help_on_what_a_pipeline_reads(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", "gaussian-classification", "--help"]) == 0
    assert "`--hp 50 --attack 65` is one" in capsys.readouterr().out
