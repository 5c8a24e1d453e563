"""The progress of a download, as one line on stderr: files, percent, MB of MB, rate, time left."""

import shutil
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping
from datetime import timedelta
from typing import TextIO

QUIET = 1.0  # seconds before the first line: most downloads take less
TERMINAL_EVERY, PLAIN_EVERY = 0.2, 10.0  # seconds from line to line
RATE_OVER = 25  # calls of `show`: the rate of the last seconds, not of all


class Progress:
    """Threads report their progress; the main thread shows it, so that its other messages stay whole.

    On a terminal one line is overwritten; anywhere else, as in a log, a new line is written every few seconds.
    """

    def __init__(self, label: str, sizes: Mapping[str, int | None], stream: TextIO | None = None) -> None:
        self._label = label
        self._sizes = dict(sizes)
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty()
        self._lock = threading.Lock()
        self._held: dict[str, int] = {}
        self._arrived = 0  # bytes, without those of earlier processes
        self._seen = deque([(time.monotonic(), 0)], maxlen=RATE_OVER)
        self._began = self._last = time.monotonic()

    def report(self, path: str, held: int, total: int | None) -> None:
        """A file now has `held` of `total` bytes; those of its first report were there before."""
        with self._lock:
            self._arrived += max(0, held - self._held.get(path, held))
            self._held[path] = held
            self._sizes[path] = total or self._sizes[path]

    def done(self, path: str) -> None:
        """This file is complete; one of which nothing was downloaded does not count."""
        with self._lock:
            if path in self._held:
                self._sizes[path] = self._held[path]
            else:
                del self._sizes[path]

    def show(self) -> None:
        """Write the line if it is due."""
        now = time.monotonic()
        with self._lock:
            self._seen.append((now, self._arrived))
            due = now - self._last >= (TERMINAL_EVERY if self._terminal else PLAIN_EVERY)
            if not (due and self._arrived and now - self._began >= QUIET):
                return
            line = self.line()
        self._last = now
        if self._terminal:
            self._stream.write(f"\r{line[: shutil.get_terminal_size().columns - 1]}\x1b[K")
        else:
            self._stream.write(f"{line}\n")
        self._stream.flush()

    def line(self) -> str:
        """The line, as `download digits: 45 %, 8.9 of 19.4 MB, 2.1 MB/s, 0:00:05 left: a.zip and 1 more`."""
        held, (since, before), (now, arrived) = sum(self._held.values()), self._seen[0], self._seen[-1]
        rate = (arrived - before) / max(now - since, 1e-3)
        sizes = [size for size in self._sizes.values() if size is not None]
        if total := sum(sizes) if len(sizes) == len(self._sizes) else 0:
            amount = [f"{100 * held // total} %", f"{held / 1e6:.1f} of {total / 1e6:.1f} MB"]
        else:
            amount = [f"{held / 1e6:.1f} MB"]
        left = [f"{timedelta(seconds=round((total - held) / rate))} left"] if total and rate else []
        files = [path for path, count in self._held.items() if count != self._sizes[path]] or ["checking"]
        more = f" and {len(files) - 1} more" if files[1:] else ""
        return f"{self._label}: {', '.join([*amount, f'{rate / 1e6:.1f} MB/s', *left])}: {files[0]}{more}"

    def clear(self) -> None:
        """Remove the line from the terminal before something else is printed."""
        if self._terminal and self._last != self._began:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
