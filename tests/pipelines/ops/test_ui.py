"""Both UIs with one command. One test starts both servers; each test has its own root, by DVC_ROOT."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import psutil
import pytest
import requests

from pipelines.ops import server
from pipelines.ops.processes import family

CODE = Path(__file__).resolve().parents[3]


class FakePrefect(BaseHTTPRequestHandler):
    """Answers as the health check of a Prefect server does."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(b"true")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Be silent."""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The environment of a process whose project root is `tmp_path`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "MLFLOW_"))}
    return kept | {"DVC_ROOT": str(tmp_path), "PYTHONPATH": str(CODE)}


@pytest.fixture
def user_server() -> Iterator[str]:
    """The URL of a server that the user has named: the project starts none of its own."""
    with HTTPServer((server.HOST, 0), FakePrefect) as fake:
        thread = threading.Thread(target=fake.serve_forever)
        thread.start()
        yield f"http://{server.HOST}:{fake.server_port}/api"
        fake.shutdown()
        thread.join()


@contextlib.contextmanager
def start_ui(environment: dict[str, str], mlflow: int, prefect: int) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "pipelines", "ui", "--mlflow-port", str(mlflow), "--prefect-port", str(prefect)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as ui:
        try:
            yield ui
        finally:
            ui.send_signal(signal.SIGINT)  # a test that fails must not leave it running, and be waited for


def free_port() -> int:
    with server.listen(0) as listener:
        return int(listener.getsockname()[1])


@pytest.mark.server
def test_both_answer_when_printed_and_one_ctrl_c_ends_both(tmp_path: Path, environment: dict[str, str]) -> None:
    ports = free_port(), free_port()
    with start_ui(environment, *ports) as ui:
        assert ui.stdout is not None
        printed = [ui.stdout.readline() for _ in range(3)]
        assert printed[0] == f"MLflow   http://127.0.0.1:{ports[0]}/#/experiments?workflowType=machine_learning\n"
        assert printed[1] == f"Prefect  http://127.0.0.1:{ports[1]}\n"
        pages = [requests.get(f"http://127.0.0.1:{port}/", timeout=20) for port in ports]
        assert all(page.ok and "<html" in page.text for page in pages)
        foreign = requests.get(f"http://127.0.0.1:{ports[0]}/", headers={"Host": "elsewhere.example"}, timeout=20)
        assert foreign.status_code == requests.codes.forbidden
        tunnel = requests.get(f"http://127.0.0.1:{ports[0]}/", headers={"Host": "localhost:8080"}, timeout=20)
        assert tunnel.ok, "a tunnel ends on another port"
        state = json.loads((tmp_path / ".prefect/server.json").read_text())
        started = family(ui.pid)
        assert state["pid"] in {process.pid for process in started}

        ui.send_signal(signal.SIGINT)
        assert ui.wait(30) == 0
    assert not [process for process in started if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
    for port in ports:
        server.listen(port).close()
    assert sorted(path.name for path in tmp_path.iterdir()) == [".mlflow", ".prefect"], (
        "nothing is left outside the two stores"
    )


@pytest.mark.parametrize("taken", ["MLFLOW_PORT", "PREFECT_PORT"])
def test_a_taken_port_is_one_error_that_says_how_to_choose(environment: dict[str, str], taken: str) -> None:
    with server.listen(0) as listener:
        port = listener.getsockname()[1]
        ports = (port, free_port()) if taken == "MLFLOW_PORT" else (free_port(), port)
        before = {process.pid for process in psutil.process_iter()}
        with start_ui(environment, *ports) as ui:
            _, error = ui.communicate(timeout=30)
    assert ui.returncode == 1
    assert error.startswith(f"error: port {port} cannot be used: Address already in use (by process {os.getpid()}: ")
    assert error.endswith(f"choose another one: make ui {taken}=...\n")
    assert error.count("\n") == 1
    assert not [
        process for process in psutil.process_iter() if process.pid not in before and _is_mlflow(process, ports)
    ]


def test_when_one_server_ends_the_other_is_ended(tmp_path: Path, environment: dict[str, str], user_server: str) -> None:
    (tmp_path / "broken/mlflow").mkdir(parents=True)
    (tmp_path / "broken/mlflow/__init__.py").touch()
    (tmp_path / "broken/mlflow/__main__.py").write_text("raise SystemExit('this is why')")
    environment |= {"PREFECT_API_URL": user_server}
    environment["PYTHONPATH"] += os.pathsep + str(tmp_path / "broken")
    with start_ui(environment, free_port(), free_port()) as ui:
        _, error = ui.communicate(timeout=30)
    assert ui.returncode == 1
    assert error.startswith("error: MLflow's server has ended")
    assert error.endswith("this is why\n")


def _is_mlflow(process: psutil.Process, ports: tuple[int, int]) -> bool:
    try:
        return str(ports[0]) in process.cmdline()
    except psutil.Error:
        return False
