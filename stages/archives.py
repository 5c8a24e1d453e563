"""Archives, read in memory: the members of a .zip or .tar.gz. What a data set never contains is refused.

`unpacked` reads a single file in gzip.

The digest of an archive is checked before it is used (transfer/fetch.py). This module guards against the rest: an
archive by a stranger that names files outside its folder, links or devices, or unpacks to far more than it seems.
"""

import gzip
import hashlib
import io
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol, Self

from stages.errors import StageError
from stages.files import CHUNK

LIMIT_BYTES = 256 << 20  # of all members that are read, unpacked
LIMIT_MEMBERS = 10_000
LIMIT_RATIO = 100  # unpacked size to packed size; text comes to 3 or 4, a bomb to 1000
RATIO_FROM = 1 << 20  # bytes: below, a ratio means nothing (a small tar's padding alone is 70 times its packed size)

_DAMAGED = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError),
    *(OSError, NotImplementedError, RuntimeError, UnicodeDecodeError, ValueError),
)


def members(
    source: Path | bytes,
    wanted: Callable[[str], bool] | None = None,
    *,
    name: str = "",
    limit_bytes: int = LIMIT_BYTES,
    limit_members: int = LIMIT_MEMBERS,
    limit_ratio: int = LIMIT_RATIO,
) -> dict[str, bytes]:
    """The files of a .zip or .tar.gz by their paths inside, those that are `wanted` (all, if it is left out).

    The first bytes show the kind. `source` may be the bytes of an archive within another one; `name` then identifies it
    in messages. Folders are left out. Every name is checked, also of members that are not wanted.
    """
    budget = _Budget(name or (str(source) if isinstance(source, Path) else "inner archive"), limit_bytes, limit_ratio)
    found: dict[str, bytes] = {}
    seen: set[str] = set()
    with ExitStack() as stack:
        try:
            stream = stack.enter_context(_open(source))
            budget.packed = stream.seek(0, io.SEEK_END)
            stream.seek(0)
            for number, entry in enumerate(_entries(stream, budget)):
                path = _checked_path(entry, budget)
                if number == limit_members:
                    raise budget.refusal(f"holds more than {limit_members} members")
                if path in seen and not entry.folder:
                    raise budget.refusal(f"holds {path!r} twice")
                seen.add(path)
                if not entry.folder and (wanted is None or wanted(path)):
                    found[path] = entry.read()
        except _DAMAGED as error:
            raise StageError(f"{budget.name} is no whole archive: {error or type(error).__name__}") from error
    return found


def unpacked(path: Path, limit: int) -> bytes:
    """The content of a gzip file. Raises a StageError if it is damaged or has more than `limit` bytes."""
    try:
        with gzip.open(path) as stream:
            content = stream.read(limit + 1)  # one more also makes gzip compare its checksum
    except (OSError, EOFError, zlib.error) as error:
        raise StageError(f"{path} is no whole gzip file: {error}. Download it again.") from error
    if len(content) > limit:
        raise StageError(f"{path} unpacks to more than {limit} bytes. It was not used; the published one does not.")
    return content


def pack(files: Mapping[str, bytes]) -> bytes:
    """A .zip of `files`, not compressed: equal files give equal bytes, whatever the version of zlib."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for path, content in files.items():
            info = zipfile.ZipInfo(path)  # dated 1980
            info.create_system, info.external_attr = 3, (stat.S_IFREG | 0o644) << 16
            archive.writestr(info, content)
    return stream.getvalue()


def tree_digest(files: Mapping[str, bytes]) -> str:
    """Digest of paths and contents, whatever packed them: of the sorted lines `<sha256>  <path>\\n`, one per file."""
    lines = (f"{hashlib.sha256(content).hexdigest()}  {path}\n".encode() for path, content in files.items())
    return hashlib.sha256(b"".join(sorted(lines))).hexdigest()


def _open(source: Path | bytes) -> BinaryIO:
    if isinstance(source, Path):
        return source.open("rb")
    return io.BytesIO(source)


@dataclass(frozen=True)
class _Entry:
    """A member: its name as stored, what it is, and how to get its bytes."""

    name: str
    folder: bool
    refused: str  # why it may not be here; '' for a file or a folder
    read: Callable[[], bytes]


@dataclass
class _Budget:
    """How much one archive may still unpack."""

    name: str
    limit_bytes: int
    limit_ratio: int
    packed: int = 0
    unpacked: int = 0

    def spend(self, count: int) -> None:
        """Count bytes that were just unpacked."""
        self.unpacked += count
        if self.unpacked > self.limit_bytes:
            raise self.refusal(f"unpacks to more than {self.limit_bytes} bytes")
        if self.unpacked > max(RATIO_FROM, self.limit_ratio * self.packed):
            raise self.refusal(f"unpacks to more than {self.limit_ratio} times its {self.packed} bytes")

    def refusal(self, why: str) -> StageError:
        return StageError(f"{self.name} {why}. It was not used; a published data set has nothing like that.")


def _entries(stream: BinaryIO, budget: _Budget) -> Iterator[_Entry]:
    first = stream.read(4)
    stream.seek(0)
    if first[:2] == b"PK":
        yield from _zip_entries(stream, budget)
    elif first[:2] == b"\x1f\x8b":
        yield from _tar_entries(stream, budget)
    else:
        raise StageError(f"{budget.name} is neither a .zip nor a .tar.gz: it starts with {first!r}")


def _checked_path(entry: _Entry, budget: _Budget) -> str:
    """The member's path, normal and inside the archive's folder."""
    shown = repr(entry.name if len(entry.name) < 200 else f"{entry.name[:200]}...")
    path = PurePosixPath(entry.name)
    if path.is_absolute() or entry.name[1:2] == ":":
        raise budget.refusal(f"holds the absolute path {shown}")
    if ".." in path.parts:
        raise budget.refusal(f"holds {shown}, which leaves its folder")
    if "\\" in entry.name or not entry.name.isprintable() or not (path.parts or entry.folder):
        raise budget.refusal(f"holds a member with the unusual name {shown}")
    if entry.refused:
        raise budget.refusal(f"holds {shown}, {entry.refused}")
    return str(path)


def _zip_entries(stream: BinaryIO, budget: _Budget) -> Iterator[_Entry]:
    with zipfile.ZipFile(stream) as archive:
        for info in archive.infolist():

            def read(info: zipfile.ZipInfo = info) -> bytes:
                with archive.open(info) as member:
                    return _read_all(member, budget)

            name = info.orig_filename  # `filename` is cut at a NUL
            yield _Entry(name, name.endswith("/"), _why_not_in_zip(info), read)


def _why_not_in_zip(info: zipfile.ZipInfo) -> str:
    kind = stat.S_IFMT(info.external_attr >> 16)  # 0 where the archive was not made on Unix
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "a link" if kind == stat.S_IFLNK else "neither a file nor a folder"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "packed in an unusual way"  # zipfile unpacks bzip2 and LZMA by whole pieces: 256 KiB can come to 5 GB
    return "encrypted" if info.flag_bits & 1 else ""


def _tar_entries(stream: BinaryIO, budget: _Budget) -> Iterator[_Entry]:
    with gzip.GzipFile(fileobj=stream) as unpacked:
        counted = _Counted(unpacked, budget)
        with tarfile.open(fileobj=counted, mode="r|", tarinfo=_Header) as archive:  # type: ignore[call-overload]
            for info in archive:

                def read(info: tarfile.TarInfo = info) -> bytes:
                    member = archive.extractfile(info)
                    assert member is not None  # noqa: S101 - a regular file has content
                    return bytes(member.read())

                yield _Entry(info.name, info.isdir(), _why_not_in_tar(info), read)
        while counted.read(CHUNK):  # to the end: only there does gzip compare its checksum
            pass


class _Header(tarfile.TarInfo):
    """A member's header. tarfile takes a damaged one after the first for the end of the archive, without an error."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        try:
            return super().frombuf(buf, encoding, errors)
        except (tarfile.InvalidHeaderError, tarfile.TruncatedHeaderError) as error:  # type: ignore[attr-defined]
            raise tarfile.ReadError(str(error)) from error


def _why_not_in_tar(info: tarfile.TarInfo) -> str:
    if info.issym() or info.islnk():
        return "a link"
    if info.issparse():  # a few bytes of it can stand for terabytes that never pass through the counter
        return "a sparse file"
    return "" if info.isreg() or info.isdir() else "neither a file nor a folder"


class _Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


class _Counted:
    """A stream that spends a budget; tarfile reads it in small pieces, so a bomb is noticed while it goes off."""

    def __init__(self, stream: _Readable, budget: _Budget) -> None:
        self._stream = stream
        self._budget = budget

    def read(self, size: int) -> bytes:
        piece = self._stream.read(size)
        self._budget.spend(len(piece))
        return piece


def _read_all(stream: _Readable, budget: _Budget) -> bytes:
    """The whole stream, in pieces: the size in a header is not trusted."""
    counted = _Counted(stream, budget)
    pieces = []
    while piece := counted.read(CHUNK):
        pieces.append(piece)
    return b"".join(pieces)
