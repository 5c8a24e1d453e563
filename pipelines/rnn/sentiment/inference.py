"""A trained classifier: saved, loaded, and asked for probabilities. Training and prediction both use it.

Shapes: N texts, L labels.
"""

from pathlib import Path

import numpy as np
import torch

from params import parse
from pipelines.nn import checkpoint
from pipelines.nn.words import by_length
from pipelines.rnn.sentiment.data import Encoder, LabelVocabulary
from pipelines.rnn.sentiment.model import Classifier, ClassifierParams, build_classifier


def probabilities(model: Classifier, encoder: Encoder, texts: list[str], batch_size: int = 256) -> np.ndarray:
    """The probability of each label for each text (N, L), in the order of `texts`.

    Raises ValueError for a text without words.
    """
    device = next(model.parameters()).device
    found = np.zeros((len(texts), len(encoder.vocabulary.labels)))
    with torch.inference_mode():
        for chosen in by_length((text.count(" ") for text in texts), batch_size):
            logits = model(encoder.batch([texts[index] for index in chosen]).to(device))
            found[chosen] = logits.softmax(dim=-1).cpu().numpy()
    return found


def save_classifier(path: Path, model: Classifier, params: ClassifierParams, vocabulary: LabelVocabulary) -> None:
    """Writes all that classifying needs into one file."""
    checkpoint.save(path, {"weights": model.state_dict(), "params": vars(params), "vocabulary": vars(vocabulary)})


def load_classifier(path: Path) -> tuple[Classifier, Encoder]:
    """The classifier saved at `path`, ready to answer. Raises ValueError for a file that is damaged."""
    state = checkpoint.load(path)
    vocabulary = LabelVocabulary.from_json(state["vocabulary"])
    params = parse(ClassifierParams, state["params"], f"params in {path}")
    model = build_classifier(params, vocabulary, len(vocabulary.labels))
    model.load_state_dict(state["weights"])
    return model.eval(), Encoder(vocabulary)
