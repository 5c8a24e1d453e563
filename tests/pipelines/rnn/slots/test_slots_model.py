"""The slot tagger: its loss by hand, and logits that depend on the utterance alone.

Shapes: B utterances, T words in the longest, F features, C tags.
"""

import dataclasses
import itertools
from typing import Any

import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from pipelines.nn.cells import CELLS
from pipelines.rnn.crf import viterbi
from pipelines.rnn.slots.data import Batch, Encoder, SlotVocabulary
from pipelines.rnn.slots.model import Network, SlotTagger, TaggerParams, slot_loss

pytestmark = pytest.mark.usefixtures("one_thread")

EXACT = 1e-10  # absolute, in float64
LONG = "to san francisco from new york on monday or tuesday in the very early morning with a stop in a b please"
TRAIN = pd.DataFrame(
    {
        "text": [LONG, "to boston", "flights from new york to boston", "on monday"],
        "tags": [
            "O B-city I-city O B-city I-city O B-day O B-day O O O B-time I-time O O O O O O O",
            "O B-city",
            "O O B-city I-city O B-city",
            "O B-day",
        ],
    }
)
TEXTS, GOLD = list(TRAIN["text"]), list(TRAIN["tags"])
PARAMS = TaggerParams(
    cell="elman",
    hidden_size=10,  # divides into Clockwork's five modules
    num_layers=1,
    bidirectional=True,
    word_size=6,
    char_size=3,
    char_filters=4,
    context_window=0,
    dropout=0.5,
    word_dropout=0.5,
    crf=False,
    ensemble_size=1,
)


@pytest.fixture
def encoder() -> Encoder:
    return Encoder(SlotVocabulary.of(TRAIN))


def network(encoder: Encoder, **changes: Any) -> Network:
    (only,) = tagger(encoder, **changes).networks()
    return only


def tagger(encoder: Encoder, **changes: Any) -> SlotTagger:
    """A float64 tagger with random parameters, biases too: zeros would make padding harmless by luck."""
    torch.manual_seed(0)
    model = SlotTagger(dataclasses.replace(PARAMS, **changes), encoder.vocabulary).double()
    for name, parameter in model.named_parameters():
        nn.init.normal_(parameter, std=0.4)
        if name.endswith("spelling.embedding.weight"):  # the padding's row is zero and stays so
            nn.init.zeros_(parameter[0])
    return model.eval()


# --- the loss


def test_the_loss_is_the_sum_over_words_and_the_mean_over_utterances(encoder: Encoder) -> None:
    batch = encoder.batch(["to boston", "on monday please", "flights"], ["O B-city", "O B-unseen O", "O"])
    torch.manual_seed(0)
    logits = torch.randn(3, 3, len(encoder.vocabulary.tags), dtype=torch.float64)
    o, city = 0, encoder.vocabulary.tags.index("B-city")
    counted = [(0, 0, o), (0, 1, city), (1, 0, o), (1, 2, o), (2, 0, o)]  # the rest is padding, or a tag never seen
    log_probs = logits - logits.exp().sum(-1, keepdim=True).log()
    expected = sum(-log_probs[row, word, tag] for row, word, tag in counted) / 3
    assert abs(slot_loss(logits, batch) - expected) < EXACT

    smoothing = 0.1
    smoothed = sum(
        -(1 - smoothing) * log_probs[row, word, tag] - smoothing * log_probs[row, word].mean()
        for row, word, tag in counted
    )
    assert abs(slot_loss(logits, batch, smoothing) - smoothed / 3) < EXACT


def test_a_networks_loss_is_that_of_its_logits(encoder: Encoder) -> None:
    batch, lengths = encoder.batch(TEXTS, GOLD), torch.tensor([len(text.split()) for text in TEXTS])
    plain = network(encoder)
    assert plain.loss(batch, 0.1).equal(slot_loss(plain(batch), batch, 0.1))
    scored = network(encoder, crf=True)
    assert scored.crf is not None
    by_hand = scored.crf.negative_log_likelihood(scored(batch), batch.tags, lengths)  # (B,)
    assert abs(scored.loss(batch, 0.1) - sum(by_hand) / len(TEXTS)) < EXACT


# --- several networks as one


@pytest.mark.parametrize("crf", [False, True])
def test_each_member_learns_as_it_would_alone(crf: bool, encoder: Encoder) -> None:
    model, batch = tagger(encoder, ensemble_size=3, crf=crf), encoder.batch(TEXTS, GOLD)
    loss = model.loss(batch, 0.1)
    alone = [member.loss(batch, 0.1) for member in model.networks()]
    assert abs(loss - (alone[0] + alone[1] + alone[2])) < EXACT
    assert len({value.item() for value in alone}) == 3, "members start from different weights"
    for member, value in zip(model.networks(), alone, strict=True):
        parameters = list(member.parameters())
        theirs = torch.autograd.grad(value, parameters)
        ours = torch.autograd.grad(loss, parameters, retain_graph=True)
        assert all((a - b).abs().max() < EXACT for a, b in zip(ours, theirs, strict=True))


def test_members_label_by_their_mean(encoder: Encoder) -> None:
    model, batch = tagger(encoder, ensemble_size=3), encoder.batch(TEXTS)
    one, two, three = (member(batch) for member in model.networks())
    assert (model(batch) - (one + two + three) / 3).abs().max() < EXACT
    assert model.best_tags(batch).equal(model(batch).argmax(dim=-1))


def test_with_crf_members_label_by_the_best_sequence_of_their_mean_scores(encoder: Encoder) -> None:
    model, batch = tagger(encoder, ensemble_size=2, crf=True), encoder.batch(TEXTS)
    crfs = [member.crf for member in model.networks()]
    assert crfs[0] is not None
    assert crfs[1] is not None
    mean = (crfs[0].scores() + crfs[1].scores()) / 2
    assert model.best_tags(batch).equal(viterbi(model(batch), mean, batch.lengths))
    assert not model.best_tags(batch).equal(model(batch).argmax(dim=-1)), "else the scores count nothing here"


def test_members_start_from_different_weights(encoder: Encoder) -> None:
    torch.manual_seed(0)
    one, two = SlotTagger(dataclasses.replace(PARAMS, ensemble_size=2), encoder.vocabulary).networks()
    assert not one.output.weight.equal(two.output.weight)


def test_a_tagger_has_a_member(encoder: Encoder) -> None:
    with pytest.raises(ValueError, match="ensemble_size is 0: a tagger has at least one"):
        tagger(encoder, ensemble_size=0)


# --- what a result depends on


@pytest.mark.parametrize("cell", CELLS)
def test_an_utterances_logits_do_not_depend_on_its_batch(cell: str, encoder: Encoder) -> None:
    """Alone there is no padding, of words or of spelling; in the batch nearly all is padding."""
    texts = ["to boston", LONG, "flights", "on monday in sanfranciscocalifornia"]
    for bidirectional, window, char_size, crf, layers in itertools.product(
        (False, True), (0, 2), (0, 3), (False, True), (1, 2)
    ):
        changes = {"bidirectional": bidirectional, "context_window": window, "char_size": char_size, "crf": crf}
        model = tagger(encoder, cell=cell, num_layers=layers, **changes)
        with torch.no_grad():
            together, best = model(encoder.batch(texts)), model.best_tags(encoder.batch(texts))
            for row, text in enumerate(texts):
                words = len(text.split())
                alone = encoder.batch([text])
                assert (together[row, :words] - model(alone)[0]).abs().max() < EXACT, changes
                assert best[row, :words].equal(model.best_tags(alone)[0]), changes


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("window", [0, 1, 2])
def test_how_far_a_tag_sees(bidirectional: bool, window: int, encoder: Encoder) -> None:
    """A change of the fifth of six words reaches all words before it, or just those whose window it is in."""
    model = tagger(encoder, bidirectional=bidirectional, context_window=window)
    one, other = (encoder.batch([f"to boston on monday {word} york"]) for word in ("new", "san"))
    with torch.no_grad():
        changed = (model(one) - model(other)).abs().amax(dim=(0, 2)) > 0
    seen_from = 0 if bidirectional else 4 - window
    assert changed.tolist() == [place >= seen_from for place in range(6)]


def test_spelling_tells_words_apart_that_training_never_saw(encoder: Encoder) -> None:
    batch = encoder.batch(["to bostonia", "to denver"])
    assert batch.words[0].equal(batch.words[1])
    with torch.no_grad():
        by_spelling, by_embedding = tagger(encoder)(batch), tagger(encoder, char_size=0)(batch)
    assert by_embedding[0].equal(by_embedding[1])
    assert (by_spelling[0, 1] - by_spelling[1, 1]).abs().max() > 1e-3


# --- dropout


def looked_up(model: Network, batch: Batch) -> Tensor:
    """The word indices whose embeddings a forward pass reads."""
    seen: list[Tensor] = []
    handle = model.features.word_embedding.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    model(batch)
    handle.remove()
    return seen[0]


def test_rare_words_are_dropped_more_often(encoder: Encoder) -> None:
    """A word seen n times with probability 0.5 / (0.5 + n), within five deviations of 6,000 draws."""
    model = network(encoder, word_dropout=0.5).train()
    counts = dict(zip(encoder.vocabulary.words, encoder.vocabulary.counts, strict=True))
    draws = 6000
    for word in ("please", "monday", "to"):
        batch = encoder.batch([" ".join([word] * 20)] * (draws // 20))
        share = (looked_up(model, batch) == 1).double().mean().item()
        expected = 0.5 / (0.5 + counts[word])
        assert abs(share - expected) < 5 * (expected * (1 - expected) / draws) ** 0.5, word
    assert [counts[word] for word in ("please", "monday", "to")] == [1, 2, 3]


def test_word_dropout_at_its_extremes(encoder: Encoder) -> None:
    batch = encoder.batch(["to boston", LONG])
    assert looked_up(network(encoder, word_dropout=0.5), batch).equal(batch.words), "never in use, only in training"
    assert looked_up(network(encoder, word_dropout=0.0).train(), batch).equal(batch.words)
    always = looked_up(network(encoder, word_dropout=1e12).train(), batch)
    assert always.equal((batch.words != 0).long()), "padding stays padding"


# --- gradients


@pytest.mark.parametrize("cell", CELLS)
def test_gradients_reach_every_parameter(cell: str, encoder: Encoder) -> None:
    """The long utterance has 21 words: Clockwork's slowest units act every 16 steps."""
    for bidirectional, crf in itertools.product((False, True), (False, True)):
        model = network(encoder, cell=cell, bidirectional=bidirectional, crf=crf, num_layers=2, context_window=1)
        model.loss(encoder.batch(TEXTS, GOLD), 0.1).backward()  # type: ignore[no-untyped-call]
        without = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()]
        assert without == []
        for embedding in (model.features.word_embedding, model.features.spelling.embedding):
            assert embedding.weight.grad is not None
            assert not embedding.weight.grad[0].any(), "padding is not trained"


def test_an_unknown_cell_lists_the_known(encoder: Encoder) -> None:
    with pytest.raises(ValueError, match="unknown cell 'lstn': choose one of elman, irnn, lstm"):
        tagger(encoder, cell="lstn")
