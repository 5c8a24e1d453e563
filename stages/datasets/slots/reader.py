"""Raw files of either source to tables."""

from pathlib import Path

import pandas as pd

from stages.dataset import Prepared
from stages.datasets.slots.origin import FOLDERS
from stages.errors import StageError
from stages.texts.lines import read_lines

COLUMNS = {"id": "int64", "text": "string", "tags": "string", "intent": "string"}


def read(folder: Path) -> Prepared:
    """Parse the published layout."""
    facts = {
        "tags": [tag for tag in read_lines(folder / "slot_label.txt") if tag not in ("PAD", "UNK")],
        "intents": [intent for intent in read_lines(folder / "intent_label.txt") if intent != "UNK"],
    }
    return Prepared({split: _read_split(folder / name) for split, name in FOLDERS.items()}, facts)


def _read_split(folder: Path) -> pd.DataFrame:
    texts, tags, intents = (read_lines(folder / name) for name in ("seq.in", "seq.out", "label"))
    for name, lines in (("seq.out", tags), ("label", intents)):
        if len(lines) != len(texts):
            last = min(len(lines), len(texts))
            raise StageError(
                f"{folder / name} has {len(lines)} lines, {folder / 'seq.in'} has {len(texts)}: "
                f"they do not belong together after line {last}. Download them again."
            )
    for line, (text, tag) in enumerate(zip(texts, tags, strict=True), start=1):
        if (found := len(tag.split())) != (expected := len(text.split())):
            raise StageError(f"{folder / 'seq.out'}, line {line}: {found} tags for the {expected} words {text!r}")
    return pd.DataFrame(
        {
            "id": range(len(texts)),
            "text": [" ".join(text.split()) for text in texts],
            "tags": [" ".join(tag.split()) for tag in tags],
            "intent": [intent.strip() for intent in intents],
        }
    )
