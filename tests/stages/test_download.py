"""Downloading a data set: all of it or no manifest, and whatever ends a download, the next one goes on from there."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from filelock import FileLock

from stages import manifest
from stages.datasets.slots import origin
from stages.download import PARTS, download
from stages.errors import StageError
from stages.origin import PublicFile
from stages.settings import Setting
from tests.stages.transfer.faulty import CONTENT, Answer, Site, reply

Serve = Callable[[Answer], str]
ROOT = Path(__file__).parents[2]
COMMAND = """
import sys
from stages import __main__ as command
command.settings.load = lambda name: command.settings.Setting("public", sys.argv[1], None)
sys.exit(command.main(["download", "slots"]))
"""
FILES = {f"{name}/data.bin": CONTENT[number:] for number, name in enumerate("abcdefgh")}
ORIGIN = replace(
    origin.ORIGIN,
    public=tuple(
        PublicFile(
            path, f"set/{path}", f"https://127.0.0.1:9/{path}", hashlib.sha256(content).hexdigest(), len(content)
        )
        for path, content in FILES.items()
    ),
)
RAW = Path("data/raw/slots")


def setting(mirror: str) -> Setting:
    return Setting("public", mirror, origin.SlotsOptions(seed=3, train=300, val=40, test=60))


def per_file(sites: dict[str, Site]) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        sites[request.path.removeprefix("/base/set/")](request)

    return answer


def test_all_files_and_then_the_manifest(project: Path, serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    url = serve(per_file({path: Site(content) for path, content in FILES.items()}))
    download(ORIGIN, setting(url))
    written = json.loads((RAW / "manifest.json").read_text())
    assert [*written["files"]] == [*FILES]
    assert written["options"] is None
    assert all((RAW / path).read_bytes() == content for path, content in FILES.items())
    assert [path for path in PARTS.rglob("*") if path.suffix != ".lock"] == []
    said = capsys.readouterr()
    assert said.out == "download slots: 8 published files in data/raw/slots (8 from the mirror)\n"
    assert said.err == ""


def test_a_failure_half_way_leaves_no_manifest_and_the_next_time_goes_on(
    project: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    sites = {path: Site(content) for path, content in FILES.items()}
    url = serve(per_file(sites))
    download(ORIGIN, setting(url))  # an old manifest must not stay
    (RAW / "a/data.bin").unlink()
    (RAW / "h/data.bin").unlink()
    for name in "ah":
        sites[f"{name}/data.bin"].sent = 0
    sites["h/data.bin"]._faults = iter(["closed"] * 5)
    with pytest.raises(StageError, match=r"h/data\.bin broke off"):
        download(ORIGIN, setting(url))
    assert not (RAW / "manifest.json").exists()

    for path in RAW.rglob("*.bin"):  # as DVC does before it runs a stage again
        path.unlink()
    for site in sites.values():
        site.asked.clear()
    download(ORIGIN, setting(url))
    assert json.loads((RAW / "manifest.json").read_text())["files"].keys() == FILES.keys()
    # What had arrived whole is not asked for again; what broke off goes on.
    assert len(sites["a/data.bin"].asked) <= 1
    assert sites["a/data.bin"].sent == len(FILES["a/data.bin"])
    (last,) = sites["h/data.bin"].asked
    assert int(last["range"][6:-1]) > 30_000
    assert sites["h/data.bin"].sent == len(FILES["h/data.bin"])


def test_files_come_side_by_side(project: Path, serve: Serve) -> None:
    together = threading.Barrier(4, timeout=5)

    def answer(request: BaseHTTPRequestHandler) -> None:
        together.wait()
        reply(FILES[request.path.removeprefix("/base/set/")])(request)

    download(ORIGIN, setting(serve(answer)))
    assert not together.broken


def test_two_processes_do_not_write_into_each_other(project: Path, serve: Serve) -> None:
    PARTS.mkdir(parents=True)
    RAW.mkdir(parents=True)
    (RAW / "manifest.json").write_text("{}")
    with FileLock(PARTS / "slots.lock"), pytest.raises(StageError, match="another process is downloading slots"):
        download(ORIGIN, setting("/"))
    assert (RAW / "manifest.json").exists()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_process_that_ends_early_leaves_parts_that_are_continued(
    project: Path, serve: Serve, how: signal.Signals
) -> None:
    stalled, asked = threading.Event(), []

    def answer(request: BaseHTTPRequestHandler) -> None:
        if not request.path.endswith("/train/seq.in"):
            request.wfile.flush()
            stalled.wait(20)  # no word from the server: a thread waits for the first
            return
        asked.append(request.headers["range"])
        reply(CONTENT[:9000], content_length="289848")(request)
        request.wfile.flush()
        stalled.wait(20)

    url = serve(answer)
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, url],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )
    part = PARTS / "slots/train/seq.in.part"
    while process.poll() is None and not (part.exists() and part.stat().st_size == 9000):
        time.sleep(0.02)
    process.send_signal(how)
    began = time.monotonic()
    _, said = process.communicate(timeout=30)
    assert time.monotonic() - began < 5
    if how == signal.SIGINT:
        assert (process.returncode, said) == (130, "download slots: interrupted; run it again to go on\n")
    assert not any(path.is_file() for path in RAW.rglob("*"))
    assert part.read_bytes() == CONTENT[:9000]
    stalled.set()

    with pytest.raises(StageError):  # what comes is not ATIS
        download(replace(origin.ORIGIN, public=origin.ORIGIN.public[:1]), setting(url))
    assert asked[1] == "bytes=9000-"


def test_the_parts_are_out_of_reach_of_what_reads_raw_files() -> None:
    assert not PARTS.is_relative_to(manifest.RAW)
