"""The comparison of hand-made runs, against numpy and by hand."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy import stats

from pipelines.reporting import sealed
from pipelines.reporting.comparison import Champion, best_run, compare, load_runs, read_champion, summarise
from pipelines.rnn.slots import TASK
from pipelines.task import Comparison, Figure

# val F1 and test F1 of each variant's seeds. gru has the best mean on val; elman's best seed is better than any of
# gru's, and lstm is the best on test.
SCORES = {
    "elman": [(97.0, 90.0), (80.0, 85.0)],
    "gru": [(95.0, 91.25), (96.0, 91.0), (94.5, 95.0)],
    "lstm": [(90.0, 99.0)],
}


def write_runs(data: Path, scores: dict[str, list[tuple[float, float]]], pipeline: str = "rnn-slots") -> None:
    for variant, seeds in scores.items():
        for seed, (val, test) in enumerate(seeds):
            folder = data / "models" / pipeline / f"{pipeline}-{variant}-s{seed}"
            folder.mkdir(parents=True)
            figures = {"val_f1": val, "test_f1": test, "test_f1_strict": test - 1, "best_epoch": 2, "parameters": 1234}
            params = {"variant": variant, "seed": seed}
            made = {"params": params, "fingerprint": f"{variant}{seed}", "finished": True}
            history = pd.DataFrame({"epoch": [1, 2], "train_loss": [3.0, 1.0 + seed], "grad_norm": [9.0, 1.0]})
            (folder / "metrics.json").write_text(json.dumps(figures))
            history.assign(val_f1=[val - 10, val]).to_csv(folder / "history.csv", index=False)
            (folder / "confusion.png").write_bytes(f"picture of {folder.name}".encode())
            sealed.write(folder, made)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_runs(tmp_path, SCORES)
    return tmp_path


def test_mean_and_deviation_over_seeds_best_on_val_first(data: Path) -> None:
    table = summarise(load_runs(data / "models" / "rnn-slots"), TASK.comparison)
    assert list(table.index) == ["gru", "lstm", "elman"]
    for variant, seeds in SCORES.items():
        val, test = np.array(seeds).T
        row = table.loc[variant]
        assert row["seeds"] == len(seeds)
        assert row["parameters"] == 1234
        for figure, values in (("val_f1", val), ("test_f1", test), ("test_f1_strict", test - 1)):
            assert row[figure] == pytest.approx(np.mean(values))
            assert row[f"{figure}_sd"] == pytest.approx(
                np.std(values, ddof=1) if len(values) > 1 else np.nan, nan_ok=True
            )


def test_the_champion_is_the_best_seed_of_the_variant_with_the_best_mean(data: Path) -> None:
    assert best_run(load_runs(data / "models" / "rnn-slots"), TASK.comparison).run == "rnn-slots-gru-s1"


def test_where_lower_is_better_the_lowest_wins(data: Path) -> None:
    """The same figures read as errors: everything turns round."""
    by = Comparison(Figure("val_f1", "val error", lower_is_better=True), Figure("test_f1", "test error"))
    runs = load_runs(data / "models" / "rnn-slots")
    assert list(summarise(runs, by).index) == ["elman", "lstm", "gru"]
    assert best_run(runs, by).run == "rnn-slots-elman-s1"


def test_a_figure_that_nobody_knows_is_left_out_of_the_brief() -> None:
    by = Comparison(Figure("val_mse", "val MSE", decimals=5), Figure("test_mse", "test MSE", decimals=1))
    assert by.brief({"test_mse": 1234.56, "val_mse": 0.000123}) == "val MSE 0.00012, test MSE 1,234.6"
    assert by.brief({"val_mse": 0.5}) == "val MSE 0.50000"


def test_variants_that_tie_stay_in_order_of_name(tmp_path: Path) -> None:
    write_runs(tmp_path, {"scrn": [(90.0, 1.0)], "elman": [(90.0, 2.0)], "gru": [(90.0, 3.0)]})
    runs = load_runs(tmp_path / "models" / "rnn-slots")
    assert list(summarise(runs, TASK.comparison).index) == ["elman", "gru", "scrn"]
    assert best_run(runs, TASK.comparison).run == "rnn-slots-elman-s0"


def test_the_champion_is_returned_and_written_down(data: Path) -> None:
    ranking = compare("rnn-slots", TASK.comparison, data)
    figures = {"val_f1": 96.0, "test_f1": 91.0, "test_f1_strict": 90.0}
    assert ranking.champion == Champion("rnn-slots-gru-s1", "gru", figures)
    assert read_champion("rnn-slots", data) == ranking.champion
    assert list(ranking.table.index) == ["gru", "lstm", "elman"]


def test_the_metrics_for_dvc_are_one_row(data: Path) -> None:
    """Rounded as people read them."""
    chosen_by, headline = Figure("val_f1", "val F1", decimals=1), Figure("test_f1", "test F1", decimals=1)
    compare("rnn-slots", Comparison(chosen_by, headline), data)
    metrics = json.loads((data / "metrics" / "rnn-slots.json").read_text())
    assert metrics == {"champion": "gru-s1", "figure": "test F1", "val": 96.0, "test": 91.0}
    run = data / "models" / "rnn-slots" / "rnn-slots-gru-s1"
    figures = json.loads((run / "metrics.json").read_text()) | {"val_f1": 96.04, "test_f1": 91.26}
    (run / "metrics.json").write_text(json.dumps(figures))
    with pytest.raises(ValueError, match=r"rnn-slots-gru-s1/metrics.json is damaged"):
        compare("rnn-slots", Comparison(chosen_by, headline), data)
    sealed.write(run, sealed.read(run))
    compare("rnn-slots", Comparison(chosen_by, headline), data)
    metrics = json.loads((data / "metrics" / "rnn-slots.json").read_text())
    assert (metrics["val"], metrics["test"]) == (96.0, 91.3)
    assert read_champion("rnn-slots", data).figures == {"val_f1": 96.04, "test_f1": 91.26}


@pytest.mark.slow
def test_dvc_shows_the_metrics_of_every_pipeline_in_one_narrow_table(tmp_path: Path) -> None:
    """Names of champions and figures too; with the longest name of a pipeline the rows fit a terminal of 120."""
    for pipeline in ("rnn-slots", "seq2seq-speech-translation"):
        write_runs(tmp_path / "data", {"attention": [(90.0, 80.0)]}, pipeline)
        compare(pipeline, TASK.comparison, tmp_path / "data")
    files = [f"data/metrics/{pipeline}.json" for pipeline in ("rnn-slots", "seq2seq-speech-translation")]
    (tmp_path / "dvc.yaml").write_text(yaml.safe_dump({"metrics": files}))
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc" / "config").write_text("[core]\nno_scm = true\nanalytics = false\n")
    command = [sys.executable, "-m", "dvc", "metrics", "show"]
    shown = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    head, *rows = shown.splitlines()
    assert head.split() == ["Path", "champion", "figure", "test", "val"]
    assert rows[0].split() == ["data/metrics/rnn-slots.json", "attention-s0", "test", "F1", "80.0", "90.0"]
    assert len(rows) == 2
    assert max(map(len, shown.splitlines())) < 100


def test_the_tables_for_plots(data: Path) -> None:
    compare("rnn-slots", TASK.comparison, data)
    out = data / "reports" / "rnn-slots"
    variants = pd.read_csv(out / "variants.csv")
    assert variants["variant"].tolist() == ["gru", "lstm", "elman"]
    assert variants["test_f1"].tolist() == pytest.approx([(91.25 + 91 + 95) / 3, 99, 87.5], abs=5e-5)
    curves = pd.read_csv(out / "curves.csv")  # of each variant the seed that is best on val: gru's is 1
    assert curves[curves["variant"] == "gru"]["train_loss"].tolist() == [3.0, 2.0]
    assert curves.groupby("variant")["val_f1"].last().to_dict() == {"elman": 97.0, "gru": 96.0, "lstm": 90.0}
    assert curves["val"].tolist() == curves["val_f1"].tolist()
    assert variants["test"].tolist() == variants["test_f1"].tolist()
    assert (out / "pictures" / "confusion.png").read_text() == "picture of rnn-slots-gru-s1"
    lstm = (out / "variants.csv").read_text().splitlines()[2]
    assert lstm == "lstm,1,1234,90,,99,,98,,99", "whole numbers are whole, and one seed has no deviation"


def test_the_report(data: Path) -> None:
    compare("rnn-slots", TASK.comparison, data)
    report = (data / "reports" / "rnn-slots" / "page" / "report.md").read_text().splitlines()
    assert "Best: `rnn-slots-gru-s1`, val F1 96.00, test F1 91.00." in report
    first = report.index("| variant | seeds | parameters | val F1 | test F1 | test F1 strict |")
    assert report[first + 2 : first + 6] == [
        "| gru | 3 | 1,234 | 95.17 ± 0.76 | 92.42 ± 2.24 | 91.42 ± 2.24 |",
        "| lstm | 1 | 1,234 | 90.00 | 99.00 | 98.00 |",
        "| elman | 2 | 1,234 | 88.50 ± 12.02 | 87.50 ± 3.54 | 86.50 ± 3.54 |",
        "",
    ]
    pictures = [line.split("(")[1].rstrip(")") for line in report if line.startswith("![")]
    assert sorted(pictures) == ["../pictures/confusion.png", "../pictures/curves.png", "../pictures/variants.png"]
    assert all((data / "reports" / "rnn-slots" / "page" / picture).is_file() for picture in pictures)


def test_three_seeds_give_an_interval_of_the_mean(data: Path) -> None:
    """Student's, of scipy; with two seeds there is none."""
    compare("rnn-slots", TASK.comparison, data)
    report = (data / "reports" / "rnn-slots" / "page" / "report.md").read_text()
    values = [91.25, 91.0, 95.0]
    low, high = stats.t.interval(0.95, 2, np.mean(values), stats.sem(values))
    assert f"| gru | 3 | 92.42 | {low:.2f} to {high:.2f} |" in report
    assert "| elman | 2 | 87.50 |" not in report
    assert "In these runs: 3 values are too few for a verdict: it takes 8." in report


def test_residuals_of_many_seeds_are_judged(tmp_path: Path) -> None:
    """One seed in twenty fails badly; another variant's scores are all the same."""
    normal = stats.norm.ppf((np.arange(19) + 0.5) / 19, 90, 1)
    write_runs(tmp_path, {"gru": [(90.0, float(score)) for score in (*normal, 40.0)], "lstm": [(80.0, 70.0)] * 3})
    compare("rnn-slots", TASK.comparison, tmp_path)
    report = (tmp_path / "reports" / "rnn-slots" / "page" / "report.md").read_text()
    assert "| lstm | 3 | 70.00 | all are equal |" in report
    assert "In these runs: " in report
    assert "No evidence against" not in report


def test_fewer_than_three_seeds_of_every_variant_say_nothing_of_intervals(tmp_path: Path) -> None:
    write_runs(tmp_path, {"gru": [(90.0, 1.0), (91.0, 2.0)]})
    compare("rnn-slots", TASK.comparison, tmp_path)
    assert "95 % interval" not in (tmp_path / "reports" / "rnn-slots" / "page" / "report.md").read_text()


def test_documents_of_the_best_run_are_linked(data: Path) -> None:
    by = dataclasses.replace(TASK.comparison, documents={"predictions.csv": "Predictions"})
    for folder in (data / "models" / "rnn-slots").iterdir():
        (folder / "predictions.csv").write_text(f"of {folder.name}")
    compare("rnn-slots", by, data)
    out = data / "reports" / "rnn-slots" / "page"
    assert (out / "documents" / "predictions.csv").read_text() == "of rnn-slots-gru-s1"
    assert "- [Predictions](documents/predictions.csv)" in (out / "report.md").read_text()


def test_without_documents_there_is_no_folder_for_them(data: Path) -> None:
    """DVC warns of empty outputs."""
    compare("rnn-slots", TASK.comparison, data)
    out = data / "reports" / "rnn-slots"
    assert sorted(path.name for path in out.iterdir()) == ["curves.csv", "page", "pictures", "variants.csv"]
    assert sorted(path.name for path in (out / "page").iterdir()) == ["champion.json", "report.md"]


def test_nothing_of_an_earlier_comparison_remains(data: Path) -> None:
    (data / "reports" / "rnn-slots" / "page" / "documents").mkdir(parents=True)
    (data / "reports" / "rnn-slots" / "page" / "documents" / "old.csv").touch()
    compare("rnn-slots", TASK.comparison, data)
    assert not (data / "reports" / "rnn-slots" / "page" / "documents").exists()


def test_a_second_comparison_writes_the_same_bytes(data: Path) -> None:
    def outputs() -> dict[str, bytes]:
        folders = (data / "metrics", data / "reports")
        return {str(path): path.read_bytes() for folder in folders for path in folder.rglob("*.*")}

    compare("rnn-slots", TASK.comparison, data)
    first = outputs()
    assert len(first) == 8
    compare("rnn-slots", TASK.comparison, data)
    assert outputs() == first


def test_no_runs(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no finished runs in .*rnn-slots: run `dvc repro` first"):
        compare("rnn-slots", TASK.comparison, tmp_path)
