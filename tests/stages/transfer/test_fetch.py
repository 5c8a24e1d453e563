"""Fetching: what arrives is whole and right, or nothing stays and one message says what was wrong."""

import errno
import gzip
import hashlib
import io
import os
import tarfile
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stages.archives import members, tree_digest
from stages.errors import StageError
from stages.files import sweep
from stages.origin import PublicArchive, PublicFile
from stages.transfer import fetch as fetch_module
from stages.transfer.fetch import Mirror, Public, fetch
from stages.transfer.http import PartialFile, WebSession
from tests.stages.transfer.faulty import CONTENT, HALF, INSTEAD, PAGE, Answer, Site, reply

Serve = Callable[[Answer], str]

FILE = PublicFile(
    path="train/data.bin",
    published="set/train/data.bin",
    url="https://127.0.0.1:9/set/train/data.bin",  # nobody listens there
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    size=len(CONTENT),
)


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """A mirror folder that holds the file."""
    file = tmp_path / "mirror" / FILE.published
    file.parent.mkdir(parents=True)
    file.write_bytes(CONTENT)
    return tmp_path / "mirror"


def fetch_into(folder: Path, address: Path | str | None, file: Public = FILE) -> str:
    part = PartialFile(folder.with_name(f"{folder.name}-parts") / f"{file.path}.part")
    with WebSession() as web:
        return fetch(file, folder, part, Mirror(str(address)) if address else None, web)


def left_over(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []


def test_a_mirror_folder_gives_the_file_once(tmp_path: Path, mirror: Path) -> None:
    assert fetch_into(tmp_path / "raw", mirror) == "from the mirror"
    assert (tmp_path / "raw/train/data.bin").read_bytes() == CONTENT
    (mirror / FILE.published).unlink()
    assert fetch_into(tmp_path / "raw", mirror) == "already there"


def test_a_changed_file_is_fetched_again(tmp_path: Path, mirror: Path) -> None:
    fetch_into(tmp_path / "raw", mirror)
    (tmp_path / "raw/train/data.bin").write_bytes(CONTENT[:-1] + b"!")
    assert fetch_into(tmp_path / "raw", mirror) == "from the mirror"
    assert (tmp_path / "raw/train/data.bin").read_bytes() == CONTENT


WRONG = {
    "truncated": (CONTENT[:100], f"set/train/data.bin is truncated: 100 of {len(CONTENT)} bytes"),
    "changed byte": (b"W" + CONTENT[1:], "set/train/data.bin has the right size but other bytes"),
    "too large": (CONTENT + b"!", f"set/train/data.bin is larger than the {len(CONTENT)} bytes"),
    "web page": (PAGE, r"an HTML page \(title 'Please & sign in'\) instead of"),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("on_web", [False, True], ids=["folder", "address"])
def test_wrong_bytes_do_not_stay(tmp_path: Path, mirror: Path, serve: Serve, wrong: str, on_web: bool) -> None:
    content, says = WRONG[wrong]
    (mirror / FILE.published).write_bytes(content)
    with pytest.raises(StageError, match=says):
        fetch_into(tmp_path / "raw", serve(reply(content)) if on_web else mirror)
    assert left_over(tmp_path / "raw") == left_over(tmp_path / "raw-parts") == []


def test_a_wrong_file_does_not_replace_the_one_there(tmp_path: Path, mirror: Path) -> None:
    old = tmp_path / "raw/train/data.bin"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"old")
    (mirror / FILE.published).write_bytes(CONTENT[:100])
    with pytest.raises(StageError):
        fetch_into(tmp_path / "raw", mirror)
    assert old.read_bytes() == b"old"


def test_a_base_address_gives_the_file(tmp_path: Path, serve: Serve) -> None:
    asked = []

    def answer(request: Any) -> None:
        asked.append(request.path)
        reply(CONTENT)(request)

    assert fetch_into(tmp_path / "raw", serve(answer)) == "from the mirror"
    assert asked == ["/base/set/train/data.bin"]
    assert (tmp_path / "raw/train/data.bin").read_bytes() == CONTENT


def test_a_part_that_turns_out_wrong_is_brought_once_more_from_the_start(tmp_path: Path, serve: Serve) -> None:
    site = Site(faults=["closed", "wrong bytes"])
    assert fetch_into(tmp_path / "raw", serve(site)) == "from the mirror"
    assert ["range" in asked for asked in site.asked] == [False, True, False]
    site = Site(faults=["wrong bytes"] * 9)
    with pytest.raises(StageError, match="other bytes"):
        fetch_into(tmp_path / "again", serve(site))
    assert len(site.asked) == 2


FAULTS = ["", *INSTEAD, *HALF, "wrong bytes", "long", "other place", "other version", "range ignored"]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(faults=st.lists(st.sampled_from(FAULTS), max_size=7))
def test_nothing_wrong_gets_through_and_a_good_server_mends_it(
    tmp_path_factory: pytest.TempPathFactory, serve: Serve, faults: list[str]
) -> None:
    folder, site = tmp_path_factory.mktemp("raw"), Site(faults=faults)
    url = serve(site)
    try:
        assert fetch_into(folder, url) == "from the mirror"
    except StageError:
        assert left_over(folder) == []
        site.faults = ()
        site.__post_init__()
        assert fetch_into(folder, url) == "from the mirror"
    assert (folder / FILE.path).read_bytes() == CONTENT
    assert left_over(folder) == [folder / FILE.path]


@pytest.mark.parametrize("on_web", [False, True], ids=["folder", "address"])
def test_a_mirror_that_lacks_the_file_falls_through_and_is_named(
    tmp_path: Path, mirror: Path, serve: Serve, on_web: bool
) -> None:
    (mirror / FILE.published).unlink()
    address = serve(reply(b"", 404)) if on_web else str(mirror)
    with pytest.raises(StageError, match=r"could not reach https://127\.0\.0\.1:9/") as caught:
        fetch_into(tmp_path / "raw", address)
    assert f"The mirror {address} does not have set/train/data.bin" in str(caught.value)


def test_without_network_the_message_names_the_ways_out(tmp_path: Path, impatient: None) -> None:
    with pytest.raises(StageError, match="could not reach") as caught:
        fetch_into(tmp_path / "raw", None)
    assert "DATA_MIRROR" in str(caught.value)
    assert "builtin" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["http://example.org/data", "ftp://example.org/data", "file:///data", "https://[::1", "https://"]
)
def test_a_mirror_address_must_be_https_or_loopback(address: str) -> None:
    with pytest.raises(StageError, match="only https"):
        Mirror(address).check()


def test_a_mirror_folder_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"does not exist.*DATA_MIRROR or data.mirror"):
        Mirror(str(tmp_path / "nowhere")).check()


@pytest.mark.parametrize("answer", [reply(b"", 403), reply(b"", 404), reply(b"", 302, location="//[x"), reply(PAGE)])
def test_messages_do_not_show_passwords(tmp_path: Path, serve: Serve, answer: Answer) -> None:
    address = serve(answer).replace("http://", "http://user:secret@")
    with pytest.raises(StageError) as caught:
        fetch_into(tmp_path / "raw", address)
    assert "secret" not in str(caught.value)


class FullDisk(io.BytesIO):
    """A file on a disk with no space left."""

    def write(self, _: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("full", ["data.bin.part", ".data.bin.*.part"], ids=["while it arrives", "while it is kept"])
def test_a_full_disk_leaves_nothing_half_written(
    tmp_path: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch, full: str
) -> None:
    open_ = Path.open

    def open_full(path: Path, mode: str = "r", **options: Any) -> Any:
        stream = open_(path, mode, **options)  # the file is made, as on a real full disk
        if not (path.match(full) and mode in ("ab", "wb") and (mode == "ab" or path.name.startswith("."))):
            return stream
        stream.close()
        return FullDisk()

    monkeypatch.setattr(Path, "open", open_full)
    url = serve(Site())
    with pytest.raises(StageError, match=r"No space left on device.*Free some space"):
        fetch_into(tmp_path / "raw", url)
    assert left_over(tmp_path / "raw") == []
    monkeypatch.undo()
    assert fetch_into(tmp_path / "raw", url) == "from the mirror"


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

    monkeypatch.setattr(fetch_module, "_pieces", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fetch_into(tmp_path / "raw", mirror)
    assert left_over(tmp_path / "raw") == []


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    part = tmp_path / "train" / ".data.bin.123.part"
    part.parent.mkdir()
    part.write_bytes(b"half")
    sweep(tmp_path)
    assert left_over(tmp_path) == []


# -- a mirror that holds a published file in an archive


def packed(files: Iterable[tuple[str, bytes]], level: int = 9) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for path, content in files:
            info = tarfile.TarInfo(path)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return gzip.compress(stream.getvalue(), level, mtime=0)


@pytest.mark.parametrize("on_web", [False, True], ids=["folder", "address"])
def test_a_mirror_may_hold_a_file_in_an_archive(tmp_path: Path, mirror: Path, serve: Serve, on_web: bool) -> None:
    file = replace(FILE, published="set.tar.gz!set/data.bin")

    def hold(folder: str, content: bytes, end: int | None = None) -> Path | str:
        archive = packed([(f"{folder}/data.bin", content)])[:end]
        (mirror / "set.tar.gz").write_bytes(archive)
        return serve(reply(archive)) if on_web else mirror

    with pytest.raises(StageError, match=r"does not have set.tar.gz!set/data.bin"):
        fetch_into(tmp_path / "raw", hold("sat", CONTENT), file)
    with pytest.raises(StageError, match="right size but other bytes"):
        fetch_into(tmp_path / "raw", hold("set", CONTENT[::-1]), file)
    with pytest.raises(StageError, match="no whole archive"):
        fetch_into(tmp_path / "raw", hold("set", CONTENT, -20), file)
    assert left_over(tmp_path / "raw") == []
    assert fetch_into(tmp_path / "raw", hold("set", CONTENT), file) == "from the mirror"
    assert (tmp_path / "raw" / FILE.path).read_bytes() == CONTENT


# -- archives that are known by their files


INSIDE = {f"set-1.0/sounds/{number}.wav": bytes([number]) * 100 for number in range(20)}
OTHERS = {"set-1.0/README.md": b"terms", "set-1.0/sounds/list.txt": b"0.wav"}
ARCHIVE = PublicArchive(
    path="sounds.zip",
    published="set/set-1.0.tar.gz",
    url="https://127.0.0.1:9/set-1.0.tar.gz",
    wanted=lambda path: path.endswith(".wav"),
    tree_sha256=tree_digest(INSIDE),
    files=len(INSIDE),
    limit=5000,
)


def packed_zip(files: Iterable[tuple[str, bytes]]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files:
            archive.writestr(path, content)
    return stream.getvalue()


@pytest.mark.parametrize("on_web", [False, True], ids=["folder", "address"])
def test_an_archive_counts_by_its_files_however_it_is_packed(tmp_path: Path, serve: Serve, on_web: bool) -> None:
    forms = [
        packed(INSIDE.items()),
        packed(reversed([*INSIDE.items(), *OTHERS.items()]), level=1),
        packed_zip([*OTHERS.items(), *INSIDE.items()]),
    ]
    assert len(set(forms)) == 3
    kept = set()
    for number, form in enumerate(forms):
        (tmp_path / f"mirror{number}/set").mkdir(parents=True)
        (tmp_path / f"mirror{number}" / ARCHIVE.published).write_bytes(form)
        folder = tmp_path / f"raw{number}"
        address = serve(reply(form)) if on_web else tmp_path / f"mirror{number}"
        assert fetch_into(folder, address, ARCHIVE) == "from the mirror"
        assert fetch_into(folder, tmp_path, ARCHIVE) == "already there"
        kept.add((folder / "sounds.zip").read_bytes())
        assert left_over(folder) == [folder / "sounds.zip"]
    (bytes_kept,) = kept
    assert members(bytes_kept) == INSIDE


SEVEN = "set-1.0/sounds/7.wav"
WITHOUT = {path: content for path, content in INSIDE.items() if path != SEVEN}
ALTERED = {
    "byte": (packed({**INSIDE, SEVEN: bytes([7]) * 99 + b"!"}.items()), r"20 files as expected, .* tree digest \w{64}"),
    "name": (packed({**WITHOUT, "set-1.0/sounds/70.wav": INSIDE[SEVEN]}.items()), "20 files as expected"),
    "one less": (packed(WITHOUT.items()), r"19 of the files wanted, expected 20 .*from 'set-1.0/sounds/0.wav'"),
    "one more": (packed({**INSIDE, "more.wav": b""}.items()), r"21 of the files wanted, expected 20 .*from 'more.wav'"),
    "others": (packed(OTHERS.items()), r"0 of the files wanted.*2 files in all; the first file is 'set-1.0/README.md'"),
    "none": (packed([]), r"0 of the files wanted.*0 files in all"),
    "truncated": (packed(INSIDE.items())[:-20], "is no whole archive"),
    "too large": (packed([*INSIDE.items(), ("noise", CONTENT)]), "than (the )?5000"),
    "bomb": (packed([*INSIDE.items(), ("zeros", bytes(2_000_000))]), "100 times its"),
    "link out": (packed([*INSIDE.items(), ("../out.wav", b"")]), "leaves its folder"),
    "web page": (PAGE, r"an HTML page \(title 'Please & sign in'\)"),
}


@pytest.mark.parametrize("case", ALTERED)
@pytest.mark.parametrize("on_web", [False, True], ids=["folder", "address"])
def test_an_archive_with_other_files_is_not_kept(tmp_path: Path, serve: Serve, case: str, on_web: bool) -> None:
    content, says = ALTERED[case]
    (tmp_path / "mirror/set").mkdir(parents=True)
    (tmp_path / "mirror" / ARCHIVE.published).write_bytes(content)
    with pytest.raises(StageError, match=says):
        fetch_into(tmp_path / "raw", serve(reply(content)) if on_web else tmp_path / "mirror", ARCHIVE)
    assert left_over(tmp_path / "raw") == left_over(tmp_path / "raw-parts") == []


def test_an_archive_is_continued_and_checked_whole(tmp_path: Path, serve: Serve) -> None:
    files = {f"set-1.0/{number}.wav": CONTENT[number * 2000 : (number + 1) * 2000] for number in range(20)}
    file = replace(ARCHIVE, tree_sha256=tree_digest(files), limit=60_000)
    site = Site(packed(files.items()), ["closed", "closed, no length", "closed"], version=None)
    assert fetch_into(tmp_path / "raw", serve(site), file) == "from the mirror"
    assert members(tmp_path / "raw/sounds.zip") == files
    assert site.sent == len(site.content)


def test_a_zip_that_was_changed_is_made_again(tmp_path: Path, serve: Serve) -> None:
    url = serve(reply(packed(INSIDE.items())))
    fetch_into(tmp_path / "raw", url, ARCHIVE)
    kept = (tmp_path / "raw/sounds.zip").read_bytes()
    for content in (kept[:-1], kept.replace(bytes([7]) * 100, bytes([8]) * 100), b""):
        (tmp_path / "raw/sounds.zip").write_bytes(content)
        assert fetch_into(tmp_path / "raw", url, ARCHIVE) == "from the mirror"
        assert (tmp_path / "raw/sounds.zip").read_bytes() == kept


@pytest.mark.mirror
@pytest.mark.skipif("DATA_MIRROR" not in os.environ, reason="DATA_MIRROR names no folder with published data")
def test_the_spoken_digits_as_published(tmp_path: Path) -> None:
    top = "free-spoken-digit-dataset-1.0.10"
    digits = PublicArchive(
        path="recordings.zip",
        published="fsdd/free-spoken-digit-dataset.tar.gz",
        url="https://127.0.0.1:9/",
        wanted=lambda path: path.startswith(f"{top}/recordings/") or path == f"{top}/README.md",
        tree_sha256="1a54a85f84b5b1dd61229c17e1856f9396831d35bcfd9bd839496e38547e8fea",
        files=3001,
        limit=32 << 20,
    )
    assert fetch_into(tmp_path / "raw", os.environ["DATA_MIRROR"], digits) == "from the mirror"
    one = members(tmp_path / "raw/recordings.zip", lambda path: path.endswith("/7_jackson_32.wav"))
    assert all(content.startswith(b"RIFF") for content in one.values())
    assert len(one) == 1
