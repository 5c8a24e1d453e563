"""Ledgers: what is recorded of finished runs, and that it survives being written and read."""

import json
from pathlib import Path

import pytest

from pipelines.reporting import ledger
from pipelines.reporting.ledger import Ledger, Record


def finished_run(folder: Path, seed: int = 0, test_f1: float = 91.139, *, variant: str = "gru") -> Path:
    """The folder of a run of rnn-slots, as training leaves it."""
    run = folder / f"rnn-slots-{variant}-s{seed}"
    run.mkdir(parents=True)
    params = {"pipeline": "rnn-slots", "family": "rnn", "task": "slots", "variant": variant, "seed": seed}
    tags = {
        "stage": "rnn@slots",
        "data.source": "builtin",
        "device": "cpu",
        "git.commit": "83aef3f5fe77",
        "git.dirty": "false",
    }
    made = {"params": params, "tags": tags, "finished": True, "seconds": 14.0 + seed}
    (run / "run.json").write_text(json.dumps(made))
    figures = {"val_f1": 90.0993, "test_f1": test_f1, "test_recall": 89.06984, "best_epoch": 4, "parameters": 321598}
    (run / "metrics.json").write_text(json.dumps(figures))
    (run / "parts.csv").write_text('part,share\n"a, b",0.25\nc,0.7500\n')
    return run


def nothing(_pipeline: str, _folder: Path) -> dict[str, ledger.Rows]:
    return {}


def test_a_record_holds_figures_as_a_table_prints_them(tmp_path: Path) -> None:
    (found,) = ledger.of_runs([finished_run(tmp_path)], nothing)
    assert found.figures == {"val_f1": "90.10", "test_f1": "91.14", "test_recall": "89.07", "parameters": "321,598"}
    assert (found.pipeline, found.variant, found.data, found.seeds) == ("rnn-slots", "gru", "builtin", 1)
    assert (found.seconds, found.commit, found.command) == (14.0, "83aef3f", "make repro")
    assert "cores" in found.machine


def test_the_seeds_of_a_variant_are_one_record_with_their_deviation(tmp_path: Path) -> None:
    folders = [finished_run(tmp_path, seed, figure) for seed, figure in enumerate((90.0, 91.0, 92.0))]
    other = finished_run(tmp_path, variant="lstm")
    found, single = ledger.of_runs([*folders, other], nothing)
    assert (found.seeds, found.figures["test_f1"], found.seconds) == (3, "91.00 ± 1.00", 15.0)
    assert (single.variant, single.figures["test_f1"]) == ("lstm", "91.14")


def test_equal_seeds_show_that_they_are_equal(tmp_path: Path) -> None:
    (found,) = ledger.of_runs([finished_run(tmp_path, seed) for seed in (0, 1)], nothing)
    assert found.figures["test_f1"] == "91.14 ± 0.00"


def test_tables_are_those_of_the_first_seed_cell_by_cell(tmp_path: Path) -> None:
    folders = [finished_run(tmp_path, seed) for seed in (0, 1)]
    (folders[1] / "parts.csv").write_text("part,share\n")
    (found,) = ledger.of_runs(folders, lambda _, folder: {"parts.csv": ledger.rows(folder / "parts.csv")})
    assert found.tables == {"parts.csv": [{"part": "a, b", "share": "0.25"}, {"part": "c", "share": "0.7500"}]}


def test_a_run_that_is_not_finished_is_named(tmp_path: Path) -> None:
    run = finished_run(tmp_path)
    (run / "run.json").write_text(json.dumps({"finished": False}))
    with pytest.raises(ValueError, match="rnn-slots-gru-s0 holds no finished run: expected a folder like"):
        ledger.of_runs([run], nothing)
    with pytest.raises(ValueError, match="nowhere holds no finished run"):
        ledger.of_runs([tmp_path / "nowhere"], nothing)


def test_a_run_of_changed_code_says_so(tmp_path: Path) -> None:
    run = finished_run(tmp_path)
    made = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(made | {"tags": made["tags"] | {"git.dirty": "true"}}))
    assert ledger.of_runs([run], nothing)[0].commit == "83aef3f with changes"


def test_the_command_and_the_machine_are_those_of_the_run(tmp_path: Path) -> None:
    run = finished_run(tmp_path)
    made = json.loads((run / "run.json").read_text())
    elsewhere = {"stage": "", "data.source": "public", "machine": "one H200"}
    (run / "run.json").write_text(json.dumps(made | {"tags": made["tags"] | elsewhere}))
    (found,) = ledger.of_runs([run], nothing)
    assert (found.data, found.machine) == ("public", "one H200")
    assert found.command == "python -m pipelines standalone rnn-slots gru"


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
        ('{"records": [{"pipeline": "x", "data": "own"}]}', "is 'own': choose from builtin, public"),
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
