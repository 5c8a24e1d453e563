"""Fetching: what arrives is whole and right, or nothing stays and one message says what was wrong."""

import errno
import hashlib
import io
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import requests

from stages import fetch
from stages.dataset import PublicFile
from stages.errors import StageError
from stages.fetch import Mirror
from stages.files import sweep

CONTENT = b"which flights go from boston to denver\n" * 50
FILE = PublicFile(
    path="train/seq.in",
    published="atis/train/seq.in",
    url="https://127.0.0.1:9/atis/train/seq.in",  # nobody listens there
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    size=len(CONTENT),
)

Serve = Callable[[Callable[[BaseHTTPRequestHandler], None]], str]


def reply(body: bytes, status: int = 200, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    """An answer with this body; `headers` may lie about it."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in {"content_length": str(len(body)), **headers}.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(body)

    return answer


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """A mirror folder that holds the file."""
    file = tmp_path / "mirror" / FILE.published
    file.parent.mkdir(parents=True)
    file.write_bytes(CONTENT)
    return tmp_path / "mirror"


def fetch_into(target: Path, address: Path | str | None) -> str:
    with fetch.session() as web:
        return fetch.fetch(FILE, target, Mirror(str(address)) if address else None, web)


def left_over(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []


def test_a_mirror_folder_gives_the_file_once(tmp_path: Path, mirror: Path) -> None:
    assert fetch_into(tmp_path / "raw", mirror) == "from the mirror"
    assert (tmp_path / "raw/train/seq.in").read_bytes() == CONTENT
    (mirror / FILE.published).unlink()
    assert fetch_into(tmp_path / "raw", mirror) == "already there"


def test_a_changed_file_is_fetched_again(tmp_path: Path, mirror: Path) -> None:
    fetch_into(tmp_path / "raw", mirror)
    (tmp_path / "raw/train/seq.in").write_bytes(CONTENT[:-1] + b"!")
    assert fetch_into(tmp_path / "raw", mirror) == "from the mirror"
    assert (tmp_path / "raw/train/seq.in").read_bytes() == CONTENT


WRONG = {
    "truncated": (CONTENT[:100], f"truncated: 100 of {len(CONTENT)} bytes"),
    "changed byte": (b"W" + CONTENT[1:], "other bytes"),
    "too large": (CONTENT + b"!", f"larger than the {len(CONTENT)} bytes"),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("on_web", [False, True], ids=["folder", "address"])
def test_wrong_bytes_do_not_stay(tmp_path: Path, mirror: Path, serve: Serve, wrong: str, on_web: bool) -> None:
    content, says = WRONG[wrong]
    (mirror / FILE.published).write_bytes(content)
    with pytest.raises(StageError, match=says) as caught:
        fetch_into(tmp_path / "raw", serve(reply(content)) if on_web else mirror)
    assert "atis/train/seq.in" in str(caught.value)
    assert left_over(tmp_path / "raw") == []


def test_a_wrong_file_does_not_replace_the_one_there(tmp_path: Path, mirror: Path) -> None:
    old = tmp_path / "raw/train/seq.in"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"old")
    (mirror / FILE.published).write_bytes(CONTENT[:100])
    with pytest.raises(StageError):
        fetch_into(tmp_path / "raw", mirror)
    assert old.read_bytes() == b"old"


def test_a_base_address_gives_the_file(tmp_path: Path, serve: Serve) -> None:
    asked = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        asked.append(request.path)
        reply(CONTENT)(request)

    assert fetch_into(tmp_path / "raw", serve(answer)) == "from the mirror"
    assert asked == ["/base/atis/train/seq.in"]
    assert (tmp_path / "raw/train/seq.in").read_bytes() == CONTENT


def test_busy_answers_and_broken_bodies_are_tried_again(tmp_path: Path, serve: Serve) -> None:
    broken = reply(CONTENT[:99], content_length=str(len(CONTENT)))
    answers = iter([reply(b"", 503), broken, reply(b"", 500), reply(CONTENT)])

    def answer(request: BaseHTTPRequestHandler) -> None:
        next(answers)(request)

    assert fetch_into(tmp_path / "raw", serve(answer)) == "from the mirror"
    assert (tmp_path / "raw/train/seq.in").read_bytes() == CONTENT


def test_a_connection_that_always_breaks_is_named(tmp_path: Path, serve: Serve) -> None:
    address = serve(reply(CONTENT[:99], content_length=str(len(CONTENT))))
    with pytest.raises(
        StageError, match=r"Connection broken: IncompleteRead\(99 bytes read, 1851 more expected\) \(3 attempts\)"
    ):
        fetch_into(tmp_path / "raw", address)
    assert left_over(tmp_path / "raw") == []


@pytest.mark.parametrize("on_web", [False, True], ids=["folder", "address"])
def test_a_mirror_that_lacks_the_file_falls_through_and_is_named(
    tmp_path: Path, mirror: Path, serve: Serve, on_web: bool
) -> None:
    (mirror / FILE.published).unlink()
    address = serve(reply(b"", 404)) if on_web else str(mirror)
    with pytest.raises(StageError, match=r"could not reach https://127\.0\.0\.1:9/") as caught:
        fetch_into(tmp_path / "raw", address)
    assert f"The mirror {address} does not have atis/train/seq.in" in str(caught.value)


def test_without_network_the_message_names_the_ways_out(tmp_path: Path, impatient: None) -> None:
    with pytest.raises(StageError, match="could not reach") as caught:
        fetch_into(tmp_path / "raw", None)
    assert "DATA_MIRROR" in str(caught.value)
    assert "builtin" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_answer_that_is_no_file_is_named(tmp_path: Path, serve: Serve) -> None:
    with pytest.raises(StageError, match="answers 403"):
        fetch_into(tmp_path / "raw", serve(reply(b"", 403)))


@pytest.mark.parametrize("target", ["http://example.org/x", "ftp://example.org/x", "file:///etc/hostname"])
def test_redirects_stay_on_allowed_addresses(tmp_path: Path, serve: Serve, target: str) -> None:
    with pytest.raises(StageError, match="only https"):
        fetch_into(tmp_path / "raw", serve(reply(b"", 302, location=target)))


def test_redirects_end(tmp_path: Path, serve: Serve) -> None:
    with pytest.raises(StageError, match="more than 5 redirects"):
        fetch_into(tmp_path / "raw", serve(reply(b"", 302, location="/again")))


@pytest.mark.parametrize("address", ["http://example.org/data", "ftp://example.org/data", "file:///data"])
def test_a_mirror_address_must_be_https_or_loopback(address: str) -> None:
    with pytest.raises(StageError, match="only https"):
        Mirror(address).check()


def test_a_mirror_folder_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"does not exist.*DATA_MIRROR or data.mirror"):
        Mirror(str(tmp_path / "nowhere")).check()


def test_messages_do_not_show_passwords(tmp_path: Path, serve: Serve) -> None:
    address = serve(reply(b"", 403)).replace("http://", "http://user:secret@")
    with pytest.raises(StageError) as caught:
        fetch_into(tmp_path / "raw", address)
    assert "secret" not in str(caught.value)


class FullDisk(io.BytesIO):
    """A file on a disk with no space left."""

    def write(self, _: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path, mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_ = Path.open

    def open_full(path: Path, mode: str = "r", *more: Any, **options: Any) -> Any:
        stream = open_(path, mode, *more, **options)  # the file is made, as on a real full disk
        return FullDisk() if mode == "wb" else stream

    monkeypatch.setattr(Path, "open", open_full)
    with pytest.raises(StageError, match=r"No space left on device.*Free some space"), pytest.warns(ResourceWarning):
        fetch_into(tmp_path / "raw", mirror)
    assert left_over(tmp_path / "raw") == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, mirror: Path) -> None:
    (tmp_path / "raw").write_text("a file where a folder should be")
    with pytest.raises(StageError, match=r"could not write .*raw"):
        fetch_into(tmp_path / "raw", mirror)


def test_an_interrupt_leaves_nothing_half_written(
    tmp_path: Path, mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> Any:
        yield CONTENT[:10]
        raise KeyboardInterrupt

    monkeypatch.setattr(Mirror, "pieces", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fetch_into(tmp_path / "raw", mirror)
    assert left_over(tmp_path / "raw") == []


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    part = tmp_path / "train" / ".seq.in.123.part"
    part.parent.mkdir()
    part.write_bytes(b"half")
    sweep(tmp_path)
    assert left_over(tmp_path) == []


def test_the_session_asks_for_published_bytes() -> None:
    with fetch.session() as web:
        assert isinstance(web, requests.Session)
        assert web.headers["Accept-Encoding"] == "identity"
