"""Runs -> one table, its pictures and a report: which variant is best, by how much, over how many seeds."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipelines.files import write_atomically
from pipelines.reporting import plots
from pipelines.stats import normality, summary
from pipelines.task import Comparison, Figure

ENOUGH_SEEDS = 3  # of a variant, for an interval of its mean


def compare(pipeline: str, by: Comparison, data: Path = Path("data")) -> pd.DataFrame:
    """Compares the runs in `data/models/<pipeline>`; returns the table of variants, best first.

    Written: `data/metrics/<pipeline>.json` for `dvc metrics`, and in `data/reports/<pipeline>/` the table and the
    curves for `dvc plots`, pictures and documents (those of the best run), and `report.md` with all of it.
    """
    runs = load_runs(data / "models" / pipeline)
    table = summarise(runs, by)
    out = data / "reports" / pipeline
    out.mkdir(parents=True, exist_ok=True)

    best = champion(runs, by)
    chosen: dict[str, Any] = {"run": str(best.name), "variant": best["variant"]}
    chosen |= {figure.name: round(float(best[figure.name]), 4) for figure in by.figures}
    figures = {"best": chosen, by.headline.name: table[by.headline.name].round(4).to_dict()}
    write_atomically(data / "metrics" / f"{pipeline}.json", json.dumps(figures, indent=2).encode())

    # `dvc plots` reads both by the same column names for every pipeline (dvc.yaml)
    headlines = table.reset_index().assign(test=table[by.headline.name].to_numpy())
    headlines.to_csv(out / "variants.csv", index=False, float_format="%.4f")
    folders = {str(variant): data / "models" / pipeline / name for variant, name in _best_seeds(runs, by).items()}
    histories = {variant: pd.read_csv(folder / "history.csv") for variant, folder in folders.items()}
    curves = [frame.assign(variant=variant, val=frame[by.chosen_by.name]) for variant, frame in histories.items()]
    pd.concat(curves).to_csv(out / "curves.csv", index=False, float_format="%.6g")

    pictures = out / "pictures"
    plots.bars(
        table[by.headline.name],
        table[f"{by.headline.name}_sd"],
        f"{by.headline.title}, mean and deviation over seeds",
        pictures / "variants.png",
        decimals=by.headline.decimals,
        lower_is_better=by.headline.lower_is_better,
    )
    if by.curves:
        plots.curves(histories, by.curves, pictures / "curves.png")
    for name, overlay in by.overlays.items():
        tables = {variant: pd.read_csv(folder / overlay.file) for variant, folder in folders.items()}
        plots.lines(tables, overlay.x, overlay.y, pictures / f"{name}.png", logarithmic=overlay.logarithmic)
    documents = out / "documents"
    documents.mkdir(exist_ok=True)  # an output of the DVC stage, empty for most pipelines
    copied = [(pictures, f"{name}.png") for name in by.pictures] + [(documents, name) for name in by.documents]
    for folder, name in copied:
        write_atomically(folder / name, (data / "models" / pipeline / str(best.name) / name).read_bytes())
    write_atomically(out / "report.md", _report(pipeline, runs, table, best, by).encode())
    return table


def load_runs(folder: Path) -> pd.DataFrame:
    """The figures of every run in a folder of runs, with its variant and seed, by name."""
    rows = {}
    for path in sorted(folder.glob("*/metrics.json")):
        made = json.loads(path.with_name("run.json").read_text(encoding="utf-8"))
        settings = {key: made["params"][key] for key in ("variant", "seed")}
        figures = json.loads(path.read_text(encoding="utf-8"))
        rows[path.parent.name] = settings | figures
    if not rows:
        raise ValueError(f"no finished runs in {folder}: run `dvc repro` first")
    return pd.DataFrame.from_dict(rows, orient="index")


def summarise(runs: pd.DataFrame, by: Comparison) -> pd.DataFrame:
    """Mean and standard deviation over seeds of each variant, best on val first."""
    grouped = runs.groupby("variant", sort=True)
    table = pd.DataFrame({"seeds": grouped.size(), "parameters": grouped["parameters"].first()})
    for figure in by.figures:
        table[figure.name] = grouped[figure.name].mean()
        table[f"{figure.name}_sd"] = grouped[figure.name].std(ddof=1).fillna(0.0)
    return table.sort_values(by.chosen_by.name, ascending=by.chosen_by.lower_is_better, kind="stable")


def champion(runs: pd.DataFrame, by: Comparison) -> pd.Series:
    """The best run: of the variant with the best mean on val, the seed with the best val."""
    best: pd.Series = runs.loc[_best_seeds(runs, by)[summarise(runs, by).index[0]]]
    return best


def _best_seeds(runs: pd.DataFrame, by: Comparison) -> pd.Series:
    """The name of each variant's run that is best on val."""
    values = runs.groupby("variant")[by.chosen_by.name]
    return values.idxmin() if by.chosen_by.lower_is_better else values.idxmax()


def _report(pipeline: str, runs: pd.DataFrame, table: pd.DataFrame, best: pd.Series, by: Comparison) -> str:
    """The comparison as Markdown."""
    titles = [figure.title for figure in by.figures]
    lines = [
        f"# {pipeline}",
        "",
        f"Best: `{best.name}`, {by.brief(best.to_dict())}.",
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
    lines += ["", *(f"![{title}](pictures/{name}.png)" for name, title in pictures.items()), ""]
    return "\n".join(lines)


def _certainty(runs: pd.DataFrame, by: Comparison) -> list[str]:
    """How far seeds let a mean be trusted: Student's interval where there are enough, and whether it may be used."""
    scores = {str(name): found.to_numpy() for name, found in runs.groupby("variant")[by.headline.name]}
    enough = {name: values for name, values in scores.items() if len(values) >= ENOUGH_SEEDS}
    if not enough:
        return []
    lines = [
        "",
        f"How sure the means of {by.headline.title} are: Student's 95 % intervals over {ENOUGH_SEEDS} seeds or more.",
        "",
        f"| variant | seeds | {by.headline.title} | 95 % interval |",
        "| --- | ---: | ---: | --- |",
    ]
    for name, values in enough.items():
        found = summary.summarise(values)
        interval = found.of_mean
        ends = f"{by.headline.text(interval.low)} to {by.headline.text(interval.high)}" if interval else "all are equal"
        lines.append(f"| {name} | {len(values)} | {by.headline.text(found.estimate.mean)} | {ends} |")
    residuals = np.concatenate([values - values.mean() for values in enough.values()])
    verdict = normality.check(residuals).verdict
    return [*lines, "", f"They expect normal deviations from a variant's mean. Those of these runs: {verdict}"]


def _spread(figure: Figure, row: pd.Series) -> str:
    """Mean ± deviation, which one seed alone does not show."""
    spread = f" ± {figure.text(row[f'{figure.name}_sd'])}" if row["seeds"] > 1 else ""
    return figure.text(row[figure.name]) + spread
