"""The cells' speed beside torch's own layers: `python -m tests.benchmarks.bench_cells`, or `make bench-cells`.

Forward and backward over a whole sequence: a cell's sequence form, its step form, and torch's nn.LSTM (for the LSTMs),
nn.GRU or nn.RNN of the same hidden size. What is compared runs in turns, and the best of several turns counts: what
else the machine does then hits all alike. Ratios are to torch's layer: below one is faster. `--small` takes the first
size alone; `--compile` adds torch.compile of the step form at that size, which takes about a minute a cell.
"""

import argparse
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from pipelines.nn.cells import CELLS, build_cell

SIZES = ((50, 32, 128), (784, 64, 100), (1000, 16, 512))  # T, B, H
INPUT_SIZE = 64
TURNS = 4
STEP_FORM_UP_TO = 100  # steps: beyond, the step form takes seconds a turn and says nothing new
GATED = {"lstm": nn.LSTM, "lstm-1997": nn.LSTM, "gru": nn.GRU}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="the first size alone")
    parser.add_argument("--compile", action="store_true", help="torch.compile of the step form, too")
    given = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    print(f"torch {torch.__version__} on {device}, {torch.get_num_threads()} threads; best of {TURNS} turns, ms\n")
    for steps, batch, hidden in SIZES[: 1 if given.small else None]:
        print(f"T={steps}, B={batch}, H={hidden}")
        for name in CELLS:
            compiled = given.compile and steps <= STEP_FORM_UP_TO
            own = hidden - hidden % 5 if name == "clockwork" else hidden
            bench(name, (steps, batch, own), device, compiled=compiled)
        print()


def bench(name: str, size: tuple[int, int, int], device: str, *, compiled: bool) -> None:
    """A line: the sequence form's time, torch's, and what is asked for besides, each as a ratio to torch's."""
    steps, batch, hidden = size
    cell = build_cell(name, INPUT_SIZE, hidden).to(device)
    layer = GATED.get(name, nn.RNN)(INPUT_SIZE, hidden, batch_first=True).to(device)
    inputs = torch.randn(batch, steps, INPUT_SIZE, device=device)
    forms: dict[str, Callable[[Tensor], Tensor]] = {
        "torch": lambda x: layer(x)[0],
        "sequence form": lambda x: cell(x)[0],
    }
    if steps <= STEP_FORM_UP_TO:
        forms["step form"] = lambda x: cell.unroll(x)[0]
    if compiled:
        unrolled = torch.compile(cell.unroll)
        forms["compiled step form"] = lambda x: unrolled(x)[0]
    times = in_turns(forms, inputs, [*cell.parameters(), *layer.parameters()])
    base = times.pop("torch")
    ratios = ", ".join(f"{form} {spent:.1f} ({spent / base:.2f}x)" for form, spent in times.items())
    print(f"  {name:<10} {type(layer).__name__} {base:.1f}, {ratios}", flush=True)


def in_turns(
    forms: dict[str, Callable[[Tensor], Tensor]], inputs: Tensor, parameters: list[nn.Parameter]
) -> dict[str, float]:
    """The best time of each form, in milliseconds, for one pass forward and one backward."""
    best = dict.fromkeys(forms, float("inf"))
    for turn in range(TURNS + 1):  # the first warms up
        for form, run in forms.items():
            for parameter in parameters:
                parameter.grad = None
            began = time.perf_counter()
            run(inputs).sum().backward()  # type: ignore[no-untyped-call]
            if inputs.is_cuda:
                torch.cuda.synchronize()
            if turn:
                best[form] = min(best[form], 1000 * (time.perf_counter() - began))
    return best


if __name__ == "__main__":
    main()
