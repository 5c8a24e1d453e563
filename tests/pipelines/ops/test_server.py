"""One Prefect server per project. One test starts a real server (10 to 25 s); each has its own root, by DVC_ROOT."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from pipelines import files
from pipelines.ops import owners, server

CODE = Path(__file__).resolve().parents[3]
JOIN = "from pipelines.ops.server import ensure_server; print(ensure_server(), flush=True)"
THE_API_PREFECT_USES = "from prefect.settings import get_current_settings as current; print(current().api.url)"
# Three stages at once below one `dvc`, which then goes on.
FAKE_DVC = f"""#!{sys.executable}
import subprocess, sys, time
stages = [subprocess.Popen([sys.executable, "-c", {JOIN!r}]) for _ in range(3)]
assert [stage.wait() for stage in stages] == [0, 0, 0]
print("dvc goes on", flush=True)
time.sleep(600)
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The environment of a process whose project root is `tmp_path`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    return kept | {"DVC_ROOT": str(tmp_path), "PYTHONPATH": str(CODE)}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(files, "PREFECT_HOME", tmp_path / ".prefect")
    return tmp_path / ".prefect"


def run(environment: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, *arguments]
    return subprocess.run(command, check=False, env=environment, capture_output=True, text=True)


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)
    return condition()


def test_stages_share_one_server_that_ends_when_dvc_is_killed(
    tmp_path: Path, home: Path, environment: dict[str, str]
) -> None:
    script = tmp_path / "dvc"
    script.write_text(FAKE_DVC)
    script.chmod(0o755)
    with subprocess.Popen([script], env=environment, stdout=subprocess.PIPE, text=True) as dvc:
        try:
            assert dvc.stdout is not None
            *urls, last = [dvc.stdout.readline().strip() for _ in range(4)]
            assert last == "dvc goes on"
            other = run(environment, "-c", JOIN)
            assert {*urls, other.stdout.strip()} == {urls[0]}, "one server for all"

            # A process that imported Prefect before it knew of the server, as warm ones do, starts none of its own.
            late = f"import os, prefect; os.environ['PREFECT_API_URL'] = {urls[0]!r}; {JOIN}; {THE_API_PREFECT_USES}"
            assert run(environment, "-c", late).stdout.split() == [urls[0], urls[0]]

            state = json.loads((home / "server.json").read_text())
            identity = owners.Identity(state["pid"], state["started"])
            assert state["url"] == urls[0]
            assert [owner.pid for owner in owners.living()] == [dvc.pid], "a stage's owner is its dvc"
            addresses = {connection.laddr.ip for connection in psutil.Process(identity.pid).net_connections("tcp")}
            assert addresses == {"127.0.0.1"}
            time.sleep(3 * server.POLL)
            assert identity.alive(), "it outlives stages and others that joined"

            worker = run(environment, "-m", "pipelines", "worker", "cup")
            assert worker.returncode == 1
            assert "no work pool 'cup'" in worker.stderr
            assert "make deploy" in worker.stderr
        finally:
            dvc.send_signal(signal.SIGKILL)
    assert wait_until(lambda: not identity.alive())
    assert not (home / "server.json").exists()
    assert not owners.living()
    server.listen(int(urls[0].rpartition(":")[2].removesuffix("/api"))).close()


def test_a_users_server_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    with server.listen(0) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/api"
    monkeypatch.setenv("PREFECT_API_URL", url)
    with pytest.raises(server.ServerError, match=f"{url}.*unset PREFECT_API_URL"):
        server.ensure_server()


def test_deploy_without_a_server_says_how_to_start_one(environment: dict[str, str]) -> None:
    done = run(environment, "-m", "pipelines", "deploy")
    assert done.returncode == 1
    assert done.stderr.startswith("error: no Prefect server runs for this project")
    assert "make ui" in done.stderr


def test_a_server_that_cannot_start_shows_its_log(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/uvicorn.py").write_text("raise SystemExit('this is why')")
    environment["PYTHONPATH"] += os.pathsep + str(tmp_path / "broken")
    done = run(environment, "-c", JOIN)
    assert done.returncode == 1
    assert "the Prefect server ended while starting" in done.stderr
    assert done.stderr.endswith("this is why\n")


def test_a_taken_port_names_its_holder() -> None:
    with server.listen(0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(server.PortError, match=f"port {port} .*by process {os.getpid()}: "):
            server.listen(port)
    server.listen(port).close()
    with pytest.raises(server.PortError, match="70000 is no port"):
        server.listen(70000)


def test_an_owner_counts_while_exactly_that_process_lives(home: Path) -> None:
    me = owners.Identity.of(psutil.Process())
    owners.register(me)
    owners.register(me._replace(started=me.started - 1000))  # the number was another process's before
    assert owners.living() == [me]
    assert len([*home.glob("owners/*")]) == 1
    owners.forget(me)
    assert owners.living() == []


def test_a_process_that_has_ended_but_was_not_waited_for_is_not_alive() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        identity = owners.Identity.of(psutil.Process(child.pid))
        assert wait_until(lambda: not identity.alive())
        assert psutil.pid_exists(child.pid)


@pytest.mark.parametrize(
    ("command", "is_dvc"),
    [
        (["dvc", "repro"], True),
        (["/venv/bin/python3.11", "/venv/bin/dvc", "repro"], True),
        (["python", "-m", "dvc", "repro"], True),
        (["python", "-m", "pipelines", "dvc"], False),
        (["make", "dvc"], False),
        (["python"], False),
        ([], False),
    ],
)
def test_dvc_is_recognised_by_its_command(command: list[str], is_dvc: bool) -> None:
    process: Any = SimpleNamespace(cmdline=lambda: command)
    assert owners._is_dvc(process) is is_dvc
