"""Deployments of the flows in `prefect.yaml` to the running server, and workers that execute them."""

import os
import signal
import subprocess
import sys

from pipelines import files
from pipelines.ops import processes, server
from pipelines.ops.server import ServerError
from pipelines.runs import signals

END_LIMIT = 40.0  # seconds; twice what the flow `repro` gives its processes
POOLS = {
    "cpu": "processes on this machine",
    "gpu": "processes on a machine with a GPU; a run waits for the concurrency limit `gpu`",
}


def deploy() -> None:
    """Creates or updates the work pools, the GPU slot and all deployments of `prefect.yaml`."""
    prefect = server.running_server()
    server.create_gpu_slot(prefect)
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.workers.process import ProcessWorker

    with get_client(sync_client=True) as client:
        existing = {pool.name for pool in client.read_work_pools()}
        for name in POOLS.keys() - existing:
            template = ProcessWorker.get_default_base_job_template()
            pool = WorkPoolCreate(name=name, description=POOLS[name], type="process", base_job_template=template)
            client.create_work_pool(pool)
        # Prefect's own advice in this output, `prefect worker start`, lacks what `worker` below sets.
        command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
        done = subprocess.run(command, check=False, cwd=files.ROOT, capture_output=True, text=True)
        if done.returncode:
            raise ServerError(f"not everything in prefect.yaml was deployed:\n{done.stdout}{done.stderr}")
        for deployment in client.read_deployments():
            print(f"{deployment.name:<24} pool {deployment.work_pool_name}")
    print(f"deployed to {prefect.ui}; now run a worker: make worker POOL=cpu")


def worker(pool: str) -> int:
    """Runs a worker of `pool`, one flow run at a time (a flow uses all cores), until Ctrl-C."""
    prefect = server.running_server()
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        pools = sorted(existing.name for existing in client.read_work_pools())
    if pool not in pools:
        known = f"its work pools are {', '.join(pools)}" if pools else "it has no work pools yet: run `make deploy`"
        raise ServerError(f"no work pool {pool!r} on {prefect.ui}; {known}")
    environment = os.environ | {
        "PIPELINES_ROOT": str(files.ROOT),  # prefect.yaml's pull step: each worker runs its own checkout
        "PYTHONPATH": os.pathsep.join(filter(None, [str(files.ROOT), os.environ.get("PYTHONPATH")])),
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "INFO",  # the worker's terminal shows what it runs
    }
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", pool, "--limit", "1"]
    with (
        signals.interruptible(),
        subprocess.Popen([*command, "--install-policy", "never"], env=environment, start_new_session=True) as process,
    ):
        try:
            return process.wait()
        except KeyboardInterrupt:
            _end(process.pid)
            return 0


def _end(worker: int) -> None:
    """Ends a worker's flow runs, then the worker.

    Prefect's worker kills its flow runs when it ends, and they stay "running" on the server for ever (Prefect issue
    16746). A flow run that gets SIGTERM ends what it has started, then itself, and is recorded as crashed.
    """
    everything = processes.family(worker)
    runs = [member for member in everything if member.ppid() == worker]
    processes.end(runs, signal.SIGTERM, END_LIMIT)
    processes.end(everything[:1], signal.SIGINT, END_LIMIT)
    processes.end(everything[1:], signal.SIGKILL, 0)
