"""A trained parser: saved, loaded, and asked for the trees of sentences. Training and prediction both use it."""

from collections.abc import Sequence
from pathlib import Path

from pipelines.nn import checkpoint
from pipelines.seq2seq.decoding import decode
from pipelines.seq2seq.model import Seq2Seq
from pipelines.seq2seq.pairs import Languages
from pipelines.seq2seq.parsing.constraint import TreeConstraint
from pipelines.seq2seq.parsing.model import ParserParams
from pipelines.seq2seq.search import BeamParams
from pipelines.seq2seq.symbols import collate_sources
from pipelines.seq2seq.text_model import from_state, state_of


def trees(
    model: Seq2Seq, languages: Languages, sentences: Sequence[list[str]], params: BeamParams, *, is_free: bool = False
) -> list[list[str]]:
    """The linear tree of each sentence, in their order; not constrained to trees if `is_free`."""
    sources = [languages.source.symbols.encode(words) for words in sentences]
    symbols = languages.target.symbols
    constraint = None if is_free else lambda source: TreeConstraint(symbols.names, len(source), max_symbols(source))
    found = decode(model, sources, collate_sources, max_symbols, params, constraint=constraint)
    return [symbols.decode(hypotheses[0].symbols) for hypotheses in found]


def max_symbols(source: Sequence[int]) -> int:
    """The most symbols that the tree of a sentence may have."""
    return 20 + 6 * len(source)


def save_parser(path: Path, model: Seq2Seq, params: ParserParams, languages: Languages) -> None:
    """Writes all that parsing needs into one file."""
    checkpoint.save(path, state_of(model, params, languages))


def load_parser(path: Path) -> tuple[Seq2Seq, Languages, ParserParams]:
    """The parser saved at `path`, ready to parse. Raises ValueError for a file that is damaged."""
    return from_state(checkpoint.load(path), ParserParams)
