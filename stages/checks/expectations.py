"""Great Expectations, run quietly in memory: suites in, outcomes and Data Docs out.

Import this module where it is used: great_expectations takes seconds to import.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from math import isfinite
from pathlib import Path
from typing import Any

import pandas as pd

from stages.checks.library import ProgressBarsConfig, RunIdentifier, gx, gxe
from stages.dataset import Suite

SHOWN = 10  # offending rows that are kept and printed, per rule


@dataclass(frozen=True)
class Outcome:
    """What became of one rule; as JSON it is an entry of result.json."""

    table: str
    rule: str  # in plain words
    expectation: str
    severity: str  # critical: a failure stops the data set | warning, info: it is only told
    limits: dict[str, Any]
    success: bool
    observed: Any  # of a rule about a whole table or column
    failing: int  # rows, of a rule about rows
    ids: list[Any]  # of all of them
    rows: list[dict[str, Any]]  # the first of them


class Runner:
    """Runs suites and gathers their results for the Data Docs, which `build_docs` writes below `docs`."""

    def __init__(self, docs: Path) -> None:
        self._docs = docs
        for name in ("great_expectations", "posthog"):
            logging.getLogger(name).setLevel(logging.ERROR)
        self._context = gx.get_context(mode="ephemeral")
        self._context.variables.progress_bars = ProgressBarsConfig(globally=False)
        self._context.delete_data_docs_site("local_site")  # the default one would stay behind in /tmp
        # One for all suites: each one more would have the whole configuration written anew.
        tables = self._context.data_sources.add_pandas("prepared").add_dataframe_asset("table")
        self._batch = tables.add_batch_definition_whole_dataframe("whole")

    def run(self, about: str, suites: Iterable[Suite], content: Iterable[str]) -> list[Outcome]:
        """Check every rule of every suite, in their order.

        `about` names these suites in the Data Docs; `content` are the columns worth showing of a bad row.
        """
        return [outcome for suite in suites for outcome in self._run(f"{suite.table} {about}", suite, list(content))]

    def _run(self, name: str, suite: Suite, content: list[str]) -> list[Outcome]:
        rules = self._context.suites.add(gx.ExpectationSuite(name=name, expectations=suite.rules))
        definition = gx.ValidationDefinition(name=name, data=self._batch, suite=rules)
        self._context.validation_definitions.add(definition)
        # Rows are named by an index without a name: `unexpected_index_column_names` says the same, but looks up every
        # failing row by itself, in 10 s for 60,000 rows instead of 0.3 s.
        rows = suite.rows.set_axis(suite.rows["id"].to_numpy(), axis="index")
        run = partial(definition.run, batch_parameters={"dataframe": rows}, run_id=RunIdentifier())
        found = run(result_format="BASIC")
        if any(result.result.get("unexpected_count") for result in found.results):
            # Only now the rows are asked for, which costs a third more. Being the same run, it takes the other's place.
            found = run(result_format="COMPLETE")
        order = {rule.id: position for position, rule in enumerate(rules.expectations)}
        results: list[Any] = [result.to_json_dict() for result in found.results]
        results.sort(key=lambda result: order[result["expectation_config"]["id"]])
        return [_outcome(suite, result, content) for result in results]

    def build_docs(self) -> Path:
        """Write the Data Docs, static HTML, and return their front page."""
        self._context.add_data_docs_site(
            "docs",
            {
                "class_name": "SiteBuilder",
                "show_how_to_buttons": False,  # type: ignore[typeddict-unknown-key]
                "store_backend": {
                    "class_name": "TupleFilesystemStoreBackend",
                    "base_directory": str(self._docs.absolute()),
                },
                "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
            },
        )
        self._context.build_data_docs()
        return self._docs / "index.html"


def shape_suites(tables: Mapping[str, pd.DataFrame], columns: Mapping[str, str]) -> list[Suite]:
    """What every rule of a data set relies on: the columns are there, typed, and without holes."""
    suites = [_columns_suite(tables, columns)]
    for name, rows in tables.items():
        holes = rows.isna()
        empty = [", ".join(rows.columns[row]) for row in holes.to_numpy()] if holes.to_numpy().any() else ""
        given = rows if "id" in rows else rows.assign(id=range(len(rows)))
        rule = gxe.ExpectColumnValuesToBeInSet(column="empty", value_set=[""], description="no cell is empty")
        suites.append(Suite(name, given.assign(empty=empty), [rule]))
    return suites


def _columns_suite(tables: Mapping[str, pd.DataFrame], columns: Mapping[str, str]) -> Suite:
    """A row per table and column: a rule per column and table would cost Great Expectations more than all others."""
    types = {"string": "str"}  # Arrow's name -> pandas'
    declared = [f"{column} {types.get(kind, kind)}" for column, kind in columns.items()]
    rows = []
    for name, table in tables.items():
        found = [f"{column} {kind}" for column, kind in table.dtypes.items()]
        rows += [(name, *pair) for pair in zip_longest(found, declared, fillvalue="none")]
    frame = pd.DataFrame(rows, columns=["table", "found", "declared"])
    frame.insert(0, "id", range(len(frame)))
    says = f"the columns of every table are {', '.join(columns)}, each of its declared type"
    return Suite(
        "columns", frame, [gxe.ExpectColumnPairValuesToBeEqual(column_A="found", column_B="declared", description=says)]
    )


def _outcome(suite: Suite, result: Mapping[str, Any], content: list[str]) -> Outcome:
    config, found = result["expectation_config"], result["result"]
    limits = {key: value for key, value in config["kwargs"].items() if key != "batch_id"}
    observed = found.get("observed_value")
    trouble = _exceptions(result["exception_info"])
    ids = [_plain(row) for row in found.get("unexpected_index_list") or []]
    return Outcome(
        table=suite.table,
        rule=config.get("description") or config["type"],
        expectation=config["type"],
        severity=config["severity"],
        limits=limits,
        success=result["success"],
        observed=f"could not be checked: {trouble}" if trouble else observed,
        failing=found.get("unexpected_count", 0),
        ids=ids,
        rows=_rows(suite, ids, limits, content) if ids else [],
    )


def _exceptions(info: Mapping[str, Any]) -> str:
    """Great Expectations reports one exception flat, or several by metric."""
    entries = [info] if "raised_exception" in info else list(info.values())
    return "; ".join(sorted({str(entry["exception_message"]) for entry in entries if entry.get("exception_message")}))


def _rows(suite: Suite, ids: list[Any], limits: Mapping[str, Any], content: list[str]) -> list[dict[str, Any]]:
    """The first offending rows: what the table says there, and the columns that the rule looks at."""
    first = list(dict.fromkeys(ids))[:SHOWN]
    looked_at = [limits[key] for key in ("column", "column_A", "column_B") if key in limits]
    shown = [column for column in suite.rows if column in ("id", *content, *looked_at)]
    if not set(content) & set(shown) - {"id"}:
        shown = list(suite.rows)  # a derived table: every column is content
    rows = suite.rows.loc[suite.rows["id"].isin(first), shown].head(SHOWN)
    return [{str(column): _plain(value) for column, value in row.items()} for row in rows.to_dict("records")]


def _plain(value: Any) -> Any:
    """A cell as JSON: numpy's numbers as Python's, anything else unusual as text."""
    value = value.item() if hasattr(value, "item") else value
    return (
        value if isinstance(value, int | str | bool) or (isinstance(value, float) and isfinite(value)) else str(value)
    )
