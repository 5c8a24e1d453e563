"""The comparison of a pipeline's runs as Markdown, to be read in `data/reports/<pipeline>/page/`."""

import numpy as np
import pandas as pd

from pipelines.stats import normality, summary
from pipelines.task import Comparison, Figure

MIN_SEEDS = 3  # of a variant, for an interval of its mean


def written(pipeline: str, runs: pd.DataFrame, table: pd.DataFrame, best: str, by: Comparison) -> str:
    """The page, from the figures of all runs (by name), the table of variants in order, and the best run's name."""
    titles = [figure.title for figure in by.figures]
    lines = [
        f"# {pipeline}",
        "",
        f"Best: `{best}`, {by.brief(runs.loc[best].to_dict())}.",
        "",
        f"Variants in order of {by.chosen_by.title}; mean ± standard deviation over seeds.",
        "",
        f"| variant | seeds | parameters | {' | '.join(titles)} |",
        f"| --- | ---: | ---: |{' ---: |' * len(titles)}",
    ]
    for variant, row in table.iterrows():
        cells = [_spread(figure, row) for figure in by.figures]
        lines.append(f"| {variant} | {row['seeds']:.0f} | {row['parameters']:,.0f} | {' | '.join(cells)} |")
    lines += _certainty(runs, by)
    pictures = {"variants": by.headline.title} | ({"curves": "Curves"} if by.curves else {})
    pictures |= {name: overlay.title for name, overlay in by.overlays.items()} | dict(by.pictures)
    lines += ["", *(f"- [{title}](documents/{name})" for name, title in by.documents.items())] if by.documents else []
    lines += ["", *(f"![{title}](../pictures/{name}.png)" for name, title in pictures.items()), ""]
    return "\n".join(lines)


def _certainty(runs: pd.DataFrame, by: Comparison) -> list[str]:
    """Student's interval of each mean that has enough seeds, and whether the runs are normal, as it assumes."""
    scores = {str(name): values.to_numpy() for name, values in runs.groupby("variant")[by.headline.name]}
    enough = {name: values for name, values in scores.items() if len(values) >= MIN_SEEDS}
    if not enough:
        return []
    lines = [
        "",
        f"Student's 95 % intervals of the mean {by.headline.title}, for variants of {MIN_SEEDS} seeds or more.",
        "",
        f"| variant | seeds | {by.headline.title} | 95 % interval |",
        "| --- | ---: | ---: | --- |",
    ]
    for name, values in enough.items():
        estimated = summary.summarise(values)
        interval = estimated.of_mean
        ends = f"{by.headline.text(interval.low)} to {by.headline.text(interval.high)}" if interval else "all are equal"
        lines.append(f"| {name} | {len(values)} | {by.headline.text(estimated.estimate.mean)} | {ends} |")
    residuals = np.concatenate([values - values.mean() for values in enough.values()])
    verdict = normality.check(residuals).verdict
    return [*lines, "", f"They assume normal deviations from a variant's mean. In these runs: {verdict}"]


def _spread(figure: Figure, row: pd.Series) -> str:
    """Mean ± deviation; one seed has no deviation."""
    spread = f" ± {figure.text(row[f'{figure.name}_sd'])}" if row["seeds"] > 1 else ""
    return figure.text(row[figure.name]) + spread
