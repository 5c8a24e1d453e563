"""The rules of `speech_translation`: clips that belong to their translations, and splits that share no voice."""

import hashlib
from collections import Counter
from itertools import product

import pandas as pd

from stages.dataset import RuleContext, Suite
from stages.datasets.speech_translation.origin.grammar import COMBINATIONS
from stages.datasets.speech_translation.origin.utterances import SpeechTranslationOptions, cells_of, utterances
from stages.datasets.speech_translation.reader import CONNECTED, published_cells
from stages.rules.drawn_recordings import checked_drawn, drawn_rules, voices_suite
from stages.rules.recordings import Sounds, cell_errors, checked_sounds, counts_suite, pace_suite, paces, sound_rules
from stages.rules.vocabulary import Rule, among, matches, no_error, unique
from stages.sounds import digits
from stages.texts.sizes import SPLITS

SPOKEN = Sounds(seconds=(0.4, 5.0), a_character=(0.015, 0.2), loudness=(-42, -20), dynamics=8, offset=1.0)
JOINED = Sounds((0.5, 7.0), (0.15, 1.2), (-50, -15), dynamics=8, offset=1.0, full_scale=max(digits.LENGTHS))
LEAST_PACE = 0.6  # correlation of duration and characters said: measured 0.9, about 0 where rows are mixed up
# dB under full scale that a published speaker's clips have on average: were sounds and rows mixed up, all had -29.
LEVELS = {
    "george": (-28, -22),
    "jackson": (-24, -18),
    "lucas": (-28, -22),
    "nicolas": (-29, -24),
    "theo": (-47, -35),
    "yweweler": (-42, -35),
}
# Of the samples, joined from the published recordings: the first 16 digits of their SHA-256.
SAMPLES = {"train": "ab486a245382dbc5", "val": "89b68841c3cda0e6", "test": "c577d6fd973ed2f1"}


def rules(context: RuleContext[SpeechTranslationOptions]) -> list[Suite]:
    """A suite per table, and some about what all rows together show."""
    builtin = context.source == "builtin"
    suites = [(_builtin_suite if builtin else _published_suite)(context, split) for split in SPLITS]
    found = [pace for suite in suites for pace in paces(suite.table, suite.rows, suite.rows["language"])]
    return [
        *suites,
        pace_suite(found, LEAST_PACE),
        *([voices_suite(context.tables)] if builtin else _published_suites(context)),
    ]


def _text_rule(pattern: str, description: str) -> Rule:
    return matches("text", pattern, description)


def _builtin_suite(context: RuleContext[SpeechTranslationOptions], split: str) -> Suite:
    drawn = utterances(context.options)[split]
    rows = checked_sounds(context.tables, context.arrays, split)
    rows = checked_drawn(rows, context.arrays[split]["samples"], split, drawn, [cells_of(said) for said in drawn])
    said = {number: len(utterance.said) for number, utterance in enumerate(drawn)}
    rows["characters"] = [said.get(number, 0) for number in rows["id"]]
    rows["kept_for"] = rows["text"].map(COMBINATIONS.kept_for)
    words = set(" ".join(context.tables["train"]["text"]).split())
    rows["unknown"] = [" ".join(sorted(set(text.split()) - words)) for text in rows["text"]]
    description = (
        "no combination of words is kept for another split" if split == "train" else "a combination of words is new"
    )
    return Suite(
        split,
        rows,
        [
            *sound_rules(context.options.rows(split), "as params.yaml asks", SPOKEN),
            *drawn_rules(),
            _text_rule(r"^[a-z]+(?: [a-z]+)*$", "a text is lower-case words with one blank between them"),
            unique("text", "no sentence is repeated"),
            among("kept_for", [split], description),
            no_error("unknown", "every word is one that train has"),
        ],
    )


def _published_suite(context: RuleContext[SpeechTranslationOptions], split: str) -> Suite:
    rows = checked_sounds(context.tables, context.arrays, split)
    rows["cell_error"] = cell_errors(
        rows, [published_cells(joint) for joint in digits.connected(split, CONNECTED[split])]
    )
    return Suite(
        split,
        rows,
        [
            *sound_rules(CONNECTED[split], "as joined here", JOINED),
            _text_rule(f"^[{digits.CHINESE}]+$", "a text is Chinese numerals"),
            no_error("cell_error", "text, language, speaker and takes are those drawn for the row"),
        ],
    )


def _published_suites(context: RuleContext[SpeechTranslationOptions]) -> list[Suite]:
    """How often each speaker occurs, how loud a speaker is, and whether the sounds are those published, as joined."""
    speakers = Counter((split, speaker) for split, table in context.tables.items() for speaker in table["speaker"])
    turns = {split: count // len(digits.SPEAKERS) for split, count in CONNECTED.items()}
    rows: list[tuple[int, str, str, float, str]] = []
    for split, speaker in product(SPLITS, digits.SPEAKERS):
        table, (low, high) = context.tables[split], LEVELS[speaker]
        level = float(table.loc[table["speaker"] == speaker, "loudness_db"].mean())
        rows.append((len(rows), split, speaker, level, "" if low <= level <= high else f"{low} to {high} dB"))
    return [
        counts_suite(
            "person",
            speakers,
            {
                (split, speaker): range(turns[split], turns[split] + 1)
                for split in SPLITS
                for speaker in digits.SPEAKERS
            },
        ),
        Suite(
            "levels",
            pd.DataFrame(rows, columns=["id", "of", "by", "level_db", "level_error"]),
            [no_error("level_error", "each speaker is as loud as published")],
        ),
        _samples_suite(context),
    ]


def _samples_suite(context: RuleContext[SpeechTranslationOptions]) -> Suite:
    """A row per split. That a string is cut short or runs backwards shows in nothing that is measured of it."""
    rows = []
    for number, split in enumerate(SPLITS):
        samples = context.arrays[split]["samples"].astype("<i2")
        found = hashlib.sha256(samples.tobytes()).hexdigest()[:16]
        rows.append((number, split, found, "" if found == SAMPLES[split] else f"expected {SAMPLES[split]}"))
    return Suite(
        "samples",
        pd.DataFrame(rows, columns=["id", "of", "sha256", "sample_error"]),
        [no_error("sample_error", "the samples are those of the published recordings, joined as drawn")],
    )
