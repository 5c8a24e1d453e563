"""Drift: how far the prepared tables are from the profile of the version that was accepted last."""

from collections.abc import Mapping
from math import log, sqrt
from typing import Any

import pandas as pd

from stages.checks.profile import Profile
from stages.dataset import Suite
from stages.rules.vocabulary import at_most, warning
from stages.settings import Drift

TABLE = "drift"  # the name of the derived table that the rules about drift are on


NORMAL_999 = 3.0902  # of 1000 draws from the standard normal distribution 999 are below it


def stability_index(counts: list[int], accepted: list[int]) -> float:
    """The population stability index of two counts over the same bins: the sum of (p - q) ln(p / q).

    p and q are a bin's shares. It is 0 for equal shares and symmetric. By convention less than 0.1 is no change and
    more than 0.25 a large one (N. Siddiqi, Credit Risk Scorecards, 2006). Half a case more in every bin keeps it finite
    where a bin is empty on one side; a bin that is empty on both sides does not count.
    """
    bins = [pair for pair in zip(counts, accepted, strict=True) if any(pair)]
    now, before = (sum(side) + len(bins) / 2 for side in zip(*bins, strict=True)) if bins else (1.0, 1.0)
    shares = [((found + 0.5) / now, (known + 0.5) / before) for found, known in bins]
    return sum((p - q) * log(p / q) for p, q in shares)


def chance_index(bins: int, rows: int, accepted: int) -> float:
    """The 99.9 % quantile of the stability index of two samples of one population: what chance alone explains.

    Without drift it is about (1/n + 1/m) times a chi-square of bins - 1 degrees of freedom (B. Yurdakul, J. Naranjo:
    Statistical properties of the population stability index, Journal of Risk Model Validation, 2020). So its mean is
    (bins - 1) (1/n + 1/m): 0.11 for twelve bins and two tables of 200 rows, a change by convention and pure noise.
    The quantile is Wilson and Hilferty's: the cube root of a chi-square is about normal.
    """
    freedom = max(bins - 1, 1)
    spread = 2 / (9 * freedom)
    quantile = freedom * (1 - spread + NORMAL_999 * sqrt(spread)) ** 3
    return float(quantile * (1 / max(rows, 1) + 1 / max(accepted, 1)))


def compare(profile: Profile, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """A row per measure: `drift` is its stability index, less what chance alone explains."""
    rows = []
    for measure in profile.measures:
        table = tables.get(measure.table)
        if table is not None and measure.column in table:
            counts = measure.again(table[measure.column])
            used = sum(map(any, zip(counts, measure.counts, strict=True)))
            index = stability_index(counts, measure.counts)
            chance = chance_index(used, len(table), profile.rows[measure.table])
            drift = round(max(0.0, index - chance), 4)
            rows.append((measure.table, measure.column, measure.kind, round(index, 4), round(chance, 4), drift))
    frame = pd.DataFrame(rows, columns=["table", "column", "measure", "stability_index", "by_chance", "drift"])
    frame.insert(0, "id", range(len(frame)))
    return frame


def differences(profile: Profile, tables: Mapping[str, pd.DataFrame], options: Mapping[str, Any] | None) -> list[str]:
    """Differences from the accepted version in options and columns, before any cell is compared."""
    before, now = profile.options or {}, options or {}
    found = [
        f"{key} was {before.get(key)}, is {now.get(key)}"
        for key in dict.fromkeys([*before, *now])
        if before.get(key) != now.get(key)
    ]
    known = dict.fromkeys((measure.table, measure.column) for measure in profile.measures)
    columns = dict.fromkeys((name, column) for name, table in tables.items() for column in table if column != "id")
    found += [f"{column} of {table} is no longer there" for table, column in known if (table, column) not in columns]
    found += [f"{column} of {table} is new" for table, column in columns if (table, column) not in known]
    return found


def drift_suite(compared: pd.DataFrame, limits: Drift) -> Suite:
    """The rules about drift, on the result of `compare`."""
    description = "no column has drifted from the accepted profile: its stability index, less chance, is at most"
    rules = [warning(at_most("drift", limits.warn, f"{description} {limits.warn:g}"))]
    if limits.stop is not None:
        rules.append(at_most("drift", limits.stop, f"{description} {limits.stop:g}"))
    return Suite(TABLE, compared, rules)
