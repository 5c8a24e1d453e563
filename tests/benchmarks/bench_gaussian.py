"""The Gaussian family's speed beside numpy's, scipy's and scikit-learn's: `python -m tests.benchmarks.bench_gaussian`.

What is compared runs in turns, and the best of several turns counts: what else the machine does then hits all alike.
`--small` takes a tenth of the data.
"""

import argparse
import os
import resource
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from scipy import stats

from pipelines.gaussian import classifier, streaming
from pipelines.gaussian.classifier import Covariance
from pipelines.gaussian.device import of_tensor
from pipelines.stats.moments import Array

TURNS = 4
WORKERS = os.cpu_count() or 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a tenth of the data")
    scale = 10 if parser.parse_args().small else 1
    threads = os.environ.get("OPENBLAS_NUM_THREADS", "all")
    print(f"{os.cpu_count()} cores, numpy {np.__version__}, BLAS threads: {threads}; best of {TURNS} turns\n")
    bench_stream(1_000_000_000 // scale)  # first: it measures the most memory that was ever in use
    bench_moments(50_000_000 // scale)
    bench_covariance(1_000_000 // scale, 50)
    bench_classifiers(1_000_000 // scale, 50, 10)
    if torch.cuda.is_available():
        bench_device(1_000_000_000 // scale)


def bench_moments(count: int) -> None:
    values = np.random.default_rng(0).standard_normal(count)
    values += 3.0
    times = in_turns(
        {
            "numpy mean + var": lambda: (values.mean(), values.var()),
            "scipy norm.fit": lambda: stats.norm.fit(values),
            "ours": lambda: streaming.of_rows(values),
            f"ours, {WORKERS} workers": lambda: streaming.of_rows(values, workers=WORKERS),
            "ours to 4th powers": lambda: streaming.of_rows(values, highest=4),
        }
    )
    print(f"mean and variance of {count:,} float64 values")
    show(times, ("numpy mean + var", "scipy norm.fit"), values.nbytes)
    found = streaming.of_rows(values)
    mean, deviation = stats.norm.fit(values)
    print(f"  off from scipy by {abs(found.mean[0] - mean):.1e}, {abs(found.variance()[0] ** 0.5 - deviation):.1e}\n")


def bench_covariance(count: int, features: int) -> None:
    rows = np.random.default_rng(1).standard_normal((count, features))
    times = in_turns(
        {
            "numpy mean + cov": lambda: (rows.mean(axis=0), np.cov(rows, rowvar=False)),
            "ours": lambda: streaming.of_rows(rows, products=True),
        }
    )
    print(f"mean and covariance of {count:,} x {features}")
    show(times, ("numpy mean + cov",), rows.nbytes)
    print()


def bench_stream(count: int) -> None:
    """One chunk over and over: what is measured is the stream, not where the numbers come from."""
    chunk = np.random.default_rng(2).standard_normal(1_000_003)  # no multiple of a block
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    streaming.of_chunks(chunk for _ in range(count // len(chunk)))
    seconds = time.perf_counter() - began
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(f"a stream of {count:,} values in chunks of {len(chunk):,}")
    print(
        f"  {seconds:.2f} s, {count * 8 / seconds / 1e9:.1f} GB/s; the memory in use grew by {grown / 1024:.1f} MiB\n"
    )


def bench_device(count: int) -> None:
    """Numbers that are on the GPU already, beside the rate at which it copies."""
    print(f"mean and variance of {count:,} numbers on {torch.cuda.get_device_name()}")
    for dtype in (torch.float32, torch.float64):
        values = torch.randn(count, device="cuda", dtype=dtype)
        room = torch.empty_like(values)
        ways: dict[str, Callable[[], object]] = {
            "copy": partial(room.copy_, values),
            "torch.var_mean": partial(torch.var_mean, values),
            "ours": partial(of_tensor, values),
        }
        times = in_turns({name: partial(finished, run) for name, run in ways.items()}, turns=TURNS + 1)
        size = values.numel() * values.element_size()
        rate = 2 * size / times["copy"]  # read and written
        print(f"  {dtype}: {rate / 1e9:,.0f} GB/s by copying")
        for name in ("torch.var_mean", "ours"):
            found = size / times[name]
            print(f"    {name:<16} {1000 * times[name]:7.2f} ms {found / 1e9:8,.0f} GB/s, {found / rate:.0%} of that")
    print()


def finished(run: Callable[[], object]) -> None:
    run()
    torch.cuda.synchronize()


def bench_classifiers(count: int, features: int, classes: int) -> None:
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
    from sklearn.naive_bayes import GaussianNB

    rng = np.random.default_rng(3)
    labels = rng.integers(0, classes, count)
    rows = rng.normal(size=(classes, features))[labels] * 0.5 + rng.standard_normal((count, features))
    theirs: dict[Covariance, Any] = {
        "naive": GaussianNB(var_smoothing=0),
        "separate": QuadraticDiscriminantAnalysis(),
        "shared": LinearDiscriminantAnalysis(),
    }
    for kind, oracle in theirs.items():
        name = type(oracle).__name__
        print(f"{kind} classifier, {count:,} x {features}, {classes} classes, against {name}")
        fits = {f"{name}.fit": lambda o=oracle: o.fit(rows, labels), "ours": lambda k=kind: fitted(rows, labels, k)}
        show(in_turns(fits, turns=2), (f"{name}.fit",), rows.nbytes)
        ours = fitted(rows, labels, kind)
        predicts = {f"{name}.predict": lambda o=oracle: o.predict(rows), "ours": lambda c=ours: c.predict(rows)}
        show(in_turns(predicts, turns=2), (f"{name}.predict",), rows.nbytes)
        same = (ours.predict(rows).astype(int) == oracle.predict(rows)).mean()
        some = rows[:: max(1, count // 10_000)]
        apart = np.abs(ours.posteriors(some) - oracle.predict_proba(some)).max()
        print(f"  predictions equal: {same:.4%}; posteriors of {len(some):,} rows differ by at most {apart:.0e}\n")


def fitted(rows: Array, labels: Any, kind: Covariance) -> classifier.Classifier:
    return classifier.fit(rows, labels, kind)


def in_turns(ways: Mapping[str, Callable[[], object]], turns: int = TURNS) -> dict[str, float]:
    """The least seconds that each way took."""
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(turns):
        for name, run in ways.items():
            began = time.perf_counter()
            run()
            best[name] = min(best[name], time.perf_counter() - began)
    return best


def show(times: Mapping[str, float], against: tuple[str, ...], size: int) -> None:
    """A line for each way, with how many times faster it is than others."""
    for name, seconds in times.items():
        ratios = "".join(f"  {times[other] / seconds:6.2f} x {other}" for other in against if name != other)
        print(f"  {name:<30} {seconds:7.3f} s {size / seconds / 1e9:6.1f} GB/s{ratios if name not in against else ''}")


if __name__ == "__main__":
    main()
