"""Whether the rules see that data are broken: those of stages/validate.py, run no further than the first that fails."""

from collections import Counter
from collections.abc import Iterator
from functools import cache, cached_property
from typing import Any

import great_expectations as gx
import pandas as pd
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.datasource.fluent import BatchDefinition

from stages.dataset import Prepared, RuleContext, Suite
from stages.errors import StageError
from stages.rules.shape import shape_suites
from tests.stages.mutations.subject import Subject

COLUMNS = ("column", "column_A", "column_B")  # the settings of an expectation that name what it looks at


class CrashError(Exception):
    """The reader or the rules stopped with an error that is none of a user's: they do not see what is wrong."""


class Check:
    """Runs the rules of one data set on broken data.

    A rule is run only where what it looks at differs from the good data, and it counts only if it holds on those.
    That saves time and changes no verdict: of equal input a rule says what it says of good data.
    """

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self._hold: set[tuple[str, str]] = set()  # rules known to hold on the good data

    @cached_property
    def _shape(self) -> list[Suite]:
        return shape_suites(self.subject.prepared.tables, self.subject.dataset.columns)

    @cached_property
    def _content(self) -> list[Suite]:
        return self._rules(self.subject.prepared)

    def _rules(self, prepared: Prepared) -> list[Suite]:
        source, options = self.subject.source, self.subject.options
        return self.subject.dataset.rules(
            RuleContext(source, options, prepared.tables, prepared.facts, prepared.arrays)
        )

    def caught_by(self, broken: Prepared) -> str:
        """The first rule that fails, as `table: rule`; '' if all hold. A StageError passes through."""
        shape = shape_suites(broken.tables, self.subject.dataset.columns)
        if failing := self._first_failing(shape, self._shape):
            return failing  # the other rules need the columns
        try:
            suites = self._rules(broken)
        except StageError:
            raise
        except Exception as error:
            raise CrashError(f"the rules stop with {error!r}") from error
        return self._first_failing(suites, self._content)

    def _first_failing(self, suites: list[Suite], good: list[Suite]) -> str:
        before = {suite.table: suite for suite in good}
        for suite in suites:
            for rule in _affected(suite, before.get(suite.table)):
                if not _success(suite.rows, rule):
                    self._must_hold(before[suite.table], str(rule.description))
                    return f"{suite.table}: {rule.description}"
        return ""

    def _must_hold(self, good: Suite, says: str) -> None:
        """A rule that fails on the good data, too, shows nothing."""
        if (good.table, says) not in self._hold:
            for rule in good.rules:
                if rule.description == says and not _success(good.rows, rule):
                    raise ValueError(f"{self.subject.dataset.name}: the good data break `{good.table}: {says}`")
            self._hold.add((good.table, says))

    def good_data_break(self) -> list[str]:
        """The rules that fail on the good data: there should be none."""
        return [
            f"{suite.table}: {rule.description}"
            for suite in [*self._shape, *self._content]
            for rule in suite.rules
            if not _success(suite.rows, rule)
        ]


def _affected(suite: Suite, good: Suite | None) -> Iterator[Any]:
    """The rules whose settings, or the columns that they look at, are not those of the good suite."""
    if good is None:
        yield from suite.rules
        return
    known = [_settings(rule) for rule in good.rules]
    same = {
        column: column in good.rows and suite.rows[column].equals(good.rows[column])
        for column in suite.rows
        if isinstance(column, str)
    }
    all_same = list(suite.rows) == list(good.rows) and all(same.values())
    for rule in suite.rules:
        if rule.severity != "critical":  # others are told, and stop nothing
            continue
        looked_at = [getattr(rule, name) for name in COLUMNS if hasattr(rule, name)]
        unchanged = all(same.get(column, False) for column in looked_at) if looked_at else all_same
        if not unchanged or _settings(rule) not in known:
            yield rule


def _settings(rule: Any) -> str:
    return f"{type(rule).__name__} {rule.dict(exclude={'id', 'rendered_content'})}"


def _success(rows: pd.DataFrame, rule: Any) -> bool:
    return bool(_table().get_batch({"dataframe": rows}).validate(rule, result_format="BOOLEAN_ONLY").success)


@cache
def _table() -> BatchDefinition[Any]:
    """Great Expectations' way to a table in memory: one for all."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    context.delete_data_docs_site("local_site")  # the default one would stay behind in /tmp
    return (
        context.data_sources.add_pandas("broken")
        .add_dataframe_asset("table")
        .add_batch_definition_whole_dataframe("whole")
    )


# -- harmless changes


def same(subject: Subject, one: Prepared, other: Prepared) -> bool:
    """Whether both hold the same data, up to the order of rows, their numbers, and what groups are called."""
    return list(one.tables) == list(other.tables) and all(_same(subject, table, one, other) for table in one.tables)


def _same(subject: Subject, table: str, one: Prepared, other: Prepared) -> bool:
    rows, changed = one.tables[table], other.tables[table]
    if rows is changed and one.arrays.get(table) is other.arrays.get(table):
        return True
    keys, places = (subject.roles.having(role) for role in ("key", "place"))
    return (
        rows.dtypes.equals(changed.dtypes)
        and len(rows) == len(changed)
        and changed["id"].is_unique
        and _content(_with_parts(subject, table, one), keys, places)
        == _content(_with_parts(subject, table, other), keys, places)
    )


def _with_parts(subject: Subject, table: str, prepared: Prepared) -> pd.DataFrame:
    """The rows with what each has in the arrays."""
    rows, parts = prepared.tables[table], subject.roles.parts
    return rows.assign(part=[part.tobytes() for part in parts.take(rows, prepared.arrays[table])]) if parts else rows


def _content(rows: pd.DataFrame, keys: list[str], places: list[str]) -> Counter[tuple[Any, ...]]:
    """The rows as a multiset, a key being told by what its rows hold."""
    values = [repr(row) for row in rows.drop(columns=["id", *keys, *places]).itertuples(index=False, name=None)]
    for _ in keys:
        columns = []
        for key in keys:
            held: dict[str, list[str]] = {}
            names = [repr(name) for name in rows[key]]
            for name, value in zip(names, values, strict=True):
                held.setdefault(name, []).append(value)
            members = {name: str(hash(tuple(sorted(found)))) for name, found in held.items()}
            columns.append([members[name] for name in names])
        values = [" ".join(cells) for cells in zip(values, *columns, strict=True)]
    return Counter((value,) for value in values)
