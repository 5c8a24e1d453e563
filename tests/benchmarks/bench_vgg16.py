"""VGG16's speed: `python -m tests.benchmarks.bench_vgg16`.

What caching frozen features is worth: an epoch of learning a head from cached features beside one that runs the frozen
network. And what a training step takes by memory format, precision and compilation, beside the rate at which this
machine multiplies matrices. What is compared runs in turns, and the best of several turns counts. `--small` takes a
narrow network; without a GPU it is always narrow.
"""

import argparse
import itertools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from pipelines.vgg16.heads import freeze, learned, with_head
from pipelines.vgg16.model import VGG16, Shape, prepared

TURNS = 4
STEPS = 10  # in a turn: the next is prepared while a GPU is at one
CLASSES = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a narrow network, on a GPU too")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    wide = device.type == "cuda" and not parser.parse_args().small
    name = torch.cuda.get_device_name() if device.type == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    print(f"torch {torch.__version__} on {name}; best of {TURNS} turns\n")
    shape = Shape(1.0 if wide else 0.125, batch_norm=True, dropout=0.0)
    bench_caching(shape, device, pictures=10_000 if wide else 500)
    bench_steps(shape, device, batch=512 if wide else 50)


def bench_caching(shape: Shape, device: torch.device, pictures: int, batch: int = 50) -> None:
    """Both learn the same head; the pictures are 32 by 32."""
    network = with_head(VGG16(shape), "replace-last", CLASSES).to(device)
    freeze(network, "all-but-head")
    network.eval()
    pixels = torch.randint(256, (pictures, 32, 32, 3), dtype=torch.uint8, device=device)
    labels = torch.randint(CLASSES, (pictures,), device=device)
    optimizer = torch.optim.AdamW(learned(network))
    with torch.inference_mode():
        kept = torch.cat([network.features(prepared(piece, 32)) for piece in torch.split(pixels, batch)])
    cached = kept.clone()

    def epoch(answers: Callable[[Tensor], Tensor], inputs: Tensor) -> None:
        for piece, truth in zip(torch.split(inputs, batch), torch.split(labels, batch), strict=True):
            optimizer.zero_grad()
            nn.functional.cross_entropy(answers(piece), truth).backward()  # type: ignore[no-untyped-call]
            optimizer.step()

    def run_frozen(piece: Tensor) -> Tensor:
        with torch.no_grad():
            features = network.features(prepared(piece, 32))
        return network.answer(features)

    times = in_turns(
        {
            "running the frozen network": lambda: epoch(run_frozen, pixels),
            "cached features": lambda: epoch(network.answer, cached),
        },
        device,
    )
    run, cache = times.values()
    print(f"an epoch of {pictures:,} pictures, width {shape.width:g}, head replace-last, batches of {batch}")
    told = f"running the frozen network {1000 * run:.0f} ms, cached features {1000 * cache:.0f} ms"
    print(f"  {told}: {run / cache:.1f} x\n")


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
        told = f"{1000 * seconds:7.1f} ms {batch / seconds:9,.0f} pictures/s {first / seconds:5.2f} x, {share:.0%}"
        print(f"  {name:<36} {told} of its matrix rate")
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
