"""The texts and translations of the built-in source of `speech_translation`, drawn before any sound is made."""

from dataclasses import dataclass
from random import Random

from stages.datasets.speech_translation.origin.grammar import COMBINATIONS, draw
from stages.errors import StageError
from stages.sounds.recording import Utterance, draw_room
from stages.sounds.synthesis import VOICES
from stages.texts.sizes import SPLITS, Sizes


@dataclass(frozen=True)
class SpeechTranslationOptions(Sizes):
    """params.yaml's `datasets.speech_translation.builtin`: the seed, and how many utterances each split gets."""


def utterances(options: SpeechTranslationOptions) -> dict[str, list[Utterance]]:
    """Every utterance, by split and in order; the voices take turns, no sentence comes twice, train has every word."""
    found: dict[str, list[Utterance]] = {split: [] for split in SPLITS}
    known: set[str] = set()
    for split, said in found.items():
        rng = Random(f"{options.seed}/{split}")
        seen: set[str] = set()
        for _ in range(20_000 + 100 * options.rows(split)):
            if len(said) == options.rows(split):
                break
            english, cantonese = draw(rng)
            new = english not in seen and COMBINATIONS.kept_for(english) == split
            if new and (split == "train" or known.issuperset(english.split())):
                seen.add(english)
                voice = VOICES[split][len(said) % len(VOICES[split])]
                room = draw_room(rng, f"{options.seed}/{split}/{len(said)}")
                said.append(Utterance(cantonese, "Cantonese", voice, room, english, ""))
        if len(said) < options.rows(split):
            raise StageError(f"{split}: the grammar gave {len(said)} of {options.rows(split)} sentences; ask for fewer")
        known = known or {word for utterance in said for word in utterance.text.split()}
    return found


def cells_of(said: Utterance) -> dict[str, str]:
    """The row of an utterance, without its sound."""
    return {"text": said.text, "language": "English", "speaker": said.voice.name, "takes": "", "said": said.said}
