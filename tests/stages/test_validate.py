"""Validation: good tables pass, and every single rule has a broken table that it catches, naming the rows."""

import hashlib
import json
from collections.abc import Callable
from copy import copy
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import great_expectations.expectations as gxe
import pandas as pd
import pytest
from great_expectations.expectations.metadata_types import FailureSeverity

from stages import datasets, settings
from stages.checks.expectations import Outcome, Runner
from stages.checks.result import complaint, read_result
from stages.dataset import Dataset, Prepared, RuleContext, Suite
from stages.datasets.slots import reader
from stages.datasets.slots.dataset import DATASET
from stages.download import download
from stages.errors import StageError
from stages.prepare import read_tables
from stages.rules.shape import shape_suites
from stages.settings import Quarantine
from stages.validate import validate

pytestmark = pytest.mark.slow

FOREIGN = {"train": "boise", "val": "boise", "test": "tulsa"}  # held out for another split


Tables = dict[str, pd.DataFrame]
Outcomes = dict[tuple[str, str], Outcome]  # by table and rule


def run(suites: list[Suite]) -> Outcomes:
    outcomes = Runner(Path("docs, not built")).run("rules", suites, reader.COLUMNS)
    return {(outcome.table, outcome.rule): outcome for outcome in outcomes}


def failed(outcomes: Outcomes) -> set[tuple[str, str]]:
    return {key for key, outcome in outcomes.items() if not outcome.success}


def broken_rows(split: str, table: pd.DataFrame, train: pd.DataFrame) -> pd.DataFrame:
    """`table` with another error in each of its first rows, and one row too many."""
    ids, texts, tags, intents = (list(table[column]) for column in reader.COLUMNS)
    ids[0] = 1
    texts[2] = texts[2].upper()
    texts[3], tags[3] = " ".join(f"w{number}" for number in range(2100)), " ".join("O" * 2100)
    tags[4] += " O"
    texts[5], tags[5] = "to denver", "O I-toloc.city_name"
    texts[6], tags[6] = "to seattle", f"O B-nonsense.{split}"
    intents[7] = "nonsense"
    texts[8] = train["text"].iloc[9]
    texts[10], tags[10] = f"to {FOREIGN[split]}", "O B-toloc.city_name"
    texts[11], tags[11] = "to llanfairpwllgwyngyllgogerychwyrndrobwll", "O B-toloc.city_name"
    texts[13] = texts[12]
    rows = [*zip(ids, texts, tags, intents, strict=True), (len(table), "one more flight", "O O O", "flight")]
    return pd.DataFrame(rows, columns=list(reader.COLUMNS))


@pytest.fixture(scope="module")
def check(prepared: Prepared, small: Any) -> Callable[[Tables], Outcomes]:
    """Run the rules of the built-in source on tables."""
    return lambda tables: run(DATASET.rules(RuleContext("builtin", small, tables, prepared.facts)))


@pytest.fixture(scope="module")
def good(prepared: Prepared, check: Callable[[Tables], Outcomes]) -> Outcomes:
    return check(prepared.tables)


@pytest.fixture(scope="module")
def bad(prepared: Prepared, check: Callable[[Tables], Outcomes]) -> Outcomes:
    """Outcomes on tables with an error for each rule about rows."""
    train = prepared.tables["train"]
    return check({split: broken_rows(split, table, train) for split, table in prepared.tables.items()})


@pytest.fixture(scope="module")
def bare(prepared: Prepared, check: Callable[[Tables], Outcomes]) -> Outcomes:
    """Outcomes on well-formed tables that are too poor: no labels, and no names."""
    tables = prepared.tables.items()
    return check(
        {split: table.assign(text=[f"{split} {row}" for row in table["id"]], tags="O O") for split, table in tables}
    )


def test_good_tables_keep_every_rule(good: Outcomes) -> None:
    assert len(good) > 30
    assert failed(good) == set()


def test_every_rule_has_a_broken_table_that_it_catches(good: Outcomes, bad: Outcomes, bare: Outcomes) -> None:
    assert good.keys() == bad.keys() == bare.keys()
    assert failed(bad) | failed(bare) == good.keys()


ROWS = {
    "no id is repeated": [1],
    "an utterance is lower-case words with one blank between them, and not empty": [2],
    "an utterance has 1 to 40 words": [3],
    "every word has one tag": [4],
    "IOB is well-formed: I-x only after B-x or I-x": [5],
    "every tag is a known one": [6],
    "every intent is a known one": [7],
    "no utterance is also in an earlier split": [8],
    "names held out for another split do not occur": [10],
    "no utterance is repeated": [12, 13],
}
CASES = [
    (split, rule)
    for rule in ROWS
    for split in ("train", "val", "test")
    if (split, rule) != ("train", "no utterance is also in an earlier split")
]


@pytest.mark.parametrize(("split", "rule"), CASES)
def test_a_rule_names_the_rows_that_break_it(bad: Outcomes, split: str, rule: str) -> None:
    outcome = bad[split, rule]
    assert set(ROWS[rule]) <= {row["id"] for row in outcome.rows}
    assert {"text", "tags", "intent"} <= outcome.rows[0].keys()
    assert set(ROWS[rule]) <= set(outcome.ids)
    assert len(outcome.ids) == outcome.failing
    text = complaint(asdict(outcome))
    assert f"table {split}: {rule}" in text
    assert f"id {ROWS[rule][0]}: " in text
    assert f"{outcome.failing} row{'s fail' if outcome.failing > 1 else ' fails'}" in text


def test_a_rule_about_a_whole_table_says_what_it_found(bad: Outcomes, bare: Outcomes) -> None:
    assert bad["train", "there are 300 utterances, as params.yaml asks"].observed == 301
    assert bare["tags", "train has at least 40 slot labels"].observed == 0
    assert bare["test", "at least 25% of utterances show names that train does not have"].observed == 0
    lacking = {row["tag"] for row in bad["tags", "every tag occurs in train"].rows}
    assert {"B-nonsense.val", "B-nonsense.test"} <= lacking


def test_ten_rows_are_shown_and_all_are_counted() -> None:
    table = pd.DataFrame({"id": range(300), "text": None, "tags": "O", "intent": "flight"})
    outcome = run(shape_suites({"train": table}, reader.COLUMNS))["train", "no cell is empty"]
    assert outcome.failing == 300
    assert outcome.ids == list(range(300))
    assert [(row["id"], row["empty"]) for row in outcome.rows] == [(number, "text") for number in range(10)]
    assert "300 rows fail, the first 10:" in complaint(asdict(outcome))


def test_columns_that_are_missing_mistyped_or_empty_are_caught(prepared: Prepared) -> None:
    table = prepared.tables["val"]
    tables = {
        "good": table,
        "dropped": table.drop(columns="tags"),
        "no id": table.drop(columns="id"),
        "mistyped": table.assign(id=table["id"].astype(float), intent=1),
        "one more": table.assign(more=1),
        "turned": table[["id", "tags", "text", "intent"]],
        "holes": table.assign(text=table["text"].where(table["id"] != 7)),
    }
    outcomes = run(shape_suites(tables, reader.COLUMNS))
    rule = "the columns of every table are id, text, tags, intent, each of its declared type"
    wrong = {(row["table"], row["found"], row["declared"]) for row in outcomes["columns", rule].rows}
    assert {name for name, _, _ in wrong} == tables.keys() - {"good", "holes"}
    assert wrong >= {
        ("dropped", "intent str", "tags str"),
        ("dropped", "none", "intent str"),
        ("mistyped", "id float64", "id int64"),
        ("mistyped", "intent int64", "intent str"),
        ("one more", "more int64", "none"),
        ("turned", "tags str", "text str"),
    }
    assert {name for name in tables if not outcomes[name, "no cell is empty"].success} == {"holes"}
    assert outcomes["holes", "no cell is empty"].ids == [7]


def test_a_rule_that_cannot_be_checked_fails_and_says_why(prepared: Prepared) -> None:
    lacking = gxe.ExpectColumnValuesToBeUnique(column="nothing", description="nothing is repeated")
    outcome = run([Suite("val", prepared.tables["val"], [lacking])])["val", "nothing is repeated"]
    assert not outcome.success
    assert "could not be checked" in complaint(asdict(outcome))


# -- the stage, in a project folder

RESULT = Path("data/validation/slots/result.json")
PREPARED = Path("data/work/prepared/slots")
VALIDATED = Path("data/validated/slots")
LOWER = gxe.ExpectColumnValuesToNotMatchRegex(column="text", regex="[A-Z]", description="text is lower-case")


@pytest.fixture
def setting(project: Path) -> settings.Setting:
    """The small built-in data, downloaded."""
    setting = settings.load("slots")
    download(datasets.origin("slots"), setting)
    return setting


def with_rules(*rules: Any, read: Callable[[Tables], Tables] = lambda tables: tables) -> Dataset[Any]:
    """The data set `slots` with no other rules than these, for val, and with a reader that changes its tables."""
    return replace(
        DATASET,
        rules=lambda given: [Suite("val", given.tables["val"], list(map(copy, rules)))],
        read=lambda folder: Prepared(read(reader.read(folder).tables), {}),
    )


def capital(tables: Tables) -> Tables:
    """A capital in row 17 of val."""
    val = tables["val"].copy()
    val.loc[17, ["text", "tags"]] = ["fly to Denver", "O O B-toloc.city_name"]
    return {**tables, "val": val}


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_the_stage_writes_tables_a_result_and_data_docs(setting: settings.Setting) -> None:
    validate(datasets.find("slots"), setting)
    first = RESULT.read_bytes()
    result = json.loads(first)
    assert result["success"] is True
    assert result["rows"] == {"train": 300, "val": 40, "test": 60}
    assert result["rules"] == len(result["expectations"]) > 40
    assert (result["failed"], result["warned"], result["warnings"], result["quarantined"]) == (0, 0, [], {})
    docs = Path("data/validation/slots/docs")
    assert "IOB is well-formed" in "".join(page.read_text() for page in docs.rglob("expectations/*.html"))
    assert (docs / "index.html").is_file()
    assert f"all {result['rules']} rules hold" in (docs / "rules.html").read_text()
    assert files_of(VALIDATED) == files_of(PREPARED)
    assert sorted(files_of(VALIDATED)) == ["card.json", "test.parquet", "train.parquet", "val.parquet"]
    validate(datasets.find("slots"), setting)
    assert RESULT.read_bytes() == first


def test_the_tables_do_not_depend_on_the_rules_that_they_keep(setting: settings.Setting) -> None:
    """Rewording a rule, or a rule more, retrains nothing."""
    validate(with_rules(LOWER), setting)
    first, wording = files_of(VALIDATED), RESULT.read_bytes()
    reworded = gxe.ExpectColumnValuesToNotMatchRegex(column="text", regex="[A-Z]", description="no capital is in text")
    more = gxe.ExpectTableRowCountToEqual(value=40, description="there are 40 rows")
    validate(with_rules(reworded, more), setting)
    assert RESULT.read_bytes() != wording
    assert files_of(VALIDATED) == first


def test_the_stage_names_rule_rows_and_docs_and_keeps_no_success(setting: settings.Setting) -> None:
    validate(with_rules(LOWER), setting)
    assert VALIDATED.exists()
    with pytest.raises(StageError) as caught:
        validate(with_rules(LOWER, read=capital), setting)
    message = str(caught.value)
    assert "table val: text is lower-case" in message
    assert "id 17: text='fly to Denver', tags='O O B-toloc.city_name'" in message
    assert "data/validation/slots/docs/rules.html" in message
    assert "id 17: " in Path("data/validation/slots/docs/rules.html").read_text()
    result = json.loads(RESULT.read_text())
    assert result["success"] is False
    assert result["failed"] == 1
    assert [entry["ids"] for entry in result["expectations"] if not entry["success"]] == [[17]]
    suites = [path.parts[-4] for path in Path("data/validation/slots/docs/validations").rglob("*.html")]
    assert sorted(suites) == ["columns shape", "test shape", "train shape", "val content", "val shape"]
    assert not VALIDATED.exists(), "what failed lies where training reads"
    assert (PREPARED / "card.json").exists(), "accept reads what failed for drift alone"


@pytest.fixture
def no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table val is read without one of its columns."""

    def read(dataset: Dataset[Any], card: dict[str, Any]) -> Tables:
        tables = read_tables(dataset, card)
        return {**tables, "val": tables["val"].drop(columns="text")}

    monkeypatch.setattr("stages.validate.read_tables", read)


def test_without_the_columns_no_other_rule_is_checked(setting: settings.Setting, no_text: None) -> None:
    with pytest.raises(StageError, match="1 of 4 rules fails"):
        validate(with_rules(LOWER), setting)
    assert [entry["failing"] for entry in read_result("slots")["expectations"]] == [3, 0, 0, 0]
    assert not VALIDATED.exists()


def test_a_table_that_changes_while_it_is_checked_is_not_trained_on(
    setting: settings.Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    def build_docs(_: Runner) -> Path:
        (PREPARED / "val.parquet").write_bytes((PREPARED / "test.parquet").read_bytes())
        return Path()

    monkeypatch.setattr(Runner, "build_docs", build_docs)
    with pytest.raises(StageError, match=r"val\.parquet was changed while it was checked"):
        validate(with_rules(LOWER), setting)
    assert not RESULT.exists()
    assert not (VALIDATED / "card.json").exists()


def test_raw_files_of_the_other_source_are_refused(setting: settings.Setting) -> None:
    other = settings.Setting("public", None, setting.options)
    with pytest.raises(StageError, match=r"holds the builtin source, params\.yaml asks for public"):
        validate(datasets.find("slots"), other)


@pytest.mark.parametrize(
    ("content", "says"), [(b"", "is damaged"), (b'{"success": true}', "version None with the keys")]
)
def test_a_result_of_another_version_is_refused(project: Path, content: bytes, says: str) -> None:
    RESULT.parent.mkdir(parents=True)
    RESULT.write_bytes(content)
    with pytest.raises(StageError, match=says) as caught:
        read_result("slots")
    assert "`python -m stages validate slots` again" in str(caught.value)


# -- severity


def test_a_warning_stops_nothing_and_is_told(setting: settings.Setting, capsys: pytest.CaptureFixture[str]) -> None:
    few = gxe.ExpectColumnValuesToBeInSet(
        column="intent", value_set=["flight"], severity=FailureSeverity.WARNING, description="only flights"
    )
    many = gxe.ExpectTableRowCountToBeBetween(min_value=50, severity=FailureSeverity.INFO, description="many rows")
    holds = gxe.ExpectColumnValuesToBeUnique(column="id", severity=FailureSeverity.WARNING, description="no id twice")
    validate(with_rules(few, many, holds), setting)
    result = read_result("slots")
    others = int((pd.read_parquet("data/validated/slots/val.parquet")["intent"] != "flight").sum())
    assert (result["success"], result["failed"], result["warned"]) == (True, 0, 2)
    assert result["warnings"] == [
        {"table": "val", "rule": "only flights", "observed": f"{others} rows"},
        {"table": "val", "rule": "many rows", "observed": 40},
    ]
    said = capsys.readouterr().out
    assert "7 rules, no critical one fails, 2 warnings" in said
    assert f"warning: table val: only flights: {others} rows" in said
    page = (RESULT.parent / "docs/rules.html").read_text()
    assert "2 warnings" in page
    assert "WARNING" in page
    assert "FAILS" not in page


def test_a_rule_is_critical_unless_it_says_otherwise(setting: settings.Setting) -> None:
    with pytest.raises(StageError, match="1 of 5 rules fails"):
        validate(with_rules(gxe.ExpectTableRowCountToEqual(value=1, description="one row")), setting)
    assert read_result("slots")["expectations"][-1]["severity"] == "critical"


# -- quarantine


@pytest.fixture
def project_without_docs(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Data Docs take most of the time of such a check, and are another test's business."""
    monkeypatch.setattr(Runner, "build_docs", lambda _: Path())


def downloaded_with(broken: Callable[[Tables], Tables], limit: float | None) -> tuple[Dataset[Any], settings.Setting]:
    """`slots` with three rules for val, as a reader reads it that lets bad rows through, and how to check it."""
    dataset = with_rules(
        gxe.ExpectTableRowCountToEqual(value=40, description="there are 40 rows"),
        LOWER,
        gxe.ExpectColumnValuesToNotMatchRegex(column="tags", regex="^I", mostly=39 / 40, description="one row may"),
        read=broken,
    )
    setting = settings.load("slots")
    download(dataset.origin, setting)
    return dataset, replace(setting, quarantine=None if limit is None else Quarantine(limit))


def with_two_bad_rows(tables: Tables) -> Tables:
    """In val, row 3 has no intent and row 8 a capital, which makes 5 %; row 5 is the one that the third rule allows."""
    val = tables["val"].copy()
    val.loc[3, "intent"] = None
    val.loc[5, "tags"] = "I-city_name"
    val.loc[8, "text"] = "fly to Denver"
    return {**tables, "val": val}


def test_bad_rows_are_set_aside_where_params_say_so(
    project_without_docs: None, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset, setting = downloaded_with(with_two_bad_rows, 0.05)
    validate(dataset, setting)
    prepared, validated = (pd.read_parquet(folder / "val.parquet") for folder in (PREPARED, VALIDATED))
    assert set(prepared["id"]) - set(validated["id"]) == {3, 8}
    assert validated.equals(prepared.drop([3, 8]).reset_index(drop=True))
    assert files_of(PREPARED)["train.parquet"] == files_of(VALIDATED)["train.parquet"]
    card = json.loads((VALIDATED / "card.json").read_text())
    assert card["tables"] == {
        name: {"rows": rows, "sha256": hashlib.sha256((VALIDATED / f"{name}.parquet").read_bytes()).hexdigest()}
        for name, rows in {"train": 300, "val": 38, "test": 60}.items()
    }

    result = read_result("slots")
    assert result["success"] is True
    assert result["quarantined"] == {"val": [3, 8]}
    assert result["quarantine"]["rows"] == [
        {"table": "val", "id": 3, "rules": ["no cell is empty"]},
        {"table": "val", "id": 8, "rules": ["text is lower-case"]},
    ]
    assert {"table": "val", "rule": "no row is set aside", "observed": "2 rows"} in result["warnings"]
    assert result["rows"]["val"] == 40
    counts = [entry["observed"] for entry in result["expectations"] if entry["rule"] == "there are 40 rows"]
    assert counts == [40], "a row that is set aside was delivered"
    aside = pd.read_parquet("data/validation/slots/quarantine/val.parquet")
    assert list(aside.columns) == [*reader.COLUMNS, "rules"]
    assert aside["text"].iloc[1] == "fly to Denver"
    assert list(aside["rules"]) == ["no cell is empty", "text is lower-case"]
    assert len(pd.read_parquet("data/validation/slots/quarantine/train.parquet")) == 0
    assert "2 rows set aside" in capsys.readouterr().out
    assert "the validated tables do not have" in (RESULT.parent / "docs/rules.html").read_text()


def test_a_row_that_was_not_delivered_is_missed(project_without_docs: None) -> None:
    dataset, setting = downloaded_with(lambda tables: {**tables, "val": with_two_bad_rows(tables)["val"][:39]}, 0.06)
    with pytest.raises(StageError, match="table val: there are 40 rows") as caught:
        validate(dataset, setting)
    assert "found: 39" in str(caught.value)


def test_nothing_is_set_aside_of_a_table_that_has_other_columns(project_without_docs: None, no_text: None) -> None:
    dataset, setting = downloaded_with(with_two_bad_rows, 0.05)
    with pytest.raises(StageError, match="the columns of every table are"):
        validate(dataset, setting)
    assert read_result("slots")["quarantined"] == {}


@pytest.mark.parametrize(
    ("limit", "aside", "says"),
    [
        (None, {}, "no cell is empty"),
        (0.01, {}, "1 of 40 rows of val break rules, more than the share of 0.01 that may be set aside"),
        (0.04, {"val": [3]}, "2 of 40 rows of val break rules, more than the share of 0.04 that may be set aside"),
    ],
)
def test_more_than_the_limit_stops(
    project_without_docs: None, limit: float | None, aside: dict[str, Any], says: str
) -> None:
    dataset, setting = downloaded_with(with_two_bad_rows, limit)
    with pytest.raises(StageError, match=says):
        validate(dataset, setting)
    assert read_result("slots")["quarantined"] == aside
