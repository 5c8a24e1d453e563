"""The process of the project's Prefect server: it serves until the last lease is gone.

It runs what `prefect server start --background` runs, without the imports of Prefect's command line and on a socket
that listens already, so that nobody else can take the port meanwhile.
"""

import os
import signal
import socket
import sys
import threading
import time

from pipelines.ops import server_leases

POLL = 0.5
END_LIMIT = 10.0


def serve(listener: socket.socket) -> None:
    """Serves Prefect's API and pages until the last lease is gone."""
    threading.Thread(target=_end_without_leases, daemon=True).start()
    import uvicorn

    application = "prefect.server.api.server:create_app"
    config = uvicorn.Config(application, factory=True, log_level="warning", timeout_graceful_shutdown=3)
    uvicorn.Server(config).run(sockets=[listener])


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
    serve(socket.socket(fileno=int(sys.argv[1])))
