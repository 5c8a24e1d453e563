"""A byte flipped, a file cut short, or bytes appended, in every kind of file that is kept; then the usual commands."""

import contextlib
import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipelines.ops.damage import outputs
from tests.drill.kills import Round, faults, traceback_in
from tests.drill.place import Place
from tests.drill.state import State

HOW = ("a flipped byte", "cut short", "bytes appended")
TEXT = "flights to boston on monday"


def run_again(place: Place) -> None:
    """Makes DVC run the stages of pipelines, where it would restore their outputs."""
    for name in ("models", "metrics", "registry", "reports"):
        shutil.rmtree(place.root / "data" / name)
    shutil.rmtree(place.root / ".dvc" / "cache")


def nothing(_place: Place) -> None:
    pass


@dataclass(frozen=True)
class Kind:
    """Files of one kind: which are damaged, what is done then, and what a message may ask for."""

    name: str
    files: str  # a pattern
    prepare: Callable[[Place], None] = nothing
    repair: tuple[str, ...] = ()  # a command that is run if the first `make repro` ends with an error
    head_only: bool = False  # a byte is flipped among the first 100: SQLite has no digests of content


KINDS = (
    Kind("raw", "data/raw/slots/**/*"),
    Kind("prepared", "data/work/prepared/slots/*"),
    Kind("validated", "data/validated/slots/*"),
    Kind("a run in data/work", "data/work/rnn-slots*/*/*", run_again),
    Kind("models", "data/models/*/*/*"),
    Kind("metrics", "data/metrics/*"),
    Kind("registry", "data/registry/*"),
    Kind("reports", "data/reports/**/*"),
    Kind("a registered model", ".mlflow/artifacts/models/*/artifacts/**/*"),
    Kind("DVC's cache", ".dvc/cache/files/md5/*/*"),
    Kind("dvc.lock", "dvc.lock"),
    Kind("mlflow.db", ".mlflow/mlflow.db", repair=("python", "-m", "pipelines", "publish"), head_only=True),
    Kind("prefect.db", ".prefect/prefect.db", run_again, ("sh", "-c", "rm .prefect/prefect.db*"), head_only=True),
    Kind(
        "accepted profiles", "stages/datasets/slots/profiles/builtin.json", repair=("git", "checkout", "--", "stages")
    ),
)


def damaged(place: Place, reference: State, answer: str, kind: Kind, number: int, *, seed: int) -> Round:
    """One damaged file in a finished project, and what the commands make of it."""
    rng = random.Random(f"{seed} {kind.name} {number}")
    place.fill("done")
    how = HOW[number % len(HOW)]
    path = _pick(place, kind, rng)
    name = path.relative_to(place.root).as_posix()
    is_silent = rng.random() < 0.5
    done = Round(f"{kind.name}: {how}", number, f"{name}{', its time kept' if is_silent else ''}")
    done.hit = _damage(path, how, rng, is_silent, 100 if kind.head_only else None)
    kind.prepare(place)
    if kind.name == "DVC's cache":
        _remove_outputs(place)
    if kind.name == "prepared":
        status, output = place.run("python", "-m", "stages", "accept", "slots")
        done.faults += [] if status == 1 and "Traceback" not in output else [f"accept: {status}: {output[-800:]}"]
        status, output = place.run("python", "-m", "stages", "validate", "slots")
        done.faults += [f"validate: {output[-800:]}"] if status else []
    if kind.name == "a registered model":
        status, output = place.pipelines("predict", "rnn-slots", TEXT)
        refused = status == 1 and "publish" in output and "Traceback" not in output
        done.faults += [] if refused else [f"predict: {status}: {output[-800:]}"]
        status, output = place.pipelines("publish")
        done.faults += [f"publish: {output[-800:]}"] if status else []
    status, output = place.pipelines("repro")
    if kind.name == "a run in data/work" and Path(name).name not in output:
        done.faults.append(f"{name} is not named: {output[-800:]}")
    if status and kind.repair:
        done.faults += traceback_in(output)
        done.faults += [] if path.name in output else [f"{name} is not named: {output[-800:]}"]
        place.run(*kind.repair)
        status, output = place.pipelines("repro")
    elif kind.name == "accepted profiles":  # valid JSON with another number: reported as a difference, and not ours
        place.run(*kind.repair)
        status, output = place.pipelines("repro")
    done.faults += faults(place, reference, status, output)
    if not done.faults and kind.name in ("a registered model", "mlflow.db", "models"):
        found = place.pipelines("predict", "rnn-slots", TEXT)[1]
        done.faults += [] if found == answer else [f"another answer: {found[-800:]}"]
    return done


def _pick(place: Place, kind: Kind, rng: random.Random) -> Path:
    files = [path for path in sorted(place.root.glob(kind.files)) if path.is_file() and path.stat().st_size]
    if kind.name == "a registered model":
        files = [path for path in files if path.name != "registered_model_meta" and "rnn-slots-too" not in str(path)]
        files = [path for path in files if _model_of(place) in path.parts]
    if kind.name == "a run in data/work":
        files = [path for path in files if not path.name.startswith(".")]
    if kind.name == "DVC's cache":
        known = {md5 for outs in outputs(place.root / "dvc.lock").values() for md5 in outs.values()}
        files = [path for path in files if not path.name.endswith(".dir") or path.parent.name + path.name in known]
    return rng.choice(files)


def _model_of(place: Place) -> str:
    """The folder of the model that is the champion of rnn-slots."""
    with contextlib.closing(sqlite3.connect(place.root / ".mlflow" / "mlflow.db")) as database:
        ((source,),) = database.execute("SELECT source FROM model_versions WHERE name = 'rnn-slots'")
    return str(source).rpartition("/")[2]


def _remove_outputs(place: Place) -> None:
    """So that DVC restores them from its cache, of which one file is damaged."""
    for folder in ("raw", "validated", "models", "metrics", "registry", "reports"):
        shutil.rmtree(place.root / "data" / folder)


def _damage(path: Path, how: str, rng: random.Random, is_silent: bool, within: int | None) -> bool:
    """Whether the file is another one now."""
    before, times = path.read_bytes(), path.stat()
    content = bytearray(before)
    if how == "a flipped byte":
        content[rng.randrange(min(within or len(content), len(content)))] ^= 1 << rng.randrange(8)
    elif how == "cut short":
        del content[rng.randrange(len(content)) :]
    else:
        content += rng.randbytes(rng.randint(1, 64))
    path.chmod(0o644)
    path.write_bytes(content)
    if is_silent:
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    return bytes(content) != before
