"""The rules of sentences and their translations."""

from typing import Any

import numpy as np
import pandas as pd

from stages.dataset import RuleContext, Suite
from stages.formats.pairs import script_of
from stages.formats.rules.every import contradictions, far_out, repeat_rules, size_rules, with_repeats
from stages.rules.texts import decoded_rule
from stages.rules.vocabulary import no_error, warning
from stages.splits import SPLITS

UNEVEN = 4  # times the usual ratio of the two lengths, in characters
SHORT = 10  # characters: of shorter texts the ratio says little


def rules(context: RuleContext[Any]) -> list[Suite]:
    """A suite per split."""
    train = context.tables["train"]
    usual = float((train["target"].str.len() / train["source"].str.len()).median()) if len(train) else 1.0
    scripts = [_usual_script(train[side]) for side in ("source", "target")]
    return [_split_suite(context, split, usual, scripts) for split in SPLITS]


def _usual_script(texts: "pd.Series[str]") -> str:
    found = texts.head(1000).map(script_of)
    return str(found.mode()[0]) if len(found) else ""


def _split_suite(context: RuleContext[Any], split: str, usual: float, scripts: list[str]) -> Suite:
    rows = with_repeats(context.tables, split, ["source", "target"])
    rows["several"] = contradictions(rows, "source", "target")
    rows["far_out"], limit = far_out(rows["source"])
    source, target = rows["source"].str.len(), rows["target"].str.len()
    ratio = (target / source / usual).to_numpy()
    is_long = np.maximum(source.to_numpy(), target.to_numpy()) > SHORT
    rows["uneven"] = np.where(is_long & ((ratio > UNEVEN) | (ratio < 1 / UNEVEN)), "uneven", "")
    rows["same"] = np.where((rows["source"] == rows["target"]) & (source > SHORT), "the same", "")
    rows["script"] = ""
    for side, script in zip(("source", "target"), scripts, strict=True):
        found = rows[side].map(script_of)
        rows.loc[(found != script) & (found != ""), "script"] += f"{side} is not {script.lower()} "
    return Suite(
        split,
        rows,
        [
            *size_rules(split, "pair"),
            warning(decoded_rule("source")),
            warning(decoded_rule("target")),
            warning(no_error("several", "no source has several targets in one split")),
            warning(no_error("uneven", f"no side is more than {UNEVEN} times as long as usual beside the other")),
            warning(no_error("same", "no target is its source")),
            warning(no_error("script", "the letters of a side are of one script")),
            warning(no_error("far_out", limit)),
            *repeat_rules(split, "pair"),
        ],
    )
