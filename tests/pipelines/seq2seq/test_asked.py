"""What a parser and an auto-encoder say to texts that are not as they should be; translation's are in its own tests."""

from pathlib import Path

import pytest

from pipelines import task
from tests.pipelines.examples import EXAMPLES, RecordingLog

pytestmark = pytest.mark.usefixtures("one_thread")
ODD = "сорок 四十 zebra"  # no word of it is known


@pytest.fixture(scope="module", params=["parsing", "sentences"])
def asked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> task.Predictor:
    example = EXAMPLES["seq2seq", request.param]
    folder = tmp_path_factory.mktemp(request.param)
    tables, out = example.write(folder / "tables"), folder / "run"
    out.mkdir()
    task.find("seq2seq", request.param).trainer.train(example.run(epochs=1), tables, out, RecordingLog())
    return task.find("seq2seq", request.param).predictor(Path(out / "model.safetensors"))


@pytest.mark.parametrize(
    ("text", "says"),
    [("", "text 2 of 2 holds no words"), (" \t\n", "no words"), ("word " * 5000, "text 2 of 2 has 5,000 words")],
)
def test_what_cannot_be_answered_is_named(asked: task.Predictor, text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        asked([ODD, text])


def test_a_text_of_which_no_word_is_known_gets_no_verdict(asked: task.Predictor) -> None:
    answer = asked([ODD])[0]
    assert set("".join(answer["unknown"])) == set("".join(ODD.split()))
    assert asked.shown(answer) == f"no verdict: none of its words was in training: {' '.join(answer['unknown'])}"


def test_no_text_has_no_answer(asked: task.Predictor) -> None:
    assert asked([]) == []
