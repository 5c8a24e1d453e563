"""The text classifier: pooling and attention by hand, what a bag of words cannot learn, results free of padding."""

import dataclasses
import itertools
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from torch import nn

from params import parse
from pipelines import task
from pipelines.nn import checkpoint
from pipelines.nn.cells import CELLS
from pipelines.rnn.sentiment.data import FOLDS, Encoder, LabelVocabulary, folded
from pipelines.rnn.sentiment.model import Attention, BagOfWords, ClassifierParams, TextClassifier, build_classifier
from pipelines.rnn.sentiment.predict import Predictor
from pipelines.rnn.sentiment.start import start_from
from pipelines.rnn.sentiment.train import settings, train
from pipelines.seq2seq.model import Seq2Seq
from pipelines.seq2seq.pairs import Languages
from pipelines.seq2seq.sentences.inference import save_autoencoder
from pipelines.seq2seq.sentences.model import SentencesParams, build_autoencoder
from pipelines.seq2seq.tokenizer import Tokenizer
from pipelines.settings import Run
from tests.pipelines.examples import EXAMPLES, RecordingLog

pytestmark = pytest.mark.usefixtures("one_thread")

EXACT = 1e-10  # absolute, in float64
POOLINGS = ("last", "mean", "max", "attention")
TEXTS = ["good", "not a good film at all but then who would say so", "a bad end", "not bad"]
MODEL = {**EXAMPLES["rnn", "sentiment"].model, "hidden_size": 10}  # divides into Clockwork's five modules


@pytest.fixture
def encoder() -> Encoder:
    return Encoder(LabelVocabulary.of_texts(TEXTS[:3], labels=("bad", "good")))


def classifier(encoder: Encoder, **changes: Any) -> TextClassifier:
    """A float64 classifier with random parameters, biases too: zeros would make padding harmless by luck."""
    torch.manual_seed(0)
    built = build_classifier(ClassifierParams(**{**MODEL, **changes}), encoder.vocabulary, 2)
    assert isinstance(built, TextClassifier)
    for parameter in built.double().parameters():
        nn.init.normal_(parameter, std=0.4)
    nn.init.zeros_(built.features.spelling.embedding.weight[0])  # the padding's row is zero and stays so
    return built.eval()


@pytest.mark.parametrize("cell", CELLS)
def test_a_texts_logits_do_not_depend_on_its_batch(cell: str, encoder: Encoder) -> None:
    for pooling, bidirectional in itertools.product(POOLINGS, (False, True)):
        model = classifier(encoder, cell=cell, pooling=pooling, bidirectional=bidirectional)
        with torch.no_grad():
            together = model(encoder.batch(TEXTS))
            alone = torch.cat([model(encoder.batch([text])) for text in TEXTS])
        assert (together - alone).abs().max() < EXACT, (pooling, bidirectional)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_pooling_by_hand(pooling: str, encoder: Encoder) -> None:
    model, batch = classifier(encoder, pooling=pooling), encoder.batch(TEXTS)
    with torch.no_grad():
        hidden = model.recurrent(model.features(batch), batch.lengths)
        for row, length in enumerate(batch.lengths.tolist()):
            states = hidden[row, :length]  # (T, H) real words alone
            if pooling == "last":
                vector = torch.cat([states[-1, :10], states[0, 10:]])  # each direction after its whole text
            elif pooling == "mean":
                vector = sum(states) / length
            elif pooling == "max":
                vector = torch.stack([states[:, unit].max() for unit in range(20)])
            else:
                assert model.attention is not None
                project, context = model.attention.project, model.attention.context
                scores = [float(context @ torch.tanh(project.weight @ state + project.bias)) for state in states]
                shares = torch.tensor(scores, dtype=torch.float64).exp()
                vector = (shares / shares.sum()) @ states
            expected = model.output.weight @ vector + model.output.bias
            assert (model(batch)[row] - expected).abs().max() < EXACT


def test_attention_is_a_share_of_each_real_word() -> None:
    torch.manual_seed(0)
    attention = Attention(6).double()
    weights = attention(torch.randn(3, 5, 6, dtype=torch.float64), torch.tensor([5, 2, 1]))
    assert (weights.sum(dim=1) - 1).abs().max() < EXACT
    assert (weights > 0).sum(dim=1).tolist() == [5, 2, 1]


def test_gradients_reach_every_parameter(encoder: Encoder) -> None:
    for pooling in POOLINGS:
        model = classifier(encoder, pooling=pooling)
        nn.functional.cross_entropy(model(encoder.batch(TEXTS)), torch.tensor([1, 0, 0, 1])).backward()  # type: ignore[no-untyped-call]
        assert [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_a_bag_of_words_is_logistic_regression_on_counts_and_blind_to_order(encoder: Encoder) -> None:
    torch.manual_seed(0)
    model = build_classifier(ClassifierParams(**{**MODEL, "reader": "bag-of-words"}), encoder.vocabulary, 2)
    assert isinstance(model, BagOfWords)
    nn.init.normal_(model.weights.weight[1:])
    nn.init.normal_(model.bias)
    text = "not good not bad unheard-of"
    index = {word: row for row, word in enumerate(encoder.vocabulary.words)}
    counts = torch.zeros(len(index))
    for word in text.split():
        counts[index.get(word, 1)] += 1
    logits = model(encoder.batch([text, "good"]))
    assert (logits[0] - (counts @ model.weights.weight + model.bias)).abs().max() < 1e-5
    assert (model(encoder.batch(["bad not good not unheard-of"])) - logits[:1]).abs().max() < 1e-5


def test_the_order_of_words_is_learnt_by_a_network_and_not_by_a_bag(tmp_path: Path) -> None:
    """`not` turns the verdict round: exclusive or, of which any sum over words gets three quarters at most."""
    example = EXAMPLES["rnn", "sentiment"]
    tables = example.write(tmp_path / "tables")
    settings: dict[str, Any] = {"epochs": 12, "dropout": 0.0, "word_dropout": 0.0, "ema_decay": 0.0}
    found = {}
    for reader in ("recurrent", "bag-of-words"):
        (tmp_path / reader).mkdir()
        found[reader] = train(example.run(reader=reader, **settings), tables, tmp_path / reader, RecordingLog())
    assert found["recurrent"]["test_accuracy"] == 100
    assert found["bag-of-words"]["test_accuracy"] <= 75

    answer = Predictor(tmp_path / "recurrent" / "model.safetensors")(["NOT a good  film"])[0]
    assert answer["words"] == ["not", "a", "good", "film"]
    assert answer["label"] == "bad"
    assert 0.5 < answer["confidence"] <= 1
    assert sum(answer["attention"]) == pytest.approx(1)
    assert Predictor.shown(answer).startswith("bad (")
    assert "most attention: " in Predictor.shown(answer)
    plain = Predictor(tmp_path / "bag-of-words" / "model.safetensors")(["good"])[0]
    assert plain["attention"] == []
    assert "attention" not in Predictor.shown(plain)


def test_each_text_is_tested_on_in_one_turn_of_cross_validation() -> None:
    every = pd.DataFrame({"id": range(50), "fold": [row * 7 % 10 for row in range(50)]})
    splits = {"train": every[:40], "val": every[40:45], "test": every[45:]}
    tested: list[int] = []
    for turn in range(FOLDS):
        turned = folded(splits, turn)
        assert sorted(pd.concat(turned.values())["id"]) == list(range(50))
        assert set(turned["test"]["fold"]) == {turn}
        assert set(turned["val"]["fold"]) == {(turn + 1) % FOLDS}
        tested.extend(turned["test"]["id"])
    assert sorted(tested) == list(range(50))


@pytest.mark.parametrize(("columns", "turn"), [(["id"], 0), (["id", "fold"], 10)])
def test_cross_validation_says_what_it_lacks(columns: list[str], turn: int) -> None:
    table = pd.DataFrame([range(len(columns))], columns=columns)
    with pytest.raises(
        ValueError, match=rf"found seed {turn} and the columns {', '.join(columns)}: set cross_validated"
    ):
        folded({"train": table, "val": table, "test": table}, turn)


def started_from(path: Path) -> Run:
    run = EXAMPLES["rnn", "sentiment"].run()
    return dataclasses.replace(run, model={**run.model, "pretrained": str(path)})


AUTOENCODER = {"hidden_size": 6, "embedding_size": 6, "cell": "gru", "num_layers": 1, "bidirectional": True}

FITS = {"hidden_size": 6, "word_size": 6, "cell": "gru", "char_size": 0, "bidirectional": True}  # a classifier like it


@pytest.fixture
def kept(tmp_path: Path) -> tuple[Path, Seq2Seq, Languages]:
    """An auto-encoder as `seq2seq-sentences` keeps it."""
    torch.manual_seed(0)
    params = parse(SentencesParams, {**EXAMPLES["seq2seq", "sentences"].model, **AUTOENCODER}, "example")
    tokenizer = Tokenizer.of(["a bad film", "a good end"], "tokens")
    model, languages = build_autoencoder(params, Languages(tokenizer, tokenizer)), Languages(tokenizer, tokenizer)
    path = tmp_path / "sentences.safetensors"
    save_autoencoder(path, model, params, languages, known=["a bad film"], codes=torch.zeros(1, 12))
    return path, model.eval(), languages


def test_a_classifier_that_starts_from_an_autoencoder_reads_as_that_does(
    kept: tuple[Path, Seq2Seq, Languages], encoder: Encoder
) -> None:
    path, autoencoder, languages = kept
    model = build_classifier(ClassifierParams(**{**MODEL, **FITS}), encoder.vocabulary, 2).double().eval()
    assert isinstance(model, TextClassifier)
    unknown = model.features.word_embedding.weight[encoder.vocabulary.words.index("not")].clone()
    assert start_from(path, model, encoder.vocabulary) == 7  # <pad>, <unk>, a, bad, good, film and end; not `not`
    assert torch.equal(model.features.word_embedding.weight[encoder.vocabulary.words.index("not")], unknown)
    text, batch = "a bad end", encoder.batch(["a bad end"])
    with torch.no_grad():
        read = model.recurrent(model.features(batch), batch.lengths)
        numbers = torch.tensor([languages.source.encode(text)])
        states, _, _ = autoencoder.double().encoder(numbers, torch.tensor([3]))
    assert (read - states).abs().max() < EXACT


def test_what_a_classifier_cannot_start_from_is_named(
    kept: tuple[Path, Seq2Seq, Languages], encoder: Encoder, tmp_path: Path
) -> None:
    path, _, _ = kept
    with pytest.raises(ValueError, match=r"forward_cells.0.weight_ih is \(18, 6\), the classifier's is \(18, \d+\)"):
        start_from(path, classifier(encoder, hidden_size=6, cell="gru", bidirectional=True), encoder.vocabulary)
    deeper = build_classifier(ClassifierParams(**{**MODEL, **FITS, "num_layers": 2}), encoder.vocabulary, 2)
    assert isinstance(deeper, TextClassifier)
    with pytest.raises(ValueError, match=r"forward_cells.1.weight_ih is missing, the classifier's is \(18, 12\)"):
        start_from(path, deeper, encoder.vocabulary)
    checkpoint.save(tmp_path / "other.safetensors", {"weights": {"output": torch.zeros(1)}})
    with pytest.raises(
        ValueError, match=r"holds no reader of words: name the model.safetensors of a run of seq2seq-sent"
    ):
        start_from(tmp_path / "other.safetensors", classifier(encoder), encoder.vocabulary)
    bag = started_from(path)
    with pytest.raises(ValueError, match="the reader bag-of-words: only a recurrent one starts from another"):
        settings(dataclasses.replace(bag, model={**bag.model, "reader": "bag-of-words"}))
    run = started_from(tmp_path / "nowhere")
    settings(run)  # what a run uses follows from params.yaml alone
    with pytest.raises(ValueError, match="nowhere, which does not exist: first dvc repro seq2seq@sentences"):
        task.find("rnn", "sentiment").reads(run)


def test_what_a_run_starts_from_is_told_for_its_fingerprint(kept: tuple[Path, Seq2Seq, Languages]) -> None:
    reads = task.find("rnn", "sentiment").reads
    assert reads(started_from(kept[0])) == [kept[0]]
    assert reads(EXAMPLES["rnn", "sentiment"].run()) == reads(EXAMPLES["rnn", "slots"].run()) == []
