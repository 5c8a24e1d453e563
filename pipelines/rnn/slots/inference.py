"""A trained tagger: saved, loaded, and asked for tags. Training, the command line and the served model all use it."""

from pathlib import Path

import torch

from params import parse
from pipelines.nn import checkpoint
from pipelines.nn.words import by_length
from pipelines.rnn.slots.data import Encoder, SlotVocabulary
from pipelines.rnn.slots.model import SlotTagger, TaggerParams


def label(model: SlotTagger, encoder: Encoder, texts: list[str], batch_size: int = 256) -> list[list[str]]:
    """The tags of each text's words, in the order of `texts`, which are labelled sorted by length.

    Raises ValueError for a text without words.
    """
    device = next(model.parameters()).device
    tags: list[list[str]] = [[]] * len(texts)
    with torch.inference_mode():
        for chosen in by_length((text.count(" ") for text in texts), batch_size):
            batch = encoder.batch([texts[index] for index in chosen]).to(device)
            best = model.best_tags(batch)  # (B, T)
            for index, row, length in zip(chosen, best.tolist(), batch.lengths.tolist(), strict=True):
                tags[index] = [encoder.vocabulary.tags[tag] for tag in row[:length]]
    return tags


def save_tagger(path: Path, model: SlotTagger, vocabulary: SlotVocabulary) -> None:
    """Writes all that labelling needs into one file."""
    state = {"weights": model.state_dict(), "params": vars(model.params), "vocabulary": vars(vocabulary)}
    checkpoint.save(path, state)


def load_tagger(path: Path) -> tuple[SlotTagger, Encoder]:
    """The tagger saved at `path`, ready to label. Raises ValueError for a file that is damaged."""
    state = checkpoint.load(path)
    vocabulary = SlotVocabulary.from_json(state["vocabulary"])
    model = SlotTagger(parse(TaggerParams, state["params"], f"params in {path}"), vocabulary)
    model.load_state_dict(state["weights"])
    return model.eval(), Encoder(vocabulary)
