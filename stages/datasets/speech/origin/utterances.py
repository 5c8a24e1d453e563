"""The texts of the built-in source of `speech`, drawn by the seed before any sound is made.

A fifth of val and of test is English digits, two fifths English words, two fifths Mandarin; of train a tenth is digits
and half are words. Of Mandarin a part is digits, too. No voice of a split is heard in another.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from random import Random

from stages.datasets.speech.origin import phrases, words
from stages.errors import StageError
from stages.sounds.digits import CHINESE, ENGLISH, digit_string
from stages.sounds.recording import Utterance, draw_room
from stages.sounds.synthesis import VOICES, Voice
from stages.texts.grammar import choose
from stages.texts.sizes import SPLITS, Sizes

HELD_OUT_SHARE = 0.3  # of the phrases in val and test
AS_MANY = len(phrases.AGAIN) // len(phrases.TWICE)  # so that both kinds are drawn alike

Texts = tuple[str, ...]  # said by one voice: one text, or a phrase and its double


@dataclass(frozen=True)
class SpeechOptions(Sizes):
    """params.yaml's `datasets.speech.builtin`: the seed, and how many utterances each split gets."""

    FEWEST = 60


def utterances(options: SpeechOptions) -> dict[str, list[Utterance]]:
    """Every utterance, by split and in order; no voice speaks a text twice."""
    found: dict[str, list[Utterance]] = {}
    known: set[str] = set()  # characters of train: later splits ask for no others
    for split in SPLITS:
        rng = Random(f"{options.seed}/{split}")
        drawn = list(_drawn(split, options.rows(split), known, rng))
        drawn.sort(key=lambda _: rng.random())
        found[split] = [
            Utterance(text, language, voice, draw_room(rng, f"{options.seed}/{split}/{number}"), text, kind)
            for number, (text, language, kind, voice) in enumerate(drawn)
        ]
        known = known or {character for utterance in found[split] for character in utterance.text}
    return found


def cells_of(said: Utterance) -> dict[str, str]:
    """The row of an utterance, without its sound."""
    return {"text": said.text, "language": said.language, "kind": said.kind, "speaker": said.voice.name, "takes": ""}


def _drawn(split: str, count: int, known: set[str], rng: Random) -> Iterator[tuple[str, str, str, Voice]]:
    english = count // 5 * 3
    digits = english // (6 if split == "train" else 3)  # ten words are soon learned, spelling is not
    mandarin = count - english
    single = mandarin % 2 + mandarin // 16 * 2
    doubled = (mandarin - single) // 2 // 3 * 2
    pairs = _pools(split, phrases.PAIRS, known)
    singles = _pools(split, [(text,) for text in (*phrases.TWICE * AS_MANY, *phrases.AGAIN)], known)
    plan: tuple[tuple[str, str, int, Callable[[Random], Texts]], ...] = (
        ("English", "digits", digits, _digits),
        ("English", "words", english - digits, partial(_words, split)),
        ("Mandarin", "digits", doubled, _doubled_digits),
        ("Mandarin", "phrases", single, partial(_phrases, singles)),
        ("Mandarin", "phrases", 2, lambda _: phrases.PAIRS[0]),  # 好棒 and 好棒棒, in every split
        ("Mandarin", "phrases", mandarin - single - doubled - 2, partial(_phrases, pairs)),
    )
    said: set[tuple[Voice, str]] = set()
    turns = cycle(VOICES[split])
    for language, kind, rows, draw in plan:
        for voice, text in _said(said, turns, f"{split}, {language} {kind}", rows, partial(draw, rng)):
            yield text, language, kind, voice


def _said(
    said: set[tuple[Voice, str]], turns: Iterator[Voice], what: str, rows: int, draw: Callable[[], Texts]
) -> Iterator[tuple[Voice, str]]:
    """`rows` texts, the voices taking turns; what is `said` already by a voice, it does not say again."""
    left, voice = rows, next(turns)
    for _ in range(1000 + 100 * rows):
        if not left:
            return
        new = [(voice, text) for text in draw()]
        if said.isdisjoint(new):
            said.update(new)
            left, voice = left - len(new), next(turns)
            yield from new
    raise StageError(f"{what}: {left} of {rows} texts were not found; ask for fewer, or for more in train")


def _pools(split: str, texts: Sequence[Texts], known: set[str]) -> list[list[Texts]]:
    """Phrases that any split may have, and those kept for `split`, of characters that train has."""
    owners = ["", split] if split != "train" else [""]
    sayable = [text for text in texts if not known or known.issuperset(text[0])]
    return [[text for text in sayable if phrases.kept_for(text[0]) == owner] for owner in owners]


# -- one draw of each kind


def _digits(rng: Random) -> Texts:
    """One to five digits, often the same again, as words."""
    return (" ".join(ENGLISH[int(digit)] for digit in digit_string(1 + int(5 * rng.random()), rng)),)


def _words(split: str, rng: Random) -> Texts:
    return (words.GRAMMAR.draw("utterance", split, rng).text,)


def _doubled_digits(rng: Random) -> Texts:
    """Two to four digits, no two neighbours the same, and the same with one of them doubled."""
    digits = [choose(CHINESE, rng)]
    for _ in range(1 + int(3 * rng.random())):
        digits.append(choose([digit for digit in CHINESE if digit != digits[-1]], rng))
    place = int(len(digits) * rng.random())
    return "".join(digits), "".join([*digits[:place], digits[place], *digits[place:]])


def _phrases(pools: list[list[Texts]], rng: Random) -> Texts:
    pool = pools[-1] if rng.random() < HELD_OUT_SHARE else pools[0]
    return choose(pool, rng) if pool else ()
