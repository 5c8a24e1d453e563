"""The rules of `speech`: whole clips that belong to their texts, and splits that share neither voice nor take."""

from collections import Counter
from collections.abc import Mapping
from itertools import product

import numpy as np
import pandas as pd

from stages.dataset import RuleContext, Suite
from stages.datasets.speech.origin import phrases, words
from stages.datasets.speech.origin.utterances import SpeechOptions, cells_of, utterances
from stages.datasets.speech.reader import CONNECTED, published_cells
from stages.datasets.speech.written import ALPHABETS, digits_of, doubled, new_words
from stages.rules.drawn_recordings import checked_drawn, drawn_rules, voices_suite
from stages.rules.published_digits import takes_suite
from stages.rules.recordings import (
    Sounds,
    cell_errors,
    checked_sounds,
    clip_of,
    counts_suite,
    pace_suite,
    paces,
    sound_rules,
)
from stages.rules.vocabulary import Rule, among, includes, mean_at_least, no_error
from stages.sounds import digits
from stages.sounds.recording import Utterance
from stages.sounds.waves import Samples
from stages.texts.sizes import SPLITS

SPOKEN = Sounds(seconds=(0.26, 2.8), a_character=(0.04, 0.6), loudness=(-42, -20), dynamics=8, offset=1.5)
ISOLATED = Sounds((0.14, 2.3), (0.03, 0.6), (-54, -15), dynamics=3, offset=1.0, full_scale=1)
JOINED = Sounds((0.5, 7.0), (0.04, 0.25), (-50, -15), dynamics=8, offset=1.0, full_scale=max(digits.LENGTHS))
LEAST_PACE = 0.5  # correlation of duration and characters: measured 0.8 to 0.95, about 0 where rows are mixed up
LONGER = 1.1  # times: a doubled phrase, without the silence around it, against its plain form
NEW_SHARE = 0.1  # of val and test that has new words; about 0.2 is drawn


def rules(context: RuleContext[SpeechOptions]) -> list[Suite]:
    """A suite per table, and some about what all rows together show."""
    return _published(context) if context.source == "public" else _builtin(context)


def _checked(context: RuleContext[SpeechOptions], name: str) -> pd.DataFrame:
    """The table with a column for each rule that needs computing, of either source; '' means no error."""
    rows = checked_sounds(context.tables, context.arrays, name)
    said = list(zip(rows["text"], rows["language"], rows["kind"], strict=True))
    rows["alphabet_error"] = [
        "" if language in ALPHABETS and ALPHABETS[language].fullmatch(text) else f"not {language}"
        for text, language, _ in said
    ]
    rows["digits_error"] = [
        "" if found == (expected := digits_of(*row)) else f"the text says {expected!r}"
        for found, row in zip(rows["digits"], said, strict=True)
    ]
    rows["doubled_error"] = [
        "" if found == doubled(text) else f"is {not found}"
        for found, text in zip(rows["doubled"], rows["text"], strict=True)
    ]
    return rows


def _rules(count: int, basis: str, sounds: Sounds) -> list[Rule]:
    return [
        *sound_rules(count, basis, sounds),
        no_error(
            "alphabet_error", "English is lower-case words with one blank between them, Mandarin Chinese characters"
        ),
        no_error("digits_error", "the figures are those that the text says"),
        no_error("doubled_error", "doubled says whether two neighbouring characters are the same"),
    ]


def _digits_suite(tables: Mapping[str, pd.DataFrame]) -> Suite:
    """A row per table and digit."""
    found = Counter((name, digit) for name, table in tables.items() for text in table["digits"] for digit in text)
    shares = {name: int(table["digits"].str.len().sum()) // 10 for name, table in tables.items()}
    expected = {
        (name, digit): range(max(0, shares[name] // 2 - 4), 2 * shares[name] + 8)
        for name, digit in product(tables, "0123456789")
    }
    return counts_suite("digit", found, expected)


# -- built-in


def _builtin(context: RuleContext[SpeechOptions]) -> list[Suite]:
    drawn = utterances(context.options)
    suites = [_spoken_suite(context, split, drawn[split]) for split in SPLITS]
    found = [pace for suite in suites for pace in paces(suite.table, suite.rows, _kinds(suite.rows))]
    return [*suites, pace_suite(found, LEAST_PACE), voices_suite(context.tables), _digits_suite(context.tables)]


def _kinds(rows: pd.DataFrame) -> pd.Series:
    return rows["language"] + " " + rows["kind"]


def _spoken_suite(context: RuleContext[SpeechOptions], split: str, drawn: list[Utterance]) -> Suite:
    found = [
        *_rules(context.options.rows(split), "as params.yaml asks", SPOKEN),
        *drawn_rules(),
        no_error("kept_error", "no word or phrase is kept for another split"),
        no_error("new_error", "new_words says whether a word or phrase is not in train"),
        no_error("unknown", "every character is one that train has"),
        includes("text", list(phrases.PAIRS[0]), f"{' and '.join(phrases.PAIRS[0])} are said"),
        no_error("partner_error", f"a doubled phrase lasts {LONGER:g} times its plain form, which the same voice says"),
    ]
    if split != "train":
        description = f"at least {NEW_SHARE:.0%} of clips have a word or phrase that train has not"
        found.append(mean_at_least("is_new", NEW_SHARE, description))
    return Suite(split, _checked_spoken(context, split, drawn), found)


def _checked_spoken(context: RuleContext[SpeechOptions], split: str, drawn: list[Utterance]) -> pd.DataFrame:
    samples, train = context.arrays[split]["samples"], context.tables["train"]
    rows = checked_drawn(_checked(context, split), samples, split, drawn, [cells_of(said) for said in drawn])
    owners = [
        (phrases if language == "Mandarin" else words).kept_for(text)
        for text, language in zip(rows["text"], rows["language"], strict=True)
    ]
    rows["kept_error"] = ["" if owner in ("", split) else f"for {owner}" for owner in owners]
    expected = new_words(rows, train)
    rows["new_error"] = [
        "" if was == now else f"is {now}" for was, now in zip(rows["new_words"], expected, strict=True)
    ]
    rows["is_new"] = rows["new_words"].astype(float)
    known = set("".join(train["text"]))
    rows["unknown"] = ["".join(sorted(set(text) - known)) for text in rows["text"]]
    rows["partner_error"] = _partner_errors(rows, drawn)
    return rows


def _partner_errors(rows: pd.DataFrame, drawn: list[Utterance]) -> list[str]:
    silence = {number: said.room.before + said.room.after for number, said in enumerate(drawn)}
    spoken = [length - silence.get(number, 0) for number, length in zip(rows["id"], rows["length"], strict=True)]
    said = list(zip(rows["speaker"], rows["text"], rows["language"], spoken, strict=True))
    lasts = {(voice, text): samples for voice, text, _, samples in said}
    found = []
    for voice, text, language, samples in said:
        plain = phrases.merged(text)
        if language != "Mandarin" or plain == text:
            found.append("")
        elif (voice, plain) not in lasts:
            found.append(f"no {plain}")
        else:
            found.append("" if samples >= LONGER * lasts[voice, plain] else f"as short as {plain}")
    return found


# -- public


def _published(context: RuleContext[SpeechOptions]) -> list[Suite]:
    takes = _takes(context)
    suites, found = [], []
    for split in SPLITS:
        alone, joined = f"isolated-{split}", f"connected-{split}"
        rows = _checked(context, alone)
        rows["cell_error"] = cell_errors(rows, [published_cells(joint) for joint in digits.isolated(split)])
        count = len(digits.SPEAKERS) * 10 * len(digits.TAKES[split])
        suites.append(Suite(alone, rows, [*_rules(count, "as published", ISOLATED), *_published_rules()]))

        joints = digits.connected(split, CONNECTED[split])
        rows = _checked(context, joined)
        rows["cell_error"] = cell_errors(rows, [published_cells(joint) for joint in joints])
        rows["joined_error"] = _joined_errors(rows, context.arrays[joined]["samples"], joints, takes)
        description = f"a string is joined from the recordings in {alone}, sample by sample"
        expected = [*_rules(CONNECTED[split], "as joined here", JOINED), *_published_rules()]
        suites.append(Suite(joined, rows, [*expected, no_error("joined_error", description)]))
        found += paces(joined, rows, _kinds(rows))
    return [*suites, pace_suite(found, LEAST_PACE), takes_suite(takes), _digits_suite(context.tables)]


def _published_rules() -> list[Rule]:
    return [
        no_error("cell_error", "text, speaker and takes are those of the row's recordings"),
        among("new_words", [False], "no digit is a new word"),
    ]


def _takes(context: RuleContext[SpeechOptions]) -> digits.Takes:
    """The recordings as the isolated tables name them."""
    found: dict[tuple[str, str, int], Samples] = {}
    for split in SPLITS:
        table, samples = context.tables[f"isolated-{split}"], context.arrays[f"isolated-{split}"]["samples"]
        said = zip(*(table[name] for name in ("digits", "speaker", "takes", "start", "length")), strict=True)
        found |= {
            (digit, speaker, int(take)): clip_of(samples, start, length)
            for digit, speaker, take, start, length in said
            if take.isdigit()
        }
    return found


def _joined_errors(rows: pd.DataFrame, samples: Samples, joints: list[digits.Joint], takes: digits.Takes) -> list[str]:
    found = []
    for number, start, length in zip(rows["id"], rows["start"], rows["length"], strict=True):
        keys = joints[number].keys if 0 <= number < len(joints) else []
        whole = keys and all(len(takes.get(key, ())) >= digits.OVERLAP for key in keys)
        same = whole and np.array_equal(clip_of(samples, start, length), digits.join(joints[number], takes))
        found.append("" if same else f"not {keys}")
    return found
