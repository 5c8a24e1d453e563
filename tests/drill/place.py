"""A clone of the project in which commands are disturbed: its processes are found by a mark in their environment."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from pipelines.runs.alone import is_held
from pipelines.runs.scratch import PREFIX
from tests.clone import Clone

MARK = "DRILL"  # in the environment of every process of a place
LIMIT = 600.0  # seconds for a command
FOREIGN = ("DVC_", "MLFLOW_", "PREFECT_", "DRILL")


class Command:
    """A command that was started; its output is in a file, as a killed one's children may hold a pipe open."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.process, self.log = process, log

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def wait(self, limit: float = LIMIT) -> int:
        """The exit status; 124 where it was killed for lasting longer than `limit` seconds."""
        try:
            return self.process.wait(limit)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            return 124


class Place:
    """Always at the same path, as stores and DVC note absolute ones; filled from templates beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.root, self.temporary = folder, folder / "place", folder / "tmp"
        self.mark, self._began = uuid.uuid4().hex, time.time()
        self._started: list[Command] = []

    def clone(self) -> None:
        """A new clone, and a template of it under the name `empty`."""
        self.clear()
        self.root.mkdir(parents=True)
        Clone(self.root)
        self.keep("empty")

    def keep(self, template: str) -> None:
        """Keeps what is there, to begin from it later."""
        target = self.folder / f"template-{template}"
        shutil.rmtree(target, ignore_errors=True)
        subprocess.run(["cp", "-a", self.root, target], check=True)

    def fill(self, template: str) -> None:
        """Begins from a template, with an empty folder for temporary files."""
        self.clear()
        subprocess.run(["cp", "-a", self.folder / f"template-{template}", self.root], check=True)
        self.mark, self._began = uuid.uuid4().hex, time.time()

    def clear(self) -> None:
        self.end()
        while self.root.is_mount():  # of a drill that was killed
            subprocess.run(["umount", "--lazy", self.root], check=True)
        for path in (self.root, self.temporary, self.folder / "site"):
            shutil.rmtree(path, ignore_errors=True)
        self.temporary.mkdir(parents=True)

    def start(self, *command: str, **environment: str) -> Command:
        """Starts a command in a process group of its own, as a terminal does."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        kept |= {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "CORES": "2"}
        kept |= {MARK: self.mark, "TMPDIR": str(self.temporary), "DVC_SITE_CACHE_DIR": str(self.folder / "site")}
        log = self.folder / f"output-{len(self._started)}.txt"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=self.root,
                env=kept | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._started.append(Command(process, log))
        return self._started[-1]

    def run(self, *command: str, **environment: str) -> tuple[int, str]:
        """A command's exit status and output."""
        started = self.start(*command, **environment)
        status = started.wait()
        return status, started.output

    def pipelines(self, *arguments: str) -> tuple[int, str]:
        return self.run("python", "-m", "pipelines", *arguments)

    def processes(self) -> list[psutil.Process]:
        """All processes that commands of this round have started and that still run."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.environ().get(MARK) == self.mark and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def left_processes(self, limit: float = 40.0) -> list[str]:
        """The commands of processes that still run `limit` seconds after the last command's end."""
        _until(lambda: not self.processes(), limit)
        return [" ".join(_command(process))[:150] for process in self.processes()]

    def left_files(self) -> list[str]:
        """What lies in the folder for temporary files."""
        return sorted(path.name for path in self.temporary.iterdir())

    def left_in_memory(self) -> list[Path]:
        """Folders in /dev/shm of this round whose process has ended."""
        found = Path("/dev/shm").glob(f"{PREFIX}*")  # noqa: S108
        return [path for path in found if path.stat().st_mtime > self._began and not is_held(path)]

    def end(self) -> None:
        """Kills whatever a round has left, so that it disturbs no other."""
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                process.kill()
        _until(lambda: not self.processes(), 10)
        for command in self._started:
            command.wait(10)
        self._started.clear()


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _until(holds: Callable[[], bool], limit: float) -> None:
    deadline = time.monotonic() + limit
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.2)


@contextlib.contextmanager
def place_in(folder: Path) -> Iterator[Place]:
    """A place whose processes end with the block."""
    place = Place(folder)
    try:
        yield place
    finally:
        place.end()
