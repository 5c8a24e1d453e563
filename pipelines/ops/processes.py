"""Processes that one command starts: Ctrl-C reaches the command alone, and it ends all of them before itself."""

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


def end(members: list[psutil.Process], kindly: signal.Signals, limit: float) -> None:
    """Send processes a signal to end, and end those by force that still run `limit` seconds later."""
    for member in members:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.send_signal(kindly)
    for member in psutil.wait_procs(members, limit)[1]:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
