"""Ctrl-C: put off while something must be whole, and heard where Python would drop it."""

import signal
import subprocess
import sys
import threading

import pytest

from pipelines.runs import interruptions


def test_an_interruption_waits_for_the_end_of_the_block() -> None:
    done = []

    def work() -> None:
        with interruptions.uninterrupted():
            for _ in range(3):
                signal.raise_signal(signal.SIGINT)
                done.append("a part")
        done.append("what comes after")

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["a part"] * 3
    assert signal.getsignal(signal.SIGINT) is before
    with interruptions.uninterrupted():
        done.append("nothing came")
    assert signal.getsignal(signal.SIGINT) is before


def test_what_python_does_not_handle_is_left_to_the_system() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruptions.uninterrupted():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    finally:
        signal.signal(signal.SIGHUP, before)


def test_another_thread_puts_nothing_off() -> None:
    found = []

    def work() -> None:
        with interruptions.uninterrupted():
            found.append(signal.getsignal(signal.SIGINT))

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [before]


FINALISED = """
import signal, sys, time
from pipelines import interruptions
if sys.argv[1] == "repeated":
    interruptions.repeat_lost_interruptions()
class Finalised:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)
        print("never printed")
made = Finalised()
try:
    del made
    time.sleep(float(sys.argv[2]))
    print("not heard")
except KeyboardInterrupt:
    print("heard")
class Faulty:
    def __del__(self):
        raise ValueError("told as ever")
made = Faulty()
del made
"""


@pytest.mark.parametrize(("how", "wait", "said"), [("as it is", "0.5", "not heard"), ("repeated", "60", "heard")])
def test_an_interruption_in_a_finaliser_comes_again(how: str, wait: str, said: str) -> None:
    told = subprocess.run([sys.executable, "-c", FINALISED, how, wait], capture_output=True, text=True, check=True)
    assert told.stdout.splitlines() == [said]
    assert "ValueError: told as ever" in told.stderr
    assert ("KeyboardInterrupt" in told.stderr) == (how == "as it is")
