"""One target asked case after case, within its limits of time and memory."""

import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.targets import TARGETS, Target

ROOT = Path(__file__).resolve().parents[2]
CODE = ("inputs", "stages", "pipelines", "params.py", "tests")
LIMIT_S = 5.0  # of a case, in seconds of processor time: others may use the machine
FATAL_S = 120.0  # a case that does not end by then, as within a library, ends the process
LIMIT_BYTES = 1 << 30  # above what the target takes before its first case


class Hang(BaseException):
    """A case that takes too long. Not an Exception: no reader takes it for an error of its input."""


@dataclass
class Result:
    """What came of the cases of one target."""

    cases: int = 0
    read: int = 0  # without an error
    slowest_s: float = 0.0
    peak_bytes: int = 0  # of memory, above what the target took before its first case
    findings: dict[str, tuple[int, int]] = field(default_factory=dict)  # what: the first case's number, and how many


def run_alone(name: str, seed: int, count: int, progress: Path) -> Result:
    """`run` in a process that does nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        return run(made(name, Path(folder)), seed, range(count), progress)


def made(name: str, folder: Path) -> Target:
    """A target, its models on one thread; what its reader imports is imported."""
    import torch

    torch.set_num_threads(1)
    target = TARGETS[name](folder)
    for sample, content in target.samples.items():
        asked(target, sample, content)
    return target


def run(target: Target, seed: int, numbers: Iterable[int], progress: Path | None = None) -> Result:
    """The cases of these numbers. The one that is asked is in the file `progress`, for where the process dies."""
    result = Result()
    with _limited(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = _peak()
        for number in numbers:
            if progress is not None:
                progress.write_text(str(number), encoding="utf-8")
            name, content = target.case(seed, number)
            began = time.process_time()
            is_read, found = asked(target, name, content)
            result.slowest_s = max(result.slowest_s, time.process_time() - began)
            result.cases += 1
            result.read += is_read
            if found:
                first, count = result.findings.get(found, (number, 0))
                result.findings[found] = (first, count + 1)
        result.peak_bytes = _peak() - before
    return result


def asked(target: Target, name: str, content: bytes) -> tuple[bool, str]:
    """Whether it was read, and what is wrong with the way in which it was refused: '' for nothing."""
    ignored: list[str] = []  # errors that a library's callback loses, and that the user sees on the terminal
    hook, sys.unraisablehook = sys.unraisablehook, lambda lost: ignored.append(f"{lost.exc_value!r} is ignored")
    before = signal.signal(signal.SIGPROF, _hangs)
    signal.setitimer(signal.ITIMER_PROF, LIMIT_S)
    signal.setitimer(signal.ITIMER_VIRTUAL, FATAL_S)
    try:
        target.read(name, content)
    except (Exception, Hang) as error:
        return False, _fault(target, error) or "".join(ignored[:1])
    finally:
        sys.unraisablehook = hook
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGPROF, before)
    return True, "".join(ignored[:1])


def _fault(target: Target, error: BaseException) -> str:
    """A documented error is raised by the project's own code, and says which input it is about."""
    frames = traceback.extract_tb(error.__traceback__)
    if isinstance(error, Hang):
        frames.pop()  # the handler of the signal
    own = [frame for frame in frames if _is_own(frame.filename)] or frames
    place = f"{Path(own[-1].filename).relative_to(ROOT)}:{own[-1].lineno}"
    kind = type(error).__name__
    if not isinstance(error, target.refusals):
        return f"{kind} at {place}"
    if own[-1] is not frames[-1] or isinstance(error, UnicodeError):
        return f"{kind} of a library at {place}"
    return "" if target.named in str(error) else f"{kind} that does not name its input at {place}"


def _is_own(file: str) -> bool:
    path = Path(file)
    return path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in CODE


@contextmanager
def _limited() -> Iterator[None]:
    """Limits on the address space and on each case's time, for this process, and taken back."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limit = pages * resource.getpagesize() + LIMIT_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def _hangs(*_: object) -> None:
    raise Hang


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
