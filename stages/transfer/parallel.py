"""Jobs in parallel threads; neither a failure nor Ctrl-C waits for the other jobs."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from typing import TypeVar

AT_ONCE = 4  # jobs
TICK = 0.2  # seconds between two calls of `show`
GRACE = 0.5  # seconds for the other jobs to notice that they should stop

Result = TypeVar("Result")
Job = Callable[[threading.Event], Result]


def in_parallel(jobs: Sequence[Job[Result]], show: Callable[[], None]) -> list[Result]:
    """The results of all jobs, in their order; meanwhile `show` is called in the main thread every TICK seconds.

    The first failure is raised here. Then, or on Ctrl-C, the event that each job received is set: it should end.
    """
    stop, slots = threading.Event(), threading.Semaphore(AT_ONCE)
    futures: list[Future[Result]] = [Future() for _ in jobs]

    def work(job: Job[Result], future: Future[Result]) -> None:
        with slots:
            if not stop.is_set():
                try:
                    future.set_result(job(stop))
                except BaseException as error:  # raised again in the main thread
                    future.set_exception(error)

    # Daemons: unlike a pool's threads, one that waits for a server does not delay the end of the process.
    threads = [threading.Thread(target=work, args=each, daemon=True) for each in zip(jobs, futures, strict=True)]
    try:
        for thread in threads:
            thread.start()
        waiting = set(futures)
        while waiting:
            done, waiting = wait(waiting, TICK, FIRST_EXCEPTION)
            for future in done:
                future.result()
            show()
    finally:
        stop.set()
        deadline = time.monotonic() + GRACE
        for thread in filter(threading.Thread.is_alive, threads):
            thread.join(max(0.0, deadline - time.monotonic()))
    return [future.result() for future in futures]
