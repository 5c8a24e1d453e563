"""Runs without tracking: the same figures as the stage's, on a machine without Prefect and MLflow."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines import task
from pipelines.reporting import recording
from pipelines.runs import standalone
from pipelines.settings import Run
from tests.pipelines.examples import RecordingLog, contents

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
# Whoever imports one of these learns that the machine lacks it.
WITHOUT = """
import sys
for name in ("mlflow", "prefect", "dvc", "great_expectations"):
    sys.modules[name] = None
from pipelines.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def project(workplace: Path, tiny_run: Callable[..., Run]) -> Path:
    run = tiny_run()
    section: dict[str, Any] = {"dataset": "slots", "device": "cpu", "seeds": 2}
    section |= {"model": dict(run.model), "training": dict(run.training), "variants": {"elman": {}, "other": {}}}
    params = {"data": {"source": "builtin"}, "datasets": {"slots": {}}, "pipelines": {"rnn": {"slots": section}}}
    (workplace / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    return workplace


@pytest.mark.usefixtures("one_thread")
def test_without_the_stack(project: Path, tables: Path, tiny_run: Callable[..., Run]) -> None:
    command = [sys.executable, "-c", WITHOUT, "standalone", "rnn-slots", "elman", "--seeds", "1", "--out", "made"]
    environment = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    result = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "rnn-slots-elman-s1 after" in result.stdout
    (made,) = (project / "made").iterdir()
    assert made.name == "rnn-slots-elman-s1"
    expected = project / "expected"
    expected.mkdir()
    task.find("rnn", "slots").trainer.train(tiny_run(seed=1), tables, expected, RecordingLog())
    assert json.loads((made / "metrics.json").read_text()) == json.loads((expected / "metrics.json").read_text())
    assert contents(made)["model.safetensors"] == contents(expected)["model.safetensors"]
    (record,) = recording.of_runs([made], lambda _pipeline, _folder: {})
    assert record.command == "python -m pipelines standalone rnn-slots elman"
    assert record.machine == recording.machine("cpu")


@pytest.mark.usefixtures("project")
def test_what_there_is_not(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="rnn-slots has no variant 'gru': it has elman, other"):
        standalone.train("rnn-slots", ["gru"], [], tmp_path)
    with pytest.raises(ValueError, match="rnn-slots has no such seeds: 7"):
        standalone.train("rnn-slots", [], [7], tmp_path)
