"""MLflow's and Prefect's UI with one command, on loopback; one Ctrl-C ends both."""

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import requests

from pipelines.ops import processes, server
from pipelines.ops.server import HOST, PortError, Server, ServerError
from pipelines.runs import signals
from pipelines.runs.tracker import Page
from pipelines.runs.tracking import tracker

START_LIMIT = 120.0  # seconds; MLflow takes about 10 on two idle cores
END_LIMIT = 10.0


def ui(mlflow_port: int = 5000, prefect_port: int = 4200) -> int:
    """Serves both until Ctrl-C. Raises ServerError when a port is taken, or when one ends; the other is ended too.

    A Prefect server that runs already (for a `make repro`, say) is joined, at its own port.
    """
    try:
        page = tracker().page(HOST, mlflow_port)
        with signals.interruptible(), _served(page, mlflow_port) as mlflow, _prefect(prefect_port) as prefect:
            _wait_for(mlflow, page)
            if prefect.port != prefect_port:
                print(f"joined the Prefect server that already runs; port {prefect_port} is not used", file=sys.stderr)
            print(f"MLflow   {page.address}\nPrefect  {prefect.ui}\nCtrl-C ends both", flush=True)
            while prefect.is_alive():
                _check(mlflow, page)
                time.sleep(0.5)
            raise ServerError(f"the Prefect server has ended; {server.last_lines(server.log())}")
    except KeyboardInterrupt:
        print("ended", flush=True)
        return 0  # the way that this command is meant to end


@contextlib.contextmanager
def _served(page: Page, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The tracker's server on the project's store, in a process group that ends with the block."""
    with _choice_of_port("MLFLOW_PORT"):
        server.listen(port).close()
    with page.log.open("wb") as log:
        process = subprocess.Popen(
            page.command,
            env=page.environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for this process, which ends the server's family itself
        )
    try:
        yield process
    finally:
        processes.end(processes.family(process.pid), signal.SIGTERM, END_LIMIT)
        process.wait()


@contextlib.contextmanager
def _prefect(port: int) -> Iterator[Server]:
    """The project's Prefect server, which ends with the block unless somebody else needs it."""
    with _choice_of_port("PREFECT_PORT"):
        prefect = server.ensure_server(port)
    try:
        yield prefect
    finally:
        if others := server.release(prefect):
            pids = ", ".join(str(pid) for pid in others)
            print(f"Prefect's server stays up for process {pids} and ends with it", file=sys.stderr)


@contextlib.contextmanager
def _choice_of_port(variable: str) -> Iterator[None]:
    try:
        yield
    except PortError as error:
        raise PortError(f"{error}; choose another one: make ui {variable}=...") from None


def _wait_for(mlflow: subprocess.Popen[bytes], page: Page) -> None:
    deadline = time.monotonic() + START_LIMIT
    while time.monotonic() < deadline:
        _check(mlflow, page)
        with contextlib.suppress(requests.RequestException):
            if requests.get(page.health, timeout=2).ok:
                return
        time.sleep(0.2)
    raise ServerError(f"MLflow did not answer within {START_LIMIT:.0f} s; {server.last_lines(page.log)}")


def _check(mlflow: subprocess.Popen[bytes], page: Page) -> None:
    if mlflow.poll() is not None:
        raise ServerError(f"MLflow's server has ended; {server.last_lines(page.log)}")
