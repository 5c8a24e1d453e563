"""Mutations of raw files: what a broken download or a well-meaning editor could make of them."""

import gzip
from collections.abc import Callable, Iterator
from functools import partial

from stages.archives import members, pack
from stages.dataset import Prepared
from stages.errors import StageError
from tests.stages.mutations.subject import Case, Mutation, Subject

Change = Callable[[bytes], bytes]
MANY = 1_000_000  # members and bytes: the limits are another test's business


def _texts_changed(content: bytes, change: Change) -> bytes:
    """`content` with every text in it changed, also those in archives; what is no text stays."""
    if content[:2] == b"PK":
        return pack({name: _texts_changed(part, change) for name, part in _members(content).items()})
    if content[:2] == b"\x1f\x8b":
        try:
            return pack({name: _texts_changed(part, change) for name, part in _members(content).items()})
        except StageError:  # no .tar.gz
            return gzip.compress(_texts_changed(gzip.decompress(content), change), mtime=0)
    return change(content) if _is_text(content) else content


def _members(content: bytes) -> dict[str, bytes]:
    return members(content, limit_bytes=MANY * 1000, limit_members=MANY)


def _is_text(content: bytes) -> bool:
    try:
        return "\0" not in content.decode()
    except UnicodeDecodeError:
        return False


def _by_text(subject: Subject, change: Change) -> Iterator[Case]:
    """A case for each raw file that holds text."""
    for path, content in subject.raw.items():
        changed = _texts_changed(content, change)
        if changed != _texts_changed(content, bytes):
            yield Case(path, partial(_read, subject, path, changed))


def _read(subject: Subject, path: str, content: bytes) -> Prepared:
    return subject.read({**subject.raw, path: content})


def cut(subject: Subject) -> Iterator[Case]:
    for path, content in subject.raw.items():
        yield Case(path, partial(_read, subject, path, content[: len(content) // 2]))
        if content[:2] == b"PK":
            inside = _members(content)
            longest = max(inside, key=lambda name: len(inside[name]))
            shorter = inside | {longest: inside[longest][: len(inside[longest]) // 2]}
            yield Case(f"{path}!{longest}", partial(_read, subject, path, pack(shorter)))


def other_encoding(subject: Subject) -> Iterator[Case]:
    return _by_text(subject, lambda content: content.decode().encode("utf-16"))


def letters_lost(subject: Subject) -> Iterator[Case]:
    return _by_text(subject, lambda content: content.decode().encode("latin-1", errors="replace"))


def byte_order_mark(subject: Subject) -> Iterator[Case]:
    return _by_text(subject, lambda content: content.decode().encode("utf-8-sig"))


def line_ends(subject: Subject) -> Iterator[Case]:
    return _by_text(subject, lambda content: content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))


def line_lost(subject: Subject) -> Iterator[Case]:
    return _by_text(subject, lambda content: b"".join(content.splitlines(keepends=True)[:-1]))


_TEXT = "a raw file of text"
MUTATIONS = (
    Mutation("file cut", "half of a file is missing", "a raw file", cut),
    Mutation("line lost", "the last line of a file is missing", _TEXT, line_lost),
    Mutation("UTF-16", "a file is in another encoding", _TEXT, other_encoding),
    Mutation(
        "Latin-1", "a file was saved in Latin-1, with ? for what that lacks", "letters beyond ASCII", letters_lost
    ),
    Mutation("byte order mark", "a file starts with one", _TEXT, byte_order_mark),
    Mutation("CRLF", "lines end as in DOS", _TEXT, line_ends),
)
