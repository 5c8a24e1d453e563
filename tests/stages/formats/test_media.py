"""Pictures and recordings as people have them: of any size, rate and format, in folders and in tables."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from params import parse
from stages import formats
from stages.dataset import Prepared
from stages.errors import StageError
from stages.own import Entry, request_of
from tests.stages.formats.files import write_pictures, write_recordings


def read(kind: str, path: Path, **entry: Any) -> Prepared:
    request = request_of("mine", parse(Entry, {"kind": kind, "path": str(path), **entry}, "own.mine"), "own.mine")
    return formats.find(kind).read(request)


def test_pictures_of_any_size_and_mode_by_folder(tmp_path: Path) -> None:
    write_pictures(tmp_path, 40)
    prepared = read("pictures", tmp_path, options={"size": 36})
    assert prepared.facts == {"classes": {"pictures": ["left", "top"]}, "size": 36}
    for name, table in prepared.tables.items():
        pixels = prepared.arrays[name]["pixels"].astype(float)
        assert pixels.shape == (len(table), 36, 36, 3)
        first = [one[:, :10].mean() - one[:, -10:].mean() if label == "left" else one[:10].mean() - one[-10:].mean()
                 for one, label in zip(pixels, table["class"], strict=True)]  # fmt: skip
        assert min(first) > 60
    assert sum(map(len, prepared.tables.values())) == 40


def test_pictures_that_a_table_lists_with_their_splits(tmp_path: Path) -> None:
    write_pictures(tmp_path, 12)
    files = sorted(tmp_path.rglob("*.*"))
    rows = [f"{file.relative_to(tmp_path)},{file.parent.name},{split}"
            for file, split in zip(files, ("train", "dev", "test") * 4, strict=True)]  # fmt: skip
    (tmp_path / "list.csv").write_text("\n".join(["image,label,split", *rows]))
    prepared = read("pictures", tmp_path)
    assert [len(table) for table in prepared.tables.values()] == [4, 4, 4]


def test_pictures_that_cannot_be_read_and_folders_without_classes_are_named(tmp_path: Path) -> None:
    write_pictures(tmp_path / "all", 6)
    (tmp_path / "all" / "top" / "broken.png").write_bytes(b"nothing")
    with pytest.raises(StageError, match=r"1 of 7 pictures cannot be read: .*broken\.png"):
        read("pictures", tmp_path / "all")
    with pytest.raises(StageError, match="is in no folder of a class"):
        read("pictures", tmp_path / "all" / "left")


def test_common_voice_of_two_rates_and_formats_keeps_speakers_together(tmp_path: Path) -> None:
    write_recordings(tmp_path, 48)
    prepared = read("recordings", tmp_path)
    assert prepared.facts["samples_a_second"] == 16_000
    assert prepared.facts["characters"] == [" ", "a", "b", "c"]
    speakers = [set(table["speaker"]) for table in prepared.tables.values()]
    assert sum(map(len, speakers)) == len(set.union(*speakers)) == 12
    for name, table in prepared.tables.items():
        assert len(prepared.arrays[name]["samples"]) == table["length"].sum()
        assert table["text"].str.fullmatch("[abc]{2} [abc]{2}").all()
        assert table["length"].between(12_000, 14_000).all()


def tone(file: Path, rate: int = 8000) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(file, 0.3 * np.sin(np.arange(rate) / 5), rate)


def test_lj_speech_json_lines_and_kaldi(tmp_path: Path) -> None:
    for layout in ("lj", "lines", "kaldi/train"):
        for number in range(8):
            tone(tmp_path / layout / "wavs" / f"LJ{number}.wav")
    (tmp_path / "lj" / "metadata.csv").write_text("".join(f"LJ{n}|Of No. {n}.|of number {n}.\n" for n in range(8)))
    lines = [json.dumps({"audio_filepath": f"wavs/LJ{n}.wav", "text": f"of number {n}"}) for n in range(8)]
    (tmp_path / "lines" / "manifest.jsonl").write_text("\n".join(lines))
    (tmp_path / "kaldi" / "train" / "wav.scp").write_text("".join(f"u{n} wavs/LJ{n}.wav\n" for n in range(8)))
    (tmp_path / "kaldi" / "train" / "text").write_text("".join(f"u{n} of number {n}\n" for n in range(8)))
    for layout in ("lj", "lines", "kaldi"):
        tables = read("recordings", tmp_path / layout).tables
        assert {text for table in tables.values() for text in table["text"]} == {f"of number {n}" for n in range(8)}


def test_a_translation_is_the_text_of_speech_translation(tmp_path: Path) -> None:
    rows = ["file\ttext\ttranslation"]
    for number in range(8):
        tone(tmp_path / f"{number}.wav")
        rows.append(f"{number}.wav\tone {number}\teins {number}")
    (tmp_path / "list.tsv").write_text("\n".join(rows))
    table = read("recordings", tmp_path).tables["train"]
    assert table["text"].str.startswith("eins").all()
    assert table["said"].str.startswith("one").all()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("list.csv", "file,text\nnone.wav,hello\n", "names the recording 'none.wav'"),
        ("list.csv", "file,text\nbad.wav,hello\n", "1 of 1 recordings cannot be read"),
        ("notes.doc", "", "holds no table of files and texts"),
        ("wav.scp", "u1 sox in.wav -t wav - |\n", "u1 is a command"),
    ],
)
def test_mistakes_are_named(name: str, content: str, says: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    (tmp_path / "bad.wav").write_bytes(b"RIFF")
    with pytest.raises(StageError) as error:
        read("recordings", tmp_path)
    assert says in str(error.value)
