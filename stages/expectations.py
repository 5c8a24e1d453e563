"""Great Expectations, run quietly in memory: suites in, outcomes and Data Docs out.

Import this module where it is used: great_expectations takes seconds to import.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import great_expectations as gx
import great_expectations.expectations as gxe
import pandas as pd
from great_expectations.data_context.types.base import ProgressBarsConfig

from stages.dataset import Suite

SHOWN = 10  # offending rows that are kept and printed, per rule


@dataclass(frozen=True)
class Outcome:
    """What became of one rule; as JSON it is an entry of result.json."""

    table: str
    rule: str  # in plain words
    expectation: str
    limits: dict[str, Any]
    success: bool
    observed: Any  # of a rule about a whole table or column
    failing: int  # rows, of a rule about rows
    rows: list[dict[str, Any]]  # the first of them

    def complaint(self) -> str:
        """The rule that failed, what was found, and the rows to look at."""
        lines = [f"- table {self.table}: {self.rule}"]
        if self.observed is not None:
            lines.append(f"    found: {self.observed}")
        if self.failing:
            lines.append(f"    {self.failing} rows fail" + (f", the first {SHOWN}:" if self.failing > SHOWN else ":"))
        for row in self.rows:
            content = ", ".join(f"{column}={value!r}" for column, value in row.items() if column != "id")
            lines.append(f"      id {row['id']}: {content}")
        return "\n".join(lines)


class Runner:
    """Runs suites and gathers their results for the Data Docs, which `build_docs` writes below `docs`."""

    def __init__(self, docs: Path) -> None:
        self._docs = docs
        for name in ("great_expectations", "posthog"):
            logging.getLogger(name).setLevel(logging.ERROR)
        self._context = gx.get_context(mode="ephemeral")
        self._context.variables.progress_bars = ProgressBarsConfig(globally=False)
        self._context.delete_data_docs_site("local_site")  # the default one would stay behind in /tmp
        self._pandas = self._context.data_sources.add_pandas("prepared")

    def run(self, about: str, suites: Iterable[Suite], content: Iterable[str]) -> list[Outcome]:
        """Check every rule of every suite, in their order.

        `about` names these suites in the Data Docs; `content` are the columns worth showing of a bad row.
        """
        return [outcome for suite in suites for outcome in self._run(f"{suite.table} {about}", suite, list(content))]

    def _run(self, name: str, suite: Suite, content: list[str]) -> list[Outcome]:
        rules = self._context.suites.add(gx.ExpectationSuite(name=name, expectations=suite.rules))
        batch = self._pandas.add_dataframe_asset(name).add_batch_definition_whole_dataframe("whole")
        definition = gx.ValidationDefinition(name=name, data=batch, suite=rules)
        self._context.validation_definitions.add(definition)
        found = definition.run(
            batch_parameters={"dataframe": suite.rows},
            result_format={"result_format": "COMPLETE", "unexpected_index_column_names": ["id"]},
        )
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
    suites = []
    for name, rows in tables.items():
        rules: list[Any] = [
            gxe.ExpectTableColumnsToMatchOrderedList(
                column_list=list(columns), description=f"the columns are {', '.join(columns)}"
            )
        ]
        for column, kind in columns.items():
            rules += [
                gxe.ExpectColumnValuesToBeOfType(
                    column=column, type_="str" if kind == "string" else kind, description=f"{column} is of type {kind}"
                ),
                gxe.ExpectColumnValuesToNotBeNull(column=column, description=f"{column} is never empty"),
            ]
        suites.append(Suite(name, rows if "id" in rows else rows.assign(id=range(len(rows))), rules))
    return suites


def _outcome(suite: Suite, result: Mapping[str, Any], content: list[str]) -> Outcome:
    config, found = result["expectation_config"], result["result"]
    limits = {key: value for key, value in config["kwargs"].items() if key != "batch_id"}
    observed = found.get("observed_value")
    trouble = _exceptions(result["exception_info"])
    return Outcome(
        table=suite.table,
        rule=config.get("description") or config["type"],
        expectation=config["type"],
        limits=limits,
        success=result["success"],
        observed=f"could not be checked: {trouble}" if trouble else observed,
        failing=found.get("unexpected_count", 0),
        rows=_rows(suite, found.get("unexpected_index_list") or [], limits, content),
    )


def _exceptions(info: Mapping[str, Any]) -> str:
    """Great Expectations reports one exception flat, or several by metric."""
    entries = [info] if "raised_exception" in info else list(info.values())
    return "; ".join(sorted({str(entry["exception_message"]) for entry in entries if entry.get("exception_message")}))


def _rows(
    suite: Suite, failing: list[Mapping[str, Any]], limits: Mapping[str, Any], content: list[str]
) -> list[dict[str, Any]]:
    """The first offending rows: what the table says there, and the columns that the rule looks at."""
    ids = list(dict.fromkeys(entry["id"] for entry in failing))[:SHOWN]
    looked_at = [limits[key] for key in ("column", "column_A", "column_B") if key in limits]
    shown = [column for column in suite.rows if column in ("id", *content, *looked_at)]
    if not set(content) & set(shown) - {"id"}:
        shown = list(suite.rows)  # a derived table: every column is content
    rows = suite.rows.loc[suite.rows["id"].isin(ids), shown].head(SHOWN)
    return [{str(column): _plain(value) for column, value in row.items()} for row in rows.to_dict("records")]


def _plain(value: Any) -> Any:
    """A cell as JSON: numpy's numbers as Python's, anything else unusual as text."""
    value = value.item() if hasattr(value, "item") else value
    return value if isinstance(value, int | str | bool) else str(value)
