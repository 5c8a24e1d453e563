"""The derivation's checks hold and can fail; reports of both kinds of tables are whole, and the same bytes again."""

import json
import os
import re
from pathlib import Path
from typing import Any

import mpmath  # type: ignore[import-untyped]
import numpy as np
import pandas as pd
import pytest
import sympy as sp  # type: ignore[import-untyped]

from pipelines.gaussian import data
from pipelines.gaussian.checks import Step, close, equal
from pipelines.gaussian.classification import predict
from pipelines.gaussian.classification import steps as classification_steps
from pipelines.gaussian.classification import train as classification
from pipelines.gaussian.classification.saved import load_classifier
from pipelines.gaussian.derivation import report as derivation
from pipelines.gaussian.derivation import steps
from pipelines.gaussian.error_laws import LAWS
from pipelines.gaussian.mle import report as mle
from pipelines.gaussian.report import Report, drawn
from tests.pipelines.examples import EXAMPLES, RecordingLog, tidy

pytestmark = pytest.mark.slow

# -- the derivation


@pytest.fixture(scope="module")
def derived() -> tuple[Step, ...]:
    """Gauss's ten steps, and those of both kinds of boundaries."""
    return steps.derive() + classification_steps.derive("shared") + classification_steps.derive("separate")


def test_every_check_holds(derived: tuple[Step, ...]) -> None:
    assert all(step.checks for step in derived)
    assert [check for step in derived for check in step.checks if not check.holds] == []


def test_every_formula_and_every_finding_can_be_drawn(derived: tuple[Step, ...]) -> None:
    found = [formula for step in derived for formula in step.formulas]
    texts = [step.text for step in derived] + [f"{c.statement} {c.found}" for step in derived for c in step.checks]
    found += [formula for text in texts for formula in re.findall(r"\$([^$]+)\$", text)]
    assert len(found) > 60
    for formula in found:
        assert drawn(formula).startswith("<svg role='img'")
    assert all(text.count("$") % 2 == 0 for text in texts)


def test_checks_can_fail() -> None:
    x = steps.x
    assert not equal("", sp.exp(x) ** 2, sp.exp(x)).holds
    assert equal("", sp.exp(x) ** 2, sp.exp(2 * x)).holds
    assert not close("", 1.0, 1.1, 1e-3).holds


@pytest.mark.parametrize("name", [name for name in LAWS if name not in ("normal", "uniform")])
def test_another_law_does_not_pass_for_the_normal_one(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put in the place of the normal law, it fails where Gauss's argument excludes it."""
    monkeypatch.setitem(LAWS, "normal", LAWS[name])
    assert not all(check.holds for check in steps._additive().checks)
    assert not all(check.holds for check in steps._mean_is_the_maximum().checks)


def test_the_law_that_was_derived_is_mpmaths() -> None:
    density = steps.h / sp.sqrt(sp.pi) * sp.exp(-(steps.h**2) * steps.x**2)
    final = sp.lambdify((steps.x, steps.sigma), density.subs(steps.h, 1 / (steps.sigma * sp.sqrt(2))), "mpmath")
    for error, deviation in ((0.0, 1.0), (1.3, 0.7), (-4.0, 2.5)):
        assert mpmath.almosteq(final(error, deviation), mpmath.npdf(error, 0, deviation), 1e-12)
    normal = np.exp(LAWS["normal"].log_density(np.array([0.0, 1.3])))
    assert normal == pytest.approx([float(mpmath.npdf(0)), float(mpmath.npdf(1.3))], rel=1e-12)


def test_the_highest_likelihood_is_where_the_law_says() -> None:
    sample = np.array([-1.4, -0.9, -0.2, 0.1, 0.3, 0.8, 3.6])
    assert steps.highest("normal", sample) == pytest.approx(sample.mean(), abs=1e-6)
    assert steps.highest("Laplace", sample) == pytest.approx(np.median(sample), abs=1e-6)
    for name in ("logistic", "Student 5"):
        assert steps.highest(name, sample) == pytest.approx(float(LAWS[name].locate(sample[None])[0]), abs=1e-6)


# -- pages


def test_a_report_as_markdown_and_as_a_page_without_a_network(tmp_path: Path) -> None:
    report = Report("Errors < $\\sigma$")
    report.heading("One")
    report.text("With `a < b` and $x^2$.")
    report.formula(r"\frac{a}{b}")
    report.check("it holds", True, "$0$")
    report.check("it does not", False, "1")
    report.table(("name", "value"), [("x", "1.5"), ("y", "-2,000")])
    report.write(tmp_path)
    markdown, page = ((tmp_path / f"report.{kind}").read_text() for kind in ("md", "html"))
    assert "# Errors < $\\sigma$\n\n## One\n\nWith `a < b` and $x^2$.\n\n$$\n\\frac{a}{b}\n$$" in markdown
    assert "- **FAILS** it does not: 1" in markdown
    assert "| name | value |\n| --- | ---: |\n| x | 1.5 |" in markdown
    assert "<code>a &lt; b</code>" in page
    assert "<span class='fails'>FAILS</span>" in page
    assert "<td class=number>-2,000</td>" in page
    assert page.count("<svg") == 4
    assert not re.search(r"(src|href)=['\"](?!data:)", page)


def test_what_cannot_be_drawn_is_an_error() -> None:
    with pytest.raises(ValueError, match="nosuchthing"):
        drawn(r"\nosuchthing{x}")


# -- reports


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small tables with the names and columns of the built-in ones."""
    rng, folder = np.random.default_rng(0), tmp_path_factory.mktemp("measurements")
    clean, gross = rng.normal(26, 5, (97, 1)), rng.normal(-40, 8, (3, 1))
    frames = {
        "gaussian": tidy({(name, "train"): rng.normal(at, 2, (60, 1)) for name, at in (("a", 0), ("b", 9))}, ["value"]),
        "outliers": tidy({("clean", "train"): clean, ("gross", "train"): gross}, ["value"]),
        "skewed": tidy({("all", "train"): rng.exponential(10, (100, 1))}, ["value"]),
    }
    for name, size in (("classes-2d", 2), ("classes-7d", 7)):
        groups = {
            (group, split): rng.normal(shift, 1, (60, size)) @ (np.eye(size) + 0.3)
            for group, shift in (("a", 0.0), ("b", 0.6))
            for split in ("train", "test")
        }
        frames[name] = tidy(groups, [f"x{index + 1}" for index in range(size)])
    for name, frame in frames.items():
        frame.to_parquet(folder / f"{name}.parquet")
    truth = {"classes-2d": {"best_accuracy": 0.7}}
    (folder / "card.json").write_text(json.dumps({"source": "builtin", "facts": {"truth": truth}}))
    return folder


def check_whole(folder: Path, figures: dict[str, float]) -> str:
    """A report's pictures are all there, and its figures are numbers; returns it."""
    markdown = (folder / "report.md").read_text()
    pictures = re.findall(r"!\[[^]]+\]\(([^)]+)\)", markdown)
    assert sorted(pictures) == sorted(path.name for path in folder.glob("*.png"))
    assert (folder / "report.html").read_text().count("<img ") == len(pictures)
    assert all(isinstance(figure, float) and np.isfinite(figure) for figure in figures.values()), figures
    assert "nan" not in re.findall(r"\bnan\b", markdown)
    assert "**FAILS**" not in markdown
    return markdown


def test_the_derivation_as_a_report(
    derived: tuple[Step, ...], tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(derivation, "derive", lambda: derived[:10])  # it takes seconds
    figures = derivation.write(tables, tmp_path, size=9, samples=500)
    markdown = check_whole(tmp_path, figures)
    assert figures["failed"] == 0
    assert figures["held"] == markdown.count("- **holds**")
    assert len(pd.read_csv(tmp_path / "efficiency.csv")) == 5
    gains = pd.read_csv(tmp_path / "laws.csv").pivot_table(index="sample", columns="law", values="gain")
    assert gains["Student 5"]["outliers"] > 50, "far values are likelier with long tails"
    assert (gains["normal"] == 0).all()


@pytest.fixture(scope="module")
def measured(tables: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, float]]:
    out = tmp_path_factory.mktemp("mle")
    return out, mle.write(tables, out, samples=400)


def test_measurements_as_a_report(measured: tuple[Path, dict[str, float]]) -> None:
    out, figures = measured
    markdown = check_whole(out, figures)
    assert figures["gradient_against_closed_form"] < 1e-9
    assert figures["weights_against_closed_form"] < 1e-12
    assert figures["gross_errors_found"] == 1
    assert figures["gross_errors_wrongly"] == 0
    estimates = pd.read_csv(out / "estimates.csv").set_index("sample")["verdict"].to_dict()
    assert (estimates["outliers"], estimates["skewed"], estimates["gaussian / a"]) == (
        "contaminated",
        "skewed",
        "normal",
    )
    assert abs(figures["gaps_em_off"]) < abs(figures["gaps_left_out_off"])
    assert "3 values are too few for a verdict" in markdown


def test_classes_as_a_report(tables: Path, tmp_path: Path) -> None:
    """The saved classifier is the one that was kept, and the one that the report describes."""
    run = EXAMPLES["gaussian", "classification"].run(plotted_features=["x1", "x2"], other_sets=["classes-2d", "iris"])
    figures = classification.train(run, tables, tmp_path, RecordingLog())
    markdown = (tmp_path / "report.md").read_text()
    assert "**FAILS**" not in markdown
    assert "70.0% for `classes-2d`" in markdown
    assert pd.read_csv(tmp_path / "accuracy.csv")["set"].to_list() == [
        "classes-7d, 7 features",
        "classes-2d, 2 features",
        "iris, 4 features",
    ]
    kept = load_classifier(tmp_path / "model.safetensors")
    test = data.cases("classes-7d", pd.read_parquet(tables / "classes-7d.parquet")).of("test")
    assert 100 * (kept.predict(test.rows) == test.labels).mean() == figures["test_accuracy"]
    predictions = pd.read_csv(tmp_path / "predictions.csv")
    assert 100 * (predictions["actual"] == predictions["predicted"]).mean() == figures["test_accuracy"]


def test_no_tables(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no tables in .*run `dvc repro validate@measurements` first"):
        mle.write(tmp_path, tmp_path)


# -- tables and columns


def test_samples_of_a_table() -> None:
    rows = np.arange(12.0).reshape(6, 2)
    table = tidy({("b", "train"): rows[:2], ("a", "train"): rows[2:]}, ["height", "weight"])
    found = {sample.name: sample for sample in data.samples("people", table)}
    assert list(found) == [
        "people / height",
        "people / a / height",
        "people / b / height",
        "people / weight",
        "people / a / weight",
        "people / b / weight",
    ]
    sample = found["people / a / weight"]
    assert sample.values.tolist() == [5, 7, 9, 11]  # noqa: PD011 (no frame)
    assert table.set_index("id").loc[sample.ids, "feature"].unique().tolist() == ["weight"]


def test_what_is_the_same_for_a_cluster_is_one_measurement() -> None:
    """Three children of one father and two of another."""
    rows = np.array([[60.0, 70.0], [61.0, 70.0], [62.0, 70.0], [65.0, 75.0], [66.0, 75.0]])
    table = tidy({("girl", "train"): rows[:1], ("boy", "train"): rows[1:]}, ["child", "father"])
    table["cluster"] = np.where(table["case"] < 3, "family 1", "family 2")
    found = {sample.name: sample.values.tolist() for sample in data.samples("family", table)}  # noqa: PD011 (no frame)
    assert found["family / father"] == [70, 75]
    assert len(found["family / child"]) == 5
    assert "family / boy / father" not in found


def test_cases_of_a_table() -> None:
    rows = np.arange(12.0).reshape(6, 2)
    found = data.cases("people", tidy({("b", "train"): rows[:2], ("a", "test"): rows[2:]}, ["height", "weight"]))
    assert np.array_equal(found.rows, rows)
    assert found.labels.tolist() == ["b"] * 2 + ["a"] * 4
    assert found.of("test").rows.tolist() == rows[2:].tolist()
    assert found.only(["weight"]).rows.tolist() == rows[:, 1:].tolist()


# -- the published measurements


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The prepared tables of the published files of the mirror."""
    from stages.datasets.measurements import reader
    from stages.datasets.measurements.origin import sets

    if "DATA_MIRROR" not in os.environ or "://" in os.environ["DATA_MIRROR"]:
        pytest.skip("DATA_MIRROR names no folder")
    raw, folder = tmp_path_factory.mktemp("raw"), tmp_path_factory.mktemp("published")
    for file in sets.PUBLIC:
        (raw / file.path).write_bytes((Path(os.environ["DATA_MIRROR"]) / file.published).read_bytes())
    prepared = reader.read(raw)
    for name, table in prepared.tables.items():
        table.to_parquet(folder / f"{name}.parquet")
    (folder / "card.json").write_text(json.dumps({"source": "public", "facts": prepared.facts}))
    return folder


@pytest.mark.mirror
def test_the_classics(published: Path, tmp_path: Path) -> None:
    figures = mle.write(published, tmp_path, samples=200)
    check_whole(tmp_path, figures)
    found: dict[Any, Any] = pd.read_csv(tmp_path / "estimates.csv").set_index("sample").to_dict("index")
    assert (found["michelson / speed"]["mean"], found["michelson / speed"]["verdict"]) == (852.4, "normal")
    assert (found["newcomb / time"]["mean"], found["newcomb / time"]["verdict"]) == (26.212, "contaminated")
    assert found["cavendish / density"]["mean"] == 5.4479
    assert found["galton / father"]["n"] == 205
    markdown = (tmp_path / "report.md").read_text()
    michelson = next(line for line in markdown.splitlines() if "today's speed of light" in line)
    assert "| 734.5 | +117.9 | no |" in michelson
    cavendish = next(line for line in markdown.splitlines() if "today's density" in line)
    assert "| 5.513 | -0.06507 | yes |" in cavendish
    assert "Normal but for 2 gross errors among 66 values: -44, -2." in markdown


@pytest.mark.mirror
def test_pokemon(published: Path, tmp_path: Path) -> None:
    example = EXAMPLES["gaussian", "classification"]
    for folder, features, right in (("all", [], 54), ("two", ["defense", "special-defense"], 34)):
        (tmp_path / folder).mkdir()
        run = example.run(table="pokemon", plotted_features=["defense", "special-defense"], features=features)
        figures = classification.train(run, published, tmp_path / folder, RecordingLog())
        assert figures["test_accuracy"] == pytest.approx(100 * right / 70)
    assert "total = hp + attack + defense" in (tmp_path / "all" / "report.md").read_text()
    assert predict.Predictor(tmp_path / "all" / "model.safetensors")(
        ["hp=50 attack=60 defense=70 special-attack=80 special-defense=60 speed=50"]
    )[0]["label"] in ("Water", "Normal")
