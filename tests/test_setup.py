"""`make setup` in the places and environments of people: each on a copy of the Makefile, with programs that report.

The true set-up is tested by every CI run.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
# What would decide instead of the test: indexes, and the options of a `make` that runs it.
OTHERS = ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "MAKEFLAGS", "MFLAGS", "MAKELEVEL")
REPORT = """#!/bin/sh
case "$*" in "config get global.index-url") [ -z "$INDEX_OF_PIP" ] && exit 1; echo "$INDEX_OF_PIP"; exit ;; esac
echo "$(basename "$0") $1 user=$PIP_USER index=$UV_DEFAULT_INDEX" >> programs.log
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with the Makefile, a lock file, and programs that only note that they were called."""
    folder = tmp_path / "a project"
    (folder / "programs").mkdir(parents=True)
    shutil.copy(ROOT / "Makefile", folder)
    (folder / "requirements.lock").write_text("uv==1 \\\n  --hash=sha256:0\n")
    for name in ("pip", "uv", "dvc"):
        program = folder / "programs" / name
        program.write_text(REPORT)
        program.chmod(0o755)
    return folder


def make(place: Path, *arguments: str, **environment: str) -> str:
    command = ["make", "BIN=programs", f"PYTHON={sys.executable}", *arguments]
    known = {name: value for name, value in os.environ.items() if name not in OTHERS}
    done = subprocess.run(command, cwd=place, env=known | environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def called(place: Path) -> list[str]:
    return (place / "programs.log").read_text().splitlines()


def test_an_index_of_pip_is_used_by_uv_and_a_users_own_folder_by_none(place: Path) -> None:
    make(place, "setup", INDEX_OF_PIP="https://index.example/simple", PIP_USER="1")
    assert called(place)[1] == "uv pip user=0 index=https://index.example/simple"


def test_an_index_of_uv_goes_before_that_of_pip(place: Path) -> None:
    make(place, "setup", INDEX_OF_PIP="https://pip.example/simple", UV_DEFAULT_INDEX="https://uv.example/simple")
    assert called(place)[1] == "uv pip user=0 index=https://uv.example/simple"


def test_a_folder_without_git_is_one_for_dvc(place: Path) -> None:
    make(place, "setup", GIT_CEILING_DIRECTORIES=str(place.parent))
    assert [line.split()[0] for line in called(place)] == ["pip", "uv", "dvc"]


def test_a_folder_with_git_is_left_as_it_is(place: Path) -> None:
    subprocess.run(["git", "init", "--quiet"], cwd=place, check=True)
    make(place, "setup")
    assert [line.split()[0] for line in called(place)] == ["pip", "uv"]


def test_a_folder_that_was_moved_gets_its_environment_again(place: Path) -> None:
    make(place, "setup")
    assert "Nothing to be done" in make(place, "setup")
    moved = place.rename(place.with_name("moved"))
    assert "setting up" in make(moved, "setup")
    assert len(called(moved)) == 2 * len(set(called(moved)))


def test_packages_of_other_folders_are_not_imported(place: Path) -> None:
    seen = make(
        place,
        "--eval",
        'seen: ; @echo "[$${PYTHONPATH-}$${PYTHONHOME-}]"',
        "seen",
        PYTHONPATH="/other",
        PYTHONHOME="/other",
    )
    assert seen.strip() == "[]"
