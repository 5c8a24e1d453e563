"""The language model: streams and perplexity by hand, a state that is carried on, a learned alphabet."""

import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from pipelines.nn.cells import CELLS
from pipelines.rnn.language_model.data import END, Text, parts_of
from pipelines.rnn.language_model.inference import perplexity_of
from pipelines.rnn.language_model.model import LanguageModel, LanguageModelParams, sample
from pipelines.rnn.language_model.predict import MAX_WORDS, Predictor
from pipelines.rnn.language_model.train import train, unigram_perplexity
from tests.pipelines.examples import EXAMPLES, RecordingLog

pytestmark = pytest.mark.usefixtures("one_thread")


def test_lines_become_one_stream() -> None:
    text = Text.of(["b a b", "<unk> b"])
    assert text.words == (END, "<unk>", "b", "a")
    assert text.counts == (2, 1, 3, 1)
    assert text.stream(["a new", "b"]).tolist() == [3, 1, 0, 2, 0]


@given(st.integers(1, 60), st.integers(1, 6), st.integers(1, 9))
def test_every_word_of_a_part_is_followed_by_the_next(length: int, batch_size: int, steps: int) -> None:
    stream = torch.arange(1, length + 1)
    if length < batch_size:
        with pytest.raises(ValueError, match="does not fill"):
            parts_of(stream, batch_size, steps)
        return
    parts = parts_of(stream, batch_size, steps)
    assert [part.is_first for part in parts] == [True] + [False] * (len(parts) - 1)
    words = torch.cat([part.words for part in parts], dim=1)
    following = torch.cat([part.following for part in parts], dim=1)
    assert torch.equal(following, words + 1), "0, the line's end, comes before the first word"
    assert following.flatten().tolist() == list(range(1, batch_size * (length // batch_size) + 1))


@pytest.mark.parametrize("cell", CELLS)
def test_perplexity_does_not_depend_on_where_the_text_is_cut(cell: str) -> None:
    torch.manual_seed(0)
    model = LanguageModel(LanguageModelParams(cell, 10, 4, 0.0, 5), 7).double().eval()
    stream = torch.randint(0, 7, (23,))
    whole = perplexity_of(model, stream, steps=23)
    assert perplexity_of(model, stream, steps=4) == pytest.approx(whole, rel=1e-9)
    with torch.no_grad():
        words = torch.cat([stream.new_zeros(1), stream[:-1]])
        shares = model(words[None])[0][0].softmax(dim=-1)
    by_hand = -sum(math.log(share[word]) for share, word in zip(shares.tolist(), stream.tolist(), strict=True)) / 23
    assert whole == pytest.approx(math.exp(by_hand), rel=1e-9)


def test_tied_embeddings_are_the_output_layer_and_learn_as_both() -> None:
    torch.manual_seed(0)
    words, following = torch.randint(0, 7, (2, 2, 3))
    tied = LanguageModel(LanguageModelParams("elman", 4, 4, 0.0, 5, tied=True), 7)
    apart = LanguageModel(LanguageModelParams("elman", 4, 4, 0.0, 5), 7)
    apart.load_state_dict(tied.state_dict())
    for model in (tied, apart):
        model.loss(words, following)[0].backward()  # type: ignore[no-untyped-call]
    read, written, both = (layer.weight.grad for layer in (apart.embedding, apart.output, tied.embedding))
    assert read is not None
    assert written is not None
    torch.testing.assert_close(both, read + written)
    with pytest.raises(ValueError, match="word_size is 4 and hidden_size 6"):
        LanguageModelParams("elman", 6, 4, 0.0, 5, tied=True)


def test_a_model_that_knows_nothing_has_the_vocabulary_as_perplexity() -> None:
    model = LanguageModel(LanguageModelParams("elman", 4, 4, 0.0, 5), 50)
    for part in model.output.parameters():
        nn.init.zeros_(part)
    cost, _ = model.loss(torch.ones(2, 3, dtype=torch.long), torch.zeros(2, 3, dtype=torch.long))
    assert math.exp(cost.item()) == pytest.approx(50)
    text = Text((END, "<unk>", "a"), (2, 0, 5))
    expected = math.exp(-(math.log(6 / 10) + math.log(3 / 10)) / 2)
    assert unigram_perplexity(text, torch.tensor([2, 0])) == pytest.approx(expected)


def test_barred_words_are_never_drawn_and_the_same_seed_draws_the_same() -> None:
    torch.manual_seed(0)
    model = LanguageModel(LanguageModelParams("elman", 4, 4, 0.0, 5), 5).eval()
    drawn = [sample(model, [2, 3], 0, 30, seed=seed, forbidden=[1, 4]) for seed in (1, 1, 2, 3)]
    assert drawn[0] == drawn[1]
    assert len({tuple(words) for words in drawn}) > 1
    assert {word for words in drawn for word in words} <= {2, 3}, "0 ends, 1 and 4 are barred"


def test_the_alphabet_is_learned_and_continued(tmp_path: Path) -> None:
    example = EXAMPLES["rnn", "language_model"]
    tables = example.write(tmp_path / "tables")
    settings: dict[str, Any] = {"epochs": 25, "dropout": 0.0, "ema_decay": 0.0, "cell": "lstm"}
    (tmp_path / "run").mkdir()
    figures = train(example.run(**settings), tables, tmp_path / "run", RecordingLog())
    lines = pd.read_parquet(tables / "test.parquet")["text"]
    assert figures["test_perplexity"] < 2 < figures["unigram_perplexity"]
    assert figures["test_perplexity"] > 1, "where a line ends cannot be known"
    assert set(" ".join(lines).split()) == set("abcdef")

    predictor = Predictor(tmp_path / "run" / "model.safetensors")
    answer, strange = predictor(["A b", "ü a"])
    assert answer["prompt"] == ["a", "b"]
    assert answer["continuation"] == list("cdef")[: len(answer["continuation"])]
    assert answer["perplexity"] < strange["perplexity"]
    assert strange["unknown"] == ["ü"]
    assert Predictor.shown(strange).endswith("not in training: ü")
    for odd in ("日本語", "\x07\x1b[0m", "a " * 100_000):
        (found,) = predictor([odd])
        assert len(found["prompt"]) == len(odd.split())
        assert (found["continuation"] is None) == (not odd.startswith("a")), "no verdict on unknown words"
        assert len(found["continuation"] or []) <= MAX_WORDS
    with pytest.raises(ValueError, match="text 1 of 1 holds no words"):
        predictor([" \n\t"])
