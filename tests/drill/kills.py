"""`make repro`, killed at random and at named moments, and then run again: as undisturbed, each run once."""

import contextlib
import os
import random
import signal
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import psutil

from tests.drill import moments, state
from tests.drill.place import Place
from tests.drill.state import State

SIGNALS = ("SIGKILL", "SIGKILL", "SIGKILL", "SIGTERM", "SIGHUP", "SIGINT")
TARGETS = ("all processes", "the process group", "make repro's own", "one process")
PATIENCE = 240.0  # seconds until a moment is reached, or a signalled command has ended


@dataclass
class Round:
    """What was done, whether it hit, and what differed afterwards."""

    kind: str  # the row of the table
    number: int
    about: str
    hit: bool = False
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def record(self) -> dict[str, object]:
        return asdict(self)


def at_random(place: Place, reference: State, number: int, seed: int, usual: float) -> Round:
    """One `make repro`, killed once or twice."""
    rng = random.Random(f"{seed} random {number}")
    template, name = rng.choice(["empty", "data", "data"]), rng.choice(SIGNALS)
    target, wait = rng.choice(TARGETS), rng.uniform(0.3, usual * (1.0 if template == "empty" else 0.7))
    done = Round(f"{name} of {target}", number, f"after {wait:.1f} s, from {template}")
    place.fill(template)
    command = place.start("python", "-m", "pipelines", "repro")
    time.sleep(wait)
    done.hit = command.is_running and _kill(place, command.process.pid, name, target, rng) > 0
    return _again(place, reference, done, rng)


def at_moment(place: Place, reference: State, moment: moments.Moment, number: int, seed: int) -> Round:
    """One `make repro`, killed as one of its processes comes to the moment."""
    rng = random.Random(f"{seed} {moment.name} {number}")
    name = "SIGKILL" if number == 0 else rng.choice(SIGNALS)
    target = TARGETS[0] if number == 0 else rng.choice([*TARGETS, "the process there"])
    done = Round(f"at the moment: {moment.name}", number, f"{name} of {target}")
    place.fill(moment.template)
    reached = place.folder / "reached"
    reached.unlink(missing_ok=True)
    moments.install(place.folder / "site-moments")
    command = place.start(
        *("python", "-m", "pipelines", "repro"),
        PYTHONPATH=str(place.folder / "site-moments"),
        DRILL_POINT=moment.point,
        DRILL_REACHED=str(reached),
    )
    deadline = time.monotonic() + PATIENCE
    while not (reached.exists() and reached.read_text()) and command.is_running and time.monotonic() < deadline:
        time.sleep(0.05)
    if reached.exists() and reached.read_text():
        if target == "the process there":
            done.hit = _send(psutil.Process(int(reached.read_text())), name)
        else:
            done.hit = _kill(place, command.process.pid, name, target, rng) > 0
    return _again(place, reference, done, rng)


def _kill(place: Place, pid: int, name: str, target: str, rng: random.Random) -> int:
    """How many processes got the signal."""
    if target == "the process group":
        os.killpg(pid, signal.Signals[name])
        return 1
    processes: Sequence[psutil.Process] = place.processes()
    if target == "make repro's own":
        processes = [process for process in processes if process.pid == pid]
    if target == "one process":
        processes = rng.sample(list(processes), min(1, len(processes)))
    return sum(_send(process, name) for process in processes)


def _send(process: psutil.Process, name: str) -> bool:
    with contextlib.suppress(psutil.Error):
        process.send_signal(signal.Signals[name])
        return True
    return False


def _again(place: Place, reference: State, done: Round, rng: random.Random) -> Round:
    """The same command again, at once or later, and what differs then."""
    time.sleep(rng.choice([0.0, 0.0, 3.0]))
    status, output = place.pipelines("repro")
    done.faults = faults(place, reference, status, output)
    return done


def traceback_in(output: str) -> list[str]:
    """The first traceback in an output, as a fault."""
    _, found, rest = output.partition("Traceback")
    return [f"a traceback: {rest[:2500]}"] if found else []


def faults(place: Place, reference: State, status: int, output: str) -> list[str]:
    """What is not as after an undisturbed run."""
    found = [f"exit status {status}: {output[-1500:]}"] if status else []
    found += traceback_in(output)
    found += [f"a process is left: {command}" for command in place.left_processes()]
    found += [f"a temporary file is left: {name}" for name in place.left_files()]
    found += [f"in /dev/shm: {path.name}" for path in place.left_in_memory()]
    if not status:
        found += [f"differs: {name}" for name in state.differences(reference, state.of(place.root))]
    return found
