"""Which sounds there are, what is said in them and by whom: tables of many layouts, and Kaldi's lists."""

from pathlib import Path

import pandas as pd

from stages.errors import StageError
from stages.formats.kind import Request
from stages.formats.rows import UNNAMED, Rows, decoded, hidden, read_rows, split_of_path
from stages.splits import split_of

FILE = ("file", "path", "audio", "audio_filepath", "audio_file", "filename", "file_name", "wav")
TEXT = ("text", "sentence", "transcript", "transcription", "normalized_text", "words")
SPEAKER = ("speaker", "client_id", "speaker_id", "spk", "reader")
TRANSLATION = ("translation",)
TABLES = (".tsv", ".csv", ".jsonl", ".ndjson", ".json")
SOUNDS = (".wav", ".flac", ".ogg", ".mp3", ".opus", ".aiff", ".aif")


def of_tables(request: Request) -> Rows:
    """A row for each line of the tables in the folder (or of the one that `path` is)."""
    path = request.path
    if not path.exists():
        raise StageError(f"{path} does not exist: give the folder of the recordings")
    base = path if path.is_dir() else path.parent
    found = [path] if path.is_file() else sorted(path.rglob("*"))
    tables = [file for file in found if file == path or (file.suffix.lower() in TABLES and not hidden(file, path))]
    named = [file for file in tables if split_of(file.stem)]
    tables = named or tables
    if not tables:
        raise StageError(f"{path} holds no table of files and texts ({', '.join(TABLES)}), and no wav.scp with text")
    places = {file.name: file for file in sorted(base.rglob("*")) if file.suffix.lower() in SOUNDS}
    stems = {file.stem: file for file in places.values()}
    parts: list[pd.DataFrame] = []
    splits: list[str] = []
    notes: list[str] = []
    for file in tables:
        rows = read_rows(file, request.options, request.columns, (*FILE, *TEXT).__contains__)
        columns = [str(column) for column in rows.table.columns]
        is_bare = tuple(columns[:2]) == UNNAMED
        name = columns[0] if is_bare and "file" not in request.columns else rows.need("file", request.columns, FILE)
        text = columns[-1] if is_bare and "text" not in request.columns else rows.need("text", request.columns, TEXT)
        speaker = rows.find("speaker", request.columns, SPEAKER)
        translation = rows.find("translation", request.columns, TRANSLATION)
        files = [_place(cell, file, places, stems) for cell in rows.table[name]]
        part = pd.DataFrame({"file": files, "said": list(rows.table[text])})
        part["speaker"] = list(rows.table[speaker]) if speaker else ""
        if translation:
            part["translation"] = list(rows.table[translation])
        given, _ = rows.given(request.columns)
        parts.append(part)
        splits += [one or split_of_path(file, base) for one in given]
        notes += [f"{note} ({file.name})" for note in rows.notes]
    return Rows(base, pd.concat(parts, ignore_index=True), splits, notes)


def _place(cell: str, table: Path, by_name: dict[str, Path], by_stem: dict[str, Path]) -> str:
    """The file that a table names: beside it, or anywhere in the folder by its name, with or without its ending."""
    beside = table.parent / cell
    found = beside if beside.is_file() else by_name.get(Path(cell).name) or by_stem.get(Path(cell).name)
    if found is None:
        raise StageError(f"{table} names the recording {cell!r}, which is not beside it nor in a folder there")
    return str(found)


def of_kaldi(request: Request) -> Rows | None:
    """The rows of wav.scp, text and, if it is there, utt2spk, in the folder or in one for each split."""
    path = request.path
    lists = sorted(path.rglob("wav.scp")) if path.is_dir() else []
    if not lists:
        return None
    rows: list[tuple[str, str, str]] = []
    splits: list[str] = []
    for scp in lists:
        texts, speakers = (_keyed(scp.with_name(name)) for name in ("text", "utt2spk"))
        for key, place in _keyed(scp).items():
            if place.rstrip().endswith("|"):
                raise StageError(f"{scp}: {key} is a command, {place!r}: name a file")
            if key not in texts:
                raise StageError(f"{scp}: {key} has no line in {scp.with_name('text')}")
            file = Path(place) if Path(place).is_file() else scp.parent / place
            rows.append((str(file), texts[key], speakers.get(key, "")))
            splits.append(split_of_path(scp.parent, path) if scp.parent != path else "")
    table = pd.DataFrame(rows, columns=["file", "said", "speaker"], dtype="str")
    return Rows(path, table, splits, [f"read as: Kaldi's wav.scp and text, {len(rows):,} recordings"])


def _keyed(file: Path) -> dict[str, str]:
    if not file.is_file():
        return {}
    pairs = (line.split(maxsplit=1) for line in decoded(file, "")[0].split("\n") if line.strip())
    return {pair[0]: pair[1] if len(pair) > 1 else "" for pair in pairs}
