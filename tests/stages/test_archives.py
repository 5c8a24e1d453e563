"""Archives: honest ones give their files, malicious and damaged ones give one message and nothing else."""

import gzip
import hashlib
import io
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from stages import archives, fetch
from stages.archives import members, pack
from stages.dataset import PublicFile
from stages.errors import StageError

FILES = {"set/train.txt": b"a few words\n" * 40, "set/deep/test.txt": b"", "read.me": b"terms"}


def pack_zip(files: Iterable[tuple[str | zipfile.ZipInfo, bytes]]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return stream.getvalue()


def pack_tar(files: Iterable[tuple[str | tarfile.TarInfo, bytes]]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for entry, content in files:
            info = tarfile.TarInfo(entry) if isinstance(entry, str) else entry
            if info.isreg():
                info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


PACK: dict[str, Callable[..., bytes]] = {"zip": pack_zip, "tar.gz": pack_tar}
both = pytest.mark.parametrize("pack", PACK.values(), ids=PACK)


def zip_entry(name: str, kind: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = (kind | 0o644) << 16
    return info


def tar_entry(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@both
def test_an_archive_gives_its_files(pack: Callable[..., bytes], tmp_path: Path) -> None:
    packed = pack([*FILES.items()])
    path = tmp_path / "set.bin"
    path.write_bytes(packed)
    assert members(path) == members(packed) == FILES
    assert members(path, lambda name: name.endswith(".txt")) == {k: v for k, v in FILES.items() if k != "read.me"}


def test_folders_are_left_out_and_paths_are_normal() -> None:
    assert members(pack_tar([(tar_entry("./", tarfile.DIRTYPE), b""), ("./a.txt", b"a")])) == {"a.txt": b"a"}
    assert members(pack_zip([("set/", b""), ("set/a.txt", b"a")])) == {"set/a.txt": b"a"}


def test_an_archive_in_an_archive() -> None:
    outer = members(pack_tar([("set/inner.zip", pack_zip(FILES.items()))]))
    assert members(outer["set/inner.zip"], name="inner.zip of set") == FILES


def test_what_is_packed_comes_out_and_is_the_same_bytes_everywhere() -> None:
    packed = pack(FILES)
    assert members(packed) == FILES
    assert hashlib.sha256(packed).hexdigest() == "a656af0113f195bbad0cb3e22d5d09bc9b32c760efc71fff2d52d670ddb9382d"


@both
@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("/etc/passwd", "the absolute path '/etc/passwd'"),
        ("C:/boot.ini", "the absolute path 'C:/boot.ini'"),
        ("a/../../out.txt", "'a/../../out.txt', which leaves its folder"),
        ("..", "'..', which leaves its folder"),
        ("a\\..\\out.txt", "unusual name"),
        ("a\x1b[2J.txt", "unusual name"),
    ],
)
def test_paths_that_leave_the_folder_are_refused(pack: Callable[..., bytes], name: str, says: str) -> None:
    with pytest.raises(StageError, match="It was not used") as caught:
        members(pack([("fine.txt", b"fine"), (name, b"out")]), lambda path: path == "fine.txt", name="set.bin")
    assert says in str(caught.value)
    assert str(caught.value).startswith("set.bin holds ")


@pytest.mark.parametrize(
    ("packed", "says"),
    [
        (pack_tar([(tar_entry("link", tarfile.SYMTYPE, "/etc/passwd"), b"")]), "'link', a link"),
        (pack_tar([("a", b"a"), (tar_entry("link", tarfile.LNKTYPE, "a"), b"")]), "'link', a link"),
        (pack_tar([(tar_entry("disk", tarfile.BLKTYPE), b"")]), "neither a file nor a folder"),
        (pack_tar([(tar_entry("tty", tarfile.CHRTYPE), b"")]), "neither a file nor a folder"),
        (pack_tar([(tar_entry("pipe", tarfile.FIFOTYPE), b"")]), "neither a file nor a folder"),
        (pack_zip([(zip_entry("link", stat.S_IFLNK), b"/etc/passwd")]), "'link', a link"),
        (pack_zip([(zip_entry("disk", stat.S_IFBLK), b"")]), "neither a file nor a folder"),
        (pack_tar([("a", b"1"), ("./a", b"2")]), "holds 'a' twice"),
    ],
)
def test_links_devices_and_repeats_are_refused(packed: bytes, says: str) -> None:
    with pytest.raises(StageError) as caught:
        members(packed)
    assert says in str(caught.value)


def test_a_sparse_file_is_refused() -> None:
    info = tarfile.TarInfo("sparse")
    info.pax_headers = {
        "GNU.sparse.size": str(1 << 40),
        "GNU.sparse.map": "0,1",
        "GNU.sparse.major": "0",
        "GNU.sparse.minor": "1",
    }
    with pytest.raises(StageError, match="a sparse file"):
        members(pack_tar([(info, b"x")]))


def test_an_encrypted_member_is_refused() -> None:
    packed = bytearray(pack_zip([("a.txt", b"secret")]))
    packed[packed.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(StageError, match=r"'a.txt', encrypted"):
        members(bytes(packed))


@both
def test_too_many_too_large_and_too_dense_are_refused(pack: Callable[..., bytes]) -> None:
    many = pack([(f"{number}.txt", b"") for number in range(11)])
    with pytest.raises(StageError, match="holds more than 10 members"):
        members(many, limit_members=10)
    large = pack([("a.txt", bytes(70_000)), ("b.txt", bytes(70_000))])
    with pytest.raises(StageError, match="unpacks to more than 100000 bytes"):
        members(large, limit_bytes=100_000)
    bomb = pack([("zeros", bytes(archives.RATIO_FROM + 1000))])
    with pytest.raises(StageError, match=r"unpacks to more than 100 times its \d+ bytes"):
        members(bomb)
    assert len(members(bomb, limit_ratio=2000)["zeros"]) == archives.RATIO_FROM + 1000


def test_a_size_that_a_header_understates_is_not_believed() -> None:
    packed = bytearray(pack_zip([("a.txt", bytes(200_000))]))
    for header, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = packed.index(header) + offset
        packed[start : start + 4] = (10).to_bytes(4, "little")
    with pytest.raises(StageError):
        members(bytes(packed))


@both
@pytest.mark.parametrize("keep", [0.5, 0.9])
def test_a_truncated_archive_is_named(pack: Callable[..., bytes], keep: float) -> None:
    packed = pack(FILES.items())
    with pytest.raises(StageError, match=r"set\.bin is no whole archive"):
        members(packed[: int(len(packed) * keep)], name="set.bin")


@both
def test_a_changed_byte_is_noticed(pack: Callable[..., bytes]) -> None:
    packed = bytearray(pack([("a.txt", bytes(range(256)) * 50)]))
    packed[len(packed) // 3] ^= 0x55
    with pytest.raises(StageError):
        members(bytes(packed))


def test_a_checksum_after_the_last_member_is_compared() -> None:
    packed = bytearray(pack_tar(FILES.items()))
    packed[-8] ^= 1
    with pytest.raises(StageError, match="is no whole archive: CRC check failed"):
        members(bytes(packed))


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", gzip.compress(b"no tar"), b"PK\x03\x04 no zip"])
def test_what_is_no_archive_is_named(content: bytes) -> None:
    with pytest.raises(StageError, match=r"set\.bin is (neither|no whole archive)"):
        members(content, name="set.bin")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"no\.zip is no whole archive: .*No such file"):
        members(tmp_path / "no.zip")


# -- a mirror that holds a published file in an archive


@pytest.mark.parametrize(("packed", "says"), [(True, "from the mirror"), (False, "does not have set.tar.gz!set/a.txt")])
def test_a_mirror_may_hold_a_file_in_an_archive(tmp_path: Path, impatient: None, packed: bool, says: str) -> None:
    content = b"as published\n"
    file = PublicFile(
        path="a.txt",
        published="set.tar.gz!set/a.txt",
        url="https://127.0.0.1:9/a.txt",  # nobody listens there
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
    )
    (tmp_path / "set.tar.gz").write_bytes(pack_tar([("set/a.txt" if packed else "set/b.txt", content)]))
    with fetch.session() as web:
        if packed:
            assert fetch.fetch(file, tmp_path / "raw", fetch.Mirror(str(tmp_path)), web) == says
            assert (tmp_path / "raw/a.txt").read_bytes() == content
        else:
            with pytest.raises(StageError, match=says):
                fetch.fetch(file, tmp_path / "raw", fetch.Mirror(str(tmp_path)), web)


def test_a_changed_file_in_the_archive_of_a_mirror_does_not_pass(tmp_path: Path) -> None:
    file = PublicFile("a.txt", "set.tar.gz!a.txt", "https://127.0.0.1:9/a.txt", hashlib.sha256(b"right").hexdigest(), 5)
    (tmp_path / "set.tar.gz").write_bytes(pack_tar([("a.txt", b"wrong")]))
    with fetch.session() as web, pytest.raises(StageError, match="right size but other bytes"):
        fetch.fetch(file, tmp_path / "raw", fetch.Mirror(str(tmp_path)), web)
    assert not (tmp_path / "raw/a.txt").exists()
