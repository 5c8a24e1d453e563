"""Film reviews from a grammar, made so that counting words fails: what `sentiment` and others are built of.

A review is *plain*, or one of a pair: two reviews of the very same words with opposite verdicts, where only the order
decides (`the plot is not dull , it is moving` and `the plot is not moving , it is dull`). Whatever looks at a bag of
words gives both the same answer and so is right on exactly one. Four phenomena have such pairs:

    negation      not ... , it is ...; far from ...
    contrast      what comes after `but`, or beside an `although` clause, is the verdict; not what comes last
    intensity     the stronger of two opinions wins
    expectation   what was found counts, not what was expected

A data set may have everyday remarks besides (stages/texts/remarks.py). Some film titles are held out of train (see
stages/texts/grammar.py). No bag of words occurs in two splits.
"""

from dataclasses import dataclass
from random import Random

from stages.errors import StageError
from stages.texts.grammar import Grammar, Names, Sentence, parse_rules
from stages.texts.remarks import draw_remarks, is_kept_out

VERDICTS = ("unfavourable", "favourable")  # by label
PAIRED = {  # phenomenon -> the two labels whose phrases change places to turn the verdict
    "negation": ("good", "bad"),
    "contrast": ("good", "bad"),
    "intensity": ("strong", "weak"),
    "expectation": ("good", "bad"),
}
REMARK = "remark"
PHENOMENA = ("plain", REMARK, *PAIRED)
PAIRED_SHARE = 0.15  # of all reviews, each: 60% are beyond a bag of words
REMARKS_OF_GROUP = 6
REMARK_SHARE = 0.2  # of the reviews of a data set that has remarks
GOOD = (
    *("admirable", "appealing", "brilliant", "captivating", "charming", "clever", "compelling", "convincing"),
    *("delightful", "elegant", "enchanting", "engaging", "enjoyable", "excellent", "exciting", "fascinating"),
    *("flawless", "fresh", "graceful", "gripping", "heartfelt", "impressive", "ingenious", "inspired", "inventive"),
    *("lively", "lovely", "masterful", "memorable", "moving", "refreshing", "remarkable", "rewarding", "splendid"),
    *("superb", "thoughtful", "thrilling", "touching", "well made", "wonderful"),
)
BAD = (
    *(
        "annoying",
        "awful",
        "awkward",
        "bland",
        "boring",
        "clumsy",
        "confused",
        "contrived",
        "disappointing",
        "dreadful",
    ),
    *("dreary", "dull", "embarrassing", "empty", "feeble", "flat", "forgettable", "half baked", "hollow", "incoherent"),
    *("irritating", "lazy", "lifeless", "mediocre", "messy", "monotonous", "painful", "pointless", "predictable"),
    *("pretentious", "shallow", "silly", "stale", "tedious", "terrible", "tiresome", "ugly", "unbearable", "weak"),
    *("wooden",),
)
LEXICON: dict[str, Names | tuple[str, ...]] = {
    "good": GOOD,
    "bad": BAD,
    "strong": (
        "absolutely",
        "completely",
        "deeply",
        "extremely",
        "incredibly",
        "overwhelmingly",
        "thoroughly",
        "utterly",
    ),
    "weak": ("a bit", "a little", "a touch", "faintly", "mildly", "moderately", "slightly", "somewhat"),
    "part": (
        *("acting", "beginning", "camera work", "cast", "dialogue", "direction", "editing", "ending", "first half"),
        *("humour", "lead", "lighting", "music", "pacing", "photography", "plot", "premise", "romance", "score"),
        *("screenplay", "second half", "set design", "sound", "story", "villain"),
    ),
    "title": Names(
        everywhere=(
            *("a house by the river", "blue harbour", "eleven letters", "midnight ferry", "north of nowhere"),
            *("paper lanterns", "second street", "the apprentice", "the baker's son", "the clockmaker", "the crossing"),
            *(
                "the glass orchard",
                "the last summer",
                "the lighthouse",
                "the long road",
                "the map room",
                "the neighbour",
            ),
            *("the night train", "the passenger", "three sisters", "tomorrow at noon", "winter garden"),
        ),
        only={
            "val": ("a box of stamps", "the ferryman", "the quarry", "under the bridge", "waiting for rain"),
            "test": (
                "hotel meridian",
                "seven bicycles",
                "the beekeeper",
                "the cartographer",
                "the tide",
                "two brothers",
            ),
        },
    ),
    "day": ("friday", "monday", "saturday", "sunday", "thursday", "tuesday", "wednesday", "my birthday", "a rainy day"),
    "person": ("brother", "colleague", "daughter", "father", "friend", "husband", "mother", "sister", "son", "wife"),
}
# Every production of a paired phenomenon is written with a favourable verdict; the other one is made by exchange.
RULES = parse_rules("""
open: i saw @title on @day . | we watched @title with my @person . | last week i saw @title . | @title on @day .
    | my @person took me to @title . | about @title : | this is about @title . | @title again .
close: . | . | . | , that much is clear . | , as my @person said . | , says my @person too .
thing: the @part | the @part of @title | its @part | the @part here
i_find: i find | my @person and i found | my @person finds | one finds

plain: $open? $thing is @strong? @good $close | $open? $thing is @weak? @good $close
    | $open? $thing is @good and $thing is @strong? @good $close | $open? not only is $thing @good , it is @good $close
    | $open? $i_find $thing @strong? @good $close | $open? $thing is nothing but @good $close
    | $open? $thing is @good , and although the film is long , $thing is @good too $close
    | $open? as expected , $thing is @strong? @good $close | $open? never mind the length , $thing is @good $close

negation: $open? $thing is not @bad , it is @good $close | $open? $thing is @good , not @bad $close
    | $open? far from @bad , $thing is @good $close | $open? $thing is @good and never @bad $close
    | $open? it is not true that $thing is @bad , it is @good $close
    | $open? $thing is anything but @bad , it is @good $close
    | $open? $thing is @good , i would not call it @bad $close
    | $open? nobody can say that $thing is @bad ; it is @good $close
    | $open? $i_find $thing @good , by no means @bad $close | $open? hardly @bad , $thing is @good $close

contrast: $open? $thing is @bad but the film is @good $close | $open? although $thing is @bad , the film is @good $close
    | $open? the film is @good although $thing is @bad $close | $open? the film is @good , even if $thing is @bad $close
    | $open? $thing may be @bad , yet the whole is @good $close
    | $open? the whole is @good , though $thing is @bad $close
    | $open? while $thing is @bad , in the end the film is @good $close
    | $open? $i_find $thing @bad but the film @good $close | $open? the film is @good despite how @bad $thing is $close

intensity: $open? $thing is @weak @bad and $thing is @strong @good $close
    | $open? $thing is @strong @good and $thing is @weak @bad $close
    | $open? $thing is @weak @bad , $thing is @strong @good $close
    | $open? $i_find $thing @strong @good and $thing @weak @bad $close
    | $open? it is @strong @good and @weak @bad at once $close | $open? @weak @bad , @strong @good $close

expectation: $open? i expected something @bad and got something @good $close
    | $open? it turned out @good , where i had feared it would be called @bad $close
    | $open? what my @person had called @bad was in truth @good $close
    | $open? it looks @bad at first and proves @good $close
    | $open? it proves @good , however @bad it looks at first $close
    | $open? the poster is @bad , the film itself is @good $close
    | $open? critics called it @bad and were wrong ; it is @good $close
    | $open? it is @good ; those who called it @bad were wrong $close
""")
RULES["plain bad"] = tuple(production.replace("@good", "@bad") for production in RULES["plain"])
HELD_OUT_SHARE = 0.6
FEWEST_OWN_TITLES = 0.2  # share of val and of test reviews with held-out titles; the grammar comes to 0.35
GRAMMAR = Grammar(RULES, LEXICON, HELD_OUT_SHARE)
LETTERS = "a-z',.:;"  # of the words that this grammar writes, punctuation being words
LONGEST = 45


@dataclass(frozen=True)
class Review:
    """A text with its verdict (1 favourable, 0 not) and what makes it hard."""

    text: str
    label: int
    phenomenon: str


def bag(text: str) -> str:
    """The words of a text without their order."""
    return " ".join(sorted(text.split()))


def draw_reviews(split: str, count: int, rng: Random, seen: set[str], *, has_remarks: bool = False) -> list[Review]:
    """`count` reviews in random order, whose bags of words are not in `seen`, to which they go."""
    reviews: list[Review] = []
    for phenomenon in PAIRED:
        for _ in range(pairs_of_each(count)):
            reviews += _new(phenomenon, split, rng, seen)
    for _ in range(groups_of_remarks(count) if has_remarks else 0):
        reviews += _new_remarks(split, rng, seen)
    for number in range(count - len(reviews)):
        reviews += _new("plain bad" if number % 2 else "plain", split, rng, seen)
    return sorted(reviews, key=lambda _: rng.random())


def pairs_of_each(count: int) -> int:
    """How many pairs each phenomenon has among `count` reviews."""
    return int(count * PAIRED_SHARE / 2)


def groups_of_remarks(count: int) -> int:
    """How many groups of remarks there are among `count` reviews."""
    return int(count * REMARK_SHARE / REMARKS_OF_GROUP)


def _new_remarks(split: str, rng: Random, seen: set[str]) -> list[Review]:
    for _ in range(1000):
        remarks = draw_remarks(rng)
        keys = {bag(text) for text, _ in remarks}
        if len(keys) == len(remarks) and keys.isdisjoint(seen) and not any(is_kept_out(text) for text, _ in remarks):
            seen |= keys
            return [Review(text, label, REMARK) for text, label in remarks]
    raise StageError(f"{split}: there are no more new remarks; ask for fewer reviews")


def _new(rule: str, split: str, rng: Random, seen: set[str]) -> list[Review]:
    """One plain review, or both of a pair."""
    for _ in range(1000):
        sentence = GRAMMAR.draw(rule, split, rng)
        key = bag(sentence.text)
        if key in seen:
            continue
        seen.add(key)
        if rule not in PAIRED:
            return [Review(sentence.text, int(rule == "plain"), "plain")]
        turned = exchange(sentence, *PAIRED[rule])
        return [Review(sentence.text, 1, rule), Review(turned, 0, rule)]
    raise StageError(f"{split}: the grammar gives no more new reviews ({rule}); ask for fewer")


def exchange(sentence: Sentence, one: str, other: str) -> str:
    """The sentence's text after its phrase labelled `one` and its phrase labelled `other` changed places."""
    phrases = {
        label: [word for word, tag in zip(sentence.words, sentence.tags, strict=True) if tag[2:] == label]
        for label in (one, other)
    }
    words: list[str] = []
    for word, tag in zip(sentence.words, sentence.tags, strict=True):
        if tag[2:] not in phrases:
            words.append(word)
        elif tag.startswith("B-"):
            words += phrases[other if tag[2:] == one else one]
    return " ".join(words)
