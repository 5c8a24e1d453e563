"""A classifier that starts from a reader of words which another task trained, on sentences without labels.

Dai & Le (2015), "Semi-supervised sequence learning", section 2: a classifier starts from the reader of a sequence
auto-encoder. Both must have the same cell and sizes.
"""

from pathlib import Path

import torch

from pipelines.nn import word_reader
from pipelines.nn.words import Vocabulary
from pipelines.rnn.sentiment.model import TextClassifier

EMBEDDING = "embedding"


def start_from(path: Path, model: TextClassifier, vocabulary: Vocabulary) -> int:
    """Gives `model` the recurrent layers of the reader saved at `path`, and the embedding of each word that both know.

    Returns how many words those are. Raises ValueError where the file has no reader of words, or one of another shape.
    """
    reader = word_reader.load(path)
    embedding = model.features.word_embedding.weight
    found = {**reader.recurrent, EMBEDDING: reader.embedding[0]}
    expected = {**model.recurrent.state_dict(), EMBEDDING: embedding[0]}
    for name in {**expected, **found}:
        given, wanted = (str(tuple(side[name].shape)) if name in side else "missing" for side in (found, expected))
        if given != wanted:
            raise ValueError(
                f"{path}: {name} is {given}, the classifier's is {wanted}: give the classifier that run's cell, "
                "hidden_size, num_layers and bidirectional, its embedding_size as word_size, and neither char_size nor "
                "context_window"
            )
    model.recurrent.load_state_dict(reader.recurrent)
    rows = {word: row for row, word in enumerate(reader.words)}
    both = [(place, rows[word]) for place, word in enumerate(vocabulary.words) if word in rows]
    places, from_rows = torch.tensor(both).unbind(dim=1)
    with torch.no_grad():
        embedding[places] = reader.embedding[from_rows].to(embedding)
    return len(both)
