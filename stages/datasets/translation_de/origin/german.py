"""The German of noun phrases: articles, endings of adjectives, cases of nouns. And what verbs do in a clause.

A noun is given as a dictionary gives it: nominative, genitive, plural (`Junge, Jungen, Jungen`); all else follows.
"""

from collections.abc import Sequence

from stages.texts.synchronous import Forms

CASES = ("nom", "acc", "dat", "gen")

# By gender (p: plural, without the genitive, which nothing here asks for) and in the order of CASES: the article of an
# English determiner, and the endings of an adjective after `ein`, after `der`, and after anything else or nothing.
ARTICLES: dict[str, dict[str, tuple[str, ...]]] = {
    "a": {
        "m": ("ein", "einen", "einem", "eines"),
        "f": ("eine", "eine", "einer", "einer"),
        "n": ("ein", "ein", "einem", "eines"),
    },
    "the": {
        "m": ("der", "den", "dem", "des"),
        "f": ("die", "die", "der", "der"),
        "n": ("das", "das", "dem", "des"),
        "p": ("die", "die", "den"),
    },
    "two": {"p": ("zwei",) * 3},
    "three": {"p": ("drei",) * 3},
    "four": {"p": ("vier",) * 3},
    "several": {"p": ("mehrere", "mehrere", "mehreren")},
    "some": {"p": ("einige", "einige", "einigen")},
    "": dict.fromkeys("mfnp", ("",) * 4),
}
MIXED = {"m": ("er", "en", "en", "en"), "f": ("e", "e", "en", "en"), "n": ("es", "es", "en", "en")}
WEAK = {
    "m": ("e", "en", "en", "en"),
    "f": ("e", "e", "en", "en"),
    "n": ("e", "e", "en", "en"),
    "p": ("en", "en", "en"),
}
STRONG = {
    "m": ("er", "en", "em", "en"),
    "f": ("e", "e", "er", "er"),
    "n": ("es", "es", "em", "en"),
    "p": ("e", "e", "en"),
}
RELATIVES = {
    "m": ("der", "den", "dem"),
    "f": ("die", "die", "der"),
    "n": ("das", "das", "dem"),
    "p": ("die", "die", "denen"),
}
INVARIABLE = ("rosa",)  # adjectives that never get an ending


def phrases(
    determiners: Sequence[str], adjectives: Sequence[Forms], nouns: Sequence[Forms], *, plural: bool = False
) -> tuple[Forms, ...]:
    """Every noun phrase of a determiner, an adjective and a noun, half of them without an adjective."""
    return tuple(
        phrase(determiner, adjective, noun, plural=plural)
        for determiner in determiners
        for noun in nouns
        for adjective in (*adjectives, *[None] * max(1, len(adjectives)))
    )


def phrase(determiner: str, adjective: Forms | None, noun: Forms, *, plural: bool = False) -> Forms:
    """A noun phrase: `en`, a form for each case, and the relative pronouns that may follow it."""
    gender = "p" if plural else noun["gender"]
    endings = (MIXED if determiner == "a" else WEAK if determiner == "the" else STRONG)[gender]
    english = [determiner, adjective["en"] if adjective else "", noun["many" if plural else "en"]]
    forms = {"en": " ".join(filter(None, english))}
    for case, article, ending in zip(CASES, ARTICLES[determiner][gender], endings, strict=False):
        words = [article, inflected(adjective["stem"], ending) if adjective else "", declined(noun, case, plural)]
        forms[case] = " ".join(filter(None, words))
    return forms | {f"rel{case}": word for case, word in zip(CASES, RELATIVES[gender], strict=False)}


def inflected(stem: str, ending: str) -> str:
    """An adjective before its noun."""
    return stem if stem in INVARIABLE else stem + ending


def declined(noun: Forms, case: str, plural: bool) -> str:
    """A noun in a case."""
    if plural:
        many = noun["plural"]
        return many if case != "dat" or many[-1] in "ns" else f"{many}n"
    if case == "gen" or (case != "nom" and noun["gender"] == "m" and noun["gen"].endswith("n")):  # weak: des Jungen
        return noun["gen"]
    return noun["nom"]


def conjugated(verb: Forms) -> Forms:
    """A verb with what clauses ask for: `lastsg` and `lastpl` at the end of one, the infinitive with `zu`, participle.

    The infinitive is what `they` do (of all verbs but two). The separable part (`off`) goes to the end of a main clause
    and is one word with the verb anywhere else: `hebt auf`, but `aufhebt`, `aufgehoben`, `aufzuheben`.
    """
    off, infinitive = verb["off"], verb["pl"]
    return {
        "self": "",
        **verb,
        "lastsg": off + verb["sg"],
        "lastpl": off + infinitive,
        "zu": f"{off}zu{infinitive}" if off else f"zu {infinitive}",
        "done": off + verb.get("part", ""),
    }
