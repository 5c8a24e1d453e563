"""One run: a VGG16 with some initial weights and some head, trained whole or in part. Knows neither MLflow nor Prefect.

Several processes (pipelines/nn/distributed.py) train the network together; its initial weights, the features of frozen
layers, and everything after training are computed by rank 0.
"""

import copy
import dataclasses
from pathlib import Path

import pandas as pd
import torch
from torch import nn

from params import parse
from pipelines.nn import distributed
from pipelines.nn.training import TrainingParams, choose_device, write_results
from pipelines.settings import Run
from pipelines.task import Log, Row
from pipelines.vgg16.heads import LAST, freeze, linear, trained_parameters, with_head
from pipelines.vgg16.images.data import load_pictures
from pipelines.vgg16.images.evaluation import write_evaluation
from pipelines.vgg16.images.few_labels import few_label_rows
from pipelines.vgg16.images.frozen import evaluation_material, training_material
from pipelines.vgg16.images.model import ImagesParams, logits_of
from pipelines.vgg16.images.pictures import draw_answers, draw_weights
from pipelines.vgg16.images.recipe import Recipe
from pipelines.vgg16.images.saved import SavedNetwork
from pipelines.vgg16.images.source import initial_network, placed
from pipelines.vgg16.model import VGG16

CACHE = "cache"  # beside the runs' folders: what runs share


def settings(run: Run) -> tuple[ImagesParams, TrainingParams]:
    """The run's settings. Raises ValueError for an unknown key, head or size.

    Batch normalisation that is trained takes its means and variances over a whole batch. Several processes do that by
    torch's SyncBatchNorm, which needs GPUs; on CPUs it is an error, as the result would differ from one process's.
    """
    model = parse(ImagesParams, run.model, f"model of {run.name}")
    trains_norms = model.batch_norm and not model.frozen
    if trains_norms and distributed.group().is_distributed and choose_device(run.device).type == "cpu":
        raise ValueError(
            f"{run.name} has batch_norm true and freeze {model.freeze}: on CPUs one process alone can train that; set "
            "batch_norm to false, freeze to features or all-but-head, or start it without torchrun"
        )
    return model, parse(TrainingParams, run.training, f"training of {run.name}")


def train(run: Run, tables: Path, out: Path, log: Log) -> Row:
    """Trains on `tables` and fills the folder `out`; returns the run's figures.

    Written: `model.safetensors`, `history.csv`, `metrics.json`, and of the test split `predictions.csv`, `classes.csv`,
    `few_labels.csv` and the pictures that TASK names. The epoch is chosen on val; test is read at the end. A
    `checkpoint.safetensors` in `out` is resumed from and then removed. What runs share, weights trained on other
    pictures and frozen features, is kept in the folder `cache` beside `out`. Of several processes rank 0 writes and
    returns figures; the others return none.
    """
    params, training = settings(run)
    group, device, cache = distributed.group(), choose_device(run.device), out.parent / CACHE
    pictures = load_pictures(tables, params.target_task, "train").first(params.train_rows).to(device)
    val = load_pictures(tables, params.target_task, "val").to(device)

    torch.manual_seed(run.seed)
    with group.zero_first():
        network = initial_network(params, training, tables, cache, device)
    source_classes = linear(network.classifier[LAST]).out_features
    network = placed(with_head(network, params.head, len(pictures.classes)), device)
    start = copy.deepcopy(network)
    with group.zero_first():
        material = training_material(network, pictures, params, cache)
        recipe = Recipe(params, training, run.seed, evaluation_material(network, val, params, cache))
    if group.is_distributed and not params.frozen:
        network = nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]
    together = dataclasses.replace(recipe, group=group)
    fitted = together.fit(network, material, log, out / "checkpoint.safetensors")
    if group.rank > 0:
        return {}

    freeze(network, params.freeze)
    saved = SavedNetwork(network, params, source_classes, list(pictures.classes), pictures.pixels.shape[1])
    saved.save(out / "model.safetensors")
    test = load_pictures(tables, params.target_task, "test").to(device)
    logits = logits_of(network, test.pixels, params)
    figures = write_evaluation(out, test, logits)
    draw_weights(out, network, start.features.state_dict(), VGG16(params.shape))
    draw_answers(out, network, test, logits.argmax(dim=1), params.image_size)
    few = few_label_rows(recipe, start, material, evaluation_material(network, test, params, cache))
    whole = {"labelled pictures": len(pictures), "draws": 1, "test accuracy": figures["test_accuracy"]}
    columns = [*whole, "low", "high"]
    pd.DataFrame([*few, whole], columns=columns).to_csv(out / "few_labels.csv", index=False, float_format="%.4f")
    figures |= {f"test_few_{row['labelled pictures']}": row["test accuracy"] for row in few}
    figures["learned"] = float(sum(parameter.numel() for parameter in trained_parameters(network)))
    return write_results(out, network, fitted, figures)
