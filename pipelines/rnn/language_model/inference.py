"""A trained language model: saved, loaded, and asked how well it predicts a text. Training and prediction use it."""

import math
from pathlib import Path

import torch
from torch import Tensor

from params import parse
from pipelines.nn import checkpoint
from pipelines.rnn.language_model.data import Text, parts_of
from pipelines.rnn.language_model.model import LanguageModel, LanguageModelParams


def perplexity_of(model: LanguageModel, stream: Tensor, steps: int = 200) -> float:
    """exp of the mean cross entropy (nats a word) of a stream of words (N,), read in one piece."""
    total, state = 0.0, None
    with torch.no_grad():
        for part in parts_of(stream, 1, steps):
            cost, state = model.loss(part.words, part.following, state)
            total += cost.item() * part.words.numel()
    return math.exp(total / len(stream))


def save_model(path: Path, model: LanguageModel, params: LanguageModelParams, text: Text) -> None:
    """Writes all that prediction needs into one file."""
    checkpoint.save(path, {"weights": model.state_dict(), "params": vars(params), "text": vars(text)})


def load_model(path: Path) -> tuple[LanguageModel, Text]:
    """The model saved at `path`, ready to write. Raises ValueError for a file that is damaged."""
    state = checkpoint.load(path)
    text = Text(**{part: tuple(items) for part, items in state["text"].items()})
    model = LanguageModel(parse(LanguageModelParams, state["params"], f"params in {path}"), len(text.words))
    model.load_state_dict(state["weights"])
    return model.eval(), text
