"""The output layer's loss against torch's own, value and gradients, in one piece and in several."""

import pytest
import torch
from torch import nn

import pipelines.nn.output_loss as module
from pipelines.nn.output_loss import output_loss
from pipelines.seq2seq.symbols import PAD
from tests.pipelines.seq2seq.models import batch_of, tiny

pytestmark = pytest.mark.usefixtures("one_thread")
STEPS, SIZE, SYMBOLS = 23, 5, 11


def problem(padded: bool) -> tuple[torch.Tensor, nn.Linear, torch.Tensor]:
    torch.manual_seed(0)
    targets = torch.randint(1, SYMBOLS, (STEPS,))
    if padded:
        targets[::3] = PAD
    answers = torch.randn(STEPS, SIZE, dtype=torch.double, requires_grad=True)
    return answers, nn.Linear(SIZE, SYMBOLS).double(), targets


@pytest.mark.parametrize("piece", [1, 4 * SYMBOLS, 10**6])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("padded", [False, True])
def test_the_loss_and_its_gradients_are_torch_s(
    monkeypatch: pytest.MonkeyPatch, piece: int, smoothing: float, padded: bool
) -> None:
    monkeypatch.setattr(module, "PIECE_SIZE", piece)
    answers, output, targets = problem(padded)
    wanted = (answers, output.weight, output.bias)
    expected = nn.functional.cross_entropy(
        output(answers), targets, ignore_index=PAD, label_smoothing=smoothing, reduction="mean"
    )
    found = output_loss(answers, output, targets, smoothing, ignored=PAD)
    torch.testing.assert_close(found, expected, atol=1e-12, rtol=0)
    ours = torch.autograd.grad(3 * found, wanted)
    theirs = torch.autograd.grad(3 * expected, wanted)
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, atol=1e-12, rtol=0)


def test_a_target_of_no_probability_has_a_finite_loss_and_gradient() -> None:
    """Its share rounds to zero in single precision, its cost does not become infinite."""
    output = nn.Linear(1, 3)
    with torch.no_grad():
        output.weight.copy_(torch.tensor([[0.0], [500.0], [-500.0]]))
        output.bias.zero_()
    answers = torch.ones(1, 1, requires_grad=True)
    found = output_loss(answers, output, torch.tensor([2]))
    found.backward()  # type: ignore[no-untyped-call]
    assert found.item() == 1000.0
    assert answers.grad is not None
    assert answers.grad.item() == 1000.0


def test_without_gradients_nothing_is_kept() -> None:
    answers, output, targets = problem(padded=True)
    with torch.no_grad():
        found = output_loss(answers, output, targets, 0.1, ignored=PAD)
    assert not found.requires_grad
    assert found.item() == output_loss(answers, output, targets, 0.1, ignored=PAD).item()


def test_tied_weights_get_the_gradients_of_both_their_places() -> None:
    model = tiny("additive", tied=True)
    batch = batch_of([[3, 4, 5], [4]], [[3, 3], [4, 5, 6]])
    ours = torch.autograd.grad(model.loss(batch), list(model.parameters()))
    expected = nn.functional.cross_entropy(model(batch).flatten(0, 1), batch.targets.flatten(), ignore_index=PAD)
    for one, other in zip(ours, torch.autograd.grad(expected, list(model.parameters())), strict=True):
        torch.testing.assert_close(one, other, atol=1e-12, rtol=0)
