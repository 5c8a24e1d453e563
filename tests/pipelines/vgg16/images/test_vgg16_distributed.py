"""Several processes train what one does: torchrun, two processes on CPUs, over loopback alone."""

import contextlib
import dataclasses
import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
import yaml

from pipelines.nn import checkpoint, distributed
from pipelines.nn.distributed import ALONE, Group
from pipelines.runs import standalone
from pipelines.vgg16.images.train import settings
from tests.pipelines.examples import EXAMPLES

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[4]
EXAMPLE = EXAMPLES["vgg16", "images"]
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]
STANDALONE = ["-m", "pipelines", "standalone"]
# 36 pictures: five batches of 7, of which the ranks take 3 and 4, and one of 1, of which rank 0 takes none.
MODEL = {"width": 0.1, "batch_norm": False, "dropout": 0.0, "body_rate": 1.0, "cutout_size": 4, "few_labels": []}
TRAINED = {"epochs": 3, "batch_size": 7, "optimizer": "sgd", "learning_rate": 0.03, "label_smoothing": 0.1}
WHOLE = {"weights": "random", "freeze": "none", "body_rate": 0.5}
VARIANTS: dict[str, dict[str, Any]] = {
    # A low rate: at a high one, a unit that rounding turns off or on soon changes every weight.
    "whole": {"model": WHOLE, "training": {"learning_rate": 0.02}},
    "gradual": {"model": {"weights": "source", "freeze": "gradual"}, "training": {"learning_rate": 0.1}},
    "classifier": {"model": {"weights": "source"}, "training": {"optimizer": "adamw", "learning_rate": 0.001}},
    "head": {"model": {"weights": "random", "freeze": "all-but-head"}},
}
OTHERS = {
    "untouched": {"model": WHOLE, "training": {"learning_rate": 0.0, "epochs": 1}},
    "norms": {"model": {"batch_norm": True, "freeze": "none"}},
}


def started(command: list[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    variables = {**inherited, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **environment}
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False, timeout=600)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    EXAMPLE.write(folder / "data" / "validated" / "images")
    section = {"task": "images", "dataset": "images", "device": "cpu", "seeds": 1}
    section |= {"model": {**EXAMPLE.model, **MODEL}, "training": {**EXAMPLE.training, **TRAINED}}
    section |= {"variants": {**VARIANTS, **OTHERS}}
    tagger = {**section, "task": "slots", "variants": {"elman": {}}}
    pipelines = {"vgg16": {"pictures": section}, "rnn": {"tags": tagger}}
    params = {"data": {"source": "builtin"}, "datasets": {"images": {}}, "pipelines": pipelines}
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    return folder


@pytest.fixture(scope="module")
def printed(project: Path, one_thread: None) -> Mapping[str, list[str]]:
    """What one process and two printed when they trained the same runs into the folders `one` and `two`."""
    runs, output = [*VARIANTS, "untouched"], io.StringIO()
    done = started([*TORCHRUN, *STANDALONE, "vgg16-pictures", *runs, "--out", "two"], project)
    assert done.returncode == 0, done.stderr
    with contextlib.chdir(project), contextlib.redirect_stdout(output):
        standalone.train("vgg16-pictures", runs, [], Path("one"))
    return {"one": output.getvalue().splitlines(), "two": done.stdout.splitlines()}


@pytest.fixture(params=VARIANTS)
def runs(request: pytest.FixtureRequest, project: Path, printed: Mapping[str, list[str]]) -> tuple[Path, Path]:
    """A variant's folders, of one process and of two."""
    return (
        project / "one" / f"vgg16-pictures-{request.param}-s0",
        project / "two" / f"vgg16-pictures-{request.param}-s0",
    )


def weights_in(folder: Path) -> dict[str, torch.Tensor]:
    weights: dict[str, torch.Tensor] = checkpoint.load(folder / "model.safetensors")["weights"]
    return weights


def test_two_processes_end_with_one_processs_weights(runs: tuple[Path, Path], project: Path) -> None:
    one, two = (weights_in(folder) for folder in runs)
    torch.testing.assert_close(two, one, rtol=1e-4, atol=2e-6)


def test_they_report_the_same_figures(runs: tuple[Path, Path]) -> None:
    one, two = (pd.read_csv(folder / "history.csv") for folder in runs)
    pd.testing.assert_frame_equal(two, one, rtol=1e-4)
    figures = [json.loads((folder / "metrics.json").read_text()) for folder in runs]
    assert figures[1] == pytest.approx(figures[0], rel=1e-3)


def test_the_runs_would_tell_a_difference(project: Path, printed: Mapping[str, list[str]]) -> None:
    """The weights moved by far more than the tolerance above."""
    start, end = (weights_in(project / "one" / f"vgg16-pictures-{name}-s0") for name in ("untouched", "whole"))
    for name, before in start.items():
        if name.endswith("weight"):
            assert (end[name] - before).abs().max() > 100 * 2e-6, name


def test_rank_0_alone_prints_and_writes(runs: tuple[Path, Path], printed: Mapping[str, list[str]]) -> None:
    name = runs[0].name
    one, two = ([line.partition(" ")[0] for line in printed[who] if line.startswith(name)] for who in ("one", "two"))
    assert one == two == [name] * 3 + [f"{name}:"]
    files = [sorted(path.name for path in folder.iterdir()) for folder in runs]
    assert files[0] == files[1]


def test_a_failure_is_reported_once(project: Path) -> None:
    done = started([*TORCHRUN, *STANDALONE, "vgg16-pictures", "--out", "none"], project)
    assert done.returncode == 1
    message = "error: vgg16-pictures-norms-s0 has batch_norm true and freeze none: on CPUs one process alone"
    assert done.stderr.count("error: ") == done.stderr.count(message) == 1, done.stderr
    assert "pipelines/runs/standalone.py" not in done.stderr, "no traceback"
    assert not (project / "none").exists()


def test_a_task_that_one_process_must_train_alone(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    monkeypatch.setattr(distributed, "process_group", lambda: contextlib.nullcontext(Group(0, 2)))
    with pytest.raises(ValueError, match="the runs of rnn-tags are trained by one process each: start them without"):
        standalone.train("rnn-tags", [], [], Path("none"))
    assert not Path("none").exists()


# Under torchrun, in one go: a training with dropout, the same one interrupted, and resumed.
RESUMED = """
import sys
from pathlib import Path
from pipelines.nn import distributed
from pipelines.vgg16.images import recipe, train
from tests.pipelines.examples import EXAMPLES, RecordingLog

run = EXAMPLES["vgg16", "images"].run(batch_norm=False, dropout=0.5, freeze="none", few_labels=[], batch_size=7)
recipe.SAVE_EVERY = 0.0
with distributed.process_group() as group:
    folders = [Path(name) for name in sys.argv[1:]]
    for folder, interrupted_at in zip(folders, (0, 2, 0), strict=True):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            train.train(run, Path("data/validated/images"), folder, RecordingLog(interrupted_at))
        except KeyboardInterrupt:
            assert interrupted_at
        if group.rank == 0:
            print(folder, (folder / "checkpoint.safetensors").exists())
"""


def test_an_interrupted_training_resumes_and_ends_with_the_same_bits(project: Path) -> None:
    """Each process has a dropout of its own, which is not in the checkpoint of rank 0."""
    (project / "resumed.py").write_text(RESUMED)
    done = started([*TORCHRUN, "resumed.py", "whole/run", "parts/run", "parts/run"], project)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["whole/run False", "parts/run True", "parts/run False"]
    whole, parts = (weights_in(project / name / "run") for name in ("whole", "parts"))
    for name, weight in whole.items():
        assert torch.equal(parts[name], weight), name


# --- torchrun's variables

VARIABLES = {
    "RANK": "1",
    "WORLD_SIZE": "2",
    "LOCAL_RANK": "1",
    "LOCAL_WORLD_SIZE": "2",
    "MASTER_ADDR": "127.0.0.1",
    "MASTER_PORT": "29500",
}


def test_a_process_knows_its_rank() -> None:
    assert Group.from_environment({}) == ALONE
    assert Group.from_environment({"MASTER_ADDR": "127.0.0.1", "PATH": "/bin"}) == ALONE
    assert Group.from_environment(VARIABLES) == Group(1, 2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"LOCAL_RANK": "", "MASTER_PORT": ""}, "MASTER_ADDR is set and LOCAL_RANK, MASTER_PORT is not: start several"),
        ({"RANK": "one"}, "RANK=one is not a number: start several processes by `python -m torch.distributed.run"),
        ({"WORLD_SIZE": "-2"}, "WORLD_SIZE=-2 is not a number"),
        ({"WORLD_SIZE": "4"}, "4 processes, 2 of them on this machine: .* torchrun's --nnodes must be 1"),
        ({"RANK": "2", "LOCAL_RANK": "2"}, "RANK=2 and LOCAL_RANK=2 of WORLD_SIZE=2"),
        ({"RANK": "0"}, "RANK=0 and LOCAL_RANK=1 of WORLD_SIZE=2"),
        ({"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "0", "LOCAL_WORLD_SIZE": "0"}, "RANK=0 .* of WORLD_SIZE=0"),
    ],
)
def test_variables_that_make_no_sense(changes: Mapping[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Group.from_environment({**VARIABLES, **changes})


def test_a_process_that_waits_in_vain_says_for_whom(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**VARIABLES, "MASTER_PORT": "1"}.items():
        monkeypatch.setenv(name, value)
    for library in ("GLOO", "NCCL"):
        monkeypatch.setenv(f"{library}_SOCKET_IFNAME", "lo")
    monkeypatch.setattr(distributed, "RENDEZVOUS_TIMEOUT", timedelta(seconds=1))
    with (
        pytest.raises(ValueError, match=r"process 1 of 2 waited in vain for the others at 127\.0\.0\.1:1"),
        distributed.process_group(),
    ):
        pytest.fail("nobody is there")


def test_one_process_of_torchruns_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        **VARIABLES,
        "RANK": "0",
        "LOCAL_RANK": "0",
        "WORLD_SIZE": "1",
        "LOCAL_WORLD_SIZE": "1",
    }.items():
        monkeypatch.setenv(name, value)
    with distributed.process_group() as group:
        assert group == distributed.group() == ALONE
        assert not group.is_distributed
        assert group.rows_of(7) == slice(0, 7)


def test_alone_a_shard_is_the_batch_and_nothing_else_changes() -> None:
    """Not a bit, and no random number more is drawn."""
    batch = (torch.randn(5, 2), torch.arange(5))
    shard = ALONE.shard(batch)
    assert shard.weight == 1
    assert all(torch.equal(one, other) for one, other in zip(shard.tensors, batch, strict=True))
    layer = torch.nn.Linear(2, 1)
    assert ALONE.parallel(layer, layer) is layer
    state = torch.get_rng_state()
    ALONE.seed(1, 2)
    assert torch.equal(torch.get_rng_state(), state)
    loss = ALONE.loss(lambda model, tensors: model(tensors[0]).mean())
    assert torch.equal(loss(layer, shard), layer(batch[0]).mean())
    assert ALONE.mean(0.1, 3) == 0.1


@pytest.mark.parametrize("count", [0, 1, 7, 8])
@pytest.mark.parametrize("size", [1, 2, 3, 8])
def test_shards_are_parts_of_the_whole(size: int, count: int) -> None:
    found = [list(range(count)[Group(rank, size).rows_of(count)]) for rank in range(size)]
    assert [row for rows in found for row in rows] == list(range(count))
    assert max(map(len, found)) - min(map(len, found)) <= 1


def test_fewer_gpus_than_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    group = Group(0, 4)
    group.check_gpus(torch.device("cpu"))
    with pytest.raises(
        ValueError, match=r"4 processes need a GPU each, and torch finds 2 here: lower .*nproc-per-node"
    ):
        group.check_gpus(torch.device("cuda"))


def test_batch_norm_over_several_processes_needs_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    alone, frozen = EXAMPLE.run(freeze="gradual"), EXAMPLE.run(freeze="features")
    settings(alone)
    monkeypatch.setattr(distributed, "group", lambda: Group(0, 2))
    settings(frozen)
    with pytest.raises(ValueError, match="has batch_norm true and freeze gradual: on CPUs one process alone"):
        settings(alone)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    settings(dataclasses.replace(alone, device="cuda"))
