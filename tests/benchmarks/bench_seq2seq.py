"""The encoder-decoder's speed: `python -m tests.benchmarks.bench_seq2seq`.

Training steps beside a plain loop, which writes each target symbol by an nn.LSTMCell, its attention and its output
layer, as tutorials do; batched beam search beside one sentence at a time, with equal outputs; and 1,000 sentences
sorted by length, answered in their order. Weights are random: only the work counts. What is compared runs in turns, and
the best of several turns counts.
"""

import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from pipelines.seq2seq.decoding import decode
from pipelines.seq2seq.encoders import SymbolEncoder
from pipelines.seq2seq.model import Batch, DecoderParams, Seq2Seq, shifted
from pipelines.seq2seq.pairs import batch_of
from pipelines.seq2seq.search import BeamParams, Hypothesis
from pipelines.seq2seq.symbols import PAD, SPECIAL, collate_sources

SYMBOLS, HIDDEN, TURNS = 2000, 128, 3
BATCH, READ, WRITTEN = 32, 12, 25  # sentences of a training batch, their symbols and those of their targets
SEARCHED, SENTENCES = 24, 1000
BEAM = BeamParams(beam_size=5, length_penalty=1.0, coverage_penalty=0.0)


class PlainLoop(nn.Module):
    """The same network as a tutorial writes it: a Python loop over target steps, nothing fused but a step."""

    def __init__(self) -> None:
        super().__init__()
        self.read = nn.Embedding(SYMBOLS, HIDDEN)
        self.written = nn.Embedding(SYMBOLS, HIDDEN)
        self.encoder = nn.LSTM(HIDDEN, HIDDEN, batch_first=True, bidirectional=True)
        self.bridge = nn.Linear(2 * HIDDEN, 2 * HIDDEN)
        self.cell = nn.LSTMCell(HIDDEN, HIDDEN)
        self.keys = nn.Linear(2 * HIDDEN, HIDDEN, bias=False)
        self.combine = nn.Linear(3 * HIDDEN, HIDDEN)
        self.output = nn.Linear(HIDDEN, SYMBOLS)

    def loss(self, batch: Batch) -> Tensor:
        states, (last, _) = self.encoder(self.read(batch.source))
        h, c = torch.tanh(self.bridge(torch.cat([*last], dim=-1))).chunk(2, dim=-1)
        total = h.new_zeros(())
        for symbols, target in zip(shifted(batch.targets).unbind(1), batch.targets.unbind(1), strict=True):
            h, c = self.cell(self.written(symbols), (h, c))
            weights = (self.keys(states) @ h[..., None])[..., 0].softmax(dim=-1)
            context = (weights[:, None] @ states)[:, 0]
            answer = torch.tanh(self.combine(torch.cat([h, context], dim=-1)))
            total = total + nn.functional.cross_entropy(self.output(answer), target, ignore_index=PAD, reduction="sum")
        return total / (batch.targets != PAD).sum()


def main() -> None:
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    model = built()
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads; best of {TURNS} turns\n")
    training(model, rng)
    searching(model.eval(), rng)


def built() -> Seq2Seq:
    encoder = SymbolEncoder(
        SYMBOLS, HIDDEN, cell="lstm", hidden_size=HIDDEN, num_layers=1, bidirectional=True, dropout=0.0
    )
    params = DecoderParams(
        cell="lstm",
        hidden_size=HIDDEN,
        num_layers=1,
        embedding_size=HIDDEN,
        attention="multiplicative",
        input_feeding=False,
        tied=False,
        dropout=0.0,
    )
    return Seq2Seq(encoder, params, SYMBOLS)


def training(model: Seq2Seq, rng: np.random.Generator) -> None:
    """Target symbols a second, forward and backward."""
    batch = batch_of(list(zip(drawn(rng, BATCH, READ), drawn(rng, BATCH, WRITTEN), strict=True)))
    plain = PlainLoop()

    def step(network: Seq2Seq | PlainLoop) -> None:
        network.zero_grad()
        network.loss(batch).backward()  # type: ignore[no-untyped-call]

    ours, theirs = in_turns(lambda: step(model), lambda: step(plain))
    count = batch.targets.numel()
    print(f"training: {count / ours:,.0f} symbols/s, a plain loop {count / theirs:,.0f}: {theirs / ours:.1f} times")


def searching(model: Seq2Seq, rng: np.random.Generator) -> None:
    """Sentences a second; as weights are random, nearly all outputs are as long as they may be."""
    sources = [sentence[: rng.integers(5, READ + 1)] for sentence in drawn(rng, SENTENCES, READ)]
    few = sources[:SEARCHED]
    together, alone = in_turns(
        lambda: outputs_of(model, few, SEARCHED * BEAM.beam_size), lambda: outputs_of(model, few, 1)
    )
    equal = [one[0].symbols for one in outputs_of(model, few, SEARCHED * BEAM.beam_size)] == [
        one[0].symbols for one in outputs_of(model, few, 1)
    ]
    print(
        f"beam search of {BEAM.beam_size}: {SEARCHED / together:.1f} sentences/s in batches, {SEARCHED / alone:.1f} "
        f"one by one: {alone / together:.1f} times; outputs {'equal' if equal else 'DIFFER'}"
    )
    began = time.perf_counter()
    found = outputs_of(model, sources, 128)
    spent = time.perf_counter() - began
    again = [outputs_of(model, [sources[row]], 1)[0][0].symbols for row in range(0, SENTENCES, 100)]
    kept = again == [found[row][0].symbols for row in range(0, SENTENCES, 100)]
    print(f"{SENTENCES:,} sentences: {SENTENCES / spent:.1f} sentences/s, order {'kept' if kept else 'LOST'}")


def drawn(rng: np.random.Generator, count: int, length: int) -> list[list[int]]:
    """Sequences of symbols that are not special."""
    return [[int(symbol) for symbol in row] for row in rng.integers(len(SPECIAL), SYMBOLS, (count, length))]


def outputs_of(model: Seq2Seq, sources: list[list[int]], batch_size: int) -> list[list[Hypothesis]]:
    return decode(model, sources, collate_sources, lambda _: WRITTEN, BEAM, batch_size=batch_size)


def in_turns(*forms: Callable[[], object]) -> list[float]:
    """The best time of each, in seconds."""
    best = [float("inf")] * len(forms)
    for turn in range(TURNS + 1):  # the first warms up
        for place, run in enumerate(forms):
            began = time.perf_counter()
            run()
            if turn:
                best[place] = min(best[place], time.perf_counter() - began)
    return best


if __name__ == "__main__":
    main()
