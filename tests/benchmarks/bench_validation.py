"""What Great Expectations costs beside making the data: `python -m tests.benchmarks.bench_validation`, a few minutes.

CPU seconds of this one process, in a temporary project with all data sets of params.yaml from their built-in source.
`rules` is what the data sets compute for their rules, `drift` the comparison with the accepted profile, `GX` the
checking of rules and `docs` its Data Docs. It fails where GX and docs together cost more than download and prepare.
"""

import shutil
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import chdir, contextmanager, redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import params
from stages import datasets, settings
from stages.checks import drift
from stages.download import download
from stages.prepare import prepare
from stages.validate import check

ROOT = Path(__file__).parents[2]
PARTS = ("download", "prepare", "rules", "drift", "GX", "docs")


class Clock:
    """CPU seconds by part, those of a part within another counted in the inner one alone."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._within: list[str] = []
        self._since = 0.0

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        self._turn()
        self._within.append(name)
        try:
            yield
        finally:
            self._turn()
            self._within.pop()

    def _turn(self) -> None:
        now = time.process_time()
        if self._within:
            self.seconds[self._within[-1]] += now - self._since
        self._since = now

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any) -> Any:
            with self.part(name):
                return function(*arguments)

        return run


def seconds_of(name: str, setting: settings.Setting) -> Mapping[str, float]:
    """The parts of one data set."""
    from stages.checks.expectations import Runner

    clock = Clock()
    dataset = datasets.find(name)
    timed_rules = replace(dataset, rules=clock.timed("rules", dataset.rules))
    with (
        patch.object(Runner, "run", clock.timed("GX", Runner.run)),
        patch.object(Runner, "build_docs", clock.timed("docs", Runner.build_docs)),
        patch("stages.validate.prepare", clock.timed("prepare", prepare)),
        patch("stages.validate.compare", clock.timed("drift", drift.compare)),
        redirect_stdout(StringIO()),
    ):
        with clock.part("download"):
            download(dataset.origin, setting)
        check(timed_rules, setting)
    return clock.seconds


def main() -> int:
    began = time.process_time()
    import stages.checks.expectations  # noqa: F401

    imported = time.process_time() - began
    print(f"{'data set':20}" + "".join(f"{part:>10}" for part in PARTS) + f"{'GX+docs / download+prepare':>30}")
    total: dict[str, float] = dict.fromkeys(PARTS, 0.0)
    every = settings.load_all(ROOT / params.FILE)
    with TemporaryDirectory() as folder, chdir(folder):
        for name, setting in every.items():
            profiles = Path("stages/datasets", name, "profiles")
            shutil.copytree(ROOT / profiles, profiles)
            seconds = seconds_of(name, replace(setting, source="builtin"))
            for part in PARTS:
                total[part] += seconds[part]
            _show(name, seconds)
    _show("all", total)
    print(f"importing great_expectations: {imported:.1f} s, once for `validate --all`, else in each validate stage")
    return 0 if _gx(total) < _data(total) else 1


def _gx(seconds: Mapping[str, float]) -> float:
    return seconds["GX"] + seconds["docs"]


def _data(seconds: Mapping[str, float]) -> float:
    return seconds["download"] + seconds["prepare"]


def _show(name: str, seconds: Mapping[str, float]) -> None:
    cells = "".join(f"{seconds[part]:10.2f}" for part in PARTS)
    print(f"{name:20}{cells}{_gx(seconds) / _data(seconds):30.2f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
