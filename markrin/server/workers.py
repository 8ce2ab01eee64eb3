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
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import asyncio

log = logging.getLogger(__name__)


class Job:
    """A request that a thread answers, and when it was begun."""

    __slots__ = ("begun_at", "run")

    def __init__(self, run: Callable[[], object]) -> None:
        self.run = run
        self.begun_at = 0.0


_Inbox: TypeAlias = "SimpleQueue[Job | None]"


class Workers:
    """So many threads, of whose jobs so many begin at once. One that is not done after `settled_s`
    seconds is taken to wait for something else than the interpreter (a lock, a payment provider),
    and the next begins beside it. The event loop looks after that, while jobs wait.

    A job goes to the thread that was the last to end one: what that thread and its connection to
    the database last used is still in the processor's caches, and most others may sleep on.

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
        self._waiting: deque[Job] = deque()
        self._begun: list[Job] = []  # and not settled: never more than `at_once`
        self._without_thread: deque[Job] = deque()  # begun, while all were busy
        self._idle: list[_Inbox] = [SimpleQueue() for _ in range(threads)]
        self._is_watched = self._is_stopping = False
        self._threads = [
            threading.Thread(
                target=self._work, args=[inbox], name=f"{name}-{at}", daemon=True
            )
            for at, inbox in enumerate(self._idle)
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
                return
            self._waiting.append(job)
            is_watched, self._is_watched = self._is_watched, True
        if not is_watched:
            self._loop.call_soon_threadsafe(self._watch)

    def stop(self) -> None:
        """Wait until all jobs are done, then end the threads."""
        with self._lock:
            self._is_stopping = True
            self._dismiss()
        for thread in self._threads:
            thread.join()

    def _work(self, inbox: _Inbox) -> None:
        while (job := inbox.get()) is not None:
            try:
                job.run()
            except (
                BaseException
            ):  # the thread serves the next one, whatever this was
                log.exception("a request could not be answered")
            with self._lock:
                if self._without_thread:
                    inbox.put(self._without_thread.popleft())
                else:
                    self._idle.append(inbox)
                if job in self._begun:
                    self._pass_on(job)
                if self._is_stopping:
                    self._dismiss()
            del job  # or it would live, and its client's connection, until the next one comes

    def _begin(self, job: Job) -> None:
        """Its caller, and that of the two next, holds the lock."""
        job.begun_at = time.monotonic()
        self._begun.append(job)
        if self._idle:
            self._idle.pop().put(job)
        else:
            self._without_thread.append(job)

    def _pass_on(self, job: Job) -> None:
        self._begun.remove(job)
        if self._waiting:
            self._begin(self._waiting.popleft())
        else:
            self._free += 1

    def _dismiss(self) -> None:
        while self._idle:
            self._idle.pop().put(None)

    def _watch(self) -> None:
        """Begin what waits behind jobs that have settled; in the event loop, while any waits."""
        with self._lock:
            now = time.monotonic()
            settled_by = now - self._settled_s
            for job in [
                each for each in self._begun if each.begun_at <= settled_by
            ]:
                self._pass_on(job)
            self._is_watched = bool(self._waiting)
            if not self._is_watched:
                return
            first = min(each.begun_at for each in self._begun)
        self._loop.call_later(max(first - settled_by, 0.001), self._watch)
