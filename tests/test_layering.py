"""Who may import whom (README, Layout): read from the imports of every file, also those within functions.

Each rule is tried on a planted violation too, so that none of them passes by being blind.
"""

import ast
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

Imports = dict[str, set[str]]  # module -> the modules that it imports, all by their full names
Rule = Callable[[Imports], list[str]]

MLFLOW = {*(f"pipelines.runs.mlflow_{part}" for part in ("tracker", "store", "registry")), "pipelines.runs.serving"}
PREFECT = {
    "pipelines.runs.fan_out",
    "pipelines.runs.flows",
    "pipelines.ops.deploy",
    "pipelines.ops.server",
    "pipelines.ops.scheduled",
}
# What imports a family, or libraries, by names it is given.
BY_NAME = {"pipelines.task", "pipelines.ops.preload"}
# From the top down: a room imports those on lower floors alone. The families are one floor, below `runs`.
FLOORS = (
    {"__main__"},
    {"ops"},
    {"runs"},
    {"families"},
    {"reporting"},
    {"nn", "sound", "stats"},
    {"tables", "task", "settings", "files", "params"},
)
ROOMS_AT_MOST = 11  # in pipelines/, besides the families


@cache
def imports_below(root: Path) -> Imports:
    """The imports of params.py and of every file in `root`/inputs, `root`/stages and `root`/pipelines."""
    files = [file for package in ("inputs", "stages", "pipelines") for file in sorted((root / package).rglob("*.py"))]
    files += [file for file in [root / "params.py"] if file.is_file()]
    modules = {".".join(file.relative_to(root).with_suffix("").parts): file for file in files}
    return {
        name.removesuffix(".__init__"): imports_of(name, file.read_text(encoding="utf-8"))
        for name, file in modules.items()
    }


def imports_of(module: str, source: str) -> set[str]:
    """What a module imports; `from a import b` counts as a and a.b, an import by name as the call's own text."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            package = module.split(".")[: -node.level] if node.level else []
            base = ".".join([*package, *([node.module] if node.module else [])])
            found |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("import_module", "__import__"):
            found.add(f"by name: {ast.unparse(node.args[0])}")
    return found


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


SERVICES = {room for rooms in FLOORS for room in rooms} - {"families"}


def family(module: str, imports: Imports) -> str | None:
    """The family that a module belongs to: a folder of pipelines/ that is no service."""
    parts = module.split(".")
    return parts[1] if parts[0] == "pipelines" and len(parts) > 1 and parts[1] not in SERVICES else None


def offences(imports: Imports, importers: Callable[[str], bool], *forbidden: str) -> list[str]:
    return sorted(
        f"{module} imports {imported}"
        for module, names in imports.items()
        if importers(module)
        for imported in names
        if any(within(imported, package) for package in forbidden)
    )


def stages_know_neither_pipelines_nor_torch(imports: Imports) -> list[str]:
    return offences(imports, lambda module: within(module, "stages"), "pipelines", "torch", "torchvision")


def pipelines_do_not_know_stages(imports: Imports) -> list[str]:
    return offences(imports, lambda module: within(module, "pipelines"), "stages")


def inputs_know_neither_stages_nor_pipelines_nor_torch(imports: Imports) -> list[str]:
    others = ("stages", "pipelines", "params", "torch", "torchvision")
    return offences(imports, lambda module: within(module, "inputs"), *others)


def families_do_not_know_each_other(imports: Imports) -> list[str]:
    return sorted(
        f"{module} imports {imported}"
        for module, names in imports.items()
        for imported in names
        if family(module, imports) and family(imported, imports) not in (None, family(module, imports))
    )


def reached_from(start: str, imports: Imports) -> set[str]:
    """All that a module comes to import, itself included."""
    reached, waiting = set[str](), [start]
    while waiting:
        module = waiting.pop()
        if module not in reached:
            reached.add(module)
            waiting += imports.get(module, set())
    return reached


def room_of(module: str, imports: Imports) -> str | None:
    """The room that a module of pipelines/ is in: a folder, `families`, or a module at the top."""
    if module == "params":
        return "params"
    parts = module.split(".")
    if parts[0] != "pipelines" or len(parts) == 1:
        return None
    return "families" if family(module, imports) else parts[1]


def imports_point_down(imports: Imports) -> list[str]:
    """Rooms on the same floor may import each other, without a circle (the next rule)."""
    floor = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
    found = []
    for module, names in imports.items():
        room = room_of(module, imports)
        for imported in names:
            other = room_of(imported, imports)
            if room and other and room in floor and other in floor and floor[other] < floor[room]:
                found.append(f"{module} imports {imported}")
    return sorted(found)


def no_module_imports_itself_by_others(imports: Imports) -> list[str]:
    """Circles. A package is not imported by `from package import module`."""
    known = {module: {name for name in names if name in imports} for module, names in imports.items()}
    modules = {
        module: {name for name in names if not any(other.startswith(f"{name}.") for other in names)}
        for module, names in known.items()
    }
    order = TopologicalSorter({module: names - {module} for module, names in modules.items()})
    try:
        order.prepare()
    except CycleError as error:
        first, *others = error.args[1]
        return [
            f"{first} imports itself by {', '.join(others[:-1])}",
            *(f"{name} is in the same circle" for name in others),
        ]
    return []


def prediction_reaches_no_training(imports: Imports) -> list[str]:
    """What answers for texts loads no module `train`, nor the training loop."""
    return sorted(
        f"{start} reaches {module}"
        for start in imports
        if family(start, imports) and start.endswith(".predict")
        for module in reached_from(start, imports)
        if module == "pipelines.nn.training" or (family(module, imports) and module.endswith(".train"))
    )


def services_do_not_know_families(imports: Imports) -> list[str]:
    services = {module: names for module, names in imports.items() if not family(module, imports)}
    return sorted(
        f"{module} imports {imported}"
        for module, names in services.items()
        for imported in names
        if family(imported, imports)
    )


def only_one_service_imports_by_name(imports: Imports) -> list[str]:
    return sorted(
        f"{module} imports {imported}"
        for module, names in imports.items()
        if within(module, "pipelines") and module not in BY_NAME
        for imported in names
        if imported.startswith("by name:")
    )


def only_tracking_and_serving_know_mlflow(imports: Imports) -> list[str]:
    return offences(imports, lambda module: module not in MLFLOW, "mlflow")


def only_flows_and_their_service_know_prefect(imports: Imports) -> list[str]:
    return offences(imports, lambda module: module not in PREFECT, "prefect")


def training_reaches_neither_mlflow_nor_prefect(imports: Imports) -> list[str]:
    """Everything of a family, with all that it comes to import."""
    found = []
    for start in imports:
        if family(start, imports):
            reached = reached_from(start, imports)
            outside = ("mlflow", "prefect", "pipelines.runs")
            found += [f"{start} reaches {name}" for name in outside if any(within(module, name) for module in reached)]
    return sorted(found)


RULES: list[Rule] = [
    stages_know_neither_pipelines_nor_torch,
    pipelines_do_not_know_stages,
    inputs_know_neither_stages_nor_pipelines_nor_torch,
    families_do_not_know_each_other,
    services_do_not_know_families,
    only_one_service_imports_by_name,
    only_tracking_and_serving_know_mlflow,
    only_flows_and_their_service_know_prefect,
    training_reaches_neither_mlflow_nor_prefect,
    prediction_reaches_no_training,
    imports_point_down,
    no_module_imports_itself_by_others,
]

ALLOWED = {
    "params.py": "",
    "inputs/tables.py": "import pandas\nfrom inputs import options",
    "inputs/options.py": "",
    "stages/prepare.py": "import pandas\nimport params\nfrom inputs import tables\nfrom stages import files",
    "stages/files.py": "",
    "pipelines/__init__.py": "from pipelines import files",
    "pipelines/files.py": "",
    "pipelines/task.py": "import importlib\nimportlib.import_module('pipelines.rnn.slots.predict')",
    "pipelines/nn/training.py": "import torch\nfrom pipelines import task",
    "pipelines/reporting/plots.py": "from pipelines.nn import training",
    "pipelines/runs/mlflow_tracker.py": "def client():\n    import mlflow",
    "pipelines/runs/serving.py": "import mlflow\nfrom pipelines import task",
    "pipelines/runs/fan_out.py": "from prefect import task\nfrom pipelines.runs import mlflow_tracker",
    "pipelines/ops/ui.py": "from pipelines.runs import mlflow_tracker",
    "pipelines/rnn/__init__.py": "",
    "pipelines/rnn/train.py": "from pipelines.nn import training\nfrom pipelines.rnn import model",
    "pipelines/rnn/predict.py": "from inputs import tables\nfrom pipelines.rnn import model",
    "pipelines/rnn/model.py": "import torch",
    "pipelines/ctc/__init__.py": "",
    "pipelines/ctc/model.py": "import torch",
}

PLANTED: list[tuple[Rule, str, str, str]] = [
    (stages_know_neither_pipelines_nor_torch, "stages/files.py", "from pipelines.nn import training", ""),
    (stages_know_neither_pipelines_nor_torch, "stages/files.py", "def f():\n    import torch.nn", ""),
    (pipelines_do_not_know_stages, "pipelines/rnn/data.py", "from stages.files import read", ""),
    (inputs_know_neither_stages_nor_pipelines_nor_torch, "inputs/tables.py", "from stages import files", ""),
    (inputs_know_neither_stages_nor_pipelines_nor_torch, "inputs/tables.py", "def f():\n    import torch", ""),
    (families_do_not_know_each_other, "pipelines/rnn/data.py", "from pipelines.ctc.model import Net", ""),
    (families_do_not_know_each_other, "pipelines/rnn/data.py", "from ..ctc import model", ""),
    (families_do_not_know_each_other, "pipelines/rnn/data.py", "from pipelines import ctc", ""),
    (services_do_not_know_families, "pipelines/nn/training.py", "def f():\n    from pipelines.rnn import model", ""),
    (only_one_service_imports_by_name, "pipelines/nn/training.py", "import importlib as i\ni.import_module('a')", ""),
    (only_tracking_and_serving_know_mlflow, "pipelines/nn/training.py", "import mlflow.pyfunc", ""),
    (only_flows_and_their_service_know_prefect, "pipelines/nn/training.py", "from prefect.states import State", ""),
    (only_flows_and_their_service_know_prefect, "pipelines/rnn/train.py", "import prefect", ""),
    (training_reaches_neither_mlflow_nor_prefect, "pipelines/rnn/train.py", "from pipelines.runs import folder", ""),
    # through a service, in a function, by a relative import
    (training_reaches_neither_mlflow_nor_prefect, "pipelines/rnn/model.py", "from ..nn import training",
     "def f():\n    from ..runs import fan_out"),
    (prediction_reaches_no_training, "pipelines/rnn/predict.py", "from pipelines.rnn.train import load", ""),
    (prediction_reaches_no_training, "pipelines/rnn/predict.py", "from pipelines.nn import training", ""),
    (prediction_reaches_no_training, "pipelines/rnn/predict.py", "from pipelines.nn import training",
     "def f():\n    from ..rnn import train"),
    (imports_point_down, "pipelines/nn/training.py", "from pipelines.reporting import plots", ""),
    (imports_point_down, "pipelines/runs/fan_out.py", "def f():\n    from pipelines.ops.ui import ui", ""),
    (imports_point_down, "pipelines/task.py", "from pipelines.nn import training", ""),
    (no_module_imports_itself_by_others, "pipelines/nn/training.py", "from pipelines.reporting import plots", ""),
]  # fmt: skip


def plant(root: Path, files: dict[str, str]) -> Imports:
    for name, source in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(source, encoding="utf-8")
    return imports_below(root)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_project_keeps_the_rule(rule: Rule) -> None:
    assert rule(imports_below(ROOT)) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_rule_accepts_what_is_allowed(rule: Rule, tmp_path: Path) -> None:
    assert rule(plant(tmp_path, ALLOWED)) == []


@pytest.mark.parametrize(("rule", "file", "source", "service"), PLANTED)
def test_the_rule_finds_a_planted_violation(rule: Rule, file: str, source: str, service: str, tmp_path: Path) -> None:
    files = ALLOWED | ({"pipelines/nn/training.py": service} if service else {}) | {file: source}
    module = file.removesuffix(".py").replace("/", ".")
    found = rule(plant(tmp_path, files))
    assert any(offence.startswith(f"{module} ") for offence in found), found


def test_every_rule_was_tried_on_a_violation() -> None:
    assert {rule for rule, *_ in PLANTED} == set(RULES)


def test_the_rules_see_the_whole_project() -> None:
    imports = imports_below(ROOT)
    assert imports.keys() >= MLFLOW | PREFECT | BY_NAME | {"stages.prepare", "pipelines.rnn.slots.train"}
    assert family("pipelines.rnn.slots.train", imports) == "rnn"
    assert family("pipelines.nn.training", imports) is None
    assert "mlflow" in imports["pipelines.runs.mlflow_tracker"], "an import within a function was missed"


def test_every_room_is_on_a_floor_and_they_are_few() -> None:
    rooms = {path.stem for path in (ROOT / "pipelines").iterdir() if path.suffix == ".py" or any(path.glob("*.py"))} - {
        "__init__"
    }
    families = {path.parts[-3] for path in (ROOT / "pipelines").glob("*/*/train.py")}
    assert rooms - families == SERVICES - {"params"}
    assert len(rooms - families) <= ROOMS_AT_MOST


@pytest.mark.slow
def test_training_loads_neither_mlflow_nor_prefect() -> None:
    """In a fresh process: what third parties come to import counts here."""
    trains = sorted(".".join(path.parts[-3:-1]) for path in (ROOT / "pipelines").glob("*/*/train.py"))
    assert trains
    code = "; ".join(
        [*(f"import pipelines.{name}.train" for name in trains), "import sys", "print(*sorted(sys.modules))"]
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "pipelines.rnn.slots.train" in loaded
    assert [name for name in loaded if name.split(".")[0] in ("mlflow", "prefect")] == []
    assert [name for name in loaded if name.startswith("pipelines.runs")] == []
