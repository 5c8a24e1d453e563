"""dvc.yaml against the code: a stage depends on the files that decide its result, and on no others."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.files import code_of
from pipelines.settings import load_pipeline, names
from stages.formats import KINDS, module_of

ROOT = Path(__file__).parents[1]
DATA_GROUPS = ("download", "validate")
# DVC lists the dependencies of a group of stages once. These are shared by data sets of one kind, so it is enough that
# one data stage reaches them. (An edit there runs the others again, to the same bytes.)
SHARED = ("stages/archives.py", "stages/pictures", "stages/rules", "stages/sounds", "stages/texts")
# Library code of a family that no pipeline of params.yaml uses.
IDLE = {"gaussian": ("pipelines/gaussian/device.py",)}


@dataclass(frozen=True)
class Stage:
    """A stage of dvc.yaml with its key filled in."""

    group: str
    key: str
    deps: tuple[str, ...]
    outs: tuple[str, ...]

    @property
    def code(self) -> frozenset[str]:
        """The files that decide its result."""
        part = {"download": "origin", "validate": "dataset"}[self.group]
        return code_of(f"stages.{self.group}", f"stages.datasets.{self.key}.{part}")


@cache
def data_stages() -> tuple[Stage, ...]:
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    keys = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))["datasets"]
    return tuple(Stage(group, key, *_filled(stages[group]["do"], key)) for group in DATA_GROUPS for key in keys)


def _filled(stage: dict[str, Any], key: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    deps, outs = (tuple(path.replace("${key}", key) for path in stage[name]) for name in ("deps", "outs"))
    return deps, outs


def files_in(path: str) -> list[str]:
    """A file, or the code in a folder."""
    place = ROOT / path
    found = [place] if place.is_file() else sorted(place.rglob("*.py"))
    return [file.relative_to(ROOT).as_posix() for file in found]


def lacking(code: Iterable[str], deps: Iterable[str]) -> list[str]:
    """The files of `code` that are no dependency, nor in a folder that is one."""
    listed = {file for path in deps for file in files_in(path)}
    return sorted(set(code) - listed)


def unreached(paths: Iterable[str], code: frozenset[str]) -> Iterator[str]:
    """The files below `paths` that are not among `code`; a package's `__init__.py` without code is none."""
    for path in paths:
        for file in files_in(path):
            if file not in code and not (file.endswith("/__init__.py") and _is_bare(ROOT / file)):
                yield file


def _is_bare(path: Path) -> bool:
    """Whether a module holds nothing but its docstring."""
    return "import" not in path.read_text(encoding="utf-8")


def named(stage: Stage) -> str:
    return f"{stage.group}@{stage.key}"


@pytest.mark.parametrize("stage", data_stages(), ids=named)
def test_a_stage_depends_on_all_code_that_decides_its_result(stage: Stage) -> None:
    assert lacking(stage.code, stage.deps) == []


@pytest.mark.parametrize("stage", data_stages(), ids=named)
def test_a_stage_depends_on_no_code_that_it_does_not_reach(stage: Stage) -> None:
    own = [path for path in stage.deps if path.startswith("stages/") and path not in SHARED]
    assert own
    assert list(unreached(own, stage.code)) == []


def test_shared_code_is_reached_by_a_data_stage() -> None:
    reached = frozenset[str]().union(*(stage.code for stage in data_stages()))
    assert list(unreached(SHARED, reached)) == []


def test_validation_reads_what_the_download_leaves() -> None:
    outs = {out: stage.key for stage in data_stages() if stage.group == "download" for out in stage.outs}
    for stage in data_stages():
        assert [outs[path] for path in stage.deps if path in outs] == [stage.key] * (stage.group == "validate")
        assert all((ROOT / path).exists() for path in stage.deps if path.startswith("stages/"))


def test_a_file_that_is_missing_or_superfluous_is_found() -> None:
    (slots,) = (stage for stage in data_stages() if named(stage) == "validate@slots")
    assert lacking(slots.code, [path for path in slots.deps if path != "stages/texts"])
    assert lacking(slots.code, [path for path in slots.deps if path != "stages/datasets/slots"])
    assert list(unreached(["stages/sounds/waves.py"], slots.code)) == ["stages/sounds/waves.py"]
    assert "stages/checks/report.py" in unreached(["stages/checks"], slots.code)


def test_users_own_data_depend_on_all_code_that_decides_their_result_and_on_their_files() -> None:
    group = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]["own"]
    deps = group["do"]["deps"]
    kinds = [f"stages.{place}.{module_of(kind)}" for kind in KINDS for place in ("formats", "formats.rules")]
    code = code_of("stages.validate", "stages.own", *kinds)
    assert group["foreach"] == "${own}"
    assert deps[0] == "${item.path}"
    assert lacking(code, deps[1:]) == []
    assert list(unreached([path for path in deps[1:] if path != "stages/rules"], code)) == []
    validated = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]["validate"]["do"]
    assert (group["do"]["cmd"], group["do"]["outs"]) == (validated["cmd"], validated["outs"])


# -- pipelines: a group of stages a family


@cache
def pipeline_groups() -> dict[str, tuple[list[str], frozenset[str]]]:
    """By family: the dependencies of its stages, and the code that one of them reaches."""
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    pipelines = [load_pipeline(name, ROOT / "params.yaml") for name in names(ROOT / "params.yaml")]
    groups = {}
    for family in sorted({pipeline.family for pipeline in pipelines}):
        packages = {f"pipelines.{family}.{pipeline.task}" for pipeline in pipelines if pipeline.family == family}
        code = code_of("pipelines.reporting.comparison", *packages, *(f"{package}.train" for package in packages))
        groups[family] = (stages[family]["do"]["deps"], code)
    return groups


def without_tables(deps: Iterable[str]) -> list[str]:
    return [path for path in deps if not path.startswith("data/")]


def dotted(path: str) -> str:
    return path.removesuffix(".py").replace("/", ".")


@pytest.mark.parametrize("family", pipeline_groups())
def test_a_family_depends_on_all_code_that_decides_its_results(family: str) -> None:
    deps, code = pipeline_groups()[family]
    assert lacking(code, without_tables(deps)) == []


@pytest.mark.parametrize("family", pipeline_groups())
def test_a_family_depends_on_no_code_that_it_does_not_reach(family: str) -> None:
    deps, code = pipeline_groups()[family]
    services = [path for path in without_tables(deps) if path != f"pipelines/{family}"]
    assert services
    assert list(unreached(services, code)) == []
    answering = code_of(*(dotted(path) for path in files_in(f"pipelines/{family}") if path.endswith("/predict.py")))
    assert list(unreached([f"pipelines/{family}"], code | answering)) == list(IDLE.get(family, ()))


def test_a_pipeline_is_a_stage_of_its_familys_group() -> None:
    dvc = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    assert {*DATA_GROUPS, "own", *pipeline_groups()} == set(dvc)
    for family in pipeline_groups():
        stage = dvc[family]
        assert stage["foreach"] == f"${{pipelines.{family}}}"
        assert stage["do"]["cmd"] == f"python -m pipelines run {family}-${{key}}"
        assert stage["do"]["params"] == [f"pipelines.{family}.${{key}}"]
        assert "data/validated/${item.dataset}" in stage["do"]["deps"]


@pytest.mark.parametrize(
    ("path", "families"),
    [
        ("pipelines/sound/acoustics.py", {"ctc", "seq2seq"}),
        ("pipelines/nn/cells.py", {"rnn", "ctc", "seq2seq"}),
        ("pipelines/nn/training.py", {"rnn", "ctc", "seq2seq", "vgg16"}),
        ("pipelines/nn/results.py", {"rnn", "ctc", "seq2seq", "vgg16", "gaussian"}),
        ("pipelines/ops/ui.py", set()),
        ("pipelines/ops/deploy.py", set()),
        ("pipelines/runs/flows.py", set()),
    ],
)
def test_an_edit_reruns_what_reads_it(path: str, families: set[str]) -> None:
    def reads(deps: Iterable[str]) -> bool:
        return any(path == dep or path.startswith(f"{dep}/") for dep in deps)

    reading = {family for family, (deps, _) in pipeline_groups().items() if reads(deps)}
    assert reading & {"rnn", "ctc", "seq2seq", "vgg16", "gaussian"} == families
    assert not any(reads(stage.deps) for stage in data_stages())
