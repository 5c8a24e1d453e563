"""Ctrl-C is delayed while a block must not be interrupted, and repeated where Python drops it."""

import signal
import subprocess
import sys
import threading

import pytest

from pipelines.runs import signals


def test_an_interruption_waits_for_the_end_of_the_block() -> None:
    done = []

    def work() -> None:
        with signals.uninterrupted():
            for _ in range(3):
                signal.raise_signal(signal.SIGINT)
                done.append("a step")
        done.append("after the block")

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["a step"] * 3
    assert signal.getsignal(signal.SIGINT) is before
    with signals.uninterrupted():
        done.append("no signal")
    assert signal.getsignal(signal.SIGINT) is before


def test_a_signal_that_python_does_not_handle_is_left_alone() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with signals.uninterrupted():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    finally:
        signal.signal(signal.SIGHUP, before)


def test_another_thread_delays_nothing() -> None:
    found = []

    def work() -> None:
        with signals.uninterrupted():
            found.append(signal.getsignal(signal.SIGINT))

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [before]


FINALISED = """
import signal, sys, time
from pipelines.runs import signals
if sys.argv[1] == "repeated":
    signals.repeat_lost_interruptions()
class Finalised:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)
        print("never printed")
finalised = Finalised()
try:
    del finalised
    time.sleep(float(sys.argv[2]))
    print("lost")
except KeyboardInterrupt:
    print("interrupted")
class Faulty:
    def __del__(self):
        raise ValueError("reported as usual")
finalised = Faulty()
del finalised
"""


@pytest.mark.parametrize(("how", "wait", "printed"), [("by default", "0.5", "lost"), ("repeated", "60", "interrupted")])
def test_an_interruption_in_a_finaliser_comes_again(how: str, wait: str, printed: str) -> None:
    done = subprocess.run([sys.executable, "-c", FINALISED, how, wait], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [printed]
    assert "ValueError: reported as usual" in done.stderr
    assert ("KeyboardInterrupt" in done.stderr) == (how == "by default")
