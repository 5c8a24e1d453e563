"""Ctrl-C, `kill` and a closed terminal: they interrupt a command once, at a safe time, and are never lost."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # Ctrl-C, kill, and a closed terminal


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Turns the first such signal into a KeyboardInterrupt and ignores later ones, so that the clean-up is finished."""

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
    """Delays such a signal until the end of the block. Only the main thread gets signals: in another it does nothing.

    A signal that Python does not handle is left alone: it ends the process at once, or never.
    """
    arrived: list[int] = []
    numbers = ENDING_SIGNALS if threading.current_thread() is threading.main_thread() else ()
    before: dict[signal.Signals, Any] = {
        number: signal.signal(number, lambda number, _frame: arrived.append(number))
        for number in numbers
        if callable(signal.getsignal(number))
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for first in arrived[:1]:
            signal.raise_signal(first)


def repeat_lost_interruptions() -> None:
    """Sends a Ctrl-C again that came while a finaliser or the callback of a weak reference ran.

    Python drops exceptions there, KeyboardInterrupt too, and only reports them to `sys.unraisablehook` (the signal
    module's documentation, "Note on Signal Handlers and Exceptions").
    """
    report_others = sys.unraisablehook

    def repeat(unraisable: "sys.UnraisableHookArgs") -> None:
        if issubclass(unraisable.exc_type, KeyboardInterrupt):
            again = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))  # after the end of this hook
            again.daemon = True
            again.start()
        else:
            report_others(unraisable)

    sys.unraisablehook = repeat
