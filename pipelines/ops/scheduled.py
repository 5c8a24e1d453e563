"""The whole DAG as a flow, for schedules and for runs started in Prefect's UI."""

import signal
import subprocess
import sys

from prefect import flow, get_run_logger

from pipelines import files
from pipelines.ops import processes

TIME_LIMIT = 6 * 3600  # seconds
END_LIMIT = 20.0  # seconds for an interrupted run to keep what it has


@flow(name="repro", retries=0, timeout_seconds=TIME_LIMIT)
def repro() -> None:
    """Runs what `make repro` runs, with its output in the log. Fails when that fails; DVC keeps what is finished."""
    log = get_run_logger()
    command = [sys.executable, "-m", "pipelines", "repro"]
    with subprocess.Popen(
        command,
        cwd=files.ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                log.info(line.rstrip())
        except BaseException:  # the time limit, a cancelled run, or the worker's end
            processes.end(processes.family(process.pid), signal.SIGINT, END_LIMIT)
            raise
    if process.returncode:
        raise RuntimeError(f"the DAG failed with exit status {process.returncode}; its output is in this run's log")
