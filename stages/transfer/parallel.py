"""Jobs side by side in threads, none of which holds up the first failure or Ctrl-C."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from typing import TypeVar

AT_ONCE = 4
TICK = 0.2  # seconds from one look at how far they are to the next
GRACE = 0.5  # seconds for the others to notice that they are to stop

Result = TypeVar("Result")
Job = Callable[[threading.Event], Result]


def side_by_side(jobs: Sequence[Job[Result]], look: Callable[[], None]) -> list[Result]:
    """The results of all jobs, in their order; meanwhile `look` is called in the main thread, now and then.

    The first failure is raised here. Then, or on Ctrl-C, the event that each job got is set: it should end.
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

    # Daemons: one that waits for a server does not hold up the end of the process, as a pool's threads would.
    threads = [threading.Thread(target=work, args=each, daemon=True) for each in zip(jobs, futures, strict=True)]
    try:
        for thread in threads:
            thread.start()
        waiting = set(futures)
        while waiting:
            done, waiting = wait(waiting, TICK, FIRST_EXCEPTION)
            for future in done:
                future.result()
            look()
    finally:
        stop.set()
        deadline = time.monotonic() + GRACE
        for thread in filter(threading.Thread.is_alive, threads):
            thread.join(max(0.0, deadline - time.monotonic()))
    return [future.result() for future in futures]
