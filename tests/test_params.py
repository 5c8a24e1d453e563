"""params.yaml is read as DVC reads it, and each mistake is named with what was found, where, and what is known."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml
from dvc.utils.serialize import YAMLFileCorruptedError, dumps_yaml, loads_yaml, parse_yaml
from hypothesis import given
from hypothesis import strategies as st

import params
from params import merge, parse, read, source_of

ROOT = Path(__file__).resolve().parents[1]


def loaded(text: str, tmp_path: Path) -> Any:
    """What `text` is as the value of `data.mirror`."""
    file = tmp_path / "params.yaml"
    file.write_text(f"data: {{}}\ndatasets: {{}}\npipelines:\n  value: {text}\n", encoding="utf-8")
    return read(file)["pipelines"]["value"]


# -- YAML 1.2


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-08", 1e-8), ("1e-8", 1e-8), ("1e3", 1000.0), ("-2E+05", -2e5), (".5", 0.5), ("+.5", 0.5), ("5.", 5.0),
        ("1_000.5", 1000.5), (".inf", float("inf")), ("-.INF", float("-inf")),
        ("0o17", 15), ("0x1F", 31), ("0b101", 5), ("017", 17), ("08", 8), ("1_000", 1000), ("-7", -7), ("+0o17", 15),
        ("true", True), ("True", True), ("FALSE", False),
        ("yes", "yes"), ("no", "no"), ("on", "on"), ("Off", "Off"), ("y", "y"), ("N", "N"), ("tRUE", "tRUE"),
        ("1:30", "1:30"), ("1e", "1e"), ("e3", "e3"), ("0o8", "0o8"), ("1.2.3", "1.2.3"), ("_1", "_1"),
        ("null", None), ("Null", None), ("~", None), ("", None), ("nULL", "nULL"), ("'1'", "1"), ('"true"', "true"),
    ],
)  # fmt: skip
def test_plain_values_are_those_of_yaml_1_2_and_of_dvc(text: str, value: object, tmp_path: Path) -> None:
    found = loaded(text, tmp_path)
    assert (found, type(found)) == (value, type(value))
    dvc = loads_yaml(f"value: {text}\n")["value"]
    assert (dvc, type(dvc)) == (value, type(value))


def as_dvc_reads(text: str) -> Any:
    return loads_yaml(f"value: {text}\n")["value"]


@given(st.from_regex(r"[-+]?[0-9.][0-9._eExobinfa+-]{0,8}", fullmatch=True))
def test_whatever_looks_like_a_number_is_read_as_dvc_reads_it(text: str) -> None:
    try:
        expected = as_dvc_reads(text)
    except Exception:  # of ruamel.yaml: `0o_` is a number to it, which it cannot convert
        return
    found = yaml.load(f"value: {text}\n", params._Loader)["value"]  # noqa: S506
    assert (repr(found), type(found)) == (repr(expected), type(expected))


# YAML 1.1, which the loader in C follows, breaks lines at these characters; DVC does not escape them.
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x85\u2028\u2029"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(value=VALUES)
def test_what_dvc_writes_is_read_back(value: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    content = {"data": {"value": value}, "datasets": {}, "pipelines": {}}
    file = tmp_path_factory.mktemp("written") / "params.yaml"
    file.write_text(dumps_yaml(content), encoding="utf-8")
    found = read(file)
    assert found == content == parse_yaml(file.read_text(encoding="utf-8"), file)
    assert repr(found) == repr(content), "1 is not 1.0, and keys keep their order"


def test_an_anchor_is_merged_as_dvc_merges_it(tmp_path: Path) -> None:
    text = "data:\n  first: &first {a: 1, b: 1e-8}\n  second: {<<: *first, b: 2}\ndatasets: {}\npipelines: {}\n"
    (tmp_path / "params.yaml").write_text(text)
    found = read(tmp_path / "params.yaml")
    assert found["data"]["second"] == {"a": 1, "b": 2}
    assert found == loads_yaml(text)


def test_a_key_that_is_there_twice_is_an_error_for_dvc_too(tmp_path: Path) -> None:
    file = tmp_path / "params.yaml"
    file.write_text("data: {}\ndatasets: {}\npipelines:\n  rnn: {a: 1}\n  ctc: {}\n  rnn: {}\n")
    with pytest.raises(ValueError, match=r"(?s)params\.yaml is not YAML: the key rnn is there twice.*line 6"):
        read(file)
    with pytest.raises(YAMLFileCorruptedError):
        parse_yaml(file.read_text(), file)


@pytest.mark.slow
def test_dvc_tries_values_that_the_projects_file_has_and_ones_that_it_leaves_to_defaults(tmp_path: Path) -> None:
    """`dvc exp run -S` and `dvc params diff`, with the file's comments in place."""
    original = (ROOT / "params.yaml").read_text(encoding="utf-8")
    (tmp_path / "params.yaml").write_text(original, encoding="utf-8")
    stages = {"all": {"cmd": "true", "params": ["data", "datasets", "pipelines"]}}
    (tmp_path / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))

    def run(*command: str) -> str:
        who = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a"}
        environment = {**os.environ, **who, "DVC_NO_ANALYTICS": "1"}
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    dvc = [sys.executable, "-m", "dvc"]
    for command in (
        ["git", "init", "-q"],
        [*dvc, "init", "-q"],
        ["git", "add", "--all"],
        ["git", "commit", "-qm", "one"],
    ):
        run(*command)
    changes = [
        "pipelines.rnn.slots.training.epochs=5",
        "+pipelines.rnn.slots.training.batch_size=16",
        "+pipelines.rnn.key-terms.variants.lstm.model.cell=gru",
        "+pipelines.gaussian.mle.training.samples=100",
        "++datasets.slots.quarantine.limit=1e-8",
        "~pipelines.ctc.speech.public.variants.without-theo",
    ]
    run(*dvc, "exp", "run", "-q", *(part for change in changes for part in ("-S", change)))
    expected: Any = json.loads(json.dumps(read(ROOT / "params.yaml")))
    families = expected["pipelines"]
    families["rnn"]["slots"]["training"] |= {"epochs": 5, "batch_size": 16}
    families["rnn"]["key-terms"]["variants"]["lstm"] = {"model": {"cell": "gru"}}
    families["gaussian"]["mle"]["training"] = {"samples": 100}
    expected["datasets"]["slots"]["quarantine"] = {"limit": 1e-8}
    del families["ctc"]["speech"]["public"]["variants"]["without-theo"]
    assert read(tmp_path / "params.yaml") == expected
    comments = [line.rpartition("# ")[2] for line in original.splitlines() if "# " in line and "theo" not in line]
    written = (tmp_path / "params.yaml").read_text(encoding="utf-8")
    assert [comment for comment in comments if comment not in written] == []
    shown = json.loads(run(*dvc, "params", "diff", "--json"))["params.yaml"]
    assert {name: (change["old"], change["new"]) for name, change in shown.items()} == {
        "pipelines.rnn.slots.training.epochs": (4, 5),
        "pipelines.rnn.slots.training.batch_size": (None, 16),
        "pipelines.rnn.key-terms.variants.lstm.model.cell": (None, "gru"),
        "pipelines.gaussian.mle.training.samples": (None, 100),
        "datasets.slots.quarantine.limit": (None, 1e-8),
        "pipelines.ctc.speech.public.variants.without-theo.model.held_out_speaker": ("theo", None),
        "pipelines.ctc.speech.public.variants.without-theo.training.epochs": (12, None),
    }


# -- the file


def test_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=rf"^params\.yaml does not exist in {tmp_path}: run from the project's root"):
        read()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("data: }", r"params\.yaml is not YAML: .*line 1"),
        ("data:\n\tsource: builtin", r"params\.yaml is not YAML: .*line 2"),
        ("", r"params\.yaml has the sections None: expected data, datasets, pipelines"),
        ("- data", r"params\.yaml has the sections \['data'\]: expected data, datasets, pipelines"),
        ("data: {}\npipeline: {}", r"has the sections data, pipeline: expected data, datasets, pipelines"),
        (
            "data: {}\ndatasets: slots\npipelines: {}",
            r"^datasets in .*params\.yaml is 'slots': expected a section with",
        ),
        ("data: {}\ndatasets:\npipelines: {}", r"^datasets in .*params\.yaml is None: expected a section with entries"),
    ],
)
def test_a_file_that_is_not_what_it_should_be(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text(text)
    with pytest.raises(ValueError, match=f"(?s){message}"):
        read(tmp_path / "params.yaml")


def test_a_data_set_has_the_source_of_all_data_or_its_own() -> None:
    sections: dict[str, Any] = {"data": {"source": "public"}, "datasets": {"one": {}, "two": {"source": "builtin"}}}
    sections["datasets"]["three"] = {"source": None}
    assert [source_of(name, sections) for name in ("one", "two", "three")] == ["public", "builtin", "public"]


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"data": {"source": "web"}, "datasets": {"one": {}}}, "^data.source is 'web': choose from builtin, public$"),
        ({"data": {}, "datasets": {"one": {}}}, "^data.source is None: choose from builtin, public$"),
        (
            {"data": {}, "datasets": {"one": {"source": "web"}}},
            "^datasets.one.source is 'web': choose from builtin, pu",
        ),
        ({"data": {}, "datasets": {"one": None}}, "^datasets.one is None: expected a section with entries$"),
        (
            {"data": {}, "datasets": {"two": {}, "three": {}}},
            "^no data set 'one' in params.yaml: datasets lists two, t",
        ),
    ],
)
def test_a_source_that_is_none_is_named(sections: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        source_of("one", sections)


def test_sections_are_merged_key_by_key() -> None:
    base = {"model": {"cell": "lstm", "options": {"a": 1}}, "seeds": 1, "speeds": [1, 2]}
    changes = {"model": {"options": {"b": 2}}, "speeds": [3], "device": "cpu"}
    merged = {"model": {"cell": "lstm", "options": {"a": 1, "b": 2}}, "seeds": 1, "speeds": [3], "device": "cpu"}
    assert merge(base, changes) == merged
    assert base["model"] == {"cell": "lstm", "options": {"a": 1}}, "nothing is changed in place"


# -- dataclasses


@dataclass(frozen=True)
class Part:
    """A part of the settings below."""

    width: int
    depth: int = 1

    def __post_init__(self) -> None:
        if self.width < 1:
            raise ValueError(f"width is {self.width}: at least 1 is needed")


@dataclass(frozen=True)
class Settings:
    """One field of each kind."""

    size: int
    rate: float
    on: bool
    norm: Literal["layer", "batch"]
    limit: float | None = None
    stop: int | Literal["never"] = 1
    sizes: tuple[int, ...] = ()
    words: list[str] = field(default_factory=list)
    order: Literal[1, 2] = 1
    options: Mapping[str, Any] = field(default_factory=dict)
    parts: Mapping[str, Part] = field(default_factory=dict)
    part: Part | None = None


GOOD = {"size": 3, "rate": 0.5, "on": False, "norm": "layer"}


def test_values_of_every_kind() -> None:
    assert parse(Settings, GOOD, "here") == Settings(3, 0.5, on=False, norm="layer")
    parsed = parse(Settings, GOOD | {"rate": 1, "limit": 2, "sizes": [1, 2], "words": ["a"]}, "here")
    assert parsed == Settings(3, 1.0, on=False, norm="layer", limit=2.0, sizes=(1, 2), words=["a"])
    assert [type(value) for value in (parsed.rate, parsed.limit, parsed.sizes)] == [float, float, tuple]
    assert parse(Settings, GOOD | {"limit": None}, "here").limit is None
    assert [parse(Settings, GOOD | {"stop": stop}, "here").stop for stop in (3, "never")] == [3, "never"]


def test_sections_within_a_section() -> None:
    nested = {"options": {"a": [1, "b"]}, "parts": {"b": {"width": 2}, "a": {"width": 3, "depth": 4}}, "part": None}
    parsed = parse(Settings, GOOD | nested, "here")
    assert parsed.options == {"a": [1, "b"]}
    assert list(parsed.parts.items()) == [("b", Part(2)), ("a", Part(3, 4))], "in the file's order"
    assert parse(Settings, GOOD | {"part": {"width": 5}}, "here").part == Part(5)


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("size", 0.5, "0.5: expected a whole number"),
        ("size", True, "True: expected a whole number"),
        ("size", "3", "'3': expected a whole number"),
        ("rate", "1e-3", "'1e-3': expected a number"),
        ("rate", True, "True: expected a number"),
        ("rate", None, "None: expected a number"),
        ("on", 1, "1: expected true or false"),
        ("on", "yes", "'yes': expected true or false"),
        ("norm", "group", "'group': choose from layer, batch"),
        ("norm", ["layer"], r"\['layer'\]: choose from layer, batch"),
        ("order", 3, "3: choose from 1, 2"),
        ("order", True, "True: choose from 1, 2"),
        ("limit", "none", "'none': expected a number"),
        ("limit", False, "False: expected a number"),
        ("stop", "ever", "'ever': choose from never"),
        ("sizes", "12", "'12': expected a list"),
        ("sizes", 12, "12: expected a list"),
        ("words", "ab", "'ab': expected a list"),
        ("options", [1], r"\[1\]: expected a section with entries"),
        ("parts", None, "None: expected a section with entries"),
    ],
)
def test_a_value_of_the_wrong_kind(key: str, value: object, expected: str) -> None:
    with pytest.raises(ValueError, match=rf"^here\.{key} is {expected}$"):
        parse(Settings, GOOD | {key: value}, "here")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sizes": [1, "a"]}, r"^here\.sizes\[1\] is 'a': expected a whole number$"),
        ({"words": [1]}, r"^here\.words\[0\] is 1: expected text$"),
        ({"options": {1: 2}}, r"^a key of here\.options is 1: expected text$"),
        ({"parts": {"a": {"width": 1, "high": 2}}}, r"^unknown key 'high' in here\.parts\.a: known are width, depth$"),
        ({"parts": {"a": {}}}, r"^here\.parts\.a lacks width$"),
        ({"parts": {"a": {"width": 0}}}, r"^here\.parts\.a: width is 0: at least 1 is needed$"),
        ({"part": {"width": 1.5}}, r"^here\.part\.width is 1.5: expected a whole number$"),
        ({"siz": 1}, r"^unknown key 'siz' in here: known are size, rate, on, norm, "),
    ],
)
def test_a_mistake_is_named_with_its_place(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse(Settings, GOOD | changes, "here")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "^here lacks size, rate, on, norm$"),
        (None, "^here is None: expected a section with keys out of size, rate"),
    ],
)
def test_a_section_that_lacks_something(values: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse(Settings, values, "here")
