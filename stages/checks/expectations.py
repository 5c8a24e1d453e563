"""Great Expectations, run quietly in memory: suites in, outcomes and Data Docs out."""

import logging
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from math import isfinite
from pathlib import Path
from typing import Any

from stages.checks.library import ProgressBarsConfig, RunIdentifier, gx
from stages.dataset import Suite
from stages.files import writing

SHOWN = 10  # offending rows that are kept and printed, per rule


@dataclass(frozen=True)
class Outcome:
    """The outcome of one rule; as JSON it is an entry of result.json."""

    table: str
    rule: str  # in plain words
    expectation: str
    severity: str  # critical: a failure fails the data set | warning, info: a failure is reported
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
        self._names = Counter[str]()
        for name in ("great_expectations", "posthog"):
            logging.getLogger(name).setLevel(logging.ERROR)
        self._context = gx.get_context(mode="ephemeral")
        self._context.variables.progress_bars = ProgressBarsConfig(globally=False)
        self._context.delete_data_docs_site("local_site")  # the default one would be left in /tmp
        # One for all suites: each one more would have the whole configuration written anew.
        tables = self._context.data_sources.add_pandas("prepared").add_dataframe_asset("table")
        self._batch = tables.add_batch_definition_whole_dataframe("whole")

    def run(self, about: str, suites: Iterable[Suite], content: Iterable[str]) -> list[Outcome]:
        """Check every rule of every suite, in their order.

        `about` names these suites in the Data Docs; `content` are the columns worth showing of a bad row.
        """
        return [
            outcome
            for suite in suites
            for outcome in self._run(self._new_name(f"{suite.table} {about}"), suite, list(content))
        ]

    def _new_name(self, name: str) -> str:
        """A name that no suite has yet: a table may have several."""
        self._names[name] += 1
        return name if self._names[name] == 1 else f"{name} {self._names[name]}"

    def _run(self, name: str, suite: Suite, content: list[str]) -> list[Outcome]:
        rules = self._context.suites.add(gx.ExpectationSuite(name=name, expectations=suite.rules))
        definition = gx.ValidationDefinition(name=name, data=self._batch, suite=rules)
        self._context.validation_definitions.add(definition)
        # An index without a name identifies the rows. `unexpected_index_column_names` does the same but looks up each
        # failing row by itself: 10 s for 60,000 rows instead of 0.3 s.
        rows = suite.rows.set_axis(suite.rows["id"].to_numpy(), axis="index")
        run = partial(definition.run, batch_parameters={"dataframe": rows}, run_id=RunIdentifier())
        found = run(result_format="BASIC")
        if any(result.result.get("unexpected_count") for result in found.results):
            # The rows are asked for only here, which costs a third more. With the same run id this replaces the first.
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
        try:
            with writing(self._docs), _raised_errors():
                self._context.build_data_docs()
        except BaseException:
            shutil.rmtree(self._docs, ignore_errors=True)
            raise
        return self._docs / "index.html"


@contextmanager
def _raised_errors() -> Iterator[None]:
    """Raises the first error of Data Docs, which Great Expectations only logs, with a page of traceback each."""
    found: list[BaseException] = []

    def keep(_record: logging.LogRecord) -> bool:
        if error := sys.exc_info()[1]:
            found.append(error)
        return False

    log = logging.getLogger("great_expectations.render.renderer.site_builder")
    log.addFilter(keep)
    try:
        yield
    finally:
        log.removeFilter(keep)
    if found:
        raise found[0]


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
    """The first offending rows: the table's content, and the columns that the rule is about."""
    first = list(dict.fromkeys(ids))[:SHOWN]
    examined = [limits[key] for key in ("column", "column_A", "column_B") if key in limits]
    shown = [column for column in suite.rows if column in ("id", *content, *examined)]
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
