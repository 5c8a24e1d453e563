"""Where a data set comes from: its published files, and the maker of its built-in ones."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from params import Source
from stages.errors import StageError

Options = TypeVar("Options")


@dataclass(frozen=True)
class PublicFile:
    """A published file, known by its digest."""

    path: str  # below data/raw/<data set>/
    published: str  # below a mirror; `archive!member` where mirrors hold it in an archive
    url: str  # the public address, https
    sha256: str
    size: int  # bytes


@dataclass(frozen=True)
class PublicArchive:
    """A published archive of which only the files inside are known: packing them again gives other bytes.

    The members that are wanted count, each by its path and digest. They are kept as one uncompressed .zip, whose bytes
    depend on them alone.
    """

    path: str  # of that .zip, below data/raw/<data set>/
    published: str  # below a mirror
    url: str  # the public address, https
    wanted: Callable[[str], bool]  # by the path inside; what else an archive holds (code, pictures) is left out
    tree_sha256: str  # of the sorted lines `<sha256>  <path inside>\n`, one per wanted file
    files: int  # wanted files
    limit: int  # bytes of the archive: a larger one is refused


@dataclass(frozen=True)
class Provenance:
    """The origin and the licence of one source's data. Both are on the data set's card."""

    where: str
    licence: str


def no_files(_options: object) -> Iterator[tuple[str, bytes]]:
    """The maker of a data set without a built-in twin."""
    raise StageError("there is no built-in source of it: set its `source` to public")


@dataclass(frozen=True)
class Origin(Generic[Options]):
    """The two sources of a data set, whose raw files have one layout."""

    name: str  # the data set's, which is its folder's
    options: type[Options]  # the frozen dataclass of params.yaml's datasets.<name>.builtin
    sources: Mapping[Source, Provenance]
    public: tuple[PublicFile | PublicArchive, ...]
    # The built-in raw files: path, content. Left out where the data are public alone.
    make: Callable[[Options], Iterator[tuple[str, bytes]]] = no_files
