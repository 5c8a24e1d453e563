"""Processes that one command starts: Ctrl-C reaches the command alone, and it ends all of them before itself."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

import psutil

ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # Ctrl-C, kill, and a closed terminal


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Turn the first signal to end into a KeyboardInterrupt and ignore later ones, so that the tidying is finished."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        for number in ENDING_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before: dict[signal.Signals, Any] = {number: signal.signal(number, interrupt) for number in ENDING_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Put off a signal to end until the block is done. Other threads than the main one get none anyway."""
    came: list[int] = []
    heard = ENDING_SIGNALS if threading.current_thread() is threading.main_thread() else ()
    # What Python does not handle, it need not put off: it ends the process at once, or never.
    before: dict[signal.Signals, Any] = {
        number: signal.signal(number, lambda number, _frame: came.append(number))
        for number in heard
        if callable(signal.getsignal(number))
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for arrived in came[:1]:
            signal.raise_signal(arrived)


def family(pid: int) -> list[psutil.Process]:
    """A process and all below it; empty when it has ended."""
    try:
        head = psutil.Process(pid)
        return [head, *head.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def end(members: list[psutil.Process], kindly: signal.Signals, limit: float) -> None:
    """Send processes a signal to end, and end those by force that still run `limit` seconds later."""
    for member in members:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.send_signal(kindly)
    for member in psutil.wait_procs(members, limit)[1]:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
