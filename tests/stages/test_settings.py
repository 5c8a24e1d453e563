"""params.yaml: whatever is not known in `data` and `datasets` is an error that says where, what and what would do."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from stages import settings
from stages.datasets.slots.origin import SlotsOptions
from stages.errors import StageError


def sections(**slots: Any) -> dict[str, Any]:
    builtin = {"seed": 7, "train": 4000, "val": 500, "test": 900}
    entry = {"source": None, "builtin": builtin, "quarantine": {"limit": 0.1}, **slots}
    return {
        "data": {"source": "builtin", "mirror": None, "drift": {"warn": 0.05, "stop": 0.25}},
        "datasets": {"slots": entry},
        "pipelines": {"anything": "else"},  # not read here
    }


def load(tmp_path: Path, content: object, name: str = "slots") -> settings.Setting:
    file = tmp_path / "params.yaml"
    file.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return settings.load(name, file)


def test_a_data_set_has_the_source_of_all(tmp_path: Path) -> None:
    setting = load(tmp_path, sections())
    options = SlotsOptions(seed=7, train=4000, val=500, test=900)
    drift, aside = settings.Drift(warn=0.05, stop=0.25), settings.Quarantine(limit=0.1)
    assert setting == settings.Setting("builtin", None, options, drift, aside)


def test_what_may_be_left_out_has_the_usual_limits_and_no_quarantine(tmp_path: Path) -> None:
    content = sections(quarantine=None)
    del content["data"]["drift"]
    setting = load(tmp_path, content)
    assert (setting.drift, setting.quarantine) == (settings.Drift(warn=0.1, stop=0.25), None)
    content["data"]["drift"] = {"warn": 3, "stop": None}
    assert load(tmp_path, content).drift == settings.Drift(warn=3, stop=None)


def test_all_settings_are_read_at_once(tmp_path: Path) -> None:
    setting = load(tmp_path, sections())
    assert settings.load_all(tmp_path / "params.yaml") == {"slots": setting}


def test_a_data_set_may_override_the_source_of_all(tmp_path: Path) -> None:
    assert load(tmp_path, sections(source="public")).source == "public"


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("data.mirorr", "x", "unknown key 'mirorr' in data: known are source, mirror, drift"),
        ("data.source", "pubic", "data.source is 'pubic': choose from builtin, public"),
        ("data.source", None, "data.source is None: choose from builtin, public"),
        ("data.mirror", 3, "data.mirror is 3: expected text"),
        ("data", [], "data in {file} is []: expected a section with entries"),
        ("data.drift", 0.2, "data.drift is 0.2: expected a section with keys out of warn, stop"),
        ("data.drift.halt", 0.2, "unknown key 'halt' in data.drift: known are warn, stop"),
        ("data.drift.warn", "0.2", "data.drift.warn is '0.2': expected a number"),
        ("data.drift.warn", 0.3, "data.drift: 0 < warn <= stop must hold, found warn 0.3 and stop 0.25"),
        ("data.drift.warn", 0, "data.drift: 0 < warn <= stop must hold, found warn 0.0 and stop 0.25"),
        ("data.drift.stop", True, "data.drift.stop is True: expected a number"),
        ("datasets", None, "datasets in {file} is None: expected a section with entries"),
        ("datasets.slots", None, "datasets.slots is None: expected a section with entries"),
        ("datasets.slots", 3, "datasets.slots is 3: expected a section with entries"),
        ("datasets.slots.sauce", 1, "unknown key 'sauce' in datasets.slots: known are builtin, source, quarantine"),
        ("datasets.slots.source", "ATIS", "datasets.slots.source is 'ATIS': choose from builtin, public"),
        ("datasets.slots.quarantine", 0.1, "datasets.slots.quarantine is 0.1: expected a section with keys out of"),
        ("datasets.slots.quarantine.share", 1, "unknown key 'share' in datasets.slots.quarantine: known are limit"),
        ("datasets.slots.quarantine.limit", 1.5, "quarantine: limit is a share of a table's rows, between 0 and 1"),
        ("datasets.slots.quarantine.limit", 0, "quarantine: limit is a share of a table's rows, between 0 and 1"),
        ("datasets.slots.quarantine.limit", None, "datasets.slots.quarantine.limit is None: expected a number"),
        ("datasets.slots.builtin", 5, "datasets.slots.builtin is 5: expected a section with entries"),
        ("datasets.slots.builtin.trian", 5, "unknown key 'trian' in datasets.slots.builtin: known are seed, train"),
        ("datasets.slots.builtin.seed", True, "datasets.slots.builtin.seed is True: expected a whole number"),
        ("datasets.slots.builtin.test", 9.5, "datasets.slots.builtin.test is 9.5: expected a whole number"),
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
    assert says.format(file=tmp_path / "params.yaml") in str(caught.value)


@pytest.mark.parametrize(
    ("lengths", "says"),
    [
        (100, r"long_memory\.builtin\.adding is 100: expected a list"),
        ([100, "200"], r"long_memory\.builtin\.adding\[1\] is '200': expected a whole number"),
        ([100, 100], r"long_memory\.builtin: adding must list each length once"),
    ],
)
def test_a_list_is_checked(tmp_path: Path, lengths: object, says: str) -> None:
    builtin = {"seed": 7, "adding": lengths, "order": [], "train": 100, "train_steps": 10_000, "val": 50, "test": 50}
    content = sections()
    content["datasets"] = {"long_memory": {"builtin": builtin}}
    with pytest.raises(StageError, match=says):
        load(tmp_path, content, "long_memory")


def test_a_data_set_without_code_is_named(tmp_path: Path) -> None:
    content = sections()
    content["datasets"]["slotz"] = content["datasets"]["slots"]
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(StageError, match="unknown data set 'slotz': choose from images, images_jpeg, key_terms"):
        settings.load_all(tmp_path / "params.yaml")


def test_a_mistake_in_one_data_set_is_an_error_of_all(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(sections(sauce=1)))
    with pytest.raises(StageError, match=r"unknown key .sauce. in datasets\.slots"):
        settings.load_all(tmp_path / "params.yaml")


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"datasets\.slots\.builtin lacks test"):
        load(tmp_path, sections(builtin={"seed": 7, "train": 4000, "val": 500}))


def test_a_data_set_without_an_entry_is_named(tmp_path: Path) -> None:
    content = sections()
    content["datasets"] = {}
    with pytest.raises(StageError, match=r"no data set 'slots' in params\.yaml: datasets lists"):
        load(tmp_path, content)


@pytest.mark.parametrize(
    ("content", "says"),
    [("data: [", "is not YAML"), ("just words", "has the sections 'just words': expected data, datasets, pipelines")],
)
def test_a_file_that_holds_no_sections_is_named(tmp_path: Path, content: str, says: str) -> None:
    with pytest.raises(StageError, match=says):
        load(tmp_path, content)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="does not exist"):
        settings.load("slots", tmp_path / "params.yaml")
