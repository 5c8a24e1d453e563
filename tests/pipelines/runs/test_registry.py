"""From finished runs to a champion that labels text, and all of it again in a store that was wiped."""

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines import files, task
from pipelines.__main__ import main as pipelines_main
from pipelines.reporting import comparison, sealed
from pipelines.rnn.slots import TASK
from pipelines.rnn.slots.predict import Predictor
from pipelines.rnn.slots.train import train
from pipelines.runs import databases, mlflow_store, registry
from pipelines.runs import folder as runs
from pipelines.runs.tracking import stamp, tracker
from pipelines.settings import Run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("one_thread", "new_store"),
    # mlflow.pyfunc warns of its own types when it is imported
    pytest.mark.filterwarnings("ignore:.*Any type hint is inferred as AnyType:UserWarning"),
]

TEXTS = ["Flights to New York on Monday", "to boston"]
PICKLES = {".pkl", ".pickle", ".pt", ".pth", ".bin", ".joblib"}
ASK = (
    "import json, sys, mlflow; model = mlflow.pyfunc.load_model(sys.argv[1]); print(json.dumps(model.predict({texts})))"
)


@pytest.fixture
def data(workplace: Path, tiny_run: Callable[..., Run]) -> Path:
    """Two compared runs: a variant that learns, and one that has no chance to."""
    data = workplace / "data"
    for run in (tiny_run("good", epochs=6, dropout=0.0, word_dropout=0.0), tiny_run("bad", learning_rate=1e-9)):
        folder = runs.execute(run, data / "work" / "rnn-slots", train, lambda _: None)
        shutil.copytree(folder, data / "models" / "rnn-slots" / folder.name)
    comparison.compare("rnn-slots", TASK.comparison, data)
    return data


def stored() -> tuple[dict[str, Any], dict[Any, float]]:
    """All that the store has of each run, except ids and times, which differ between stores: words, figures."""
    store = mlflow_store.client()
    words: dict[str, Any] = {}
    figures: dict[Any, float] = {}
    for run in store.search_runs([mlflow_store.experiment_id("rnn-slots")]):
        own = {key: value for key, value in run.data.tags.items() if not key.startswith("mlflow.")}
        files = sorted(file.path for file in store.list_artifacts(run.info.run_id))
        words[str(run.info.run_name)] = [run.info.status, run.data.params, own, files]
        for key in run.data.metrics:
            history = store.get_metric_history(run.info.run_id, key)
            figures |= {(run.info.run_name, key, point.step): point.value for point in history}
    return words, figures


def champion() -> Any:
    return mlflow_store.client().get_model_version_by_alias("rnn-slots", "champion")


def test_the_best_run_becomes_champion_and_labels_text(
    data: Path, new_store: Callable[[], Path], tmp_path: Path
) -> None:
    chosen = registry.promote("rnn-slots", data)
    assert chosen["run"] == "rnn-slots-good-s0"
    assert files.read_sealed(data / "registry" / "rnn-slots.json") == files.sealed(chosen)
    made = json.loads((data / "models" / "rnn-slots" / "rnn-slots-good-s0" / "run.json").read_text())
    version = champion()
    assert version.run_id == made["run_id"]
    assert version.tags.items() >= {**chosen, "fingerprint": made["fingerprint"]}.items()
    assert version.tags["weights.sha256"] == made["files"]["model.safetensors"]
    assert mlflow_store.client().get_run(made["run_id"]).info.status == "FINISHED"

    expected = Predictor(data / "models" / "rnn-slots" / "rnn-slots-good-s0" / "model.safetensors")(TEXTS)
    assert expected[0]["slots"] == ["city: new york", "day: monday"]
    assert tracker().champion("rnn-slots").predict(TEXTS) == expected

    # as `mlflow models serve` answers: JSON of raw text, and a message for what is no JSON
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # starlette would rather have another client than is installed
        from fastapi.testclient import TestClient
    import mlflow
    from mlflow.pyfunc.scoring_server import init

    served = mlflow.pyfunc.load_model("models:/rnn-slots@champion")

    server = TestClient(init(served))
    assert server.post("/invocations", json={"inputs": TEXTS}).json() == {"predictions": expected}
    one, empty = server.post("/invocations", json={"inputs": [TEXTS[0], "  "]}).json()["predictions"]
    assert one == expected[0], "a text without an answer costs no other its own"
    assert empty == {"error": "the text holds no words: '  '"}
    for wrong in ('{"inputs": ["to', '{"texts": ["to boston"]}', "[]", ""):
        refused = server.post("/invocations", content=wrong, headers={"content-type": "application/json"})
        assert refused.status_code == 400, wrong
        assert refused.json()["message"]

    stored_files = [path for path in (tmp_path / "mlflow-0" / "artifacts").rglob("*") if path.is_file()]
    assert {"model.safetensors", "MLmodel", "serving.py"} <= {path.name for path in stored_files}
    assert [
        path for path in stored_files if path.suffix in PICKLES or path.read_bytes().startswith((b"\x80\x04", b"PK"))
    ] == []

    registry.promote("rnn-slots", data)
    assert champion().version == version.version, "the same champion is not registered again"

    # in a process that does not have the project: the code was logged with the weights
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-W", "ignore", "-c", ASK.format(texts=TEXTS), "models:/rnn-slots@champion"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == expected

    # the store is emptied and gets the runs and the champion again
    words, figures = stored()
    assert words.keys() == {"rnn-slots-good-s0", "rnn-slots-bad-s0"}
    as_before: Any = (words, pytest.approx(figures, rel=1e-5))  # history.csv has six digits
    new_store()
    assert registry.publish(data) == (2, 1)
    assert stored() == as_before
    assert champion().run_id == tracker().find("rnn-slots", made["fingerprint"])
    assert tracker().champion("rnn-slots").predict(TEXTS) == expected
    assert registry.publish(data) == (0, 1), "what the store has is not logged twice"
    assert stored() == as_before


def test_a_report_is_promoted_without_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its run is in the store; no version of a model is registered."""
    published: list[str] = []

    def publish(folder: Path) -> bool:
        published.append(folder.name)
        return True

    monkeypatch.setattr(runs, "publish", publish)
    folder = tmp_path / "models" / "gaussian-mle" / "gaussian-mle-closed-form-s0"
    folder.mkdir(parents=True)
    sealed.write(folder, {"finished": True})
    page = tmp_path / "reports" / "gaussian-mle" / "page"
    page.mkdir(parents=True)
    best = {"run": folder.name, "variant": "closed-form", "figures": {"coverage_mean": 94.98}}
    (page / "champion.json").write_text(json.dumps(best))
    chosen = registry.promote("gaussian-mle", tmp_path)
    assert chosen == {"model": "gaussian-mle", "run": folder.name, "variant": "closed-form", "coverage_mean": "94.98"}
    assert files.read_sealed(tmp_path / "registry" / "gaussian-mle.json") == files.sealed(chosen)
    assert published == [folder.name]
    assert registry.publish(tmp_path) == (1, 0)
    assert not mlflow_store.client().search_registered_models()


# --- trust is checked, and what was interrupted is made good


def version_of(data: Path) -> Any:
    registry.promote("rnn-slots", data)
    return champion().version


def weights_of(home: Path) -> Path:
    """The registered weights, not those of a run."""
    (found,) = home.glob("artifacts/models/*/artifacts/artifacts/model.safetensors")
    return found


def test_damaged_weights_do_not_answer_and_are_registered_again(data: Path, tmp_path: Path) -> None:
    first = version_of(data)
    weights = weights_of(tmp_path / "mlflow-0")
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(ValueError, match=r"model.safetensors, the weights of version 1 .*: `python -m pipelines publ"):
        tracker().champion("rnn-slots")
    import mlflow

    with pytest.raises(Exception, match="is damaged"):  # served without this project's predict
        mlflow.pyfunc.load_model("models:/rnn-slots@champion")
    assert registry.publish(data) == (0, 1)
    assert champion().version != first
    assert [version.version for version in mlflow_store.client().search_model_versions()] == [champion().version]
    assert tracker().champion("rnn-slots").predict(TEXTS)[0]["slots"]


@pytest.mark.parametrize("pattern", ["MLmodel", "code/pipelines/rnn/slots/inference.py", "serving.py"])
def test_any_damaged_file_of_a_champion_is_found(pattern: str, data: Path, new_store: Callable[[], Path]) -> None:
    home = new_store()
    registry.promote("rnn-slots", data)
    (file,) = home.glob(f"artifacts/models/*/artifacts/{pattern}")
    file.write_bytes(file.read_bytes() + b"\n")
    with pytest.raises(ValueError, match="are damaged: they have changed"):
        tracker().champion("rnn-slots")
    file.unlink()
    with pytest.raises(ValueError, match=r"publish"):
        tracker().champion("rnn-slots")
    registry.publish(data)
    assert tracker().champion("rnn-slots").predict(TEXTS)


def test_two_promotions_at_once_make_one_version(data: Path) -> None:
    threads = [threading.Thread(target=registry.promote, args=("rnn-slots", data)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store = mlflow_store.client()
    assert len(store.search_model_versions("name = 'rnn-slots'")) == 1
    assert str(champion().version) == "1"


@pytest.mark.parametrize("step", ["log_model_artifacts", "create_model_version", "set_registered_model_alias"])
def test_killed_while_a_model_was_registered(step: str, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import mlflow

    store = mlflow_store.client()
    with monkeypatch.context() as killed:

        def kill(*_arguments: object, **_options: object) -> None:
            raise KeyboardInterrupt

        killed.setattr(mlflow.MlflowClient, step, kill)
        with pytest.raises(KeyboardInterrupt):
            registry.promote("rnn-slots", data)
    assert {run.info.status for run in store.search_runs([mlflow_store.experiment_id("rnn-slots")])} == {"FINISHED"}
    registry.promote("rnn-slots", data)
    (version,) = store.search_model_versions("name = 'rnn-slots'")
    (logged,) = store.search_logged_models([mlflow_store.experiment_id("rnn-slots")])
    assert version.version == champion().version
    assert version.source == f"models:/{logged.model_id}"
    assert logged.status == "READY"
    assert tracker().champion("rnn-slots").predict(TEXTS)


def test_an_experiments_champion_leaves_the_projects(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DVC runs an experiment in a copy within `.dvc/tmp/exps`; what `predict` answers with is the workspace's."""
    monkeypatch.setattr(files, "ROOT", data.parent)
    before = version_of(data)
    copy = data.parent / ".dvc/tmp/exps/standalone/tmp1/data"
    shutil.copytree(data, copy)
    page = copy / "reports/rnn-slots/page/champion.json"
    page.write_text(page.read_text().replace("good", "bad"))
    chosen = registry.promote("rnn-slots", copy)
    assert chosen["run"] == "rnn-slots-bad-s0"
    assert (copy / "registry/rnn-slots.json").is_file()
    assert champion().version == before
    assert champion().tags["run"] == "rnn-slots-good-s0"

    shutil.copytree(copy / "registry", data / "registry", dirs_exist_ok=True)  # `dvc exp apply`
    registry.publish(data)
    assert champion().tags["run"] == "rnn-slots-bad-s0"


def test_damaged_outputs_are_named_after_the_others_were_published(data: Path, new_store: Callable[[], Path]) -> None:
    registry.promote("rnn-slots", data)
    new_store()
    metrics = data / "models/rnn-slots/rnn-slots-bad-s0/metrics.json"
    metrics.write_text(metrics.read_text().replace("1", "2"))
    with pytest.raises(ValueError, match=r"rnn-slots-bad-s0/metrics.json is damaged.*\n`make repro` makes them again"):
        registry.publish(data)
    assert tracker().champion("rnn-slots").predict(TEXTS)
    promotion = data / "registry/rnn-slots.json"
    promotion.write_text(promotion.read_text().replace("good", "bood"))
    with pytest.raises(ValueError, match=r"registry/rnn-slots.json is damaged"):
        registry.publish(data)


@pytest.mark.parametrize(
    ("how", "fault"), [("header", "is damaged ("), ("newer", "is damaged ("), ("moved", "names files in /elsewhere")]
)
def test_a_damaged_store_is_named_and_published_again(
    how: str, fault: str, data: Path, new_store: Callable[[], Path]
) -> None:
    registry.promote("rnn-slots", data)
    root = data.parent / "root"
    path = root / ".mlflow" / "mlflow.db"
    path.parent.mkdir(parents=True)
    shutil.copy(new_store() / "mlflow.db", path)
    break_database(path, how)
    environment = {name: value for name, value in os.environ.items() if name != "MLFLOW_TRACKING_URI"}
    environment |= {"DVC_ROOT": str(root), "PYTHONPATH": str(files.CODE)}

    def run(*command: str) -> "subprocess.CompletedProcess[str]":
        command = (sys.executable, "-W", "ignore", "-m", "pipelines", *command)
        return subprocess.run(command, cwd=data.parent, env=environment, capture_output=True, text=True, check=False)

    refused = run("predict", "rnn-slots", *TEXTS)
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"error: {path} {fault}")
    assert "No result is lost" in refused.stderr
    assert "`python -m pipelines publish` sets it aside" in refused.stderr
    published = run("publish")
    assert f"set the store aside, as {path}.damaged" in published.stdout
    assert "published 2 runs that the store lacked; champions: 1" in published.stdout
    assert run("predict", "rnn-slots", *TEXTS).stdout.split()[:2] == ["flights", "O"]


@pytest.mark.parametrize("how", ["cut", "empty", "garbage", "header", "newer"])
def test_a_database_is_whole_or_not(how: str, new_store: Callable[[], Path]) -> None:
    path = new_store() / "mlflow.db"
    assert databases.fault_of(path, "mlflow", mlflow_store.MIGRATIONS) is None
    break_database(path, how)
    assert databases.fault_of(path, "mlflow", mlflow_store.MIGRATIONS)


def test_a_busy_database_is_no_damaged_one(new_store: Callable[[], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    path = new_store() / "mlflow.db"
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *given, **options: connect(*given, **{**options, "timeout": 0.1}))
    with contextlib.closing(connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert databases.fault_of(path, "mlflow", mlflow_store.MIGRATIONS) is None


def break_database(path: Path, how: str) -> None:
    content = path.read_bytes()
    if change := {
        "newer": "UPDATE alembic_version SET version_num = 'ffffffffffff'",
        "moved": "UPDATE experiments SET name = 'rnn-slots', artifact_location = 'file:///elsewhere/artifacts'",
    }.get(how):
        with contextlib.closing(sqlite3.connect(path)) as database, database:
            database.execute(change)
        return
    path.write_bytes(
        {
            "cut": content[: len(content) // 2],
            "empty": b"",
            "garbage": b"garbage" * 1000,
            "header": bytes([content[0] ^ 1]) + content[1:],
        }[how]
    )


def test_a_champion_that_the_outputs_do_not_name_is_reported(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As after an experiment was undone: DVC restores outputs, and no stage runs that could register their champion."""
    chosen = registry.promote("rnn-slots", data)
    stamp().write_text("in line")
    assert pipelines_main(["predict", "rnn-slots", *TEXTS]) == 0
    assert capsys.readouterr().err == ""

    before = chosen | {"run": "rnn-slots-bad-s0"}
    files.write_atomically(data / "registry" / "rnn-slots.json", json.dumps(files.sealed(before)).encode())
    assert pipelines_main(["predict", "rnn-slots", *TEXTS]) == 0
    assert capsys.readouterr().err.startswith(
        "note: the answers are those of rnn-slots-good-s0 as it was registered last"
    )
    registry.publish(data)
    assert pipelines_main(["predict", "rnn-slots", *TEXTS]) == 0
    assert capsys.readouterr().err == ""

    registry.promote("rnn-slots", data)
    assert not stamp().exists(), "the next `make repro` compares the store with the outputs"


def test_a_served_model_needs_what_its_code_imports() -> None:
    needed = {
        (family, name): {line.split("==")[0] for line in registry.requirements_of(task.find(family, name))}
        for family, name in (("rnn", "slots"), ("rnn", "key_terms"), ("vgg16", "images"), ("seq2seq", "translation"))
    }
    assert all({"mlflow", "torch", "numpy", "PyYAML", "safetensors"} <= names for names in needed.values())
    own = {"snowballstemmer", "pillow", "sentencepiece"}
    assert {key: names & own for key, names in needed.items()} == {
        ("rnn", "slots"): set(),
        ("rnn", "key_terms"): {"snowballstemmer"},
        ("vgg16", "images"): {"pillow"},
        ("seq2seq", "translation"): {"sentencepiece"},
    }
