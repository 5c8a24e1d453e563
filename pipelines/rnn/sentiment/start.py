"""A classifier that starts from what an auto-encoder learned of sentences without verdicts.

Dai & Le (2015), "Semi-supervised sequence learning", section 2: the reader of a sequence auto-encoder is where a
classifier's reader starts from. Both must have the same cell and sizes.
"""

from pathlib import Path

import torch

from pipelines.nn import checkpoint
from pipelines.nn.words import Vocabulary
from pipelines.rnn.sentiment.model import TextClassifier

EMBEDDING, READER = "encoder.embedding.weight", "encoder.recurrent."


def start_from(path: Path, model: TextClassifier, vocabulary: Vocabulary) -> int:
    """Gives `model` the reader of the auto-encoder kept at `path`, and the embedding of each word that both know.

    Returns how many words those are. Raises ValueError where the file is none of an auto-encoder of words, or where its
    reader does not fit.
    """
    state = checkpoint.load(path)
    if "languages" not in state or EMBEDDING not in state["weights"]:
        raise ValueError(f"{path} holds no auto-encoder: name the model.safetensors of a run of seq2seq-sentences")
    learned, names = state["weights"], state["languages"]["source"]["symbols"]
    reader = {name.removeprefix(READER): value for name, value in learned.items() if name.startswith(READER)}
    wanted = model.recurrent.state_dict()
    embedding = model.features.word_embedding.weight
    shapes = {name: tuple(value.shape) for name, value in {**reader, EMBEDDING: learned[EMBEDDING][0]}.items()}
    expected = {name: tuple(value.shape) for name, value in {**wanted, EMBEDDING: embedding[0]}.items()}
    if shapes != expected:
        apart = next(name for name in {**expected, **shapes} if shapes.get(name) != expected.get(name))
        raise ValueError(
            f"{path}: {apart} is {shapes.get(apart, 'not there')}, the classifier's is "
            f"{expected.get(apart, 'not there')}: give it that run's cell, hidden_size, num_layers and bidirectional, "
            "its embedding_size as word_size, and neither char_size nor context_window"
        )
    model.recurrent.load_state_dict(reader)
    rows = {name: row for row, name in enumerate(names)}
    both = [(place, rows[word]) for place, word in enumerate(vocabulary.words) if word in rows]
    places, from_rows = torch.tensor(both).unbind(dim=1)
    with torch.no_grad():
        embedding[places] = learned[EMBEDDING][from_rows].to(embedding)
    return len(both)
