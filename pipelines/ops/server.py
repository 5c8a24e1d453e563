"""One Prefect server per project: found or started, shared by all that need it, gone soon after the last of them.

A flow in a process without PREFECT_API_URL starts a server of its own (7 to 15 s every time). Instead, whoever runs
flows calls `ensure_server()` first, or `start_soon()`, imports what it needs, and then `wait()`.

The server has a process of its own (`server_process`) that ends when no process needs it (`server_leases`). Prefect's
`server start --background` and `server stop` were tried (3.8.8) and are not enough: that server outlives all its users;
its output, with the reason of a failed start, is lost in a pipe that nobody reads; and after a crash the next start is
refused because of the process id that is left in `server.pid`.
"""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import requests

from pipelines import files
from pipelines.ops import server_leases
from pipelines.runs import databases

HOST = "127.0.0.1"  # Prefect has no log-in by default: nothing outside this machine may reach it
SERVER = "pipelines.ops.server_process"
PROXIES = ("http_proxy", "https_proxy", "all_proxy")
MIGRATIONS = "server/database/_migrations/versions/sqlite"  # in Prefect's package
START_LIMIT = 120.0  # seconds; it takes 5 on an idle core, and 7 more to create its database the first time
ANSWER_LIMIT = 10.0
END_LIMIT = 20.0
LITTLE = 100.0  # megabytes


class ServerError(ConnectionError):
    """A server that cannot be found, started or reached; the message says what to do."""


class PortError(ServerError):
    """A port that cannot be listened on."""


@dataclass(frozen=True)
class Server:
    """A Prefect server: the project's own, or one of the user's, whose process is not known here."""

    url: str
    pid: int | None = None

    @property
    def ui(self) -> str:
        """The address for a browser."""
        return self.url.removesuffix("/api")

    @property
    def port(self) -> int | None:
        """The port in its address."""
        return urlsplit(self.url).port

    def is_alive(self) -> bool:
        """Whether the project's own server still runs; the user's is assumed to."""
        if self.pid is None:
            return True
        try:  # the number may belong to another process by now
            return SERVER in psutil.Process(self.pid).cmdline()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return False

    def wait(self) -> "Server":
        """Waits until the server answers. Raises ServerError when it does not."""
        if self.pid is not None:
            _wait_for_start(self)
            create_gpu_slot(self)
        elif not _answers(self.url, ANSWER_LIMIT):
            hint = "" if self.url.endswith("/api") else " (the address of a server's API ends with /api)"
            raise ServerError(
                f"PREFECT_API_URL is set to {self.url}, but no Prefect server answers there{hint}: start that server, "
                "or unset PREFECT_API_URL so that the project starts its own"
            )
        return self


def ensure_server(port: int = 0) -> Server:
    """The server that PREFECT_API_URL names, else the project's own, which is started unless it runs; it answers.

    PREFECT_API_URL is set to it for Prefect, in this process and its children. A server that already runs is joined
    whatever its port; a new one gets `port` (0: any free one).
    """
    return start_soon(port).wait()


def start_soon(port: int = 0) -> Server:
    """As `ensure_server`, but does not wait until the server answers: call its `wait` before a flow runs."""
    return _connect(port, may_start=True)


def running_server() -> Server:
    """As `ensure_server`, but raises ServerError where no server runs."""
    return _connect(0, may_start=False).wait()


def release(server: Server) -> list[int]:
    """Gives this process's lease back. Waits for the server's end, or returns the processes that keep it up."""
    with server_leases.lock():
        server_leases.remove(server_leases.holder())
        others = server_leases.holders()
    deadline = time.monotonic() + END_LIMIT
    while server.pid is not None and not others and server.is_alive() and time.monotonic() < deadline:
        time.sleep(0.1)
    return others


@contextlib.contextmanager
def reported(server: Server) -> Iterator[None]:
    """Turns what Prefect's client raises where its server has ended, on a full disk say, into a ServerError."""
    try:
        yield
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in ("httpx", "prefect"):
            raise
        what = "answers with an error, or not at all," if server.is_alive() else "has ended"
        raise ServerError(
            f"the Prefect server at {server.url} {what} ({error}).{_space_left()} Runs that are finished are kept, and "
            f"the same command goes on from there; {last_lines(log())}"
        ) from None


def _space_left() -> str:
    """A sentence about a disk that is nearly full: the server's answer is then a mere 'Internal Server Error'."""
    free = shutil.disk_usage(files.PREFECT_HOME).free / 1e6
    return f" The disk of {files.PREFECT_HOME} has {free:.1f} MB of space left: free some." if free < LITTLE else ""


def create_gpu_slot(server: Server) -> None:
    """Creates the concurrency limit `gpu`, which runs on a GPU wait for; an existing one stays as it is."""
    reply = requests.post(f"{server.url}/v2/concurrency_limits/", json={"name": "gpu", "limit": 1}, timeout=30)
    if reply.status_code != requests.codes.conflict:
        reply.raise_for_status()


def listen(port: int) -> socket.socket:
    """Takes a port (0: any free one) by listening: nobody else can take it before a server answers there."""
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
        raise PortError(f"port {port} cannot be used: {error.strerror}{_holder_of(port)}") from None
    return listener


def last_lines(log: Path, count: int = 15) -> str:
    """A log's name and its last lines, for an error message."""
    text = log.read_text(errors="replace").splitlines() if log.exists() else []
    return "\n  ".join([f"the end of {log}:", *(text[-count:] or ["(empty)"])])


def log() -> Path:
    """What the project's own server has printed."""
    return files.PREFECT_HOME / "server.log"


def _connect(port: int, *, may_start: bool) -> Server:
    _pass_by_proxies()
    if url := os.environ.get("PREFECT_API_URL", "").rstrip("/"):
        running = _running()  # a parent process may have set the variable to the project's own server
        server = running if running and running.url == url else Server(url)
    else:
        server = _own(port, may_start=may_start)
    os.environ["PREFECT_API_URL"] = server.url
    if "prefect" in sys.modules:  # it read the environment when it was imported
        from prefect.context import refresh_global_settings_context

        refresh_global_settings_context()
    return server


def _pass_by_proxies() -> None:
    """A company's proxy is for other machines: this one's servers are reached without it, by Prefect's client too.

    That client refuses to work at all where any proxy in the environment is none that it knows, such as a SOCKS one.
    """
    exempt = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    if HOST not in exempt:
        os.environ["no_proxy"] = os.environ["NO_PROXY"] = ",".join(filter(None, [exempt, HOST]))
    for name in [name for name in os.environ if name.lower() in PROXIES]:
        scheme, separator, _ = os.environ[name].partition("://")
        if separator and scheme.lower() not in ("http", "https"):
            print(
                f"{name} names a proxy of the kind {scheme}: it is not used (only http and https are)", file=sys.stderr
            )
            del os.environ[name]


def _own(port: int, *, may_start: bool) -> Server:
    """The project's own server, with a lease for this process."""
    files.PREFECT_HOME.mkdir(parents=True, exist_ok=True)
    with server_leases.lock():
        server = _running()
        if server is None:
            if not may_start:
                raise ServerError("no Prefect server runs for this project: start one in another terminal: `make ui`")
            server_leases.clear()
            server = _start(port)
        server_leases.add(server_leases.holder())
    return server


def _running() -> Server | None:
    """The server that the state file names, if its process lives (it may not answer yet)."""
    try:
        server = Server(**json.loads(_state().read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return server if server.is_alive() else None


def _start(port: int) -> Server:
    check_database()
    shutil.rmtree(_temporary(), ignore_errors=True)  # of a server that was killed
    _temporary().mkdir(parents=True)
    with listen(port) as listener, log().open("wb") as output:
        url = f"http://{HOST}:{listener.getsockname()[1]}/api"
        process = subprocess.Popen(
            [sys.executable, "-m", SERVER, str(listener.fileno())],
            pass_fds=[listener.fileno()],
            cwd=files.PREFECT_HOME,  # a caller's folder may be a temporary copy of the project
            env=_environment(url),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a Ctrl-C is for the terminal's own processes
        )
    process.returncode = 0  # not to be waited for: it outlives this process
    server = Server(url, process.pid)
    files.write_atomically(_state(), json.dumps({"url": url, "pid": process.pid}).encode())
    return server


def check_database() -> None:
    """Raises ServerError where the server's database is damaged, or of a newer Prefect."""
    path = files.PREFECT_HOME / "prefect.db"
    if path.exists() and (fault := databases.fault_of(path, "prefect", MIGRATIONS)):
        raise ServerError(
            f"{path} is damaged ({fault}). It holds the history of flows and the deployments, and no result: "
            f"`rm {path}*`, and the next command makes a new one (`make deploy` deploys again)"
        )


def _temporary() -> Path:
    return files.PREFECT_HOME / "tmp"


def _environment(url: str) -> dict[str, str]:
    """None of the caller's settings of Prefect: they may name the user's own database, which is not ours to migrate."""
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith("PREFECT_")}
    settings = {
        "PREFECT_HOME": str(files.PREFECT_HOME),  # its SQLite database: two servers must never share one
        "TMPDIR": str(_temporary()),  # the caller's may go before the server does
        "PREFECT_API_URL": url,  # where its web pages look for the API
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    }
    if not (files.PREFECT_HOME / "prefect.db").exists():
        # 2 s of a first start; the second one registers the types of blocks, which only people use, in the UI.
        settings |= {
            "PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false",
            "PREFECT_SERVER_MEMOIZE_BLOCK_AUTO_REGISTRATION": "false",
        }
    path = os.pathsep.join(filter(None, [str(files.CODE), os.environ.get("PYTHONPATH")]))
    return kept | settings | {"PYTHONPATH": path}


def _wait_for_start(server: Server) -> None:
    """Waits for the project's own server, with a message where that takes time."""
    began = time.monotonic()
    has_message = False
    while not _answers(server.url, limit=2):
        waited = time.monotonic() - began
        if not server.is_alive() or waited > START_LIMIT:
            ended = f"did not answer within {START_LIMIT:.0f} s" if server.is_alive() else "ended while starting"
            raise ServerError(f"the Prefect server {ended}; {last_lines(log())}")
        if not has_message:
            print("Waiting for the project's Prefect server (5 to 20 s) ...", file=sys.stderr, flush=True)
            has_message = True
        time.sleep(0.1)
    if has_message:
        print(f"Prefect server ready at {server.ui}", file=sys.stderr, flush=True)


def _answers(url: str, limit: float) -> bool:
    try:
        reply = requests.get(f"{url}/health", timeout=limit)
    except requests.RequestException:
        return False
    # A server's pages answer 200 to any path: an address without its /api is not an API.
    return reply.ok and reply.headers.get("content-type", "").startswith("application/json")


def _holder_of(port: int) -> str:
    """The process that listens on a port, as far as this user may know."""
    for connection in psutil.net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port:
            if connection.pid is None:
                return " (by a process of another user)"
            return f" (by process {connection.pid}: {' '.join(psutil.Process(connection.pid).cmdline())[:100]})"
    return ""


def _state() -> Path:
    return files.PREFECT_HOME / "server.json"
