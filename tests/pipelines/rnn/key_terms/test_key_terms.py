"""Key terms: phrases, stems and F1 by hand, attention by hand, and results free of padding."""

import itertools
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from pipelines.nn.words import Vocabulary
from pipelines.rnn.key_terms.data import WORD, Encoder, phrases_of
from pipelines.rnn.key_terms.model import KeyTermNetwork, KeyTermParams
from pipelines.rnn.key_terms.predict import Predictor
from pipelines.rnn.key_terms.scores import (
    Phrase,
    exact_f1,
    f1_at,
    occurring,
    ranked_phrases,
    scores,
    stem,
    tagged_phrases,
)
from pipelines.rnn.key_terms.train import train
from tests.pipelines.examples import EXAMPLES, RecordingLog

pytestmark = pytest.mark.usefixtures("one_thread")

EXACT = 1e-10  # absolute, in float64
TEXTS = ["deep nets matter", "a tree is known", "fast caches matter . a tree is known . queues"]


def test_phrases_as_the_tags_mark_them() -> None:
    def phrases(tagged: str) -> set[str]:
        words, tags = zip(*(pair.split("/") for pair in tagged.split()), strict=True)
        return {" ".join(phrase) for phrase in tagged_phrases(words, tags)}

    assert phrases("deep/B net/I is/O") == {"deep net"}
    assert phrases("deep/B net/B") == {"deep", "net"}
    assert phrases("a/O net/I cache/I tree/B") == {"net cache", "tree"}
    assert phrases("tree/B is/O tree/B") == {"tree"}, "a set: places do not count"
    assert phrases("a/O") == set()


@given(st.lists(st.sampled_from("BIO"), min_size=1, max_size=12))
def test_tagged_words_are_those_of_the_phrases(tags: list[str]) -> None:
    words = [f"w{place}" for place in range(len(tags))]
    phrases = tagged_phrases(words, tags)
    assert sorted(word for phrase in phrases for word in phrase) == sorted(
        word for word, tag in zip(words, tags, strict=True) if tag != "O"
    )
    starts = sum(tag == "B" or (tag == "I" and before == "O") for before, tag in itertools.pairwise(["O", *tags]))
    assert len(phrases) == starts


def test_stems_are_porters() -> None:
    """Words and stems out of Porter (1980), An algorithm for suffix stripping."""
    pairs = {"caresses": "caress", "ponies": "poni", "relational": "relat", "hopping": "hop", "controlling": "control"}
    assert {word: stem(word) for word in pairs} == pairs


def test_f1_by_hand() -> None:
    asked: list[set[Phrase]] = [{("a",), ("b", "c")}, {("d",)}]
    assert exact_f1([{("a",), ("x",)}, {("d",)}], asked) == pytest.approx(200 * 2 / (3 + 3))
    assert exact_f1([set()], [{("a",)}]) == 0
    ranked = [[("nets",), ("net",), ("graphs",)], [("x",)]]
    wanted = [{("net",), ("queue",)}, {("y",)}]
    # the first two are one stem: given at 2 are net and graph, of which one is right
    assert f1_at(2, ranked, wanted) == pytest.approx((200 * 1 / (2 + 2) + 0) / 2)
    found = scores([["a", "b"]], [{("a",), ("c",)}], [{("a",)}], [[("a",)]])
    assert found["f1"] == 100, "c is not in the text"
    assert found["f1_all"] == found["f1_at_5"] == pytest.approx(200 * 1 / 3)
    assert occurring({("b", "c"), ("b",), ("a", "c")}, ["a", "b", "c"]) == {("b", "c"), ("b",)}


def test_phrases_are_ranked_by_the_product_of_their_tags() -> None:
    words = ["deep", "net", ".", "net"]
    begin, inside = [0.6, 0.3, 0.0, 0.5], [0.0, 0.8, 0.0, 0.1]
    # deep net: 0.6 x 0.8 x (1 - 0); deep: 0.6 x (1 - 0.8); net: the better of 0.3 x 1 and 0.5; no phrase holds the stop
    assert ranked_phrases(words, begin, inside) == [("net",), ("deep", "net"), ("deep",)]
    assert ranked_phrases(words, begin, inside, max_phrases=1) == [("net",)]


def test_text_and_terms_are_split_alike() -> None:
    assert " ".join(WORD.findall("Fast (state-of-the-art) nets, 3.5 x")) == "Fast ( state-of-the-art ) nets , 3.5 x"
    assert WORD.findall("schrödinger's a_b") == ["schrödinger's", "a", "_", "b"]
    assert phrases_of("Deep Nets;high-speed cache (L2)") == {("deep", "nets"), ("high-speed", "cache", "(", "l2", ")")}


def network(**changes: Any) -> tuple[KeyTermNetwork, Encoder]:
    """A float64 network with random parameters."""
    torch.manual_seed(0)
    encoder = Encoder(Vocabulary.of_texts(TEXTS))
    model = KeyTermNetwork(
        KeyTermParams(**{**EXAMPLES["rnn", "key_terms"].model, **changes}), encoder.vocabulary
    ).double()
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.4)
    nn.init.zeros_(model.features.spelling.embedding.weight[0])
    return model.eval(), encoder


@pytest.mark.parametrize("changes", [{"head": "attention"}, {"head": "tagging"}, {"reader": "bag-of-words"}])
def test_a_documents_logits_do_not_depend_on_its_batch(changes: dict[str, str]) -> None:
    model, encoder = network(**changes)
    with torch.no_grad():
        together = model(encoder.batch(TEXTS))
        for row, text in enumerate(TEXTS):
            alone = model(encoder.batch([text]))[0]
            assert (together[row, : len(alone)] - alone).abs().max() < EXACT


@pytest.mark.parametrize("crf", [False, True])
def test_a_bonus_finds_more_terms_and_leaves_probabilities_alone(crf: bool) -> None:
    counts, found = [], []
    for bonus in (-50.0, 0.0, 1e3):
        model, encoder = network(crf=crf, term_bonus=bonus)
        with torch.inference_mode():
            tags, shares = model.decide(encoder.batch(TEXTS[2:]))
        counts.append(int((tags > 0).sum()))
        found.append(shares)
    assert counts[0] == 0
    assert counts[2] == len(TEXTS[2].split())
    assert found[0].equal(found[1])
    assert found[1].equal(found[2])
    assert (found[0].sum(dim=-1) - 1).abs().max() < EXACT


def test_with_a_crf_tags_are_well_formed_and_the_loss_is_its_likelihood() -> None:
    model, encoder = network(crf=True)
    assert model.crf is not None
    batch = encoder.batch(TEXTS, ["B I O", "O B O O", "B I O O B I O O O B"])
    with torch.no_grad():
        nn.init.constant_(model.output.bias, 0.0)
        model.output.bias[2] = 9.0  # every word alone votes for I
        assert (model(batch).argmax(dim=-1)[:, 0] == 2).all(), "otherwise this shows nothing"
        tags, _ = model.decide(batch)
        likelihood = model.crf.negative_log_likelihood(model(batch), batch.tags, batch.lengths)
        assert abs(model.loss(batch) - likelihood.mean()) < EXACT
    for row, length in zip(tags.tolist(), batch.lengths.tolist(), strict=True):
        before = 0
        for tag in row[:length]:
            assert tag != 2 or before != 0, "an I after an O"
            before = tag


def test_attention_by_hand() -> None:
    model, encoder = network()
    batch = encoder.batch([TEXTS[0]])
    with torch.no_grad():
        weights = model.attend(batch)
        states = model.states(batch)[0]
        assert weights is not None
        last = torch.cat([states[-1, :8], states[0, 8:]])  # each direction after the whole document
        query = model.query.weight @ last
        scores_ = torch.stack([query @ state / 4 for state in states])  # 4: the root of 16 outputs
        assert (weights[0] - scores_.exp() / scores_.exp().sum()).abs().max() < EXACT
    assert network(head="tagging")[0].attend(batch) is None


def test_what_stands_beside_a_phrase_decides(tmp_path: Path) -> None:
    """A network learns it from the context; a bag, which judges each word by itself, cannot."""
    example = EXAMPLES["rnn", "key_terms"]
    tables = example.write(tmp_path / "tables")
    settings: dict[str, Any] = {"epochs": 12, "dropout": 0.0, "word_dropout": 0.0, "ema_decay": 0.0}
    found = {}
    for reader, crf in [("recurrent", False), ("recurrent", True), ("bag-of-words", False)]:
        out = tmp_path / f"{reader}-{crf}"
        out.mkdir()
        found[reader, crf] = train(example.run(reader=reader, crf=crf, **settings), tables, out, RecordingLog())[
            "test_f1"
        ]
    assert found["recurrent", False] > 90
    assert found["recurrent", True] > 90
    assert found["bag-of-words", False] < 85

    predictor = Predictor(tmp_path / "recurrent-True" / "model.safetensors")
    (answer,) = predictor(["Deep net matters. Index is known."])
    assert answer["words"] == ["deep", "net", "matters", ".", "index", "is", "known", "."]
    assert answer["key_terms"] == ["deep net"]
    assert sum(answer["attention"]) == pytest.approx(1, abs=1e-5)
    assert Predictor.shown(answer).startswith("deep net\nmost attention: ")
    for odd in ("深度 网络", "\x07 \x1b[0m", "x" * 5000, "?" * 300):
        assert Predictor.shown(predictor([odd])[0])
    with pytest.raises(ValueError, match="text 1 of 1 holds no words"):
        predictor(["\x1c\t "])
