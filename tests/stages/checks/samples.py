"""A table with a column of every kind, and its card, for the tests of profiles and drift."""

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

CARD: dict[str, Any] = {"dataset": "slots", "source": "builtin", "options": {"seed": 7, "sizes": [3, 4]}}


def table(rows: int = 400) -> pd.DataFrame:
    """A column of each kind, all of them set by the number of the row."""
    number = np.arange(rows)
    return pd.DataFrame(
        {
            "id": number,
            "text": [" ".join(f"w{row * step % 61}" for step in range(1, 3 + row % 5)) for row in number],
            "target": [chr(0x4E00 + row % 60) * (1 + row % 4) for row in number],
            "intent": np.where(number % 4 == 0, "fare", "flight"),
            "label": number % 2,
            "loudness": stats.norm.ppf((number * 7 % rows + 0.5) / rows),
            "loud": number % 3 == 0,
        }
    )
