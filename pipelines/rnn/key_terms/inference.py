"""A trained network: saved, loaded, and asked for the key terms of texts. Training and prediction both use it."""

from dataclasses import dataclass
from pathlib import Path

import torch

from params import parse
from pipelines.nn import checkpoint
from pipelines.nn.words import Vocabulary, by_length
from pipelines.rnn.key_terms.data import TAGS, Encoder
from pipelines.rnn.key_terms.model import KeyTermNetwork, KeyTermParams
from pipelines.rnn.key_terms.scores import Phrase, ranked_phrases


@dataclass(frozen=True)
class KeyTerms:
    """The key terms of a document: its words in lower case, their tags, and its best phrases, the best first."""

    words: list[str]
    tags: list[str]
    ranked: list[Phrase]


def name_terms(model: KeyTermNetwork, encoder: Encoder, texts: list[str], batch_size: int = 64) -> list[KeyTerms]:
    """The key terms of each text, in the order of `texts`. Raises ValueError for a text without words."""
    device = next(model.parameters()).device
    found: dict[int, KeyTerms] = {}
    with torch.inference_mode():
        for chosen in by_length((text.count(" ") for text in texts), batch_size):
            batch = encoder.batch([texts[index] for index in chosen])
            best, shares = model.decide(batch.to(device))
            for index, row, share in zip(chosen, best.tolist(), shares.cpu().double(), strict=True):
                words = texts[index].lower().split()
                tags = [TAGS[tag] for tag in row[: len(words)]]
                begin, inside = (share[: len(words), TAGS.index(tag)].tolist() for tag in ("B", "I"))
                found[index] = KeyTerms(words, tags, ranked_phrases(words, begin, inside))
    return [found[index] for index in range(len(texts))]


def save_network(path: Path, model: KeyTermNetwork, params: KeyTermParams, vocabulary: Vocabulary) -> None:
    """Writes all that prediction needs into one file."""
    checkpoint.save(path, {"weights": model.state_dict(), "params": vars(params), "vocabulary": vars(vocabulary)})


def load_network(path: Path) -> tuple[KeyTermNetwork, Encoder]:
    """The network saved at `path`, ready to answer. Raises ValueError for a file that is damaged."""
    state = checkpoint.load(path)
    vocabulary = Vocabulary.from_json(state["vocabulary"])
    model = KeyTermNetwork(parse(KeyTermParams, state["params"], f"params in {path}"), vocabulary)
    model.load_state_dict(state["weights"])
    return model.eval(), Encoder(vocabulary)
