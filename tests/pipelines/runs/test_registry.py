"""From finished runs to a champion that labels text, and all of it again in a store that was wiped."""

import json
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.reporting import comparison
from pipelines.rnn.slots import TASK
from pipelines.rnn.slots.predict import Predictor
from pipelines.rnn.slots.train import train
from pipelines.runs import folder as runs
from pipelines.runs import mlflow_tracker, registry
from pipelines.runs.tracking import tracker
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
    store = mlflow_tracker.client()
    words: dict[str, Any] = {}
    figures: dict[Any, float] = {}
    for run in store.search_runs([mlflow_tracker.experiment_id("rnn-slots")]):
        own = {key: value for key, value in run.data.tags.items() if not key.startswith("mlflow.")}
        files = sorted(file.path for file in store.list_artifacts(run.info.run_id))
        words[str(run.info.run_name)] = [run.info.status, run.data.params, own, files]
        for key in run.data.metrics:
            history = store.get_metric_history(run.info.run_id, key)
            figures |= {(run.info.run_name, key, point.step): point.value for point in history}
    return words, figures


def champion() -> Any:
    return mlflow_tracker.client().get_model_version_by_alias("rnn-slots", "champion")


def test_the_best_run_becomes_champion_and_labels_text(
    data: Path, new_store: Callable[[], Path], tmp_path: Path
) -> None:
    chosen = registry.promote("rnn-slots", data)
    assert chosen["run"] == "rnn-slots-good-s0"
    assert json.loads((data / "registry" / "rnn-slots.json").read_text()) == chosen
    made = json.loads((data / "models" / "rnn-slots" / "rnn-slots-good-s0" / "run.json").read_text())
    version = champion()
    assert version.run_id == made["run_id"]
    assert version.tags == {**chosen, "fingerprint": made["fingerprint"]}
    assert mlflow_tracker.client().get_run(made["run_id"]).info.status == "FINISHED"

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

    files = [path for path in (tmp_path / "mlflow-0" / "artifacts").rglob("*") if path.is_file()]
    assert {"model.safetensors", "MLmodel", "serving.py"} <= {path.name for path in files}
    assert [
        path for path in files if path.suffix in PICKLES or path.read_bytes().startswith((b"\x80\x04", b"PK"))
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
    (folder / "run.json").write_text("{}")
    page = tmp_path / "reports" / "gaussian-mle" / "page"
    page.mkdir(parents=True)
    best = {"run": folder.name, "variant": "closed-form", "figures": {"coverage_mean": 94.98}}
    (page / "champion.json").write_text(json.dumps(best))
    chosen = registry.promote("gaussian-mle", tmp_path)
    assert chosen == {"model": "gaussian-mle", "run": folder.name, "variant": "closed-form", "coverage_mean": "94.98"}
    assert json.loads((tmp_path / "registry" / "gaussian-mle.json").read_text()) == chosen
    assert published == [folder.name]
    assert registry.publish(tmp_path) == (1, 0)
    assert not mlflow_tracker.client().search_registered_models()
