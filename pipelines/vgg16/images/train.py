"""One run: a VGG16 with some weights and some head, and what of it is learned. Knows neither MLflow nor Prefect."""

import copy
import dataclasses
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor, nn

from pipelines import checkpoint
from pipelines.params import Run, parse
from pipelines.summary import summarise
from pipelines.training import Fit, Log, Row, TrainingParams, choose_device, fit, write_results
from pipelines.vgg16.heads import LAST, freeze, learned, linear, rates, with_head
from pipelines.vgg16.images.data import Pictures, batches, drawn, generator_of, load_pictures, order
from pipelines.vgg16.images.evaluation import write_evaluation
from pipelines.vgg16.images.model import ImagesParams, frozen_features, halved, logits
from pipelines.vgg16.images.pictures import draw_answers, draw_weights
from pipelines.vgg16.images.source import Untold, accuracy_of, initial, picture_loss
from pipelines.vgg16.model import VGG16

CACHE = "cache"  # beside the runs: what they share
SAVE_EVERY = 10.0  # seconds: a GPU trains an epoch in less than it takes to save the true VGG16


def settings(run: Run) -> tuple[ImagesParams, TrainingParams]:
    """What params.yaml says of a run, checked. Raises ValueError for an unknown key, head or size."""
    model = parse(ImagesParams, run.model, f"model of {run.name}")
    return model, parse(TrainingParams, run.training, f"training of {run.name}")


@dataclass(frozen=True)
class Lesson:
    """How a run learns, whatever it learns from."""

    params: ImagesParams
    training: TrainingParams
    seed: int
    start: VGG16  # the network with its head, as it is before
    seen: Pictures  # val
    steps: int = 0  # of an epoch; 0: each picture once

    def learn(self, network: VGG16, pictures: Pictures, features: Tensor | None, log: Log, saved: Path) -> Fit:
        """Trains on `pictures`, or on frozen features of them (views, N, C, s, s). The epoch is chosen on val."""
        params, training, device = self.params, self.training, pictures.pixels.device
        # Another way to call the same network: only training is worth the half minute of compiling.
        called = torch.compile(network) if params.compiled and device.type == "cuda" else network

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
                found = network.answer(batch[0])
            return nn.functional.cross_entropy(found.float(), batch[1], label_smoothing=training.label_smoothing)

        return fit(
            network,
            training,
            batches=epoch_batches,
            loss=loss,
            validate=lambda model: {"val_accuracy": accuracy_of(model, self.seen, params)},
            monitor="val_accuracy",
            log=log,
            resume_from=saved,
            save_every=SAVE_EVERY,
            groups=rates(network, params.body_rate),
        )


def train(run: Run, tables: Path, out: Path, log: Log) -> Row:
    """Trains on `tables` and fills the folder `out`; returns the run's figures.

    Written: `model.safetensors`, `history.csv`, `metrics.json`, and of the test split `predictions.csv`, `classes.csv`,
    `few_labels.csv` and the pictures that COMPARISON names. The epoch is chosen on val; test is read at the end. A
    `checkpoint.safetensors` in `out` is resumed from and then removed. What runs share, weights learned from other
    pictures and frozen features, is kept in the folder `cache` beside `out`.
    """
    params, training = settings(run)
    device, cache = choose_device(run.device), out.parent / CACHE
    pictures = load_pictures(tables, params.pictures, "train").first(params.train_rows).to(device)
    torch.manual_seed(run.seed)
    network = initial(params, training, tables, cache, device)
    outputs = linear(network.classifier[LAST]).out_features
    network = with_head(network, params.head, len(pictures.classes))
    network = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    start = copy.deepcopy(network)
    features = frozen_features(network, pictures, params, cache) if params.frozen_features else None
    lesson = Lesson(params, training, run.seed, start, load_pictures(tables, params.pictures, "val").to(device))
    fitted = lesson.learn(network, pictures, features, log, out / "checkpoint.safetensors")

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
    tried = _few_labels(lesson, pictures, features, asked, out)
    whole = {"labelled pictures": len(pictures), "draws": 1, "test accuracy": figures["test_accuracy"]}
    columns = [*whole, "low", "high"]
    pd.DataFrame([*tried, whole], columns=columns).to_csv(out / "few_labels.csv", index=False, float_format="%.4f")
    figures |= {f"test_few_{row['labelled pictures']}": row["test accuracy"] for row in tried}
    figures["learned"] = float(sum(parameter.numel() for parameter in learned(network)))
    return write_results(out, network, fitted, figures)


def _few_labels(
    lesson: Lesson, pictures: Pictures, features: Tensor | None, asked: Pictures, out: Path
) -> list[dict[str, float]]:
    """The same start taught with few labelled pictures: mean accuracy on test, and its 95 % interval over draws."""
    params = dataclasses.replace(lesson.params, compiled=False)
    training = dataclasses.replace(lesson.training, epochs=1)
    rows = []
    for count in params.few_labels:
        found = []
        for draw in range(params.few_seeds):
            torch.manual_seed(draw)
            chosen = drawn(pictures.labels, count, generator_of(draw, count))
            network = copy.deepcopy(lesson.start)
            few = dataclasses.replace(
                lesson,
                params=params,
                training=dataclasses.replace(training, batch_size=min(training.batch_size, count)),
                seed=draw,
                steps=params.few_steps,
            )
            taken = features[:, chosen] if features is not None else None
            few.learn(network, pictures.rows(chosen), taken, Untold(), out / "few.safetensors")
            (out / "few.safetensors").unlink()
            right = logits(network, asked.pixels, params).argmax(dim=1) == asked.labels
            found.append(100 * right.double().mean().item())
        mean = summarise(found, f"accuracy with {count} labels")
        ends = {"low": mean.of_mean.low, "high": mean.of_mean.high} if mean.of_mean else {}
        rows.append({"labelled pictures": count, "draws": len(found), "test accuracy": mean.estimate.mean, **ends})
    return rows


def viewed(features: Tensor, rows: Tensor, generator: torch.Generator) -> Tensor:
    """Of features (views, N, C, s, s) one view of each row (B, C, s, s), drawn anew."""
    views = torch.randint(len(features), (len(rows),), generator=generator)
    return features[views, rows]


def load_network(path: Path) -> tuple[VGG16, ImagesParams, list[str], int]:
    """The network saved at `path`, ready to answer, its classes, and the pixels a side of what it learned from."""
    state = checkpoint.load(path)
    params = parse(ImagesParams, state["params"], f"params in {path}")
    network = with_head(VGG16(params.shape, state["outputs"]), params.head, len(state["classes"]))
    network.load_state_dict(state["weights"])
    return network.eval(), params, state["classes"], state["pixels"]
