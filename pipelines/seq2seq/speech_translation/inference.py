"""A trained translator of speech: saved and loaded. Training and prediction both use it."""

from pathlib import Path

from params import parse
from pipelines.nn import checkpoint
from pipelines.seq2seq.speech_translation.model import (
    Cascade,
    SpeechTranslatorParams,
    Translator,
    build_translator,
)
from pipelines.seq2seq.symbols import Symbols
from pipelines.seq2seq.texts import Writing


def save_translator(path: Path, model: Translator) -> None:
    """Writes all that translating needs into one file."""
    said = model.said.names if isinstance(model, Cascade) else ()
    state = {"weights": model.state_dict(), "params": vars(model.params)}
    checkpoint.save(path, state | {"writing": model.writing.state(), "said": said})


def load_translator(path: Path) -> Translator:
    """The translator saved at `path`, ready to translate. Raises ValueError for a file that is damaged."""
    state = checkpoint.load(path)
    params = parse(SpeechTranslatorParams, state["params"], f"params in {path}")
    said = Symbols(tuple(state["said"])) if params.cascade else None
    model = build_translator(params, Writing.from_state(state["writing"]), said)
    model.load_state_dict(state["weights"])
    return model.eval()
