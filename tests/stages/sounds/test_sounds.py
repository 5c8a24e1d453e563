"""Sound: wave files that other programs read, exact arithmetic, and speech that depends on text and voice alone."""

import hashlib
import io
import platform
import subprocess
import sys
import wave
from collections import Counter
from itertools import pairwise
from math import log10, pi, sqrt
from pathlib import Path
from random import Random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.signal import resample_poly

from stages.archives import pack
from stages.errors import StageError
from stages.sounds import digits, recording
from stages.sounds.clips import Clip, clip_files, read_clips
from stages.sounds.digits import Joint, connected, isolated, join
from stages.sounds.recording import Room, Utterance, noise, record, resampled
from stages.sounds.synthesis import SPLIT_OF_VOICE, TIMBRES, VOICES, Voice, say
from stages.sounds.tables import measure, with_sound
from stages.sounds.waves import RATE, Samples, parse_wave, wave_bytes

ROOT = Path(__file__).resolve().parents[3]
SOUNDS = arrays(np.int16, st.integers(1, 300))
VOICE = VOICES["train"][0]
ROOM = Room(snr=30, loudness=-24, before=640, after=800, noise="a room")


# -- wave files


@settings(max_examples=40)
@given(SOUNDS)
def test_a_wave_file_is_read_by_others_and_by_ourselves(samples: Samples) -> None:
    content = wave_bytes(samples)
    assert np.array_equal(parse_wave(content, "x.wav"), samples)
    with wave.open(io.BytesIO(content)) as other:
        assert other.getparams()[:4] == (1, 2, RATE, len(samples))
        assert other.readframes(len(samples)) == samples.astype("<i2").tobytes()


@settings(max_examples=40)
@given(SOUNDS, st.data())
def test_a_wave_file_cut_anywhere_is_refused(samples: Samples, data: st.DataObject) -> None:
    content = wave_bytes(samples)
    with pytest.raises(StageError, match=r"^x\.wav"):
        parse_wave(content[: data.draw(st.integers(0, len(content) - 1))], "x.wav")


def as_others_write(rate: int = RATE, channels: int = 1, width: int = 2, data: bytes = b"\1\0\2\0") -> bytes:
    stream = io.BytesIO()
    with wave.open(stream, "wb") as other:
        other.setparams((channels, width, rate, 0, "NONE", ""))
        other.writeframes(data)
    return stream.getvalue()


def with_chunk(content: bytes, chunk: bytes) -> bytes:
    """A wave file with one more chunk before the samples."""
    whole = content[12:36] + chunk + content[36:]
    return b"RIFF" + (len(whole) + 4).to_bytes(4, "little") + b"WAVE" + whole


def test_what_others_write_is_read_also_with_a_note_in_it() -> None:
    content = as_others_write()
    assert parse_wave(content, "x.wav").tolist() == [1, 2]
    assert parse_wave(with_chunk(content, b"LIST\3\0\0\0abc\0"), "x.wav").tolist() == [1, 2]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (as_others_write(rate=16000), r"samples a second.*\(1, 1, 16000, 32000, 2, 16\), expected \(1, 1, 8000"),
        (as_others_write(rate=4000), r"\(1, 1, 4000, 8000, 2, 16\)"),
        (as_others_write(channels=2), r"\(1, 2, 8000, 32000, 4, 16\)"),
        (as_others_write(width=1), r"\(1, 1, 8000, 8000, 1, 8\)"),
        (as_others_write(data=b""), "has 0 bytes of samples"),
        (with_chunk(as_others_write(), b"data\2\0\0\0\1\0"), r"b'data' has 4 of 4 bytes, or is there twice"),
        (b"RIFF\4\0\0\0WAVE", r"no wave file of samples: it has the chunks \[\]"),
        (b"ID3 and then music", "no wave file: it starts with"),
        (as_others_write() + b"\0\0", "holds 50 bytes, its header announces 48"),
    ],
)
def test_a_wave_file_of_another_kind_is_refused(content: bytes, says: str) -> None:
    with pytest.raises(StageError, match=says):
        parse_wave(content, "x.wav")


# -- clips


@pytest.fixture
def three(tmp_path: Path) -> list[Clip]:
    """Three clips, and their raw files in tmp_path."""
    found = [
        Clip({"text": f"clip {number}", "speaker": "me"}, np.arange(9 + number, dtype=np.int16)) for number in range(3)
    ]
    for path, content in clip_files("val", found):
        (tmp_path / path).write_bytes(content)
    return found


def test_clips_come_back_as_they_were_and_one_after_the_other(three: list[Clip], tmp_path: Path) -> None:
    found = read_clips(tmp_path, "val", ("text", "speaker"))
    assert [clip.row for clip in found] == [clip.row for clip in three]
    table, stored = with_sound(pd.DataFrame({"id": range(3)}), [clip.samples for clip in found])
    assert table["start"].to_list() == [0, 9, 19]
    assert table["length"].to_list() == [9, 10, 11]
    assert np.array_equal(stored["samples"], np.concatenate([clip.samples for clip in three]))


HEAD = "file\ttext\tspeaker\n"


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("file\ttext\n", r"val\.tsv, line 1: the columns are 'file\\ttext', expected file and text, speaker"),
        (f"{HEAD}000000.wav\tone\tme\n000001.wav\ttwo\n000002.wav\tthree\tme\n", "line 3: 2 cells, expected 3"),
        (f"{HEAD}000000.wav\tone\tme\n000000.wav\ttwo\tme\n000002.wav\tthree\tme\n", "line 3: val.zip has no '000000"),
        (f"{HEAD}000000.wav\tone\tme\n000001.wav\ttwo\tme\n4\tthree\tme\n", "line 4: val.zip has no '4'"),
        (f"{HEAD}000000.wav\tone\tme\n000001.wav\ttwo\tme\n", "holds more than 2 members"),
        (f"{HEAD}000000.wav\tone\tme\n000001.wav\ttwo\tme\n000002.wav\tthr", "line 4: the last line is cut off"),
    ],
)
def test_rows_that_do_not_fit_the_clips_are_named(three: list[Clip], tmp_path: Path, rows: str, says: str) -> None:
    (tmp_path / "val.tsv").write_text(rows)
    with pytest.raises(StageError, match=says):
        read_clips(tmp_path, "val", ("text", "speaker"))


def test_a_clip_that_no_row_names_is_named(three: list[Clip], tmp_path: Path) -> None:
    (tmp_path / "val.tsv").write_text(f"{HEAD}000000.wav\tone\tme\n000001.wav\ttwo\tme\n")
    (tmp_path / "val.zip").write_bytes(pack({f"{n}.wav": wave_bytes(three[0].samples) for n in ("000000", "000002")}))
    with pytest.raises(StageError, match=r"line 3: val\.zip has no '000001\.wav'"):
        read_clips(tmp_path, "val", ("text", "speaker"))


def test_a_clip_that_is_cut_off_is_named(three: list[Clip], tmp_path: Path) -> None:
    files = {f"{number:06}.wav": wave_bytes(clip.samples) for number, clip in enumerate(three)}
    (tmp_path / "val.zip").write_bytes(pack({**files, "000001.wav": files["000001.wav"][:-3]}))
    with pytest.raises(StageError, match=r"val\.zip, 000001\.wav holds 61 bytes, its header announces 64"):
        read_clips(tmp_path, "val", ("text", "speaker"))


def test_loudness_peak_and_noise_are_measured() -> None:
    tone = np.rint(8000 * np.sin(2 * pi * 400 * np.arange(RATE) / RATE)).astype(np.int16)  # 400 Hz: whole periods
    loudness, peak, quiet = measure(tone)
    assert loudness == pytest.approx(20 * log10(8000 / sqrt(2) / 32768), abs=0.02)
    assert peak == pytest.approx(20 * log10(8000 / 32768), abs=0.02)
    assert quiet == pytest.approx(loudness, abs=0.02)
    pause = np.full(RATE // 5, 80, np.int16)
    assert measure(np.concatenate([tone, pause]))[2] == pytest.approx(20 * log10(80 / 32768), abs=0.02)
    assert measure(np.zeros(500, np.int16)) == (-96.33, -96.33, -96.33)
    assert measure(np.full(500, -32768, np.int16)) == (0.0, 0.0, 0.0)


# -- from a voice to its recording


def tone_at(samples: np.ndarray, rate: int) -> float:
    """The frequency of the strongest partial."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * rate / len(samples))


@pytest.mark.parametrize("tract", [400, 441, 480])
def test_a_tone_comes_out_of_a_shorter_tract_higher(tract: int) -> None:
    tone = np.rint(9000 * np.sin(2 * pi * 1000 * np.arange(22050) / 22050)).astype(np.int16)
    found = resampled(tone, tract)
    assert len(found) == pytest.approx(RATE * 441 / tract, abs=1)
    assert tone_at(found, RATE) == pytest.approx(1000 * tract / 441, abs=2)
    middle = found[500:-500]
    assert sqrt(np.mean(middle**2.0)) == pytest.approx(9000 / sqrt(2), rel=0.01)


def test_what_eight_thousand_samples_cannot_hold_is_gone() -> None:
    tone = np.rint(9000 * np.sin(2 * pi * 4700 * np.arange(22050) / 22050)).astype(np.int16)
    assert np.abs(resampled(tone, 441)[100:-100]).max() < 9000 / 300


@pytest.mark.parametrize("tract", [403, 441, 479])
def test_resampling_is_that_of_scipy_where_nothing_cancels(tract: int) -> None:
    samples = np.random.default_rng(1).integers(-32768, 32768, 3000).astype(np.int16)
    taps = recording._low_pass(tract)
    theirs = resample_poly(samples.astype(float), recording.UP, tract, window=taps / recording.UP)
    assert np.array_equal(resampled(samples, tract), np.rint(theirs / recording.SCALE))
    assert np.abs(taps).sum() * 32768 < 2**53  # so every sum is exact
    assert np.array_equal(taps, np.rint(taps))


def test_noise_is_nearly_gaussian_and_another_key_is_other_noise() -> None:
    found = noise("a", 100_000).astype(float)
    assert abs(found.mean()) < 4 * recording.NOISE_RMS / sqrt(100_000)
    assert found.std() == pytest.approx(recording.NOISE_RMS, rel=0.01)
    assert abs(np.corrcoef(found[1:], found[:-1])[0, 1]) < 0.02
    assert abs(np.corrcoef(found, noise("b", 100_000))[0, 1]) < 0.02
    assert np.mean((found / found.std()) ** 4) == pytest.approx(2.7, abs=0.05)  # of a sum of four uniform numbers
    assert np.array_equal(found[:50], noise("a", 50))


def test_noise_comes_from_the_hash_alone() -> None:
    words = [
        int.from_bytes(hashlib.shake_256(b"a").digest(16)[place : place + 2], "little") for place in range(0, 16, 2)
    ]
    assert noise("a", 2).tolist() == [2 * sum(words[:4]) - 262140, 2 * sum(words[4:]) - 262140]


def test_a_recording_has_the_silence_loudness_and_noise_of_its_room() -> None:
    sound = record(Utterance("seven three", "English", VOICE, ROOM, "seven three", "digits")).astype(float)

    def level(part: np.ndarray) -> float:
        return 20 * log10(sqrt(np.mean(part**2)) / 32768)

    words = sound[ROOM.before : -ROOM.after]
    assert level(words) == pytest.approx(ROOM.loudness, abs=0.2)
    assert level(sound[: ROOM.before]) == pytest.approx(ROOM.loudness - ROOM.snr, abs=0.7)
    assert level(sound[-ROOM.after :]) == pytest.approx(ROOM.loudness - ROOM.snr, abs=0.7)
    assert (
        np.abs(words[:80]).max() > 10 * 32768 * 10 ** ((ROOM.loudness - ROOM.snr) / 20) / 3
    )  # the words start at once


def test_a_recording_that_would_be_clipped_is_refused() -> None:
    loud = Room(snr=30, loudness=-3, before=480, after=480, noise="a room")
    with pytest.raises(StageError, match=r"would be clipped at \d+"):
        record(Utterance("seven", "English", VOICE, loud, "seven", "digits"))


# -- speech

PHRASES = [("seven seven three", "English"), ("好棒", "Mandarin"), ("好棒棒", "Mandarin"), ("我買咗書", "Cantonese")]
JOBS = [(text, language, voice) for text, language in PHRASES for voice in VOICES["train"][::3]]
SOUND = (
    "a7d2aa497aa253b3d91cd48e6593e7c0f8cd2a913332fd9a7aad238390654fea"  # of JOBS, spoken by espeak-ng 1.52 on x86-64
)


def spoken(jobs: list[tuple[str, str, Voice]]) -> dict[tuple[str, str, Voice], bytes]:
    return {job: say(*job).tobytes() for job in jobs}


def test_what_is_said_depends_on_nothing_that_was_said_before() -> None:
    forward = spoken(JOBS)
    shuffled = sorted(JOBS, key=lambda job: Random(str(job)).random())
    assert spoken(shuffled) == forward == spoken(JOBS[::-1])
    assert len(set(forward.values())) == len(JOBS)


def digest_of_speech() -> str:
    return hashlib.sha256(b"".join(spoken(JOBS).values())).hexdigest()


def test_another_process_says_the_same() -> None:
    code = (
        "import hashlib; from stages.sounds.synthesis import Voice, say; "
        f"say('something before', 'English', {VOICE!r}); "
        f"print(hashlib.sha256(b''.join(say(*job).tobytes() for job in {JOBS!r})).hexdigest())"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert other.stdout.strip() == digest_of_speech()


@pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="the build of espeak-ng for Linux on x86-64"
)
def test_speech_is_the_same_bytes_on_every_machine_of_this_kind() -> None:
    assert digest_of_speech() == SOUND


def test_a_doubled_phrase_takes_longer_with_every_voice() -> None:
    for voices in VOICES.values():
        for voice in voices:
            assert len(say("好棒棒", "Mandarin", voice)) > 1.2 * len(say("好棒", "Mandarin", voice))


def test_pitch_and_rate_do_what_they_say() -> None:
    slow, fast = Voice("Hugo", 50, 170, 441), Voice("Hugo", 50, 260, 441)
    assert len(say("my father", "English", slow)) > 1.2 * len(say("my father", "English", fast))
    low, high = (tone_of(Voice("Denis", pitch, 170, 441)) for pitch in (20, 90))
    assert high > 1.5 * low


def tone_of(voice: Voice) -> float:
    """The pitch of a vowel, by autocorrelation, in Hz."""
    vowel = say("ah", "English", voice).astype(float)
    middle = vowel[len(vowel) // 3 :][:2205]
    alike = np.correlate(middle, middle, "full")[len(middle) - 1 :]
    shortest, longest = 22050 // 400, 22050 // 50
    return 22050 / (shortest + int(np.argmax(alike[shortest:longest])))


def test_every_voice_is_another_and_has_its_split() -> None:
    every = [voice for voices in VOICES.values() for voice in voices]
    assert {split: len(voices) for split, voices in VOICES.items()} == {"train": 156, "val": 6, "test": 6}
    assert len(SPLIT_OF_VOICE) == len({voice.name for voice in every}) == len(every) == 168
    assert all({voice.timbre for voice in voices} == set(TIMBRES) for voices in VOICES.values())
    assert len({(voice.pitch, voice.rate, voice.tract) for voice in every}) == 168


def test_what_cannot_be_said_is_named() -> None:
    with pytest.raises(StageError, match=r"did not say '' with the voice en-us\+Denis"):
        say("", "English", VOICE)
    with pytest.raises(ValueError, match="unknown timbre 'Nobody'; known: Denis, Diogo"):
        Voice("Nobody", 50, 170, 441)


# -- spoken digits as published

TONES = {
    (str(digit), speaker, take): np.full(400 + 10 * digit + take, 100 * digit + take, np.int16)
    for digit in range(10)
    for speaker in digits.SPEAKERS
    for take in range(50)
}


def test_takes_are_split_as_the_published_rule_says() -> None:
    splits = {split: isolated(split) for split in ("train", "val", "test")}
    assert {split: len(joints) for split, joints in splits.items()} == {"train": 2400, "val": 300, "test": 300}
    assert {joint.takes[0] for joint in splits["test"]} == set(range(5))  # of the README
    keys = [key for joints in splits.values() for joint in joints for key in joint.keys]
    assert len(set(keys)) == len(keys) == 3000


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_strings_of_digits_are_of_one_speaker_and_split_and_repeat_digits(split: str) -> None:
    found = connected(split, 600)
    assert found == connected(split, 600)
    assert found[:100] == connected(split, 100)
    assert {len(joint.digits) for joint in found} == {3, 4, 5, 6, 7}
    assert all(len(joint.digits) == len(joint.takes) == len(joint.gaps) + 1 for joint in found)
    assert {take for joint in found for take in joint.takes} == set(digits.TAKES[split])
    assert set(Counter(joint.speaker for joint in found).values()) == {100}
    repeats = [one == other for joint in found for one, other in pairwise(joint.digits)]
    assert np.mean(repeats) == pytest.approx(0.3 + 0.7 / 10, abs=0.05)
    assert sum("77" in joint.digits or "333" in joint.digits for joint in found) > 20
    assert min(gap for joint in found for gap in joint.gaps) >= -160
    assert max(gap for joint in found for gap in joint.gaps) <= 1200


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 49)), min_size=2, max_size=7), st.data())
def test_a_string_holds_its_takes_with_the_gaps_between(parts: list[tuple[int, int]], data: st.DataObject) -> None:
    gaps = tuple(data.draw(st.integers(-160, 1200)) for _ in parts[1:])
    joint = Joint("".join(str(digit) for digit, _ in parts), "theo", tuple(take for _, take in parts), gaps)
    takes = [TONES[key] for key in joint.keys]
    sound = join(joint, TONES)
    assert len(sound) == sum(map(len, takes)) + sum(gaps)
    start = 0
    for number, take in enumerate(takes):
        before = min(0, gaps[number - 1]) if number else 0
        after = min(0, gaps[number]) if number < len(gaps) else 0
        assert (sound[start - before : start + len(take) + after] == take[0]).all()  # all but what overlaps
        start += len(take) + (gaps[number] if number < len(gaps) else 0)
    assert min(map(min, takes)) - 2 <= sound.min()
    assert sound.max() <= max(map(max, takes)) + 2


def test_an_overlap_fades_from_one_take_to_the_next_and_a_pause_is_as_quiet_as_they_are() -> None:
    rng = np.random.default_rng(1)
    takes = {("1", "theo", 1): np.full(800, 1000, np.int16), ("2", "theo", 2): np.full(800, -1000, np.int16)}
    faded = join(Joint("12", "theo", (1, 2), (-100,)), takes)[700:800].astype(int)
    assert (np.diff(faded) < 0).all()
    assert abs(faded.mean()) <= 1
    hissing = {key: (take + rng.normal(0, 300, 800)).astype(np.int16) for key, take in takes.items()}
    pause = join(Joint("12", "theo", (1, 2), (1000,)), hissing)[800:1800].astype(float)
    straight = np.linspace(1000, -1000, 1000)
    assert np.std((pause - straight)[60:-60]) == pytest.approx(270, abs=50)  # the quietest 20 ms, not the average
    assert abs(pause[0] - hissing["1", "theo", 1][-1]) < 1000


def test_an_archive_that_lacks_a_recording_is_refused(tmp_path: Path) -> None:
    names = [f"fsdd/recordings/{digit}_{speaker}_{take}.wav" for digit, speaker, take in TONES]
    files = dict.fromkeys(names[:-1], as_others_write())
    (tmp_path / digits.ARCHIVE.path).write_bytes(pack(files))
    with pytest.raises(StageError, match=r"lacks or adds 1 recordings, the first \('9', 'yweweler', 49\)"):
        digits.read_takes(tmp_path)


def test_recordings_and_their_description_are_wanted_of_the_archive() -> None:
    inside = [
        "README.md",
        "recordings/7_jackson_32.wav",
        "recordings/7_jackson_32.png",
        "utils/README.md",
        "utils/a.wav",
    ]
    assert [digits.ARCHIVE.wanted(f"fsdd-1.0/{path}") for path in inside] == [True, True, False, False, False]
