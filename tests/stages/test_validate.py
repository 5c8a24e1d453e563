"""Validation: good tables pass, and every single rule has a broken table that it catches, naming the rows."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from stages import datasets, params
from stages.dataset import Given, Prepared, Suite
from stages.datasets import slots
from stages.download import download
from stages.errors import StageError
from stages.expectations import Outcome, Runner, shape_suites
from stages.prepare import prepare
from stages.validate import validate

FOREIGN = {"train": "boise", "val": "boise", "test": "tulsa"}  # held out for another split


Tables = dict[str, pd.DataFrame]
Outcomes = dict[tuple[str, str], Outcome]  # by table and rule


def run(suites: list[Suite]) -> Outcomes:
    outcomes = Runner(Path("docs, not built")).run("rules", suites, slots.COLUMNS)
    return {(outcome.table, outcome.rule): outcome for outcome in outcomes}


def failed(outcomes: Outcomes) -> set[tuple[str, str]]:
    return {key for key, outcome in outcomes.items() if not outcome.success}


def broken_rows(split: str, table: pd.DataFrame, train: pd.DataFrame) -> pd.DataFrame:
    """`table` with another error in each of its first rows, and one row too many."""
    ids, texts, tags, intents = (list(table[column]) for column in slots.COLUMNS)
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
    return pd.DataFrame(rows, columns=list(slots.COLUMNS))


def change(split: str, row: int, **cells: str) -> None:
    """Change cells of a prepared table behind the back of `prepare`."""
    path = Path(f"data/prepared/slots/{split}.parquet")
    columns = pd.read_parquet(path).to_dict("list")
    for column, value in cells.items():
        columns[column][row] = value
    pd.DataFrame(columns).to_parquet(path)


@pytest.fixture(scope="module")
def check(prepared: Prepared, small: slots.SlotsOptions) -> Callable[[Tables], Outcomes]:
    """Run the rules of the built-in source on tables."""
    return lambda tables: run(slots.rules(Given("builtin", small, tables, prepared.facts)))


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
    complaint = outcome.complaint()
    assert f"table {split}: {rule}" in complaint
    assert f"id {ROWS[rule][0]}: " in complaint
    assert f"{outcome.failing} rows fail" in complaint


def test_a_rule_about_a_whole_table_says_what_it_found(bad: Outcomes, bare: Outcomes) -> None:
    assert bad["train", "there are 300 utterances, as params.yaml asks"].observed == 301
    assert bare["tags", "train has at least 40 slot labels"].observed == 0
    assert bare["test", "at least 25% of utterances show names that train does not have"].observed == 0
    lacking = {row["tag"] for row in bad["tags", "every tag occurs in train"].rows}
    assert {"B-nonsense.val", "B-nonsense.test"} <= lacking


def test_ten_rows_are_shown_and_all_are_counted() -> None:
    table = pd.DataFrame({"id": range(300), "text": None, "tags": "O", "intent": "flight"})
    outcome = run(shape_suites({"train": table}, slots.COLUMNS))["train", "text is never empty"]
    assert outcome.failing == 300
    assert [row["id"] for row in outcome.rows] == list(range(10))
    assert "300 rows fail, the first 10:" in outcome.complaint()


def test_columns_that_are_missing_mistyped_or_empty_are_caught(prepared: Prepared) -> None:
    table = prepared.tables["val"]
    tables = {
        "dropped": table.drop(columns="tags"),
        "no id": table.drop(columns="id"),
        "mistyped": table.assign(id=table["id"].astype(float), intent=1),
        "holes": table.assign(text=table["text"].where(table["id"] != 7)),
    }
    outcomes = run(shape_suites(tables, slots.COLUMNS))
    assert not outcomes["dropped", "the columns are id, text, tags, intent"].success
    assert "could not be checked" in outcomes["dropped", "tags is of type string"].complaint()
    assert not outcomes["no id", "the columns are id, text, tags, intent"].success
    assert outcomes["mistyped", "id is of type int64"].observed == "float64"
    assert not outcomes["mistyped", "intent is of type string"].success
    assert [row["id"] for row in outcomes["holes", "text is never empty"].rows] == [7]


# -- the stage, in a project folder


@pytest.fixture
def setting(project: Path) -> params.Setting:
    """The small built-in data, downloaded and prepared."""
    setting = params.load("slots")
    download(datasets.find("slots"), setting)
    prepare(datasets.find("slots"), setting)
    return setting


RESULT = Path("data/validation/slots/result.json")


def test_the_stage_writes_a_result_and_data_docs(setting: params.Setting) -> None:
    validate(datasets.find("slots"), setting)
    first = RESULT.read_bytes()
    result = json.loads(first)
    assert result["success"] is True
    assert result["rows"] == {"train": 300, "val": 40, "test": 60}
    assert result["rules"] == len(result["expectations"])
    assert result["failed"] == 0
    docs = Path("data/validation/slots/docs")
    assert "IOB is well-formed" in "".join(page.read_text() for page in docs.rglob("expectations/*.html"))
    assert (docs / "index.html").is_file()
    assert "all rules hold" in (docs / "rules.html").read_text()
    validate(datasets.find("slots"), setting)
    assert RESULT.read_bytes() == first


def test_the_stage_names_rule_rows_and_docs_and_keeps_no_success(setting: params.Setting) -> None:
    validate(datasets.find("slots"), setting)
    change("val", 17, text="fly to denver", tags="O O I-toloc.city_name")
    with pytest.raises(StageError) as caught:
        validate(datasets.find("slots"), setting)
    message = str(caught.value)
    assert "table val: IOB is well-formed" in message
    assert "id 17: text='fly to denver', tags='O O I-toloc.city_name'" in message
    assert "data/validation/slots/docs/rules.html" in message
    assert "id=17" in Path("data/validation/slots/docs/rules.html").read_text()
    result = json.loads(RESULT.read_text())
    assert result["success"] is False
    assert result["failed"] == 1


def test_a_changed_table_that_keeps_the_rules_is_caught(setting: params.Setting) -> None:
    change("val", 0, intent="airport")
    with pytest.raises(StageError, match=r"val\.parquet keeps every rule but is not the file that prepare wrote"):
        validate(datasets.find("slots"), setting)
    assert not RESULT.exists()


def test_a_truncated_table_is_named(setting: params.Setting) -> None:
    table = Path("data/prepared/slots/val.parquet")
    table.write_bytes(table.read_bytes()[:-100])
    with pytest.raises(StageError, match=r"val\.parquet is damaged"):
        validate(datasets.find("slots"), setting)
    assert not RESULT.exists()


def test_tables_of_the_other_source_are_refused(setting: params.Setting) -> None:
    other = params.Setting("public", None, setting.options)
    with pytest.raises(StageError, match=r"holds the builtin source, params\.yaml asks for public"):
        validate(datasets.find("slots"), other)
