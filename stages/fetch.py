"""Published files from a mirror or their public address: size and digest are checked while the bytes arrive."""

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from stages.archives import members
from stages.dataset import PublicFile
from stages.errors import StageError
from stages.files import CHUNK, sha256, whole

TIMEOUT = (5.0, 20.0)  # seconds: to connect, and between two pieces of the body
ATTEMPTS = 3  # bodies that break off half-way; urllib3 repeats connections and busy answers by itself
PAUSE = 0.5  # seconds, doubled each time
REDIRECTS = 5
LOOPBACK = ("localhost", "127.0.0.1", "::1")

_OTHERWISE = "Name a mirror that has the file in DATA_MIRROR, or set data.source to builtin."
_NOT_IT = "It was not kept. Use an intact mirror or, with DATA_MIRROR and data.mirror unset, the public address."

Pieces = Iterator[bytes]


class AbsentError(Exception):
    """The source answers but does not have this file."""


class BrokenError(Exception):
    """The connection broke while the file arrived."""


def session() -> requests.Session:
    """A web session that repeats failed connections and busy answers, waiting longer each time."""
    retry = Retry(
        total=ATTEMPTS,
        backoff_factor=PAUSE,
        backoff_jitter=PAUSE,
        status_forcelist=(429, 500, 502, 503, 504),
        allowed_methods=["GET"],
        raise_on_status=False,
    )
    web = requests.Session()
    for scheme in ("https://", "http://"):
        web.mount(scheme, HTTPAdapter(max_retries=retry))
    web.headers["Accept-Encoding"] = "identity"  # the published bytes, so that size and digest apply as they arrive
    return web


@dataclass(frozen=True)
class Mirror:
    """A folder or a base address that holds published files under their published paths."""

    address: str

    @property
    def on_web(self) -> bool:
        return "://" in self.address

    def check(self) -> None:
        """A mirror that is named must exist: a typo must not silently mean the public address."""
        if self.on_web:
            _check_address(self.address, loopback=True)
        elif not Path(self.address).is_dir():
            raise StageError(
                f"mirror folder {self.address!r} does not exist (seen from {Path.cwd()}). "
                "Correct DATA_MIRROR or data.mirror, or leave both unset to use the public addresses."
            )

    def pieces(self, web: requests.Session, published: str) -> Pieces:
        """The bytes of one file; AbsentError where this mirror lacks it.

        `archive!member` is a file that mirrors hold in an archive of their own making, and the public address plain.
        """
        archive, inside, member = published.partition("!")
        if inside:
            found = members(b"".join(self.pieces(web, archive)), lambda name: name == member, name=archive)
            if member not in found:
                raise AbsentError
            yield found[member]
            return
        if self.on_web:
            yield from _web_pieces(web, urljoin(self.address.rstrip("/") + "/", published), loopback=True)
            return
        path = Path(self.address, published)
        try:
            with path.open("rb") as stream:
                while piece := stream.read(CHUNK):
                    yield piece
        except (FileNotFoundError, NotADirectoryError):
            raise AbsentError from None
        except OSError as error:
            raise StageError(f"could not read {path} of the mirror: {error.strerror}") from error


def fetch(file: PublicFile, folder: Path, mirror: Mirror | None, web: requests.Session) -> str:
    """Bring `file` into `folder` and say where it came from; what is there already, intact, is not fetched again."""
    target = folder / file.path
    if target.is_file() and target.stat().st_size == file.size and sha256(target) == file.sha256:
        return "already there"
    lacking = ""
    if mirror is not None:
        try:
            _save(lambda: mirror.pieces(web, file.published), file, target, f"{_shown(mirror.address)} (mirror)")
        except AbsentError:
            lacking = f" The mirror {_shown(mirror.address)} does not have {file.published}."
        else:
            return "from the mirror"
    try:
        _save(lambda: _web_pieces(web, file.url, loopback=False), file, target, file.url)
    except AbsentError:
        raise StageError(f"{file.url} does not exist any more.{lacking} {_OTHERWISE}") from None
    except StageError as error:
        raise StageError(f"{error}{lacking}") from error
    return "from the public address"


def _save(pieces: Callable[[], Pieces], file: PublicFile, target: Path, where: str) -> None:
    """Write the bytes to `target`, starting over when the connection breaks, and let only the right ones through."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with closing(pieces()) as stream, whole(target) as out:  # type: ignore[type-var]
                _copy(stream, out.write, file, where)
        except BrokenError as error:
            if attempt == ATTEMPTS:
                raise StageError(f"{where}: {error} ({ATTEMPTS} attempts). Run the command again later.") from error
            time.sleep(PAUSE * 2 ** (attempt - 1))
        else:
            return


def _copy(pieces: Pieces, write: Callable[[bytes], object], file: PublicFile, where: str) -> None:
    digest, size = hashlib.sha256(), 0
    for piece in pieces:
        size += len(piece)
        if size > file.size:
            raise StageError(f"{where}: {file.published} is larger than the {file.size} bytes published. {_NOT_IT}")
        digest.update(piece)
        write(piece)
    if size < file.size:
        raise StageError(f"{where}: {file.published} is truncated: {size} of {file.size} bytes. {_NOT_IT}")
    if digest.hexdigest() != file.sha256:
        raise StageError(
            f"{where}: {file.published} has the right size but other bytes: "
            f"sha256 {digest.hexdigest()}, expected {file.sha256}. {_NOT_IT}"
        )


def _web_pieces(web: requests.Session, url: str, *, loopback: bool) -> Pieces:
    """The body at `url`, following redirects that stay on allowed addresses."""
    with closing(_answer(web, url, loopback=loopback)) as answer:
        if answer.status_code in (404, 410):
            raise AbsentError
        if not answer.ok:
            raise StageError(f"{_shown(url)} answers {answer.status_code} {answer.reason}. {_OTHERWISE}")
        try:
            yield from answer.iter_content(CHUNK)
        except requests.RequestException as error:
            raise BrokenError(_cause(error)) from error


def _answer(web: requests.Session, url: str, *, loopback: bool) -> requests.Response:
    for _ in range(REDIRECTS):
        _check_address(url, loopback=loopback)
        try:
            answer = web.get(url, stream=True, timeout=TIMEOUT, allow_redirects=False)
        except requests.RequestException as error:
            raise StageError(f"could not reach {_shown(url)} ({_cause(error)}). {_OTHERWISE}") from error
        if not answer.is_redirect:
            return answer
        url = urljoin(url, answer.headers["location"])
        answer.close()
    raise StageError(f"{_shown(url)}: more than {REDIRECTS} redirects. {_OTHERWISE}")


def _check_address(url: str, *, loopback: bool) -> None:
    """Plain http could be changed on its way: only https is allowed, and http to a mirror on this machine."""
    address = urlsplit(url)
    if address.scheme == "https" and address.hostname:
        return
    if not (loopback and address.scheme == "http" and address.hostname in LOOPBACK):
        raise StageError(f"{_shown(url)}: only https addresses are allowed, and http for a mirror on this machine.")


def _shown(url: str) -> str:
    """An address without the user name and password it may carry."""
    scheme, separator, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return scheme + separator + host.rpartition("@")[2] + slash + path


def _cause(error: BaseException) -> object:
    """The reason in one line: requests wraps urllib3's error, which may name the system's as its reason."""
    wrapped = error.args[0] if error.args else error
    return getattr(wrapped, "reason", None) or (getattr(wrapped, "args", None) or [wrapped])[0]
