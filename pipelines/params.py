"""params.yaml -> frozen dataclasses. An unknown key or a value of the wrong type is an error that lists what is known.

A pipeline's section holds what its runs share, `public` what differs on published data, and each variant what differs
for itself: variant over `public` over the section. A variant of 0 seeds is not run.
"""

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml

T = TypeVar("T")

PARAMS_FILE = Path("params.yaml")
SECTIONS = ("data", "datasets", "pipelines")


@dataclass(frozen=True)
class Run:
    """One training run: a variant of a pipeline with a seed. The family reads `model` and `training`."""

    pipeline: str
    family: str
    task: str
    dataset: str
    variant: str
    seed: int
    device: str
    model: Mapping[str, Any]
    training: Mapping[str, Any]

    @property
    def name(self) -> str:
        return f"{self.pipeline}-{self.variant}-s{self.seed}"


@dataclass(frozen=True)
class _Section:
    """A pipeline's section of params.yaml as written there; `seeds` is a count: seeds 0, 1, ... are run."""

    family: str
    task: str
    dataset: str
    device: str
    workers: int
    seeds: int
    model: Mapping[str, Any]
    training: Mapping[str, Any]
    variants: Mapping[str, Any]
    public: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Pipeline:
    """A pipeline and the runs that it consists of."""

    name: str
    family: str
    task: str
    dataset: str
    workers: int
    runs: tuple[Run, ...]


@dataclass(frozen=True)
class _Variant:
    device: str
    seeds: int
    model: Mapping[str, Any]
    training: Mapping[str, Any]


def load_pipeline(name: str, source_of: Callable[[str], str], path: Path = PARAMS_FILE) -> Pipeline:
    """The pipeline `name` of params.yaml; source_of(dataset) tells whether its data is `builtin` or `public`."""
    sections = read(path)["pipelines"]
    if name not in sections:
        raise ValueError(f"no pipeline {name!r} in {path}: it lists {_listed(sections)}")
    where = f"pipelines.{name}"
    section = parse(_Section, sections[name], where)
    if source_of(section.dataset) == "public":
        section = parse(_Section, _merge(sections[name], section.public), f"{where} with its 'public' part")
    _check_task(section, where)
    base = {"device": section.device, "seeds": section.seeds, "model": section.model, "training": section.training}
    runs = []
    for variant, changes in section.variants.items():
        if not isinstance(changes, Mapping):
            raise ValueError(f"{where}.variants.{variant} is {changes!r}: expected keys out of {_listed(base)}")
        merged = parse(_Variant, _merge(base, changes), f"{where}.variants.{variant}")
        runs += [
            Run(
                pipeline=name,
                family=section.family,
                task=section.task,
                dataset=section.dataset,
                variant=variant,
                seed=seed,
                device=merged.device,
                model=merged.model,
                training=merged.training,
            )
            for seed in range(merged.seeds)
        ]
    if not runs:
        raise ValueError(f"{where} has no runs: it needs at least one variant, and seeds of at least 1")
    return Pipeline(name, section.family, section.task, section.dataset, section.workers, tuple(runs))


def _check_task(section: _Section, where: str) -> None:
    """A family is a folder of pipelines/, a task a folder of its family's."""
    known: dict[str, list[str]] = {}
    for path in sorted(Path(__file__).parent.glob("*/*/train.py")):
        known.setdefault(path.parts[-3], []).append(path.parts[-2])
    if section.family not in known:
        raise ValueError(f"{where}.family is {section.family!r}: choose from {_listed(known)}")
    if section.task not in known[section.family]:
        tasks = _listed(known[section.family])
        raise ValueError(f"{where}.task is {section.task!r}: the family {section.family} has {tasks}")


def parse(cls: type[T], values: object, where: str) -> T:
    """A frozen dataclass from a mapping, checked against the types of its fields.

    `where` is the place in params.yaml that messages name. Raises ValueError for an unknown or missing key and for a
    value that is not of its field's type (an int passes for a float).
    """
    fields = {f.name: f for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
    if not isinstance(values, Mapping):
        raise ValueError(f"{where} is {values!r}: expected keys out of {_listed(fields)}")
    if unknown := [key for key in values if key not in fields]:
        raise ValueError(f"unknown key {unknown[0]!r} in {where}: known are {_listed(fields)}")
    required = [n for n, f in fields.items() if f.default is f.default_factory is dataclasses.MISSING]
    if missing := [name for name in required if name not in values]:
        raise ValueError(f"{where} lacks {_listed(missing)}")
    hints = typing.get_type_hints(cls)
    return cls(**{key: _value(hints[key], value, f"{where}.{key}") for key, value in values.items()})


def _value(hint: Any, value: object, where: str) -> Any:
    """`value` as a field of type `hint` takes it, or a ValueError that names what was expected."""
    origin = typing.get_origin(hint)
    if origin is typing.Literal:
        choices = typing.get_args(hint)
        if value in choices and type(value) in map(type, choices):
            return value
        raise ValueError(f"{where} is {value!r}: choose from {_listed(choices)}")
    if origin is types.UnionType:
        kinds = [kind for kind in typing.get_args(hint) if kind is not types.NoneType]
        return None if value is None else _value(kinds[0], value, where)
    if origin is tuple and isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(_value(typing.get_args(hint)[0], item, where) for item in value)
    kind = Mapping if origin not in (None, tuple) else origin or hint
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise ValueError(f"{where} is {value!r}: expected {getattr(kind, '__name__', kind)}")
    return value


def read(path: Path = PARAMS_FILE) -> Mapping[str, Mapping[str, Any]]:
    """The sections of params.yaml, each a mapping. Raises ValueError that names what is not as it should be."""
    if not path.is_file():
        raise ValueError(f"no {path} in {Path.cwd()}: run this from the project's root")
    try:
        # The safe loader in C: the one in Python takes a quarter of a second, and every stage reads this file.
        values = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise ValueError(f"{path} is not valid YAML: {error}") from None
    if not isinstance(values, Mapping) or set(values) != set(SECTIONS):
        found = _listed(values) if isinstance(values, Mapping) else repr(values)
        raise ValueError(f"{path} has the sections {found}: expected {_listed(SECTIONS)}")
    for name, section in values.items():
        if not isinstance(section, Mapping):
            raise ValueError(f"{name} in {path} is {section!r}: expected a section with entries")
    return values


def _merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with `changes` laid over it, nested mappings merged key by key."""
    merged = dict(base)
    for key, value in changes.items():
        old = base.get(key)
        merged[key] = _merge(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


def _listed(names: typing.Iterable[object]) -> str:
    return ", ".join(map(str, names))
