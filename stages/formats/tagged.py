"""Kind `tagged`: words with a tag each -> table columns text (words joined by blanks) and tags, in IOB2.

CoNLL columns (2002, 2003, Universal Dependencies), folders with `seq.in` and `seq.out`, JSON lines of tokens and tags.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from stages.dataset import Prepared
from stages.errors import StageError
from stages.formats.kind import Kind, Request, Suited, TextOptions, by_split, trained_for
from stages.formats.rows import decoded, hidden, read_rows, split_of_path
from stages.formats.tag_schemes import converted

COLUMNS = {"id": "int64", "text": "string", "tags": "string"}
TOKENS = ("tokens", "words", "text", "token")
TAGS = ("tags", "ner_tags", "labels", "ner", "slots", "pos_tags", "tag")
DOCUMENT = "-DOCSTART-"
UNIVERSAL = 10  # columns of CoNLL-U, of which the second is the word and the fourth its universal tag
TABLES = (".jsonl", ".ndjson", ".json", ".parquet")


@dataclass(frozen=True)
class TaggedOptions(TextOptions):
    """Options of `tagged`."""

    lowercase: bool = False  # capitals say what a name is


@dataclass(frozen=True)
class Sentence:
    """Words, their tags as written, where they are, the split that their file names, and their document."""

    words: list[str]
    tags: list[str]
    place: str
    split: str
    document: int  # 0: the file names none


def read(request: Request) -> Prepared:
    """Tables train, val and test; the facts name the tags of train, and whether words have capitals."""
    sentences, notes = _sentences(request)
    if not sentences:
        raise StageError(f"{request.path} holds no sentence: expected a word and its tag a line, blank lines between")
    tags, scheme = converted([sentence.tags for sentence in sentences])
    words = [["_".join(word.split()) for word in sentence.words] for sentence in sentences]
    if request.options.lowercase:
        words = [[word.lower() for word in sentence] for sentence in words]
    texts = [" ".join(sentence) for sentence in words]
    documents = _documents(sentences, texts)
    split = request.assign([sentence.split for sentence in sentences], texts, groups=documents)
    frame = pd.DataFrame({"text": texts, "tags": [" ".join(row) for row in tags]})
    kinds = Counter(tag[2:] for row in tags for tag in row if tag.startswith("B-"))
    shown = ", ".join(f"{name} {count:,}" for name, count in kinds.most_common(20)) + (
        ", ..." if len(kinds) > 20 else ""
    )
    cased = any(text != text.lower() for text in texts)
    facts = {"slots": sorted(kinds), "cased": cased}
    cases = "with capitals" if cased else "in small letters"
    notes = [*notes, *scheme, *split.notes, f"{len(kinds)} kinds of slots: {shown}", f"words are {cases}"]
    return Prepared(by_split(frame, split.splits, list(COLUMNS)), facts, notes=notes)


def _sentences(request: Request) -> tuple[list[Sentence], list[str]]:
    path = request.path
    if not path.exists():
        raise StageError(f"{path} does not exist: give the path of a file or a folder")
    files = [path] if path.is_file() else sorted(f for f in path.rglob("*") if f.is_file() and not hidden(f, path))
    if any(file.suffix.lower() in TABLES for file in files):
        return _of_rows(request)
    pairs = [file for file in files if file.name == "seq.in"]
    if pairs:
        found = [sentence for file in pairs for sentence in _of_lines(file, file.with_name("seq.out"), path)]
        return found, [f"read as: seq.in and seq.out ({len(pairs)} folders)"]
    sentences: list[Sentence] = []
    notes = Counter[str]()
    for file in files:
        read, note = _of_columns(file, request)
        sentences += read
        notes[note] += 1
    return sentences, [
        f"read as: {note} ({count} {'file' if count == 1 else 'files'})" for note, count in notes.items()
    ]


def _of_lines(words: Path, tags: Path, base: Path) -> Iterator[Sentence]:
    if not tags.exists():
        raise StageError(f"{tags} is missing: {words} needs it, line by line")
    lines, labels = ([line.split() for line in decoded(file, "")[0].split("\n")] for file in (words, tags))
    if len(lines) != len(labels):
        raise StageError(f"{words} has {len(lines)} lines, {tags} has {len(labels)}: expected as many")
    for number, (line, label) in enumerate(zip(lines, labels, strict=True), start=1):
        if line or label:
            yield Sentence(line, label, f"{words}, line {number}", split_of_path(words, base), 0)


def _of_rows(request: Request) -> tuple[list[Sentence], list[str]]:
    rows = read_rows(request.path, request.options)
    tokens, tags = rows.need("tokens", request.columns, TOKENS), rows.need("tags", request.columns, TAGS)
    given, _ = rows.given(request.columns)
    found = []
    for number, (words, labels, split) in enumerate(
        zip(rows.table[tokens], rows.table[tags], given, strict=True), start=1
    ):
        place = f"{request.path}, row {number}"
        found.append(Sentence(_list(words, place), _list(labels, place), place, split, 0))
    if all(tag.isdigit() for sentence in found for tag in sentence.tags):
        raise StageError(f"{request.path}: {tags} holds numbers: expected the names of tags, such as B-PER")
    return found, [*rows.notes, f"columns: tokens are {tokens}, tags are {tags}"]


def _list(cell: str, place: str) -> list[str]:
    if not cell.startswith("["):
        return cell.split()
    try:
        return [str(entry) for entry in json.loads(cell)]
    except ValueError:
        raise StageError(f"{place}: expected a list, found {cell[:80]!r}") from None


def _of_columns(file: Path, request: Request) -> tuple[list[Sentence], str]:
    text, encoding = decoded(file, request.options.encoding)
    lines = text.split("\n")
    is_tabbed = sum("\t" in line for line in lines) > sum(bool(line.strip()) for line in lines) / 2
    split = split_of_path(file, request.path)
    found: list[Sentence] = []
    words: list[str] = []
    tags: list[str] = []
    document = begin = width = 0
    for number, line in enumerate([*lines, ""], start=1):
        cells = (line.split("\t") if is_tabbed else line.split()) if line.strip() else []
        if cells and cells[0] == DOCUMENT:
            document += 1
            cells = []
        if not cells:
            if words:
                found.append(Sentence(words, tags, f"{file}, line {begin}", split, document))
                words, tags = [], []
            continue
        if line.startswith("#") and len(cells) != (width or 2):
            continue
        width = width or len(cells)
        if len(cells) != width or width < 2:
            raise StageError(
                f"{file}, line {number}: {len(cells)} columns, expected {max(width, 2)}, a word and its tag: "
                f"{line[:80]!r}"
            )
        if width == UNIVERSAL and not cells[0].isdigit():  # a contraction (`3-4`) or an empty node (`8.1`)
            continue
        begin = begin if words else number
        words.append(cells[_column(request, "tokens", 2 if width == UNIVERSAL else 1, width) - 1].strip())
        tags.append(cells[_column(request, "tags", 4 if width == UNIVERSAL else width, width) - 1].strip())
    universal = "CoNLL-U, universal tags" if width == UNIVERSAL else f"CoNLL, {width} columns"
    return found, f"{universal}, {encoding}"


def _column(request: Request, role: str, usual: int, width: int) -> int:
    number = request.columns.get(role, usual)
    if not isinstance(number, int) or not 1 <= number <= width:
        raise StageError(f"columns.{role} is {number!r}: the files have {width} columns without names, from 1")
    return number


def _documents(sentences: Sequence[Sentence], texts: Sequence[str]) -> list[str] | None:
    """The document of each sentence, named by what is in it; None where none is marked."""
    if not any(sentence.document for sentence in sentences):
        return None
    places = [(sentence.place.rpartition(",")[0], sentence.document) for sentence in sentences]
    content: dict[tuple[str, int], list[str]] = {}
    for place, text in zip(places, texts, strict=True):
        content.setdefault(place, []).append(text)
    return ["\n".join(content[place]) for place in places]


def suited(prepared: Prepared) -> Suited:
    """A CRF and the spelling of words; about 1,500 updates, fewer tags want no more."""
    rows = len(prepared.tables["train"])
    batch_size = 8 if rows < 1000 else 16 if rows < 5000 else 32
    epochs, why = trained_for(rows, batch_size, 1500, epochs=(2, 40))
    return Suited(
        {
            "seeds": 1,
            "training": {"epochs": epochs, "batch_size": batch_size},
            "variants": {"lstm": {}, "gru-crf": {"seeds": 1}},
        },
        why,
    )


KIND = Kind(
    name="tagged",
    about="words with a tag each: CoNLL columns, seq.in and seq.out, JSON lines of tokens and tags",
    roles={"tokens": "the words", "tags": "their tags", "split": "train, val or test"},
    options=TaggedOptions,
    columns=COLUMNS,
    read=read,
    like="rnn-slots",
    suited=suited,
)
