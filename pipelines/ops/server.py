"""One Prefect server per project: found or started, shared by all that need it, gone soon after the last of them.

A flow in a process without PREFECT_API_URL starts a server of its own, and a pool of worker processes one each (7 to
15 s every time). Instead, whoever runs flows calls `ensure_server()` first, before it imports Prefect.

The server (`python -m pipelines.ops.server`) belongs to no terminal and to no stage: it watches its owners (see
`owners`) and ends itself when none lives. All decisions to start and to end are made under one file lock.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import requests
from filelock import FileLock

from pipelines import files
from pipelines.ops import owners

HOST = "127.0.0.1"  # Prefect has no log-in by default: nothing outside this machine may reach it
START_LIMIT = 120.0  # seconds; it takes 10 on two idle cores, and 10 more to create its database the first time
END_LIMIT = 10.0
POLL = 0.5
CODE = files.CODE


class ServerError(ConnectionError):
    """A server that cannot be found, started or reached; the message says what to do."""


class PortError(ServerError):
    """A port that cannot be listened on."""


@dataclass(frozen=True)
class Server:
    """A Prefect server that answers: the project's own, or one of the user's, whose process is not ours to know."""

    url: str
    process: owners.Identity | None = None

    @property
    def ui(self) -> str:
        """The address for a browser."""
        return self.url.removesuffix("/api")

    def alive(self) -> bool:
        """Whether the project's own server still runs; the user's is taken to."""
        return self.process is None or self.process.alive()


def ensure_server(port: int = 0) -> str:
    """Find or start the server and return its API's URL, which is set for Prefect here and in child processes too."""
    return connect(port).url


def connect(port: int = 0, *, start: bool = True) -> Server:
    """Find the server, or start it on `port` (0: any free one), and keep it up as long as this process's owner lives.

    A server that already runs is joined whatever its port. Without `start`, none running is a ServerError.
    """
    _bypass_proxy()
    if chosen := os.environ.get("PREFECT_API_URL", "").rstrip("/"):
        server = _users_server(chosen)
    else:
        server = _own_server(port, start=start)
        os.environ["PREFECT_API_URL"] = server.url
    if "prefect" in sys.modules:  # it read its settings when it was imported, in a warm process before this variable
        from prefect.context import refresh_global_settings_context

        refresh_global_settings_context()
    return server


def create_gpu_slot(server: Server) -> None:
    """Make sure that the concurrency limit `gpu` exists: runs on a GPU wait for it. A changed limit is left alone."""
    limits = f"{server.url}/v2/concurrency_limits/"
    if requests.get(f"{limits}gpu", timeout=30).status_code == requests.codes.not_found:
        requests.post(limits, json={"name": "gpu", "limit": 1}, timeout=30).raise_for_status()


def leave(server: Server) -> list[owners.Identity]:
    """Need the server no longer; wait for its end, or return the others that keep it up."""
    with _lock():
        owners.forget(owners.owner())
        others = owners.living()
    deadline = time.monotonic() + 2 * END_LIMIT
    while server.process and not others and server.alive() and time.monotonic() < deadline:
        time.sleep(0.1)
    return others


def listen(port: int) -> socket.socket:
    """Take a port (0: any free one): by listening at once, so that between a check and its use nobody else can."""
    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # closed connections do not hold a port
        listener.bind((HOST, port))
        listener.listen(128)
    except OverflowError:
        listener.close()
        raise PortError(f"{port} is no port: it must be from 1 to 65535") from None
    except OSError as error:
        listener.close()
        raise PortError(f"port {port} cannot be used: {error.strerror}{_holder(port)}") from None
    return listener


def tail(log: Path, lines: int = 15) -> str:
    """A log's name and its last lines, for an error message."""
    text = log.read_text(errors="replace").splitlines() if log.exists() else []
    return "\n  ".join([f"the end of {log}:", *(text[-lines:] or ["(empty)"])])


def _own_server(port: int, *, start: bool) -> Server:
    files.PREFECT_HOME.mkdir(parents=True, exist_ok=True)
    with _lock():
        server = _running()
        if server is None and not start:
            raise ServerError("no Prefect server runs for this project: start one in another terminal with `make ui`")
        owners.register(owners.owner())  # first, so that a server which is being started stays
        server = server or _start(port)
        _wait_for(server)
        create_gpu_slot(server)
    return server


def _users_server(url: str) -> Server:
    if not _answers(url, limit=10):
        raise ServerError(
            f"PREFECT_API_URL is set to {url}, but no Prefect server answers there: start that server, "
            "or unset PREFECT_API_URL so that the project starts its own"
        )
    running = _running()
    return running if running and running.url == url else Server(url)


def _running() -> Server | None:
    """The server that the state file tells of, if its process lives (it may not answer yet)."""
    try:
        state = json.loads(_state().read_text())
        server = Server(state["url"], owners.Identity(state["pid"], state["started"]))
    except (FileNotFoundError, ValueError, KeyError):
        return None
    return server if server.alive() else None


def _start(port: int) -> Server:
    """Start the server's process on a socket that is already listening, and write the state file."""
    with listen(port) as listener, _log().open("wb") as log:
        url = f"http://{HOST}:{listener.getsockname()[1]}/api"
        process = subprocess.Popen(
            [sys.executable, "-m", "pipelines.ops.server", str(listener.fileno())],
            pass_fds=[listener.fileno()],
            cwd=files.PREFECT_HOME,  # a caller's folder may be a temporary copy of the project
            env=_environment(url),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a Ctrl-C is for the terminal's own processes
        )
    process.returncode = 0  # not to be waited for: it outlives this process
    server = Server(url, owners.Identity.of(psutil.Process(process.pid)))
    assert server.process
    draft = _state().with_suffix(".draft")
    draft.write_text(json.dumps({"url": url, "pid": server.process.pid, "started": server.process.started}))
    draft.replace(_state())
    return server


def _environment(url: str) -> dict[str, str]:
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, [str(CODE), os.environ.get("PYTHONPATH")])),
        "PREFECT_HOME": str(files.PREFECT_HOME),  # its SQLite database: two servers must never share one
        "PREFECT_API_URL": url,  # where its web pages look for the API
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    }


def _wait_for(server: Server) -> None:
    """Wait until the server answers, and tell people when that takes long."""
    assert server.process
    began = time.monotonic()
    told = False
    while not _answers(server.url, limit=2):
        waited = time.monotonic() - began
        if not server.alive() or waited > START_LIMIT:
            ended = "ended" if not server.alive() else f"did not answer within {START_LIMIT:.0f} s"
            raise ServerError(f"the Prefect server {ended} while starting; {tail(_log())}")
        if not told:
            print("Starting the project's Prefect server (10 to 25 s) ...", file=sys.stderr, flush=True)
            told = True
        time.sleep(0.2)
    if told:
        print(
            f"Prefect server ready at {server.ui} after {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True
        )


def _answers(url: str, limit: float) -> bool:
    try:
        reply = requests.get(f"{url}/health", timeout=limit)
    except requests.RequestException:
        return False
    # A server's pages answer 200 to any path: an address without its /api is not an API.
    return reply.ok and reply.headers.get("content-type", "").startswith("application/json")


def _bypass_proxy() -> None:
    """Keep a company's proxy out of the way between processes of one machine, for Prefect's own client too."""
    exempt = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    if HOST not in exempt:
        os.environ["no_proxy"] = os.environ["NO_PROXY"] = ",".join(filter(None, [exempt, HOST]))


def _holder(port: int) -> str:
    """Who listens on a port, as far as this user may know."""
    for connection in psutil.net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port:
            if connection.pid is None:
                return " (by a process of another user)"
            return f" (by process {connection.pid}: {' '.join(psutil.Process(connection.pid).cmdline())[:100]})"
    return ""


def _lock() -> FileLock:
    return FileLock(files.PREFECT_HOME / "server.lock")


def _state() -> Path:
    return files.PREFECT_HOME / "server.json"


def _log() -> Path:
    return files.PREFECT_HOME / "server.log"


def serve(listener: socket.socket) -> None:
    """Be the server, on a socket that listens already, until nobody needs it."""
    threading.Thread(target=_end_without_owners, daemon=True).start()
    import uvicorn
    from prefect.server.api.server import create_app

    config = uvicorn.Config(create_app(final=True), log_level="warning", timeout_graceful_shutdown=3)
    uvicorn.Server(config).run(sockets=[listener])


def _end_without_owners() -> None:
    """Wait until no owner lives, then end this process; it takes the lock with it, so that no successor overlaps."""
    lock = _lock()
    while True:
        time.sleep(POLL)
        if not owners.living():
            lock.acquire()
            if not owners.living():
                break
            lock.release()
    _state().unlink(missing_ok=True)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(END_LIMIT)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
