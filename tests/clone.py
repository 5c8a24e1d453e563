"""A copy of the project on a tiny setting, with a git repository, stores and data of its own."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
TIMEOUT = 300.0


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

    def start(self, *command: str, **variables: str) -> "subprocess.Popen[str]":
        """A command in the clone, in a process group of its own as in a terminal."""
        inherited = {
            key: value for key, value in os.environ.items() if not key.startswith(("DVC_", "MLFLOW_", "PREFECT_"))
        }
        environment = inherited | variables | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
        return subprocess.Popen(
            command, cwd=self.root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True,
        )  # fmt: skip

    def run(self, *command: str, **variables: str) -> tuple[int, str]:
        """A command's exit status and all that it printed."""
        return self.end_of(self.start(*command, **variables))

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
