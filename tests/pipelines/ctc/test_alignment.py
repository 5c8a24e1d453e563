"""Forced alignment against all paths one by one."""

import math
from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.ctc.alignment import align, spans
from tests.pipelines.ctc.test_loss import merged, random_log_probs

pytestmark = pytest.mark.usefixtures("one_thread")


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.lists(st.integers(1, 2), min_size=1, max_size=3), st.integers(0, 2))
def test_the_alignment_is_the_best_of_all_paths(seed: int, target: list[int], more: int) -> None:
    frames = 2 * len(target) - 1 + more
    log_probs = random_log_probs(seed, 1, frames, 3)
    rows = log_probs[0].tolist()
    paths = [path for path in product(range(3), repeat=frames) if merged(path) == tuple(target)]
    best = max(paths, key=lambda path: sum(row[label] for row, label in zip(rows, path, strict=True)))
    longer = torch.cat([log_probs, log_probs], dim=1)  # padding that must not count
    states, log_prob = align(longer, torch.tensor([frames]), torch.tensor([target]), torch.tensor([len(target)]))
    path = [0 if state % 2 == 0 else target[state // 2] for state in states[0, :frames].tolist()]
    assert path == list(best)
    assert float(log_prob[0]) == pytest.approx(sum(row[label] for row, label in zip(rows, best, strict=True)))
    assert (states[0, frames:] == -1).all()
    found = spans(states[0].tolist(), target)
    assert [span.label for span in found] == target
    assert all(path[span.start : span.end] == [span.label] * (span.end - span.start) for span in found)


def test_a_target_without_any_path_has_probability_zero() -> None:
    _, log_prob = align(random_log_probs(0, 1, 2, 3), torch.tensor([2]), torch.tensor([[1, 1]]), torch.tensor([2]))
    assert float(log_prob[0]) == -math.inf
