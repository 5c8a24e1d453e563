"""The process of the project's Prefect server: Prefect's command `server start`, until the last lease is gone."""

import os
import runpy
import signal
import sys
import threading
import time

from pipelines.ops import server_leases

POLL = 0.5
END_LIMIT = 10.0


def serve(host: str, port: str) -> None:
    """Serves until the last lease is gone."""
    threading.Thread(target=_end_without_leases, daemon=True).start()
    sys.argv = ["prefect", "--no-prompt", "server", "start", "--host", host, "--port", port]
    runpy.run_module("prefect", run_name="__main__", alter_sys=True)


def _end_without_leases() -> None:
    """Ends this process while it holds the lock, so that no other server starts on its database before it is gone."""
    lock = server_leases.lock()
    while True:
        time.sleep(POLL)
        if not server_leases.holders():
            lock.acquire()
            if not server_leases.holders():
                break
            lock.release()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(END_LIMIT)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    serve(*sys.argv[1:])
