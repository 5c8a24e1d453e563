"""Sentences and their translations in several files, aligned line by line, or as units of TMX."""

import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from stages.errors import StageError
from stages.formats.kind import Request
from stages.formats.rows import SUFFIXES, Rows, decoded, split_of_path

SOURCE = ("source", "src", "from", "input")
TARGET = ("target", "tgt", "trg", "to", "translation", "output")
LANGUAGE = re.compile(r"[a-z]{2,3}(?:[-_][A-Za-z]{2,4})?")
XML_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def is_language(name: str) -> bool:
    """Whether a name is the code of a language (`en`, `pt-BR`)."""
    return bool(LANGUAGE.fullmatch(name)) and name not in (*SOURCE, *TARGET)


def aligned(files: Sequence[Path]) -> list[tuple[Path, Path]]:
    """Pairs of files of the same name with two suffixes that are no table's: `train.en` and `train.de`."""
    by_stem: dict[Path, list[Path]] = {}
    for file in files:
        if file.suffix and file.suffix.lower() not in SUFFIXES:
            by_stem.setdefault(file.with_suffix(""), []).append(file)
    pairs = {tuple(file.suffix for file in found) for found in by_stem.values()}
    if len(pairs) == 1 and len(next(iter(pairs))) == 2:
        return [(found[0], found[1]) for found in by_stem.values()]
    texts = [file for file in files if file.suffix.lower() == ".txt"]
    ends = [_end(file) for file in texts]
    if len(texts) == len(files) == 2 and all(is_language(end) or end in SOURCE + TARGET for end in ends):
        return [(texts[0], texts[1])]
    return []


def of_lines(pairs: Sequence[tuple[Path, Path]], request: Request) -> tuple[Rows, tuple[str, str]]:
    """Rows of files with as many lines each, and the languages that the files are named by, '' for none."""
    first, second = (_end(file) for file in pairs[0])
    wanted = request.options.source_language or request.columns.get("source")
    is_turned = wanted == second or (first in TARGET and second in SOURCE)
    cells: list[tuple[str, str]] = []
    splits: list[str] = []
    for one, other in pairs:
        lines, others = (_lines(file, request.options.encoding) for file in (one, other))
        if len(lines) != len(others):
            raise StageError(
                f"{one} has {len(lines):,} lines and {other} {len(others):,}: they are to be aligned line by line. "
                f"The last lines are {lines[-1][:60]!r} and {others[-1][:60]!r}"
            )
        cells += zip(*((others, lines) if is_turned else (lines, others)), strict=True)
        splits += [split_of_path(one, request.path)] * len(lines)
    names = [second, first] if is_turned else [first, second]
    languages = [name if is_language(name) else "" for name in names]
    note = f"read as: files aligned line by line, {names[0]} and {names[1]}"
    return _of_cells(request, cells, splits, note), (languages[0], languages[1])


def _of_cells(request: Request, cells: Sequence[tuple[str, str]], splits: list[str], note: str) -> Rows:
    table = pd.DataFrame(cells, columns=["source", "target"], dtype="str")
    return Rows(request.path, table, splits, [note])


def _lines(file: Path, encoding: str) -> list[str]:
    return decoded(file, encoding)[0].removesuffix("\n").split("\n")


def _end(file: Path) -> str:
    return file.suffix[1:] if file.suffix.lower() != ".txt" else file.stem.rpartition(".")[2] or file.stem


def of_tmx(files: Sequence[Path], request: Request) -> tuple[Rows, tuple[str, str]]:
    """The units of TMX files that have both languages: those asked for, else the two most frequent ones."""
    cells: list[tuple[str, str]] = []
    splits: list[str] = []
    sides: list[str] = [side for side in (request.options.source_language, request.options.target_language) if side]
    for file in files:
        units = _units(file)
        if len(sides) < 2:
            counts = Counter(language for unit in units for language in unit)
            sides += [language for language, _ in counts.most_common() if language not in sides][: 2 - len(sides)]
        if len(sides) < 2:
            raise StageError(f"{file} has texts in {', '.join(sides) or 'no language'}: expected two languages")
        found = [(unit[sides[0]], unit[sides[1]]) for unit in units if sides[0] in unit and sides[1] in unit]
        cells += found
        splits += [split_of_path(file, request.path)] * len(found)
    return _of_cells(request, cells, splits, f"read as: TMX, {sides[0]} and {sides[1]}"), (sides[0], sides[1])


def _units(file: Path) -> list[dict[str, str]]:
    """The translation units of a TMX file: language -> text, markup within a text left out."""
    found = []
    try:
        for _, element in ET.iterparse(file):  # noqa: S314  expat of this Python limits what entities expand to
            if element.tag.rpartition("}")[2] == "tu":
                unit = {}
                for variant in element.iter():
                    if variant.tag.rpartition("}")[2] == "tuv":
                        language = variant.get(XML_LANGUAGE) or variant.get("lang") or ""
                        texts = [part for part in variant.iter() if part.tag.rpartition("}")[2] == "seg"]
                        unit[language.lower()] = "".join("".join(text.itertext()) for text in texts)
                found.append(unit)
                element.clear()
    except ET.ParseError as error:
        raise StageError(f"{file} is no whole TMX file: {error}") from None
    return found
