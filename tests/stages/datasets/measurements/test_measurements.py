"""Data set `measurements`: its draws are the same everywhere and true to their moments; every rule catches an error."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from stages.checks.expectations import Outcome, Runner
from stages.dataset import Prepared, RuleContext, Suite
from stages.datasets.measurements import reader
from stages.datasets.measurements.origin import sets
from stages.datasets.measurements.origin.draws import MeasurementsOptions, make
from stages.datasets.measurements.rules import rules
from stages.errors import StageError

OPTIONS = MeasurementsOptions(seed=3, draws=400, train=80, test=60)
DIGEST = "3e91042eca76cfb3e47c21709313645ea74a669074df37eb633521d9e3b21c0b"

Tables = dict[str, pd.DataFrame]
Outcomes = dict[tuple[str, str], Outcome]  # by table and rule


def run(suites: list[Suite]) -> Outcomes:
    outcomes = Runner(Path("docs, not built")).run("rules", suites, reader.COLUMNS)
    return {(outcome.table, outcome.rule): outcome for outcome in outcomes}


def failed(outcomes: Outcomes) -> set[tuple[str, str]]:
    return {key for key, outcome in outcomes.items() if not outcome.success}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built-in raw files: not to be changed."""
    folder = tmp_path_factory.mktemp("raw")
    for path, content in make(OPTIONS):
        (folder / path).write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def drawn(folder: Path) -> Prepared:
    return reader.read(folder)


@pytest.fixture(scope="module")
def check(drawn: Prepared) -> Callable[[Tables], Outcomes]:
    return lambda tables: run(rules(RuleContext("builtin", OPTIONS, tables, drawn.facts)))


def broken(table: pd.DataFrame) -> pd.DataFrame:
    """The table with an error for each rule about rows, and one row too many."""
    rows = table.copy()
    rows.loc[0, "id"] = 1
    for row, column in ((2, "group"), (3, "split"), (4, "feature")):
        rows.loc[row, column] = "nonsense"
    rows.loc[5, "value"] = 1e6
    return pd.concat([rows, rows.tail(1).assign(id=len(rows), cluster="another")], ignore_index=True)


def with_twin(table: pd.DataFrame, train: int, test: int) -> pd.DataFrame:
    """The table with the values of a case of train in a case of test."""
    rows = table.copy()
    rows.loc[rows["case"] == test, "value"] = rows.loc[rows["case"] == train, "value"].to_list()
    return rows


def test_the_draws_are_the_same_bytes_everywhere(folder: Path) -> None:
    files = dict(make(OPTIONS))
    assert files == {path: (folder / path).read_bytes() for path in files}
    assert hashlib.sha256(b"".join(files[path] for path in sorted(files))).hexdigest() == DIGEST


def test_another_seed_gives_other_draws() -> None:
    other = MeasurementsOptions(seed=4, draws=400, train=80, test=60)
    assert dict(make(OPTIONS))["gaussian.csv"] != dict(make(other))["gaussian.csv"]


@pytest.mark.parametrize("name", ["draws", "train", "test"])
def test_too_few_cases_are_refused(name: str) -> None:
    sizes: dict[str, Any] = {"draws": 100, "train": 50, "test": 50} | {name: 3}
    with pytest.raises(ValueError, match=f"{name} must be at least"):
        MeasurementsOptions(seed=1, **sizes)


def test_a_set_is_as_large_as_asked(drawn: Prepared) -> None:
    assert {name: table["case"].nunique() for name, table in drawn.tables.items()} == {
        "gaussian": 1600,
        "outliers": 400,
        "skewed": 400,
        "classes-2d": 280,
        "classes-7d": 280,
    }


def test_the_skewed_set_is_skewed_and_the_gross_errors_are_gross(drawn: Prepared) -> None:
    waits = drawn.tables["skewed"]["value"].to_numpy()
    assert np.mean((waits - waits.mean()) ** 3) / waits.std() ** 3 > 1
    outliers = drawn.tables["outliers"]
    assert (outliers["group"] == "gross").sum() == 12
    clean = outliers.loc[outliers["group"] == "clean", "value"]
    assert outliers["value"].std() > 1.5 * clean.std()


def test_the_best_accuracy_is_what_the_truth_implies(drawn: Prepared) -> None:
    """Phi(d / 2), d being the Mahalanobis distance; found here from means and covariance, there from the draws."""
    for name in ("classes-2d", "classes-7d"):
        truth = drawn.facts["truth"][name]
        apart = np.subtract(truth["means"]["b"], truth["means"]["a"])
        distance = np.sqrt(apart @ np.linalg.inv(truth["covariance"]) @ apart)
        steps = np.linspace(-12, distance / 2, 200_001)
        phi = np.trapezoid(np.exp(-(steps**2) / 2) / np.sqrt(2 * np.pi), steps)
        assert truth["best_accuracy"] == pytest.approx(phi, abs=1e-5)
        assert 0.7 < phi < 0.9


# -- rules


@pytest.fixture(scope="module")
def good(drawn: Prepared, check: Callable[[Tables], Outcomes]) -> Outcomes:
    return check(drawn.tables)


def test_good_tables_keep_every_rule(good: Outcomes) -> None:
    assert len(good) > 40
    assert failed(good) == set()


def test_every_rule_has_a_broken_table_that_it_catches(
    drawn: Prepared,
    good: Outcomes,
    check: Callable[[Tables], Outcomes],
) -> None:
    rows = check({name: broken(table) for name, table in drawn.tables.items()})
    tied = {name: table.assign(cluster="one family", value=0.0) for name, table in drawn.tables.items()}
    caught = failed(rows) | failed(check(tied))
    assert caught == good.keys()
    assert {row["id"] for row in rows["skewed", "a value is one that its feature can have, in its unit"].rows} == {5}
    assert not rows["groups", "every group has the number of cases it should have"].success


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda table: table.assign(value=table["value"] * 2.54), "every mean is within"),
        (lambda table: table.assign(value=table["value"] + 3), "every mean is within"),
        (
            lambda table: table.assign(value=table["value"].mean() + 1.3 * (table["value"] - table["value"].mean())),
            "every variance is within",
        ),
        (lambda table: table.drop(index=7), "there are 400 values"),
        (lambda table: table.assign(group="all", feature="values"), "every feature is a known one"),
    ],
    ids=["unit", "shifted", "stretched", "row lost", "renamed"],
)
def test_a_quiet_change_of_the_skewed_set_is_caught(
    drawn: Prepared,
    check: Callable[[Tables], Outcomes],
    change: Callable[[pd.DataFrame], pd.DataFrame],
    rule: str,
) -> None:
    found = failed(check({"skewed": change(drawn.tables["skewed"])}))
    assert any(rule in says for _, says in found), found


def test_swapped_classes_are_caught(drawn: Prepared, check: Callable[[Tables], Outcomes]) -> None:
    table = drawn.tables["classes-2d"]
    swapped = table.assign(group=table["group"].map({"a": "b", "b": "a"}))
    found = failed(check({"classes-2d": swapped}))
    assert any("the best rule is right" in says for _, says in found)


def test_a_case_of_test_that_train_has_too_is_caught(drawn: Prepared, check: Callable[[Tables], Outcomes]) -> None:
    table = drawn.tables["classes-7d"]
    (one, *_), (other, *_) = (table.loc[table["split"] == split, "case"] for split in ("train", "test"))
    outcome = check({"classes-7d": with_twin(table, one, other)})[
        "classes-7d", "no case of test has the very values of one of train"
    ]
    assert [row["id"] for row in outcome.rows] == table.loc[table["case"] == other, "id"].to_list()


# -- the published files


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """Files with the published columns and a few rows, made up."""
    (tmp_path / "morley.csv").write_text("rownames,Expt,Run,Speed\n001,2,1,850\n")
    (tmp_path / "newcomb.csv").write_text("rownames,dat\n1,-44\n")
    (tmp_path / "Cavendish.csv").write_text("rownames,density,density2,density3\n1,5.5,5.6,\n2,5.5,5.6,5.6\n")
    (tmp_path / "GaltonFamilies.csv").write_text(
        "rownames,family,father,mother,midparentHeight,children,childNum,gender,childHeight\n"
        "1,136A,78.5,67,75.43,4,1,male,73.2\n"
    )
    head = "#,Name,Type 1,Type 2,HP,Attack,Defense,Sp. Atk,Sp. Def,Speed,Generation,Legendary\n"
    rows = "399,A,Water,,1,2,3,4,5,6,1,FALSE\n400,B,Normal,,6,5,4,3,2,2,1,FALSE\n401,C,Fire,,1,1,1,1,1,1,1,FALSE\n"
    (tmp_path / "pokemon_data.csv").write_text(head + rows)
    return tmp_path


def test_published_files_become_tidy_tables(published: Path) -> None:
    tables = reader.read(published).tables
    assert [list(table.columns) for table in tables.values()] == [list(reader.COLUMNS)] * 5
    assert list(next(tables["michelson"].itertuples(index=False, name=None))) == [
        0,
        0,
        "experiment 2",
        "experiment 2",
        "train",
        "speed",
        850.0,
    ]
    assert tables["cavendish"]["group"].to_list() == ["first six", "first six", "later", "later"]
    assert tables["galton"]["cluster"].unique().tolist() == ["family 136A"]
    pokemon = tables["pokemon"].pivot_table(index=["split", "group"], columns="feature", values="value")
    assert pokemon.index.to_list() == [("test", "Normal"), ("train", "Water")]
    assert pokemon["total"].to_list() == [22.0, 21.0]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("rownames,dat\n1,28\n2,many\n", r"newcomb.csv, line 3: dat is 'many', not a number"),
        ("rownames,dat\n1\n", r"newcomb.csv, line 2: not 2 cells"),
        ("rownames,data\n1,28\n", r"newcomb.csv, line 2: the file has no column 'dat'; it has rownames, data"),
        ('rownames,dat\n1,"28\n', r"newcomb.csv is not a CSV file"),
    ],
)
def test_a_file_that_is_not_as_published_is_named(published: Path, content: str, says: str) -> None:
    (published / "newcomb.csv").write_text(content)
    with pytest.raises(StageError, match=says):
        reader.read(published)


def test_bytes_that_are_no_text_are_named(published: Path) -> None:
    (published / "newcomb.csv").write_bytes(b"rownames,dat\n1,\xff\n")
    with pytest.raises(StageError, match=r"newcomb.csv is not a CSV file"):
        reader.read(published)


@pytest.fixture(scope="module")
def classics(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """The published files of the mirror."""
    if "DATA_MIRROR" not in os.environ or "://" in os.environ["DATA_MIRROR"]:
        pytest.skip("DATA_MIRROR names no folder")
    folder = tmp_path_factory.mktemp("published")
    for file in sets.PUBLIC:
        content = (Path(os.environ["DATA_MIRROR"]) / file.published).read_bytes()
        assert hashlib.sha256(content).hexdigest() == file.sha256
        (folder / file.path).write_bytes(content)
    return reader.read(folder)


def classic_rules(tables: Tables, facts: dict[str, Any]) -> Outcomes:
    return run(rules(RuleContext("public", OPTIONS, tables, facts)))


@pytest.mark.mirror
def test_the_published_files_keep_every_rule_and_broken_ones_none(classics: Prepared) -> None:
    good = classic_rules(classics.tables, classics.facts)
    assert failed(good) == set()
    tables = {name: broken(table) for name, table in classics.tables.items()}
    pokemon = tables["pokemon"]
    pokemon.loc[pokemon["case"].isin([10, 199]), "cluster"] = "number 1"
    tables["pokemon"] = with_twin(pokemon, train=20, test=150)
    bad = classic_rules(tables, classics.facts)
    shifted = classic_rules(
        {name: t.assign(value=t["value"] + 1) for name, t in classics.tables.items()}, classics.facts
    )
    assert failed(bad) | failed(shifted) == good.keys()


@pytest.mark.mirror
@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("newcomb", lambda table: table[table["value"] > 0]),  # the gross errors thrown away
        ("cavendish", lambda table: table.assign(value=table["value"].replace(4.88, 5.88))),  # the slip mended
        ("galton", lambda table: table.assign(value=table["value"] * 2.54)),
        ("michelson", lambda table: table.assign(value=table["value"] + 299_000)),
        ("michelson", lambda table: table.assign(value=table["value"].sort_values().to_list())),  # of other series
        ("michelson", lambda table: table.assign(cluster=table["cluster"].sort_values(ascending=False).to_list())),
    ],
)
def test_a_mended_or_converted_set_is_caught(
    classics: Prepared, name: str, change: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    assert failed(classic_rules({name: change(classics.tables[name])}, classics.facts))
