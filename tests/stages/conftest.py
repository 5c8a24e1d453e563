"""A working folder with a params.yaml, small built-in data, and a web server on loopback that can misbehave."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from stages.dataset import Prepared
from stages.datasets.slots import origin, reader
from stages.transfer import http as transfer

PARAMS = """
data: {{source: {source}, mirror: {mirror}}}
datasets:
  slots:
    source: null
    builtin: {{seed: 3, train: 300, val: 40, test: 60}}
pipelines: {{}}
"""

SetParams = Callable[..., None]
Answer = Callable[[BaseHTTPRequestHandler], None]


@pytest.fixture
def set_params() -> SetParams:
    """Write the params.yaml of the small data into the current folder."""

    def write(source: str = "builtin", mirror: str = "null") -> None:
        Path("params.yaml").write_text(PARAMS.format(source=source, mirror=mirror))

    return write


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, set_params: SetParams) -> Path:
    """An empty project folder with a params.yaml, the current directory of the test; no mirror is named."""
    for name in ("DATA_MIRROR", "DVC_ROOT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    set_params()
    return tmp_path


@pytest.fixture(scope="session")
def small() -> origin.SlotsOptions:
    """What params.yaml asks for in these tests."""
    return origin.SlotsOptions(seed=3, train=300, val=40, test=60)


@pytest.fixture(scope="session")
def raw(small: origin.SlotsOptions, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The raw files of the small built-in data: not to be changed."""
    folder = tmp_path_factory.mktemp("raw")
    for path, content in origin.make(small):
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


@pytest.fixture(scope="session")
def prepared(raw: Path) -> Prepared:
    """The small built-in data as tables: not to be changed."""
    return reader.read(raw)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting between attempts."""
    monkeypatch.setattr(transfer, "PAUSE", 0.0)


@pytest.fixture
def serve(impatient: None) -> Iterator[Callable[[Answer], str]]:
    """Start a web server on loopback with the given answers; the call returns its base address."""
    servers = []

    def start(answer: Answer) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Quiet."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that hangs up is no news
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}/base"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()
