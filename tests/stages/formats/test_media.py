"""Pictures and recordings as people have them: of any size, rate and format, in folders and in tables."""

import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile
from PIL import Image

from params import parse
from pipelines.sound import audio
from pipelines.vgg16 import photos
from stages import formats
from stages.dataset import Prepared, RuleContext
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
    prepared = read("pictures", tmp_path / "all")
    assert sum(map(len, prepared.tables.values())) == 7
    (why,) = [why for table in prepared.tables.values() for why in table["unreadable"] if why]
    assert why.endswith("broken.png is not a picture that can be read (PNG, JPEG, GIF, WebP, TIFF, ...)")
    with pytest.raises(StageError, match="is in no folder of a class"):
        read("pictures", tmp_path / "all" / "left")


def rows_of(table: pd.DataFrame) -> list[Any]:
    return list(table.itertuples())


def odd_pictures(folder: Path) -> None:
    """Samples of other ranges and kinds than 0 to 255, transparency, a blank one, and one that ends early."""
    rng = np.random.default_rng(0)
    ramp = np.linspace(0, 1, 48 * 48, dtype=np.float32).reshape(48, 48)
    (folder / "a").mkdir(parents=True)
    for number in range(60):
        Image.fromarray(rng.integers(0, 256, (40, 60, 3), dtype=np.uint8)).save(folder / "a" / f"plain{number}.png")
    Image.fromarray(ramp).save(folder / "a" / "floats.tiff")
    Image.fromarray((ramp * 4095).astype(np.uint16)).save(folder / "a" / "twelve_bits.png")
    alpha = (ramp > 0.5).astype(np.uint8) * 255
    Image.merge("LA", [Image.fromarray(alpha * 0 + 90), Image.fromarray(alpha)]).save(folder / "a" / "transparent.png")
    Image.new("RGB", (50, 50), "teal").save(folder / "a" / "blank.png")
    whole = (folder / "a" / "plain0.png").read_bytes()
    (folder / "a" / "cut.png").write_bytes(whole[: len(whole) // 2])


def test_odd_pictures_are_those_that_prediction_sees(tmp_path: Path) -> None:
    odd_pictures(tmp_path)
    prepared = read("pictures", tmp_path)
    for name, table in prepared.tables.items():
        for row, pixels in zip(rows_of(table), prepared.arrays[name]["pixels"], strict=True):
            if row.unreadable:
                assert row.file == "a/cut.png"
                continue
            photo = photos.from_text(photos.as_text(tmp_path / row.file), 32, "picture")
            assert (photo.pixels == pixels).all()
            assert all(part in photo.warnings for part in row.odd.split("; ") if part)
    odd = {row.file for table in prepared.tables.values() for row in rows_of(table) if row.odd}
    assert odd == {"a/floats.tiff", "a/twelve_bits.png"}


def broken_rules(kind: str, prepared: Prepared) -> dict[str, str]:
    """The rules that some row breaks, and how grave that is."""
    rules = importlib.import_module(f"stages.formats.rules.{kind}").rules
    suites = rules(RuleContext("own", None, prepared.tables, prepared.facts, dict(prepared.arrays)))
    return {
        rule.column: rule.severity
        for suite in suites
        for rule in suite.rules
        if hasattr(rule, "column") and rule.column in ("unreadable", "odd", "blank") and suite.rows[rule.column].any()
    }


def test_pictures_that_cannot_be_read_are_critical_and_odd_ones_a_warning(tmp_path: Path) -> None:
    odd_pictures(tmp_path)
    assert broken_rules("pictures", read("pictures", tmp_path)) == {
        "unreadable": "critical",
        "odd": "warning",
        "blank": "warning",
    }


def odd_recordings(folder: Path) -> None:
    """Channels that cancel each other, an offset, a file that ends early, one in another scale, and one broken."""
    wave = 0.3 * np.sin(np.arange(16_000) / 5)
    lines = ["file\ttext"]
    sounds = {"opposed": np.stack([wave, -wave], 1), "offset": wave + 0.4, "scale": wave * 32768, "cut": wave}
    for name, samples in sounds.items():
        soundfile.write(folder / f"{name}.wav", samples, 16_000, subtype="FLOAT")
        lines.append(f"{name}.wav\t{name}")
    whole = (folder / "cut.wav").read_bytes()
    (folder / "cut.wav").write_bytes(whole[: len(whole) * 2 // 3])
    (folder / "broken.wav").write_bytes(b"RIFF, they say")
    for number in range(40):
        tone(folder / f"{number}.wav", 16_000)
        lines.append(f"{number}.wav\ttone {number}")
    (folder / "list.tsv").write_text("\n".join([*lines, "broken.wav\tbroken"]))


def test_odd_recordings_are_those_that_prediction_hears(tmp_path: Path) -> None:
    odd_recordings(tmp_path)
    prepared = read("recordings", tmp_path)
    odd: dict[str, str] = {}
    for name, table in prepared.tables.items():
        samples = prepared.arrays[name]["samples"]
        for row in rows_of(table):
            if row.unreadable:
                assert (row.file, row.length) == ("broken.wav", 0)
                continue
            pieces = list(audio.pieces(tmp_path / row.file, row.file))
            heard = np.concatenate([piece.samples for piece in pieces])
            assert np.abs(samples[row.start : row.start + row.length] / 32767 - heard).max() < 1e-4
            odd |= {row.file: row.odd} if row.odd else {}
            assert all(note in row.odd for piece in pieces for note in piece.notes)
    assert set(odd) == {"opposed.wav", "offset.wav", "scale.wav", "cut.wav"}
    assert broken_rules("recordings", prepared) == {"unreadable": "critical", "odd": "warning"}


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
        ("list.csv", "file,text\nbad.wav,hello\n", "none of 1 recordings in "),
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
