"""Named moments: the process that comes to one first writes a file and waits there until the drill kills it.

`SITE` is a `sitecustomize` module, which Python imports at its start: it wraps a function when its module is imported.
"""

from dataclasses import dataclass
from pathlib import Path

SITE = """
import importlib.abc, importlib.machinery, os, sys, time

POINT = os.environ.get("DRILL_POINT", "")
if POINT:
    MODULE, NAME, WHEN, COUNT = POINT.split("|")
    calls = [0]

    def reached():
        calls[0] += 1
        if calls[0] < int(COUNT):
            return
        try:
            mark = os.open(os.environ["DRILL_REACHED"], os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        except FileExistsError:
            return
        os.write(mark, str(os.getpid()).encode())
        os.close(mark)
        time.sleep(120)

    def wrap(module):
        *path, name = NAME.split(".")
        holder = module
        for part in path:
            holder = getattr(holder, part)
        function = getattr(holder, name)

        def wrapped(*arguments, **options):
            if WHEN == "before":
                reached()
            answer = function(*arguments, **options)
            if WHEN == "after":
                reached()
            return answer

        setattr(holder, name, wrapped)

    class Finder(importlib.abc.MetaPathFinder):
        def find_spec(self, name, path, target=None):
            if name != MODULE:
                return None
            sys.meta_path.remove(self)
            spec = importlib.util.find_spec(name)
            load = spec.loader.exec_module

            def loaded(module):
                load(module)
                wrap(module)

            spec.loader.exec_module = loaded
            return spec

    import importlib.util
    if MODULE in sys.modules:
        wrap(sys.modules[MODULE])
    else:
        sys.meta_path.insert(0, Finder())
"""


@dataclass(frozen=True)
class Moment:
    """A call of a function: before or after it, the `count`-th in a process."""

    name: str
    module: str
    function: str
    when: str
    count: int = 1
    template: str = "data"  # what is there when the command begins

    @property
    def point(self) -> str:
        return f"{self.module}|{self.function}|{self.when}|{self.count}"


TRACKER = "pipelines.runs.mlflow_tracker"
CLIENT = "mlflow.tracking.client"
MOMENTS = (
    Moment("a run is created, its record is not", "pipelines.reporting.sealed", "write", "before"),
    Moment("a run's first record is there", "pipelines.reporting.sealed", "write", "after"),
    Moment("a run is finished, MLflow has no files of it", TRACKER, "MlflowRun.finish", "before"),
    Moment("MLflow has the files, the run is RUNNING", TRACKER, "MlflowRun.end", "before"),
    Moment("a run is FINISHED", TRACKER, "MlflowRun.end", "after"),
    Moment("an epoch is logged", TRACKER, "MlflowRun.epoch", "after"),
    Moment("a checkpoint is saved", "pipelines.nn.checkpoint", "save", "after"),
    Moment("a model is to be logged", "mlflow", "initialize_logged_model", "after"),
    Moment("a model is logged half", CLIENT, "MlflowClient.log_model_artifacts", "before"),
    Moment("a model is logged, no version is there", CLIENT, "MlflowClient.create_model_version", "before"),
    Moment("a version is there, no alias", CLIENT, "MlflowClient.set_registered_model_alias", "before"),
    Moment("a champion is set, its output is not written", "pipelines.runs.registry", "register", "after"),
    Moment("runs are to be copied to the outputs", "pipelines.runs.flows", "_collect", "before"),
    Moment("runs are copied, not compared", "pipelines.runs.flows", "_collect", "after"),
    Moment("a comparison is written", "pipelines.reporting.comparison", "compare", "after"),
    Moment("a metrics file is written beside its place", "pipelines.files", "_sweep", "after"),
    Moment("the store is created", "pipelines.runs.mlflow_store", "create_database", "before", template="empty"),
    Moment("libraries are preloaded", "pipelines.ops.repro", "Lanes.run", "before"),
    Moment("all stages are done, nothing is synchronised", "pipelines.ops.repro", "synchronise", "before"),
    Moment("raw data are there, no manifest", "stages.download", "write_json", "before", template="empty"),
    Moment("tables are prepared", "stages.validate", "prepare", "after", template="empty"),
    Moment("tables are withdrawn", "stages.validate", "withdraw", "after", template="empty"),
    Moment("tables are to be published", "stages.validate", "publish", "before", template="empty"),
    Moment("a card is to be written", "stages.validated", "write_json", "before", template="empty"),
    Moment("a result is to be written", "stages.validate", "write_json", "before", template="empty"),
)


def install(folder: Path) -> None:
    """Writes the module to a folder that is to go first in PYTHONPATH."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sitecustomize.py").write_text(SITE, encoding="utf-8")
