"""The command `show`: settings as YAML that can be read back, each variant as it differs from what most share."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

import params
from pipelines import task
from pipelines.__main__ import main
from pipelines.reporting.show import show
from pipelines.settings import load_pipeline, names

FILE = Path(__file__).resolve().parents[3] / "params.yaml"
pytestmark = pytest.mark.usefixtures("one_thread")

PIPELINES = {
    "rnn": {
        "slots": {
            "dataset": "slots",
            "model": {"dropout": 0.4},
            "training": {"epochs": 4, "batch_size": 32},
            "variants": {
                "elman": {"model": {"cell": "elman"}},
                "lstm": {},
                "wide": {"device": "cpu", "model": {"hidden_size": 7}, "training": {"epochs": 5}},
                "unused": {"seeds": 0, "model": {"dropout": 0.1}},
            },
            "public": {"seeds": 3, "training": {"epochs": 15}},
        }
    }
}


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    content = {"data": {"source": "builtin"}, "datasets": {"slots": {}}, "pipelines": PIPELINES}
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    return tmp_path / "params.yaml"


def test_variants_are_shown_as_they_differ_from_what_most_share(file: Path) -> None:
    text = show(load_pipeline("rnn-slots", file))
    shown = yaml.safe_load(text)
    assert {key: shown[key] for key in ("pipeline", "dataset", "source", "device", "seeds")} == {
        "pipeline": "rnn-slots", "dataset": "slots", "source": "builtin", "device": "auto", "seeds": 1,
    }  # fmt: skip
    assert (shown["model"]["cell"], shown["model"]["dropout"], shown["training"]["epochs"]) == ("lstm", 0.4, 4)
    assert shown["variants"] == {
        "elman": {"model": {"cell": "elman"}},
        "lstm": {},
        "wide": {"device": "cpu", "model": {"hidden_size": 7}, "training": {"epochs": 5}},
        "unused": {"seeds": 0, "model": {"dropout": 0.1}},
    }
    assert "\n  cell: lstm\n" in text, "a line a setting"
    assert "\n  wide: {device: cpu, model: {hidden_size: 7}, training: {epochs: 5}}\n" in text, "a line a variant"


def test_of_values_that_equally_many_variants_have_the_default_is_shown(file: Path) -> None:
    """Two variants of each cell, Elman's first; the default of the task is lstm."""
    cells = ("elman", "lstm", "elman", "lstm")
    variants = {f"{cell}-{number}": {"model": {"cell": cell}} for number, cell in enumerate(cells)}
    widths = {"narrow": {"model": {"hidden_size": 3}}, "wide": {"model": {"hidden_size": 4}}}
    content = yaml.safe_load(file.read_text())
    section = content["pipelines"]["rnn"]["slots"]
    for section["variants"], key, value in ((variants, "cell", "lstm"), (widths, "hidden_size", 3)):
        file.write_text(yaml.safe_dump(content, sort_keys=False))
        assert yaml.safe_load(show(load_pipeline("rnn-slots", file)))["model"][key] == value


def test_the_command_prints_them(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "rnn-slots", "--variant", "wide", "--data", "public"]) == 0
    shown = yaml.safe_load(capsys.readouterr().out)
    assert (shown["variant"], shown["source"], shown["seeds"], shown["device"]) == ("wide", "public", 3, "cpu")
    assert (shown["model"]["hidden_size"], shown["training"]["epochs"]) == (7, 5), "a variant is over the public part"
    assert main(["show", "rnn-slots"]) == 0
    assert capsys.readouterr().out == show(load_pipeline("rnn-slots", file))


def test_a_mistake_is_one_message(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["show", "rnn-slots", "--variant", "gru"]) == 1
    assert capsys.readouterr().err == "error: rnn-slots has no variant 'gru': choose from elman, lstm, wide, unused\n"
    file.write_text(file.read_text().replace("dropout: 0.4", "drop_out: 0.4"))
    assert main(["show", "rnn-slots"]) == 1
    assert "unknown key 'drop_out' in model of rnn-slots-elman-s0: known are " in capsys.readouterr().err


@pytest.mark.parametrize("name", names(FILE))
@pytest.mark.parametrize("source", ["builtin", "public"])
def test_what_is_shown_of_the_projects_pipelines_is_what_their_runs_use(name: str, source: params.Source) -> None:
    pipeline = load_pipeline(name, FILE, source)
    own_task = task.find(pipeline.family, pipeline.task)
    shown: dict[str, Any] = yaml.safe_load(show(pipeline))
    assert list(shown["variants"]) == list(pipeline.variants)
    for variant, own in shown["variants"].items():
        run = own_task.resolve(pipeline.run(variant))
        for part in ("model", "training"):
            used = json.loads(json.dumps(getattr(run, part)))  # tuples as lists
            assert {**shown[part], **own.get(part, {})} == used
        assert own.get("seeds", shown["seeds"]) == pipeline.variants[variant].seeds
        assert own.get("device", shown["device"]) == run.device
    alone = yaml.safe_load(show(pipeline, variant))
    assert (alone["model"], alone["seeds"], alone["device"]) == (
        {**shown["model"], **own.get("model", {})},
        pipeline.variants[variant].seeds,
        run.device,
    )
