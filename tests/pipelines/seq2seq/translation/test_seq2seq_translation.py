"""Translation: the direction, the figures of translations, and what is said of texts that are not as they should be."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sacrebleu import corpus_bleu

from pipelines.reporting import metrics
from pipelines.seq2seq.translation import evaluation
from pipelines.seq2seq.translation.predict import Predictor
from pipelines.seq2seq.translation.train import settings, train
from tests.pipelines.examples import EXAMPLES, RecordingLog, translated

pytestmark = pytest.mark.usefixtures("one_thread")
EXAMPLE = EXAMPLES["seq2seq", "translation"]


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that learned its task: the weights and all that was written."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("translation")
    tables, out = EXAMPLE.write(folder / "tables"), folder / "run"
    out.mkdir()
    run = EXAMPLE.run(epochs=25, hidden_size=24, embedding_size=24, ema_decay=0.8, scheduled_sampling=0.0, dropout=0.0)
    train(run, tables, out, RecordingLog())
    torch.set_num_threads(threads)
    return out


def test_a_translator_learns_words_and_their_order(learned: Path) -> None:
    figures = json.loads((learned / "metrics.json").read_text())
    assert figures["test_exact"] > 90
    answers = Predictor(learned / "model.safetensors")(["one two horse", "GOOD horse"])
    assert [answer["translation"] for answer in answers] == ["马二一", "马好"]
    assert answers[0]["others"][0]["score"] <= answers[0]["score"]


def test_attention_is_drawn_for_what_was_read_and_written(learned: Path) -> None:
    page = (learned / "attention.html").read_text(encoding="utf-8")
    assert page.count("<table>") == evaluation.DRAWN_SENTENCES
    assert "<th>horse</th>" in page
    assert "<th>马</th>" in page


def test_what_is_odd_about_a_text_is_said(learned: Path) -> None:
    predictor = Predictor(learned / "model.safetensors")
    answer = predictor(["one zebra 二 horse"])[0]
    assert answer["unknown"] == ["zebra", "二"]
    assert "not in training: zebra 二" in Predictor.shown(answer)
    assert Predictor.shown({**answer, "unknown": [], "cut": True}).endswith("did not end within its limit")
    for text, says in {
        "": "text 2 of 2 holds no words",
        "one " * 5000: "text 2 of 2 has 5,000 words or signs, and at most 500",
    }.items():
        with pytest.raises(ValueError, match=says):
            predictor(["one", text])


def test_a_text_of_which_nothing_is_known_gets_no_verdict(learned: Path) -> None:
    predictor = Predictor(learned / "model.safetensors")
    first, unknown, last = predictor(["one two horse", "сорок 四十", "GOOD horse"])
    assert [first["translation"], last["translation"]] == ["马二一", "马好"]
    assert unknown["translation"] is None
    assert unknown["unknown"] == ["сорок", "四", "十"]
    assert Predictor.shown(unknown) == "no verdict: none of its words was in training: сорок 四 十"


def test_a_thousand_texts_keep_their_order(learned: Path) -> None:
    predictor = Predictor(learned / "model.safetensors")
    texts = ["one two horse", "good horse", "three three", "two good two horse"] * 250
    few = [answer["translation"] for answer in predictor(texts[:4])]
    assert [answer["translation"] for answer in predictor(texts)] == few * 250


def test_the_other_direction_reads_what_was_written(tmp_path: Path) -> None:
    tables, out = EXAMPLE.write(tmp_path / "tables"), tmp_path / "run"
    out.mkdir()
    train(EXAMPLE.run(epochs=1, reverse=True, attention="none"), tables, out, RecordingLog())
    assert "tok:13a" in json.loads((out / "bleu.json").read_text())["signature"]
    predicted = pd.read_csv(out / "predictions.csv")
    assert predicted["source"].to_list() == list(translated()["test"]["target"])
    answer = Predictor(out / "model.safetensors")(["一二"])[0]
    assert set(answer["translation"].split()) <= {"one", "two", "three", "good", "horse"}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"languages": ["en"]}, "expected two"),
        ({"scheduled_sampling": 1.5}, "a share from 0 to 1"),
        ({"beam_size": 0}, "beam_size is 0"),
        ({"attention": "dot"}, "attention"),
        ({"cell": "transformer"}, "transformer"),
    ],
)
def test_impossible_settings_are_told_before_training(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        settings(EXAMPLE.run(**changes))


def test_bleu_is_sacrebleu_s_with_its_signature() -> None:
    gold, said = ["我喜欢机器学习。", "他在家里。"], ["我喜欢学习。", "他在家里。"]
    assert metrics.bleu(gold, said, "zh") == pytest.approx(corpus_bleu(said, [gold], tokenize="zh").score)
    assert metrics.bleu(gold, gold, "zh") == pytest.approx(100.0)
    assert metrics.chrf(gold, gold) == pytest.approx(100.0)
    assert 0 < metrics.chrf(gold, said) < 100
    assert metrics.bleu_signature("zh").startswith("nrefs:1|case:mixed|eff:no|tok:zh|smooth:exp|version:")
    assert "tok:13a" in metrics.bleu_signature("en")


def test_tokenised_bleu_counts_the_tokens_that_are_given() -> None:
    gold, said = ["Zwei Hunde , ein Ball ."], ["Zwei Hunde , zwei Ball ."]
    found = metrics.tokenised_bleu(gold, said)
    assert found["bleu"] == pytest.approx(corpus_bleu(said, [gold], tokenize="none", force=True).score)
    assert "tok:none" in str(found["signature"])
    assert evaluation._tokenised(["Zwei Hunde, ein Ball."]) == gold


def test_bleu_over_length_counts_each_sentence_once() -> None:
    words = ["one", "two", "three", "four", "five"]
    rows = pd.DataFrame(
        {"target": [" ".join(words)] * 36, "translation": [" ".join(words)] * 24 + ["one"] * 12, "length": 3}
    )
    rows["length"] = np.repeat([3, 5, 25], 12)
    found = evaluation.by_length(rows, "en")
    assert found["sentences"].to_dict() == {"1-4": 12, "5-6": 12, "21+": 12}
    assert found["bleu"].to_list()[:2] == pytest.approx([100.0, 100.0])
    assert found["bleu"].iloc[2] < 10
    short, long = evaluation.thirds(rows)
    assert set(short["length"]) == {3}
    assert set(long["length"]) == {25}
