"""One waveform run: networks of one cell, one for each waveform. It uses neither MLflow nor Prefect.

The task of Koutnik, Greff, Gomez and Schmidhuber (2014), A Clockwork RNN, section 4.1: networks of about the same
number of parameters memorise 320 samples of sound each. There they are trained by gradient descent with momentum.
"""

from pathlib import Path

import torch
from torch import Tensor

from params import parse
from pipelines.nn.cells import build_cell
from pipelines.nn.training import (
    CHECKPOINT,
    FitParams,
    choose_device,
    fit,
    write_results,
)
from pipelines.reporting import plots
from pipelines.rnn.waveform.data import load_waveforms
from pipelines.rnn.waveform.model import Generators, WaveformParams, nmse
from pipelines.settings import Run
from pipelines.task import Log, Row


def settings(run: Run) -> tuple[WaveformParams, FitParams]:
    """The settings of a run, checked. Raises ValueError for an unknown key, cell or size.

    There are neither batches nor labels: a step reads all waveforms.
    """
    model = parse(WaveformParams, run.model, f"model of {run.name}")
    build_cell(model.cell, 1, model.hidden_size, **model.options)
    if min(model.val_waveforms, model.test_waveforms, model.passes) < 1 or model.samples < 2:
        raise ValueError(f"model of {run.name} needs waveforms for val and test, of 2 samples or more, and passes")
    return model, parse(FitParams, run.training, f"training of {run.name}")


def train(run: Run, tables: Path, out: Path, log: Log) -> Row:
    """Trains on `tables` and fills the folder `out`; returns the run's figures.

    Written: `history.csv`, `metrics.json` and `waveforms.png`. Each network is trained on its own waveform; the
    epoch is chosen by the error on those of val, and the error on those of test is computed once, at the end.
    """
    params, training = settings(run)
    device = choose_device(run.device)
    val = load_waveforms(tables, "val", params.val_waveforms, params.samples).to(device)
    test = load_waveforms(tables, "test", params.test_waveforms, params.samples).to(device)
    waveforms = torch.cat([val, test])
    torch.manual_seed(run.seed)
    model = Generators(params, len(waveforms)).to(device)

    def loss(model: Generators, waveforms: Tensor) -> Tensor:
        errors: Tensor = (model(params.samples) - waveforms).square().mean(dim=1)
        return errors.sum()

    def validate(model: Generators) -> Row:
        return {"val_nmse": nmse(model(params.samples), waveforms)[: len(val)].mean().item()}

    fitted = fit(
        model,
        training,
        batches=lambda _: [waveforms] * params.passes,
        loss=loss,
        validate=validate,
        monitor="val_nmse",
        lower_is_better=True,
        log=log,
        resume_from=out / CHECKPOINT,
    )
    with torch.no_grad():
        generated = model(params.samples)[len(val) :]
    plots.waveforms(test.cpu().numpy(), generated.cpu().numpy(), out / "waveforms.png")
    return write_results(out, model.generators[0], fitted, {"test_nmse": nmse(generated, test).mean().item()})
