"""Words: vocabulary, spelling, neighbours and dropout, spelled out by hand."""

import pytest
import torch
from torch import nn

from pipelines.nn.words import PAD, UNKNOWN, LockedDropout, SpellingFeatures, Vocabulary, WordEncoder, with_neighbours

EXACT = 1e-10  # absolute, in float64


def test_a_character_counts_once_a_word() -> None:
    assert Vocabulary.of_texts(["aaa b b"]).characters == (PAD, UNKNOWN, "b", "a")


def test_the_vocabulary_survives_json() -> None:
    vocabulary = Vocabulary.of_texts(["to boston", "on ab to"])
    listed = {part: list(items) for part, items in vars(vocabulary).items()}
    assert Vocabulary.from_json(listed) == vocabulary


def test_spelling_features_by_hand() -> None:
    """Convolution of width 3 with a zero beyond each end, ReLU, maximum over a word's characters."""
    torch.manual_seed(0)
    vocabulary = Vocabulary.of_texts(["a monday in boston"])
    features = SpellingFeatures(len(vocabulary.characters), 3, 4).double()
    weight, bias = features.convolution.weight, features.convolution.bias  # (4, 3, 3), (4,)
    assert bias is not None
    nn.init.normal_(bias)
    batch = WordEncoder(vocabulary)(["monday a in"])
    with torch.no_grad():
        found = features(batch)[0]  # (T, 4)
        for place, word in enumerate(["monday", "a", "in"]):
            spelled = features.embedding.weight[[vocabulary.characters.index(c) for c in word]]  # (W, 3)
            zero = torch.zeros(1, 3, dtype=torch.float64)
            around = torch.cat([zero, spelled, zero])
            responses = [
                sum(weight[:, :, shift] @ around[at + shift] for shift in range(3)) + bias for at in range(len(word))
            ]
            expected = torch.stack([torch.as_tensor(r) for r in responses]).clamp(min=0).amax(dim=0)
            assert (found[place] - expected).abs().max() < EXACT


@pytest.mark.parametrize("window", [0, 1, 2, 5])
def test_neighbours_side_by_side(window: int) -> None:
    torch.manual_seed(0)
    features = torch.randn(2, 4, 3)
    expected = torch.zeros(2, 4, 2 * window + 1, 3)
    for t in range(4):
        for place, neighbour in enumerate(range(t - window, t + window + 1)):
            if 0 <= neighbour < 4:
                expected[:, t, place] = features[:, neighbour]
    assert with_neighbours(features, window).equal(expected.flatten(2))


def test_locked_dropout_has_one_mask_for_all_steps() -> None:
    torch.manual_seed(0)
    dropout, inputs = LockedDropout(0.5), torch.randn(4, 7, 30)
    outputs = dropout(inputs)
    mask = outputs / inputs  # (B, T, F)
    kept = mask[:, 0].round()
    assert (mask - kept[:, None]).abs().max() < 1e-5, "the same at each step, and survivors doubled"
    assert set(kept.flatten().tolist()) == {0.0, 2.0}
    assert len({tuple(row) for row in kept.tolist()}) == 4, "a mask of its own for each utterance"
    assert not dropout(inputs).equal(outputs), "and a new one each time"


def test_locked_dropout_does_nothing_in_use_and_without_a_rate() -> None:
    inputs = torch.randn(2, 3, 4)
    assert LockedDropout(0.5).eval()(inputs).equal(inputs)
    assert LockedDropout(0.0)(inputs).equal(inputs)
    assert not LockedDropout(1.0)(inputs).any()
