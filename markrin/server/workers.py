"""Threads that answer requests, and how many of these begin at once.

Threads of one process share one interpreter: eight that work at once each take eight times as long,
and which of them comes next is chance, so some answers take three times as long as others. Those
that wait here instead are begun in the order in which they came.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

log = logging.getLogger(__name__)


class Job:
    """A request that a thread answers, and when it was begun."""

    __slots__ = ("begun_at", "run")

    def __init__(self, run: Callable[[], object]) -> None:
        self.run = run
        self.begun_at = 0.0


class Workers:
    """So many threads, of whose jobs so many begin at once. One that is not done after `settled_s`
    seconds is taken to wait for something else than the interpreter (a lock, a payment provider),
    and the next begins beside it. The event loop looks after that, while jobs wait.

    Its lock is held for microseconds, and never while a job runs.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        name: str,
        threads: int,
        at_once: int,
        settled_s: float,
    ) -> None:
        self._loop, self._settled_s = loop, settled_s
        self._lock = threading.Lock()
        self._free = at_once
        self._begun: list[Job] = []  # and not settled: never more than `at_once`
        self._waiting: deque[Job] = deque()
        self._is_watched = False
        self._ready: SimpleQueue[Job | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"{name}-{at}", daemon=True)
            for at in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, run: Callable[[], object]) -> None:
        """Have a thread run it when its turn comes. From any thread; waits for nothing."""
        job = Job(run)
        with self._lock:
            if self._free:
                self._free -= 1
                self._begin(job)
                self._ready.put(job)
                return
            self._waiting.append(job)
            is_watched, self._is_watched = self._is_watched, True
        if not is_watched:
            self._loop.call_soon_threadsafe(self._watch)

    def stop(self) -> None:
        """Wait until all jobs are done, then end the threads."""
        for _ in self._threads:
            self._ready.put(None)
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (job := self._ready.get()) is not None:
            while job is not None:
                try:
                    job.run()
                except Exception:
                    log.exception("a request could not be answered")
                job = self._end(job)

    def _begin(self, job: Job) -> None:
        job.begun_at = time.monotonic()
        self._begun.append(job)

    def _end(self, job: Job) -> Job | None:
        """Return the next one for this thread: to wake another would take longer."""
        with self._lock:
            if job not in self._begun:  # when it settled the next began
                return None
            self._begun.remove(job)
            return self._begin_next()

    def _begin_next(self) -> Job | None:
        if not self._waiting:
            self._free += 1
            return None
        job = self._waiting.popleft()
        self._begin(job)
        return job

    def _watch(self) -> None:
        """Begin what waits behind jobs that have settled; in the event loop, while any waits."""
        with self._lock:
            now = time.monotonic()
            for job in [
                each
                for each in self._begun
                if now - each.begun_at >= self._settled_s
            ]:
                self._begun.remove(job)
                if (further := self._begin_next()) is not None:
                    self._ready.put(further)
            self._is_watched = bool(self._waiting)
            if not self._is_watched:
                return
            settles_at = (
                min(each.begun_at for each in self._begun) + self._settled_s
            )
        self._loop.call_later(max(settles_at - now, 0.001), self._watch)
