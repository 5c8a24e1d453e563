"""Rules that any kind of a user's own data keeps: rows enough, no leaks, no contradictions; and suites in JSON."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from stages.checks.library import gx
from stages.dataset import RuleContext, Suite
from stages.errors import StageError
from stages.rules.vocabulary import Rule, no_error, row_count_at_least, warning
from stages.splits import SPLITS

FEWEST = {"train": 20, "val": 5, "test": 5}  # rows with which anything can be trained, chosen and reported
FAR_OUT = 20  # times the median number of words
FEW = {"val": 50, "test": 50}  # fewer let a share of right answers vary by more than 0.07 (one standard error)


def size_rules(split: str, unit: str) -> list[Rule]:
    """Rows enough to train on and to choose by."""
    fewest = FEWEST[split]
    found = [row_count_at_least(fewest, f"{split} has at least {fewest} {unit}s: fewer are too few for what is asked")]
    if split in FEW:
        found.append(
            warning(
                row_count_at_least(
                    FEW[split], f"{split} has at least {FEW[split]} {unit}s: with fewer, figures on it are rough"
                )
            )
        )
    return found


def with_repeats(tables: Mapping[str, pd.DataFrame], split: str, columns: Sequence[str]) -> pd.DataFrame:
    """A split's rows with `also_in` (another split that has a row of the same content) and `repeated`."""
    rows = tables[split].copy()
    own = _keys(rows, columns)
    rows["also_in"] = ""
    for other in SPLITS:
        if other != split and split == "train":
            shared = own.isin(set(_keys(tables[other], columns)))
            rows.loc[shared, "also_in"] = rows.loc[shared, "also_in"].map(lambda found: f"{found} {other}".strip())  # noqa: B023
    rows["repeated"] = own.duplicated().map({True: "repeated", False: ""})
    return rows


def repeat_rules(split: str, unit: str) -> list[Rule]:
    """The rules about the columns of `with_repeats`, all warnings."""
    found = [warning(no_error("repeated", f"no {unit} is repeated"))]
    if split == "train":
        found.append(warning(no_error("also_in", f"no {unit} of train is also in val or test")))
    return found


def _keys(rows: pd.DataFrame, columns: Sequence[str]) -> "pd.Series[str]":
    keys = rows[columns[0]].astype(str)
    for column in columns[1:]:
        keys = keys + "\0" + rows[column].astype(str)
    return keys


def contradictions(rows: pd.DataFrame, content: str, answer: str) -> "pd.Series[str]":
    """For each row the answers that its content has in this split, where they are several; else ''."""
    several = rows.groupby(content)[answer].transform("nunique") > 1
    found = pd.Series("", index=rows.index)
    if several.any():
        texts = rows[several].groupby(content)[answer].agg(lambda answers: " and ".join(sorted(map(str, set(answers)))))
        found[several] = rows.loc[several, content].map(texts)
    return found


def far_out(texts: "pd.Series[str]") -> tuple["pd.Series[str]", str]:
    """For each text how long it is where that is far more than usual, else ''; and the rule in words."""
    words = texts.str.count(" ") + 1
    limit = int(FAR_OUT * max(float(words.median()) if len(words) else 1.0, 5.0))
    found = words.map(lambda count: f"{count:,} words" if count > limit else "").astype(str)
    return found, f"no text has more than {limit:,} words, {FAR_OUT} times the median"


def suites_in(path: Path, context: RuleContext[Any]) -> list[Suite]:
    """A suite of Great Expectations' in JSON, for every table."""
    try:
        written = json.loads(path.read_text(encoding="utf-8"))["expectations"]
        return [Suite(name, table, _expectations(path.stem, written)) for name, table in context.tables.items()]
    except Exception as error:  # whatever Great Expectations raises for what it does not know
        raise StageError(f"{path} is no suite of Great Expectations' in JSON: {error!r}") from error


def _expectations(name: str, written: list[dict[str, Any]]) -> list[Rule]:
    """Expectations from their JSON; without the ids that Great Expectations gave them, as each table has its own."""
    plain = [{key: value for key, value in entry.items() if key != "id"} for entry in written]
    return list(gx.ExpectationSuite(name=name, expectations=plain).expectations)
