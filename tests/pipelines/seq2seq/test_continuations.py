"""The largest of many numbers, found block by block, against sorting; and what follows a hypothesis, by hand."""

import numpy as np
import pytest
import torch

from pipelines.seq2seq.continuations import MIN_NUMBERS, Beam, Continuations, best_continuations, largest
from pipelines.seq2seq.search import BeamParams, beam_search
from pipelines.seq2seq.symbols import STOP, collate_sources
from tests.pipelines.seq2seq.models import tiny

pytestmark = pytest.mark.usefixtures("one_thread")
NEVER = -torch.inf


@pytest.mark.parametrize(("columns", "count"), [(2000, 6), (2003, 6), (2015, 1), (1999, 31), (70, 70)])
def test_the_largest_of_each_row_are_those_that_sorting_finds(columns: int, count: int) -> None:
    rows = torch.randn(MIN_NUMBERS // columns + 1, columns, generator=torch.Generator().manual_seed(0))
    rows[:, ::2] = NEVER  # whole blocks without anything, and a row with too few
    rows[0] = NEVER
    rows[0, -1] = 1.0
    rows[1, columns - 3 :] = 9.0  # all the largest at the end, in no block where blocks leave a rest
    values, places = largest(rows, count)
    expected = rows.sort(dim=1, descending=True).values[:, :count]
    assert torch.equal(values.sort(dim=1, descending=True).values, expected)
    assert torch.equal(rows.gather(1, places), values)
    assert all(len(set(row)) == count for row in places.tolist())


def test_continuations_by_hand() -> None:
    """Two hypotheses, three symbols: all sums but those that cannot count, best first."""
    log_probs = torch.tensor([[-1.0, -3.0, NEVER], [-0.5, -0.25, -8.0]], dtype=torch.double)
    found = best_continuations(log_probs, np.array([[-1.0, -2.0]]), beam_size=2)
    assert found.totals.tolist() == [[-2.0, -2.25, -2.5, -4.0]]
    assert found.parents.tolist() == [[0, 1, 1, 0]]
    assert found.symbols.tolist() == [[0, 1, 0, 1]]


def test_what_stops_is_not_followed() -> None:
    beam = Beam(np.array([[-1.0, -2.0], [-1.0, -np.inf]]), np.array([[[7], [8]], [[9], [STOP]]]))
    found = Continuations(
        totals=np.array([[-1.5, -2.0, -2.5, -3.0], [-2.0, -np.inf, -np.inf, -np.inf]]),
        parents=np.array([[1, 0, 0, 1], [0, 0, 1, 1]]),
        symbols=np.array([[STOP, 4, 5, 6], [5, 5, 5, 5]]),
    )
    later, parents = beam.advance(found, beam_size=2)
    assert later.symbols[0].tolist() == [[7, 4], [7, 5]]
    assert later.symbols[1, 0].tolist() == [9, 5]
    assert later.totals.tolist() == [[-2.0, -2.5], [-2.0, -np.inf]]
    assert parents[0].tolist() == [0, 0]
    assert parents[1, 0] == 2  # rows are numbered through all sentences


def test_a_large_vocabulary_is_searched_together_as_alone() -> None:
    """Together there are enough numbers to look for the largest block by block, alone there are not."""
    symbols, params = 2003, BeamParams(5, 0.6, 0.0)
    model = tiny("multiplicative", symbols=symbols)
    sources = [[3 + place % 4 for place in range(start, start + 4)] for start in range(6)]
    assert len(sources) * params.beam_size * symbols >= MIN_NUMBERS > params.beam_size * symbols
    together = beam_search(model, model.encode(*collate_sources(sources)), [6] * 6, params, n_best=3)
    for source, found in zip(sources, together, strict=True):
        alone = beam_search(model, model.encode(*collate_sources([source])), [6], params, n_best=3)[0]
        assert [one.symbols for one in found] == [one.symbols for one in alone]
        assert [one.score for one in found] == pytest.approx([one.score for one in alone], abs=1e-10)
