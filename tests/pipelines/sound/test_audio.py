"""Recordings of every kind that people have: read in pieces, or one message that says what is wrong."""

import base64
import io
import tracemalloc
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipelines.sound.audio import MAX_SECONDS, MIN_SECONDS, Piece, as_text, from_text, pieces

pytestmark = pytest.mark.usefixtures("one_thread")


def tone(seconds: float, rate: int = 8000, hertz: float = 440.0, height: float = 0.5) -> np.ndarray:
    return height * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)


def write(path: Path, samples: np.ndarray, rate: int = 8000, subtype: str | None = None) -> Path:
    soundfile.write(path, samples, rate, subtype=subtype)
    return path


@pytest.mark.parametrize(
    ("name", "rate", "subtype"),
    [
        ("a.wav", 8000, "PCM_16"),
        ("a.wav", 8000, "PCM_U8"),
        ("a.wav", 44100, "PCM_24"),
        ("a.wav", 96000, "FLOAT"),
        ("a.flac", 22050, "PCM_16"),
        ("a.ogg", 16000, "VORBIS"),
        ("a.wav", 11025, "PCM_16"),
        ("a.wav", 22051, "PCM_16"),
    ],
)
def test_any_format_and_rate_is_the_same_sound(tmp_path: Path, name: str, rate: int, subtype: str) -> None:
    (piece,) = pieces(write(tmp_path / name, tone(0.5, rate), rate, subtype), "it")
    found = piece.waveform(8000).numpy()
    expected = tone(0.5)
    assert abs(len(found) - len(expected)) <= 1
    inner = slice(400, 3500)
    assert np.abs(found[inner] - expected[inner]).max() < 0.02


def test_channels_are_averaged(tmp_path: Path) -> None:
    left = tone(0.2)
    (piece,) = pieces(write(tmp_path / "a.wav", np.stack([left, 0 * left], axis=1)), "it")
    np.testing.assert_allclose(piece.samples, left / 2, atol=1e-4)


def test_a_long_recording_is_cut_where_it_is_quiet(tmp_path: Path) -> None:
    """Words of 3 s with 0.3 s of silence between: every cut lies in a silence, and nothing is lost."""
    word, silence = tone(3.0), np.zeros(2400)
    samples = np.concatenate([word, silence] * 7)
    found = list(pieces(write(tmp_path / "a.wav", samples, subtype="FLOAT"), "it"))
    np.testing.assert_allclose(np.concatenate([piece.samples for piece in found]), samples, atol=1e-6)
    assert len(found) > 2
    for piece, after in pairwise(found):
        assert MIN_SECONDS <= piece.seconds <= MAX_SECONDS
        assert after.start == pytest.approx(piece.start + piece.seconds)
        assert 3.0 < after.start % 3.3 < 3.3, "within a silence"


def test_hours_need_no_more_memory_than_seconds(tmp_path: Path) -> None:
    """Ten minutes at 8000 samples a second are 19 MB of floats; the reader holds a few pieces of 0.3 MB."""
    path = tmp_path / "long.wav"
    with soundfile.SoundFile(path, "w", 8000, 1) as file:
        for _ in range(10):
            file.write(tone(60.0))
    tracemalloc.start()
    total = sum(piece.seconds for piece in pieces(path, "it"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert total == pytest.approx(600)
    assert peak < 6e6


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"not a sound at all, just some text", "clip is no recording that can be read"),
        (b"", "clip is empty: a recording"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "clip is no recording that can be read"),
    ],
)
def test_what_is_no_recording(content: bytes, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        list(pieces(io.BytesIO(content), "clip"))


def test_a_recording_without_samples_and_one_with_a_sample_that_is_no_number(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="clip is a recording without samples"):
        list(pieces(write(tmp_path / "a.wav", np.zeros(0)), "clip"))
    broken = tone(1.0)
    broken[4000] = np.nan
    with pytest.raises(ValueError, match=r"clip has a sample at 0\.500 s that is not a number"):
        list(pieces(write(tmp_path / "b.wav", broken, subtype="FLOAT"), "clip"))


def test_doubtful_sound_is_warned_of() -> None:
    def warnings(samples: np.ndarray, rate: int = 8000) -> str:
        return " ".join(Piece(0.0, samples.astype(np.float32), rate).warnings(8000))

    assert warnings(tone(1.0)) == ""
    assert "silent" in warnings(np.zeros(800))
    assert "clipped: 8" in warnings(np.clip(tone(1.0, height=5.0), -1, 1))
    assert "4000 samples a second, where the model expects 8000: nothing above 2000 Hz" in warnings(
        tone(1.0, 4000), 4000
    )


def test_a_piece_travels_as_text() -> None:
    piece = Piece(12.5, tone(0.3, 16000).astype(np.float32), 16000, "my clip; 1,2.wav")
    (found,) = from_text(as_text(piece), "text 1 of 1")
    assert (found.start, found.rate, found.name) == (12.5, 16000, "my clip; 1,2.wav")
    assert np.array_equal(found.samples, piece.samples)


def test_base64_alone_is_enough(tmp_path: Path) -> None:
    path = write(tmp_path / "a.flac", tone(0.1))
    (found,) = from_text(base64.b64encode(path.read_bytes()).decode(), "text 1 of 1")
    assert (found.start, found.rate, found.name, found.seconds) == (0.0, 8000, "", 0.1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "text 1 of 1 holds no recording"),
        ("  ", "text 1 of 1 holds no recording"),
        ("hello there", "text 1 of 1 is no recording in base64"),
        ("data:audio/wav;base64", "text 1 of 1 holds no recording"),
        ("data:audio/wav;start=soon;base64,AAAA", "text 1 of 1 starts at 'soon': expected seconds"),
        ("AAAA", "text 1 of 1 is no recording that can be read"),
    ],
)
def test_other_text_is_an_error_that_says_so(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        list(from_text(text, "text 1 of 1"))
