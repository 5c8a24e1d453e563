"""Section `pipelines` of params.yaml: what overrides what, and that a mistake is reported with the known names."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import yaml

import params
from pipelines import task
from pipelines.nn.cells import CELLS
from pipelines.settings import Pipeline, Run, load_pipeline, names

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "params.yaml"
pytestmark = pytest.mark.usefixtures("one_thread")

MODEL = {"cell": "lstm", "hidden_size": 100}
TRAINING = {"epochs": 8, "learning_rate": 0.01}


def section(**changes: Any) -> dict[str, Any]:
    """A pipeline's section of params.yaml."""
    return {
        "dataset": "slots",
        "device": "cpu",
        "seeds": 2,
        "model": MODEL,
        "training": TRAINING,
        "variants": {"lstm": {}, "gru": {"model": {"cell": "gru"}}},
        "public": {},
    } | changes


def load(pipelines: Any, tmp_path: Path, *, source: str = "builtin", name: str = "rnn-slots") -> Pipeline:
    path = tmp_path / "params.yaml"
    content = {"data": {"source": source}, "datasets": {"slots": {}}, "pipelines": pipelines}
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return load_pipeline(name, path)


def runs(tmp_path: Path, *, source: str = "builtin", **changes: Any) -> list[Run]:
    return list(load({"rnn": {"slots": section(**changes)}}, tmp_path, source=source).runs)


def test_a_run_for_each_variant_and_seed(tmp_path: Path) -> None:
    pipeline = load({"rnn": {"slots": section()}}, tmp_path)
    assert (pipeline.name, pipeline.family, pipeline.task) == ("rnn-slots", "rnn", "slots")
    assert (pipeline.dataset, pipeline.source) == ("slots", "builtin")
    assert [run.name for run in pipeline.runs] == [
        "rnn-slots-lstm-s0",
        "rnn-slots-lstm-s1",
        "rnn-slots-gru-s0",
        "rnn-slots-gru-s1",
    ]
    assert pipeline.runs[3] == pipeline.run("gru", 1)
    assert pipeline.runs[3] == Run(
        "rnn-slots", "rnn", "slots", "slots", "gru", 1, "cpu", MODEL | {"cell": "gru"}, TRAINING
    )


def test_what_is_left_out_is_a_default(tmp_path: Path) -> None:
    (run,) = load({"rnn": {"slots": {"dataset": "slots", "variants": {"lstm": {}}}}}, tmp_path).runs
    assert run == Run("rnn-slots", "rnn", "slots", "slots", "lstm", 0, "auto", {}, {})


def test_variant_over_public_over_section(tmp_path: Path) -> None:
    changes = {
        "variants": {"gru": {"model": {"cell": "gru"}}, "lstm": {"seeds": 1}},
        "public": {"seeds": 3, "model": {"cell": "scrn", "hidden_size": 50}, "training": {"epochs": 20}},
    }
    public = runs(tmp_path, source="public", **changes)
    assert [run.name.removeprefix("rnn-slots-") for run in public] == ["gru-s0", "gru-s1", "gru-s2", "lstm-s0"]
    assert public[0].model == {"cell": "gru", "hidden_size": 50}
    assert public[-1].model == {"cell": "scrn", "hidden_size": 50}
    assert public[0].training == {"epochs": 20, "learning_rate": 0.01}
    builtin = runs(tmp_path, source="builtin", **changes)
    assert [run.name.removeprefix("rnn-slots-") for run in builtin] == ["gru-s0", "gru-s1", "lstm-s0"]
    assert [(run.model["hidden_size"], run.training["epochs"]) for run in builtin] == [(100, 8)] * 3


def test_a_variant_may_need_another_device_or_not_be_run(tmp_path: Path) -> None:
    public = {"variants": {"lstm": {"seeds": 0}, "whole": {"device": "cuda"}}}
    pipeline = load({"rnn": {"slots": section(public=public, seeds=1)}}, tmp_path, source="public")
    assert [(run.variant, run.device) for run in pipeline.runs] == [("gru", "cpu"), ("whole", "cuda")]
    assert pipeline.run("lstm").model == MODEL, "its settings are known all the same"


def test_public_may_add_a_variant(tmp_path: Path) -> None:
    added = runs(tmp_path, source="public", public={"variants": {"irnn": {"model": {"cell": "irnn"}}}})
    assert {run.variant for run in added} == {"lstm", "gru", "irnn"}


def test_public_may_be_left_out(tmp_path: Path) -> None:
    without = section()
    del without["public"]
    assert len(load({"rnn": {"slots": without}}, tmp_path, source="public").runs) == 4


def test_the_source_follows_from_params_alone_or_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "params.yaml"
    content: dict[str, Any] = {"data": {"source": "builtin"}, "datasets": {"slots": {"source": "public"}}}
    content |= {"pipelines": {"rnn": {"slots": section(public={"seeds": 5})}}}
    file.write_text(yaml.safe_dump(content))
    assert [load_pipeline("rnn-slots", file).source, len(load_pipeline("rnn-slots", file).runs)] == ["public", 10]
    assert len(load_pipeline("rnn-slots", file, "builtin").runs) == 4


def test_the_task_is_the_key_unless_it_is_named(tmp_path: Path) -> None:
    pipelines = {"rnn": {"key-terms": section(), "terms": section(task="key_terms")}}
    assert load(pipelines, tmp_path, name="rnn-key-terms").task == "key_terms"
    assert load(pipelines, tmp_path, name="rnn-terms").task == "key_terms"


def test_names_are_family_and_key_in_the_files_order(tmp_path: Path) -> None:
    file = tmp_path / "params.yaml"
    pipelines: dict[str, Any] = {"rnn": {"slots": {}, "key-terms": {}}, "ctc": {"speech": {}}}
    file.write_text(yaml.safe_dump({"data": {}, "datasets": {}, "pipelines": pipelines}, sort_keys=False))
    assert names(file) == ["rnn-slots", "rnn-key-terms", "ctc-speech"]


SLOTS = "pipelines.rnn.slots"
KEYS = "device, seeds, model, training"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"learning_rat": 1},
         f"unknown key 'learning_rat' in {SLOTS}: known are {KEYS}, dataset, task, variants, public"),
        ({"variants": {"gru": {"cell": "gru"}}}, f"unknown key 'cell' in {SLOTS}.variants.gru: known are {KEYS}"),
        ({"variants": {"gru": "gru"}}, f"{SLOTS}.variants.gru is 'gru': expected a section with entries"),
        ({"variants": {"gru": None}}, f"{SLOTS}.variants.gru is None: expected a section with entries"),
        ({"variants": {1997: {}}}, f"a key of {SLOTS}.variants is 1997: expected text"),
        ({"variants": {}}, f"{SLOTS} has no runs"),
        ({"seeds": 0}, f"{SLOTS} has no runs"),
        ({"seeds": -1}, f"{SLOTS}: seeds is -1: it is a count, 0 or more"),
        ({"seeds": "2"}, f"{SLOTS}.seeds is '2': expected a whole number"),
        ({"seeds": 2.0}, f"{SLOTS}.seeds is 2.0: expected a whole number"),
        ({"seeds": True}, f"{SLOTS}.seeds is True: expected a whole number"),
        ({"variants": {"gru": {"seeds": True}}}, f"{SLOTS}.variants.gru.seeds is True: expected a whole number"),
        ({"model": None}, f"{SLOTS}.model is None: expected a section with entries"),
        ({"model": ["lstm"]}, f"{SLOTS}.model is ['lstm']: expected a section with entries"),
        ({"device": None}, f"{SLOTS}.device is None: choose from auto, cpu, cuda"),
        ({"device": "gpu"}, f"{SLOTS}.device is 'gpu': choose from auto, cpu, cuda"),
        ({"dataset": "slot"}, "no data set 'slot' in params.yaml: datasets lists slots"),
        ({"task": "slot"}, f"{SLOTS}: the task is 'slot': the family rnn has "),
    ],
)  # fmt: skip
def test_a_mistake_names_what_was_found_where_and_what_is_known(
    changes: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the message is compared below)
        runs(tmp_path, **changes)
    assert message in str(caught.value)


def test_an_unknown_family_lists_the_folders(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^pipelines\.cnn\.slots: the family is 'cnn': choose from (\w+, )*rnn\b"):
        load({"cnn": {"slots": section()}}, tmp_path, name="cnn-slots")


def test_an_unknown_variant_lists_the_known(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="rnn-slots has no variant 'elman': choose from lstm, gru"):
        load({"rnn": {"slots": section()}}, tmp_path).run("elman")


def test_a_mistake_in_the_public_part_counts_on_public_data_and_names_it(tmp_path: Path) -> None:
    public = {"epochs": 3}
    assert runs(tmp_path, source="builtin", public=public)
    with pytest.raises(ValueError, match=r"unknown key 'epochs' in pipelines\.rnn\.slots with its 'public' part"):
        runs(tmp_path, source="public", public=public)


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^pipelines\.rnn\.slots lacks dataset, variants$"):
        load({"rnn": {"slots": {}}}, tmp_path)


def test_an_unknown_pipeline_lists_the_known(tmp_path: Path) -> None:
    pipelines = {"rnn": {"slots": section()}, "ctc": {"digits": {}}}
    with pytest.raises(ValueError, match=r"no pipeline 'rnn-slot' in .*params\.yaml: it lists rnn-slots, ctc-digits"):
        load(pipelines, tmp_path, name="rnn-slot")


@pytest.mark.parametrize("content", [None, "text", ["slots"], 3])
def test_a_family_that_is_no_mapping(content: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^pipelines\.rnn is .*: expected a section with an entry per pipeline"):
        load({"rnn": content}, tmp_path)


@pytest.mark.parametrize("content", [None, "text", ["family"]])
def test_a_pipeline_that_is_no_mapping(content: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=rf"^pipelines\.rnn\.slots is .*: expected a section with keys out of {KEYS}"):
        load({"rnn": {"slots": content}}, tmp_path)


@pytest.mark.parametrize("name", names(FILE))
@pytest.mark.parametrize("source", ["builtin", "public"])
def test_the_projects_own_file_holds_what_the_tasks_read(name: str, source: params.Source) -> None:
    pipeline = load_pipeline(name, FILE, source)
    found = task.find(pipeline.family, pipeline.task)
    for variant in pipeline.variants:  # those of 0 seeds too
        found.resolve(pipeline.run(variant))
    assert len({run.name for run in pipeline.runs}) == len(pipeline.runs)


@pytest.mark.parametrize("name", names(FILE))
def test_the_projects_own_file_repeats_no_default(name: str) -> None:
    family, _, key = name.partition("-")
    section = params.read(FILE)["pipelines"][family][key]
    pipeline = load_pipeline(name, FILE, "builtin")
    assert {part: section[part] for part in ("device", "seeds") if part in section}.items().isdisjoint(
        {"device": "auto", "seeds": 1}.items()
    )
    settings = task.find(pipeline.family, pipeline.task).trainer.settings(pipeline.runs[0])
    for part, known in zip(("model", "training"), settings, strict=True):
        defaults = {field.name: field.default for field in dataclasses.fields(known)}
        written = section.get(part, {})
        assert [setting for setting, value in written.items() if defaults[setting] == value] == []


def test_the_projects_own_file_is_short_enough_to_be_read() -> None:
    lines = FILE.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 450
    assert max(map(len, lines)) <= 120


@pytest.mark.parametrize("name", ["rnn-slots", "rnn-sentiment"])
def test_the_recurrent_pipelines_compare_all_cells(name: str) -> None:
    pipeline = load_pipeline(name, FILE, "builtin")
    resolved = [task.find(pipeline.family, pipeline.task).resolve(run) for run in pipeline.runs]
    assert {run.model["cell"] for run in resolved} == set(CELLS)
