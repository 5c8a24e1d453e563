"""Ending processes that a command has started, with all processes below them."""

import contextlib
import signal

import psutil


def family(pid: int) -> list[psutil.Process]:
    """A process and all below it; empty when it has ended."""
    try:
        head = psutil.Process(pid)
        return [head, *head.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def interrupt(members: list[psutil.Process], request: signal.Signals = signal.SIGINT) -> None:
    """Sends processes a signal that asks them to end."""
    for member in members:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.send_signal(request)


def await_end(members: list[psutil.Process], limit: float) -> None:
    """Waits for processes to end, and kills those that still run `limit` seconds later."""
    for member in psutil.wait_procs(members, limit)[1]:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()


def end(members: list[psutil.Process], request: signal.Signals, limit: float) -> None:
    """Sends processes a signal that asks them to end, and kills those that still run `limit` seconds later."""
    interrupt(members, request)
    await_end(members, limit)
