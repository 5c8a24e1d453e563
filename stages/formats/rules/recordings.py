"""The rules of recordings and their texts."""

from typing import Any

import numpy as np

from stages.dataset import RuleContext, Suite
from stages.formats.rules.every import repeat_rules, size_rules, with_repeats
from stages.rules.texts import decoded_rule
from stages.rules.vocabulary import between, no_error, warning
from stages.splits import SPLITS

SHORTEST, LONGEST = 0.1, 30.0  # seconds
QUIET_DB = -60.0  # peak under full scale
CLIPPED_DB = -0.01
FASTEST = 25.0  # characters a second: more is the text of another recording


def rules(context: RuleContext[Any]) -> list[Suite]:
    """A suite per split."""
    known = set("".join(context.tables["train"]["said"]))
    return [_split_suite(context, split, known) for split in SPLITS]


def _split_suite(context: RuleContext[Any], split: str, known: set[str]) -> Suite:
    rows = with_repeats(context.tables, split, ["file"])
    rate = int(context.facts["samples_a_second"])
    rows["seconds"] = rows["length"] / rate
    rows["silent"] = np.where(rows["peak_db"] < QUIET_DB, "silent", "")
    rows["clipped"] = np.where(rows["peak_db"] > CLIPPED_DB, "at full scale", "")
    rows["fast"] = np.where(rows["said"].str.len() / rows["seconds"].clip(lower=0.01) > FASTEST, "too fast", "")
    rows["unknown"] = rows["said"].map(lambda text: "".join(sorted(set(text) - known)))
    speakers = set(context.tables["train"]["speaker"]) - {""}
    rows["speaker_in_train"] = np.where(rows["speaker"].isin(speakers), rows["speaker"], "")
    found = [
        *size_rules(split, "recording"),
        no_error("unreadable", "every recording can be read"),
        warning(no_error("odd", "no recording is odd (its length, scale, channels, offset, hum)")),
        warning(between("seconds", SHORTEST, LONGEST, f"a recording has {SHORTEST:g} to {LONGEST:g} seconds")),
        warning(no_error("silent", "no recording is silent")),
        warning(no_error("clipped", "no recording reaches full scale, where it may be clipped")),
        warning(no_error("fast", f"no text has more than {FASTEST:g} characters a second of its recording")),
        warning(decoded_rule()),
        *repeat_rules(split, "recording"),
    ]
    if split != "train":
        found += [
            warning(no_error("unknown", f"every character of {split} is in train, which teaches it")),
            warning(no_error("speaker_in_train", f"no speaker of {split} is in train: else new voices are not tested")),
        ]
    return Suite(split, rows, found)
