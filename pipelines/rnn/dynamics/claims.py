"""Figures of networks that were trained side by side, and differences between kinds of them, with intervals."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike


def summary(networks: pd.DataFrame) -> pd.DataFrame:
    """Mean and deviation over seeds of each kind of network: accuracies in percent, and the gap of train and val."""
    grouped = networks.groupby("network", sort=False)
    table = pd.DataFrame({"seeds": grouped.size(), "parameters": grouped["parameters"].first()})
    for column in ("train_accuracy", "val_accuracy", "test_accuracy", "gap"):
        table[column] = grouped[column].mean()
        table[f"{column}_sd"] = grouped[column].std(ddof=1)
    return table


def difference(first: ArrayLike, second: ArrayLike) -> dict[str, float]:
    """mean(first) - mean(second) with a 95 % interval (Welch 1947: the variances need not be equal).

    With one value on a side the interval is NaN.
    """
    from scipy.special import stdtrit

    means, squares, freedoms = [], [], []
    for values in (np.array(first, dtype=float), np.array(second, dtype=float)):
        means.append(values.mean())
        squares.append(values.var(ddof=1) / len(values) if len(values) > 1 else np.nan)
        freedoms.append(len(values) - 1)
    between = means[0] - means[1]
    error = np.sqrt(sum(squares))
    if not error > 0:
        return {"difference": between, "low": np.nan, "high": np.nan}
    freedom = sum(squares) ** 2 / sum(square**2 / of for square, of in zip(squares, freedoms, strict=True))
    half = stdtrit(freedom, 0.975) * error
    return {"difference": float(between), "low": float(between - half), "high": float(between + half)}
