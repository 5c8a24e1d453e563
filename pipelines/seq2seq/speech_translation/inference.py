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
from pipelines.seq2seq.tokenizer import Tokenizer


def save_translator(path: Path, model: Translator) -> None:
    """Writes all that translating needs into one file."""
    spoken = model.spoken.names if isinstance(model, Cascade) else ()
    state = {"weights": model.state_dict(), "params": vars(model.params)}
    checkpoint.save(path, state | {"writing": model.tokenizer.state(), "said": spoken})


def load_translator(path: Path) -> Translator:
    """The translator saved at `path`, ready to translate. Raises ValueError for a file that is damaged."""
    state = checkpoint.load(path)
    params = parse(SpeechTranslatorParams, state["params"], f"params in {path}")
    spoken = Symbols(tuple(state["said"])) if params.cascade else None
    model = build_translator(params, Tokenizer.from_state(state["writing"]), spoken)
    model.load_state_dict(state["weights"])
    return model.eval()
