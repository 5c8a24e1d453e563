"""The whole DAG in a temporary clone on a tiny setting, as a user runs it: commands and their exit status."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
TIMEOUT = 300.0
pytestmark = pytest.mark.server


class Clone:
    """A copy of the project with a git repository, stores and data of its own, and this one's environment."""

    def __init__(self, root: Path) -> None:
        self.root = root
        listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        files = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
        for file in filter(None, files):
            if (ROOT / file).is_file():
                (root / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / file, root / file)
        params = self.params()
        params["datasets"] = {"slots": params["datasets"]["slots"]}
        params["datasets"]["slots"]["builtin"] |= {"train": 300, "val": 40, "test": 50}
        section = params["pipelines"]["rnn"]["slots"]
        section |= {"seeds": 1, "variants": {name: section["variants"][name] for name in ("elman", "gru")}}
        section["model"] = section.get("model", {}) | {"hidden_size": 10, "word_size": 10}
        section["training"]["epochs"] = 2
        # A second pipeline on the same data set, which is worked on at the same time.
        small = {"task": "slots", "variants": {"elman": section["variants"]["elman"]}}
        small["training"] = section["training"] | {"epochs": 1}
        params["pipelines"] = {"rnn": {"slots": section, "slots-too": section | small}}
        # DVC has no groups of stages for families without a pipeline.
        dvc = yaml.safe_load((root / "dvc.yaml").read_text(encoding="utf-8"))
        dvc["stages"] = {group: dvc["stages"][group] for group in ("download", "validate", "rnn")}
        (root / "dvc.yaml").write_text(yaml.safe_dump(dvc), encoding="utf-8")
        self.write_params(params)
        identity = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
        for arguments in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "tiny"]):
            subprocess.run(["git", *identity, *arguments], cwd=root, check=True)

    def params(self) -> Any:
        return yaml.safe_load((self.root / "params.yaml").read_text(encoding="utf-8"))

    def write_params(self, params: Any) -> None:
        (self.root / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")

    def start(self, *command: str) -> "subprocess.Popen[str]":
        """A command in the clone, in a process group of its own as in a terminal."""
        inherited = {
            key: value for key, value in os.environ.items() if not key.startswith(("DVC_", "MLFLOW_", "PREFECT_"))
        }
        environment = inherited | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
        return subprocess.Popen(
            command, cwd=self.root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True,
        )  # fmt: skip

    def run(self, *command: str) -> tuple[int, str]:
        """A command's exit status and all that it printed."""
        return self.end_of(self.start(*command))

    def end_of(self, process: "subprocess.Popen[str]", limit: float = TIMEOUT) -> tuple[int, str]:
        """A command's exit status and all that it printed, if it ends within `limit` seconds."""
        with process:
            try:
                output, _ = process.communicate(timeout=limit)
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
            return process.returncode, output

    def python(self, *arguments: str) -> tuple[int, str]:
        return self.run(sys.executable, "-m", *arguments)

    def runs(self) -> dict[str, Any]:
        """run.json of every run among the stage outputs."""
        paths = self.root.glob("data/models/rnn-slots/*/run.json")
        return {path.parent.name: json.loads(path.read_text(encoding="utf-8")) for path in paths}


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    return Clone(tmp_path_factory.mktemp("clone"))


@pytest.fixture(scope="module")
def reproduced(clone: Clone) -> Clone:
    """The clone after its first `repro`, which was interrupted once while it trained."""
    process = clone.start(sys.executable, "-m", "pipelines", "repro")
    deadline = time.monotonic() + TIMEOUT
    while not list(clone.root.glob("data/work/rnn-slots/*/run.json")) and time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    status, output = clone.end_of(process, 60)
    assert status == 130, output
    assert not (clone.root / "data/models/rnn-slots").exists()

    status, output = clone.python("pipelines", "repro")
    assert status == 0, output
    assert "make ui" in output
    assert (clone.root / "data/registry/rnn-slots-too.json").is_file()
    return clone


def test_every_stage_leaves_what_it_declares(reproduced: Clone) -> None:
    assert set(reproduced.runs()) == {"rnn-slots-elman-s0", "rnn-slots-gru-s0"}
    for name in reproduced.runs():
        files = {path.name for path in (reproduced.root / "data/models/rnn-slots" / name).iterdir()}
        assert files >= {"model.safetensors", "history.csv", "metrics.json", "confusion.png"}
        assert "checkpoint.safetensors" not in files
    for output in ("validation/slots/docs/index.html", "reports/rnn-slots/page/report.md", "registry/rnn-slots.json"):
        assert (reproduced.root / "data" / output).is_file()


def test_runs_say_where_they_come_from(reproduced: Clone) -> None:
    tags = reproduced.runs()["rnn-slots-gru-s0"]["tags"]
    assert len(tags["git.commit"]) == 40
    assert tags["git.dirty"] == "false"
    assert tags["data.source"] == "builtin"
    assert tags["stage"] == "rnn@slots"
    assert tags["dvc.md5.data/validated/slots"].endswith(".dir")


def test_a_second_repro_does_nothing(reproduced: Clone) -> None:
    before = reproduced.runs()
    status, output = reproduced.python("pipelines", "repro")
    assert status == 0
    assert "Running stage" not in output
    assert reproduced.runs() == before


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("dvc metrics show", "champion"),
        ("dvc dag", "rnn@slots"),
        ("dvc status", "up to date"),
        ("dvc plots show", "index.html"),
    ],
)
def test_dvc_has_something_to_say(reproduced: Clone, command: str, says: str) -> None:
    status, output = reproduced.run(*command.split())
    assert (status, says in output) == (0, True), output


def test_a_wiped_tracking_store_is_published_again_and_its_champion_labels(reproduced: Clone) -> None:
    shutil.rmtree(reproduced.root / ".mlflow")
    status, output = reproduced.python("pipelines", "predict", "rnn-slots", "flights to boston")
    assert status == 1
    assert "no champion" in output
    assert "Traceback" not in output

    status, output = reproduced.python("pipelines", "publish")
    assert (status, "published 3 runs" in output) == (0, True), output
    status, output = reproduced.python("pipelines", "predict", "rnn-slots", "Flights to Boston")
    assert status == 0, output
    assert [line.split()[0] for line in output.splitlines() if line][-3:] == ["flights", "to", "boston"]


def test_an_experiment_sets_a_parameter_and_lands_in_the_same_store(reproduced: Clone) -> None:
    status, output = reproduced.run("dvc", "exp", "run", "--temp", "-S", "pipelines.rnn.slots.training.epochs=1")
    assert status == 0, output
    assert "rnn@slots" in output
    status, output = reproduced.python("pipelines", "publish")  # both sets of runs are known: nothing is lacking
    assert "published 0 runs" in output, output


def test_a_mistake_in_params_is_one_message_and_keeps_what_is_there(reproduced: Clone) -> None:
    params, before = reproduced.params(), reproduced.runs()
    params["pipelines"]["rnn"]["slots"]["training"]["epoch"] = 3
    (reproduced.root / "params.yaml").rename(reproduced.root / "params.kept")
    reproduced.write_params(params)
    try:
        status, output = reproduced.python("pipelines", "repro")
    finally:
        (reproduced.root / "params.kept").replace(reproduced.root / "params.yaml")
    assert status == 1
    assert "unknown key 'epoch'" in output
    assert re.search("known are .*epochs", output)
    assert "Traceback" not in output
    assert before
