"""The CRF against the sum over, and the best of, all tag sequences written down one by one, in float64.

Shapes: B utterances, T words in the longest, C tags.
"""

import itertools
from functools import cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from pipelines.rnn.crf import Crf, follows, viterbi

pytestmark = pytest.mark.usefixtures("one_thread")

TAGS = ("O", "B-a", "I-a", "B-b", "I-b")
C = len(TAGS)
EXACT = 1e-9  # absolute, in float64


@cache
def well_formed(length: int) -> list[tuple[int, ...]]:
    """Every sequence in which an I- is right after the B- or I- of its slot."""
    return [sequence for sequence in itertools.product(range(C), repeat=length) if not ill_formed(sequence)]


def ill_formed(sequence: tuple[int, ...]) -> bool:
    before = "O"
    for tag in (TAGS[index] for index in sequence):
        if tag in ("I-a", "I-b") and before not in (f"B-{tag[-1]}", f"I-{tag[-1]}"):
            return True
        before = tag
    return False


def random_crf(seed: int) -> Crf:
    torch.manual_seed(seed)
    crf = Crf(TAGS).double()
    torch.nn.init.normal_(crf.transitions, std=2.0)
    return crf


def random_logits(lengths: list[int], spare: int = 0) -> Tensor:
    return 3 * torch.randn(len(lengths), max(lengths) + spare, C, dtype=torch.float64)


def score(crf: Crf, logits: Tensor, sequence: tuple[int, ...]) -> Tensor:
    """s(x, y) of one utterance (T, C), term by term; row C of the transitions is the sentence's start."""
    total, before = torch.zeros((), dtype=torch.float64), C
    for t, tag in enumerate(sequence):
        total = total + logits[t, tag] + crf.transitions[before, tag]
        before = tag
    return total


def best_tags(crf: Crf, logits: Tensor, lengths: Tensor) -> Tensor:
    return viterbi(logits, crf.scores(), lengths)


def padded(sequences: list[tuple[int, ...]], steps: int) -> Tensor:
    return torch.tensor([[*sequence, *[-1] * (steps - len(sequence))] for sequence in sequences])


LENGTHS = st.lists(st.integers(1, 4), min_size=1, max_size=3)


@settings(max_examples=12)
@given(lengths=LENGTHS, spare=st.integers(0, 2), seed=st.integers(0, 10**6))
def test_likelihood_and_best_sequence_are_those_of_the_enumeration(lengths: list[int], spare: int, seed: int) -> None:
    crf = random_crf(seed)
    logits = random_logits(lengths, spare)
    with torch.no_grad():
        scores = [
            torch.stack([score(crf, row, y) for y in well_formed(n)]) for row, n in zip(logits, lengths, strict=True)
        ]
        gold = [(7 * seed + row) % len(well_formed(n)) for row, n in enumerate(lengths)]
        tags = padded([well_formed(n)[index] for n, index in zip(lengths, gold, strict=True)], logits.shape[1])
        found = crf.negative_log_likelihood(logits, tags, torch.tensor(lengths))
        best = best_tags(crf, logits, torch.tensor(lengths))
    with torch.inference_mode():
        marginals = crf.marginals(logits, torch.tensor(lengths))
    for row, index in enumerate(gold):
        assert abs(found[row] - (scores[row].logsumexp(0) - scores[row][index])) < EXACT
        expected = well_formed(lengths[row])[int(scores[row].argmax())]
        assert best[row].tolist() == [*expected, *[0] * (logits.shape[1] - lengths[row])]
        words = torch.nn.functional.one_hot(torch.tensor(well_formed(lengths[row])), C).double()  # (sequences, T, C)
        by_hand = torch.einsum("n,ntc->tc", scores[row].softmax(0), words)
        assert (marginals[row, : lengths[row]] - by_hand).abs().max() < EXACT
        assert not marginals[row, lengths[row] :].any()


@pytest.mark.parametrize("length", [1, 2, 3])
def test_probabilities_of_all_sequences_sum_to_one_and_ill_formed_ones_have_none(length: int) -> None:
    crf = random_crf(length)
    everything = list(itertools.product(range(C), repeat=length))
    logits = random_logits([length]).expand(len(everything), -1, -1)
    lengths = torch.full((len(everything),), length)
    with torch.no_grad():
        probabilities = (-crf.negative_log_likelihood(logits, torch.tensor(everything), lengths)).exp()
    assert abs(probabilities.sum() - 1) < EXACT
    forbidden = torch.tensor([ill_formed(sequence) for sequence in everything])
    assert forbidden.any()
    assert not probabilities[forbidden].any()
    assert probabilities[~forbidden].all()


def test_tags_are_never_ill_formed_even_where_words_alone_want_it() -> None:
    """Every word votes for an I- by a wide margin."""
    crf = random_crf(0)
    logits = random_logits([6] * 50)
    logits[..., [2, 4]] += 50
    best = best_tags(crf, logits, torch.full((50,), 6))
    assert all(ill_formed(tuple(row)) for row in logits.argmax(dim=-1).tolist()), "otherwise this shows nothing"
    assert not any(ill_formed(tuple(row)) for row in best.tolist())


def test_what_stands_in_the_padding_changes_neither_result_nor_gradient() -> None:
    crf, lengths = random_crf(1), torch.tensor([3, 1, 4])
    logits = random_logits([3, 1, 4])
    inside = torch.arange(6) < lengths[:, None]  # (B, T)
    tags = torch.tensor([[1, 2, 0, 3, 3, 3], [3, 1, 1, 1, 1, 1], [0, 1, 2, 2, 4, 4]])
    filled = torch.cat([logits, logits.new_zeros(3, 2, C)], dim=1)
    results = []
    for filler, padding_tag in [(0.0, -1), (1e4, 2), (-1e4, 4)]:
        emissions = filled.masked_fill(~inside[..., None], filler).requires_grad_()
        loss = crf.negative_log_likelihood(emissions, tags.masked_fill(~inside, padding_tag), lengths)
        gradients = torch.autograd.grad(loss.sum(), [emissions, crf.transitions])
        assert not gradients[0][~inside].any()
        results.append([loss, *gradients, best_tags(crf, emissions, lengths)])
    for one, *others in zip(*results, strict=True):
        assert all((one - other).abs().max() < EXACT for other in others)
    alone = [crf.negative_log_likelihood(logits[i : i + 1, :n], tags[i : i + 1, :n], lengths[i : i + 1])
             for i, n in enumerate(lengths.tolist())]  # fmt: skip
    assert (results[0][0] - torch.cat(alone)).abs().max() < EXACT


def test_gradients_are_those_of_finite_differences() -> None:
    crf, lengths = random_crf(2), torch.tensor([4, 2])
    logits = random_logits([4, 2]).requires_grad_()
    tags = torch.tensor([[1, 2, 0, 3], [3, 4, -1, -1]])

    def loss(emissions: Tensor, transitions: Tensor) -> Tensor:
        with torch.no_grad():
            assert transitions.equal(crf.transitions)
        found: Tensor = torch.func.functional_call(crf, {"transitions": transitions}, (emissions, tags, lengths))
        return found

    crf.forward = crf.negative_log_likelihood
    assert torch.autograd.gradcheck(loss, (logits, crf.transitions))


def test_a_tag_that_training_never_saw_is_read_as_the_first() -> None:
    crf, logits = random_crf(3), random_logits([3])
    found = crf.negative_log_likelihood(logits, torch.tensor([[1, -1, 3]]), torch.tensor([3]))
    assert found.equal(crf.negative_log_likelihood(logits, torch.tensor([[1, 0, 3]]), torch.tensor([3])))


def test_long_utterances_stay_finite_in_single_precision() -> None:
    torch.manual_seed(0)
    crf = Crf(TAGS)
    logits = 20 * torch.randn(2, 200, C)
    exact = Crf(TAGS).double()
    lengths = torch.tensor([200, 150])
    tags = best_tags(crf, logits, lengths)
    loss = crf.negative_log_likelihood(logits, tags, lengths)
    expected = exact.negative_log_likelihood(logits.double(), tags, lengths)
    assert loss.isfinite().all()
    assert (loss - expected).abs().max() < 0.02
    assert (expected > 0).all()


@pytest.mark.parametrize(
    ("before", "tag", "allowed"),
    [
        ("O", "O", True), ("O", "B-a", True), ("O", "I-a", False),
        ("B-a", "O", True), ("B-a", "I-a", True), ("B-a", "B-a", True), ("B-a", "I-b", False), ("B-a", "B-b", True),
        ("I-a", "I-a", True), ("I-a", "I-b", False), ("I-a", "B-b", True), ("I-a", "O", True),
        ("B-city.name", "I-city", False), ("B-city-name", "I-city-name", True),
        ("O", "I", False), ("B", "I", True), ("I", "I", True), ("I", "B", True), ("B", "O", True),
    ],
)  # fmt: skip
def test_what_may_follow_what(before: str, tag: str, allowed: bool) -> None:
    assert follows(before, tag) is allowed


def test_the_network_reads_the_table_of_what_may_follow() -> None:
    allowed = Crf(TAGS).allowed
    assert allowed.tolist() == [[follows(before, tag) for tag in TAGS] for before in (*TAGS, "O")]
    assert "allowed" not in Crf(TAGS).state_dict()
