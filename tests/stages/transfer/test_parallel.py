"""Jobs side by side: all results, or the first failure, and nobody waits for a job that hangs."""

import threading
import time
from functools import partial

import pytest

from stages.transfer import parallel
from stages.transfer.parallel import AT_ONCE, in_parallel


def look() -> None:
    """Nothing to see."""


def test_results_come_in_the_order_of_the_jobs() -> None:
    def job(number: int, _: threading.Event) -> int:
        time.sleep(0.002 * (5 - number))
        return number

    assert in_parallel([partial(job, number) for number in range(6)], look) == [*range(6)]
    assert in_parallel([], look) == []


def test_as_many_run_at_once_as_are_allowed() -> None:
    running, most, together = 0, 0, threading.Barrier(AT_ONCE, timeout=5)
    lock = threading.Lock()

    def job(_: threading.Event) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        together.wait()  # breaks unless so many are here
        with lock:
            running -= 1

    in_parallel([job] * (2 * AT_ONCE), look)
    assert most == AT_ONCE


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt])
def test_the_first_failure_ends_it(kind: type[BaseException]) -> None:
    begun, told = [], []

    def wait(stop: threading.Event) -> None:
        begun.append(1)
        told.append(stop.wait(5))

    def fail(_: threading.Event) -> None:
        raise kind("this one")

    with pytest.raises(kind, match="this one"):
        in_parallel([wait, wait, fail, wait, wait, wait, wait], look)
    assert len(begun) < 6  # those that had not begun do not begin
    assert told == [True] * len(begun)


def test_an_interrupt_does_not_wait_for_a_job_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "GRACE", 0.05)
    hang, began = threading.Event(), time.monotonic()

    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        in_parallel([lambda _: hang.wait(10)] * 9, interrupted)
    assert time.monotonic() - began < 2
    hang.set()


def test_somebody_looks_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "TICK", 0.01)
    looks: list[str] = []
    seen = threading.Event()

    def watch() -> None:
        looks.append(threading.current_thread().name)
        if len(looks) == 3:
            seen.set()

    assert in_parallel([lambda _: seen.wait(5)], watch) == [True]
    assert {*looks} == {threading.main_thread().name}
