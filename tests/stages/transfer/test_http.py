"""Bytes from a web address: resumed where they broke off, given up where they cannot be right, in bounded time."""

import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from stages.errors import StageError
from stages.transfer import http as transfer
from stages.transfer.http import PartialFile, Request, StoppedError, WebSession, html_page, redacted
from tests.stages.transfer.faulty import CONTENT, PAGE, Answer, Site, in_turn, reply

Serve = Callable[[Answer], str]
WANTED = Request("set/data.bin", len(CONTENT), exact=True, loopback=True)
UNKNOWN = Request("set/data.tar.gz", 50_000, exact=False, loopback=True)


@pytest.fixture
def part(tmp_path: Path) -> PartialFile:
    return PartialFile(tmp_path / "parts" / "data.bin.part")


def bring(url: str, part: PartialFile, wanted: Request = WANTED) -> bytes:
    with WebSession() as web:
        web.bring(url, part, wanted)
    return part.path.read_bytes()


@pytest.mark.parametrize(
    ("fault", "wanted"),
    # Nothing tells that a body of unknown size that just ends is not whole: its content has to.
    [("closed", WANTED), ("closed", UNKNOWN), ("reset", WANTED), ("reset", UNKNOWN), ("closed, no length", WANTED)],
)
def test_a_broken_body_is_continued_where_it_broke(
    serve: Serve, part: PartialFile, fault: str, wanted: Request
) -> None:
    site = Site(faults=[fault, fault])
    assert bring(serve(site), part, wanted) == CONTENT
    assert "range" not in site.asked[0]
    starts = [int(asked["range"].removeprefix("bytes=").removesuffix("-")) for asked in site.asked[1:]]
    assert 0 < starts[0] < starts[1] < len(CONTENT)
    assert all(asked["if-range"] == '"1"' for asked in site.asked[1:])
    if fault != "reset":  # a reset takes back what the client had not read
        assert starts == [20_000, 30_000]
        assert site.sent == len(CONTENT)


def test_the_next_process_goes_on(serve: Serve, part: PartialFile) -> None:
    site = Site(faults=["closed"] * 5)
    url = serve(site)
    with pytest.raises(
        StageError, match=r"broke off.* \(5 attempts\)\. 38750 bytes are kept: the same command resumes"
    ):
        bring(url, part)
    assert bring(url, part) == CONTENT
    assert site.asked[-1]["range"] == "bytes=38750-"
    assert site.sent == len(CONTENT)
    assert bring(url, part) == CONTENT  # whole already: nothing is asked
    assert len(site.asked) == 6


@pytest.mark.parametrize("faults", [["range ignored"], ["416"], ["other place"], ["other version"], ["page", ""]])
def test_what_does_not_fit_is_not_continued(serve: Serve, part: PartialFile, faults: list[str]) -> None:
    if faults[0] == "page":
        with pytest.raises(StageError, match="an HTML page"):
            bring(serve(Site(faults=["closed", *faults])), part)
    else:
        assert bring(serve(Site(faults=["closed", *faults])), part) == CONTENT


def test_a_new_version_is_not_mixed_with_the_old(serve: Serve, part: PartialFile) -> None:
    site = Site(faults=["closed", "500"] * 2 + ["closed"])
    url = serve(site)
    with pytest.raises(StageError):
        bring(url, part)
    site.content, site.version = CONTENT[::-1], '"2"'
    assert bring(url, part) == CONTENT[::-1]


def test_a_part_of_another_address_is_not_continued(serve: Serve, part: PartialFile) -> None:
    with pytest.raises(StageError):
        bring(serve(Site(faults=["closed"] * 5)), part)
    other = Site(CONTENT[::-1], version=None)
    assert bring(serve(other), part) == CONTENT[::-1]
    assert "range" not in other.asked[0]


def test_a_part_without_its_note_counts_for_nothing(serve: Serve, part: PartialFile) -> None:
    part.path.parent.mkdir()
    part.path.write_bytes(b"half")
    site = Site()
    assert bring(serve(site), part) == CONTENT
    assert "range" not in site.asked[0]


@pytest.mark.parametrize(
    ("headers", "sent"),
    [
        ({"etag": '"1"', "last_modified": "Sat, 01 Jan 2022 00:00:00 GMT"}, '"1"'),
        ({"etag": 'W/"1"', "last_modified": "Sat, 01 Jan 2022 00:00:00 GMT"}, "Sat, 01 Jan 2022 00:00:00 GMT"),
        ({"etag": 'W/"1"'}, None),
        ({}, None),
    ],
)
def test_only_a_strong_version_is_sent_back(
    serve: Serve, part: PartialFile, headers: dict[str, str], sent: str | None
) -> None:
    asked = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        asked.append(request.headers)
        if len(asked) == 1:
            reply(CONTENT[:9000], content_length="40000", **headers)(request)
        else:
            reply(CONTENT[9000:], 206, content_range="bytes 9000-39999/40000", **headers)(request)

    assert bring(serve(answer), part) == CONTENT
    assert asked[1]["if-range"] == sent


def test_attempts_are_bounded_and_wait_longer_each_time(
    serve: Serve, part: PartialFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Site(faults=["503"] * 99)
    url = serve(site)
    waits: list[float] = []
    monkeypatch.setattr(transfer, "PAUSE", 0.5)
    stop = threading.Event()
    monkeypatch.setattr(stop, "wait", waits.append)
    with (
        WebSession(stop=stop) as web,
        pytest.raises(StageError, match=r"answers 503 Service Unavailable \(5 attempts\)"),
    ):
        web.bring(url, part, WANTED)
    assert len(site.asked) == 5
    assert all(0.5 * step * 0.5 <= wait <= 1.5 * step * 0.5 for wait, step in zip(waits, (1, 2, 4, 8), strict=True))
    assert len({wait / step for wait, step in zip(waits, (1, 2, 4, 8), strict=True)}) == 4  # by chance


@pytest.mark.parametrize(("asks", "waits"), [("7", 7.0), ("86400", transfer.LONGEST_PAUSE), ("soon", 0.0)])
def test_a_server_may_ask_for_a_pause_but_not_for_a_day(
    serve: Serve, part: PartialFile, monkeypatch: pytest.MonkeyPatch, asks: str, waits: float
) -> None:
    waited: list[float] = []
    stop = threading.Event()
    monkeypatch.setattr(stop, "wait", waited.append)
    with WebSession(stop=stop) as web:
        web.bring(serve(in_turn(reply(b"", 429, retry_after=asks), reply(CONTENT))), part, WANTED)
    assert waited == [waits]


@pytest.mark.parametrize("fault", ["page", "plain page", "redirect to page"])
@pytest.mark.parametrize("wanted", [WANTED, UNKNOWN], ids=["known size", "unknown size"])
def test_a_web_page_is_no_file(serve: Serve, part: PartialFile, fault: str, wanted: Request) -> None:
    site = Site(faults=[fault, "page"])
    with pytest.raises(
        StageError, match=r"sends an HTML page \(title 'Please & sign in'\) instead of set/data\."
    ) as caught:
        bring(serve(site), part, wanted)
    assert len(site.asked) == (2 if fault == "redirect to page" else 1)  # no second attempt
    assert not part.path.exists()
    assert "127.0.0.1" in str(caught.value)


@pytest.mark.parametrize(
    ("start", "content_type", "says"),
    [
        (PAGE, "", "an HTML page (title 'Please & sign in')"),
        (b"\xef\xbb\xbf<HTML lang=en>", "", "an HTML page"),
        (b"what follows is cut of\xc3", "text/html", "an HTML page"),
        (b"<html><title>\x1b[31m" + b"a" * 200, "", f"an HTML page (title {'[31m' + 'a' * 76!r})"),
        (b"<htmlx>", "text/plain", ""),
        (b"<unk> is a word of ptb.train.txt", "text/plain", ""),
        (b"\x1f\x8b\x08\x00", "application/gzip", ""),
        (b"", "", ""),
    ],
)  # fmt: skip
def test_what_begins_a_web_page(start: bytes, content_type: str, says: str) -> None:
    assert html_page(start, content_type) == says


def test_a_size_that_is_announced_wrong_is_refused_before_it_comes(serve: Serve, part: PartialFile) -> None:
    site = Site(faults=["cut", "long"])
    url = serve(site)
    with pytest.raises(StageError, match=r"set/data\.bin is truncated: 20000 of 40000 bytes"):
        bring(url, part)
    with pytest.raises(StageError, match=r"set/data\.bin is larger than the 40000 bytes published"):
        bring(url, part)
    assert len(site.asked) == 2
    assert not part.path.exists()


def test_what_never_ends_is_cut_off(serve: Serve, part: PartialFile) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        reply(b"", content_length=None)(request)
        while True:
            request.wfile.write(CONTENT)

    with pytest.raises(StageError, match="is larger than 50000 bytes, the most that is expected"):
        bring(serve(answer), part, UNKNOWN)
    assert not part.path.exists()


def test_a_slow_drip_is_given_up(serve: Serve, part: PartialFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "WINDOW", 0.2)
    monkeypatch.setattr(transfer, "ATTEMPTS", 2)

    def drip(request: BaseHTTPRequestHandler) -> None:
        start = int(request.headers.get("range", "bytes=0-")[6:-1])
        where = {"content_range": f"bytes {start}-39999/40000"} if start else {}
        reply(CONTENT[start : start + 5000], 206 if start else 200, content_length=str(40_000 - start), **where)(
            request
        )
        for byte in CONTENT[start + 5000 :]:
            time.sleep(0.02)
            request.wfile.write(bytes([byte]))

    # The first 5,000 bytes pass for 0.2 seconds, the next drops do not.
    url, began = serve(drip), time.monotonic()
    with pytest.raises(
        StageError, match=r"is too slow: \d+ bytes in 0 seconds \(2 attempts\)\. 100\d\d bytes are kept"
    ):
        bring(url, part)
    assert 0.8 < time.monotonic() - began < 3
    assert CONTENT.startswith(part.path.read_bytes())


def test_silence_is_given_up(serve: Serve, part: PartialFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "TIMEOUT", (1.0, 0.1))
    monkeypatch.setattr(transfer, "ATTEMPTS", 2)
    quiet = threading.Event()

    def answer(request: BaseHTTPRequestHandler) -> None:
        reply(CONTENT[:9000], content_length="40000")(request)
        quiet.wait(5)

    with pytest.raises(StageError, match=r"broke off \(.*Read timed out.*\(2 attempts\)"):
        bring(serve(answer), part)
    quiet.set()


def test_a_transfer_stops_when_told_to(serve: Serve, part: PartialFile) -> None:
    stop = threading.Event()

    def report(held: int, total: int | None) -> None:
        if held >= 9000:
            stop.set()

    def answer(request: BaseHTTPRequestHandler) -> None:
        reply(CONTENT[:9000], content_length="40000")(request)
        stop.wait(5)
        request.wfile.write(CONTENT[9000:])

    with WebSession(report, stop) as web, pytest.raises(StoppedError):
        web.bring(serve(answer), part, WANTED)
    assert part.path.read_bytes() == CONTENT[:9000]


def test_it_tells_what_it_holds(serve: Serve, part: PartialFile) -> None:
    told: list[tuple[int, int | None]] = []
    with WebSession(lambda held, total: told.append((held, total))) as web:
        web.bring(serve(Site(faults=["closed"])), part, WANTED)
    assert told[0] == (0, None)
    assert (20_000, 40_000) in told
    assert told[-1] == (40_000, 40_000)
    assert told == sorted(told, key=lambda item: item[0])


def test_compressed_answers_are_not_asked_for(serve: Serve, part: PartialFile) -> None:
    site = Site()
    bring(serve(site), part)
    assert site.asked[0]["accept-encoding"] == "identity"


# -- addresses


@pytest.mark.parametrize("target", ["http://example.org/x", "ftp://example.org/x", "file:///etc/x", "//[x"])
def test_redirects_stay_on_allowed_addresses(serve: Serve, part: PartialFile, target: str) -> None:
    with pytest.raises(StageError, match=r"only https|is no address, .*\(ValueError\)"):
        bring(serve(reply(b"", 302, location=target)), part)


def test_redirects_end(serve: Serve, part: PartialFile) -> None:
    with pytest.raises(StageError, match="more than 5 redirects"):
        bring(serve(reply(b"", 302, location="/again")), part)


def test_a_public_address_is_not_on_this_machine(serve: Serve, part: PartialFile) -> None:
    with pytest.raises(StageError, match="only https"):
        bring(serve(Site()), part, Request("set/data.bin", len(CONTENT), exact=True, loopback=False))


def test_an_answer_that_is_no_file_is_named(serve: Serve, part: PartialFile) -> None:
    with pytest.raises(StageError, match="answers 403 Forbidden"):
        bring(serve(in_turn(reply(b"", 403))), part)  # once


@pytest.mark.parametrize(
    ("text", "shows"),
    [
        ("https://user:secret@host/path", "https://host/path"),
        ("https://user:sec@ret@host/path", "https://host/path"),
        ("https://user:sec/ret@host/path", "https://host/path"),
        ("https://host/path?token=secret", "https://host/path"),
        ("Failed to parse: http://user:secret@:x, sorry", "Failed to parse: http://:x, sorry"),
        ("https://host/path", "https://host/path"),
    ],
)
def test_what_may_be_secret_is_not_shown(text: str, shows: str) -> None:
    assert redacted(text) == shows


# -- proxies


def test_a_proxy_is_used_where_one_is_named(serve: Serve, part: PartialFile, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        asked.append((request.path, request.headers["proxy-authorization"]))
        reply(CONTENT)(request)

    proxy = serve(answer).removesuffix("/base").replace("//", "//user:secret@")
    monkeypatch.setenv("HTTP_PROXY", proxy)
    monkeypatch.setenv("http_proxy", proxy)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert bring("http://localhost:9/base/data.bin", part) == CONTENT  # nobody listens there
    assert asked == [("http://localhost:9/base/data.bin", "Basic dXNlcjpzZWNyZXQ=")]

    part.discard()
    monkeypatch.setenv("NO_PROXY", "localhost")
    monkeypatch.setenv("no_proxy", "localhost")
    with pytest.raises(StageError, match=r"could not reach http://localhost:9/.*refused"):
        bring("http://localhost:9/base/data.bin", part)
    assert len(asked) == 1


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy"])
def test_a_proxy_that_refuses_is_named_without_its_password(
    part: PartialFile, impatient: None, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for other in ("NO_PROXY", "no_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(other, raising=False)
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            for _ in range(transfer.ATTEMPTS):
                connection, _ = listener.accept()
                with connection:
                    heard.append(connection.recv(4096))
                    connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")

        thread = threading.Thread(target=refuse, daemon=True)
        thread.start()
        monkeypatch.setenv(name, f"http://user:secret@127.0.0.1:{listener.getsockname()[1]}")
        with pytest.raises(StageError, match=r"could not reach https://example\.org/a.*407 Proxy Auth") as caught:
            bring("https://example.org/a", part)
        thread.join(5)
    assert all(request.startswith(b"CONNECT example.org:443 ") for request in heard)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("proxy", ["http://user:secret@127.0.0.1:port", "http://user:sec/ret@host", "foo://u:secret@h"])
def test_a_proxy_that_is_no_address_is_named_without_its_password(
    part: PartialFile, impatient: None, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, proxy)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(StageError, match=r"could not reach https://example\.org/a") as caught:
        bring("https://example.org/a", part)
    assert "sec" not in str(caught.value).replace("second", "")
