"""Everyday remarks about a film, in which a single word is the verdict and a negation turns it.

They are drawn in groups: a favourable and an unfavourable word, each in a sentence and in its negation (`the film is
good`, `the film is bad`, `the film is not good`, `the film is not bad`). That is exclusive or: what adds up the words
of a text is right on three of these four at most. Each word is in another sentence too, and one group in five is of
idioms. `EVERYDAY` are sentences to ask a trained model, which are kept out of every split.
"""

import re
from functools import cache
from random import Random

from stages.texts.grammar import choose

PRAISING = (  # a word that is written more often stands here more often
    *("good", "good", "good", "great", "great", "nice"),
    *("amazing", "beautiful", "brilliant", "entertaining", "excellent", "exciting", "fantastic", "fine", "funny"),
    *("good", "great", "interesting", "lovely", "nice", "original", "perfect", "superb", "wonderful"),
)
BLAMING = (
    *("bad", "bad", "bad", "boring", "boring", "terrible"),
    *("annoying", "awful", "bad", "boring", "confusing", "disappointing", "dreadful", "dull", "horrible"),
    *("mediocre", "poor", "silly", "slow", "stupid", "terrible", "tiresome", "ugly", "weak"),
)
# Verbs with their past tense.
FOND = (("admire", "admired"), ("enjoy", "enjoyed"), ("like", "liked"), ("love", "loved"), ("recommend", "recommended"))
AVERSE = (("despise", "despised"), ("detest", "detested"), ("dislike", "disliked"), ("hate", "hated"))
SLOTS = {
    "THING": (
        *("it", "the film", "the movie", "this film", "this movie", "the acting", "the cast", "the comedy", "the plot"),
        *("the dialogue", "the ending", "the humour", "the music", "the script", "the story", "the whole thing"),
    ),
    "IT": ("it", "it", "the film", "the movie", "this film", "this movie", "the ending", "the music", "the story"),
    "FILM": ("film", "movie", "film", "movie", "comedy", "drama", "story", "thriller"),
    "VERY": ("", "", "", "really", "that", "very", "particularly", "so"),
    "WE": ("i", "i", "we", "my friends", "the others"),
    "TAIL": ("", "", "", ".", ".", ", i think .", ", i must say .", ", that much is clear", ", if you ask me"),
}
# A sentence and its negation; WORD is an adjective, VERB a verb and PAST its past tense.
FRAMES = (
    ("THING is VERY WORD", "THING is not VERY WORD"),
    ("THING was VERY WORD", "THING was not VERY WORD"),
    ("THING is VERY WORD", "THING isn't VERY WORD"),
    ("THING was VERY WORD", "THING wasn't VERY WORD"),
    ("THING is always WORD", "THING is never WORD"),
    ("THING was always WORD", "THING was never WORD"),
    ("THING is WORD from the beginning", "THING is not WORD at all"),
    ("THING was WORD from the beginning", "THING was not at all WORD"),
    ("it is a WORD FILM", "it is not a WORD FILM"),
    ("this is a WORD FILM", "this isn't a WORD FILM"),
    ("this was a WORD FILM", "this was not a WORD FILM"),
    ("that was a very WORD FILM", "that was not a very WORD FILM"),
    ("a WORD FILM", "not a WORD FILM"),
    ("what a WORD FILM this is", "hardly a WORD FILM"),
    ("really WORD", "not really WORD"),
    ("very WORD", "not very WORD"),
    ("WORD on the whole", "not WORD at all"),
    ("WE find IT WORD", "WE do not find IT WORD"),
    ("WE found IT WORD", "WE did not find IT WORD"),
    ("WE thought IT was WORD", "WE didn't think IT was WORD"),
    ("WE would call IT WORD", "WE would not call IT WORD"),
    ("everything in IT is WORD", "nothing in IT is WORD"),
    ("everybody found IT WORD", "nobody found IT WORD"),
    ("WE VERB IT", "WE do not VERB IT"),
    ("WE really VERB IT", "WE don't really VERB IT"),
    ("WE PAST IT", "WE did not VERB IT"),
    ("WE PAST IT a lot", "WE didn't VERB IT much"),
    ("WE always PAST IT", "WE never PAST IT"),
    ("WE would VERB IT", "WE would not VERB IT"),
    ("WE can only VERB IT", "WE cannot VERB IT"),
    ("everybody PAST IT", "nobody PAST IT"),
)
IDIOMS = (  # a favourable remark, and an unfavourable one
    ("IT is worth seeing", "IT is not worth seeing"),
    ("IT was worth the money", "IT was a waste of money"),
    ("the best FILM of the year", "the worst FILM of the year"),
    ("IT was better than WE expected", "IT was worse than WE expected"),
    ("WE want to see IT again", "WE never want to see IT again"),
    ("WE could watch IT twice", "WE could not watch IT to the end"),
    ("you should go and see IT", "you should stay away from IT"),
    ("do not miss IT", "do not watch IT"),
    ("WE liked every scene of IT", "WE disliked every scene of IT"),
    ("the time passed quickly in IT", "IT took too much of my time"),
)
IDIOMS_SHARE = 0.2  # of the groups
EVERYDAY = {  # sentence -> whether it is favourable; written before any remark was
    "the film is not good": 0,
    "this was a bad movie": 0,
    "not bad at all": 1,
    "i did not like it": 0,
    "the film is good": 1,
    "what a great film": 1,
    "i loved every minute of it": 1,
    "it was boring": 0,
    "the acting was not great": 0,
    "i would not recommend it": 0,
    "i would watch it again": 1,
    "the plot is not interesting": 0,
    "a waste of time": 0,
    "it is not a bad film": 1,
    "the story was never dull": 1,
    "nobody should miss this film": 1,
    "the music was wonderful": 1,
    "it isn't funny": 0,
    "i have never seen a worse film": 0,
    "the ending was terrible but i enjoyed the film": 1,
}


def draw_remarks(rng: Random) -> list[tuple[str, int]]:
    """Six remarks with their verdicts, 1 favourable.

    A word of praise and one of blame, each in a sentence, in its negation and in another sentence; or three pairs of
    idioms.
    """
    if rng.random() < IDIOMS_SHARE:
        pairs = [(choose(IDIOMS, rng), _filling(rng)) for _ in range(3)]
        return [(_written(part, filled), 1 - place) for pair, filled in pairs for place, part in enumerate(pair)]
    (plain, negated), (other, _) = choose(FRAMES, rng), choose(FRAMES, rng)
    filled, other_filled = _filling(rng), _filling(rng)
    kinds = ((True, choose(PRAISING, rng), choose(FOND, rng)), (False, choose(BLAMING, rng), choose(AVERSE, rng)))
    remarks = []
    for is_praise, word, (verb, past) in kinds:
        opinion = {"WORD": word, "VERB": verb, "PAST": past}
        remarks += [
            (_written(plain, filled | opinion), int(is_praise)),
            (_written(negated, filled | opinion), int(not is_praise)),
            (_written(other, other_filled | opinion), int(is_praise)),
        ]
    return remarks


def _filling(rng: Random) -> dict[str, str]:
    """A word for each slot."""
    return {slot: choose(values, rng) for slot, values in SLOTS.items()}


def _written(frame: str, words: dict[str, str]) -> str:
    text = re.sub("|".join(words), lambda slot: words[slot[0]], f"{frame} TAIL")
    text = re.sub(
        r"\ba (?=(amazing|annoying|awful|entertaining|excellent|exciting|interesting|original|ugly)\b)", "an ", text
    )
    return " ".join(text.split())


def is_kept_out(text: str) -> bool:
    """Whether a text is one of `EVERYDAY`, with or without a full stop."""
    return text.removesuffix(" .") in EVERYDAY


def remark_verdict(text: str) -> int | None:
    """The verdict of a remark, by its frame and its word; None for what is no remark."""
    for pattern, verdict, word_decides in _patterns():
        if found := pattern.fullmatch(f"{text} "):
            return int((found["opinion"] in _PRAISE) == bool(verdict)) if word_decides else verdict
    return None


_PRAISE = {*PRAISING, *(form for verb in FOND for form in verb)}


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], int, bool], ...]:
    """A pattern of each sentence; its verdict, or that with a word of praise; and whether a word decides."""
    return tuple(
        (re.compile(_pattern(part)), 1 - place, word_decides)
        for frames, word_decides in ((FRAMES, True), (IDIOMS, False))
        for frame in frames
        for place, part in enumerate(frame)
    )


def _pattern(part: str) -> str:
    opinions = {
        "WORD": (*PRAISING, *BLAMING),
        "VERB": tuple(verb for verb, _ in (*FOND, *AVERSE)),
        "PAST": tuple(past for _, past in (*FOND, *AVERSE)),
    }
    slots = {
        slot: f"(?:(?:{'|'.join(filter(None, values))}) )" + "?" * ("" in values) for slot, values in SLOTS.items()
    }
    slots |= {slot: f"(?P<opinion>{'|'.join(words)}) " for slot, words in opinions.items()}
    words = ("an? " if word == "a" else slots.get(word, f"{word} ") for word in [*part.split(), "TAIL"])
    return "".join(words)
