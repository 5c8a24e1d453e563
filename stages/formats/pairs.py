"""Kind `pairs`: sentences and their translations -> table columns source and target.

A table with two columns (TSV, CSV, JSON lines, Parquet), two files that are aligned line by line, or TMX.
"""

import unicodedata
from collections import Counter
from dataclasses import dataclass

import pandas as pd

from stages.dataset import Prepared
from stages.formats.kind import Kind, Request, Suited, TextOptions, by_split, trained_for
from stages.formats.parallel import SOURCE, TARGET, aligned, is_language, of_lines, of_tmx
from stages.formats.rows import UNNAMED, Rows, hidden, read_rows

COLUMNS = {"id": "int64", "source": "string", "target": "string"}
WITHOUT_BLANKS = ("zh", "ja", "th")  # languages whose units are characters
UNDETERMINED = "und"


@dataclass(frozen=True)
class PairOptions(TextOptions):
    """Options of `pairs`; '' is found from names of files, columns and TMX, or from the letters."""

    source_language: str = ""  # `en`: the side that is read
    target_language: str = ""


def read(request: Request) -> Prepared:
    """Tables train, val and test; the facts name both languages."""
    rows, languages = _rows(request)
    source = rows.find("source", request.columns, (*SOURCE, languages[0]))
    target = rows.find("target", request.columns, (*TARGET, languages[1]))
    columns = [str(column) for column in rows.table.columns]
    if source is None and target is None and (len(columns) == 2 or columns[:2] == [*UNNAMED]):
        source, target = columns[:2]
    source = source or rows.need("source", request.columns, SOURCE)
    target = target or rows.need("target", request.columns, TARGET)
    given, _ = rows.given(request.columns)
    group = rows.find("group", request.columns, ())
    frame = pd.DataFrame(
        {
            side: rows.table[column].map(_clean).astype("str")
            for side, column in (("source", source), ("target", target))
        }
    )
    split = request.assign(given, list(frame["source"]), groups=None if group is None else list(rows.table[group]))
    found = [
        options or _language(named, name, frame[side])
        for options, named, name, side in (
            (request.options.source_language, languages[0], source, "source"),
            (request.options.target_language, languages[1], target, "target"),
        )
    ]
    notes = [*rows.notes, f"columns: source is {source}, target is {target}", *split.notes]
    notes.append(f"languages: {found[0]} to {found[1]}")
    frame = frame.mask(frame == "")
    return Prepared(by_split(frame, split.splits, list(COLUMNS)), {"languages": found}, notes=notes)


def _clean(text: str) -> str:
    return " ".join(text.split())


def _language(named: str, column: str, texts: "pd.Series[str]") -> str:
    """A language that a file or a column is named by; else Chinese or Japanese by its letters."""
    if named:
        return named
    if is_language(column):
        return column
    scripts = Counter(script_of(text) for text in texts.head(200))
    return {"CJK": "zh", "HIRAGANA": "ja", "KATAKANA": "ja"}.get(scripts.most_common(1)[0][0], UNDETERMINED)


def script_of(text: str) -> str:
    """The script of most letters of a text, by the first word of their Unicode names; '' without letters."""
    letters = Counter(_script(character) for character in text[:200] if character.isalpha())
    return letters.most_common(1)[0][0] if letters else ""


def _script(character: str) -> str:
    if character.isascii():
        return "LATIN"
    return unicodedata.name(character, "UNKNOWN").split(" ")[0].split("-")[0]


def _rows(request: Request) -> tuple[Rows, tuple[str, str]]:
    """The pairs as a table with its columns, and the languages that files are named by."""
    path = request.path
    files = [path] if path.is_file() else sorted(f for f in path.rglob("*") if f.is_file() and not hidden(f, path))
    if any(file.suffix.lower() == ".tmx" for file in files):
        return of_tmx([file for file in files if file.suffix.lower() == ".tmx"], request)
    if pairs := aligned(files):
        return of_lines(pairs, request)
    return read_rows(path, request.options, request.columns, _is_usual), ("", "")


def _is_usual(name: str) -> bool:
    return name in (*SOURCE, *TARGET) or is_language(name)


def suited(prepared: Prepared) -> Suited:
    """Words, or characters where a language has no blanks; a network and a training by the number of pairs."""
    train = prepared.tables["train"]
    rows = len(train)
    source, target = prepared.facts["languages"]
    batch_size = 16 if rows < 5000 else 32 if rows < 20_000 else 64
    epochs, why = trained_for(rows, batch_size, 4000, epochs=(3, 40))
    size = 64 if rows < 2000 else 128 if rows < 20_000 else 256
    units = {
        side: "characters" if language[:2] in WITHOUT_BLANKS else "words"
        for side, language in (("source", source), ("target", target))
    }
    model = {
        "languages": [source, target],
        "source_units": units["source"],
        "target_units": units["target"],
        "hidden_size": size,
        "embedding_size": size,
        "min_count": 1 if rows < 20_000 else 2,
    }
    training = {"epochs": epochs, "batch_size": batch_size, "learning_rate": 0.012 if size < 256 else 0.003}
    return Suited({"seeds": 1, "model": model, "training": training, "variants": {"attention": {}}}, why)


KIND = Kind(
    name="pairs",
    about="sentences and their translations: two columns, two files aligned line by line, TMX",
    roles={
        "source": "what is read",
        "target": "what is written",
        "split": "train, val or test",
        "group": "kept together",
    },
    options=PairOptions,
    columns=COLUMNS,
    read=read,
    like="seq2seq-translation",
    suited=suited,
)
