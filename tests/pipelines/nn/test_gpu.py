"""What a GPU computes beside what a CPU does: `pytest -m gpu`, also on a machine without Prefect and MLflow."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from pipelines import task
from pipelines.ctc.loss import log_likelihood
from pipelines.gaussian.device import of_tensor
from pipelines.nn.cells import CELLS, build_cell
from pipelines.stats import moments
from tests.pipelines.examples import EXAMPLES, Example, RecordingLog

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no GPU here"),
]


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_computes_the_same_on_a_gpu(name: str) -> None:
    torch.manual_seed(0)
    cell = build_cell(name, 7, 20).double()
    inputs = torch.randn(3, 50, 7, dtype=torch.double)
    found = []
    for device in ("cpu", "cuda"):
        placed = cell.to(device)
        placed.zero_grad()
        read = inputs.to(device, copy=True).requires_grad_()
        outputs, state = placed(read)
        outputs.square().sum().backward()
        gradients = [read.grad, *(parameter.grad for parameter in placed.parameters())]
        found.append([part.detach().cpu().clone() for part in (outputs, state.h, *gradients) if part is not None])
    torch.testing.assert_close(*found, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("example", [example for example in EXAMPLES.values() if example.learns], ids=lambda e: e.task)
def test_a_task_trains_on_a_gpu(example: Example, tmp_path: Path) -> None:
    run = dataclasses.replace(example.run(), device="cuda")
    tables, out, log = example.write(tmp_path / "tables"), tmp_path / "run", RecordingLog()
    out.mkdir()
    figures = task.find(run.family, run.task).trainer.train(run, tables, out, log)
    assert len(log.rows) == run.training["epochs"]
    assert np.isfinite(list(figures.values())).all()
    assert (out / "metrics.json").is_file()


def test_a_run_on_a_gpu_goes_on_where_it_was_interrupted(tmp_path: Path) -> None:
    example = EXAMPLES["rnn", "slots"]
    run = dataclasses.replace(example.run(), device="cuda")
    tables, train = example.write(tmp_path / "tables"), task.find(run.family, run.task).trainer.train
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    for folder in (whole, parts):
        folder.mkdir()
    expected = train(run, tables, whole, RecordingLog())
    with pytest.raises(KeyboardInterrupt):
        train(run, tables, parts, RecordingLog(interrupted_at=2))
    assert train(run, tables, parts, RecordingLog()) == pytest.approx(expected, rel=1e-4)


def test_the_ctc_loss_of_a_gpu_is_that_of_the_paper() -> None:
    torch.manual_seed(0)
    log_probs = torch.randn(4, 12, 5, dtype=torch.double).log_softmax(dim=2)
    targets = torch.randint(1, 5, (4, 4))
    lengths, target_lengths = torch.tensor([12, 11, 10, 9]), torch.tensor([4, 3, 2, 1])
    expected = -log_likelihood(log_probs, lengths, targets, target_lengths)
    found = torch.nn.functional.ctc_loss(
        log_probs.cuda().transpose(0, 1), targets.cuda(), lengths.cuda(), target_lengths.cuda(), reduction="none"
    )
    torch.testing.assert_close(found.cpu(), expected)


# torch 2.11 uses it itself when it compiles.
@pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated:DeprecationWarning")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_moments_of_a_gpu_are_those_of_the_cpu(dtype: torch.dtype) -> None:
    rows = (torch.randn(300_001, 2, dtype=torch.double, generator=torch.Generator().manual_seed(0)) + 1e6).to(dtype)
    found, expected = of_tensor(rows.cuda()).moments(), moments.of(rows.double().numpy())
    np.testing.assert_allclose(found.mean, expected.mean, rtol=1e-15)
    np.testing.assert_allclose(found.variance(), expected.variance(), rtol=1e-12)
