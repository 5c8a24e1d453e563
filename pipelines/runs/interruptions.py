"""Signals to end a command: one that comes is heard once, in time, and nowhere lost."""

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


def repeat_lost_interruptions() -> None:
    """Python drops an exception in a finaliser or in a weak reference's callback: a Ctrl-C that hit one comes again."""
    others = sys.unraisablehook

    def dropped(what: "sys.UnraisableHookArgs") -> None:
        if issubclass(what.exc_type, KeyboardInterrupt):
            again = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))  # when this hook is done
            again.daemon = True
            again.start()
        else:
            others(what)

    sys.unraisablehook = dropped
