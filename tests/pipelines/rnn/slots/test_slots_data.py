"""The RNN family's data: vocabulary, encoding and batches, spelled out on a few words."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.nn.words import MAX_SPELLING, PAD, UNKNOWN
from pipelines.rnn.slots.data import Batch, Encoder, SlotVocabulary


def table(*rows: tuple[str, str]) -> pd.DataFrame:
    texts, tags = zip(*rows, strict=True)
    return pd.DataFrame({"id": range(len(rows)), "text": texts, "tags": tags, "intent": "flight"})


TRAIN = table(("to boston", "O B-city"), ("to ab on monday", "O B-city O B-day"), ("on ab", "O B-city"), ("to", "O"))


@pytest.fixture
def encoder() -> Encoder:
    return Encoder(SlotVocabulary.of(TRAIN))


def test_the_vocabulary_is_in_order_of_frequency_then_of_spelling() -> None:
    vocabulary = SlotVocabulary.of(TRAIN)
    assert vocabulary.words == (PAD, UNKNOWN, "to", "ab", "on", "boston", "monday")
    assert vocabulary.counts == (0, 0, 3, 2, 2, 1, 1)
    assert vocabulary.tags == ("O", "B-city", "B-day")
    # How many words of the text hold a character: o in to, on, boston (once) and monday; ...
    assert vocabulary.characters == (PAD, UNKNOWN, *"ontabdmsy")
    holding = {"o": 7, "n": 4, "t": 4, "a": 3, "b": 3, "d": 1, "m": 1, "s": 1, "y": 1}
    assert list(vocabulary.characters[2:]) == sorted(holding, key=lambda c: (-holding[c], c))


def test_a_batch_spelled_out(encoder: Encoder) -> None:
    batch = encoder.batch(["on ab to", "to"], ["O B-city O", "O"])
    on, ab, to = 4, 3, 2
    assert batch.words.tolist() == [[on, ab, to], [to, 0, 0]]
    assert batch.lengths.tolist() == [3, 1]
    assert batch.tags.tolist() == [[0, 1, 0], [0, -1, -1]]
    character = {c: i for i, c in enumerate(encoder.vocabulary.characters)}
    assert batch.spelling.tolist() == [[character[c] for c in word] for word in ("on", "ab", "to")]
    assert batch.spelling_index.tolist() == [[0, 1, 2], [2, 0, 0]]


def test_spelling_is_padded_to_the_longest_word_and_cut_at_the_limit(encoder: Encoder) -> None:
    batch = encoder.batch(["a " + "b" * (MAX_SPELLING + 5)])
    a, b = encoder.vocabulary.characters.index("a"), encoder.vocabulary.characters.index("b")
    assert batch.spelling.tolist() == [[a] + [0] * (MAX_SPELLING - 1), [b] * MAX_SPELLING]


def test_what_training_never_saw_is_unknown(encoder: Encoder) -> None:
    batch = encoder.batch(["to oßlo"], ["O B-town"])
    assert batch.words.tolist() == [[2, 1]]
    o = encoder.vocabulary.characters.index("o")
    assert batch.spelling[1].tolist() == [o, 1, 1, o]
    assert batch.tags.tolist() == [[0, -1]]


def test_without_tags_none_is_known(encoder: Encoder) -> None:
    assert encoder.batch(["to ab", "on"]).tags.tolist() == [[-1, -1], [-1, -1]]


@pytest.mark.parametrize(("texts", "message"), [(["to", ""], "text 2 of 2 holds no words: ''"),
                                                (["  \t", "to"], r"text 1 of 2 holds no words: '  \\t'")])  # fmt: skip
def test_a_text_without_words_is_named(encoder: Encoder, texts: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        encoder.batch(texts)


def test_batches_keep_the_order_of_the_rows(encoder: Encoder) -> None:
    batches = encoder.batches(TRAIN, 3)
    assert [batch.lengths.tolist() for batch in batches] == [[2, 4, 2], [1]]
    assert batches[0].words.tolist() == encoder.batch(list(TRAIN["text"][:3])).words.tolist()
    assert batches[0].tags.tolist() == [[0, 1, -1, -1], [0, 1, 0, 2], [0, 1, -1, -1]]


def numbered(lengths: list[int]) -> pd.DataFrame:
    """Rows of given lengths, each of a word (and a tag) of its own."""
    return table(*[(" ".join([f"w{i}"] * n), " ".join([f"t{i}"] * n)) for i, n in enumerate(lengths)])


def rows_of(batch: Batch, encoder: Encoder) -> list[tuple[str, str, int]]:
    """Word, tag and length of each row of a batch of a `numbered` table."""
    words, tags = encoder.vocabulary.words, encoder.vocabulary.tags
    firsts = zip(batch.words[:, 0].tolist(), batch.tags[:, 0].tolist(), batch.lengths.tolist(), strict=True)
    return [(words[word], tags[tag], length) for word, tag, length in firsts]


@settings(max_examples=50)
@given(lengths=st.lists(st.integers(1, 9), min_size=1, max_size=20), batch_size=st.integers(1, 7), seed=st.integers(0))
def test_shuffled_batches_hold_each_row_once(lengths: list[int], batch_size: int, seed: int) -> None:
    rows = numbered(lengths)
    encoder = Encoder(SlotVocabulary.of(rows))
    batches = encoder.shuffled(rows, batch_size, np.random.default_rng(seed))
    found = [row for batch in batches for row in rows_of(batch, encoder)]
    assert sorted(found) == sorted((f"w{i}", f"t{i}", n) for i, n in enumerate(lengths))
    sizes = sorted(len(batch.lengths) for batch in batches)
    full, rest = divmod(len(lengths), batch_size)
    assert sizes == sorted([batch_size] * full + ([rest] if rest else []))


def test_shuffling_depends_on_the_generator_alone() -> None:
    rows = numbered([1 + i % 5 for i in range(60)])
    encoder = Encoder(SlotVocabulary.of(rows))

    def order(seed: int) -> list[list[tuple[str, str, int]]]:
        return [rows_of(batch, encoder) for batch in encoder.shuffled(rows, 8, np.random.default_rng(seed))]

    assert order(1) == order(1)
    assert order(1) != order(2)
    one, two = ({frozenset(batch) for batch in order(seed)} for seed in (1, 2))
    assert not one & two, "what is in a batch together is drawn anew, not just the order of batches"


def test_shuffled_batches_hold_rows_of_about_one_length() -> None:
    rows = numbered([1 + (7 * i) % 30 for i in range(300)])
    encoder = Encoder(SlotVocabulary.of(rows))
    batches = encoder.shuffled(rows, 10, np.random.default_rng(0))
    assert all(batch.lengths.max() - batch.lengths.min() <= 4 for batch in batches)
    shortest = [int(batch.lengths.min()) for batch in batches]
    assert shortest != sorted(shortest), "short utterances must not all come first"


def test_a_batch_moves_with_all_its_parts(encoder: Encoder) -> None:
    moved = encoder.batch(["to ab"]).to(torch.device("meta"))
    assert {tensor.device.type for tensor in vars(moved).values()} == {"meta"}
