"""Commands that are passed on to a warm process behave as Python itself would."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from pipelines.ops.preload import preloaded
from pipelines.ops.repro import LIBRARIES

pytestmark = pytest.mark.slow

# A package whose command does what its arguments say.
DOES = """
import atexit, os, signal, sys, threading, time
verb, *rest = sys.argv[1:]
sys.stdout.reconfigure(errors="backslashreplace")  # as stages do
if verb == "tell":
    print(os.getcwd(), os.environ["TOLD"], sys.stdin.read(), rest, __name__, "textwrap" in sys.modules)
    print("trouble", file=sys.stderr)
elif verb == "end":
    sys.exit(int(rest[0]))
elif verb == "drop":
    os._exit(int(rest[0]))
elif verb == "say":
    sys.exit(rest[0])
elif verb == "tidy":
    atexit.register(print, "tidied")
    threading.Timer(0.2, lambda: print("waited for")).start()
elif verb == "fail":
    raise RuntimeError("planned")
elif verb == "die":
    os.kill(os.getpid(), signal.SIGKILL)
elif verb == "wait":
    open(rest[0], "w").write(str(os.getpid()))
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        open(rest[0], "w").write("interrupted")
        sys.exit(130)
"""
LIMIT = 180.0  # a first import compiles its packages


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    (folder / "does").mkdir()
    (folder / "does" / "__init__.py").touch()
    (folder / "does" / "__main__.py").write_text(DOES)
    return folder


@pytest.fixture(scope="module")
def programs(project: Path) -> Iterator[Path]:
    with preloaded({"does": ["textwrap"]}) as folder:
        until((folder / "does").exists)
        yield folder


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def servers_of(folder: Path) -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if str(folder) in " ".join(child.cmdline())]


def start(programs: Path, project: Path, *arguments: str) -> "subprocess.Popen[str]":
    """`python ...` as a shell finds it, in a process group of its own as in a terminal."""
    return subprocess.Popen(
        [programs / "python", *arguments],
        cwd=project,
        env=os.environ | {"TOLD": "here"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def run(programs: Path, project: Path, *arguments: str, given: str = "") -> tuple[int, str, str]:
    process = start(programs, project, *arguments)
    out, err = process.communicate(given, timeout=LIMIT)
    return process.returncode, out, err


def test_a_command_has_its_own_folder_environment_input_and_output(programs: Path, project: Path) -> None:
    status, out, err = run(programs, project, "-m", "does", "tell", "a b", "--c", given="typed")
    assert (status, err) == (0, "trouble\n")
    assert out == f"{project} here typed ['a b', '--c'] __main__ True\n"


def test_the_temporary_folder_may_have_a_long_name(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Longer than the name of a socket may be."""
    place = tmp_path / ("long" * 30)
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    with preloaded({"does": ["textwrap"]}) as programs:
        until((programs / "does").exists)
        assert run(programs, project, "-m", "does", "tell", given="typed")[1].endswith("__main__ True\n")


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["end", "0"], 0),
        (["end", "3"], 3),
        (["end", "-1"], 255),
        (["drop", "130"], 130),
        (["fail"], 1),
        (["die"], 128 + 9),
    ],
)
def test_it_ends_as_it_ends(programs: Path, project: Path, arguments: list[str], status: int) -> None:
    found, _, err = run(programs, project, "-m", "does", *arguments)
    assert found == status
    assert ("RuntimeError: planned" in err) == (arguments == ["fail"])


def test_it_ends_by_a_message(programs: Path, project: Path) -> None:
    assert run(programs, project, "-m", "does", "say", "no such thing") == (1, "", "no such thing\n")


def test_what_is_to_be_done_at_the_end_is_done(programs: Path, project: Path) -> None:
    assert run(programs, project, "-m", "does", "tidy") == (0, "waited for\ntidied\n", "")


def test_the_code_is_that_of_now(programs: Path, project: Path) -> None:
    code = project / "does" / "__main__.py"
    try:
        code.write_text("print('changed')")
        assert run(programs, project, "-m", "does", "tell")[1] == "changed\n"
    finally:
        code.write_text(DOES)


def test_what_is_not_passed_on_is_run_by_python(programs: Path, project: Path, tmp_path: Path) -> None:
    assert run(programs, project, "-c", "import sys; print('textwrap' in sys.modules, sys.executable)")[1] == (
        f"False {sys.executable}\n"
    )
    assert run(programs, project, "-m", "platform")[0] == 0
    with preloaded({"does": ["no_such_library"]}) as broken:  # it ends while it imports
        assert run(broken, project, "-m", "does", "end", "3")[0] == 3


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_command_is_interrupted_when_its_asker_ends(
    programs: Path, project: Path, tmp_path: Path, how: signal.Signals
) -> None:
    process = start(programs, project, "-m", "does", "wait", str(tmp_path / "said"))
    until(lambda: (tmp_path / "said").exists() and (tmp_path / "said").read_text().isdigit())
    process.send_signal(how)
    process.communicate(timeout=LIMIT)
    until(lambda: (tmp_path / "said").read_text() == "interrupted")


def test_nothing_is_left_behind(project: Path, tmp_path: Path) -> None:
    with preloaded({"does": ["textwrap"]}) as folder:
        until((folder / "does").exists)
        servers = servers_of(folder)
        assert len(servers) == 1
        assert oct(folder.stat().st_mode)[-3:] == "700"
    assert not folder.exists()
    assert not any(server.is_running() for server in servers)


def test_a_server_ends_with_its_parent(project: Path, tmp_path: Path) -> None:
    code = """
import time
from pipelines.ops.preload import preloaded
with preloaded({"does": []}) as folder:
    print(folder, flush=True)
    time.sleep(60)
"""
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    folder = Path(parent.stdout.readline().strip())
    until((folder / "does").exists)
    (server,) = psutil.Process(parent.pid).children()
    parent.kill()
    parent.communicate()
    until(lambda: not server.is_running() or server.status() == psutil.STATUS_ZOMBIE)


def test_the_libraries_of_stages_leave_one_thread() -> None:
    with preloaded(LIBRARIES) as folder:
        until(lambda: len(list(folder.iterdir())) == 1 + len(LIBRARIES))
        servers = servers_of(folder)
        assert [server.num_threads() for server in servers] == [1] * len(LIBRARIES)
