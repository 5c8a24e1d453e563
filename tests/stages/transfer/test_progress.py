"""The line about a download: right numbers, one line on a terminal, plain lines in a log."""

import io
import re

import pytest

from stages.transfer import progress
from stages.transfer.progress import Progress


class Clock:
    now = 100.0

    def monotonic(self) -> float:
        return self.now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    return clock


def run(clock: Clock, stream: io.StringIO, seconds: float, size: int | None = 20_000_000) -> Progress:
    """A download of 1 MB/s of which 2 MB were there before."""
    shows = Progress("download digits", {"a.zip": size}, stream)
    shows.report("a.zip", 2_000_000, size)
    for tick in range(round(seconds * 8)):
        shows.show()
        clock.now += 0.125
        shows.report("a.zip", 2_000_000 + 125_000 * (tick + 1), size)
    shows.show()
    return shows


def test_the_line_gives_file_percent_amount_rate_and_time_left(clock: Clock) -> None:
    run(clock, stream := io.StringIO(), 10)
    assert stream.getvalue() == "download digits: 60 %, 12.0 of 20.0 MB, 1.0 MB/s, 0:00:08 left: a.zip\n"


def test_without_a_known_size_there_is_no_percent(clock: Clock) -> None:
    run(clock, stream := io.StringIO(), 10, None)
    assert stream.getvalue() == "download digits: 12.0 MB, 1.0 MB/s: a.zip\n"


def test_a_log_gets_a_plain_line_every_ten_seconds(clock: Clock) -> None:
    run(clock, stream := io.StringIO(), 35, 100_000_000).clear()
    assert stream.getvalue().count("\n") == 3
    assert stream.getvalue().replace("\n", "").isprintable()


def test_a_terminal_gets_one_line_that_goes_away(clock: Clock) -> None:
    shows = run(clock, stream := Terminal(), 3, 100_000_000)
    assert "\n" not in stream.getvalue()
    lines = stream.getvalue().split("\r")[1:]
    assert len(lines) == 9  # at 1, 1.25, ... 3 seconds
    assert all(re.fullmatch(r"download digits: \d %, .* left: a.zip\x1b\[K", line) for line in lines)
    shows.clear()
    assert stream.getvalue().endswith("\r\x1b[K")


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()], ids=["log", "terminal"])
def test_what_is_over_in_a_second_says_nothing(clock: Clock, stream: io.StringIO) -> None:
    run(clock, stream, 0.9).clear()
    assert stream.getvalue() == ""


def test_a_long_line_does_not_wrap(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    run(clock, stream := Terminal(), 3)
    assert all(len(line.removesuffix("\x1b[K")) < 30 for line in stream.getvalue().split("\r"))


def test_files_side_by_side_are_summed_up(clock: Clock) -> None:
    shows = Progress("download digits", {"a": 1_000_000, "b": 2_000_000, "c": 3_000_000, "d": 4_000_000}, io.StringIO())
    shows.done("d")  # was there already: no part of this download
    shows.report("a", 0, 1_000_000)
    shows.report("b", 0, None)
    clock.now += 1
    shows.report("a", 1_000_000, 1_000_000)
    shows.done("a")
    shows.report("b", 500_000, 2_000_000)
    shows.report("c", 0, 3_000_000)
    shows.show()
    assert shows.line() == "download digits: 25 %, 1.5 of 6.0 MB, 1.5 MB/s, 0:00:03 left: b and 1 more"
    shows.report("b", 0, 2_000_000)  # began anew: what came before is not counted off
    shows.show()
    assert shows.line() == "download digits: 16 %, 1.0 of 6.0 MB, 1.5 MB/s, 0:00:03 left: b and 1 more"


def test_what_came_is_checked_while_nothing_comes(clock: Clock) -> None:
    shows = run(clock, io.StringIO(), 18)
    assert shows.line() == "download digits: 100 %, 20.0 of 20.0 MB, 1.0 MB/s, 0:00:00 left: checking"
