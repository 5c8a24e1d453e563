"""How far a `make repro` is, in the terminal and quietly in CI, and where the time went at its end."""

import json
from pathlib import Path

import pytest

from pipelines.ops import progress
from pipelines.ops.progress import Progress

TYPICAL = {"download@a": 10.0, "validate@a": 20.0, "rnn@b": 60.0, "rnn@c": 30.0}


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Time as a test tells it, stages of known length, and a terminal."""
    clock = Clock()
    (tmp_path / "typical.json").write_text(json.dumps(TYPICAL))
    monkeypatch.setattr(progress, "TYPICAL", tmp_path / "typical.json")
    monkeypatch.setattr("pipelines.ops.progress.time.monotonic", clock)
    monkeypatch.setattr(progress, "is_terminal", lambda: True)
    monkeypatch.delenv("CI", raising=False)
    return clock


def test_a_terminal_shows_the_stage_what_runs_beside_it_and_the_time_left(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = Progress(list(TYPICAL), 2)
    shown.begin("download@a")
    clock.now = 20.0  # twice as long as on the machine that was measured
    shown.end("download@a")
    shown.begin("validate@a")
    clock.now = 30.0
    shown.begin("rnn@b")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "[1/4] download@a"
    # of 2 * 110 s of work 10 are done, by two lanes
    assert lines[1:] == ["[2/4] validate@a, about 2 min left", "[2/4] rnn@b, beside validate@a, about 2 min left"]
    assert shown.left() == pytest.approx((2 * 110 - 10) / 2)


def test_it_is_quiet_in_ci(clock: Clock, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("CI", "true")
    shown = Progress(list(TYPICAL), 2)
    shown.begin("rnn@b")
    assert capsys.readouterr().out == ""
    clock.now = 61.4
    shown.end("rnn@b")
    assert capsys.readouterr().out == "[1/4] rnn@b: 61 s\n"


def test_where_the_time_went(clock: Clock) -> None:
    shown = Progress(list(TYPICAL), 2)
    for stage, seconds in TYPICAL.items():
        shown.begin(stage)
        clock.now += seconds
        shown.end(stage)
    assert shown.summary(setup=5, training=80) == (
        "done in 125 s: set-up 5 s, data 15 s, training 40 s, orchestration 65 s; "
        "the longest stages: rnn@b 60 s, rnn@c 30 s, validate@a 20 s"
    )
    assert set(shown.ran) == set(TYPICAL)


@pytest.mark.usefixtures("clock")
def test_a_stage_that_was_never_measured_counts_as_an_average_one() -> None:
    shown = Progress([*TYPICAL, "rnn@new"], 1)
    assert shown.expected(["rnn@new"]) == 30.0
    assert shown.expected(["rnn@b", "rnn@c"]) == 90.0


def test_the_measured_stages_are_those_of_the_dag() -> None:
    """Of a stage that is gone nobody would notice."""
    from pipelines.ops.repro import plan

    measured = json.loads(progress.TYPICAL.read_text(encoding="utf-8"))
    stages = {stage for chain in plan() for stage in chain.stages}
    assert measured.keys() <= stages
    assert all(seconds > 0 for seconds in measured.values())


def test_the_seconds_of_a_run_are_kept_for_the_next(clock: Clock) -> None:
    shown = Progress(list(TYPICAL), 1)
    shown.begin("rnn@b")
    clock.now += 45.25
    shown.end("rnn@b")
    shown.record()
    assert Progress(list(TYPICAL), 1).expected(["rnn@b"]) == 45.2
