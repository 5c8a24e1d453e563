"""Best paths and their spans, and how many steps a target needs. The definition is tested in ctc/test_loss.py."""

import pytest
import torch

from pipelines.nn.ctc import Span, check_targets, greedy, needed_steps


def test_the_best_path_merges_repeats_and_leaves_out_blanks() -> None:
    paths = torch.tensor([[0, 3, 3, 0, 3, 4, 4], [4, 0, 0, 0, 0, 0, 3], [0] * 7])
    found = greedy(torch.eye(5)[paths], torch.tensor([7, 1, 0]))
    assert found == [[Span(3, 1, 3), Span(3, 4, 5), Span(4, 5, 7)], [Span(4, 0, 1)], []]


@pytest.mark.parametrize(("target", "steps"), [((), 0), ((1,), 1), ((1, 2), 2), ((1, 1), 3), ((1, 1, 1), 5)])
def test_steps_that_a_target_needs(target: tuple[int, ...], steps: int) -> None:
    assert needed_steps(target) == steps


def test_a_target_that_does_not_fit_is_named() -> None:
    check_targets([3, 1], [[1, 1], []], ["one", "two"])
    with pytest.raises(ValueError, match=r"row 7 has 2 steps, too few for its target of 2 labels, which needs 3"):
        check_targets([2], [[4, 4]], ["row 7"])
    with pytest.raises(ValueError, match="two has 0 steps"):
        check_targets([1, 0], [[1], []], ["one", "two"])
    with pytest.raises(ValueError, match="the target of one contains index 0, the blank"):
        check_targets([9], [[1, 0]], ["one"])
