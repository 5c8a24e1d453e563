"""Pictures of a recogniser: posteriors over time, the lattice of a text, a spectrogram with its characters.

matplotlib's own font has no Chinese characters, so that pictures of recordings show texts in Latin letters.
"""

from collections.abc import Sequence
from itertools import groupby, product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from pipelines.ctc.alignment import align, spans
from pipelines.ctc.loss import occupancy
from pipelines.ctc.speech.data import Alphabet
from pipelines.nn.ctc import Span
from pipelines.reporting.plots import line_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLANK_SIGN = "∅"
COLORS = ("#bbbbbb", "#4c78a8", "#f58518", "#54a24b", "#e45756")
# Probabilities of blank, hao and bang in six frames, an example for `alignments`.
SIX_FRAMES = (
    (0.30, 0.60, 0.10),
    (0.20, 0.70, 0.10),
    (0.60, 0.30, 0.10),
    (0.50, 0.10, 0.40),
    (0.15, 0.05, 0.80),
    (0.60, 0.05, 0.35),
)


def draw(
    out: Path,
    rows: pd.DataFrame,
    log_probs: Sequence[Tensor],
    features: Sequence[Tensor],
    *,
    alphabet: Alphabet,
    seconds: float,
) -> None:
    """Pictures of one recording: the first whose text is in Latin letters and doubles one, else the first."""
    latin = rows["text"].str.isascii()
    doubled = rows.get("doubled", False)
    places = [*rows.index[latin & doubled], *rows.index[latin], 0]
    index = int(places[0])
    text, own = str(rows["text"].iloc[index]), log_probs[index]
    target = alphabet.encode(text)
    posteriors(own, target, text, seconds, out / "posteriors.png")
    lattice(own, target, text, out / "lattice.png")
    spectrogram(out / "spectrogram.png", features[index], own, target, text, seconds=seconds)
    alignments(out / "alignments.png")


def names(target: Sequence[int], text: str) -> list[str]:
    """The lattice's states from the first to the last, blanks among them."""
    shown = ["␣" if character == " " else character for character in text]
    states = [BLANK_SIGN]
    for character in shown[: len(target)]:
        states += [character, BLANK_SIGN]
    return states


def posteriors(log_probs: Tensor, target: Sequence[int], text: str, seconds: float, path: Path) -> None:
    """The probability of the blank and of each character of the text over time; log_probs (T, C), `seconds` a step."""
    figure = _figure(8, 3.4)
    axes = figure.subplots()
    times = (np.arange(len(log_probs)) + 0.5) * seconds
    axes.fill_between(
        times, log_probs[:, 0].exp().numpy(), color=COLORS[0], alpha=0.6, label=f"{BLANK_SIGN} (blank)", step="mid"
    )
    named = zip(target, names(target, text)[1::2], strict=True)  # every other state is a blank
    for number, (label, name) in enumerate(dict(named).items()):
        axes.plot(times, log_probs[:, label].exp().numpy(), label=name, linewidth=1.6, **line_style(number))
    for span, name in zip(_spans(log_probs, target), names(target, text)[1::2], strict=True):
        axes.text((span.start + span.end) / 2 * seconds, 1.03, name, ha="center", fontsize=11)
    axes.set_ylim(-0.04, 1.14)
    axes.set_xlabel("seconds")
    axes.set_ylabel("probability")
    axes.set_title(f"Probabilities over time for {text!r}: characters are spikes, the rest is blank", fontsize=11)
    axes.legend(fontsize=9, loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0, handlelength=2.6)
    _save(figure, path)


def lattice(log_probs: Tensor, target: Sequence[int], text: str, path: Path) -> None:
    """The share of the text's probability that goes through each state at each step, and the best path; (T, C)."""
    batch = _batch_of_one(log_probs, target)
    shares = occupancy(*batch)[0].numpy()  # (T, S)
    best = align(*batch)[0][0].numpy()
    figure = _figure(11, 0.24 * shares.shape[1] + 2)
    axes = figure.subplots()
    image = axes.imshow(shares.T, cmap="Blues", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    axes.plot(np.arange(len(best)), best, color="#e45756", linewidth=1, marker="o", markersize=3, label="best path")
    axes.set_yticks(range(shares.shape[1]), names(target, text), fontsize=8)
    axes.set_xlabel("step")
    axes.set_title(f"All alignments of {text!r}: the share of them in each state, and the best one")
    axes.legend(fontsize=8, loc="lower left")
    figure.colorbar(image, label="share of the text's probability")
    _save(figure, path)


def spectrogram(
    path: Path, features: Tensor, log_probs: Tensor, target: Sequence[int], text: str, *, seconds: float
) -> None:
    """Features (frames, F) from low to high, and each character at its forced alignment."""
    figure = _figure(11, 4)
    axes = figure.subplots()
    extent = (0.0, len(log_probs) * seconds, 0, features.shape[1])
    axes.imshow(features.T.numpy(), origin="lower", aspect="auto", cmap="magma", extent=extent, interpolation="nearest")
    for span, character in zip(_spans(log_probs, target), text, strict=True):
        middle = (span.start + span.end) / 2 * seconds
        axes.axvspan(span.start * seconds, span.end * seconds, color="white", alpha=0.25, linewidth=0)
        axes.text(middle, features.shape[1] + 0.5, "␣" if character == " " else character, ha="center", fontsize=10)
    axes.set_xlabel("seconds")
    axes.set_ylabel("mel filter")
    axes.set_title(f"{text!r}, each character at its forced alignment", pad=22)
    _save(figure, path)


def alignments(path: Path, probabilities: Sequence[Sequence[float]] = SIX_FRAMES) -> None:
    """Every path that spells `hao bang` (the two characters of 好棒), most probable first, and its probability."""
    from matplotlib.colors import ListedColormap

    paths = paths_of((1, 2), probabilities)
    figure = _figure(9, 0.1 * len(paths) + 1.4)
    grid, bars = figure.subplots(1, 2, sharey=True)
    image = grid.imshow(list(paths), aspect="auto", cmap=ListedColormap(COLORS[:3]), vmin=-0.5, vmax=2.5)
    grid.set_xticks(range(len(probabilities)), [str(t + 1) for t in range(len(probabilities))])
    grid.set_xlabel("frame")
    grid.set_ylabel("alignment")
    figure.colorbar(image, ax=grid, location="left", shrink=0.3).set_ticks(
        [0, 1, 2], labels=[BLANK_SIGN, "hao", "bang"]
    )
    rows = np.arange(len(paths))
    bars.fill_betweenx(np.stack([rows - 0.5, rows + 0.5], axis=1).ravel(), np.repeat([*paths.values()], 2))
    bars.set_xlabel("probability")
    total = sum(paths.values())
    figure.suptitle(f"The {len(paths)} alignments of hao bang with {len(probabilities)} frames: together {total:.4f}")
    _save(figure, path)


def paths_of(target: Sequence[int], probabilities: Sequence[Sequence[float]]) -> dict[tuple[int, ...], float]:
    """Each path that spells `target` with its probability, most probable first; by enumeration of all paths."""
    shares = {}
    for path in product(range(len(probabilities[0])), repeat=len(probabilities)):
        if [label for label, _ in groupby(path) if label] == list(target):
            shares[path] = float(np.prod([row[label] for row, label in zip(probabilities, path, strict=True)]))
    return dict(sorted(shares.items(), key=lambda item: (-item[1], item[0])))


def kept_by_decoder(kept: pd.Series, merged: pd.Series, path: Path) -> None:
    """For each decoder the percentage of doubled characters that it keeps, and of those that it merges."""
    figure = _figure(8, 0.5 * len(kept) + 1.6)
    axes = figure.subplots()
    rows = np.arange(len(kept))
    axes.barh(rows - 0.2, kept, height=0.38, color=COLORS[3], label="kept")
    axes.barh(rows + 0.2, merged, height=0.38, color=COLORS[4], label="merged into one")
    for shift, shares in ((-0.2, kept), (0.2, merged)):
        for row, share in zip(rows, shares, strict=True):
            axes.text(share + 0.8, row + shift, f"{share:.1f}", va="center", fontsize=8)
    axes.set_yticks(rows, list(kept.index))
    axes.invert_yaxis()
    axes.set_xlim(0, 112)
    axes.set_title("Doubled characters in test: percent kept and merged")
    axes.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.06), ncols=2)
    _save(figure, path)


def _spans(log_probs: Tensor, target: Sequence[int]) -> list[Span]:
    """Where each label of `target` is on the best path through log_probs (T, C)."""
    return spans(align(*_batch_of_one(log_probs, target))[0][0].tolist(), target)


def _batch_of_one(log_probs: Tensor, target: Sequence[int]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """A recording and its text as a batch of one."""
    return (
        log_probs[None].double(),
        torch.tensor([len(log_probs)]),
        torch.tensor([list(target)]),
        torch.tensor([len(target)]),
    )


def _figure(width: float, height: float) -> "Figure":
    from matplotlib.figure import Figure  # without pyplot: no global state, no display

    return Figure(figsize=(width, height), layout="constrained")


def _save(figure: "Figure", path: Path) -> None:
    figure.savefig(path, dpi=110, metadata={"Software": None})  # the same bytes for the same numbers
