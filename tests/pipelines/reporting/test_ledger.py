"""Ledgers: what they hold survives being written and read, and differences are named."""

from pathlib import Path

import pytest

from pipelines.reporting import ledger
from pipelines.reporting.ledger import Ledger, Record


def test_a_ledger_is_read_as_it_was_written_a_record_a_line(tmp_path: Path) -> None:
    titles = {"rnn-slots": {"task": "slots", "metric": "F1 (%)", "figure": "test_f1", "builtin": "a", "public": "b"}}
    titles["rnn-slots"]["section"] = "slot-filling"
    records = (
        Record("rnn-slots", variant="gru", figures={"test_f1": "91.14 ± 0.10"}, seconds=14.0, machine="2 cores, AVX2"),
        Record("rnn-slots", "public", "gru", ("model.crf=true",), tables={"parts.csv": [{"part": "a", "share": "1"}]}),
    )
    file = tmp_path / "results.json"
    ledger.write(Ledger(titles, records), file)
    assert ledger.read(file) == Ledger(titles, records)
    assert ledger.read(file).titles["rnn-slots"].section == "slot-filling"
    assert sum('"variant"' in line for line in file.read_text().splitlines()) == len(records)


def test_an_empty_ledger_can_be_written(tmp_path: Path) -> None:
    ledger.write(Ledger(), tmp_path / "results.json")
    assert ledger.read(tmp_path / "results.json") == Ledger()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "results.json is not JSON"),
        ('{"records": [{"pipelines": "x"}]}', r"unknown key 'pipelines' in .*results.json.records\[0\]: known are"),
        ('{"records": [{"data": "public"}]}', "lacks pipeline"),
        ('{"records": [{"pipeline": "x", "data": "mine"}]}', "is 'mine': choose from builtin, public, own"),
    ],
)
def test_a_mistake_in_a_ledger_is_named(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "results.json"
    file.write_text(text)
    with pytest.raises(ValueError, match=message):
        ledger.read(file)


def test_a_record_takes_the_place_of_the_one_that_it_renews() -> None:
    old, kept = Record("a", variant="x", commit="1"), Record("a", variant="y")
    other_settings = Record("a", variant="x", settings=("model.crf=true",))
    found = Ledger({}, (old, kept)).extended([Record("a", variant="x", commit="2"), other_settings])
    assert [(r.variant, r.settings, r.commit) for r in found.records] == [
        ("x", (), "2"),
        ("y", (), ""),
        ("x", ("model.crf=true",), ""),
    ]


def test_differences_name_the_figure_and_both_values() -> None:
    rows = [{"part": "a"}]
    recorded = Ledger({}, (Record("a", variant="x", figures={"f1": "1.00", "cer": "2"}, tables={"parts.csv": rows}),))
    assert ledger.differences(recorded, recorded.records) == ([], 3)
    changed = Record("a", variant="x", figures={"f1": "1.01", "cer": "2"}, tables={"parts.csv": [{"part": "b"}]})
    lines, compared = ledger.differences(recorded, [changed, Record("b", variant="x")])
    assert lines == [
        "a builtin x f1: 1.00 recorded, 1.01 here",
        "a builtin x parts.csv: other rows",
        "b builtin x: not recorded",
    ]
    assert compared == 3
