"""The CTC loss against all paths one by one, against torch's kernel, and its gradient against finite differences."""

import math
from itertools import groupby, product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from pipelines.ctc.loss import (
    Lattice,
    backward_variables,
    ctc_loss,
    forward_variables,
    log_likelihood,
    occupancy,
)

pytestmark = pytest.mark.usefixtures("one_thread")


def merged(path: tuple[int, ...]) -> tuple[int, ...]:
    """The text that a path spells: repeats merged, then blanks removed."""
    return tuple(label for label, _ in groupby(path) if label)


def by_all_paths(log_probs: Tensor) -> dict[tuple[int, ...], float]:
    """The probability of every text (T, C), by adding up every path."""
    found: dict[tuple[int, ...], float] = {}
    rows = log_probs.exp().tolist()
    for path in product(range(log_probs.shape[1]), repeat=len(rows)):
        probability = math.prod(row[label] for row, label in zip(rows, path, strict=True))
        found[merged(path)] = found.get(merged(path), 0.0) + probability
    return found


def random_log_probs(seed: int, *shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return (2 * torch.randn(*shape, generator=generator, dtype=torch.float64)).log_softmax(dim=-1)


def one(log_probs: Tensor, target: tuple[int, ...]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    targets = torch.tensor([target or (0,)])
    return log_probs[None], torch.tensor([len(log_probs)]), targets, torch.tensor([len(target)])


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(2, 4))
def test_the_likelihood_is_the_sum_over_all_paths(seed: int, frames: int, labels: int) -> None:
    log_probs = random_log_probs(seed, frames, labels)
    table = by_all_paths(log_probs)
    assert sum(table.values()) == pytest.approx(1)
    for target, probability in table.items():
        assert float(log_likelihood(*one(log_probs, target))) == pytest.approx(math.log(probability), abs=1e-10)
    impossible = (1,) * ((frames + 1) // 2 + 1)
    assert impossible not in table
    assert float(log_likelihood(*one(log_probs, impossible))) == -math.inf


BATCH = (
    torch.tensor([9, 5, 6, 3]),
    torch.tensor([[1, 1, 2, 3], [3, 0, 0, 0], [2, 2, 2, 0], [0, 0, 0, 0]]),
    torch.tensor([4, 1, 3, 0]),
)


def test_it_is_torchs_loss_and_gradient_in_float64() -> None:
    logits = torch.randn(4, 9, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(3), requires_grad=True)
    log_probs = logits.log_softmax(dim=-1)
    lengths, targets, target_lengths = BATCH
    ours = ctc_loss(log_probs, lengths, targets, target_lengths)
    torchs = torch.nn.functional.ctc_loss(log_probs.transpose(0, 1), targets, lengths, target_lengths, reduction="none")
    torch.testing.assert_close(ours, torchs, rtol=1e-12, atol=1e-12)
    weights = torch.tensor([1.0, 2.0, 0.5, 3.0], dtype=torch.float64)
    (of_ours,) = torch.autograd.grad((weights * ours).sum(), logits, retain_graph=True)
    (of_torchs,) = torch.autograd.grad((weights * torchs).sum(), logits)
    torch.testing.assert_close(of_ours, of_torchs, rtol=0, atol=1e-12)


def test_its_gradient_is_the_slope() -> None:
    log_probs = random_log_probs(5, 4, 9, 4).requires_grad_()
    assert torch.autograd.gradcheck(lambda values: ctc_loss(values, *BATCH), (log_probs,))


def test_forward_and_backward_meet_at_every_frame() -> None:
    log_probs = random_log_probs(6, 4, 9, 4)
    lengths, targets, target_lengths = BATCH
    lattice = Lattice(targets, target_lengths)
    both = forward_variables(lattice, log_probs, lengths) + backward_variables(lattice, log_probs, lengths)
    expected = log_likelihood(log_probs, *BATCH)
    for row, length, whole in zip(both, lengths.tolist(), expected, strict=True):
        torch.testing.assert_close(row[:length].logsumexp(dim=1), whole.expand(length), rtol=0, atol=1e-12)


def test_occupancy_is_the_share_of_paths() -> None:
    log_probs = random_log_probs(7, 4, 3)
    shares = occupancy(*one(log_probs, (1, 2)))[0]
    rows = log_probs.exp().tolist()
    total, first_label = 0.0, [0.0] * 4
    for path in product(range(3), repeat=4):
        if merged(path) == (1, 2):
            probability = math.prod(row[label] for row, label in zip(rows, path, strict=True))
            total += probability
            for t in range(4):
                first_label[t] += probability * (path[t] == 1)
    assert shares[:, 1].tolist() == pytest.approx([value / total for value in first_label])
    assert shares.sum(dim=1).tolist() == pytest.approx([1.0] * 4)


def test_padding_of_frames_and_targets_changes_nothing() -> None:
    log_probs = random_log_probs(8, 1, 9, 4)
    short = log_likelihood(log_probs[:, :6], torch.tensor([6]), torch.tensor([[1, 2]]), torch.tensor([2]))
    padded = log_likelihood(log_probs, torch.tensor([6]), torch.tensor([[1, 2, 3, 3]]), torch.tensor([2]))
    assert torch.equal(short, padded)


def test_long_recordings_neither_underflow_nor_overflow() -> None:
    log_probs = torch.full((1, 1500, 50), -math.log(50), dtype=torch.float32)
    targets = torch.arange(100).remainder(49)[None] + 1
    found = ctc_loss(log_probs, torch.tensor([1500]), targets, torch.tensor([100]))
    # All paths are as likely as one another, and C(T + L, 2 L) of them spell a text without doubles (L. labels).
    paths = math.lgamma(1601) - math.lgamma(201) - math.lgamma(1401)
    assert float(found[0]) == pytest.approx(1500 * math.log(50) - paths, rel=1e-4)


def test_a_target_without_a_path_is_named() -> None:
    lengths, targets = torch.tensor([4, 1]), torch.tensor([[1, 2], [1, 2]])
    with pytest.raises(ValueError, match="recording 2 of 2 has 1 steps"):
        ctc_loss(random_log_probs(0, 2, 4, 3), lengths, targets, torch.tensor([2, 2]))
