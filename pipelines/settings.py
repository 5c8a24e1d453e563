"""Section `pipelines` of params.yaml: which runs a pipeline consists of, and what each of them uses.

`pipelines.<family>.<key>` is the pipeline `<family>-<key>`. Its section holds what its runs share, `public` what
differs on published data and on data of your own, and each variant what differs for itself: variant over `public` over
the section. What a section leaves out is the default of the task's dataclasses. With `like: rnn-slots` a section has
that pipeline's settings, and its variants, of which it may name some.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import params
from params import Source, listed, merge, parse

Device = Literal["auto", "cpu", "cuda"]


@dataclass(frozen=True)
class Run:
    """One training run: a variant of a pipeline with a seed. Its task reads `model` and `training`."""

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


@dataclass(frozen=True, kw_only=True)
class Variant:
    """What can differ from run to run of a pipeline."""

    device: Device = "auto"  # auto: cuda where there is one
    seeds: int = 1  # a count: the seeds 0, 1, ... are run. 2 are the least that shows a spread; 0: not run
    model: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.seeds < 0:
            raise ValueError(f"seeds is {self.seeds}: it is a count, 0 or more")


@dataclass(frozen=True)
class Pipeline:
    """A pipeline and its variants, by name."""

    name: str
    family: str
    task: str
    dataset: str
    source: Source
    variants: Mapping[str, Variant]

    @property
    def runs(self) -> tuple[Run, ...]:
        """A run for each variant and seed."""
        return tuple(self.run(name, seed) for name, variant in self.variants.items() for seed in range(variant.seeds))

    def run(self, variant: str, seed: int = 0) -> Run:
        """One run, also of a variant that has no seeds. Raises ValueError where there is no such variant."""
        if variant not in self.variants:
            raise ValueError(f"{self.name} has no variant {variant!r}: choose from {listed(self.variants)}")
        own = self.variants[variant]
        return Run(
            pipeline=self.name,
            family=self.family,
            task=self.task,
            dataset=self.dataset,
            variant=variant,
            seed=seed,
            device=own.device,
            model=own.model,
            training=own.training,
        )


@dataclass(frozen=True, kw_only=True)
class _Section(Variant):
    """A pipeline's section of params.yaml. What it shares with `Variant` holds for all its variants."""

    dataset: str
    task: str = ""  # '': the key, which is the task's folder with dashes
    variants: Mapping[str, Mapping[str, Any]]
    public: Mapping[str, Any] = field(default_factory=dict)


def names(file: Path = params.FILE) -> list[str]:
    """All pipelines of params.yaml, in its order."""
    return list(_sections(params.read(file)["pipelines"]))


def full_name(name: str, file: Path = params.FILE) -> str:
    """The pipeline that is called `name`, or whose key it is: `my-names` is `rnn-my-names` where no other has the key.

    A name that params.yaml does not know is returned as it is: a tracking store may still know it.
    """
    if not file.exists():
        return name
    sections = _sections(params.read(file)["pipelines"])
    with_key = [known for known, (_, key, _) in sections.items() if key == name]
    return with_key[0] if name not in sections and len(with_key) == 1 else name


def is_known(name: str, file: Path = params.FILE) -> bool:
    """Whether params.yaml has the pipeline; False where there is no such file, as where a model is only asked."""
    return file.exists() and name in names(file)


def load_pipeline(name: str, file: Path = params.FILE, source: Source | None = None) -> Pipeline:
    """The pipeline `name` of params.yaml, with the settings for data of `source`; None: of the source named there."""
    content = params.read(file)
    sections = _sections(content["pipelines"])
    name = full_name(name, file)
    if name not in sections:
        raise ValueError(f"no pipeline {name!r} in {file}: it lists {listed(sections)}")
    family, key, _ = sections[name]
    where = f"pipelines.{family}.{key}"
    section = parse(_Section, _laid(name, sections, is_public=False), where)
    source = source or params.source_of(section.dataset, content)
    if source != "builtin":
        section = parse(_Section, _laid(name, sections, is_public=True), f"{where} with its 'public' part")
    task = section.task or key.replace("-", "_")
    _check_task(family, task, where)
    shared = {"device": section.device, "seeds": section.seeds, "model": section.model, "training": section.training}
    variants = {
        variant: parse(Variant, merge(shared, changes), f"{where}.variants.{variant}")
        for variant, changes in section.variants.items()
    }
    pipeline = Pipeline(name, family, task, section.dataset, source, variants)
    if not pipeline.runs:
        raise ValueError(f"{where} has no runs: it needs at least one variant, and seeds of at least 1")
    return pipeline


_Sections = Mapping[str, tuple[str, str, Mapping[str, Any]]]


def _laid(name: str, sections: _Sections, *, is_public: bool) -> Any:
    """The section of a pipeline, over that of the pipeline it is like; with `is_public`, `public` over each of them."""
    family, key, section = sections[name]
    if not isinstance(section, Mapping):
        return section
    if "like" in section:
        base = _laid(_base_of(section, sections, family, f"pipelines.{family}.{key}"), sections, is_public=is_public)
        section = _like(base, sections[section["like"]][1], section)
    public = section.get("public", {})
    if not is_public or not isinstance(public, Mapping):
        return section
    return merge({part: value for part, value in section.items() if part != "public"}, public)


def _base_of(section: Mapping[str, Any], sections: _Sections, family: str, where: str) -> str:
    like = section["like"]
    others = [name for name, (of, _, own) in sections.items() if of == family and "like" not in own]
    if like not in others:
        raise ValueError(f"{where}.like is {like!r}: choose from {listed(others)}")
    return str(like)


def _like(base: Mapping[str, Any], key: str, section: Mapping[str, Any]) -> dict[str, Any]:
    """`section` over the one it is like, whose key is `key`; of the variants there, those that `section` names."""
    changes = {part: value for part, value in section.items() if part != "like"}
    start = {**base, "task": base.get("task") or key.replace("-", "_")}
    if isinstance(chosen := changes.get("variants"), Mapping):
        start["variants"] = {name: base["variants"][name] for name in chosen if name in base["variants"]}
    return merge(start, changes)


def _sections(pipelines: Mapping[str, Any]) -> dict[str, tuple[str, str, Mapping[str, Any]]]:
    """Family, key and section of every pipeline, by its name."""
    for family, keys in pipelines.items():
        if not isinstance(keys, Mapping):
            raise ValueError(f"pipelines.{family} is {keys!r}: expected a section with an entry per pipeline")
    return {
        f"{family}-{key}": (family, key, section) for family, keys in pipelines.items() for key, section in keys.items()
    }


def tasks_of_families() -> dict[str, list[str]]:
    """A family is a folder of pipelines/, a task a folder of its family's that has a `train.py`."""
    known: dict[str, list[str]] = {}
    for path in sorted(Path(__file__).parent.glob("*/*/train.py")):
        known.setdefault(path.parts[-3], []).append(path.parts[-2])
    return known


def _check_task(family: str, task: str, where: str) -> None:
    known = tasks_of_families()
    if family not in known:
        raise ValueError(f"{where}: the family is {family!r}: choose from {listed(known)}")
    if task not in known[family]:
        raise ValueError(f"{where}: the task is {task!r}: the family {family} has {listed(known[family])}")
