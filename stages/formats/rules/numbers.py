"""The rules of columns of numbers."""

from typing import Any

import pandas as pd

from stages.dataset import RuleContext, Suite
from stages.formats.numbers import TABLE
from stages.formats.rules.cases import numbers_suite
from stages.rules.vocabulary import at_least

FEWEST = 2  # of a sample: a variance needs two


def rules(context: RuleContext[Any]) -> list[Suite]:
    """A suite on the numbers and one on the columns."""
    table = context.tables[TABLE]
    counts = table["feature"].value_counts()
    names = context.facts["features"]
    columns = pd.DataFrame(
        {"id": range(len(names)), "column": names, "numbers": [int(counts.get(name, 0)) for name in names]}
    )
    return [
        numbers_suite(TABLE, table),
        Suite(
            "columns of numbers", columns, [at_least("numbers", FEWEST, f"every column has {FEWEST} numbers or more")]
        ),
    ]
