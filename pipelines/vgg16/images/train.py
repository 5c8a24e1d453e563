"""One run: a VGG16 with some weights and some head, and what of it is learned. Knows neither MLflow nor Prefect.

Several processes (pipelines/distributed.py) train the network together; its weights before, the features of frozen
layers, and all that comes after are the first one's work.
"""

import copy
import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn

from params import parse
from pipelines.nn import checkpoint, distributed
from pipelines.nn.training import Fit, TrainingParams, choose_device, fit, write_results
from pipelines.settings import Run
from pipelines.stats.summary import summarise
from pipelines.task import Log, Row
from pipelines.vgg16.heads import LAST, behind, freeze, learned, linear, rates, with_head
from pipelines.vgg16.images.data import batches, drawn, generator_of, load_pictures, order
from pipelines.vgg16.images.evaluation import write_evaluation
from pipelines.vgg16.images.frozen import Material, accuracy_of, judged_by, learned_from, viewed
from pipelines.vgg16.images.model import ImagesParams, halved
from pipelines.vgg16.images.pictures import draw_answers, draw_weights
from pipelines.vgg16.images.source import Untold, initial, picture_loss
from pipelines.vgg16.model import VGG16

CACHE = "cache"  # beside the runs: what they share
SAVE_EVERY = 10.0  # seconds: a GPU trains an epoch in less than it takes to save the true VGG16


def settings(run: Run) -> tuple[ImagesParams, TrainingParams]:
    """What params.yaml says of a run, checked. Raises ValueError for an unknown key, head or size.

    Batch normalisation that is learned takes its means and variances over a whole batch, of several processes by
    torch's SyncBatchNorm, which needs GPUs: on CPUs it is an error, as what came out would not be one process's.
    """
    model = parse(ImagesParams, run.model, f"model of {run.name}")
    learned_norms = model.batch_norm and not model.frozen
    if learned_norms and distributed.several() and choose_device(run.device).type == "cpu":
        raise ValueError(
            f"{run.name} has batch_norm true and freeze {model.freeze}: on CPUs one process alone can train that; set "
            "batch_norm to false, freeze to features or all-but-head, or start it without torchrun"
        )
    return model, parse(TrainingParams, run.training, f"training of {run.name}")


@dataclass(frozen=True)
class Lesson:
    """How a run learns, whatever it learns from."""

    params: ImagesParams
    training: TrainingParams
    seed: int
    start: VGG16  # the network with its head, as it is before
    seen: Material  # val
    steps: int = 0  # of an epoch; 0: each picture once
    shared: bool = False  # whether all processes learn together

    def learn(self, network: VGG16, taught: Material, log: Log, saved: Path | None) -> Fit:
        """Trains on `taught`; the epoch is chosen by how `seen` is answered."""
        params, training, device = self.params, self.training, taught.pictures.pixels.device
        pictures, features = taught.pictures, taught.features
        called: Callable[[Tensor], Tensor]
        if params.frozen:
            called = behind(network, params.frozen)
        else:
            # Another way to call the same network: only training is worth the half minute of compiling.
            called = torch.compile(network) if params.compiled and device.type == "cuda" else network
        seen = self.seen
        if self.shared:
            called = distributed.Averaged(network, called)
            seen = seen.rows(torch.arange(len(seen))[distributed.share_of(len(seen))])

        def epoch_batches(epoch: int) -> list[tuple[Tensor, Tensor]]:
            freeze(network, params.freeze, epoch / training.epochs)
            generator = generator_of(self.seed, epoch)
            size = training.batch_size
            rows = order(len(pictures), size, generator, self.steps)
            if features is not None:
                pieces = torch.split(rows, size)
                return [(viewed(features, row, generator).to(device), pictures.labels[row]) for row in pieces]
            return batches(pictures, rows, size, params.changes, generator)

        def loss(_model: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
            if features is None:
                return picture_loss(called, batch, params.side, training.label_smoothing)
            with halved(device):
                found = called(batch[0])
            return nn.functional.cross_entropy(found.float(), batch[1], label_smoothing=training.label_smoothing)

        def validate(model: nn.Module) -> Row:
            accuracy = accuracy_of(model, seen, params)
            return {"val_accuracy": distributed.mean(accuracy, len(seen)) if self.shared else accuracy}

        def shares(epoch: int) -> list[distributed.Share]:
            distributed.own_chance(self.seed, epoch)
            return [distributed.Share.of(batch) for batch in epoch_batches(epoch)]

        taken: tuple[Callable[[int], Sequence[Any]], Callable[[nn.Module, Any], Tensor]] = (epoch_batches, loss)
        if self.shared:
            taken = (shares, distributed.over_all(loss))
        return fit(
            network,
            training,
            batches=taken[0],
            loss=taken[1],
            validate=validate,
            monitor="val_accuracy",
            log=log,
            resume_from=saved,
            save_every=SAVE_EVERY,
            saves=distributed.rank() == 0,
            groups=rates(network, params.body_rate),
        )


def train(run: Run, tables: Path, out: Path, log: Log) -> Row:
    """Trains on `tables` and fills the folder `out`; returns the run's figures.

    Written: `model.safetensors`, `history.csv`, `metrics.json`, and of the test split `predictions.csv`, `classes.csv`,
    `few_labels.csv` and the pictures that TASK names. The epoch is chosen on val; test is read at the end. A
    `checkpoint.safetensors` in `out` is resumed from and then removed. What runs share, weights learned from other
    pictures and frozen features, is kept in the folder `cache` beside `out`. Of several processes the first writes and
    returns figures; the others return none.
    """
    params, training = settings(run)
    device, cache = choose_device(run.device), out.parent / CACHE
    pictures = load_pictures(tables, params.pictures, "train").first(params.train_rows).to(device)
    torch.manual_seed(run.seed)
    with distributed.first_alone():
        network = initial(params, training, tables, cache, device)
    outputs = linear(network.classifier[LAST]).out_features
    network = with_head(network, params.head, len(pictures.classes))
    network = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    start = copy.deepcopy(network)
    with distributed.first_alone():
        taught = learned_from(network, pictures, params, cache)
        seen = judged_by(network, load_pictures(tables, params.pictures, "val").to(device), params, cache)
    lesson = Lesson(params, training, run.seed, start, seen)
    if distributed.several() and not params.frozen:
        network = nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]
    together = dataclasses.replace(lesson, shared=distributed.several())
    fitted = together.learn(network, taught, log, out / "checkpoint.safetensors")
    if distributed.rank() > 0:
        return {}

    freeze(network, params.freeze)
    checkpoint.save(
        out / "model.safetensors",
        {
            "weights": network.state_dict(),
            "params": vars(params),
            "outputs": outputs,
            "classes": list(pictures.classes),
            "pixels": pictures.pixels.shape[1],
        },
    )
    asked = load_pictures(tables, params.pictures, "test").to(device)
    figures = write_evaluation(out, network, asked, params)
    draw_weights(out, network, start.features.state_dict(), VGG16(params.shape))
    draw_answers(out, network, asked, params)
    tried = _few_labels(lesson, taught, judged_by(network, asked, params, cache))
    whole = {"labelled pictures": len(pictures), "draws": 1, "test accuracy": figures["test_accuracy"]}
    columns = [*whole, "low", "high"]
    pd.DataFrame([*tried, whole], columns=columns).to_csv(out / "few_labels.csv", index=False, float_format="%.4f")
    figures |= {f"test_few_{row['labelled pictures']}": row["test accuracy"] for row in tried}
    figures["learned"] = float(sum(parameter.numel() for parameter in learned(network)))
    return write_results(out, network, fitted, figures)


def _few_labels(lesson: Lesson, taught: Material, asked: Material) -> list[dict[str, float]]:
    """The same start taught with few labelled pictures: mean accuracy on test, and its 95 % interval over draws."""
    params = dataclasses.replace(lesson.params, compiled=False)
    training = dataclasses.replace(lesson.training, epochs=1)  # so there is no epoch to choose, and test is read once
    rows = []
    for count in params.few_labels:
        found = []
        for draw in range(params.few_seeds):
            torch.manual_seed(draw)
            chosen = drawn(taught.pictures.labels, count, generator_of(draw, count))
            few = dataclasses.replace(
                lesson,
                params=params,
                training=dataclasses.replace(training, batch_size=min(training.batch_size, count)),
                seed=draw,
                steps=params.few_steps,
                seen=asked,
            )
            fitted = few.learn(copy.deepcopy(lesson.start), taught.rows(chosen), Untold(), None)
            found.append(fitted.history[0]["val_accuracy"])
        mean = summarise(found, f"accuracy with {count} labels")
        ends = {"low": mean.of_mean.low, "high": mean.of_mean.high} if mean.of_mean else {}
        rows.append({"labelled pictures": count, "draws": len(found), "test accuracy": mean.estimate.mean, **ends})
    return rows


def load_network(path: Path) -> tuple[VGG16, ImagesParams, list[str], int]:
    """The network saved at `path`, ready to answer, its classes, and the pixels a side of what it learned from."""
    state = checkpoint.load(path)
    params = parse(ImagesParams, state["params"], f"params in {path}")
    network = with_head(VGG16(params.shape, state["outputs"]), params.head, len(state["classes"]))
    network.load_state_dict(state["weights"])
    return network.eval(), params, state["classes"], state["pixels"]
