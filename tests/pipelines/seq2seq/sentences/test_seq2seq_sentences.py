"""Sentences: one vector holds them, order included; a bag of words does not hold it."""

from dataclasses import replace

import pandas as pd
import pytest
import torch

from params import parse
from pipelines.seq2seq.pairs import Languages, batch_of
from pipelines.seq2seq.search import GREEDY, Hypothesis
from pipelines.seq2seq.sentences import inference
from pipelines.seq2seq.sentences.data import bags, swapped_pairs
from pipelines.seq2seq.sentences.inference import codes_of, nearest, reconstruct
from pipelines.seq2seq.sentences.model import SentencesParams, build_autoencoder
from pipelines.seq2seq.tokenizer import Tokenizer
from tests.pipelines.examples import EXAMPLES

PARAMS = parse(SentencesParams, EXAMPLES["seq2seq", "sentences"].model, "example")
LANGUAGES = Languages(*[Tokenizer.of(["a b c d e f g h i"], "words")] * 2)
SWAP = ["white blood cells destroying an infection", "an infection destroying white blood cells"]


def test_the_same_bag_another_code_and_both_come_back() -> None:
    """The lecture's pair, learned by heart: the code distinguishes what the bag of words does not."""
    torch.manual_seed(0)
    tokenizer = Tokenizer.of(SWAP, "words")
    sentences = [tokenizer.encode(text) for text in SWAP]
    one, other = bags(sentences, len(tokenizer.symbols))
    assert torch.equal(one, other)
    model = build_autoencoder(PARAMS, Languages(tokenizer, tokenizer))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
    for _ in range(60):
        optimizer.zero_grad()
        model.loss(batch_of(list(zip(sentences, sentences, strict=True)))).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    model.eval()
    codes = codes_of(model, sentences)
    assert not torch.allclose(codes[0], codes[1], atol=0.1)
    assert reconstruct(model, sentences, GREEDY) == sentences


def test_of_a_beam_the_output_whose_own_code_is_nearest_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    model, sentences = build_autoencoder(PARAMS, LANGUAGES).eval(), [[3, 4, 5, 6], [7, 8]]
    likeliest = [[[3, 4, 6, 5], [3, 4, 5, 6], []], [[7, 8], [8, 7]]]
    found = [[Hypothesis(tuple(symbols), 0.0, 0.0, is_cut=False) for symbols in row] for row in likeliest]
    monkeypatch.setattr(inference, "decode", lambda *_, n_best, **__: [row[:n_best] for row in found])
    assert reconstruct(model, sentences, replace(GREEDY, beam_size=3)) == sentences
    assert reconstruct(model, sentences, GREEDY) == [[3, 4, 6, 5], [7, 8]]


def test_all_that_the_decoder_sees_is_the_code() -> None:
    """Other states of the encoder with the same code give the same words."""
    torch.manual_seed(0)
    model = build_autoencoder(PARAMS, LANGUAGES).eval()
    with torch.inference_mode():
        encoded = model.encode(torch.tensor([[3, 4, 5]]), torch.tensor([3]))
        blind = type(encoded)(torch.randn_like(encoded.states), encoded.keys, encoded.padding, encoded.code)
        symbol = torch.tensor([1])
        seen = [model.step(symbol, model.start(known), known)[0] for known in (encoded, blind)]
    assert torch.equal(*seen)


def test_attention_is_refused() -> None:
    with pytest.raises(ValueError, match="attention is 'additive': an auto-encoder with attention"):
        parse(SentencesParams, {**vars(PARAMS), "attention": "additive"}, "example")


def test_words_read_and_written_have_one_embedding() -> None:
    model = build_autoencoder(PARAMS, LANGUAGES)
    written, read = model.embedding.weight, dict(model.encoder.named_parameters())["embedding.weight"]
    assert written is read is model.output.weight


def test_pairs_are_those_that_are_whole() -> None:
    table = pd.DataFrame({"pair": [-1, 4, 2, -1, 2, 7, 4]}, index=range(10, 17))
    assert sorted(swapped_pairs(table)) == [(1, 6), (2, 4)]


def test_the_nearest_is_the_one_at_the_smallest_angle() -> None:
    known = torch.tensor([[1.0, 0.0], [0.0, 5.0], [3.0, 3.0], [-1.0, 0.0]])
    assert nearest(torch.tensor([[9.0, 1.0], [0.0, 0.1]]), known).tolist() == [[0, 2, 1, 3], [1, 2, 0, 3]]


def test_a_code_does_not_depend_on_its_batch() -> None:
    torch.manual_seed(0)
    model = build_autoencoder(PARAMS, LANGUAGES).eval()
    sentences = [[3, 4, 5, 6, 7], [8], [9, 10]]
    torch.testing.assert_close(codes_of(model, sentences)[1:2], codes_of(model, [[8]]))
