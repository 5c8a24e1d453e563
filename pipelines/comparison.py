"""Runs -> one table, its pictures and a report: which variant is best, by how much, over how many seeds."""

import json
from pathlib import Path

import pandas as pd

from pipelines import plots
from pipelines.files import write_atomically

MONITOR = "val_f1"
SHOWN = ("val_f1", "test_f1", "test_f1_strict")


def compare(pipeline: str, data: Path = Path("data")) -> pd.DataFrame:
    """Compares the runs in `data/models/<pipeline>`; returns the table of variants, best first.

    Written: `data/metrics/<pipeline>.json` for `dvc metrics`, and in `data/reports/<pipeline>/` the table, the curves
    and the best run's confusion for `dvc plots`, pictures, and `report.md` with all of it.
    """
    runs = load_runs(data / "models" / pipeline)
    table = summarise(runs)
    out = data / "reports" / pipeline
    out.mkdir(parents=True, exist_ok=True)

    best = champion(runs)
    chosen = {"run": str(best.name), "variant": best["variant"]} | {key: round(best[key], 4) for key in SHOWN}
    figures = {"best": chosen, "test_f1": table["test_f1"].round(4).to_dict()}  # one line of `dvc metrics show`
    write_atomically(data / "metrics" / f"{pipeline}.json", json.dumps(figures, indent=2).encode())

    table.reset_index().to_csv(out / "variants.csv", index=False, float_format="%.4f")
    histories = {name: pd.read_csv(data / "models" / pipeline / name / "history.csv") for name in runs.index}
    shown = {str(variant): histories[name] for variant, name in _best_seeds(runs).items()}
    pd.concat(frame.assign(variant=variant) for variant, frame in shown.items()).to_csv(
        out / "curves.csv", index=False, float_format="%.6g"
    )
    titles = {"train_loss": "loss of an utterance (train)", "val_f1": "slot F1 (val)", "grad_norm": "gradient norm"}
    plots.curves(shown, titles, out / "curves.png")
    plots.bars(table, "test_f1", "test_f1_sd", "slot F1 on test, mean and deviation over seeds", out / "variants.png")
    for file in ("confusion.csv", "confusion.png"):
        write_atomically(out / file, (data / "models" / pipeline / str(best.name) / file).read_bytes())
    write_atomically(out / "report.md", _report(pipeline, table, best).encode())
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


def summarise(runs: pd.DataFrame) -> pd.DataFrame:
    """Mean and standard deviation over seeds of each variant, best on val first."""
    grouped = runs.groupby("variant", sort=True)
    table = pd.DataFrame({"seeds": grouped.size(), "parameters": grouped["parameters"].first()})
    for figure in SHOWN:
        table[figure] = grouped[figure].mean()
        table[f"{figure}_sd"] = grouped[figure].std(ddof=1).fillna(0.0)
    return table.sort_values(MONITOR, ascending=False, kind="stable")


def champion(runs: pd.DataFrame) -> pd.Series:
    """The best run: of the variant with the best mean on val, the seed with the best val."""
    variant = summarise(runs).index[0]
    of_variant = runs[runs["variant"] == variant]
    best: pd.Series = of_variant.loc[of_variant[MONITOR].idxmax()]
    return best


def _best_seeds(runs: pd.DataFrame) -> pd.Series:
    return runs.groupby("variant")[MONITOR].idxmax()


def _report(pipeline: str, table: pd.DataFrame, best: pd.Series) -> str:
    """The comparison as Markdown."""
    lines = [
        f"# {pipeline}",
        "",
        f"Best: `{best.name}`, val F1 {best['val_f1']:.2f}, test F1 {best['test_f1']:.2f}.",
        "",
        "Variants in order of val F1; mean ± standard deviation over seeds.",
        "",
        "| variant | seeds | parameters | val F1 | test F1 | test F1 strict |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for variant, row in table.iterrows():
        cells = [f"{row[figure]:.2f} ± {row[f'{figure}_sd']:.2f}" for figure in SHOWN]
        lines.append(f"| {variant} | {row['seeds']:.0f} | {row['parameters']:,.0f} | {' | '.join(cells)} |")
    pictures = {"variants": "Test F1", "curves": "Curves", "confusion": "Confusion of the best run"}
    lines += ["", *(f"![{title}]({name}.png)" for name, title in pictures.items()), ""]
    return "\n".join(lines)
