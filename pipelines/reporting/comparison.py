"""Runs -> one table, its pictures and a page: which variant is best, by how much, over how many seeds."""

import dataclasses
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pipelines.files import read_json, write_atomically
from pipelines.reporting import page, plots, sealed
from pipelines.task import Comparison


@dataclass(frozen=True)
class Champion:
    """The best run of a pipeline."""

    run: str
    variant: str
    figures: dict[str, float]  # of the comparison, by name


@dataclass(frozen=True)
class Ranking:
    """What a comparison finds."""

    champion: Champion
    table: pd.DataFrame  # the variants, best on val first: see `summarise`


def compare(pipeline: str, by: Comparison, data: Path = Path("data")) -> Ranking:
    """Compares the runs in `data/models/<pipeline>`; in a second comparison nothing of the first remains.

    Written for `dvc metrics`: `data/metrics/<pipeline>.json`, the champion and its two main figures. In
    `data/reports/<pipeline>/`:

    `page/`         report.md, champion.json, and the champion's documents where it has some
    `pictures/`     the comparison's and the champion's
    `variants.csv`  the table of variants, for `dvc plots`: column `test` is the headline figure
    `curves.csv`    the best seed of each variant over epochs, for `dvc plots`: column `val` is what chose the epoch

    Raises ValueError where there are no runs.
    """
    runs = load_runs(data / "models" / pipeline)
    table, best = summarise(runs, by), best_run(runs, by)
    folders = {variant: data / "models" / pipeline / name for variant, name in best_seeds(runs, by).items()}
    out = data / "reports" / pipeline
    if out.is_dir():
        shutil.rmtree(out)

    _write_metrics(data / "metrics" / f"{pipeline}.json", pipeline, best, by)
    histories = {variant: pd.read_csv(folder / "history.csv") for variant, folder in folders.items()}
    _write_tables(out, table, histories, by)
    _draw(out / "pictures", table, histories, folders, by)
    winner = data / "models" / pipeline / best.run
    for name in by.pictures:
        write_atomically(out / "pictures" / f"{name}.png", (winner / f"{name}.png").read_bytes())
    for name in by.documents:
        write_atomically(out / "page" / "documents" / name, (winner / name).read_bytes())
    write_atomically(out / "page" / "champion.json", json.dumps(dataclasses.asdict(best), indent=2).encode())
    write_atomically(out / "page" / "report.md", page.written(pipeline, runs, table, best.run, by).encode())
    return Ranking(best, table)


def read_champion(pipeline: str, data: Path = Path("data")) -> Champion:
    """The champion that the last comparison of `pipeline` found."""
    return Champion(**read_json(data / "reports" / pipeline / "page" / "champion.json"))


def load_runs(folder: Path) -> pd.DataFrame:
    """The figures of every run in a folder of runs, with its variant and seed; the index is the run's name.

    Raises ValueError where there are no runs, and one that names the file of a run that has been damaged.
    """
    rows = {}
    for path in sorted(folder.glob(f"*/{sealed.RECORD}")):
        record = sealed.read_finished(path.parent)
        settings = {key: record["params"][key] for key in ("variant", "seed")}
        figures = json.loads(path.with_name("metrics.json").read_text(encoding="utf-8"))
        rows[path.parent.name] = settings | figures
    if not rows:
        raise ValueError(f"no finished runs in {folder}: run `dvc repro` first")
    return pd.DataFrame.from_dict(rows, orient="index")


def summarise(runs: pd.DataFrame, by: Comparison) -> pd.DataFrame:
    """A row for each variant, best on val first; variants that tie are in order of name.

    Columns: the number of `seeds`, of `parameters`, and for each figure its mean over seeds, `<figure>`, and its
    standard deviation (divided by n - 1; nan for one seed), `<figure>_sd`.
    """
    grouped = runs.groupby("variant", sort=True)
    table = pd.DataFrame({"seeds": grouped.size(), "parameters": grouped["parameters"].first()})
    for figure in by.figures:
        table[figure.name] = grouped[figure.name].mean()
        table[f"{figure.name}_sd"] = grouped[figure.name].std(ddof=1)
    return table.sort_values(by.chosen_by.name, ascending=by.chosen_by.lower_is_better, kind="stable")


def best_run(runs: pd.DataFrame, by: Comparison) -> Champion:
    """Of the variant with the best mean on val, the seed with the best val."""
    variant = str(summarise(runs, by).index[0])
    name = best_seeds(runs, by)[variant]
    measured = runs.loc[name].to_dict()
    figures = {figure.name: round(float(measured[figure.name]), max(4, figure.decimals)) for figure in by.figures}
    return Champion(name, variant, figures)


def best_seeds(runs: pd.DataFrame, by: Comparison) -> dict[str, str]:
    """The name of each variant's run that is best on val."""
    values = runs.groupby("variant")[by.chosen_by.name]
    best = values.idxmin() if by.chosen_by.lower_is_better else values.idxmax()
    return {str(variant): str(name) for variant, name in best.items()}


def _write_metrics(path: Path, pipeline: str, best: Champion, by: Comparison) -> None:
    """One row of `dvc metrics show`; the path names the pipeline, which is left out of the run's name."""
    val, test = (round(best.figures[figure.name], figure.decimals) for figure in (by.chosen_by, by.headline))
    row = {"champion": best.run.removeprefix(f"{pipeline}-"), "figure": by.headline.title, "val": val, "test": test}
    write_atomically(path, json.dumps(row, indent=2).encode())


def _write_tables(out: Path, table: pd.DataFrame, histories: Mapping[str, pd.DataFrame], by: Comparison) -> None:
    """`dvc plots` reads `test` of the variants and `val` of the curves, of every pipeline (dvc.yaml)."""
    out.mkdir(parents=True)
    headlines = table.reset_index().assign(test=table[by.headline.name].to_numpy())
    headlines.to_csv(out / "variants.csv", index=False, float_format=_four_decimals)
    curves = [frame.assign(variant=variant, val=frame[by.chosen_by.name]) for variant, frame in histories.items()]
    pd.concat(curves).to_csv(out / "curves.csv", index=False, float_format="%.6g")


def _four_decimals(value: Any) -> str:
    """A whole number without a fraction: a count stays one, also where a figure is a float."""
    return f"{value:.0f}" if value.is_integer() else f"{value:.4f}"


def _draw(
    out: Path,
    table: pd.DataFrame,
    histories: Mapping[str, pd.DataFrame],
    folders: Mapping[str, Path],
    by: Comparison,
) -> None:
    """The pictures in which variants are compared."""
    plots.bars(
        table[by.headline.name],
        table[f"{by.headline.name}_sd"].fillna(0.0),  # one seed: no bar of a deviation
        f"{by.headline.title}, mean and deviation over seeds",
        out / "variants.png",
        decimals=by.headline.decimals,
        lower_is_better=by.headline.lower_is_better,
    )
    if by.curves:
        plots.curves(histories, by.curves, out / "curves.png")
    for name, overlay in by.overlays.items():
        tables = {variant: pd.read_csv(folder / overlay.file) for variant, folder in folders.items()}
        plots.lines(tables, overlay.x, overlay.y, out / f"{name}.png", logarithmic=overlay.logarithmic)
