"""The rules of `images_jpeg`: those of any pictures, of the published ones, and of their compression."""

import pandas as pd

from stages.dataset import RuleContext, Suite
from stages.datasets.images_jpeg.reader import TASK
from stages.pictures.builtin import PicturesOptions
from stages.pictures.jpeg import KNOWN_QUALITY
from stages.rules.pictures import CIFAR10, DRAWN, outside, picture_suites
from stages.rules.vocabulary import no_error

LOSSY = (20, 45)  # dB


def rules(context: RuleContext[PicturesOptions]) -> list[Suite]:
    """The rules of any pictures, of the published ones, and of the compression."""
    expected = {TASK: CIFAR10} if context.source == "public" else DRAWN
    return [*picture_suites(context, expected), compression_suite(context)]


def compression_suite(context: RuleContext[PicturesOptions]) -> Suite:
    """A row per task."""
    quality, noise = context.facts["quality"], context.facts["signal_to_noise_db"]
    all_alike = {KNOWN_QUALITY: sum(map(len, context.tables.values()))}
    rows = [
        {
            "id": number,
            "task": task,
            "quality": ", ".join(f"{count} of {name}" for name, count in quality.items()),
            "signal_to_noise": decibels,
            "quality_error": "" if quality == all_alike else f"expected {KNOWN_QUALITY} of all",
            "loss_error": outside(decibels, LOSSY),
        }
        for number, (task, decibels) in enumerate((task, noise.get(task, 0.0)) for task in context.facts["classes"])
    ]
    description = f"every task says how lossy its pictures are: {LOSSY[0]} to {LOSSY[1]} dB signal to noise"
    return Suite(
        "compression",
        pd.DataFrame(rows),
        [
            no_error("quality_error", f"every picture was compressed with {KNOWN_QUALITY}"),
            no_error("loss_error", description),
        ],
    )
