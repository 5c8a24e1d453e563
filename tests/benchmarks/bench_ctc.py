"""Speech's speed: front end and decoders, beside scipy and pyctcdecode: `python -m tests.benchmarks.bench_ctc RUN`.

RUN is the folder of a trained run of `ctc-speech` on the data set in `data/prepared/speech`, whose val split is read.
What is compared runs in turns on one thread, and the least CPU time of several turns counts. Where pyctcdecode is not
installed (it is no dependency), it is left out. A real-time factor is CPU seconds for a second of sound.
"""

import argparse
import importlib.util
import logging
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from scipy import signal
from torch import Tensor

from pipelines.ctc.decoding import beam_search
from pipelines.ctc.loss import log_likelihood
from pipelines.ctc.speech.data import Alphabet
from pipelines.ctc.speech.evaluation import collate, decode, greedy_decoder
from pipelines.ctc.speech.inference import load_recogniser, posteriors
from pipelines.reporting import metrics
from pipelines.sound.acoustics import FeatureParams, mel_filterbank
from pipelines.sound.recordings import Recordings, load_recordings

TURNS = 3
BEAM = 16


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="a folder with model.safetensors")
    parser.add_argument("--data", type=Path, default=Path("data/prepared/speech"))
    asked = parser.parse_args()
    torch.set_num_threads(1)
    model, encoder = load_recogniser(asked.run / "model.safetensors")
    split = load_recordings(asked.data, "val")
    seconds = sum(map(len, split.waveforms)) / model.params.sample_rate
    print(f"{len(split.waveforms)} recordings, {seconds:.0f} s of sound; one thread, least of {TURNS} turns\n")

    features = encoder.features(split.waveforms)
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "features.safetensors"
        save_file({str(index): row for index, row in enumerate(features)}, cache)
        show(
            "front end",
            in_turns(
                {
                    "ours, batched": lambda: encoder.features(split.waveforms),
                    "scipy, one by one": lambda: [by_scipy(row.numpy(), model.params) for row in split.waveforms],
                    "ours, read from a cache": lambda: [row.clone() for row in load_file(cache).values()],
                }
            ),
            seconds,
        )
    log_probs = posteriors(model, encoder, features)
    show("network", in_turns({"posteriors": lambda: posteriors(model, encoder, features)}), seconds)
    bench_decoders(split, log_probs, encoder.alphabet, seconds)


def by_scipy(samples: np.ndarray, params: FeatureParams) -> np.ndarray:
    """Log-mel energies as scipy's spectrogram gives them."""
    size = 2 ** (params.window - 1).bit_length()
    window = signal.get_window("hann", params.window)
    overlap = params.window - params.hop
    _, _, power = signal.spectrogram(samples, window=window, noverlap=overlap, nfft=size, detrend=False)
    found: np.ndarray = np.log(power.T @ mel_filterbank(params.filters, size, params.sample_rate).numpy() + 1e-10)
    return found


def bench_decoders(split: Recordings, log_probs: Sequence[Tensor], alphabet: Alphabet, seconds: float) -> None:
    def by_beam(candidates: int) -> Callable[[], list[str]]:
        def read(rows: Tensor, steps: Tensor) -> list[tuple[int, ...]]:
            found = beam_search(rows, steps, beam=BEAM, candidates=candidates)
            return [hypotheses[0].labels for hypotheses in found]

        return lambda: decode(log_probs, alphabet, read)

    ways: dict[str, Callable[[], list[str]]] = {
        "greedy": lambda: decode(log_probs, alphabet, greedy_decoder),
        "beam, 16 labels a step": by_beam(16),
        "beam, 8 labels a step": by_beam(8),
    }
    if importlib.util.find_spec("pyctcdecode"):
        build_ctcdecoder = importlib.import_module("pyctcdecode").build_ctcdecoder

        logging.disable(logging.WARNING)  # that its alphabet has no word pieces
        theirs = build_ctcdecoder(["", *alphabet.characters])
        rows = [row.numpy() for row in log_probs]
        ways["pyctcdecode"] = lambda: [theirs.decode(row, beam_width=BEAM) for row in rows]
    times = in_turns(ways)
    show(f"decoders, {BEAM} prefixes", times, seconds)
    for name, way in ways.items():
        texts = way()
        rates = metrics.error_rates(list(split.rows["text"]), texts)
        likelihood = mean_log_likelihood(log_probs, [alphabet.encode(text) for text in texts])
        faster = f", {times['pyctcdecode'] / times[name]:.1f} x pyctcdecode" if "pyctcdecode" in times else ""
        print(f"  {name:<26} CER {rates['cer']:.2f}, mean log p(text) {likelihood:.4f}{faster}")


def mean_log_likelihood(log_probs: Sequence[Tensor], texts: Sequence[Sequence[int]]) -> float:
    """Of whole texts, over all their paths, whatever a decoder left out: the score that decoders are to maximise."""
    rows, steps = collate(log_probs)
    targets = torch.nn.utils.rnn.pad_sequence([torch.tensor(text, dtype=torch.long) for text in texts], True)
    counts = torch.tensor([len(text) for text in texts])
    return float(log_likelihood(rows.double(), steps, targets, counts).mean())


def in_turns(ways: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """The least CPU seconds that each way took."""
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(TURNS):
        for name, run in ways.items():
            began = time.process_time()
            run()
            best[name] = min(best[name], time.process_time() - began)
    return best


def show(title: str, times: Mapping[str, float], seconds: float) -> None:
    print(title)
    for name, spent in times.items():
        print(f"  {name:<26} {spent:7.3f} s, real-time factor {spent / seconds:.6f}")


if __name__ == "__main__":
    main()
