"""The bytes at one web address, into a file that stays when the transfer breaks off, so that the next one goes on.

What is bounded: size, attempts, the time between two pieces, and how slowly they may come. What the bytes are is not
known here: see stages/fetch.py, which trusts nothing of this but their number.
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
PAUSE = 0.5  # seconds before the second attempt, doubled each time; by chance half as long to half as long again
LONGEST_PAUSE = 30.0  # also where a server asks for more
SLOWEST, WINDOW = 1024, 30.0  # bytes a second, over so many seconds: less ends the attempt
REDIRECTS = 5
BUSY = (408, 429, 500, 502, 503, 504)
LOOPBACK = ("localhost", "127.0.0.1", "::1")
PAGE = 4096  # bytes that are looked at to tell a web page from a file, title included

OTHERWISE = "Name a mirror that has the file in DATA_MIRROR, or set data.source to builtin."

Tell = Callable[[int, int | None], None]


class AbsentError(Exception):
    """The address answers but does not have this file."""


class BrokenError(Exception):
    """What another attempt may mend; `wait` is how many seconds the server asks to be left alone."""

    def __init__(self, message: str, wait: float = 0.0) -> None:
        super().__init__(message)
        self.wait = wait


class StoppedError(Exception):
    """The transfer was told to stop."""


@dataclass(frozen=True)
class Wanted:
    """What an address is asked for."""

    name: str
    limit: int  # bytes: more is refused
    exact: bool  # and so is less
    loopback: bool  # whether plain http to this machine will do


@dataclass(frozen=True)
class Held:
    """What a part file holds: this many bytes, of that version, of so many in all."""

    size: int = 0
    version: str | None = None
    total: int | None = None


class Part:
    """A file that gathers the bytes of one address. A note beside it says which, and of which version they are."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._note = path.with_name(f"{path.name}.json")

    def held(self, url: str) -> Held:
        """What can be continued: nothing where the bytes came from another address."""
        try:
            note = read_json(self._note, "download")
            same = note["url"] == shown(url)
            return Held(self.path.stat().st_size, note["version"], note["total"]) if same else Held()
        except (StageError, KeyError, FileNotFoundError):
            return Held()

    def begin(self, url: str, held: Held) -> None:
        """Start over, with nothing of what `held` describes."""
        self.discard()
        with writing(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_bytes(b"")
        write_json(self._note, {"url": shown(url), "version": held.version, "total": held.total})

    def discard(self) -> None:
        """Forget the bytes; the note goes first, for without one they count for nothing."""
        self._note.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)


class Web:
    """A web session that tells how many bytes it holds, of how many, and stops when told to. Proxies are requests'."""

    def __init__(self, tell: Tell = lambda _size, _total: None, stop: threading.Event | None = None) -> None:
        self._tell = tell
        self._stop = stop or threading.Event()
        self.session = requests.Session()
        # The published bytes, so that size, digest and ranges apply to them as they arrive.
        self.session.headers["Accept-Encoding"] = "identity"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.session.close()

    def bring(self, url: str, part: Part, wanted: Wanted) -> None:
        """Bring what is at `url` into `part` whole, going on from what it holds; AbsentError where nothing is there."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._attempt(url, part, wanted)
            except BrokenError as error:
                if attempt == ATTEMPTS:
                    size = part.held(url).size
                    kept = f" {size} bytes are kept: the same command goes on from there." if size else ""
                    raise StageError(f"{error} ({ATTEMPTS} attempts).{kept} {OTHERWISE}") from error
                pause = max(PAUSE * 2 ** (attempt - 1) * uniform(0.5, 1.5), error.wait)
                if self._stop.wait(min(pause, LONGEST_PAUSE)):
                    raise StoppedError from None
            else:
                return

    def _attempt(self, url: str, part: Part, wanted: Wanted) -> None:
        held = part.held(url)
        self._tell(held.size, held.total)
        if held.size and held.size == (wanted.limit if wanted.exact else held.total):
            return  # the last process ended between the last byte and its use
        asked = {"Range": f"bytes={held.size}-"} if held.size else {}
        if asked and held.version:
            asked["If-Range"] = held.version
        with closing(self._answer(url, asked, loopback=wanted.loopback)) as answer:
            _check_status(answer, url)
            pieces = self._pieces(answer, url)
            if answer.status_code == 200:  # the whole, whatever was asked
                start = _gather(pieces, PAGE)
                if page := page_in(start, answer.headers.get("content-type", "")):
                    raise StageError(f"{shown(url)} sends {page} instead of {wanted.name}. {OTHERWISE}")
                held = Held(0, _version(answer), _length(answer))
                _check_size(held.total, url, wanted)
                part.begin(url, held)
                pieces = chain((start,), pieces)
            elif not _continues(answer, held):
                part.discard()
                raise BrokenError(f"{shown(url)} does not go on after the {held.size} bytes that came before")
            self._write(pieces, part, held, url, wanted)

    def _write(self, pieces: Iterator[bytes], part: Part, held: Held, url: str, wanted: Wanted) -> None:
        size = held.size
        with writing(part.path), part.path.open("ab") as out:
            for piece in pieces:
                size += len(piece)
                if size > wanted.limit:
                    part.discard()
                    raise StageError(_too_large(url, wanted))
                out.write(piece)
                out.flush()  # a process that is killed loses nothing that it told of
                self._tell(size, held.total)
        expected = wanted.limit if wanted.exact else held.total or size
        if size < expected:
            raise BrokenError(f"{shown(url)} broke off: {size} of {expected} bytes came")

    def _answer(self, url: str, asked: dict[str, str], *, loopback: bool) -> requests.Response:
        """The answer at `url`, after redirects that stay on allowed addresses."""
        for _ in range(REDIRECTS):
            check_address(url, loopback=loopback)
            try:
                answer = self.session.get(url, headers=asked, stream=True, timeout=TIMEOUT, allow_redirects=False)
                if not answer.is_redirect:
                    return answer
                url = urljoin(url, answer.headers["location"])
            except ValueError as error:  # what it says may hold half a password
                raise StageError(
                    f"could not reach {shown(url)}: where it leads, or the proxy in HTTPS_PROXY or HTTP_PROXY, is no "
                    f"address ({type(error).__name__}). {OTHERWISE}"
                ) from None
            except requests.RequestException as error:
                raise BrokenError(f"could not reach {shown(url)} ({_cause(error)})") from error
            answer.close()
        raise StageError(f"{shown(url)}: more than {REDIRECTS} redirects. {OTHERWISE}")

    def _pieces(self, answer: requests.Response, url: str) -> Iterator[bytes]:
        """The body as it arrives, in pieces of any size: whoever waits for full ones does not see a slow drip."""
        since, arrived = time.monotonic(), 0
        try:
            while piece := answer.raw.read1(CHUNK, decode_content=False):
                if self._stop.is_set():
                    raise StoppedError
                yield piece
                arrived += len(piece)
                if (seconds := time.monotonic() - since) >= WINDOW:
                    if arrived < SLOWEST * seconds:
                        raise BrokenError(f"{shown(url)} is too slow: {arrived} bytes in {seconds:.0f} seconds")
                    since, arrived = time.monotonic(), 0
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise BrokenError(f"{shown(url)} broke off ({_cause(error)})") from error


def check_address(url: str, *, loopback: bool) -> None:
    """Plain http could be changed on its way: only https is allowed, and http to a mirror on this machine."""
    try:
        address = urlsplit(url)
        local = address.scheme == "http" and address.hostname in LOOPBACK
        if (address.scheme == "https" and address.hostname) or (loopback and local):
            return
    except ValueError:  # brackets that do not close
        pass
    raise StageError(f"{shown(url)}: only https addresses are allowed, and http for a mirror on this machine.")


def shown(text: str) -> str:
    """A text whose addresses lost what may be secret: user name, password, query."""
    return re.sub(r"://\S*@", "://", re.sub(r"(://[^\s?]*)\?[^\s)]*", r"\1", text))


def page_in(start: bytes, content_type: str = "") -> str:
    """The web page that begins so, in words; '' where the bytes, and what the server says of them, are none."""
    text = start.decode(errors="replace").lstrip("\ufeff \t\r\n")
    if not (re.match(r"<(!doctype html|html|head|body)\b", text, re.I) or content_type.startswith("text/html")):
        return ""
    found = re.search(r"<title[^>]*>([^<]*)", text, re.I)
    title = "".join(filter(str.isprintable, html.unescape(found[1]).strip()))[:80] if found else ""
    return f"an HTML page (title {title!r})" if title else "an HTML page"


def _check_status(answer: requests.Response, url: str) -> None:
    status = answer.status_code
    said = f"{shown(url)} answers {status} {answer.reason}"
    if status in (404, 410):
        raise AbsentError
    if status in BUSY:
        wait = answer.headers.get("retry-after", "")
        raise BrokenError(said, float(wait) if wait.isdecimal() else 0.0)
    if status not in (200, 206, 416):
        raise StageError(f"{said}. {OTHERWISE}")


def _gather(pieces: Iterator[bytes], size: int) -> bytes:
    """The first pieces, `size` bytes or more where there are so many."""
    start = b""
    while len(start) < size and (piece := next(pieces, b"")):
        start += piece
    return start


def _check_size(total: int | None, url: str, wanted: Wanted) -> None:
    """Refuse a body whose announced size is wrong before it arrives."""
    if total is not None and total > wanted.limit:
        raise StageError(_too_large(url, wanted))
    if total is not None and wanted.exact and total < wanted.limit:
        raise StageError(f"{shown(url)}: {wanted.name} is truncated: {total} of {wanted.limit} bytes. {OTHERWISE}")


def _too_large(url: str, wanted: Wanted) -> str:
    most = f"the {wanted.limit} bytes published" if wanted.exact else f"{wanted.limit} bytes, the most that is expected"
    return f"{shown(url)}: {wanted.name} is larger than {most}. It was not kept. {OTHERWISE}"


def _length(answer: requests.Response) -> int | None:
    length = answer.headers.get("content-length", "")
    return int(length) if length.isdecimal() else None


def _version(answer: requests.Response) -> str | None:
    """What tells this version of the file from another, in the form that If-Range takes: no weak tag."""
    tag = answer.headers.get("etag")
    return tag if tag and not tag.startswith("W/") else answer.headers.get("last-modified")


def _continues(answer: requests.Response, held: Held) -> bool:
    """Whether a partial answer goes on where `held` ends, in the same version: some servers do not look at If-Range."""
    part = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("content-range", ""))
    return (
        part is not None
        and int(part[1]) == held.size > 0
        and part[2] in ("*", str(held.total or part[2]))
        and _version(answer) in (None, held.version or _version(answer))
    )


def _cause(error: BaseException) -> str:
    """The reason in one line: requests wraps urllib3's error, which wraps the system's."""
    wrapped = error.args[0] if error.args else error
    reason = getattr(wrapped, "reason", None) or wrapped
    said, *more = [str(argument) for argument in getattr(reason, "args", ())] or [str(reason)]
    return shown(": ".join([said.rstrip("."), *(text for text in more[:1] if text not in said)]))
