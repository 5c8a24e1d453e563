"""Published files from a mirror or their public address: nothing is kept before its digest is found right."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

from stages.archives import LIMIT_BYTES, LIMIT_MEMBERS, members, pack, tree_digest
from stages.errors import StageError
from stages.files import CHUNK, sha256, whole, write_bytes
from stages.origin import PublicArchive, PublicFile
from stages.transfer.http import OTHERWISE, PAGE, AbsentError, Part, Wanted, Web, check_address, page_in, shown

SPARE_MEMBERS = LIMIT_MEMBERS  # folders and members that are not wanted

_NOT_IT = "It was not kept. Use an intact mirror or, with DATA_MIRROR and data.mirror unset, the public address."

Public = PublicFile | PublicArchive


class WrongError(Exception):
    """What came is not what was published."""


@dataclass(frozen=True)
class Mirror:
    """A folder or a base address that holds published files under their published paths.

    `archive!member` is a file that mirrors hold in an archive of their own making, and the public address plain.
    """

    address: str

    @property
    def on_web(self) -> bool:
        return "://" in self.address

    def check(self) -> None:
        """A mirror that is named must exist: a typo must not silently mean the public address."""
        if self.on_web:
            check_address(self.address, loopback=True)
        elif not Path(self.address).is_dir():
            raise StageError(
                f"mirror folder {self.address!r} does not exist (seen from {Path.cwd()}). "
                "Correct DATA_MIRROR or data.mirror, or leave both unset to use the public addresses."
            )

    def keep(self, file: Public, target: Path, part: Part, web: Web) -> None:
        """Bring `file` from here to `target`; AbsentError where this mirror lacks it."""
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
        except WrongError as error:
            raise StageError(f"{self.address} (mirror): {error}. {_NOT_IT}") from error


def fetch(file: Public, folder: Path, part: Part, mirror: Mirror | None, web: Web) -> str:
    """Bring `file` into `folder` and say where it came from; what is there already, intact, is not fetched again."""
    target = folder / file.path
    if _is_there(file, target):
        return "already there"
    lacking = ""
    if mirror is not None:
        try:
            mirror.keep(file, target, part, web)
        except AbsentError:
            lacking = f" The mirror {shown(mirror.address)} does not have {file.published}."
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
    file: Public, url: str, target: Path, part: Part, web: Web, *, member: str = "", loopback: bool = False
) -> None:
    """Bring `url` and keep it; what is wrong is brought once more, from the start: its parts may not have fitted."""
    if isinstance(file, PublicArchive):
        wanted = Wanted(file.published, file.limit, exact=False, loopback=loopback)
    elif member:
        wanted = Wanted(file.published, LIMIT_BYTES, exact=False, loopback=loopback)
    else:
        wanted = Wanted(file.published, file.size, exact=True, loopback=loopback)
    for last in (False, True):
        web.bring(url, part, wanted)
        try:
            _keep(file, part.path, target, member)
        except WrongError as error:
            part.discard()
            if last:
                raise StageError(f"{shown(url)}: {error}. {_NOT_IT}") from error
        else:
            return


def _keep(file: Public, source: Path, target: Path, member: str) -> None:
    """Check what `source` holds and write it to `target`; WrongError where it is not what was published."""
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
    except WrongError as error:
        with source.open("rb") as stream:
            page = page_in(stream.read(PAGE))
        if not page:
            raise
        raise WrongError(f"{file.published} is {page} instead of the file") from error


def _copy(file: PublicFile, pieces: Iterator[bytes], target: Path) -> None:
    """Write `pieces` to `target`, where only the published bytes stay."""
    digest, size = hashlib.sha256(), 0
    with whole(target) as out:
        for piece in pieces:
            size += len(piece)
            if size > file.size:
                raise WrongError(f"{file.published} is larger than the {file.size} bytes published")
            digest.update(piece)
            out.write(piece)
        if size < file.size:
            raise WrongError(f"{file.published} is truncated: {size} of {file.size} bytes")
        if digest.hexdigest() != file.sha256:
            raise WrongError(
                f"{file.published} has the right size but other bytes: "
                f"sha256 {digest.hexdigest()}, expected {file.sha256}"
            )


def _wanted_files(file: PublicArchive, source: Path) -> dict[str, bytes]:
    """The wanted files of an archive, in the order of their paths, all known to be as published."""
    if (size := source.stat().st_size) > file.limit:
        raise WrongError(f"{file.published} holds {size} bytes, more than the {file.limit} expected at most")
    paths = []

    def wanted(path: str) -> bool:
        paths.append(path)
        return file.wanted(path)

    found = dict(sorted(_unpacked(file.published, source, wanted, file.files + SPARE_MEMBERS).items()))
    if len(found) != file.files:
        which = f"from {min(found)!r} to {max(found)!r}" if found else f"the first file is {min(paths, default=None)!r}"
        raise WrongError(
            f"{file.published} has {len(found)} of the files wanted, expected {file.files} (it has {len(paths)} files "
            f"in all; {which})"
        )
    if (digest := tree_digest(found)) != file.tree_sha256:
        raise WrongError(
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
        raise WrongError(str(error).rstrip(".")) from error


def _pieces(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as stream:
            while piece := stream.read(CHUNK):
                yield piece
    except OSError as error:
        raise StageError(f"could not read {path}: {error.strerror}") from error
