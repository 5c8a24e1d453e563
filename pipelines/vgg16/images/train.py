"""One run: a VGG16 with some weights and some head, and what of it is learned. Knows neither MLflow nor Prefect."""

from pathlib import Path

import torch
from torch import Tensor, nn

from pipelines import checkpoint
from pipelines.params import Run, parse
from pipelines.training import Log, Row, TrainingParams, choose_device, fit, write_results
from pipelines.vgg16.heads import LAST, freeze, learned, linear, rates, with_head
from pipelines.vgg16.images.data import batches, generator_of, load_pictures, moved
from pipelines.vgg16.images.evaluation import write_evaluation
from pipelines.vgg16.images.model import ImagesParams, frozen_features, halved
from pipelines.vgg16.images.pictures import draw_answers, draw_weights
from pipelines.vgg16.images.source import accuracy_of, initial, picture_loss
from pipelines.vgg16.model import VGG16

CACHE = "cache"  # beside the runs: what they share


def settings(run: Run) -> tuple[ImagesParams, TrainingParams]:
    """What params.yaml says of a run, checked. Raises ValueError for an unknown key, head or size."""
    return parse(ImagesParams, run.model, f"model of {run.name}"), parse(
        TrainingParams, run.training, f"training of {run.name}"
    )


def train(run: Run, tables: Path, out: Path, log: Log) -> Row:
    """Trains on `tables` and fills the folder `out`; returns the run's figures.

    Written: `model.safetensors`, `history.csv`, `metrics.json`, and of the test split `predictions.csv`, `classes.csv`
    and the pictures that COMPARISON names. The epoch is chosen on val; test is read once, at the end. A
    `checkpoint.safetensors` in `out` is resumed from and then removed. What runs share, weights learned from other
    pictures and frozen features, is kept in the folder `cache` beside `out`.
    """
    params, training = settings(run)
    device, cache = choose_device(run.device), out.parent / CACHE
    pictures = load_pictures(tables, params.pictures, "train").first(params.train_rows).to(device)
    seen = load_pictures(tables, params.pictures, "val").to(device)
    torch.manual_seed(run.seed)
    started = initial(params, training, tables, cache, device)
    outputs = linear(started.classifier[LAST]).out_features
    network = with_head(started, params.head, len(pictures.classes))
    network = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    before = {name: weight.detach().cpu().clone() for name, weight in network.features.state_dict().items()}
    features = frozen_features(network, pictures, params, cache) if params.frozen_features else None

    def epoch_batches(epoch: int) -> list[tuple[Tensor, Tensor]]:
        freeze(network, params.freeze, epoch / training.epochs)
        generator = generator_of(run.seed, epoch)
        rows = batches(len(pictures), training.batch_size, generator)
        if features is not None:
            return [(viewed(features, row, generator).to(device), pictures.labels[row]) for row in rows]
        return [
            (moved(pictures.pixels[row], params.moves, params.flips, generator), pictures.labels[row]) for row in rows
        ]

    def loss(model: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        if features is None:
            return picture_loss(model, batch, params.side, training.label_smoothing)
        assert isinstance(model, VGG16)
        with halved(device):
            found = model.answer(batch[0])
        return nn.functional.cross_entropy(found.float(), batch[1], label_smoothing=training.label_smoothing)

    fitted = fit(
        network,
        training,
        batches=epoch_batches,
        loss=loss,
        validate=lambda model: {"val_accuracy": accuracy_of(model, seen, params.side)},
        monitor="val_accuracy",
        log=log,
        resume_from=out / "checkpoint.safetensors",
        groups=rates(network, params.body_rate),
    )
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
    figures = write_evaluation(out, network, asked, params.side)
    draw_weights(out, network, before, VGG16(params.shape))
    draw_answers(out, network, asked, params.side)
    figures["learned"] = float(sum(parameter.numel() for parameter in learned(network)))
    return write_results(out, network, fitted, figures)


def viewed(features: Tensor, rows: Tensor, generator: torch.Generator) -> Tensor:
    """Of features (views, N, C, s, s) one view of each row (B, C, s, s), drawn anew."""
    views = torch.randint(len(features), (len(rows),), generator=generator)
    return features[views, rows]


def load_network(path: Path) -> tuple[VGG16, ImagesParams, list[str], int]:
    """The network saved at `path`, ready to answer, its classes, and the pixels a side of what it learned from."""
    state = checkpoint.load(path)
    params = parse(ImagesParams, state["params"], f"params in {path}")
    network = VGG16(params.shape, state["outputs"])
    network = with_head(network, params.head, len(state["classes"]))
    network.load_state_dict(state["weights"])
    return network.eval(), params, state["classes"], state["pixels"]
