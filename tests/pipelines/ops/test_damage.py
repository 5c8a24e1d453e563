"""Damaged outputs are found by the digests in dvc.lock, removed with DVC's damaged copies, and made again."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.ops import damage

pytestmark = pytest.mark.slow

DVC = """
stages:
  make:
    cmd: mkdir -p out/deep && echo one > out/a.txt && echo two > out/deep/b.txt && echo three > c.txt
    outs: [out, c.txt]
"""


def dvc(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "dvc", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dvc")
    (folder / ".dvc").mkdir()
    (folder / ".dvc" / "config").write_text("[core]\nno_scm = true\nanalytics = false\n")
    (folder / "dvc.yaml").write_text(DVC)
    dvc(folder, "repro")
    return folder


@pytest.fixture
def project(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    shutil.copytree(template, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    return folder


def content(folder: Path) -> dict[str, str]:
    return {name: (folder / name).read_text() for name in ("out/a.txt", "out/deep/b.txt", "c.txt")}


WHOLE = {"out/a.txt": "one\n", "out/deep/b.txt": "two\n", "c.txt": "three\n"}


def cached(project: Path, text: str) -> Path:
    (found,) = (path for path in project.glob(".dvc/cache/files/md5/*/*") if path.read_text() == text)
    return found


def test_the_digests_are_dvcs(project: Path) -> None:
    outs = damage.outputs(Path("dvc.lock"))["make"]
    assert {path: damage.digest_of(Path(path)) for path in outs} == outs
    assert outs.keys() == {"out", "c.txt"}
    assert damage.digest_of(Path("nowhere")) is None


def test_what_is_whole_is_left_alone(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    damage.mend()
    assert content(project) == WHOLE
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", ["out/a.txt", "out/deep/b.txt", "c.txt"])
def test_a_damaged_output_is_named_and_made_again(name: str, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / name).write_text("damaged")
    damage.mend()
    out = name.split("/", maxsplit=1)[0]
    told = capsys.readouterr().out
    assert f"{name} " in told
    assert f"{out} is not as make left it, and is made again" in told
    assert not (project / out).exists()
    dvc(project, "repro")
    assert content(project) == WHOLE


@pytest.mark.parametrize("text", ["one\n", "two\n", "three\n", "list"])
def test_a_damaged_copy_in_the_cache_is_never_handed_out(
    text: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = cached(project, text) if text != "list" else next(project.glob(".dvc/cache/files/md5/*/*.dir"))
    copy.chmod(0o644)
    copy.write_bytes(copy.read_bytes()[:-1] + b"?")
    shutil.rmtree(project / "out")
    (project / "c.txt").unlink()
    damage.mend()
    assert f"DVC's copy {copy}" in capsys.readouterr().out
    dvc(project, "repro")
    assert content(project) == WHOLE
    damage.mend()
    assert capsys.readouterr().out == ""


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_lock_is_set_aside_or_only_says_that_stages_changed(
    project: Path, template: Path, data: st.DataObject
) -> None:
    whole = (template / "dvc.lock").read_bytes()
    position = data.draw(st.integers(0, len(whole) - 1))
    how = data.draw(st.sampled_from(["flip", "cut", "append"]))
    changed = {
        "flip": whole[:position] + bytes([whole[position] ^ 1 << data.draw(st.integers(0, 7))]) + whole[position + 1 :],
        "cut": whole[:position],
        "append": whole + data.draw(st.binary(min_size=1, max_size=8)),
    }[how]
    lock = Path("dvc.lock")
    lock.write_bytes(changed)
    try:
        outs = damage.outputs(lock)
    except ValueError:
        damage.mend()
        assert not lock.exists()
        assert lock.with_name("dvc.lock.damaged").read_bytes() == changed
        return
    for found in outs.values():
        assert all(damage.MD5.fullmatch(md5) for md5 in found.values())
