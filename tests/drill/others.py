"""A full disk, folders that cannot be written, and two of each command at once."""

import contextlib
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.drill.corruptions import TEXT, run_again
from tests.drill.kills import Round, faults, traceback_in
from tests.drill.place import Place
from tests.drill.state import State

WRITTEN = (
    *("data/work", "data/models", "data/metrics", "data/registry", "data/reports", "data/validated", "data/validation"),
    *("data/raw", ".mlflow", ".prefect", ".dvc/cache", ".cache"),
)
PAIRS = (
    (("python", "-m", "pipelines", "repro"), "empty"),
    (("python", "-m", "pipelines", "repro"), "data"),
    (("python", "-m", "pipelines", "run", "rnn-slots"), "data"),
    (("python", "-m", "pipelines", "publish"), "done"),
    (("python", "-m", "pipelines", "predict", "rnn-slots", TEXT), "done"),
    (("python", "-m", "stages", "download", "slots"), "empty"),
    (("python", "-m", "stages", "validate", "slots"), "data"),
)


def can_mount(folder: Path) -> bool:
    """Whether this user may mount a small file system."""
    folder.mkdir(parents=True, exist_ok=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=False, capture_output=True
    )
    if mounted.returncode == 0:
        subprocess.run(["umount", folder], check=True)
    return mounted.returncode == 0


def full_disk(place: Place, reference: State, number: int, seed: int) -> Round:
    """A disk that is full at some time of `make repro`; then there is more room, and the same command again."""
    rng = random.Random(f"{seed} full {number}")
    template = rng.choice(["empty", "data"])
    free = rng.uniform(0.05, 6.0)
    done = Round("a full disk", number, f"{free:.2f} MB free, from {template}")
    place.clear()
    source = place.folder / f"template-{template}"
    used = sum(-(-path.lstat().st_size // 4096) * 4096 for path in source.rglob("*")) / 1e6
    with _mounted(place, used + free):
        subprocess.run(["cp", "-a", f"{source}/.", place.root], check=True)
        status, output = place.pipelines("repro")
        done.hit = status != 0
        done.faults += traceback_in(output)
        done.faults += [] if status == 0 or "space" in output else [f"the disk is not named: {output[-800:]}"]
        subprocess.run(["mount", "-o", "remount,size=300m", place.root], check=True)
        status, output = place.pipelines("repro")
        done.faults += faults(place, reference, status, output)
        place.end()
    return done


@contextlib.contextmanager
def _mounted(place: Place, megabytes: float) -> Iterator[None]:
    place.root.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={int(megabytes * 1000)}k", "tmpfs", place.root], check=True)
    try:
        yield
    finally:
        place.end()
        subprocess.run(["umount", "--lazy", place.root], check=True)


def read_only(place: Place, reference: State, folder: str) -> Round:
    """A folder that cannot be written; then it can, and the same command again."""
    done = Round("a read-only folder", WRITTEN.index(folder), folder)
    place.fill("done")
    run_again(place)
    for data in ("raw", "validated", "validation"):
        shutil.rmtree(place.root / "data" / data)
    shutil.rmtree(place.root / "data" / "work")
    target = place.root / folder
    target.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "--bind", target, target], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", target], check=True)
        status, output = place.pipelines("repro")
        done.hit = status != 0
        done.faults += traceback_in(output)
        named = status == 0 or "ead-only" in output
        done.faults += [] if named else [f"the reason is not named: {output[-800:]}"]
    finally:
        place.end()
        subprocess.run(["umount", "--lazy", target], check=True)
    status, output = place.pipelines("repro")
    done.faults += faults(place, reference, status, output)
    return done


def two_at_once(place: Place, reference: State, pair: int, number: int) -> Round:
    """Two of the same command: both end well."""
    command, template = PAIRS[pair]
    done = Round(f"two at once: {' '.join(command[2:4])}", number, f"from {template}", hit=True)
    place.fill(template)
    variables = {"DVC_STAGE": "rnn@slots"} if "run" in command else {}  # which a run has as a tag
    started = [place.start(*command, **variables) for _ in range(2)]
    for one in started:
        status = one.wait()
        done.faults += [f"exit status {status}: {one.output[-1000:]}"] if status else []
        done.faults += traceback_in(one.output)
    status, output = place.pipelines("repro")
    done.faults += faults(place, reference, status, output)
    return done


def experiments(place: Place, reference: State, number: int) -> Round:
    """Two experiments of DVC's queue at once: they leave the project's outputs and champion as they were."""
    done = Round("two experiments of DVC's queue at once", number, "dvc queue start --jobs 2", hit=True)
    place.fill("done")
    for epochs in (1, 3):
        setting = f"pipelines.rnn.slots.training.epochs={epochs}"
        status, output = place.run("dvc", "exp", "run", "--queue", "-S", setting)
        done.faults += [f"queue: {output[-800:]}"] if status else []
    place.run("dvc", "queue", "start", "--jobs", "2")
    shown = ""
    for _ in range(120):
        shown = place.run("dvc", "queue", "status")[1]
        if "Queued" not in shown and "Running" not in shown:
            break
        place.run("sleep", "3")
    done.faults += [] if shown.count("Success") == 2 else [f"the experiments: {shown[-800:]}"]
    done.faults += ["DVC's queue leaves its worker"] * bool(place.run("dvc", "queue", "stop", "--kill")[0])
    status, output = place.pipelines("repro")
    found = faults(place, reference, status, output)
    # The experiments' runs are in the store, beside those of the project.
    done.faults += [fault for fault in found if not fault.startswith("differs: run rnn-slots-")]
    return done
