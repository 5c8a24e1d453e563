"""VGG16's speed: `python -m tests.benchmarks.bench_vgg16`.

What caching frozen features is worth: an epoch of learning a head, or the whole classifier, from cached features beside
one that runs the frozen layers for every batch. The narrower the network, the less there is to save: the narrowest is
that of the built-in runs, width 1 is the true VGG16. And what a training step takes by memory format, precision and
compilation, beside the rate at which this machine multiplies matrices. What is compared runs in turns, and the best of
several turns counts. `--small` takes narrow networks alone; without a GPU training steps are always a narrow one's.
"""

import argparse
import itertools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from pipelines.vgg16.heads import Frozen, Head, after_frozen, freeze, frozen_layers, trained_parameters, with_head
from pipelines.vgg16.model import VGG16, Shape, prepared

TURNS = 4
STEPS = 10  # in a turn: the next is prepared while a GPU is at one
CLASSES = 10
GOAL = 50  # times as fast, where the head alone is learned
HEADS: tuple[Head, ...] = ("replace-last", "append", "replace-all")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="narrow networks, on a GPU too")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    small = parser.parse_args().small
    wide = device.type == "cuda" and not small
    name = torch.cuda.get_device_name() if device.type == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    print(f"torch {torch.__version__} on {name}; best of {TURNS} turns\n")
    shape = Shape(1.0 if wide else 0.125, batch_norm=True, dropout=0.0)
    for width in (0.125, 0.25) if small else (0.125, 0.25, 1.0):
        pictures = 10_000 if wide else 500 if width < 1 else 100  # the true one takes a CPU seconds
        bench_caching(Shape(width, batch_norm=True, dropout=0.0), device, pictures)
    bench_steps(shape, device, batch=512 if wide else 50)


def bench_caching(shape: Shape, device: torch.device, pictures: int, batch: int = 50) -> None:
    """Both ways learn the same from the same batches of 32 by 32 pixels, which are drawn in a new order each epoch."""
    pixels = torch.randint(256, (pictures, 32, 32, 3), dtype=torch.uint8, device=device)
    labels = torch.randint(CLASSES, (pictures,), device=device)
    print(f"an epoch of {pictures:,} pictures, width {shape.width:g}, batches of {batch}")
    cases: list[tuple[Head, Frozen]] = [(head, "all-but-head") for head in HEADS]
    for head, what in [*cases, ("replace-last", "features")]:
        network = with_head(VGG16(shape), head, CLASSES).to(device)
        freeze(network, what)
        run, cache = in_turns(epochs(network.train(), what, pixels, labels, batch), device).values()
        summary = f"running the frozen network {1000 * run:.0f} ms, cached features {1000 * cache:.1f} ms"
        goal = f" (goal: {GOAL} x)" if what == "all-but-head" else ""
        print(f"  {head}, frozen {what}: {summary}: {run / cache:.1f} x{goal}", flush=True)
    print()


def epochs(network: VGG16, what: Frozen, pixels: Tensor, labels: Tensor, batch: int) -> dict[str, Callable[[], object]]:
    """An epoch of training the layers after the frozen ones, in both ways."""
    layers, answer = frozen_layers(network, what).eval(), after_frozen(network, what)
    optimizer = torch.optim.AdamW(trained_parameters(network), fused=True)  # as in training

    def run_frozen(pieces: Tensor) -> Tensor:
        with torch.no_grad():
            found: Tensor = layers(prepared(pieces, 32))
        return found

    kept = torch.cat([run_frozen(piece) for piece in torch.split(pixels, batch)])

    def epoch(features_of: Callable[[Tensor], Tensor]) -> None:
        for rows in torch.split(torch.randperm(len(labels), device=labels.device), batch):
            optimizer.zero_grad()
            found = answer(features_of(rows))
            nn.functional.cross_entropy(found, labels[rows]).backward()  # type: ignore[no-untyped-call]
            optimizer.step()

    return {
        "running the frozen network": lambda: epoch(lambda rows: run_frozen(pixels[rows])),
        "cached features": lambda: epoch(lambda rows: kept[rows]),
    }


@dataclass(frozen=True)
class Way:
    """How a training step is computed."""

    channels_last: bool
    half: bool
    compiled: bool

    def __str__(self) -> str:
        parts = ["channels last" if self.channels_last else "channels first", "bfloat16" if self.half else "float32"]
        return ", ".join(parts + ["compiled"] * self.compiled)


def bench_steps(shape: Shape, device: torch.device, batch: int) -> None:
    pixels = torch.randint(256, (batch, 32, 32, 3), dtype=torch.uint8, device=device)
    labels = torch.randint(CLASSES, (batch,), device=device)
    flops = _flops(shape, batch)
    rate = {half: matrix_rate(device, half) for half in (False, True)}
    choices = itertools.product((False, True), (False, True), (False, True) if device.type == "cuda" else (False,))
    ways = {str(way): way for way in itertools.starmap(Way, choices)}
    times = in_turns({name: _steps(shape, way, pixels, labels) for name, way in ways.items()}, device)
    print(f"a training step of {batch} pictures, width {shape.width:g}: {flops / 1e9:.0f} GFLOP")
    print(f"  matrix products here: {rate[False] / 1e12:.1f} TFLOP/s in float32, {rate[True] / 1e12:.1f} in bfloat16")
    first = next(iter(times.values())) / STEPS
    for name, turn in times.items():
        seconds = turn / STEPS
        share = flops / seconds / rate[ways[name].half]
        summary = f"{1000 * seconds:7.1f} ms {batch / seconds:9,.0f} pictures/s {first / seconds:5.2f} x, {share:.0%}"
        print(f"  {name:<36} {summary} of its matrix rate")
    print()


def _steps(shape: Shape, way: Way, pixels: Tensor, labels: Tensor) -> Callable[[], object]:
    torch.manual_seed(0)
    network = with_head(VGG16(shape), "replace-all", CLASSES).to(pixels.device)
    if way.channels_last:
        network = network.to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, nesterov=True)
    called = torch.compile(network) if way.compiled else network

    def steps() -> None:
        for _ in range(STEPS):
            optimizer.zero_grad()
            pictures = prepared(pixels, 32)
            pictures = pictures if way.channels_last else pictures.contiguous()
            with torch.autocast(pixels.device.type, torch.bfloat16, enabled=way.half):
                found = called(pictures)
            nn.functional.cross_entropy(found.float(), labels).backward()  # type: ignore[no-untyped-call]
            optimizer.step()

    return steps


def _flops(shape: Shape, batch: int) -> int:
    """Of a step forward and backward."""
    network = with_head(VGG16(shape), "replace-all", CLASSES)
    with FlopCounterMode(display=False) as counter:
        network(torch.zeros(2, 3, 32, 32)).sum().backward()
    return int(counter.get_total_flops()) * batch // 2


def matrix_rate(device: torch.device, half: bool, size: int | None = None) -> float:
    """FLOP/s of large matrix products."""
    size = size or (8192 if device.type == "cuda" else 1024)
    a, b = (torch.randn(size, size, device=device, dtype=torch.bfloat16 if half else torch.float32) for _ in range(2))
    return 2 * size**3 / in_turns({"product": lambda: a @ b}, device)["product"]


def in_turns(ways: Mapping[str, Callable[[], object]], device: torch.device) -> dict[str, float]:
    """The least seconds that each way took; the first turn warms up."""
    best = dict.fromkeys(ways, float("inf"))
    for turn in range(TURNS + 1):
        for name, run in ways.items():
            began = time.perf_counter()
            run()
            if device.type == "cuda":
                torch.cuda.synchronize()
            if turn:
                best[name] = min(best[name], time.perf_counter() - began)
    return best


if __name__ == "__main__":
    main()
