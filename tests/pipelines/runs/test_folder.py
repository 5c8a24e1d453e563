"""A run's folder: when it is kept, when it is trained again, when it resumes, and its description."""

import dataclasses
import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from pipelines import files, task
from pipelines.nn import checkpoint
from pipelines.reporting import sealed
from pipelines.runs import folder as runs
from pipelines.runs import mlflow_store
from pipelines.runs.alone import alone
from pipelines.runs.tracking import tracker
from pipelines.settings import Run
from pipelines.task import Log, Row

pytestmark = pytest.mark.slow

MakeRun = Callable[..., Run]


# --- what a run is made from


def fingerprint(run: Run, tables: Path) -> str:
    found: str = runs.describe(run, tables)["fingerprint"]
    return found


def test_the_fingerprint_stays_while_nothing_changes(tiny_run: MakeRun, tables: Path) -> None:
    before = fingerprint(tiny_run(), tables)
    os.utime(tables / "train.parquet", (0, 0))
    (tables / "train.parquet").write_bytes((tables / "train.parquet").read_bytes())
    assert fingerprint(tiny_run(), tables) == before


@pytest.mark.parametrize("changes", [{"hidden_size": 16}, {"epochs": 3}, {"seed": 1}, {"variant": "irnn"}])
def test_the_fingerprint_changes_with_every_setting(changes: dict[str, Any], tiny_run: MakeRun, tables: Path) -> None:
    assert fingerprint(tiny_run(**changes), tables) != fingerprint(tiny_run(), tables)


@pytest.mark.parametrize("table", ["train", "val", "test"])
def test_the_fingerprint_changes_with_a_byte_of_a_table(table: str, tiny_run: MakeRun, tables: Path) -> None:
    before = fingerprint(tiny_run(), tables)
    content = bytearray((tables / f"{table}.parquet").read_bytes())
    content[len(content) // 2] ^= 1
    (tables / f"{table}.parquet").write_bytes(content)
    assert fingerprint(tiny_run(), tables) != before


def test_the_fingerprint_is_of_resolved_settings(tiny_run: MakeRun, tables: Path) -> None:
    """A default that is spelled out changes nothing."""
    run = tiny_run()
    whole = task.find("rnn", "slots").resolve(run)
    assert whole.model.keys() > run.model.keys() or whole.model == run.model
    assert fingerprint(whole, tables) == fingerprint(run, tables)


@pytest.mark.parametrize(
    ("path", "decides"),
    [
        ("pipelines/rnn/slots/model.py", True),
        ("pipelines/nn/cells.py", True),
        ("inputs/texts.py", False),
        ("pipelines/nn/typed.py", False),
        ("pipelines/rnn/slots/predict.py", False),
        ("pipelines/rnn/sentiment/model.py", False),
        ("pipelines/ops/ui.py", False),
        ("pipelines/runs/fan_out.py", False),
        ("pipelines/sound/acoustics.py", False),
    ],
)
def test_the_fingerprint_changes_with_the_code_that_training_imports(
    path: str, decides: bool, tiny_run: MakeRun, tables: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = tables / "code"
    for package in ("pipelines", "inputs"):
        shutil.copytree(files.CODE / package, code / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(files.CODE / "params.py", code)
    monkeypatch.setattr(files, "CODE", code)
    before = fingerprint(tiny_run(), tables)
    (code / path).write_text((code / path).read_text() + "\nADDED = 1\n")
    assert (fingerprint(tiny_run(), tables) != before) == decides


def test_the_tags_say_where_a_run_comes_from(tiny_run: MakeRun, tables: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_STAGE", "rnn@slots")
    monkeypatch.delenv("DVC_EXP_NAME", raising=False)
    lock = {"stages": {"validate@slots": {"outs": [{"path": "data/validated/slots", "md5": "0a.dir"}]}}}
    Path("dvc.lock").write_text(yaml.safe_dump(lock))
    tags = runs.describe(tiny_run(variant="gru", seed=3), Path("data/validated/slots"))["tags"]
    expected = {
        "pipeline": "rnn-slots",
        "variant": "gru",
        "seed": "3",
        "stage": "rnn@slots",
        "experiment": "",
        "data.source": "builtin",
        "data.rules": "data/validation/slots/docs/rules.html",
        "data.warnings": "",
        "device": "cpu",
        "git.commit": "unknown",
        "git.dirty": "unknown",
        "dvc.md5.data/validated/slots": "0a.dir",
    }
    assert tags.items() >= expected.items()
    assert tags.keys() - expected.keys() == {"torch", "cuda", "fingerprint", "machine"}
    assert all(isinstance(value, str) for value in tags.values())


def test_digests_are_those_of_dvcs_lock(workplace: Path) -> None:
    assert runs.dvc_digests() == {}
    Path("dvc.lock").write_text("""
schema: '2.0'
stages:
  download@slots:
    cmd: python -m stages download slots
    deps: [{path: stages/fetch.py, hash: md5, md5: ffff, size: 1}]
    outs: [{path: data/raw/slots, hash: md5, md5: 1111.dir, size: 10, nfiles: 2}]
  validate@slots:
    cmd: python -m stages prepare slots
    outs:
    - {path: data/validated/slots, hash: md5, md5: 2222.dir, size: 10, nfiles: 4}
    - {path: data/elsewhere, hash: md5}
  nothing:
    cmd: 'true'
""")
    assert runs.dvc_digests() == {"data/raw/slots": "1111.dir", "data/validated/slots": "2222.dir"}


def test_git_outside_a_repository(workplace: Path) -> None:
    assert runs.git_state() == {"git.commit": "unknown", "git.dirty": "unknown"}


def test_git_not_installed(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(workplace))
    assert runs.git_state() == {"git.commit": "unknown", "git.dirty": "unknown"}


def test_git_in_a_repository(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)

    def git(*arguments: str) -> str:
        who = ["-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false"]
        return subprocess.run(["git", *who, *arguments], check=True, capture_output=True, text=True).stdout.strip()

    (workplace / "code.py").write_text("1")
    (workplace / "dvc.lock").write_text("1")
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "--message", "first")
    clean = {"git.commit": git("rev-parse", "HEAD"), "git.dirty": "false"}
    assert runs.git_state() == clean
    (workplace / "dvc.lock").write_text("rewritten by a dvc repro that is under way")
    assert runs.git_state() == clean
    (workplace / "code.py").write_text("2")
    assert runs.git_state() == clean | {"git.dirty": "true"}


# --- executing runs, with a training that does little


class Training:
    """Writes what a training function writes; interrupted before the epoch `interrupted_at`, which it resumes at."""

    def __init__(self, interrupted_at: int = 0) -> None:
        self.calls: list[str] = []
        self.interrupted_at = interrupted_at

    def __call__(self, run: Run, _tables: Path, out: Path, log: Log) -> Row:
        self.calls.append(run.name)
        kept = out / "checkpoint.safetensors"
        done = checkpoint.load(kept)["epoch"] if kept.exists() else 0
        for epoch in range(done + 1, run.training["epochs"] + 1):
            if epoch == self.interrupted_at:
                raise KeyboardInterrupt
            checkpoint.save(kept, {"epoch": epoch})
            log.epoch({"epoch": float(epoch), "val_f1": 50.0 + epoch, "third": epoch / 3})
        rows = [
            {"epoch": float(epoch), "val_f1": 50.0 + epoch, "third": epoch / 3}
            for epoch in range(1, run.training["epochs"] + 1)
        ]
        figures = {"val_f1": 50.0 + run.training["epochs"], "test_f1": 40.0, "best_epoch": run.training["epochs"]}
        pd.DataFrame(rows).to_csv(out / "history.csv", index=False, float_format="%.6g")
        (out / "metrics.json").write_text(json.dumps(figures))
        (out / "model.safetensors").write_text("weights")
        kept.unlink()
        return figures


def mlflow_runs() -> list[tuple[str, str]]:
    """(id, status) of each run in the store."""
    store = mlflow_store.client()
    found = store.search_runs([mlflow_store.experiment_id("rnn-slots")])
    return [(run.info.run_id, run.info.status) for run in found]


def made(folder: Path) -> dict[str, Any]:
    return sealed.read(folder)


@pytest.mark.usefixtures("new_store", "workplace")
class TestExecute:
    def test_a_finished_run_says_what_it_is(self, tiny_run: MakeRun, tmp_path: Path) -> None:
        messages: list[str] = []
        run, training = tiny_run(), Training()
        folder = runs.execute(run, tmp_path / "work", training, messages.append)
        assert folder == tmp_path / "work" / "rnn-slots-elman-s0"
        ((run_id, status),) = mlflow_runs()
        assert status == "FINISHED"
        content = made(folder)
        assert content["params"] == json.loads(json.dumps(dataclasses.asdict(task.find("rnn", "slots").resolve(run))))
        assert content["run_id"] == run_id
        assert content["finished"] is True
        assert content["seconds"] >= 0
        assert tracker().find("rnn-slots", content["fingerprint"]) == run_id
        (message,) = messages
        assert re.fullmatch(r"rnn-slots-elman-s0: val F1 52\.00, test F1 40\.00, \d+ s", message)
        artifacts = {file.path for file in mlflow_store.client().list_artifacts(run_id)}
        assert artifacts == {"history.csv", "metrics.json", "model.safetensors"}
        inputs = mlflow_store.client().get_run(run_id).inputs
        assert inputs is not None
        assert [given.dataset.name for given in inputs.dataset_inputs] == ["slots"]

    def test_it_is_kept_and_not_trained_again(self, tiny_run: MakeRun, tmp_path: Path) -> None:
        messages: list[str] = []
        training = Training()
        for _ in range(2):
            folder = runs.execute(tiny_run(), tmp_path / "work", training, messages.append)
        assert training.calls == ["rnn-slots-elman-s0"]
        assert messages[1] == "rnn-slots-elman-s0: unchanged, kept (val F1 52.00, test F1 40.00)"
        assert len(mlflow_runs()) == 1
        assert (folder / "model.safetensors").exists()

    def test_a_changed_setting_trains_anew_from_nothing(self, tiny_run: MakeRun, tmp_path: Path) -> None:
        training = Training()
        folder = runs.execute(tiny_run(), tmp_path / "work", training, print)
        (folder / "left over").write_text("of the first run")
        first = made(folder)
        runs.execute(tiny_run(hidden_size=16), tmp_path / "work", training, print)
        assert len(training.calls) == 2
        assert not (folder / "left over").exists()
        assert made(folder)["params"]["model"]["hidden_size"] == 16
        assert {first["run_id"], made(folder)["run_id"]} == {run_id for run_id, _ in mlflow_runs()}
        assert first["run_id"] != made(folder)["run_id"]

    def test_an_interrupted_run_goes_on_in_the_same_place(self, tiny_run: MakeRun, tmp_path: Path) -> None:
        run, messages = tiny_run(epochs=4), list[str]()
        with pytest.raises(KeyboardInterrupt):
            runs.execute(run, tmp_path / "work", Training(interrupted_at=3), messages.append)
        folder = tmp_path / "work" / run.name
        interrupted = made(folder)
        assert interrupted["finished"] is False
        assert mlflow_runs() == [(interrupted["run_id"], "KILLED")]
        runs.execute(run, tmp_path / "work", Training(), messages.append)
        assert messages[0] == "rnn-slots-elman-s0: resuming after its last finished epoch"
        assert mlflow_runs() == [(interrupted["run_id"], "FINISHED")]
        assert made(folder)["run_id"] == interrupted["run_id"]
        points = mlflow_store.client().get_metric_history(interrupted["run_id"], "val_f1")
        assert {point.step: point.value for point in points if point.step} == {1: 51, 2: 52, 3: 53, 4: 54}

    def test_a_run_that_fails_is_not_taken_for_finished(self, tiny_run: MakeRun, tmp_path: Path) -> None:
        def fail(run: Run, tables: Path, out: Path, log: Log) -> Row:
            raise ValueError("the loss is nan")

        with pytest.raises(ValueError, match="the loss is nan"):
            runs.execute(tiny_run(), tmp_path / "work", fail, print)
        assert [status for _, status in mlflow_runs()] == ["FAILED"]
        training = Training()
        runs.execute(tiny_run(), tmp_path / "work", training, print)
        assert training.calls == ["rnn-slots-elman-s0"]

    def test_a_wiped_store_is_told_again(
        self, tiny_run: MakeRun, tmp_path: Path, new_store: Callable[[], Path]
    ) -> None:
        folder = runs.execute(tiny_run(), tmp_path / "work", Training(), print)
        assert runs.publish(folder) is False
        ((run_id, _),) = mlflow_runs()
        before = mlflow_store.client().get_run(run_id)
        new_store()
        assert runs.publish(folder) is True
        assert runs.publish(folder) is False
        ((new_id, status),) = mlflow_runs()
        after = mlflow_store.client().get_run(new_id)
        assert status == "FINISHED"
        assert after.info.run_name == before.info.run_name
        assert after.data.params == before.data.params
        assert after.data.metrics == pytest.approx(before.data.metrics, rel=1e-5)
        own = made(folder)["tags"]
        assert {key: after.data.tags[key] for key in own} == {key: before.data.tags[key] for key in own} == own

    # --- trust is checked

    @pytest.mark.parametrize("name", ["metrics.json", "model.safetensors", "history.csv", "run.json"])
    @pytest.mark.parametrize("how", ["flipped", "cut", "longer", "empty"])
    def test_a_damaged_run_is_reported_and_trained_again(
        self, name: str, how: str, tiny_run: MakeRun, tmp_path: Path
    ) -> None:
        folder = runs.execute(tiny_run(), tmp_path / "work", Training(), print)
        before = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "run.json"}
        damage(folder / name, how)
        messages, training = list[str](), Training()
        runs.execute(tiny_run(), tmp_path / "work", training, messages.append)
        assert training.calls == ["rnn-slots-elman-s0"]
        assert str(folder / name) in messages[0]
        assert messages[0].endswith(": rnn-slots-elman-s0 is trained again")
        assert {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "run.json"} == before
        assert [status for _, status in mlflow_runs()] == ["FINISHED"], "one run one time"

    def test_a_damaged_run_is_not_published(self, tiny_run: MakeRun, tmp_path: Path) -> None:
        folder = runs.execute(tiny_run(), tmp_path / "work", Training(), print)
        damage(folder / "metrics.json", "flipped")
        with pytest.raises(sealed.DamageError, match=r"metrics.json is damaged"):
            runs.publish(folder)

    @pytest.mark.parametrize("how", ["flipped", "cut", "longer", "empty"])
    def test_a_damaged_checkpoint_is_reported_and_not_resumed_from(
        self, how: str, tiny_run: MakeRun, tmp_path: Path
    ) -> None:
        run, messages = tiny_run(epochs=4), list[str]()
        with pytest.raises(KeyboardInterrupt):
            runs.execute(run, tmp_path / "work", Training(interrupted_at=3), print)
        damage(tmp_path / "work" / run.name / "checkpoint.safetensors", how)
        runs.execute(run, tmp_path / "work", Training(), messages.append)
        assert "checkpoint.safetensors is damaged" in messages[0]
        assert messages[0].endswith(": rnn-slots-elman-s0 is trained again")
        ((run_id, status),) = mlflow_runs()
        assert status == "FINISHED"
        points = mlflow_store.client().get_metric_history(run_id, "val_f1")
        assert [point.step for point in points].count(1) == 1, "an epoch that the tracker has is not logged twice"

    # --- killed at a bad time: what the next command finds in the store

    def test_killed_before_the_tracker_ended_the_run(self, tiny_run: MakeRun, tmp_path: Path) -> None:
        folder = runs.execute(tiny_run(), tmp_path / "work", Training(), print)
        ((run_id, _),) = mlflow_runs()
        mlflow_store.client().update_run(run_id, "RUNNING")
        other = tracker().run("of a schedule", "rnn-slots", {}, {"fingerprint": made(folder)["fingerprint"]})
        with other as scheduled:  # the same, made elsewhere: it is not taken for this one
            pass
        runs.execute(tiny_run(), tmp_path / "work", Training(), print)
        assert dict(mlflow_runs()) == {run_id: "FINISHED", scheduled.run_id: "FINISHED"}
        thirds = mlflow_store.client().get_metric_history(run_id, "third")
        assert sorted(point.value for point in thirds) == [1 / 3, 2 / 3], "history.csv has six digits of them"

    def test_killed_between_creation_and_the_first_record(self, tiny_run: MakeRun, tmp_path: Path) -> None:
        folder = runs.execute(tiny_run(), tmp_path / "work", Training(), print)
        ((run_id, _),) = mlflow_runs()
        mlflow_store.client().update_run(run_id, "RUNNING")
        shutil.rmtree(folder)
        runs.execute(tiny_run(), tmp_path / "work", Training(), print)
        assert mlflow_runs() == [(run_id, "FINISHED")]
        points = mlflow_store.client().get_metric_history(run_id, "val_f1")
        assert sorted(point.step for point in points) == [1, 2]

    def test_killed_and_never_resumed(self, tiny_run: MakeRun, tmp_path: Path) -> None:
        """Its settings have changed since, or its variant is gone."""
        with pytest.raises(KeyboardInterrupt):
            runs.execute(tiny_run(epochs=4), tmp_path / "work", Training(interrupted_at=3), print)
        ((run_id, _),) = mlflow_runs()
        mlflow_store.client().update_run(run_id, "RUNNING")
        folder = tmp_path / "work" / "rnn-slots-elman-s0"
        with alone(folder.with_name(f".{folder.name}.lock"), "", print):
            tracker().end_abandoned("rnn-slots", runs.is_being_trained)
            assert mlflow_runs() == [(run_id, "RUNNING")], "somebody trains it"
        tracker().end_abandoned("rnn-slots", runs.is_being_trained)
        assert mlflow_runs() == [(run_id, "KILLED")]

    def test_a_run_deleted_in_the_ui_is_published_again(self, tiny_run: MakeRun, tmp_path: Path) -> None:
        folder = runs.execute(tiny_run(), tmp_path / "work", Training(), print)
        ((run_id, _),) = mlflow_runs()
        store = mlflow_store.client()
        store.delete_run(run_id)
        assert runs.publish(folder) is True
        ((new_id, status),) = mlflow_runs()
        assert (new_id != run_id, status) == (True, "FINISHED")
        store.delete_experiment(mlflow_store.experiment_id("rnn-slots"))
        assert runs.publish(folder) is True

    def test_remains_of_a_killed_write_are_no_files_of_the_run(self, tiny_run: MakeRun, tmp_path: Path) -> None:
        left = tmp_path / "work" / "rnn-slots-elman-s0" / ".metrics.json.999999999"
        with pytest.raises(KeyboardInterrupt):
            runs.execute(tiny_run(), tmp_path / "work", Training(interrupted_at=2), print)
        left.write_text("{")
        folder = runs.execute(tiny_run(), tmp_path / "work", Training(), print)
        assert not left.exists()
        assert set(made(folder)["files"]) == {"history.csv", "metrics.json", "model.safetensors"}

    def test_two_processes_train_a_run_once(self, tiny_run: MakeRun, tmp_path: Path) -> None:
        """The second waits, with a line that says so, and finds it finished."""
        training, messages = Training(), list[str]()
        waits = threading.Event()

        def trains(run: Run, tables: Path, out: Path, log: Log) -> Row:
            second.start()
            assert waits.wait(30)
            return training(run, tables, out, log)

        def report(message: str) -> None:
            messages.append(message)
            waits.set()

        second = threading.Thread(
            target=runs.execute, args=(tiny_run(), tmp_path / "work", training, report), daemon=True
        )
        runs.execute(tiny_run(), tmp_path / "work", trains, print)
        second.join(30)
        assert training.calls == ["rnn-slots-elman-s0"]
        assert messages[0].startswith("another process trains rnn-slots-elman-s0 (process ")
        assert "unchanged, kept" in messages[1]
        assert [status for _, status in mlflow_runs()] == ["FINISHED"]


def damage(path: Path, how: str) -> None:
    """Damages a file as disks, copies and hands do."""
    content = bytearray(path.read_bytes())
    if how == "flipped":
        content[len(content) // 2] ^= 1
    elif how == "longer":
        content += b"\n0"
    else:
        del content[(len(content) // 2 if how == "cut" else 0) :]
    path.write_bytes(content)
