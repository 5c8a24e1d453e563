"""Accept, and the drift of later versions: one passes, is warned of or stops, by how far it is from the accepted."""

from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import great_expectations.expectations as gxe
import pytest

from stages.accept import accept
from stages.checks.expectations import Runner
from stages.checks.profile import path_of, read_profile
from stages.checks.result import read_result
from stages.dataset import Dataset, Prepared, Suite
from stages.datasets.slots.dataset import DATASET
from stages.download import download
from stages.errors import StageError
from stages.prepare import prepare
from stages.settings import Drift, Quarantine, Setting, load
from stages.validate import validate

pytestmark = pytest.mark.slow

LOWER = gxe.ExpectColumnValuesToNotMatchRegex(column="text", regex="[A-Z]", description="text is lower-case")
PROFILE = Path("stages/datasets/slots/profiles/builtin.json")


def with_intents(flights: int, capitals: int = 0) -> Dataset[Any]:
    """`slots` with so many flights in the 300 rows of train, and so many texts that break its one rule."""

    def read(folder: Path) -> Prepared:
        tables = DATASET.read(folder).tables
        train = tables["train"].assign(intent=["flight"] * flights + ["airfare"] * (300 - flights))
        train.loc[: capitals - 1, "text"] = "Boston"
        return Prepared({**tables, "train": train}, {})

    return replace(DATASET, read=read, rules=lambda given: [Suite("train", given.tables["train"], [copy(LOWER)])])


def bring(dataset: Dataset[Any], **settings: Any) -> tuple[Dataset[Any], Setting]:
    """Download."""
    setting = replace(load("slots"), **settings)
    download(dataset.origin, setting)
    return dataset, setting


@pytest.fixture(autouse=True)
def _no_docs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Data Docs are another test's business, and most of the time here."""
    monkeypatch.setattr(Runner, "build_docs", lambda _: Path())


@pytest.fixture
def accepted(project: Path) -> None:
    """A version with 150 flights in 300 rows, accepted."""
    version = bring(with_intents(150))
    validate(*version)
    accept(*version)


def drifted() -> Mapping[str, Any]:
    columns = read_result("slots")["drift"]["columns"]
    return {f"{column['table']}.{column['column']}": column["drift"] for column in columns if column["drift"]}


def test_the_accepted_version_itself_does_not_drift(accepted: None, capsys: pytest.CaptureFixture[str]) -> None:
    version = bring(with_intents(150))
    validate(*version)
    result = read_result("slots")
    assert result["drift"]["profile"] == str(PROFILE) == str(path_of("slots", "builtin"))
    assert len(result["drift"]["columns"]) > 10
    assert (drifted(), result["warnings"], result["drift"]["differences"]) == ({}, [], [])
    assert "accepted" not in capsys.readouterr().out.splitlines()[-1]
    before = PROFILE.read_bytes()
    accept(*version)
    assert PROFILE.read_bytes() == before


def test_some_drift_is_a_warning(accepted: None, capsys: pytest.CaptureFixture[str]) -> None:
    validate(*bring(with_intents(75)))  # the index of 75:225 against 150:150 is 0.27, of which chance takes 0.07
    result = read_result("slots")
    assert list(drifted()) == ["train.intent"]
    assert 0.1 < drifted()["train.intent"] < 0.25
    assert result["warnings"] == [
        {
            "table": "train",
            "rule": "intent (values) has not drifted from the accepted profile",
            "observed": drifted()["train.intent"],
        }
    ]
    assert "accept them: `python -m stages accept slots`" in capsys.readouterr().out


def test_much_drift_stops_until_the_version_is_accepted(accepted: None) -> None:
    version = bring(with_intents(30))
    with pytest.raises(StageError, match="table drift: no column has drifted") as caught:
        validate(*version)
    assert "table='train', column='intent', measure='values'" in str(caught.value)
    assert read_result("slots")["success"] is False

    accept(*version)  # drift alone is no reason to refuse
    validate(*version)
    assert read_result("slots")["success"] is True


def test_where_the_limits_are_is_a_parameter(accepted: None) -> None:
    validate(*bring(with_intents(30), drift=Drift(warn=0.1, stop=None)))
    assert read_result("slots")["warned"] == 1
    validate(*bring(with_intents(75), drift=Drift(warn=2, stop=3)))
    assert read_result("slots")["warned"] == 0


def test_other_settings_of_the_maker_are_said(accepted: None, capsys: pytest.CaptureFixture[str]) -> None:
    setting = load("slots")
    validate(*bring(with_intents(150), options=replace(setting.options, seed=4)))
    assert "not as in the accepted version: seed was 3, is 4" in capsys.readouterr().out
    assert drifted() == {}


def test_rows_that_were_set_aside_are_not_part_of_the_profile(project: Path) -> None:
    version = bring(with_intents(150, capitals=2), quarantine=Quarantine(0.01))
    validate(*version)
    accept(*version)
    found = read_profile("slots", "builtin")
    assert found is not None
    assert found.rows["train"] == 298


# -- what is not accepted


def test_what_was_not_validated_is_not_accepted(project: Path) -> None:
    version = bring(with_intents(150))
    with pytest.raises(StageError, match=r"Run `python -m stages validate slots` first"):
        accept(*version)
    validate(*version)
    prepare(*bring(with_intents(140)))  # as an interrupted validation leaves them
    with pytest.raises(StageError, match="are not those that were validated"):
        accept(*version)
    assert not PROFILE.exists()


def test_the_other_source_is_not_accepted(project: Path) -> None:
    dataset, setting = bring(with_intents(150))
    validate(dataset, setting)
    with pytest.raises(StageError, match=r"the builtin source was validated, params\.yaml asks for public"):
        accept(dataset, replace(setting, source="public"))


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        ("card.json", b"{", "card.json is damaged"),
        ("card.json", b"[]", "card.json holds a list, not an object"),
        ("test.parquet", None, "test.parquet does not exist"),
        ("test.parquet", b"PAR1", "test.parquet is damaged"),
    ],
)
def test_prepared_files_that_are_damaged_are_named(project: Path, file: str, content: bytes | None, says: str) -> None:
    version = bring(with_intents(150))
    validate(*version)
    path = Path("data/work/prepared/slots", file)
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(StageError, match=says) as caught:
        accept(*version)
    assert "`python -m stages validate slots`" in str(caught.value)


def test_data_that_broke_a_rule_are_not_accepted(project: Path) -> None:
    version = bring(with_intents(150, capitals=1))
    with pytest.raises(StageError, match="text is lower-case"):
        validate(*version)
    with pytest.raises(StageError, match=r"validation failed \(train: text is lower-case\)"):
        accept(*version)
    assert not PROFILE.exists()
