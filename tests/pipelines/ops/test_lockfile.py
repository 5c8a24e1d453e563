"""The lock file says the same, whichever of DVC's writers wrote it, and is never half there; nor is what was read."""

from collections import OrderedDict
from datetime import date
from pathlib import Path

import pytest
from dvc.utils.serialize import YAMLFileCorruptedError, dump_yaml, dumps_yaml, load_yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml.representer import RepresenterError

from pipelines import lockfile

# What the two versions of YAML read differently is among them: no, on, 1e3, 0o7, an empty value.
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([0.0, 15.0, 0.004, 1e-9, -2.5e300]),  # DVC's own writer rounds the last digit of some
    st.sampled_from(["no", "on", "y", "1e3", "0o7", "~", "null", "", "- a", "a: b", "好棒", "# no comment", "x " * 60]),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20),
)
contents = st.dictionaries(
    st.text("abc-@.", min_size=1),
    st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=4),
        max_leaves=20,
    ),
    min_size=1,
    max_size=5,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=20)
@given(contents, contents)
def test_both_writers_say_the_same(tmp_path: Path, before: dict[str, object], change: dict[str, object]) -> None:
    ours, theirs = tmp_path / "dvc.lock", tmp_path / "plain.lock"
    for path in (ours, theirs):
        dump_yaml(path, before)
        with lockfile.modify_yaml(path) as data:
            data.update(OrderedDict(change))
    assert load_yaml(ours) == load_yaml(theirs) == before | change
    assert list(load_yaml(ours)) == list(load_yaml(theirs))


def test_an_error_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "dvc.lock"
    dump_yaml(path, {"stages": {"a": 1}})
    with pytest.raises(ZeroDivisionError), lockfile.modify_yaml(path) as data:
        data["stages"]["a"] = 1 // 0
    with pytest.raises(RepresenterError), lockfile.modify_yaml(path) as data:
        data["stages"]["a"] = object()
    assert load_yaml(path) == {"stages": {"a": 1}}
    assert list(tmp_path.iterdir()) == [path]


def test_there_need_be_no_file_yet(tmp_path: Path) -> None:
    path = tmp_path / "dvc.lock"
    with lockfile.modify_yaml(path) as data:
        data.update(OrderedDict(schema="2.0", stages=OrderedDict(b=1, a=2)))
    assert path.read_text(encoding="utf-8") == "schema: '2.0'\nstages:\n  b: 1\n  a: 2\n"


names = st.text("abc-@.", min_size=1, max_size=5)
stages = st.dictionaries(
    names,
    st.dictionaries(names, scalars | st.lists(scalars, max_size=3), min_size=1, max_size=3),
    min_size=1,
    max_size=4,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=30)
@given(stages, stages, st.booleans())
def test_stages_are_written_one_by_one(
    tmp_path: Path, before: dict[str, object], change: dict[str, object], as_dvc: bool
) -> None:
    path = tmp_path / "dvc.lock"
    path.unlink(missing_ok=True)
    if as_dvc:
        dump_yaml(path, {"schema": "2.0", "stages": before})
    else:
        with lockfile.modify_yaml(path) as data:
            data.update(schema="2.0", stages=before)
    with lockfile.modify_yaml(path) as data:
        data["stages"].update(OrderedDict(change))
    text = path.read_text(encoding="utf-8")
    expected = {"schema": "2.0", "stages": before | change}
    assert lockfile.parse_yaml(text, path) == lockfile.parse_as_dvc(text, path) == expected
    assert list(lockfile.parse_yaml(text, path)["stages"]) == list(before | change)


def test_a_stage_that_did_not_change_keeps_its_text(tmp_path: Path) -> None:
    path = tmp_path / "dvc.lock"
    with lockfile.modify_yaml(path) as data:
        data.update(schema="2.0", stages={name: {"cmd": name, "outs": [{"path": name}]} for name in "abc"})
    text = path.read_text(encoding="utf-8").replace("cmd: a\n", "cmd: 'a'\n")
    path.write_text(text, encoding="utf-8")
    with lockfile.modify_yaml(path) as data:
        data["stages"]["b"]["cmd"] = "changed"
        del data["stages"]["c"]
    assert path.read_text(encoding="utf-8") == text.replace("cmd: b", "cmd: changed")[: text.index("  c:") + 6]


def test_what_did_not_change_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "dvc.lock"
    with lockfile.modify_yaml(path) as data:
        data.update(schema="2.0", stages={"a": {"cmd": "a"}})
    before = path.stat().st_ino
    with lockfile.modify_yaml(path) as data:
        data["stages"]["a"] = OrderedDict(cmd="a")
    assert path.stat().st_ino == before


@pytest.mark.parametrize(
    "text",
    [
        "schema: '2.0'\nstages: {a: {cmd: x}}\n",
        "schema: '2.0'\nstages:\n    a:\n        cmd: x\n",  # indented by four
        "schema: '2.0'\nstages:\n  a: &x\n    cmd: x\n  b: *x\n",
        "schema: '2.0'\nstages:\n  a:\n    day: 2026-01-02\n",
        "schema: '2.0'\nstages:\n  a:\n    cmd: x\n# a comment\n",
        "schema: '2.0'\nstages:\n  a:\n    cmd: x\ndatasets: []\n",
        "schema: '2.0'\nstages:\n  a:\n    cmd: x",
    ],
)
def test_another_layout_is_parsed_as_a_whole(text: str) -> None:
    assert lockfile.parse_yaml(text, "dvc.lock") == lockfile.parse_as_dvc(text, "dvc.lock")


def test_a_stage_must_not_be_there_twice() -> None:
    with pytest.raises(YAMLFileCorruptedError, match=r"dvc\.lock"):
        lockfile.parse_yaml("schema: '2.0'\nstages:\n  a:\n    cmd: x\n  a:\n    cmd: y\n", "dvc.lock")


def test_comments_of_other_files_stay(tmp_path: Path) -> None:
    path = tmp_path / "dvc.yaml"
    path.write_text("# why\nstages: {}\n", encoding="utf-8")
    with lockfile.modify_yaml(path) as data:
        data["x"] = 1
    assert "# why" in path.read_text(encoding="utf-8")


@settings(max_examples=30)
@given(contents)
def test_what_is_remembered_is_as_it_was_read(said: dict[str, object]) -> None:
    text = dumps_yaml(said)
    first = lockfile.parse_yaml(text, "params.yaml")
    first.clear()  # each reader's own
    assert lockfile.parse_yaml(text, "params.yaml") == lockfile.parse_as_dvc(text, "params.yaml") == said


def test_a_date_is_parsed_anew() -> None:
    assert lockfile.parse_yaml("day: 2026-01-02", "params.yaml") == {"day": date(2026, 1, 2)}


def test_a_broken_file_is_named() -> None:
    with pytest.raises(YAMLFileCorruptedError, match=r"params\.yaml"):
        lockfile.parse_yaml("a: [1", "params.yaml")
