"""Published files from a mirror or their public address. Nothing is kept before its digest is verified."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

from stages.archives import LIMIT_BYTES, LIMIT_MEMBERS, members, pack, tree_digest
from stages.errors import StageError
from stages.files import CHUNK, sha256, whole, write_bytes
from stages.origin import PublicArchive, PublicFile
from stages.transfer.http import (
    OTHERWISE,
    PAGE,
    AbsentError,
    PartialFile,
    Request,
    WebSession,
    check_address,
    html_page,
    redacted,
)

SPARE_MEMBERS = LIMIT_MEMBERS  # folders and members that are not wanted

_NOT_IT = "It was not kept. Use an intact mirror or, with DATA_MIRROR and data.mirror unset, the public address."

Public = PublicFile | PublicArchive


class MismatchError(Exception):
    """The bytes are not those that were published."""


@dataclass(frozen=True)
class Mirror:
    """A folder or a base address that holds published files under their published paths.

    `archive!member` is a file that mirrors hold within an archive, and the public address on its own.
    """

    address: str

    @property
    def on_web(self) -> bool:
        return "://" in self.address

    def check(self) -> None:
        """Raise a StageError if the mirror does not exist: a typo must not silently mean the public address."""
        if self.on_web:
            check_address(self.address, loopback=True)
        elif not Path(self.address).is_dir():
            raise StageError(
                f"mirror folder {self.address!r} does not exist (seen from {Path.cwd()}). "
                "Correct DATA_MIRROR or data.mirror, or leave both unset to use the public addresses."
            )

    def keep(self, file: Public, target: Path, part: PartialFile, web: WebSession) -> None:
        """Copy `file` to `target`. Raises AbsentError where this mirror does not have it."""
        published, _, member = file.published.partition("!")
        if self.on_web:
            url = urljoin(self.address.rstrip("/") + "/", published)
            _keep_from_web(file, url, target, part, web, member=member, loopback=True)
            return
        path = Path(self.address, published)
        if not path.is_file():
            raise AbsentError
        try:
            _keep(file, path, target, member)
        except MismatchError as error:
            raise StageError(f"{self.address} (mirror): {error}. {_NOT_IT}") from error


def fetch(file: Public, folder: Path, part: PartialFile, mirror: Mirror | None, web: WebSession) -> str:
    """Bring `file` into `folder`, unless it is there intact. Returns where it came from."""
    target = folder / file.path
    if _is_there(file, target):
        return "already there"
    lacking = ""
    if mirror is not None:
        try:
            mirror.keep(file, target, part, web)
        except AbsentError:
            lacking = f" The mirror {redacted(mirror.address)} does not have {file.published}."
        else:
            return "from the mirror"
    try:
        _keep_from_web(file, file.url, target, part, web)
    except AbsentError:
        raise StageError(f"{file.url} does not exist any more.{lacking} {OTHERWISE}") from None
    except StageError as error:
        raise StageError(f"{error}{lacking}") from error
    return "from the public address"


def _is_there(file: Public, target: Path) -> bool:
    if not target.is_file():
        return False
    if isinstance(file, PublicFile):
        return target.stat().st_size == file.size and sha256(target) == file.sha256
    try:
        return tree_digest(members(target, limit_members=file.files)) == file.tree_sha256
    except StageError:
        return False


def _keep_from_web(
    file: Public,
    url: str,
    target: Path,
    part: PartialFile,
    web: WebSession,
    *,
    member: str = "",
    loopback: bool = False,
) -> None:
    """Download `url` and keep it. A mismatch is downloaded once more from the start: its parts may not have fitted."""
    if isinstance(file, PublicArchive):
        request = Request(file.published, file.limit, exact=False, loopback=loopback)
    elif member:
        request = Request(file.published, LIMIT_BYTES, exact=False, loopback=loopback)
    else:
        request = Request(file.published, file.size, exact=True, loopback=loopback)
    for last in (False, True):
        web.bring(url, part, request)
        try:
            _keep(file, part.path, target, member)
        except MismatchError as error:
            part.discard()
            if last:
                raise StageError(f"{redacted(url)}: {error}. {_NOT_IT}") from error
        else:
            return


def _keep(file: Public, source: Path, target: Path, member: str) -> None:
    """Check the content of `source` and write it to `target`. Raises MismatchError where it is not as published."""
    try:
        if isinstance(file, PublicArchive):
            write_bytes(target, pack(_wanted_files(file, source)))
        elif member:
            found = _unpacked(file.published, source, lambda path: path == member)
            if member not in found:
                raise AbsentError
            _copy(file, iter([found[member]]), target)
        else:
            _copy(file, _pieces(source), target)
    except MismatchError as error:
        with source.open("rb") as stream:
            page = html_page(stream.read(PAGE))
        if not page:
            raise
        raise MismatchError(f"{file.published} is {page} instead of the file") from error


def _copy(file: PublicFile, pieces: Iterator[bytes], target: Path) -> None:
    """Write `pieces` to `target`, which is kept only with the published bytes."""
    digest, size = hashlib.sha256(), 0
    with whole(target) as out:
        for piece in pieces:
            size += len(piece)
            if size > file.size:
                raise MismatchError(f"{file.published} is larger than the {file.size} bytes published")
            digest.update(piece)
            out.write(piece)
        if size < file.size:
            raise MismatchError(f"{file.published} is truncated: {size} of {file.size} bytes")
        if digest.hexdigest() != file.sha256:
            raise MismatchError(
                f"{file.published} has the right size but other bytes: "
                f"sha256 {digest.hexdigest()}, expected {file.sha256}"
            )


def _wanted_files(file: PublicArchive, source: Path) -> dict[str, bytes]:
    """The wanted files of an archive, in the order of their paths, verified to be as published."""
    if (size := source.stat().st_size) > file.limit:
        raise MismatchError(f"{file.published} holds {size} bytes, more than the {file.limit} expected at most")
    paths = []

    def wanted(path: str) -> bool:
        paths.append(path)
        return file.wanted(path)

    found = dict(sorted(_unpacked(file.published, source, wanted, file.files + SPARE_MEMBERS).items()))
    if len(found) != file.files:
        which = f"from {min(found)!r} to {max(found)!r}" if found else f"the first file is {min(paths, default=None)!r}"
        raise MismatchError(
            f"{file.published} has {len(found)} of the files wanted, expected {file.files} (it has {len(paths)} files "
            f"in all; {which})"
        )
    if (digest := tree_digest(found)) != file.tree_sha256:
        raise MismatchError(
            f"{file.published} has {file.files} files as expected, from {min(found)!r} to {max(found)!r}, but not all "
            f"with the published names and bytes: tree digest {digest}, expected {file.tree_sha256}"
        )
    return found


def _unpacked(
    name: str, source: Path, wanted: Callable[[str], bool], limit_members: int = LIMIT_MEMBERS
) -> dict[str, bytes]:
    try:
        return members(source, wanted, name=name, limit_members=limit_members)
    except StageError as error:
        raise MismatchError(str(error).rstrip(".")) from error


def _pieces(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as stream:
            while piece := stream.read(CHUNK):
                yield piece
    except OSError as error:
        raise StageError(f"could not read {path}: {error.strerror}") from error
