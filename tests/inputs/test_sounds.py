"""Sound files as recorders, phones and downloads leave them: the same samples, or a note that says what is wrong."""

import io
import os
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from inputs.sounds import Piece, pieces

CASES = Path(os.environ.get("DATA_MIRROR", "none")).parent / "cases" / "wav"
RATE = 8000
HEADER = 44  # bytes of a plain WAV file


def voice(seconds: float = 1.2, seed: int = 0) -> np.ndarray:
    """Syllables of noise with a little noise between, as whole 16-bit samples in [-1, 1]."""
    rng = np.random.default_rng(seed)
    times = np.arange(int(seconds * RATE)) / RATE
    loudness = 0.3 * np.sin(2 * np.pi * 2 * times).clip(0) + 0.003
    return np.asarray(np.rint(32768 * loudness * rng.uniform(-1, 1, len(times))) / 32768)


def stored(samples: np.ndarray, kind: str = "WAV", subtype: str | None = None) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, RATE, format=kind, subtype=subtype)
    return file.getvalue()


def read(content: bytes) -> list[Piece]:
    return list(pieces(io.BytesIO(content), "clip"))


def only(content: bytes) -> Piece:
    (piece,) = read(content)
    return piece


def notes(content: bytes) -> str:
    return "; ".join(only(content).notes)


def same(found: np.ndarray, expected: np.ndarray, tolerance: float = 1e-6) -> bool:
    return found.shape == expected.shape and bool(np.abs(found - expected).max() <= tolerance)


def with_data(*parts: bytes) -> bytes:
    """A WAV file with a data chunk for each part."""
    head = stored(voice())[: HEADER - 8]
    return head + b"".join(b"data" + struct.pack("<I", len(part)) + part for part in parts)


def with_length(length: int, content: bytes, after: bytes = b"") -> bytes:
    """A WAV file whose header gives its samples `length` bytes."""
    return content[: HEADER - 4] + struct.pack("<I", length) + content[HEADER:] + after


PLAIN = stored(voice())
SAMPLES = PLAIN[HEADER:]


def test_a_plain_file_is_read_to_the_bit() -> None:
    piece = only(PLAIN)
    assert same(piece.samples, voice(), tolerance=0)
    assert (piece.start, piece.rate, piece.notes, piece.share) == (0.0, RATE, (), 1.0)


# -- headers


@pytest.mark.parametrize(
    ("content", "note"),
    [
        (with_length(0, PLAIN), "the header gives no length: all 1.20 s of the file are read"),
        (with_length(0xFFFFFFFF, PLAIN), ""),
        (with_length(0x7FFFFFFF, PLAIN), ""),
        (PLAIN[:4] + struct.pack("<I", 36) + with_length(0, PLAIN)[8:], "the header gives no length"),
        (with_length(len(SAMPLES) // 2, PLAIN), "the header promises 0.60 s, the file has 1.20 s: all of it is read"),
        (with_data(SAMPLES[:8000], SAMPLES[8000:]), "2 data chunks in one file: read one after the other"),
        (with_data(SAMPLES[:8000], SAMPLES[8000:10000], SAMPLES[10000:]), "3 data chunks in one file"),
        (PLAIN + b"LIST" + struct.pack("<I", 4) + b"INFO", ""),
        (PLAIN + bytes(5000), ""),
        (PLAIN + b"\0", ""),
        (stored(voice(), "RF64"), ""),
        (stored(voice(), "AIFF"), ""),
        (stored(voice(), "WAVEX"), ""),
    ],
)
def test_all_samples_are_read_whatever_the_header_promises(content: bytes, note: str) -> None:
    assert same(only(content).samples, voice(), tolerance=0)
    assert notes(content).startswith(note)
    assert bool(notes(content)) == bool(note)
    assert only(content).share == 1.0


@pytest.mark.parametrize("kind", ["WAV", "RF64", "AIFF", "WAVEX"])
def test_a_file_that_is_cut_off_reports_its_share(kind: str) -> None:
    whole = stored(voice(), kind)
    cut = only(whole[: len(whole) // 2])
    assert same(cut.samples, voice()[: len(cut.samples)], tolerance=0)
    assert cut.share == pytest.approx(0.5, abs=0.02)
    assert "cut off: the header promises" in cut.notes[0]


def test_a_file_that_is_cut_off_is_cut_off_for_each_piece() -> None:
    whole = stored(voice(60))
    found = read(whole[: len(whole) // 2])
    assert len(found) > 3
    assert {piece.share for piece in found} == {found[0].share}
    assert found[0].share == pytest.approx(0.5, abs=0.01)
    assert all("cut off" in piece.notes[0] for piece in found)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "clip is empty"),
        (PLAIN[:HEADER], r"clip is a recording without samples \(cut off: the header promises 1.20 s"),
        (b"\0\0\0\x20ftypM4A \0\0\0\0", "clip is MP4, M4A or 3GP .*ffmpeg"),
        (b"\x1aE\xdf\xa3" + bytes(60), "clip is WebM"),
        (b"<!DOCTYPE html>", "clip is no recording that can be read"),
        (PLAIN[:20], "clip is no recording that can be read"),
        (stored(np.zeros(0)), "clip is a recording without samples"),
    ],
)
def test_what_is_no_recording_is_named(content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(content)


# -- levels and channels


@pytest.mark.parametrize("offset", [0.4, -0.4, 0.02])
def test_an_offset_is_taken_out(offset: float) -> None:
    found = only(stored(voice() + offset, subtype="FLOAT"))
    assert same(found.samples, voice() - voice().mean(), tolerance=1e-5)
    assert f"an offset of {abs(voice().mean() + offset):.1%} of full scale was taken out" in found.notes


@pytest.mark.parametrize(
    ("scale", "subtype", "note"),
    [(2**15, "FLOAT", "16-bit"), (2**23, "FLOAT", "24-bit"), (2**31, "DOUBLE", "32-bit"), (1.0, "FLOAT", "")],
)
def test_samples_in_the_scale_of_integers(scale: float, subtype: str, note: str) -> None:
    found = only(stored(voice() * scale, subtype=subtype))
    assert same(found.samples, voice())
    assert note in "".join(found.notes)
    assert bool(found.notes) == bool(note)


def test_channels_that_cancel_each_other() -> None:
    sound = voice()
    for channels, number in (([sound, -sound], 1), ([0.3 * sound, -sound], 2), ([sound, -sound, 0 * sound], 1)):
        found = only(stored(np.stack(channels, axis=1)))
        assert same(found.samples, channels[number - 1], tolerance=2**-15)
        assert f"channel {number} of {len(channels)} is read" in found.notes[0]


def test_channels_that_do_not_cancel_are_averaged() -> None:
    sound, other = voice(), voice(seed=1)
    for channels in ([sound, sound], [sound, 0 * sound], [sound, other], [sound, 0 * sound, 0 * sound, 0 * sound]):
        found = only(stored(np.stack(channels, axis=1)))
        assert same(found.samples, np.mean(channels, axis=0), tolerance=2**-15)
        assert found.notes == ()


@pytest.mark.parametrize("mains", [50.0, 60.0, 50.1])
@pytest.mark.parametrize("height", [0.05, 0.3])
def test_mains_hum_is_taken_out(mains: float, height: float) -> None:
    times = np.arange(len(voice())) / RATE
    tones = np.sin(2 * np.pi * mains * times + 1) + 0.3 * np.sin(2 * np.pi * 3 * mains * times)
    found = only(stored(voice() + height * tones, subtype="FLOAT"))
    left = found.samples - voice()
    assert np.sqrt(np.mean(left**2)) < 0.1 * height
    assert f"mains hum at {round(mains)} Hz was taken out" in found.notes[0]


@pytest.mark.parametrize("hertz", [100.0, 120.0, 150.0, 440.0])
def test_a_voice_and_other_tones_are_no_hum(hertz: float) -> None:
    times = np.arange(len(voice())) / RATE
    vowel = sum(np.sin(2 * np.pi * hertz * k * (times + 0.03 * times**2)) / k for k in range(1, 8))
    content = stored(0.1 * vowel * np.sin(2 * np.pi * 3 * times).clip(0) + 0.01 * voice(), subtype="FLOAT")
    assert notes(content) == ""


# -- silence


@pytest.mark.parametrize("seconds", [0.2, 1.0, 5.0, 9.0, 30.0])
@pytest.mark.parametrize("noise", [0.0, 1e-4])
def test_silence_beside_speech_is_left_out(seconds: float, noise: float) -> None:
    rng = np.random.default_rng(2)
    quiet = noise * rng.normal(size=int(seconds * RATE))
    whole = np.concatenate([quiet, voice(), quiet])
    parts = read(stored(whole, subtype="FLOAT"))
    heard = sum(len(part.samples) for part in parts) / RATE
    assert 0.9 < heard < 1.45
    assert seconds - 0.1 < parts[0].start < seconds + 0.1
    for part in parts:
        begin = round(part.start * RATE)
        assert same(part.samples, whole[begin : begin + len(part.samples)])


def test_seconds_of_silence_between_words_part_them() -> None:
    first, second = voice(), voice(seed=3)
    parts = read(stored(np.concatenate([first, np.zeros(3 * RATE), second])))
    assert [round(part.start, 1) for part in parts] == [0.0, 4.2]


def test_silence_alone_is_one_piece() -> None:
    assert len(only(stored(np.zeros(RATE))).samples) == RATE
    steady = np.random.default_rng(0).uniform(-0.1, 0.1, 3 * RATE)
    assert same(only(stored(steady, subtype="FLOAT")).samples, steady)


def test_a_short_silence_stays() -> None:
    whole = np.concatenate([np.zeros(400), voice(), np.zeros(400)])
    assert same(only(stored(whole)).samples, whole, tolerance=0)


# -- properties


@given(st.binary(max_size=300), st.sampled_from(["WAV", "AIFF", "FLAC", "OGG", "RF64", "W64", "CAF", "AU"]), st.data())
@settings(max_examples=60)
def test_damaged_files_are_read_or_one_error(damage: bytes, kind: str, data: st.DataObject) -> None:
    whole = stored(voice(0.3), kind)
    place = data.draw(st.integers(0, len(whole)))
    for content in (whole[:place] + damage + whole[place + len(damage) :], whole[:place], whole + damage):
        try:
            found = read(content)
        except ValueError as error:
            assert str(error).startswith("clip ")  # noqa: PT017
        else:
            assert all(np.isfinite(piece.samples).all() and 0 < piece.share <= 1 for piece in found)
            assert sum(len(piece.samples) for piece in found) < 20 * RATE


@pytest.mark.mirror
def test_the_kept_files() -> None:
    if not CASES.is_dir():
        pytest.skip("no folder `cases` beside the mirror")
    base = only((CASES / "base_pcm16.wav").read_bytes()).samples
    for path in sorted(CASES.glob("*.*")):
        if path.stem in ("said", "header_only", "renamed_m4a", "truncated"):
            continue
        (piece,) = pieces(path, path.name)
        seconds = len(piece.samples) / piece.rate
        assert seconds == pytest.approx(len(base) / RATE, abs=0.06), path.name
        if piece.rate == RATE and path.suffix == ".wav" and "gsm" not in path.stem:
            size = min(len(base), len(piece.samples))
            assert np.corrcoef(base[:size], piece.samples[:size])[0, 1] > 0.97, path.name
