"""Everyday sentences, which no split has: what the champion of the built-in reviews answers.

They were written before the reviews had remarks (stages/texts/remarks.py), and settings were chosen on val.
"""

import json
from pathlib import Path

import pytest

from pipelines import task
from pipelines.settings import load_pipeline
from stages import __main__ as stages_cli
from stages.texts.remarks import EVERYDAY
from stages.texts.reviews import VERDICTS

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_thread")]

ROOT = Path(__file__).resolve().parents[4]
FEWEST_RIGHT = 18  # of 20


def champion_variant() -> str:
    """The variant that is best on val, as recorded."""
    records = json.loads((ROOT / "pipelines" / "rnn" / "results.json").read_text())["records"]
    own = [record for record in records if record["pipeline"] == "rnn-sentiment" and "data" not in record]
    return str(max(own, key=lambda record: float(record["figures"]["val_accuracy"]))["variant"])


def test_a_champion_is_right_about_everyday_sentences(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text((ROOT / "params.yaml").read_text())
    for verb in ("download", "validate"):
        assert stages_cli.main([verb, "sentiment"]) == 0
    sentiment, run = task.find("rnn", "sentiment"), load_pipeline("rnn-sentiment").run(champion_variant())
    figures = sentiment.trainer.train(run, Path("data/validated/sentiment"), tmp_path, task.NullLog())
    assert figures["test_accuracy"] > 98
    answers = sentiment.predictor(tmp_path / "model.safetensors")(list(EVERYDAY))
    wrong = [answer["text"] for answer in answers if answer["label"] != VERDICTS[EVERYDAY[answer["text"]]]]
    assert len(EVERYDAY) - len(wrong) >= FEWEST_RIGHT, wrong
