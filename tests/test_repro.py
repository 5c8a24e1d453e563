"""The whole DAG in a temporary clone on a tiny setting, as a user runs it: commands and their exit status."""

import contextlib
import os
import re
import shutil
import signal
import sqlite3
import sys
import time
from pathlib import Path

import pytest

from tests.clone import TIMEOUT, Clone

pytestmark = pytest.mark.server


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
    before = champion_of(reproduced)
    status, output = reproduced.run("dvc", "exp", "run", "--temp", "-S", "pipelines.rnn.slots.training.epochs=1")
    assert status == 0, output
    assert "rnn@slots" in output
    assert "the experiment's best of rnn-slots: " in output
    assert champion_of(reproduced) == before, "what predict answers with is the workspace's"
    status, output = reproduced.python("pipelines", "publish")  # both sets of runs are known: nothing is lacking
    assert "published 0 runs" in output, output


def champion_of(clone: Clone) -> list[tuple[object, ...]]:
    """The registered versions of rnn-slots, and the one with the alias."""
    with contextlib.closing(sqlite3.connect(clone.root / ".mlflow" / "mlflow.db")) as store:
        versions = store.execute("SELECT version, run_id FROM model_versions WHERE name = 'rnn-slots'").fetchall()
        return versions + store.execute("SELECT * FROM registered_model_aliases WHERE name = 'rnn-slots'").fetchall()


def test_two_at_once_both_end_well(reproduced: Clone) -> None:
    shutil.rmtree(reproduced.root / "data/models/rnn-slots")
    shutil.rmtree(reproduced.root / ".dvc/cache/runs")
    started = [reproduced.start(sys.executable, "-m", "pipelines", "repro") for _ in range(2)]
    ended = [reproduced.end_of(process) for process in started]
    assert [status for status, _ in ended] == [0, 0], ended
    (waited,) = (output for _, output in ended if "waiting for its end" in output)
    assert waited.startswith("another process runs `make repro` here (process ")
    assert "Data and pipelines are up to date." in waited
    assert set(reproduced.runs()) == {"rnn-slots-elman-s0", "rnn-slots-gru-s0"}


@pytest.mark.parametrize(
    "file",
    ["data/models/rnn-slots/rnn-slots-gru-s0/metrics.json", "data/validated/slots/train.parquet", "dvc.lock"],
)
def test_a_damaged_file_is_named_and_made_again(file: str, reproduced: Clone) -> None:
    path = reproduced.root / file
    before, times = path.read_bytes(), path.stat()
    path.write_bytes(
        before[: len(before) // 2] + bytes([before[len(before) // 2] ^ 128]) + before[len(before) // 2 + 1 :]
    )
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # as a disk does it
    status, output = reproduced.python("pipelines", "repro")
    assert status == 0, output
    assert f"{file} is damaged" in output
    if file != "dvc.lock":
        assert path.read_bytes() == before
    (reproduced.root / "dvc.lock.damaged").unlink(missing_ok=True)


def test_a_users_own_prefect_is_left_alone(reproduced: Clone, tmp_path: Path) -> None:
    """Its database would be migrated by a newer Prefect, and could then not be read by the user's any more."""
    own = tmp_path / "prefect.db"
    with contextlib.closing(sqlite3.connect(own)) as database, database:
        database.execute("CREATE TABLE alembic_version (version_num)")
    before = own.read_bytes()
    url = f"sqlite+aiosqlite:///{own}"
    status, output = reproduced.run(
        *(sys.executable, "-m", "pipelines", "run", "rnn-slots-too"),
        PREFECT_HOME=str(tmp_path),
        PREFECT_API_DATABASE_CONNECTION_URL=url,
        PREFECT_SERVER_DATABASE_CONNECTION_URL=url,
        PREFECT_SERVER_DATABASE_MIGRATE_ON_START="true",
    )
    assert status == 0, output
    assert own.read_bytes() == before
    assert [path.name for path in tmp_path.rglob("*.db*")] == ["prefect.db"]


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
