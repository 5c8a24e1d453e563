"""Rules run on tables, for the tests of data sets: which of them fail; and a data set taken through the stages."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from params import Source
from stages import __main__ as cli
from stages.checks.expectations import Outcome, Runner
from stages.dataset import Dataset, Prepared, RuleContext, Suite

Tables = dict[str, pd.DataFrame]
Key = tuple[str, str]  # table, rule


def run(suites: list[Suite], dataset: Dataset[Any]) -> dict[Key, Outcome]:
    """The outcome of every rule."""
    outcomes = Runner(Path("docs, not built")).run("rules", suites, dataset.columns)
    assert not [outcome for outcome in outcomes if "could not be checked" in str(outcome.observed)]
    return {(outcome.table, outcome.rule): outcome for outcome in outcomes}


def failures(
    dataset: Dataset[Any], options: Any, tables: Tables, prepared: Prepared, source: Source = "builtin"
) -> tuple[set[Key], set[Key]]:
    """The rules that `tables` break, of all there are."""
    outcomes = run(dataset.rules(RuleContext(source, options, tables, prepared.facts)), dataset)
    return {key for key, outcome in outcomes.items() if not outcome.success}, set(outcomes)


def make_and_read(dataset: Dataset[Any], options: Any, folder: Path) -> Prepared:
    """The built-in data as tables."""
    for path, content in dataset.origin.make(options):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return dataset.read(folder)


def through_the_stages(name: str, params: str, monkeypatch: pytest.MonkeyPatch, folder: Path) -> Tables:
    """Download and validate in `folder`; the validated tables."""
    monkeypatch.chdir(folder)
    Path("params.yaml").write_text(f"{params}pipelines: {{}}\n")
    for verb in ("download", "validate"):
        assert cli.main([verb, name]) == 0
    return {path.stem: pd.read_parquet(path) for path in Path("data/validated", name).glob("*.parquet")}
