"""The bytes at one web address, into a file that is kept when the transfer breaks off, so that the next one resumes.

Bounded are the size, the attempts, the time between two pieces, and how slowly they may arrive. This module does not
know what the bytes should be: fetch.py checks their digest.
"""

import html
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from random import uniform
from typing import Self
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from stages.errors import StageError
from stages.files import CHUNK, read_json, write_json, writing

TIMEOUT = (5.0, 20.0)  # seconds: to connect, and between two pieces of the body
ATTEMPTS = 5
PAUSE = 0.5  # seconds before the second attempt, doubled each time, times a random factor of 0.5 to 1.5
LONGEST_PAUSE = 30.0  # also where a server asks for more
SLOWEST, WINDOW = 1024, 30.0  # bytes a second, measured over so many seconds: a slower attempt ends
REDIRECTS = 5
BUSY = (408, 429, 500, 502, 503, 504)
LOOPBACK = ("localhost", "127.0.0.1", "::1")
PAGE = 4096  # first bytes that show whether a web page, with its title, came instead of the file

OTHERWISE = "Name a mirror that has the file in DATA_MIRROR, or set data.source to builtin."

Report = Callable[[int, int | None], None]


class AbsentError(Exception):
    """The address answers but does not have this file."""


class RetryableError(Exception):
    """An error that another attempt may fix; `wait` is how many seconds the server asks to wait."""

    def __init__(self, message: str, wait: float = 0.0) -> None:
        super().__init__(message)
        self.wait = wait


class StoppedError(Exception):
    """The transfer was stopped."""


@dataclass(frozen=True)
class Request:
    """A request to an address."""

    name: str
    limit: int  # bytes: more is refused
    exact: bool  # whether fewer are refused as well
    loopback: bool  # whether plain http to this machine is allowed


@dataclass(frozen=True)
class PartialContent:
    """The content of a partial file: how many bytes, of which version, of how many in all."""

    size: int = 0
    version: str | None = None
    total: int | None = None


class PartialFile:
    """A file that collects the bytes of one address. A note beside it holds the address and their version."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._note = path.with_name(f"{path.name}.json")

    def content(self, url: str) -> PartialContent:
        """The content that can be continued: nothing where the bytes came from another address."""
        try:
            note = read_json(self._note, "download")
            same = note["url"] == redacted(url)
            return (
                PartialContent(self.path.stat().st_size, note["version"], note["total"]) if same else PartialContent()
            )
        except (StageError, KeyError, FileNotFoundError):
            return PartialContent()

    def begin(self, url: str, content: PartialContent) -> None:
        """Start over, with nothing of what `content` describes."""
        self.discard()
        with writing(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_bytes(b"")
        write_json(self._note, {"url": redacted(url), "version": content.version, "total": content.total})

    def discard(self) -> None:
        """Remove the bytes. The note is removed first, as bytes without one are not used."""
        self._note.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)


class WebSession:
    """A web session that reports how many bytes it has of how many and can be stopped. It uses requests' proxies."""

    def __init__(self, report: Report = lambda _size, _total: None, stop: threading.Event | None = None) -> None:
        self._report = report
        self._stop = stop or threading.Event()
        self.session = requests.Session()
        # Without compression, so that size, digest and ranges apply to the bytes as they arrive.
        self.session.headers["Accept-Encoding"] = "identity"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.session.close()

    def bring(self, url: str, part: PartialFile, request: Request) -> None:
        """Download `url` into `part`, resuming from its content. Raises AbsentError where there is no such file."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._attempt(url, part, request)
            except RetryableError as error:
                if attempt == ATTEMPTS:
                    size = part.content(url).size
                    kept = f" {size} bytes are kept: the same command resumes from there." if size else ""
                    raise StageError(f"{error} ({ATTEMPTS} attempts).{kept} {OTHERWISE}") from error
                pause = max(PAUSE * 2 ** (attempt - 1) * uniform(0.5, 1.5), error.wait)
                if self._stop.wait(min(pause, LONGEST_PAUSE)):
                    raise StoppedError from None
            else:
                return

    def _attempt(self, url: str, part: PartialFile, request: Request) -> None:
        content = part.content(url)
        self._report(content.size, content.total)
        if content.size and content.size == (request.limit if request.exact else content.total):
            return  # the last process ended after the last byte and before it was used
        asked = {"Range": f"bytes={content.size}-"} if content.size else {}
        if asked and content.version:
            asked["If-Range"] = content.version
        with closing(self._answer(url, asked, loopback=request.loopback)) as answer:
            _check_status(answer, url)
            pieces = self._pieces(answer, url)
            if answer.status_code == 200:  # the whole file, even if a range was requested
                start = _gather(pieces, PAGE)
                if page := html_page(start, answer.headers.get("content-type", "")):
                    raise StageError(f"{redacted(url)} sends {page} instead of {request.name}. {OTHERWISE}")
                content = PartialContent(0, _version(answer), _length(answer))
                _check_size(content.total, url, request)
                part.begin(url, content)
                pieces = chain((start,), pieces)
            elif not _continues(answer, content):
                part.discard()
                raise RetryableError(f"{redacted(url)} does not go on after the {content.size} bytes that came before")
            self._write(pieces, part, content, url, request)

    def _write(
        self, pieces: Iterator[bytes], part: PartialFile, content: PartialContent, url: str, request: Request
    ) -> None:
        size = content.size
        with writing(part.path), part.path.open("ab") as out:
            for piece in pieces:
                size += len(piece)
                if size > request.limit:
                    part.discard()
                    raise StageError(_too_large(url, request))
                out.write(piece)
                out.flush()  # a killed process loses nothing that it has reported
                self._report(size, content.total)
        expected = request.limit if request.exact else content.total or size
        if size < expected:
            raise RetryableError(f"{redacted(url)} broke off: {size} of {expected} bytes came")

    def _answer(self, url: str, asked: dict[str, str], *, loopback: bool) -> requests.Response:
        """The answer at `url`, after redirects that stay on allowed addresses."""
        for _ in range(REDIRECTS):
            check_address(url, loopback=loopback)
            try:
                answer = self.session.get(url, headers=asked, stream=True, timeout=TIMEOUT, allow_redirects=False)
                if not answer.is_redirect:
                    return answer
                url = urljoin(url, answer.headers["location"])
            except ValueError as error:  # its message may contain credentials
                raise StageError(
                    f"could not reach {redacted(url)}: where it leads is no address, or a proxy in HTTPS_PROXY, "
                    f"HTTP_PROXY or ALL_PROXY is not an HTTP one ({type(error).__name__}). {OTHERWISE}"
                ) from None
            except requests.RequestException as error:
                raise RetryableError(f"could not reach {redacted(url)} ({_cause(error)})") from error
            answer.close()
        raise StageError(f"{redacted(url)}: more than {REDIRECTS} redirects. {OTHERWISE}")

    def _pieces(self, answer: requests.Response, url: str) -> Iterator[bytes]:
        """The body as it arrives, in pieces of any size: waiting for full ones would hide how slow it is."""
        since, arrived = time.monotonic(), 0
        try:
            while piece := answer.raw.read1(CHUNK, decode_content=False):
                if self._stop.is_set():
                    raise StoppedError
                yield piece
                arrived += len(piece)
                if (seconds := time.monotonic() - since) >= WINDOW:
                    if arrived < SLOWEST * seconds:
                        raise RetryableError(f"{redacted(url)} is too slow: {arrived} bytes in {seconds:.0f} seconds")
                    since, arrived = time.monotonic(), 0
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise RetryableError(f"{redacted(url)} broke off ({_cause(error)})") from error


def check_address(url: str, *, loopback: bool) -> None:
    """Plain http could be changed on its way: only https is allowed, and http to a mirror on this machine."""
    try:
        address = urlsplit(url)
        local = address.scheme == "http" and address.hostname in LOOPBACK
        if (address.scheme == "https" and address.hostname) or (loopback and local):
            return
    except ValueError:  # brackets that do not close
        pass
    raise StageError(f"{redacted(url)}: only https addresses are allowed, and http for a mirror on this machine.")


def redacted(text: str) -> str:
    """The text with user name, password and query removed from its addresses."""
    return re.sub(r"://\S*@", "://", re.sub(r"(://[^\s?]*)\?[^\s)]*", r"\1", text))


def html_page(start: bytes, content_type: str = "") -> str:
    """A description of the web page that begins so; '' if neither bytes nor content type are those of one."""
    text = start.decode(errors="replace").lstrip("\ufeff \t\r\n")
    if not (re.match(r"<(!doctype html|html|head|body)\b", text, re.I) or content_type.startswith("text/html")):
        return ""
    found = re.search(r"<title[^>]*>([^<]*)", text, re.I)
    title = "".join(filter(str.isprintable, html.unescape(found[1]).strip()))[:80] if found else ""
    return f"an HTML page (title {title!r})" if title else "an HTML page"


def _check_status(answer: requests.Response, url: str) -> None:
    status = answer.status_code
    message = f"{redacted(url)} answers {status} {answer.reason}"
    if status in (404, 410):
        raise AbsentError
    if status in BUSY:
        wait = answer.headers.get("retry-after", "")
        raise RetryableError(message, float(wait) if wait.isdecimal() else 0.0)
    if status not in (200, 206, 416):
        raise StageError(f"{message}. {OTHERWISE}")


def _gather(pieces: Iterator[bytes], size: int) -> bytes:
    """The first pieces, `size` bytes or more where there are so many."""
    start = b""
    while len(start) < size and (piece := next(pieces, b"")):
        start += piece
    return start


def _check_size(total: int | None, url: str, request: Request) -> None:
    """Refuse a body whose announced size is wrong before it arrives."""
    if total is not None and total > request.limit:
        raise StageError(_too_large(url, request))
    if total is not None and request.exact and total < request.limit:
        raise StageError(f"{redacted(url)}: {request.name} is truncated: {total} of {request.limit} bytes. {OTHERWISE}")


def _too_large(url: str, request: Request) -> str:
    most = (
        f"the {request.limit} bytes published" if request.exact else f"{request.limit} bytes, the most that is expected"
    )
    return f"{redacted(url)}: {request.name} is larger than {most}. It was not kept. {OTHERWISE}"


def _length(answer: requests.Response) -> int | None:
    length = answer.headers.get("content-length", "")
    return int(length) if length.isdecimal() else None


def _version(answer: requests.Response) -> str | None:
    """What identifies this version of the file, in the form that If-Range takes: no weak tag."""
    tag = answer.headers.get("etag")
    return tag if tag and not tag.startswith("W/") else answer.headers.get("last-modified")


def _continues(answer: requests.Response, content: PartialContent) -> bool:
    """Whether a partial answer continues where `content` ends, in the same version: some servers ignore If-Range."""
    part = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("content-range", ""))
    return (
        part is not None
        and int(part[1]) == content.size > 0
        and part[2] in ("*", str(content.total or part[2]))
        and _version(answer) in (None, content.version or _version(answer))
    )


def _cause(error: BaseException) -> str:
    """The reason in one line: requests wraps urllib3's error, which wraps the system's."""
    wrapped = error.args[0] if error.args else error
    reason = getattr(wrapped, "reason", None) or wrapped
    first, *more = [str(argument) for argument in getattr(reason, "args", ())] or [str(reason)]
    return redacted(": ".join([first.rstrip("."), *(text for text in more[:1] if text not in first)]))
