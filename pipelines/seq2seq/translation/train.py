"""One translation run, from tables to weights, figures and pictures. Knows neither MLflow nor Prefect."""

from collections.abc import Sequence
from pathlib import Path

import torch

from pipelines.nn import checkpoint
from pipelines.nn.training import TrainingParams, choose_device, write_results
from pipelines.reporting import metrics
from pipelines.seq2seq.learning import checked_settings, learn
from pipelines.seq2seq.model import Seq2Seq
from pipelines.seq2seq.outputs import outputs
from pipelines.seq2seq.pairs import Languages, batches_of_epoch
from pipelines.seq2seq.search import GREEDY, BeamParams, Hypothesis
from pipelines.seq2seq.symbols import as_source
from pipelines.seq2seq.text_model import build_text_model, from_state, state_of
from pipelines.seq2seq.translation.data import languages_of, turned, whole_length
from pipelines.seq2seq.translation.evaluation import write_evaluation
from pipelines.seq2seq.translation.model import TranslatorParams
from pipelines.settings import Run
from pipelines.tables import load_splits
from pipelines.task import Log, Row


def settings(run: Run) -> tuple[TranslatorParams, TrainingParams]:
    """What params.yaml says of a run, checked. Raises ValueError for an unknown key, cell or size."""
    return checked_settings(run, TranslatorParams)


def train(run: Run, tables: Path, out: Path, log: Log) -> Row:
    """Trains on `tables` and fills the folder `out`; returns the run's figures.

    Written: `model.safetensors`, `history.csv`, `metrics.json`, and of the test split `predictions.csv`, `bleu.json`,
    `lengths.png` and `attention.html`. The epoch is chosen on val; test is read once, at the end. A
    `checkpoint.safetensors` in `out` is resumed from and then removed.
    """
    params, training = settings(run)
    splits = load_splits(tables)
    if params.reverse:
        splits = {split: turned(table) for split, table in splits.items()}
    torch.manual_seed(run.seed)
    languages = languages_of(splits["train"], params)
    model = build_text_model(params, languages).to(choose_device(run.device))
    pairs = languages.pairs(splits["train"]["source"], splits["train"]["target"])

    def validate(model: Seq2Seq) -> Row:
        found = translations(model, languages, list(splits["val"]["source"]), GREEDY)
        said = [languages.target.text(hypotheses[0].symbols) for hypotheses in found]
        return {"val_bleu": metrics.bleu(list(splits["val"]["target"]), said, params.written)["bleu"]}

    fitted = learn(
        model,
        training,
        seed=run.seed,
        batches=lambda rng: batches_of_epoch(pairs, training.batch_size, rng, whole_length),
        validate=validate,
        monitor="val_bleu",
        log=log,
        resume_from=out / "checkpoint.safetensors",
        sampling=params.sampling,
    )

    checkpoint.save(out / "model.safetensors", state_of(model, params, languages))
    found = translations(model, languages, list(splits["test"]["source"]), params)
    figures = write_evaluation(
        out, model, languages, splits["test"], [one[0] for one in found], language=params.written
    )
    return write_results(out, model, fitted, {f"test_{name}": value for name, value in figures.items()})


def translations(
    model: Seq2Seq, languages: Languages, texts: list[str], params: BeamParams, *, wanted: int = 1
) -> list[list[Hypothesis]]:
    """The best translations of each text, in the order of `texts`."""
    sources = [languages.source.numbers(text) for text in texts]
    return outputs(model, sources, as_source, longest, params, wanted=wanted)


def longest(source: Sequence[int]) -> int:
    """The most symbols that a translation may have."""
    return 20 + 4 * len(source)  # a word is up to ten characters, but a sentence of words is not


def load_translator(path: Path) -> tuple[Seq2Seq, Languages, TranslatorParams]:
    """The translator saved at `path`, ready to translate."""
    return from_state(checkpoint.load(path), TranslatorParams)
