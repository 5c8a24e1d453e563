"""Speech from text: espeak-ng through ctypes, from the library and voices that the package `espeakng-loader` carries.

espeak-ng is GPL-3.0. It is a package of its own, called as it was published; nothing of it is part of this project, and
the sound that it makes is not covered by its licence.

An utterance depends on its text and voice alone. For that, the voice is set anew before each one, the volume stays
where espeak's gain control never acts, and `TIMBRES` are those voice variants that have neither flutter nor roughness
nor breath, nor come from the Klatt synthesiser: these carry a phase or random numbers over to the next utterance. What
remains is whole-number arithmetic with a few sums and products of doubles: with wrong exp, cos, sin and pow in place of
the machine's, not a sample changes. The build for x86-64 has no fused multiply-add either, so all such machines make
the same samples. A build for another processor may round otherwise and is not promised to agree; what comes after it
(recording.py) is exact.
"""

import ctypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from stages.errors import StageError
from stages.sounds.waves import Samples

RATE = 22050  # samples a second of espeak
LONGEST_PATH = 159
TIMBRES = ("Denis", "Diogo", "Henrique", "Hugo", "michel", "miguel")
VOICES_OF_A_TIMBRE = 28  # many, so that a network learns speech rather than speakers
LANGUAGES = {"English": "en-us", "Mandarin": "cmn", "Cantonese": "yue"}  # espeak's names

_SYNCHRONOUS, _DO_NOT_EXIT, _UTF8 = 2, 1 << 15, 1
_SPEED, _VOLUME, _PITCH = 1, 2, 3  # parameters by number
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


@dataclass(frozen=True)
class Voice:
    """Who speaks, and how."""

    timbre: str
    pitch: int  # 0 to 99
    rate: int  # words a minute; of espeak, 175 is usual
    tract: int  # length of the vocal tract: 441 leaves it, fewer makes it longer and the voice deeper (recording.py)

    def __post_init__(self) -> None:
        if self.timbre not in TIMBRES:  # espeak would take its usual voice instead, and say nothing of it
            raise ValueError(f"unknown timbre {self.timbre!r}; known: {', '.join(TIMBRES)}")

    @property
    def name(self) -> str:
        return f"{self.timbre.lower()}-p{self.pitch}-r{self.rate}-t{self.tract}"


def _voices() -> dict[str, tuple[Voice, ...]]:
    """Voices of each timbre, spread over pitch, rate and tract; the last two are kept for val and test."""
    split: dict[str, list[Voice]] = {"train": [], "val": [], "test": []}
    for number in range(VOICES_OF_A_TIMBRE * len(TIMBRES)):
        timbre, order = divmod(number, VOICES_OF_A_TIMBRE)
        voice = Voice(TIMBRES[timbre], 30 + number * 27 % 66, 140 + number * 19 % 51, 410 + number * 31 % 61)
        kept = {VOICES_OF_A_TIMBRE - 2: "val", VOICES_OF_A_TIMBRE - 1: "test"}
        split[kept.get(order, "train")].append(voice)
    return {name: tuple(voices) for name, voices in split.items()}


VOICES = _voices()
SPLIT_OF_VOICE = {voice.name: split for split, voices in VOICES.items() for voice in voices}


def say(text: str, language: str, voice: Voice) -> Samples:
    """`text` spoken, at `RATE`; the tract is left to the recording."""
    return _espeak().say(text, language, voice)


class _Espeak:
    """The library, ready to speak."""

    def __init__(self) -> None:
        import espeakng_loader  # type: ignore[import-untyped]

        self._pieces: list[bytes] = []
        self._callback = _CALLBACK(self._keep)  # ctypes does not keep it alive, and the library calls it
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        self._library.espeak_Synth.argtypes = [
            *(ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int, ctypes.c_uint, ctypes.c_uint),
            *(ctypes.c_void_p, ctypes.c_void_p),
        ]
        voices = espeakng_loader.get_data_path()
        found = self._library.espeak_Initialize(_SYNCHRONOUS, 0, voices.encode(), _DO_NOT_EXIT)
        if found != RATE:
            raise StageError(
                f"espeak-ng could not start with the voices in {voices}: it answers {found}, not its rate {RATE}. "
                f"Install espeakng-loader again, in a folder whose path has at most {LONGEST_PATH} characters."
            )
        if lacking := [timbre for timbre in TIMBRES if not Path(voices, "voices", "!v", timbre).is_file()]:
            raise StageError(f"{voices} lacks the voice variants {', '.join(lacking)}. Install espeakng-loader 0.2.4.")
        self._library.espeak_SetSynthCallback(self._callback)

    def _keep(self, samples: Any, count: int, _: Any) -> int:
        if samples and count:
            self._pieces.append(ctypes.string_at(samples, 2 * count))
        return 0

    def say(self, text: str, language: str, voice: Voice) -> Samples:
        name = f"{LANGUAGES[language]}+{voice.timbre}"
        content = text.encode() + b"\0"
        self._pieces.clear()
        failed = self._library.espeak_SetVoiceByName(name.encode())
        for parameter, value in ((_SPEED, voice.rate), (_VOLUME, 50), (_PITCH, voice.pitch)):
            failed = failed or self._library.espeak_SetParameter(parameter, value, 0)
        failed = failed or self._library.espeak_Synth(content, len(content), 0, 0, 0, _UTF8, None, None)
        samples = np.frombuffer(b"".join(self._pieces), dtype=np.int16)
        if failed or not samples.any():
            raise StageError(f"espeak-ng did not say {text!r} with the voice {name}. Install espeakng-loader again.")
        return samples


@cache
def _espeak() -> _Espeak:
    """One for the process: the library has one state, which `say` sets anew."""
    return _Espeak()
