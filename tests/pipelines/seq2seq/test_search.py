"""The search: against writing down every output, one by one against all at once, and within constraints."""

import itertools
from dataclasses import dataclass

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.seq2seq.attention import Kind
from pipelines.seq2seq.model import Seq2Seq
from pipelines.seq2seq.search import GREEDY, BeamParams, beam_search, sample
from pipelines.seq2seq.symbols import PAD, STOP, collate_sources
from tests.pipelines.seq2seq.models import SYMBOLS, batch_of, tiny

pytestmark = pytest.mark.usefixtures("one_thread")
SOURCES = [[3, 4, 5], [4], [5, 3, 3, 4, 6], [6, 6]]
NEVER = (PAD, 2, 6)  # leaves STOP and three symbols, so that all outputs can be written down
SAID = (3, 4, 5)
LONGEST = 3
EVERY = 4 * 3**LONGEST  # continuations at the last step
KINDS: tuple[Kind, ...] = ("none", "additive", "multiplicative")


def log_probs(model: Seq2Seq, source: list[int], outputs: list[tuple[int, ...]]) -> tuple[list[float], torch.Tensor]:
    """Of each output with its STOP, by one teacher-forced pass; and the attention meanwhile."""
    batch = batch_of([source] * len(outputs), outputs)
    found = model(batch).log_softmax(dim=-1).gather(-1, batch.targets[..., None])[..., 0]
    totals = [found[row, : len(output) + 1].sum().item() for row, output in enumerate(outputs)]
    return totals, model.attend(batch)


def every(model: Seq2Seq, source: list[int], params: BeamParams) -> list[tuple[float, tuple[int, ...]]]:
    """All outputs up to LONGEST symbols with their scores, best first, by the formulas of Wu et al. (2016)."""
    outputs = [output for length in range(LONGEST + 1) for output in itertools.product(SAID, repeat=length)]
    totals, attention = log_probs(model, source, outputs)
    scored = []
    for row, (output, total) in enumerate(zip(outputs, totals, strict=True)):
        size = len(output) + 1
        score = total / ((5 + size) ** params.length_penalty / 6**params.length_penalty)
        if params.coverage_penalty:
            looked = attention[row, :size].sum(dim=0)
            score += params.coverage_penalty * looked.clamp(max=1).log().sum().item()
        scored.append((score, output))
    return sorted(scored, reverse=True)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("alpha", "beta"), [(0.0, 0.0), (1.0, 0.0), (0.6, 0.4)])
def test_a_beam_that_holds_all_outputs_finds_what_enumeration_finds(kind: Kind, alpha: float, beta: float) -> None:
    for seed in range(3):
        model = tiny(kind, input_feeding=seed == 1, seed=seed)
        params = BeamParams(EVERY, alpha, beta if kind != "none" else 0.0)
        encoded = model.encode(*collate_sources(SOURCES))
        found = beam_search(model, encoded, [LONGEST] * 4, params, n_best=10, forbidden=NEVER)
        for source, hypotheses in zip(SOURCES, found, strict=True):
            expected = every(model, source, params)[:10]
            assert [one.symbols for one in hypotheses] == [output for _, output in expected]
            assert [one.score for one in hypotheses] == pytest.approx([score for score, _ in expected], abs=1e-10)
            assert not any(one.is_cut for one in hypotheses)


@settings(max_examples=20)
@given(
    st.lists(st.lists(st.integers(3, SYMBOLS - 1), min_size=1, max_size=6), min_size=1, max_size=5),
    st.sampled_from([(1, 0.0, 0.0), (3, 0.7, 0.0), (4, 0.6, 0.3)]),
    st.integers(0, 5),
)
def test_a_batch_is_searched_as_its_sentences_one_by_one(
    sources: list[list[int]], shape: tuple[int, float, float], seed: int
) -> None:
    model = tiny("multiplicative", seed=seed)
    limits = [2 + len(source) for source in sources]
    together = beam_search(model, model.encode(*collate_sources(sources)), limits, BeamParams(*shape), n_best=3)
    for source, limit, found in zip(sources, limits, together, strict=True):
        alone = beam_search(model, model.encode(*collate_sources([source])), [limit], BeamParams(*shape), n_best=3)[0]
        assert [(one.symbols, one.is_cut) for one in found] == [(one.symbols, one.is_cut) for one in alone]
        assert [one.score for one in found] == pytest.approx([one.score for one in alone], abs=1e-10)
        assert all(one.symbols.count(PAD) == 0 for one in found)


@pytest.mark.parametrize("kind", KINDS)
def test_a_beam_of_one_says_what_is_likeliest_step_by_step(kind: Kind) -> None:
    model = tiny(kind, input_feeding=True, seed=3)
    encoded = model.encode(*collate_sources(SOURCES))
    found = beam_search(model, encoded, [6] * 4, GREEDY)
    for row, hypotheses in enumerate(found):
        one, symbol, total = encoded.rows(torch.tensor([row])), STOP, 0.0
        said: list[int] = []
        state = model.start(one)
        while True:
            logits, state, _ = model.step(torch.tensor([symbol]), state, one)
            likely = logits[0].log_softmax(dim=-1)
            likely[PAD] = -torch.inf
            symbol = int(likely.argmax())
            if symbol != STOP and len(said) == 6:
                break
            total += likely[symbol].item()
            if symbol == STOP:
                break
            said.append(symbol)
        assert [(best.symbols, best.is_cut) for best in hypotheses] == [(tuple(said), symbol != STOP)]
        assert [hypotheses[0].log_prob, hypotheses[0].score] == pytest.approx([total, total])


def test_stopping_early_hides_nothing_better() -> None:
    """The search may end when nothing can overtake: what it then has first is what it has first without that."""
    for seed in range(6):
        model = tiny("additive", seed=seed)
        encoded = model.encode(*collate_sources(SOURCES))
        for alpha in (0.0, 0.8):
            params = BeamParams(5, alpha, 0.0)
            one = beam_search(model, encoded, [8] * 4, params, n_best=1, forbidden=NEVER)
            all_of_them = beam_search(model, encoded, [8] * 4, params, n_best=5, forbidden=NEVER)
            assert [found[0].symbols for found in one] == [found[0].symbols for found in all_of_them]


def test_what_never_stops_is_cut_and_says_so() -> None:
    model = tiny("additive")
    with torch.no_grad():
        model.output.bias[STOP] = -100.0
    found = beam_search(model, model.encode(*collate_sources(SOURCES)), [4, 2, 0, 9], BeamParams(2, 0.0, 0.0))
    assert [len(one[0].symbols) for one in found] == [4, 2, 0, 9]
    assert all(one[0].is_cut for one in found)
    drawn = sample(model, model.encode(*collate_sources(SOURCES)), [4, 2, 0, 9], torch.Generator())
    assert [(len(one.symbols), one.is_cut) for one in drawn] == [(4, True), (2, True), (0, True), (9, True)]


@dataclass(frozen=True)
class Once:
    """Each symbol of a sentence once, in any order: a state is what is left of them."""

    symbols: tuple[int, ...]

    def start(self) -> frozenset[int]:
        return frozenset(self.symbols)

    def allowed(self, state: frozenset[int]) -> list[int]:
        return sorted(state) or [STOP]

    def step(self, state: frozenset[int], symbol: int) -> frozenset[int]:
        return state - {symbol}


@pytest.mark.parametrize("beam", [1, 4, 30])
def test_every_output_obeys_its_sentence_s_constraint(beam: int) -> None:
    model = tiny("multiplicative")
    sets = [(3, 4, 5), (6,), (3, 6), (5, 3, 4, 6)]
    encoded = model.encode(*collate_sources(SOURCES))
    constraints = [Once(one) for one in sets]
    found = beam_search(model, encoded, [9] * 4, BeamParams(beam, 0.0, 0.0), constraints=constraints)
    for source, symbols, hypotheses in zip(SOURCES, sets, found, strict=True):
        assert sorted(hypotheses[0].symbols) == sorted(symbols)
        orders = list(itertools.permutations(symbols))
        totals, _ = log_probs(model, source, orders)
        best = max(zip(totals, orders, strict=True))
        if beam == 30:
            assert hypotheses[0].symbols == best[1]
            assert hypotheses[0].log_prob == pytest.approx(best[0], abs=1e-10)
        assert hypotheses[0].log_prob <= best[0] + 1e-10
    drawn = sample(model, encoded, [9] * 4, torch.Generator().manual_seed(1), constraints=constraints)
    assert [sorted(one.symbols) for one in drawn] == [sorted(one) for one in sets]


@dataclass(frozen=True)
class Nothing(Once):
    def allowed(self, state: frozenset[int]) -> list[int]:
        return sorted(state)  # and never STOP


def test_where_nothing_is_allowed_there_is_no_output() -> None:
    model = tiny("none")
    encoded = model.encode(*collate_sources([[3], [4]]))
    constraints = [Nothing((3,)), Once((3,))]
    found = beam_search(model, encoded, [5, 5], constraints=constraints)
    assert [[one.symbols for one in hypotheses] for hypotheses in found] == [[], [(3,)]]
    with pytest.raises(ValueError, match="allows no symbol"):
        sample(model, encoded, [5, 5], torch.Generator(), constraints=constraints)


def test_outputs_are_drawn_as_often_as_they_are_likely() -> None:
    model = tiny("additive", seed=1)
    count = 4000
    encoded = model.encode(*collate_sources([SOURCES[0]])).rows(torch.zeros(count, dtype=torch.long))
    drawn = sample(model, encoded, [LONGEST] * count, torch.Generator().manual_seed(0))
    outputs = sorted({one.symbols for one in drawn if not one.is_cut})
    totals, _ = log_probs(model, SOURCES[0], outputs)
    for output, total in zip(outputs, totals, strict=True):
        share = sum(one.symbols == output and not one.is_cut for one in drawn) / count
        expected = torch.tensor(total).exp().item()
        assert share == pytest.approx(expected, abs=5 * (expected * (1 - expected) / count) ** 0.5 + 2e-3)
    for one in drawn[:50]:
        if not one.is_cut:
            assert one.log_prob == pytest.approx(totals[outputs.index(one.symbols)], abs=1e-9)


def test_a_cold_draw_is_greedy() -> None:
    model = tiny("additive", seed=2)
    encoded = model.encode(*collate_sources(SOURCES))
    cold = sample(model, encoded, [5] * 4, torch.Generator(), temperature=1e-4)
    assert [one.symbols for one in cold] == [one[0].symbols for one in beam_search(model, encoded, [5] * 4)]


@pytest.mark.parametrize(("shape", "says"), [((0, 0.0, 0.0), "beam_size is 0"), ((2, -1.0, 0.0), "must be 0 or more")])
def test_impossible_settings_are_told(shape: tuple[int, float, float], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        BeamParams(*shape)
