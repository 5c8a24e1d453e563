"""One Prefect server per project. One test starts a real server; each has its own root, by DVC_ROOT."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from pipelines import files
from pipelines.ops import server, server_leases, server_process

CODE = Path(__file__).resolve().parents[3]
JOIN = "from pipelines.ops.server import ensure_server; print(ensure_server().url, flush=True)"
THE_API_PREFECT_USES = "from prefect.settings import get_current_settings as current; print(current().api.url)"
# It does something else while the server starts.
START_SOON = """
import os
from pipelines.ops import server
started = server.start_soon()
assert not server._answers(started.url, limit=1)
assert os.environ["PREFECT_API_URL"] == started.url
assert server.start_soon() == started == started.wait()
print(started.url, flush=True)
"""
# Three stages at once below one `dvc`, which then goes on.
FAKE_DVC = f"""#!{sys.executable}
import subprocess, sys, time
stages = [subprocess.Popen([sys.executable, "-c", {START_SOON!r}]) for _ in range(3)]
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
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    return tmp_path / ".prefect"


def run(environment: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, *arguments]
    return subprocess.run(command, check=False, env=environment, capture_output=True, text=True)


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)
    return condition()


@pytest.mark.server
def test_stages_share_one_server_that_ends_when_dvc_is_killed(
    tmp_path: Path, home: Path, environment: dict[str, str]
) -> None:
    script = tmp_path / "dvc"
    script.write_text(FAKE_DVC)
    script.chmod(0o755)
    server_leases.add(1)  # left by a server that was killed, of a process whose number another one has now
    # The user's own settings of Prefect, in every spelling that it reads.
    environment["PREFECT_API_DATABASE_CONNECTION_URL"] = f"sqlite+aiosqlite:///{tmp_path / 'users.db'}"
    environment["prefect_server_database_connection_url"] = f"sqlite+aiosqlite:///{tmp_path / 'users.db'}"
    environment["PREFECT_SERVER_API_BASE_PATH"] = "/elsewhere"
    with subprocess.Popen([script], env=environment, stdout=subprocess.PIPE, text=True) as dvc:
        try:
            assert dvc.stdout is not None
            *urls, last = [dvc.stdout.readline().strip() for _ in range(4)]
            assert last == "dvc goes on"
            other = run(environment, "-c", JOIN)
            assert {*urls, other.stdout.strip()} == {urls[0]}, "one server for all"
            assert (home / "prefect.db").exists()
            assert not (tmp_path / "users.db").exists()

            # A process that imported Prefect before it knew of the server, as preloaded ones do.
            late = f"import os, prefect; os.environ['PREFECT_API_URL'] = {urls[0]!r}; {JOIN}; {THE_API_PREFECT_USES}"
            assert run(environment, "-c", late).stdout.split() == [urls[0], urls[0]]

            own = server.Server(**json.loads((home / "server.json").read_text()))
            assert own.url == urls[0]
            assert server_leases.holders() == [dvc.pid], "a stage's server is held by its dvc"
            addresses = {connection.laddr.ip for connection in psutil.Process(own.pid).net_connections("tcp")}
            assert addresses == {"127.0.0.1"}
            server.create_gpu_slot(own)  # a second time, as every process does
            time.sleep(3 * server_process.POLL)
            assert own.is_alive(), "it outlives stages and others that joined"

            worker = run(environment, "-m", "pipelines", "worker", "cup")
            assert worker.returncode == 1
            assert "no work pool 'cup'" in worker.stderr
            assert "make deploy" in worker.stderr
        finally:
            dvc.send_signal(signal.SIGKILL)
    assert wait_until(lambda: not own.is_alive())
    assert server._running() is None
    assert not server_leases.holders()
    server.listen(int(urls[0].rpartition(":")[2].removesuffix("/api"))).close()


def test_a_users_server_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    with server.listen(0) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/api"
    monkeypatch.setenv("PREFECT_API_URL", url)
    with pytest.raises(
        server.ServerError, match=f"{url}, but no Prefect server answers there: .*unset PREFECT_API_URL"
    ):
        server.ensure_server()
    monkeypatch.setenv("PREFECT_API_URL", url.removesuffix("/api"))
    with pytest.raises(server.ServerError, match="the address of a server's API ends with /api"):
        server.ensure_server()


def test_a_proxy_that_prefect_does_not_know_is_left_out(
    monkeypatch: pytest.MonkeyPatch, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its client would refuse to reach this machine's server, too."""
    monkeypatch.setenv("ALL_PROXY", "socks5://name:secret@127.0.0.1:9")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "127.0.0.1:9")
    with pytest.raises(server.ServerError, match="no Prefect server runs"):
        server.running_server()
    assert "ALL_PROXY" not in os.environ
    assert os.environ["https_proxy"] == "http://127.0.0.1:9"
    assert os.environ["http_proxy"] == "127.0.0.1:9"
    assert server.HOST in os.environ["no_proxy"]
    assert (
        capsys.readouterr().err
        == "ALL_PROXY names a proxy of the kind socks5: it is not used (only http and https are)\n"
    )


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


def test_a_process_that_has_the_number_of_an_ended_server_is_not_taken_for_it(home: Path) -> None:
    home.mkdir()
    (home / "server.json").write_text(json.dumps({"url": "http://127.0.0.1:4200/api", "pid": os.getpid()}))
    assert server._running() is None
    (home / "server.json").write_text("{")
    assert server._running() is None


@pytest.mark.parametrize("how", ["cut", "garbage", "newer"])
def test_a_damaged_database_is_named_before_a_server_starts(how: str, home: Path, environment: dict[str, str]) -> None:
    home.mkdir()
    path = home / "prefect.db"
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE alembic_version (version_num)")
        database.execute(
            "INSERT INTO alembic_version VALUES (?)", ("ffffffffffff" if how == "newer" else "a3b9c7d2e5f1",)
        )
        database.execute("CREATE TABLE t AS SELECT randomblob(100) FROM (VALUES (1), (2), (3))")
    if how != "newer":
        server.check_database()
        path.write_bytes({"cut": path.read_bytes()[:5000], "garbage": b"garbage" * 999}[how])
    done = run(environment, "-c", JOIN)
    assert done.returncode == 1
    assert f"ServerError: {path} is damaged (" in done.stderr
    assert f"no result: `rm {path}*`, and the next command makes a new one" in done.stderr
    assert not (home / "server.json").exists()


def test_a_server_that_ends_while_a_flow_runs_is_one_message(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import httpx

    home.mkdir()

    def ask(error: Exception) -> None:
        with server.reported(server.Server("http://127.0.0.1:1/api", os.getpid())):
            raise error

    with pytest.raises(server.ServerError, match=r"at http://127.0.0.1:1/api has ended \(no connection\)"):
        ask(httpx.ConnectError("no connection"))
    monkeypatch.setattr(server, "LITTLE", float("inf"))
    with pytest.raises(server.ServerError, match=r"\.prefect has [0-9.]+ MB of space left: free some\. Runs that"):
        ask(httpx.ConnectError("no connection"))
    with pytest.raises(ValueError, match="2 of 3 runs failed"):
        ask(ValueError("2 of 3 runs failed"))


def test_a_taken_port_names_the_process_that_listens() -> None:
    with server.listen(0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(server.PortError, match=f"port {port} .*by process {os.getpid()}: "):
            server.listen(port)
    server.listen(port).close()
    with pytest.raises(server.PortError, match="70000 is no port"):
        server.listen(70000)


def test_a_lease_lasts_as_long_as_its_process(home: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        server_leases.add(os.getpid())
        server_leases.add(child.pid)
        assert sorted(server_leases.holders()) == sorted([os.getpid(), child.pid])
        child.kill()
        assert wait_until(lambda: server_leases.holders() == [os.getpid()])
        assert psutil.pid_exists(child.pid), "it has ended, but was not waited for"
    assert len([*home.glob("leases/*")]) == 1
    server_leases.remove(os.getpid())
    assert server_leases.holders() == []


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
    assert server_leases._is_dvc(command) is is_dvc
