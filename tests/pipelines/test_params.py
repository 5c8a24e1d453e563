"""params.yaml: what overrides what, and that every mistake is told with what was found, where, and what is known."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml
from pipelines.params import Pipeline, Run, load_pipeline, parse, read

from pipelines import tasks
from pipelines.nn.cells import CELLS

ROOT = Path(__file__).resolve().parents[2]

MODEL = {"cell": "lstm", "hidden_size": 100}
TRAINING = {"epochs": 8, "learning_rate": 0.01}


def section(**changes: Any) -> dict[str, Any]:
    """A pipeline's section of params.yaml."""
    return {
        "family": "rnn",
        "task": "slots",
        "dataset": "slots",
        "device": "cpu",
        "workers": 2,
        "seeds": 2,
        "model": MODEL,
        "training": TRAINING,
        "variants": {"lstm": {}, "gru": {"model": {"cell": "gru"}}},
        "public": {},
    } | changes


def load(pipelines: Any, tmp_path: Path, *, source: str = "builtin", name: str = "rnn-slots") -> Pipeline:
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump({"data": {}, "datasets": {}, "pipelines": pipelines}, sort_keys=False))
    return load_pipeline(name, lambda dataset: {"slots": source}[dataset], path)


def runs(tmp_path: Path, *, source: str = "builtin", **changes: Any) -> list[Run]:
    return list(load({"rnn-slots": section(**changes)}, tmp_path, source=source).runs)


def test_a_run_for_each_variant_and_seed(tmp_path: Path) -> None:
    pipeline = load({"rnn-slots": section()}, tmp_path)
    assert (pipeline.name, pipeline.dataset, pipeline.workers) == ("rnn-slots", "slots", 2)
    assert [run.name for run in pipeline.runs] == [
        "rnn-slots-lstm-s0",
        "rnn-slots-lstm-s1",
        "rnn-slots-gru-s0",
        "rnn-slots-gru-s1",
    ]
    assert pipeline.runs[3] == Run(
        "rnn-slots", "rnn", "slots", "slots", "gru", 1, "cpu", MODEL | {"cell": "gru"}, TRAINING
    )


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
    found = runs(tmp_path, source="public", public=public, seeds=1)
    assert [(run.variant, run.device) for run in found] == [("gru", "cpu"), ("whole", "cuda")]


def test_public_may_add_a_variant(tmp_path: Path) -> None:
    added = runs(tmp_path, source="public", public={"variants": {"irnn": {"model": {"cell": "irnn"}}}})
    assert {run.variant for run in added} == {"lstm", "gru", "irnn"}


def test_public_may_be_left_out(tmp_path: Path) -> None:
    without = section()
    del without["public"]
    assert len(load({"rnn-slots": without}, tmp_path, source="public").runs) == 4


SECTIONS = "family, task, dataset, device, workers, seeds, model, training, variants, public"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"learning_rat": 1}, f"unknown key 'learning_rat' in pipelines.rnn-slots: known are {SECTIONS}"),
        ({"variants": {"gru": {"cell": "gru"}}},
         "unknown key 'cell' in pipelines.rnn-slots.variants.gru: known are device, seeds, model, training"),
        ({"variants": {"gru": "gru"}},
         "pipelines.rnn-slots.variants.gru is 'gru': expected keys out of device, seeds, model, training"),
        ({"variants": {"gru": None}}, "pipelines.rnn-slots.variants.gru is None"),
        ({"variants": {}}, "pipelines.rnn-slots has no runs"),
        ({"seeds": 0}, "pipelines.rnn-slots has no runs"),
        ({"seeds": "2"}, "pipelines.rnn-slots.seeds is '2': expected int"),
        ({"seeds": 2.0}, "pipelines.rnn-slots.seeds is 2.0: expected int"),
        ({"seeds": True}, "pipelines.rnn-slots.seeds is True: expected int"),
        ({"variants": {"gru": {"seeds": True}}}, "pipelines.rnn-slots.variants.gru.seeds is True: expected int"),
        ({"model": None}, "pipelines.rnn-slots.model is None: expected Mapping"),
        ({"model": ["lstm"]}, "pipelines.rnn-slots.model is ['lstm']: expected Mapping"),
        ({"device": None}, "pipelines.rnn-slots.device is None: expected str"),
        ({"family": "cnn"}, "pipelines.rnn-slots.family is 'cnn': choose from "),
        ({"task": "slot"}, "pipelines.rnn-slots.task is 'slot': the family rnn has "),
    ],
)  # fmt: skip
def test_a_mistake_names_what_was_found_where_and_what_is_known(
    changes: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the message is compared below)
        runs(tmp_path, **changes)
    assert message in str(caught.value)


def test_an_unknown_family_lists_the_folders(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"choose from (\w+, )*rnn\b"):
        runs(tmp_path, family="cnn")


def test_a_mistake_in_the_public_part_counts_on_public_data_and_names_it(tmp_path: Path) -> None:
    public = {"epochs": 3}
    with pytest.raises(ValueError, match=r"unknown key 'epochs' in pipelines\.rnn-slots with its 'public' part"):
        runs(tmp_path, source="public", public=public)


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    incomplete = section()
    del incomplete["seeds"], incomplete["device"]
    with pytest.raises(ValueError, match=r"^pipelines\.rnn-slots lacks device, seeds$"):
        load({"rnn-slots": incomplete}, tmp_path)


def test_an_unknown_pipeline_lists_the_known(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no pipeline 'rnn-slot' in .*params\.yaml: it lists rnn-slots, ctc-digits"):
        load({"rnn-slots": section(), "ctc-digits": {}}, tmp_path, name="rnn-slot")


@pytest.mark.parametrize("content", [None, "rnn-slots", ["rnn-slots"], 3])
def test_pipelines_that_are_no_mapping(content: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^pipelines in .*params\.yaml is .*: expected a section with entries"):
        load(content, tmp_path)


@pytest.mark.parametrize("content", [None, "text", ["family"]])
def test_a_pipeline_that_is_no_mapping(content: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^pipelines\.rnn-slots is .*: expected keys out of family, task, dataset"):
        load({"rnn-slots": content}, tmp_path)


def test_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=rf"no params\.yaml in {tmp_path}: run this from the project's root"):
        load_pipeline("rnn-slots", lambda _: "builtin")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("data: }", r"params\.yaml is not valid YAML: .*line 1"),
        ("data:\n\tsource: builtin", r"params\.yaml is not valid YAML: .*line 2"),
        ("", r"params\.yaml has the sections None: expected data, datasets, pipelines"),
        ("- data", r"params\.yaml has the sections \['data'\]: expected data, datasets, pipelines"),
        ("data: {}\npipeline: {}", r"has the sections data, pipeline: expected data, datasets, pipelines"),
    ],
)
def test_a_file_that_is_not_what_it_should_be(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text(text)
    with pytest.raises(ValueError, match=f"(?s){message}"):
        load_pipeline("rnn-slots", lambda _: "builtin", tmp_path / "params.yaml")


@dataclass(frozen=True)
class Settings:
    """One field of each kind."""

    size: int
    rate: float
    on: bool
    norm: Literal["layer", "batch"]
    limit: float | None = None
    sizes: tuple[int, ...] = ()
    order: Literal[1, 2] = 1


GOOD = {"size": 3, "rate": 0.5, "on": False, "norm": "layer"}


def test_values_of_every_kind() -> None:
    assert parse(Settings, GOOD, "here") == Settings(3, 0.5, on=False, norm="layer")
    parsed = parse(Settings, GOOD | {"rate": 1, "limit": 2, "sizes": [1, 2]}, "here")
    assert parsed == Settings(3, 1.0, on=False, norm="layer", limit=2.0, sizes=(1, 2))
    assert [type(value) for value in (parsed.rate, parsed.limit, parsed.sizes)] == [float, float, tuple]
    assert parse(Settings, GOOD | {"limit": None}, "here").limit is None


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("size", 0.5, "0.5: expected int"),
        ("size", True, "True: expected int"),
        ("size", "3", "'3': expected int"),
        ("rate", "1e-3", "'1e-3': expected float"),  # YAML reads 1e-3 as text: it wants 1.0e-3
        ("rate", True, "True: expected float"),
        ("rate", None, "None: expected float"),
        ("on", 1, "1: expected bool"),
        ("on", "yes", "'yes': expected bool"),
        ("norm", "group", "'group': choose from layer, batch"),
        ("norm", ["layer"], r"\['layer'\]: choose from layer, batch"),
        ("order", 3, "3: choose from 1, 2"),
        ("order", True, "True: choose from 1, 2"),
        ("limit", "none", "'none': expected float"),
        ("limit", False, "False: expected float"),
        ("sizes", "12", "'12': expected tuple"),
        ("sizes", 12, "12: expected tuple"),
    ],
)
def test_a_value_of_the_wrong_kind(key: str, value: object, expected: str) -> None:
    with pytest.raises(ValueError, match=rf"^here\.{key} is {expected}$"):
        parse(Settings, GOOD | {key: value}, "here")


def test_an_item_of_the_wrong_kind() -> None:
    with pytest.raises(ValueError, match=r"^here\.sizes is 'a': expected int$"):
        parse(Settings, GOOD | {"sizes": [1, "a"]}, "here")


@pytest.mark.parametrize("name", read(ROOT / "params.yaml")["pipelines"])
@pytest.mark.parametrize("source", ["builtin", "public"])
def test_the_projects_own_file_holds_what_the_tasks_read(name: str, source: str) -> None:
    pipeline = load_pipeline(name, lambda _: source, ROOT / "params.yaml")
    trainer = tasks.trainer(pipeline.family, pipeline.task)
    for run in {run.variant: run for run in pipeline.runs}.values():  # seeds have no settings of their own
        trainer.settings(run)
    assert len({run.name for run in pipeline.runs}) == len(pipeline.runs)


@pytest.mark.parametrize("name", ["rnn-slots", "rnn-sentiment"])
def test_the_recurrent_pipelines_compare_all_cells(name: str) -> None:
    pipeline = load_pipeline(name, lambda _: "builtin", ROOT / "params.yaml")
    assert {run.model["cell"] for run in pipeline.runs} == set(CELLS)
