"""params.yaml -> frozen dataclasses, for `stages` and `pipelines` alike, which import nothing of each other.

Numbers are read as YAML 1.2 has them, which is how DVC writes them: `1e-08` is a number. Whatever is not known, or is
not of its field's type, is an error that names what was found, where, and what is expected there.
"""

import dataclasses
import re
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml

T = TypeVar("T")
Source = Literal["builtin", "public", "own"]

FILE = Path("params.yaml")
SECTIONS = ("data", "datasets", "pipelines")
OWN = "own"  # the section of a user's own data sets, which may be left out
CHOICES: tuple[Source, ...] = ("builtin", "public")  # of a data set that is known


# Plain values as YAML 1.2 and ruamel.yaml, which DVC uses, read them: a pattern, and the characters that begin one.
_DECIMAL = r"[0-9][0-9_]*(\.[0-9_]*([eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)|\._*[0-9][0-9_]*([eE][-+][0-9]+)?"
_PLAIN = {
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "int": (r"[-+]?(0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*)", "-+0123456789"),
    "float": (rf"[-+]?({_DECIMAL}|\.(inf|Inf|INF))|\.(nan|NaN|NAN)", "-+.0123456789"),
}


class _Loader(yaml.CSafeLoader):
    """The safe loader in C (the one in Python takes a quarter of a second), which is one of YAML 1.1, made to read 1.2.

    In 1.1 `1e-08`, as DVC writes it, is text, `yes` a boolean, and `017` fifteen. A key that is there twice is an
    error, as it is for DVC.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and (key.tag, key.value) in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value} is there twice", key.start_mark
                )
            seen.add((key.tag, str(key.value)))
        return super().construct_mapping(node, deep)

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        text = node.value.replace("_", "")
        return int(text, 0 if text.lstrip("-+")[:2] in ("0b", "0o", "0x") else 10)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.rpartition(":")[2] not in _PLAIN]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}
for _kind, (_pattern, _first) in _PLAIN.items():
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", re.compile(f"({_pattern})$"), list(_first))
_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_yaml_int)


def read(file: Path = FILE) -> Mapping[str, Mapping[str, Any]]:
    """The sections of params.yaml, each a mapping. Raises ValueError that names what is not as it should be."""
    try:
        values = yaml.load(file.read_text(encoding="utf-8"), _Loader)  # noqa: S506  it is a safe loader
    except FileNotFoundError:
        raise ValueError(f"{file} does not exist in {Path.cwd()}: run from the project's root") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{file} is not YAML: {error}") from None
    if not isinstance(values, Mapping) or set(values) - {OWN} != set(SECTIONS):
        found = listed(values) if isinstance(values, Mapping) else repr(values)
        raise ValueError(
            f"{file} has the sections {found}: expected {listed(SECTIONS)}, and {OWN} for data of your own"
        )
    for name, section in values.items():
        if not isinstance(section, Mapping):
            raise ValueError(f"{name} in {file} is {section!r}: expected a section with entries")
    return values


def value_of(text: str) -> Any:
    """A value as it would be read in params.yaml: a number, true or false, a list, else text."""
    try:
        return yaml.load(text, _Loader)  # noqa: S506  it is a safe loader
    except yaml.YAMLError:
        return text


def source_of(dataset: str, sections: Mapping[str, Mapping[str, Any]]) -> Source:
    """Where a data set comes from: its own `source` where it names one, else that of all data; `own` if a user's."""
    if dataset in sections.get(OWN, {}):
        if dataset in sections["datasets"]:
            raise ValueError(f"{dataset} is in datasets and in {OWN} of {FILE}: give your own data set another name")
        return "own"
    if dataset not in sections["datasets"]:
        others = f", {OWN} lists {listed(sections[OWN])}" if sections.get(OWN) else ""
        raise ValueError(f"no data set {dataset!r} in {FILE}: datasets lists {listed(sections['datasets'])}{others}")
    entry = sections["datasets"][dataset]
    if not isinstance(entry, Mapping):
        raise ValueError(f"datasets.{dataset} is {entry!r}: expected a section with entries")
    own = entry.get("source")
    source = own or sections["data"].get("source")
    if source not in CHOICES:
        where = f"datasets.{dataset}.source" if own else "data.source"
        raise ValueError(f"{where} is {source!r}: choose from {listed(CHOICES)}")
    return typing.cast(Source, source)


def merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with `changes` laid over it, nested mappings merged key by key."""
    merged = dict(base)
    for key, value in changes.items():
        old = base.get(key)
        merged[key] = merge(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


def parse(cls: type[T], values: object, where: str) -> T:
    """A frozen dataclass from a mapping, checked against the types of its fields.

    `where` is the place in params.yaml that messages name. Raises ValueError for an unknown or missing key, for a value
    that is not of its field's type (an int passes for a float), and for what the dataclass itself refuses.
    """
    fields = {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    if not isinstance(values, Mapping):
        raise ValueError(f"{where} is {values!r}: expected a section with keys out of {listed(fields)}")
    if unknown := [key for key in values if key not in fields]:
        raise ValueError(f"unknown key {unknown[0]!r} in {where}: known are {listed(fields)}")
    required = [n for n, f in fields.items() if f.default is f.default_factory is dataclasses.MISSING]
    if missing := [name for name in required if name not in values]:
        raise ValueError(f"{where} lacks {listed(missing)}")
    hints = typing.get_type_hints(cls)
    converted = {key: _convert(hints[key], value, f"{where}.{key}") for key, value in values.items()}
    try:
        return cls(**converted)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error


def _convert(hint: Any, value: object, where: str) -> Any:  # noqa: PLR0911  a case a line
    """`value` as a field of type `hint` takes it, or a ValueError that names what was expected."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        if value in arguments and type(value) in map(type, arguments):  # True is no 1
            return value
        raise ValueError(f"{where} is {value!r}: choose from {listed(arguments)}")
    if origin in (types.UnionType, typing.Union):
        if value is None and types.NoneType in arguments:
            return None
        kinds = [kind for kind in arguments if kind is not types.NoneType]
        for kind in kinds[:-1]:
            try:
                return _convert(kind, value, where)
            except ValueError:
                continue
        return _convert(kinds[-1], value, where)
    if origin in (tuple, list) and isinstance(value, Sequence) and not isinstance(value, str):
        return origin(_convert(arguments[0], item, f"{where}[{index}]") for index, item in enumerate(value))
    if origin and issubclass(origin, Mapping) and isinstance(value, Mapping):
        keys = [_convert(arguments[0], key, f"a key of {where}") for key in value]
        return {key: _convert(arguments[1], value[key], f"{where}.{key}") for key in keys}
    if dataclasses.is_dataclass(hint):
        return parse(typing.cast(type[Any], hint), value, where)
    kind = origin or hint
    if kind is float and type(value) is int:
        return float(value)
    if hint is Any:
        return value
    fits = isinstance(value, Mapping if issubclass(kind, Mapping) else kind)
    if not fits or (isinstance(value, bool) and kind is not bool):
        raise ValueError(f"{where} is {value!r}: expected {_in_words(kind)}")
    return value


def _in_words(kind: type) -> str:
    words = {int: "a whole number", float: "a number", str: "text", bool: "true or false", tuple: "a list"}
    return words.get(kind, "a list" if issubclass(kind, list) else "a section with entries")


def listed(names: Iterable[object]) -> str:
    return ", ".join(map(str, names))
