"""params.yaml: whatever is not known in `data` and `datasets` is an error that says where, what and what would do."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from stages import datasets, params
from stages.datasets.long_memory.draws import LongMemoryOptions
from stages.datasets.slots import SlotsOptions
from stages.errors import StageError


def sections(**slots: Any) -> dict[str, Any]:
    builtin = {"seed": 7, "train": 4000, "val": 500, "test": 900}
    entry = {"code": "slots", "source": None, "builtin": builtin, "quarantine": {"limit": 0.1}, **slots}
    return {
        "data": {"source": "builtin", "mirror": None, "drift": {"warn": 0.05, "stop": 0.25}},
        "datasets": {"slots": entry},
        "training": {"anything": "else"},  # other sections are not read here
    }


def load(tmp_path: Path, content: object, name: str = "slots") -> params.Setting:
    file = tmp_path / "params.yaml"
    file.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return params.load(name, file)


def test_a_data_set_has_the_source_of_all(tmp_path: Path) -> None:
    setting = load(tmp_path, sections())
    options = SlotsOptions(seed=7, train=4000, val=500, test=900)
    drift, aside = params.Drift(warn=0.05, stop=0.25), params.Quarantine(limit=0.1)
    assert setting == params.Setting("builtin", None, options, drift, aside)


def test_what_may_be_left_out_has_the_usual_limits_and_no_quarantine(tmp_path: Path) -> None:
    content = sections(quarantine=None)
    del content["data"]["drift"]
    setting = load(tmp_path, content)
    assert (setting.drift, setting.quarantine) == (params.Drift(warn=0.1, stop=0.25), None)
    content["data"]["drift"] = {"warn": 3, "stop": None}
    assert load(tmp_path, content).drift == params.Drift(warn=3, stop=None)


def test_all_settings_are_read_at_once(tmp_path: Path) -> None:
    setting = load(tmp_path, sections())
    assert params.load_all(tmp_path / "params.yaml") == {"slots": setting}


def test_a_data_set_may_override_the_source_of_all(tmp_path: Path) -> None:
    assert load(tmp_path, sections(source="public")).source == "public"


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("data.mirorr", "x", "data.mirorr: unknown key; known: source, mirror, drift"),
        ("data.source", "pubic", "data.source must be builtin or public, found 'pubic'"),
        ("data.source", None, "data.source must be builtin or public, found None"),
        ("data.mirror", 3, "data.mirror must be a text or null, found 3"),
        ("data", [], "data must be a section with the keys source, mirror, drift, found []"),
        ("data.drift", 0.2, "data.drift must be a section, found 0.2"),
        ("data.drift.halt", 0.2, "data.drift.halt: unknown key; known: warn, stop"),
        ("data.drift.warn", "0.2", "data.drift.warn must be a number, found '0.2'"),
        ("data.drift.warn", 0.3, "data.drift: 0 < warn <= stop must hold, found warn 0.3 and stop 0.25"),
        ("data.drift.warn", 0, "data.drift: 0 < warn <= stop must hold, found warn 0 and stop 0.25"),
        ("data.drift.stop", True, "data.drift.stop must be a number or null, found True"),
        ("datasets", None, "datasets must be a section with one entry per data set"),
        ("datasets.slotz", {}, f"datasets.slotz: unknown data set; known: {', '.join(datasets.known())}"),
        ("datasets.slots", None, "datasets.slots must be a section"),
        ("datasets.slots.sauce", 1, "datasets.slots.sauce: unknown key; known: code, builtin, source, quarantine"),
        ("datasets.slots.code", "slot", "datasets.slots.code must be 'slots', found 'slot'"),
        ("datasets.slots.source", "ATIS", "datasets.slots.source must be builtin or public or null, found 'ATIS'"),
        ("datasets.slots.quarantine", 0.1, "datasets.slots.quarantine must be a section or null, found 0.1"),
        ("datasets.slots.quarantine.share", 1, "datasets.slots.quarantine.share: unknown key; known: limit"),
        ("datasets.slots.quarantine.limit", 1.5, "quarantine: limit is a share of a table's rows, between 0 and 1"),
        ("datasets.slots.quarantine.limit", 0, "quarantine: limit is a share of a table's rows, between 0 and 1"),
        ("datasets.slots.quarantine.limit", None, "datasets.slots.quarantine.limit must be a number, found None"),
        ("datasets.slots.builtin", 5, "datasets.slots.builtin must be a section, found 5"),
        ("datasets.slots.builtin.trian", 5, "datasets.slots.builtin.trian: unknown key; known: seed, train, val, test"),
        ("datasets.slots.builtin.seed", True, "datasets.slots.builtin.seed must be a whole number, found True"),
        ("datasets.slots.builtin.test", 9.5, "datasets.slots.builtin.test must be a whole number, found 9.5"),
        ("datasets.slots.builtin.val", 0, "datasets.slots.builtin: val must be at least 1, found 0"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, path: str, value: object, says: str) -> None:
    content = sections()
    *parents, last = path.split(".")
    place = content
    for parent in parents:
        place = place[parent]
    place[last] = value
    with pytest.raises(StageError) as caught:
        load(tmp_path, content)
    assert str(caught.value).endswith(says) or says in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "params.yaml"))


def test_a_list_has_a_word(tmp_path: Path) -> None:
    wanted = {"seed": 7, "adding": 100, "order": [], "train": 100, "train_steps": 10_000, "val": 50, "test": 50}
    with pytest.raises(StageError, match=r"long-memory\.builtin\.adding must be a list, found 100"):
        params.section(LongMemoryOptions, wanted, "datasets.long-memory.builtin", tmp_path)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"datasets.slots.builtin.test is missing; it must be a whole number"):
        load(tmp_path, sections(builtin={"seed": 7, "train": 4000, "val": 500}))


def test_a_data_set_without_an_entry_is_named(tmp_path: Path) -> None:
    content = sections()
    content["datasets"] = {}
    with pytest.raises(StageError, match="datasets has no entry 'slots'"):
        load(tmp_path, content)


@pytest.mark.parametrize(("content", "says"), [("data: [", "is not YAML"), ("just words", "must hold sections")])
def test_a_file_that_holds_no_sections_is_named(tmp_path: Path, content: str, says: str) -> None:
    with pytest.raises(StageError, match=says):
        load(tmp_path, content)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="does not exist"):
        params.load("slots", tmp_path / "params.yaml")
