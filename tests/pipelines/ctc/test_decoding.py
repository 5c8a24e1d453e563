"""Decoders against the exhaustive argmax over texts, and automata against counts by hand."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from pipelines.ctc.automata import lexicon, ngram
from pipelines.ctc.decoding import beam_search, trimmed
from pipelines.nn.ctc import greedy
from tests.pipelines.ctc.test_loss import by_all_paths, random_log_probs

pytestmark = pytest.mark.usefixtures("one_thread")

LETTERS = "∅ab"


def spoken(path: str, sure: float = 0.9) -> Tensor:
    """Log probabilities (T, C) of a network that says `path`, frame by frame, with that certainty."""
    rows = torch.full((len(path), len(LETTERS)), (1 - sure) / (len(LETTERS) - 1), dtype=torch.float64)
    for t, character in enumerate(path):
        rows[t, LETTERS.index(character)] = sure
    return rows.log()


def written(labels: tuple[int, ...]) -> str:
    return "".join(LETTERS[label] for label in labels)


@pytest.mark.parametrize(
    ("path", "by_trimming", "with_blank"),
    [
        ("aaabbb", "ab", "ab"),
        ("∅a∅bbb", "ab", "ab"),
        ("aabb∅b", "ab", "abb"),  # what the blank is for
        ("ab∅b∅b", "ab", "abbb"),
        ("a∅∅a∅b", "ab", "aab"),
        ("∅∅∅∅", "", ""),
        ("aba", "aba", "aba"),
    ],
)
def test_trimming_merges_what_the_blank_keeps_apart(path: str, by_trimming: str, with_blank: str) -> None:
    log_probs, lengths = spoken(path)[None], torch.tensor([len(path)])
    assert written(trimmed(log_probs, lengths)[0]) == by_trimming
    assert written(tuple(span.label for span in greedy(log_probs, lengths)[0])) == with_blank
    assert written(beam_search(log_probs, lengths, beam=20)[0][0].labels) == with_blank


def test_the_best_path_need_not_be_the_best_text() -> None:
    """Graves et al. (2006), figure 2: blank is best in each frame, and yet `a` is more probable than nothing."""
    log_probs = torch.tensor([[[0.6, 0.4], [0.6, 0.4]]]).log()
    lengths = torch.tensor([2])
    assert greedy(log_probs, lengths) == [[]]
    best = beam_search(log_probs, lengths, beam=4)[0][0]
    assert best.labels == (1,)
    assert math.exp(best.log_prob) == pytest.approx(1 - 0.36)


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(2, 4))
def test_a_wide_beam_finds_every_text_with_its_probability(seed: int, frames: int, labels: int) -> None:
    log_probs = random_log_probs(seed, frames, labels)
    table = by_all_paths(log_probs)
    model = ngram([(1,), (1, 1), (1, 1)], labels, 2)
    length = torch.tensor([frames])
    plain = beam_search(log_probs[None], length, beam=len(table) + 2)[0]
    fused = beam_search(log_probs[None], length, beam=len(table) + 2, automata=[(model, 0.7)], label_bonus=0.4)[0]
    for found in (plain, fused):
        assert {hypothesis.labels for hypothesis in found} == table.keys()
        assert len(found) == len(table)
        for hypothesis in found:
            assert math.exp(hypothesis.log_prob) == pytest.approx(table[hypothesis.labels], abs=1e-12)
        assert [h.score for h in found] == sorted((h.score for h in found), reverse=True)
    assert table[plain[0].labels] == pytest.approx(max(table.values()))
    for h in fused:
        assert h.score == pytest.approx(h.log_prob + 0.7 * model.of_text(h.labels) + 0.4 * len(h.labels))


def test_recordings_of_a_batch_do_not_touch_each_other() -> None:
    log_probs = random_log_probs(11, 3, 8, 5)
    lengths = torch.tensor([8, 3, 5])
    together = beam_search(log_probs, lengths, beam=4, candidates=3)
    for index, length in enumerate(lengths.tolist()):
        alone = beam_search(log_probs[index : index + 1, :length], torch.tensor([length]), beam=4, candidates=3)[0]
        assert [h.labels for h in together[index]] == [h.labels for h in alone]
        assert [h.log_prob for h in together[index]] == pytest.approx([h.log_prob for h in alone])


def test_a_narrow_beam_never_claims_more_than_is_there() -> None:
    log_probs = random_log_probs(12, 6, 4)
    table = by_all_paths(log_probs)
    found = beam_search(log_probs[None], torch.tensor([6]), beam=3, candidates=2)[0]
    assert len(found) == 3
    for hypothesis in found:
        assert math.exp(hypothesis.log_prob) <= table[hypothesis.labels] + 1e-12


def test_a_lexicon_allows_its_words_alone() -> None:
    """Labels 1 and 2 spell words, 3 stands between them."""
    known = lexicon([(1, 2), (2,)], labels=4, space=3)
    texts = {(1, 2): True, (2,): True, (1, 2, 3, 2): True, (1,): False, (2, 2): False, (2, 3): False, (): False}
    for text, allowed in texts.items():
        assert (known.of_text(text) == 0.0) == allowed, text
    log_probs = random_log_probs(13, 5, 4)
    found = beam_search(log_probs[None], torch.tensor([5]), beam=400, automata=[(known, 1.0)])[0]
    table = by_all_paths(log_probs)
    allowed_texts = {text: p for text, p in table.items() if known.of_text(text) == 0.0}
    best = max(allowed_texts, key=lambda text: allowed_texts[text])
    assert found[0].labels == best
    assert {h.labels for h in found if h.score > -math.inf} == allowed_texts.keys()


def test_witten_bell_by_hand() -> None:
    """Texts `1 2` and `1 1`: after the start 1 twice; after 1: 2, 1 and the end; after 2 the end."""
    model = ngram([(1, 2), (1, 1)], labels=3, order=2)
    uniform = 1 / 3  # labels 1 and 2, and the end
    shorter = [(3 + 3 * uniform) / 9, (1 + 3 * uniform) / 9, (2 + 3 * uniform) / 9]  # 6 events, 3 kinds
    after_start = [(2 + shorter[0]) / 3, shorter[1] / 3, shorter[2] / 3]
    after_one = [(1 + 3 * p) / 6 for p in shorter]
    assert model.of_text((1, 2)) == pytest.approx(
        math.log(after_start[0]) + math.log(after_one[1]) + math.log((1 + shorter[2]) / 2)
    )
    assert model.of_text(()) == pytest.approx(math.log(after_start[2]))


@settings(max_examples=15)
@given(st.lists(st.lists(st.integers(1, 3), max_size=6), max_size=5), st.integers(1, 4))
def test_an_ngram_model_is_a_distribution_in_every_state(texts: list[list[int]], order: int) -> None:
    model = ngram(texts, labels=4, order=order)
    total = model.score[:, 1:].exp().sum(dim=1) + model.end.exp()
    assert total.tolist() == pytest.approx([1.0] * len(total))


def test_what_no_automaton_can_be() -> None:
    with pytest.raises(ValueError, match="order is 0: an n-gram model has an order of at least 1"):
        ngram([], 3, 0)
    with pytest.raises(ValueError, match="a word of the lexicon has no labels"):
        lexicon([()], 3, 2)
