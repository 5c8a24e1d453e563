"""Accept: record the profile of validated tables, which later versions are compared with."""

from typing import Any

from stages.checks.profile import make_profile, write_profile
from stages.checks.quarantine import without
from stages.checks.result import broken_rules, read_result
from stages.dataset import Dataset
from stages.errors import StageError
from stages.settings import Setting
from stages.validate import check_unchanged, read_prepared


def accept(dataset: Dataset[Any], setting: Setting) -> None:
    """Write the profile of the prepared tables, if they are those that validation passed, or failed for drift alone."""
    command = f"python -m stages validate {dataset.name}"
    result = read_result(dataset.name)
    card, tables = read_prepared(dataset, setting)
    if result["sha256"] != {name: table["sha256"] for name, table in card["tables"].items()}:
        raise StageError(f"the tables are not those that were validated. Run `{command}` first.")
    if broken := broken_rules(result):
        rules = "; ".join(f"{entry['table']}: {entry['rule']}" for entry in broken)
        raise StageError(f"the last validation failed ({rules}): only data that keep their rules are accepted")
    check_unchanged(dataset, card)
    profile = make_profile(dataset.profiled(without(tables, result["quarantined"])), card)
    print(f"accept {dataset.name}: {len(profile.measures)} measures in {write_profile(profile)}; git keeps it")
