"""How far a `make repro` is: stage k of n, what runs now, the time left, and at its end where the time went."""

import json
import os
import sys
import threading
import time
from collections.abc import Collection, Sequence
from pathlib import Path

from pipelines.files import write_atomically

# Seconds of each stage of the built-in DAG on one core, measured by `python -m pipelines repro --record`. They order
# the stages and weigh the estimate of the time left; a stage that is not listed counts as an average one.
TYPICAL = Path(__file__).with_name("stage_seconds.json")


class Progress:
    """Counts stages as they begin and end; thread-safe."""

    def __init__(self, stages: Sequence[str], lanes: int) -> None:
        typical: dict[str, float] = json.loads(TYPICAL.read_text(encoding="utf-8"))
        average = sum(typical.values()) / len(typical)
        self._expected = {stage: typical.get(stage, average) for stage in stages}
        self._lanes = lanes
        self._began = time.monotonic()
        self._running: dict[str, float] = {}
        self.seconds: dict[str, float] = {}  # of the stages that ran
        self._lock = threading.Lock()
        self._is_quiet = bool(os.environ.get("CI")) or not is_terminal()

    @property
    def ran(self) -> Collection[str]:
        return self.seconds.keys()

    def expected(self, stages: Sequence[str]) -> float:
        """Seconds that stages are expected to take on one core."""
        return sum(self._expected.get(stage, 0.0) for stage in stages)

    def begin(self, stage: str) -> None:
        with self._lock:
            self._running[stage] = time.monotonic()
            if not self._is_quiet:
                self._print(self._line(stage))

    def end(self, stage: str) -> None:
        """A stage that began has ended, whether or not it failed."""
        with self._lock:
            if stage in self._running:
                self.seconds[stage] = time.monotonic() - self._running.pop(stage)
                if self._is_quiet:
                    self._print(f"[{len(self.seconds)}/{len(self._expected)}] {stage}: {self.seconds[stage]:.0f} s")

    def show(self, line: str) -> None:
        with self._lock:
            self._print(line)

    def left(self) -> float:
        """Seconds that the rest is expected to take, at the pace so far."""
        done = sum(self._expected.get(stage, 0.0) for stage in self.seconds)
        spent = sum(self.seconds.values())
        pace = spent / done if done else 1.0
        now = time.monotonic()
        rest = sum(seconds for stage, seconds in self._expected.items() if stage not in self.seconds)
        under_way = sum(
            min(now - began, pace * self._expected.get(stage, 0.0)) for stage, began in self._running.items()
        )
        return max(0.0, pace * rest - under_way) / self._lanes

    def summary(self, setup: float, training: float) -> str:
        """Where the time went: set-up, data, training (over the lanes), the rest, and the longest stages."""
        total = time.monotonic() - self._began
        of_data = sum(s for stage, s in self.seconds.items() if stage.split("@")[0] in ("download", "validate"))
        parts = {"set-up": setup, "data": of_data / self._lanes, "training": training / self._lanes}
        parts["orchestration"] = setup + total - sum(parts.values())
        longest = sorted(self.seconds.items(), key=lambda item: -item[1])[:3]
        return (
            f"done in {setup + total:.0f} s: {', '.join(f'{name} {spent:.0f} s' for name, spent in parts.items())}; "
            f"the longest stages: {', '.join(f'{stage} {spent:.0f} s' for stage, spent in longest)}"
        )

    def record(self) -> None:
        """Keeps how long the stages took."""
        seconds = {stage: round(spent, 1) for stage, spent in sorted(self.seconds.items())}
        write_atomically(TYPICAL, (json.dumps(seconds, indent=2) + "\n").encode())

    def _line(self, stage: str) -> str:
        others = [other for other in self._running if other != stage]
        beside = f", beside {', '.join(others)}" if others else ""
        left = f", about {_in_words(self.left())} left" if self.seconds else ""
        return f"[{len(self.seconds) + 1}/{len(self._expected)}] {stage}{beside}{left}"

    @staticmethod
    def _print(line: str) -> None:
        print(line, flush=True)


def is_terminal() -> bool:
    """Whether a person may be watching."""
    return sys.stdout.isatty()


def _in_words(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
