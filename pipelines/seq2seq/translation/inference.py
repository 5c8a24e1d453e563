"""A trained translator: saved, loaded, and asked for translations. Training and prediction both use it."""

from collections.abc import Sequence
from pathlib import Path

from pipelines.nn import checkpoint
from pipelines.seq2seq.decoding import decode
from pipelines.seq2seq.model import Seq2Seq
from pipelines.seq2seq.pairs import Languages
from pipelines.seq2seq.search import BeamParams, Hypothesis
from pipelines.seq2seq.symbols import collate_sources
from pipelines.seq2seq.text_model import from_state, state_of
from pipelines.seq2seq.translation.model import TranslatorParams


def translations(
    model: Seq2Seq, languages: Languages, texts: list[str], params: BeamParams, *, n_best: int = 1
) -> list[list[Hypothesis]]:
    """The `n_best` best translations of each text, in the order of `texts`."""
    sources = [languages.source.encode(text) for text in texts]
    return decode(model, sources, collate_sources, max_symbols, params, n_best=n_best)


def max_symbols(source: Sequence[int]) -> int:
    """The most symbols that a translation may have."""
    return 20 + 4 * len(source)  # a word has up to ten characters, but not every word of a sentence


def save_translator(path: Path, model: Seq2Seq, params: TranslatorParams, languages: Languages) -> None:
    """Writes all that translating needs into one file."""
    checkpoint.save(path, state_of(model, params, languages))


def load_translator(path: Path) -> tuple[Seq2Seq, Languages, TranslatorParams]:
    """The translator saved at `path`, ready to translate. Raises ValueError for a file that is damaged."""
    return from_state(checkpoint.load(path), TranslatorParams)
