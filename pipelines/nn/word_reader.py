"""The part of a saved model that reads words, as another task may start from it: a contract between checkpoints.

A model that reads words by an embedding and a `Recurrent` has an entry for it in its checkpoint: the words it knows,
and where in the checkpoint's `weights` the two parts are. A task that starts from it needs nothing else, neither its
family nor its classes.

Shapes: V words, E the width of an embedding.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from pipelines.nn import checkpoint

ENTRY = "word_reader"


@dataclass(frozen=True)
class WordReader:
    """Words, their embedding (V, E) in the same order, and the state of the `Recurrent` that reads them."""

    words: tuple[str, ...]
    embedding: Tensor
    recurrent: Mapping[str, Tensor]


def entry(words: Sequence[str], embedding: str, recurrent: str) -> dict[str, Any]:
    """What a checkpoint adds to be read by `load`.

    `embedding` is the name of the embedding's weight (V, E) in the checkpoint's `weights`, `recurrent` the beginning of
    the names of the recurrent layers' weights.
    """
    return {ENTRY: {"words": list(words), "embedding": embedding, "recurrent": recurrent}}


def load(path: Path) -> WordReader:
    """The reader in the checkpoint at `path`. Raises ValueError where it has none, and for a file that is damaged."""
    state = checkpoint.load(path)
    if ENTRY not in state:
        raise ValueError(f"{path} holds no reader of words: name the model.safetensors of a run of seq2seq-sentences")
    found, weights = state[ENTRY], state["weights"]
    recurrent = {
        name.removeprefix(found["recurrent"]): value
        for name, value in weights.items()
        if name.startswith(found["recurrent"])
    }
    return WordReader(tuple(found["words"]), weights[found["embedding"]], recurrent)
