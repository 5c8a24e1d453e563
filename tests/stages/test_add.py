"""`add` looks at data and writes two entries into params.yaml, `remove` takes them out, and all else stays as it is."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

import params
from pipelines.settings import load_pipeline
from stages import __main__ as cli
from stages import own
from tests.stages.formats.files import write_reviews

pytestmark = pytest.mark.slow

PARAMS = Path(__file__).parents[2] / "params.yaml"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with the true params.yaml and a file of reviews beside it."""
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    Path("params.yaml").write_bytes(PARAMS.read_bytes())
    write_reviews(tmp_path / "hotel.csv")
    return tmp_path


def test_both_entries_are_written_and_nothing_else_changes(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["add", "hotel", "labelled", str(project / "hotel.csv"), "--val", "0.2"]) == 0
    shown = capsys.readouterr().out
    assert "read as: ';' separated, Windows-1252" in shown
    assert "3 classes: déçu 100, neutre 100, satisfait 100" in shown
    assert shown.count("\n  - text: ") == 3
    before = PARAMS.read_text(encoding="utf-8").splitlines()
    after = Path("params.yaml").read_text(encoding="utf-8").splitlines()
    added = [line for line in after if line not in before]
    assert added[:4] == ["own:", "  hotel:", "    kind: labelled", f"    path: {project / 'hotel.csv'}"]
    assert [line for line in before if line not in after] == ["own: {}"]
    assert params.read()["own"]["hotel"]["splits"] == {"val": 0.2}
    pipeline = load_pipeline("hotel")
    assert (pipeline.name, pipeline.source, pipeline.task) == ("rnn-hotel", "own", "sentiment")
    assert [run.name for run in pipeline.runs] == ["rnn-hotel-bag-of-words-s0", "rnn-hotel-lstm-s0"]

    assert cli.main(["remove", "hotel"]) == 0
    assert Path("params.yaml").read_bytes() == PARAMS.read_bytes()


def test_a_dry_run_writes_nothing(project: Path) -> None:
    assert cli.main(["add", "hotel", "labelled", str(project / "hotel.csv"), "--dry-run"]) == 0
    assert Path("params.yaml").read_bytes() == PARAMS.read_bytes()


def test_what_is_odd_is_shown_as_validation_will_report_it(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"text": f"text {number % 30}", "label": "ab"[number % 7 == 0]} for number in range(90)]
    (project / "odd.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert cli.main(["add", "odd", "labelled", str(project / "odd.jsonl"), "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert "odd: table train: no text has two classes in one split" in shown
    assert "odd: table train: no text is repeated" in shown


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["slots", "labelled", "hotel.csv"], "slots is a data set of this project already"),
        (["Hotel", "labelled", "hotel.csv"], "'Hotel' is no name for a data set"),
        (["hotel", "labelled", "hotels.csv"], "hotels.csv does not exist: give the path of a file or a folder"),
        (["hotel", "labelled", "hotel.csv", "--like", "rnn-slot"], "there is no pipeline 'rnn-slot' to be like"),
        (["hotel", "labelled", "hotel.csv", "--column", "text"], "--column text: expected NAME=VALUE"),
        (["hotel", "labelled", "hotel.csv", "--option", "lower=true"], "unknown key 'lower' in hotel.options"),
        (["hotel", "labelled", "hotel.csv", "--val", "1.5"], "val and test are shares of the rows"),
    ],
)
def test_mistakes_are_named(arguments: list[str], says: str, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name, kind, file, *options = arguments
    assert cli.main(["add", name, kind, str(project / file), *options]) == 1
    assert says in capsys.readouterr().err
    assert Path("params.yaml").read_bytes() == PARAMS.read_bytes()


def test_a_data_set_is_added_once(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["add", "hotel", "labelled", str(project / "hotel.csv")]
    assert [cli.main(command), cli.main(command)] == [0, 1]
    assert "hotel is there already: `python -m stages remove hotel` takes it out" in capsys.readouterr().err


def test_validated_accepted_and_compared_with_what_was_accepted(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = project / "hotel.csv"
    assert cli.main(["add", "hotel", "labelled", str(file)]) == 0
    assert cli.main(["validate", "hotel"]) == 0
    assert cli.main(["accept", "hotel"]) == 0
    assert Path("stages/own_rules/profiles/hotel.json").exists()
    before = {path.name: path.read_bytes() for path in Path("data/validated/hotel").glob("*.parquet")}
    write_reviews(file, rows=360)
    capsys.readouterr()
    assert cli.main(["validate", "hotel"]) == 0
    assert "not as in the accepted version" not in capsys.readouterr().out
    for name, content in before.items():
        assert content != Path("data/validated/hotel", name).read_bytes()
    write_reviews(file, classes=("satisfait", "déçu"))
    assert cli.main(["validate", "hotel"]) == 1
    assert "drift" in capsys.readouterr().err


def test_rules_of_ones_own_in_code_and_in_json(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["add", "hotel", "labelled", str(project / "hotel.csv")]) == 0
    Path("stages/own_rules").mkdir(parents=True)
    expectation = {"type": "expect_column_value_lengths_to_be_between", "kwargs": {"column": "text", "max_value": 20}}
    Path("stages/own_rules/hotel.json").write_text(json.dumps({"name": "mine", "expectations": [expectation]}))
    assert cli.main(["validate", "hotel"]) == 1
    assert "expect_column_value_lengths_to_be_between" in capsys.readouterr().err
    Path("stages/own_rules/hotel.json").unlink()
    Path("stages/own_rules/hotel.py").write_text(
        "from stages.dataset import Suite\nfrom stages.rules.vocabulary import never_matches\n\n\n"
        "def rules(context):\n"
        "    return [Suite(name, table, [never_matches('text', 'soup', 'no review is about soup')])\n"
        "            for name, table in context.tables.items()]\n"
    )
    assert cli.main(["validate", "hotel"]) == 1
    assert "no review is about soup" in capsys.readouterr().err


def test_an_entry_of_ones_own_is_read_from_params(project: Path) -> None:
    assert cli.main(["add", "hotel", "labelled", str(project / "hotel.csv"), "--quarantine", "0.1"]) == 0
    dataset, setting = own.load("hotel")
    assert (dataset.name, setting.source) == ("hotel", "own")
    assert setting.quarantine is not None
    assert setting.quarantine.limit == 0.1


def test_an_import_is_read_by_its_ending(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def imported(command: list[str], **_options: object) -> subprocess.CompletedProcess[str]:
        shutil.copy(command[2], command[3])
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", imported)
    assert cli.main(["add", "hotel", "labelled", str(project / "hotel.csv"), "--import"]) == 0
    assert params.read()["own"]["hotel"]["path"] == "data/own/hotel.csv"
    assert cli.main(["validate", "hotel"]) == 0
