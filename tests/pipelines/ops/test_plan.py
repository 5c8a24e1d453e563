"""Which DVC processes `make repro` starts, and in which order."""

import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from pipelines.ops import repro
from pipelines.ops.repro import Chain, Lanes, choose_data, plan, stage_of
from pipelines.runs import cores


def test_a_pipeline_waits_for_its_data() -> None:
    chains = {chain.stages[-1]: chain for chain in plan()}
    slots = chains["rnn@slots"]
    assert slots.targets == ["--single-item", "rnn@slots"]
    assert slots.after is chains["validate@slots"]
    assert chains["validate@slots"].stages == ["download@slots", "validate@slots"]
    assert chains["validate@slots"].after is None


def test_the_stage_of_a_pipeline() -> None:
    assert stage_of("rnn", "rnn-key-terms") == "rnn@key-terms"
    assert stage_of("seq2seq", "seq2seq-translation-de") == "seq2seq@translation-de"


def test_lanes_work_side_by_side_and_keep_the_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORES", "4")
    monkeypatch.setattr(cores, "FOLDER", tmp_path)
    data = Chain(["data"], ["data"])
    chains = [data, *(Chain([f"p{number}"], [f"p{number}"], data) for number in range(4))]
    lanes, running, most = Lanes(chains), 0, [0]
    done: list[str] = []
    lock = threading.Lock()

    def work(targets: Sequence[str]) -> None:
        nonlocal running
        assert sum(1 for path in tmp_path.iterdir()) >= 1, "a lane holds a core"
        with lock:
            running += 1
            most[0] = max(most[0], running)
        time.sleep(0.2)
        with lock:
            running -= 1
            done.extend(targets)

    monkeypatch.setattr(lanes, "_repro", work)
    lanes.run("")
    assert done[0] == "data"
    assert sorted(done[1:]) == ["p0", "p1", "p2", "p3"]
    assert most[0] == 4


def test_nothing_is_started_after_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORES", "1")
    monkeypatch.setattr(cores, "FOLDER", tmp_path)
    lanes = Lanes([Chain([name], [name]) for name in ("a", "b", "c")])
    done: list[str] = []

    def work(targets: Sequence[str]) -> None:
        done.extend(targets)
        lanes.failed = True

    monkeypatch.setattr(lanes, "_repro", work)
    lanes.run("")
    assert len(done) == 1


def test_the_data_are_chosen_in_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "params.yaml"
    file.write_text("data:\n  source: builtin  # or public\n  other: 1\n")
    choose_data("public", file)
    assert file.read_text() == "data:\n  source: public  # or public\n  other: 1\n"
    choose_data("public", file)
    assert capsys.readouterr().out.count("data.source is now public") == 1
    file.write_text("data: {source: builtin}\n")
    with pytest.raises(ValueError, match=r"has no line 'source: \.\.\.' right below 'data:'"):
        choose_data("public", file)


def test_a_stage_server_is_started_once(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    monkeypatch.setattr(repro, "_start_server", lambda: started.append("server"))
    lanes = Lanes([])
    for _ in range(3):
        lanes._start_server_once()
    deadline = time.monotonic() + 5
    while not started and time.monotonic() < deadline:
        time.sleep(0.01)
    assert started == ["server"]
