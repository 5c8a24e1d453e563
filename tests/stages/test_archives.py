"""Archives: honest ones give their files, malicious and damaged ones give one message and nothing else."""

import gzip
import hashlib
import io
import stat
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from stages import archives
from stages.archives import members, pack, tree_digest
from stages.errors import StageError

FILES = {"set/train.txt": b"a few words\n" * 40, "set/deep/test.txt": b"", "read.me": b"terms"}


def pack_zip(files: Iterable[tuple[str | zipfile.ZipInfo, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for entry, content in files:
            info = zipfile.ZipInfo(entry) if isinstance(entry, str) else entry  # dated 1980
            archive.writestr(info, content, method)
    return stream.getvalue()


def pack_tar(files: Iterable[tuple[str | tarfile.TarInfo, bytes]]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for entry, content in files:
            info = tarfile.TarInfo(entry) if isinstance(entry, str) else entry  # dated 1970
            if info.isreg():
                info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return gzip.compress(stream.getvalue(), mtime=0)


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


def test_the_tree_digest_is_that_of_the_output_of_sha256sum(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    files = {"é.txt": b"1", "b/c": b"2", "B": b"3", "b.txt": b""}
    for path, content in files.items():
        (tmp_path / path).write_bytes(content)
    lines = subprocess.run(["sha256sum", *files], cwd=tmp_path, check=True, capture_output=True).stdout.splitlines(True)
    assert tree_digest(files) == hashlib.sha256(b"".join(sorted(lines))).hexdigest()
    assert tree_digest(dict(reversed(files.items()))) == tree_digest(files)
    assert tree_digest({**files, "B": b"4"}) != tree_digest(files)


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


REFUSED = {
    "tar link": (pack_tar([(tar_entry("link", tarfile.SYMTYPE, "/etc/passwd"), b"")]), "'link', a link"),
    "tar hard link": (pack_tar([("a", b"a"), (tar_entry("link", tarfile.LNKTYPE, "a"), b"")]), "'link', a link"),
    "tar disk": (pack_tar([(tar_entry("disk", tarfile.BLKTYPE), b"")]), "'disk', neither a file nor a folder"),
    "tar terminal": (pack_tar([(tar_entry("tty", tarfile.CHRTYPE), b"")]), "'tty', neither a file nor a folder"),
    "tar pipe": (pack_tar([(tar_entry("pipe", tarfile.FIFOTYPE), b"")]), "'pipe', neither a file nor a folder"),
    "zip link": (pack_zip([(zip_entry("link", stat.S_IFLNK), b"/etc/passwd")]), "'link', a link"),
    "zip link to a folder": (pack_zip([(zip_entry("link/", stat.S_IFLNK), b"/etc")]), "'link/', a link"),
    "zip disk": (pack_zip([(zip_entry("disk", stat.S_IFBLK), b"")]), "'disk', neither a file nor a folder"),
    "zip bzip2": (pack_zip([("a.txt", b"a")], zipfile.ZIP_BZIP2), "'a.txt', packed in an unusual way"),
    "zip lzma": (pack_zip([("a.txt", b"a")], zipfile.ZIP_LZMA), "'a.txt', packed in an unusual way"),
    "tar repeat": (pack_tar([("a", b"1"), ("./a", b"2")]), "holds 'a' twice"),
    "zip repeat": (pack_zip([("a", b"1"), ("./a", b"2")]), "holds 'a' twice"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_links_devices_and_repeats_are_refused(case: str) -> None:
    packed, says = REFUSED[case]
    with pytest.raises(StageError) as caught:
        members(packed)
    assert says in str(caught.value)


def test_a_name_does_not_end_at_a_nul() -> None:
    packed = pack_zip([("a.txt?.exe", b"a")]).replace(b"a.txt?", b"a.txt\0")
    with pytest.raises(StageError, match="unusual name"):
        members(packed)


def test_a_path_in_an_extended_header_is_checked_too() -> None:
    info = tarfile.TarInfo("fine.txt")
    info.pax_headers = {"path": "../out.txt"}
    with pytest.raises(StageError, match="leaves its folder"):
        members(pack_tar([(info, b"out")]))


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
    names = [f"{'./' * number}a/" for number in range(11)]  # one folder
    folders = [zip_entry(n, stat.S_IFDIR) if pack is pack_zip else tar_entry(n, tarfile.DIRTYPE) for n in names]
    with pytest.raises(StageError, match="holds more than 10 members"):
        members(pack([(folder, b"") for folder in folders]), limit_members=10)
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
def test_no_changed_byte_changes_a_file(pack: Callable[..., bytes]) -> None:
    packed = pack(FILES.items())
    refused = 0
    for where in range(len(packed)):
        for change in (0x01, 0x55, 0x80):
            changed = bytes([*packed[:where], packed[where] ^ change, *packed[where + 1 :]])
            try:
                # Equal, or fewer: a zip has a checksum for each file but none for its directory.
                assert members(changed).items() <= FILES.items()
            except StageError:
                refused += 1
    assert refused > len(packed)


def test_a_damaged_header_does_not_end_the_list() -> None:
    plain = bytearray(gzip.decompress(pack_tar([("a", b"1"), ("b", b"2"), ("c", b"3")])))
    plain[plain.index(b"b\0")] ^= 1  # the second name, of which the header has a checksum
    with pytest.raises(StageError, match="no whole archive: bad checksum"):
        members(gzip.compress(plain, mtime=0))


def test_a_checksum_after_the_last_member_is_compared() -> None:
    packed = bytearray(pack_tar(FILES.items()))
    packed[-8] ^= 1
    with pytest.raises(StageError, match="is no whole archive: CRC check failed"):
        members(bytes(packed))


NO_ARCHIVE = {
    "empty": b"",
    "page": b"<html>not found</html>",
    "gzip": gzip.compress(b"no tar", mtime=0),
    "half a zip": b"PK\x03\x04 no zip",
}


@pytest.mark.parametrize("content", NO_ARCHIVE.values(), ids=NO_ARCHIVE)
def test_what_is_no_archive_is_named(content: bytes) -> None:
    with pytest.raises(StageError, match=r"set\.bin is (neither|no whole archive)"):
        members(content, name="set.bin")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"no\.zip is no whole archive: .*No such file"):
        members(tmp_path / "no.zip")
