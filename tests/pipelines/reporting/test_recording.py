"""Records of finished runs: figures over seeds, tables, settings that differ, machine, commit and command."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from pipelines import task
from pipelines.reporting import recording, sealed
from pipelines.reporting.ledger import Rows
from pipelines.settings import load_pipeline


def finished_run(folder: Path, seed: int = 0, test_f1: float = 91.139, *, variant: str = "gru") -> Path:
    """The folder of a run of rnn-slots, as training leaves it."""
    run = folder / f"rnn-slots-{variant}-s{seed}"
    run.mkdir(parents=True)
    resolved = task.find("rnn", "slots").resolve(load_pipeline("rnn-slots").run(variant, seed))
    tags = {
        "stage": "rnn@slots",
        "data.source": "builtin",
        "device": "cpu",
        "git.commit": "83aef3f5fe77",
        "git.dirty": "false",
    }
    made = {"params": asdict(resolved), "tags": tags, "finished": True, "seconds": 14.0 + seed}
    figures = {"val_f1": 90.0993, "test_f1": test_f1, "test_recall": 89.06984, "best_epoch": 4, "parameters": 321598}
    (run / "metrics.json").write_text(json.dumps(figures))
    (run / "parts.csv").write_text('part,share\n"a, b",0.25\nc,0.7500\n')
    sealed.write(run, made)
    return run


def nothing(_pipeline: str, _folder: Path) -> dict[str, Rows]:
    return {}


def test_a_record_holds_figures_as_a_table_prints_them(tmp_path: Path) -> None:
    (found,) = recording.of_runs([finished_run(tmp_path)], nothing)
    assert found.figures == {"val_f1": "90.10", "test_f1": "91.14", "test_recall": "89.07", "parameters": "321,598"}
    assert (found.pipeline, found.variant, found.data, found.seeds) == ("rnn-slots", "gru", "builtin", 1)
    assert (found.seconds, found.commit, found.command) == (14.0, "83aef3f", "make repro")
    assert "cores" in found.machine


def test_the_seeds_of_a_variant_are_one_record_with_their_deviation(tmp_path: Path) -> None:
    folders = [finished_run(tmp_path, seed, figure) for seed, figure in enumerate((90.0, 91.0, 92.0))]
    other = finished_run(tmp_path, variant="lstm")
    found, single = recording.of_runs([*folders, other], nothing)
    assert (found.seeds, found.figures["test_f1"], found.seconds) == (3, "91.00 ± 1.00", 15.0)
    assert (single.variant, single.figures["test_f1"]) == ("lstm", "91.14")


def test_equal_seeds_show_that_they_are_equal(tmp_path: Path) -> None:
    (found,) = recording.of_runs([finished_run(tmp_path, seed) for seed in (0, 1)], nothing)
    assert found.figures["test_f1"] == "91.14 ± 0.00"


def test_tables_are_those_of_the_first_seed_cell_by_cell(tmp_path: Path) -> None:
    folders = [finished_run(tmp_path, seed) for seed in (0, 1)]
    (folders[1] / "parts.csv").write_text("part,share\n")
    with pytest.raises(ValueError, match=r"rnn-slots-gru-s1/parts.csv is damaged"):
        recording.of_runs(folders, nothing)
    sealed.write(folders[1], sealed.read(folders[1]))
    (found,) = recording.of_runs(folders, lambda _, folder: {"parts.csv": recording.rows(folder / "parts.csv")})
    assert found.tables == {"parts.csv": [{"part": "a, b", "share": "0.25"}, {"part": "c", "share": "0.7500"}]}


def test_a_run_that_is_not_finished_is_named(tmp_path: Path) -> None:
    run = finished_run(tmp_path)
    sealed.write(run, {"finished": False})
    with pytest.raises(ValueError, match="rnn-slots-gru-s0 holds no finished run: expected a folder like"):
        recording.of_runs([run], nothing)
    with pytest.raises(ValueError, match="nowhere holds no finished run"):
        recording.of_runs([tmp_path / "nowhere"], nothing)


def edited(run: Path, **changes: Mapping[str, Any]) -> Path:
    """The run with changes to the parts of its run.json."""
    made = sealed.read(run)
    for part, values in changes.items():
        made[part] = made[part] | values
    sealed.write(run, made)
    return run


def test_settings_that_differ_from_params_yaml_are_part_of_a_record(tmp_path: Path) -> None:
    own = finished_run(tmp_path / "own")
    params = sealed.read(own)["params"]
    changes = {"model": params["model"] | {"crf": True}, "training": params["training"] | {"epochs": 7}}
    other = edited(finished_run(tmp_path / "other"), params=changes)
    first, second = recording.of_runs([own, other], nothing)
    assert first.settings == ()
    assert second.settings == ("model.crf=true", "training.epochs=7")
    section = "pipelines.rnn.slots.variants.gru"
    assert second.command == f"dvc exp run -S '++{section}.model.crf=true' -S '++{section}.training.epochs=7' rnn@slots"


def test_on_published_data_the_command_sets_what_is_laid_over_the_rest(tmp_path: Path) -> None:
    run = finished_run(tmp_path)
    resolved = task.find("rnn", "slots").resolve(load_pipeline("rnn-slots", source="public").run("gru"))
    made = asdict(resolved)
    edited(run, params=made | {"model": made["model"] | {"dropout": 0.5}}, tags={"data.source": "public"})
    (found,) = recording.of_runs([run], nothing)
    assert found.settings == ("model.dropout=0.5",)
    changed = "-S '++pipelines.rnn.slots.public.variants.gru.model.dropout=0.5'"
    assert found.command == f"dvc exp run -S 'data.source=public' {changed} rnn@slots"


def test_a_variant_that_is_not_trained_by_itself_is_marked(tmp_path: Path) -> None:
    text = (
        Path("params.yaml").read_text().replace("gru: {model: {cell: gru}}", "gru: {seeds: 0, model: {cell: gru}}", 1)
    )
    settings = tmp_path / "params.yaml"
    settings.write_text(text)
    (found,) = recording.of_runs([finished_run(tmp_path)], nothing, settings)
    assert found.settings == ("seeds=1",)


def test_a_variant_that_params_yaml_does_not_have_is_named(tmp_path: Path) -> None:
    run = edited(finished_run(tmp_path), params={"variant": "unknown"})
    with pytest.raises(ValueError, match="rnn-slots has no variant 'unknown': choose from elman"):
        recording.of_runs([run], nothing)


def test_a_run_of_uncommitted_code_is_marked(tmp_path: Path) -> None:
    run = edited(finished_run(tmp_path), tags={"git.dirty": "true"})
    assert recording.of_runs([run], nothing)[0].commit == "83aef3f with changes"


def test_the_command_and_the_machine_are_those_of_the_run(tmp_path: Path) -> None:
    run = edited(finished_run(tmp_path), tags={"stage": "", "machine": "one H200"})
    (found,) = recording.of_runs([run], nothing)
    assert found.machine == "one H200"
    assert found.command == "python -m pipelines standalone rnn-slots gru"
