"""Raw files of either source to tables."""

import re
from pathlib import Path
from typing import Any

import pandas as pd

from stages.archives import members
from stages.dataset import Prepared
from stages.datasets.key_terms.origin import ARCHIVE, PARTS
from stages.errors import StageError
from stages.texts.abstracts import tag_terms

COLUMNS = {"id": "int64", "text": "string", "tags": "string", "key_terms": "string"}
WORD = re.compile(r"[A-Za-z0-9]+(?:[-'./][A-Za-z0-9]+)*|[^\sA-Za-z0-9]")


def read(folder: Path) -> Prepared:
    """Unpack, unfold, split into words, and tag where a key term is written out."""
    outer = members(folder / ARCHIVE, lambda name: name.endswith(".zip"))
    inner = {name.rpartition("/")[2]: content for name, content in outer.items()}
    tables, facts = {}, {}
    for split, part in PARTS.items():
        if f"{part}.zip" not in inner:
            raise StageError(f"{folder / ARCHIVE} lacks {part}.zip; it has {', '.join(inner)}. Download it again.")
        tables[split], facts[split] = _read_part(
            members(inner[f"{part}.zip"], lambda name: not name.endswith(".contr"), name=f"{part}.zip")
        )
    return Prepared(tables, {"key_terms": facts})


def _read_part(files: dict[str, bytes]) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The table of a split, and how many of its phrases its texts contain."""
    rows: list[tuple[int, str, str, str]] = []
    phrases = found = tagged = 0
    for number in sorted(int(name.removesuffix(".abstr")) for name in files if name.endswith(".abstr")):
        text, key_terms = (_unfolded(files, f"{number}.{kind}") for kind in ("abstr", "uncontr"))
        listed = [phrase.strip() for phrase in key_terms.split(";")]
        words = WORD.findall(text)
        tags = tag_terms(words, [in_words(phrase) for phrase in listed])
        rows.append((number, " ".join(words), " ".join(tags), ";".join(listed)))
        phrases += len(listed)
        found += sum(phrase.lower() in text.lower() for phrase in listed)
        tagged += written_out(" ".join(words), listed)
    facts = {"phrases": phrases, "found": found, "found_share": round(found / phrases, 4), "taggable": tagged}
    return pd.DataFrame(rows, columns=list(COLUMNS)), facts


def _unfolded(files: dict[str, bytes], name: str) -> str:
    try:
        return " ".join(files[name].decode("ascii").split())
    except KeyError:
        raise StageError(f"the document has no {name}. Download it again.") from None
    except UnicodeDecodeError as error:
        raise StageError(f"{name} is not ASCII text: {error}. Download it again.") from error


def in_words(phrase: str) -> str:
    """A phrase split into words as a text is."""
    return " ".join(WORD.findall(phrase))


def written_out(text: str, listed: list[str]) -> int:
    """How many of the phrases occur in `text` (words joined by blanks), whole words only, whatever their case."""
    padded = f" {text.lower()} "
    return sum(f" {in_words(phrase).lower()} " in padded for phrase in listed)
