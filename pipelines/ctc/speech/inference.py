"""A trained recogniser: saved, loaded, and asked for the posteriors of recordings. Training and prediction use it.

Shapes: T' steps of a recording, C labels with the blank.
"""

from pathlib import Path

import torch
from torch import Tensor

from params import parse
from pipelines.ctc.speech.data import Alphabet, Encoder
from pipelines.ctc.speech.model import Recogniser, RecogniserParams
from pipelines.nn import checkpoint
from pipelines.nn.words import by_length


def posteriors(model: Recogniser, encoder: Encoder, features: list[Tensor], batch_size: int = 128) -> list[Tensor]:
    """Log probabilities (T', C) of each recording's steps, in the order of `features`, computed sorted by length."""
    device = next(model.parameters()).device
    found: list[Tensor] = [torch.empty(0)] * len(features)
    with torch.inference_mode():
        for chosen in by_length(map(len, features), batch_size):
            log_probs, steps = model(encoder.unlabelled([features[index] for index in chosen]).to(device))
            for index, row, length in zip(chosen, log_probs.cpu(), steps.tolist(), strict=True):
                found[index] = row[:length]
    return found


def save_recogniser(path: Path, model: Recogniser, encoder: Encoder) -> None:
    """Writes all that recognising needs into one file."""
    state = {
        "weights": model.state_dict(),
        "params": vars(model.params),
        "characters": encoder.alphabet.characters,
        "training": encoder.training,
    }
    checkpoint.save(path, state)


def load_recogniser(path: Path) -> tuple[Recogniser, Encoder]:
    """The recogniser saved at `path`, ready to recognise. Raises ValueError for a file that is damaged."""
    state = checkpoint.load(path)
    params = parse(RecogniserParams, state["params"], f"params in {path}")
    alphabet = Alphabet(tuple(state["characters"]))
    training = state["training"]
    encoder = Encoder(alphabet, params, params.normalisation, tuple(training) if training else None)
    model = Recogniser(params, len(alphabet))
    model.load_state_dict(state["weights"])
    return model.eval(), encoder
