"""Accept: record the profile of validated tables, which later versions are compared with."""

from typing import Any

from stages.checks.profile import make_profile, write_profile
from stages.checks.quarantine import without
from stages.checks.result import broken_rules, read_result
from stages.dataset import Dataset
from stages.errors import StageError
from stages.files import read_sealed, sha256
from stages.prepare import CARD, PREPARED, read_tables
from stages.settings import Setting


def accept(dataset: Dataset[Any], setting: Setting) -> None:
    """Write the profile of the prepared tables, if they passed the last validation or failed for drift alone."""
    command = f"python -m stages validate {dataset.name}"
    result = read_result(dataset.name)
    if broken := broken_rules(result):
        rules = "; ".join(f"{entry['table']}: {entry['rule']}" for entry in broken)
        raise StageError(f"the last validation failed ({rules}): only data that keep their rules are accepted")
    if result["source"] != setting.source:
        raise StageError(
            f"the {result['source']} source was validated, params.yaml asks for {setting.source}. Run `{command}`."
        )
    card = read_sealed(PREPARED / dataset.name / CARD, command)
    tables = read_tables(dataset, card)
    if result["sha256"] != {name: sha256(PREPARED / dataset.name / f"{name}.parquet") for name in tables}:
        raise StageError(f"the tables are not those that were validated. Run `{command}` first.")
    profile = make_profile(dataset.profiled(without(tables, result["quarantined"])), card)
    print(f"accept {dataset.name}: {len(profile.measures)} measures in {write_profile(profile)}; git keeps it")
