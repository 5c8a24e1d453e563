"""Metrics, by the libraries that the field uses: seqeval, scikit-learn, jiwer and sacrebleu."""

from collections.abc import Sequence

import numpy as np

Tags = Sequence[Sequence[str]]


def slot_scores(gold: Tags, predicted: Tags) -> dict[str, float]:
    """Micro-averaged slot scores of IOB sequences by seqeval, in percent.

    `f1`, `precision` and `recall` follow conlleval (seqeval's default: an I- without its B- begins a slot);
    `f1_strict` counts only slots that are well-formed IOB2.
    """
    from seqeval.metrics import f1_score
    from seqeval.metrics.sequence_labeling import precision_recall_fscore_support
    from seqeval.scheme import IOB2

    gold, predicted = [list(tags) for tags in gold], [list(tags) for tags in predicted]
    precision, recall, f1, _ = precision_recall_fscore_support(gold, predicted, average="micro", zero_division=0)
    strict = f1_score(gold, predicted, mode="strict", scheme=IOB2, zero_division=0)
    scores = {"f1": f1, "precision": precision, "recall": recall, "f1_strict": strict}
    return {name: 100 * float(score) for name, score in scores.items()}


def label_scores(gold: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """Accuracy and macro-averaged F1 of labels by scikit-learn, in percent."""
    from sklearn.metrics import accuracy_score, f1_score

    scores = {
        "accuracy": accuracy_score(gold, predicted),
        "f1": f1_score(gold, predicted, average="macro", zero_division=0),
    }
    return {name: 100 * float(score) for name, score in scores.items()}


def error_rates(gold: Sequence[str], recognised: Sequence[str]) -> dict[str, float]:
    """Character and word error rate by jiwer over all texts, and the share of texts without an error, in percent.

    Words are separated by spaces; a text without spaces is one word.
    """
    import jiwer

    return {
        "cer": 100 * float(jiwer.cer(list(gold), list(recognised))),
        "wer": 100 * float(jiwer.wer(list(gold), list(recognised))),
        "right": 100 * sum(one == other for one, other in zip(gold, recognised, strict=True)) / len(gold),
    }


def bleu(references: Sequence[str], translations: Sequence[str], language: str) -> float:
    """Corpus BLEU by sacrebleu (Post 2018), texts as written; `language` of the references decides on words."""
    from sacrebleu.metrics.bleu import BLEU

    measured = BLEU(tokenize=_tokeniser(language))
    return float(measured.corpus_score(list(translations), [list(references)]).score)


def chrf(references: Sequence[str], translations: Sequence[str]) -> float:
    """Corpus chrF (Popović 2015) by sacrebleu: an F-score of character n-grams."""
    from sacrebleu.metrics.chrf import CHRF

    return float(CHRF().corpus_score(list(translations), [list(references)]).score)


def tokenised_bleu(references: Sequence[str], translations: Sequence[str]) -> dict[str, float | str]:
    """Corpus BLEU by sacrebleu of texts whose tokens are separated by spaces, and its signature: tokenised BLEU."""
    from sacrebleu.metrics.bleu import BLEU

    metric = BLEU(tokenize="none", force=True)  # force: no warning that texts are tokenised
    score = float(metric.corpus_score(list(translations), [list(references)]).score)
    return {"bleu": score, "signature": str(metric.get_signature())}


def bleu_signature(language: str) -> str:
    """The signature of sacrebleu that makes a score of `bleu` comparable, for one reference."""
    from sacrebleu.metrics.bleu import BLEU

    metric = BLEU(tokenize=_tokeniser(language))
    metric.corpus_score(["a"], [["a"]])  # the signature is known after a score
    return str(metric.get_signature())


def _tokeniser(language: str) -> str:
    return "zh" if language == "zh" else "13a"
