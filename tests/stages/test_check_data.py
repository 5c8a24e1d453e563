"""`validate --all`, as CI runs it: every data set is checked, whatever became of another; exit code and reports."""

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import great_expectations.expectations as gxe
import pytest
import yaml

from stages import __main__ as cli
from stages import datasets
from stages.dataset import RuleContext, Suite
from stages.datasets.sentences.dataset import DATASET as SENTENCES
from stages.datasets.slots.dataset import DATASET as SLOTS

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PARAMS = """
data: {source: builtin, mirror: null}
datasets:
  slots: {source: null, builtin: {seed: 3, train: 300, val: 40, test: 60}}
  sentences: {source: null, builtin: {seed: 3, train: 200, val: 40, test: 40}}
pipelines: {}
"""
MANIFEST = Path("data/raw/slots/manifest.json")
VALIDATION = Path("data/validation")
GOOD = ("4", "0", "0")  # tests, failures, errors


@pytest.fixture
def two(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project with two data sets, without rules of their own."""
    Path("params.yaml").write_text(PARAMS)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    give_rules(monkeypatch, lambda _: [])


def give_rules(monkeypatch: pytest.MonkeyPatch, rules: Any) -> None:
    known = {dataset.name: replace(dataset, rules=rules) for dataset in (SLOTS, SENTENCES)}
    monkeypatch.setattr(datasets, "find", known.__getitem__)


def cases() -> dict[str, tuple[str, ...]]:
    """What junit.xml counts of each data set."""
    root = ET.parse(VALIDATION / "junit.xml").getroot()  # noqa: S314 (it was written here)
    return {
        str(suite.get("name")): tuple(str(suite.get(count)) for count in ("tests", "failures", "errors"))
        for suite in root
    }


def test_what_is_lacking_is_brought_and_all_is_checked(
    two: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "step.md")
    Path("step.md").write_text("before\n")
    assert cli.main(["validate", "--all"]) == 0
    assert capsys.readouterr().out.count("download ") == 2
    assert cases() == {"slots (builtin)": GOOD, "sentences (builtin)": GOOD}
    summary = (VALIDATION / "summary.md").read_text()
    assert "all passed" in summary
    assert Path("step.md").read_text() == f"before\n{summary}"
    assert "sentences/docs/rules.html" in (VALIDATION / "index.html").read_text()


def test_what_is_there_is_not_brought_again_unless_params_ask_for_other_data(
    two: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["download", "--all"]) == 0
    capsys.readouterr()
    Path("params.yaml").write_text(PARAMS.replace("test: 60", "test: 50"))
    assert cli.main(["validate", "--all"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line for line in said if line.startswith("download")] == [
        "download slots: made 11 built-in files in data/raw/slots, no network used"
    ]
    assert "prepare slots: train 300, val 40, test 50 rows in data/work/prepared/slots" in said
    Path("data/work/prepared/slots/card.json").unlink()
    assert cli.main(["accept", "--all"]) == 1
    assert "accept slots: data/work/prepared/slots/card.json does not exist" in capsys.readouterr().err
    assert cli.main(["validate", "slots"]) == cli.main(["accept", "--all"]) == 0
    profiles = sorted(map(str, Path("stages").rglob("*.json")))
    assert profiles == [f"stages/datasets/{name}/profiles/builtin.json" for name in ("sentences", "slots")]


def test_one_that_breaks_a_rule_does_not_keep_the_next_from_being_checked(
    two: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def rules(given: RuleContext[Any]) -> list[Suite]:
        rule = gxe.ExpectTableRowCountToEqual(value=300, description="there are 300 rows")
        return [Suite("train", given.tables["train"], [rule])]

    give_rules(monkeypatch, rules)
    assert cli.main(["validate", "--all"]) == 1
    assert cases() == {"slots (builtin)": ("5", "0", "0"), "sentences (builtin)": ("5", "1", "0")}
    assert "there are 300 rows" in (VALIDATION / "summary.md").read_text()
    assert "validate slots: all 5 rules hold" in capsys.readouterr().out
    assert [path.name for path in sorted(Path("data/validated").iterdir())] == ["slots"]


def test_one_that_cannot_be_checked_is_an_error_of_its_own(two: None) -> None:
    MANIFEST.parent.mkdir(parents=True)
    MANIFEST.write_text("{")
    assert cli.main(["validate", "--all"]) == 1
    assert cases() == {"sentences (builtin)": GOOD, "slots": ("1", "0", "1")}
    assert "manifest.json is damaged" in (VALIDATION / "summary.md").read_text()


def test_a_mistake_in_the_code_of_one_is_told_with_its_place(two: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def rules(given: RuleContext[Any]) -> list[Suite]:
        raise RuntimeError(f"no {given.source}")

    give_rules(monkeypatch, rules)
    assert cli.main(["validate", "--all"]) == 1
    assert cases() == {"slots": ("1", "0", "1"), "sentences": ("1", "0", "1")}
    summary = (VALIDATION / "summary.md").read_text()
    assert "RuntimeError('no builtin')\nTraceback" in summary
    assert "test_check_data.py" in summary


# -- the command, and the workflow


def test_the_workflow_checks_the_data_and_keeps_the_reports_also_of_a_failure() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/check-data.yml").read_text())
    (job,) = workflow["jobs"].values()
    assert workflow["permissions"] == {"contents": "read"}
    assert {"run": "make check-data"} in job["steps"]
    upload = job["steps"][-1]
    assert (upload["uses"], upload["if"]) == ("actions/upload-artifact@v4", "always()")
    assert upload["with"]["path"].split()[0] == str(VALIDATION)


def test_the_command_ends_with_its_exit_code(project: Path) -> None:
    Path("params.yaml").write_text("data: []\ndatasets: {}\npipelines: {}\n")
    done = subprocess.run(
        [sys.executable, "-m", "stages", "validate", "--all"],
        capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("validate --all: data in params.yaml is []: expected a section")


@pytest.mark.parametrize("arguments", [["validate"], ["validate", "slots", "--all"], ["check", "--all"]])
def test_what_is_to_be_validated_must_be_said_once(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    assert "usage: python -m stages" in capsys.readouterr().err
