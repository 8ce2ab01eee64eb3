"""How the web server tells of a request: `Exchange`, and in which thread it does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from granian import _futures

from markrin.server.environ import Scope
from markrin.server.responses import ServerProtocol


class Exchange(Protocol):
    """A request and the way to answer it, as granian hands both to what schedules its calls."""

    @property
    def scope(self) -> Scope: ...
    @property
    def proto(self) -> ServerProtocol: ...
    def done(self) -> object:
        """Say that it is answered; the web server answers 500 if it is not."""


class AwaitedExchange:
    """The same for a web server that awaits a coroutine for each request."""

    def __init__(self, scope: Scope, proto: ServerProtocol) -> None:
        self.scope, self.proto = scope, proto
        self._loop = asyncio.get_running_loop()
        self.answered: asyncio.Future[None] = self._loop.create_future()

    def done(self) -> None:
        """Let the coroutine end. From any thread."""
        self._loop.call_soon_threadsafe(self._settle)

    def _settle(self) -> None:
        if not self.answered.done():
            self.answered.set_result(None)


def take_exchanges(schedule: Callable[[Exchange], None]) -> None:
    """Have granian call this for each request, in the thread that has read it.

    By itself it wakes the event loop with a task for each, and that wakes it for the answer: of an
    answer from memory that was half of the time (docs/performance.md). It makes the function that
    does so for each process, after it has started the application; there is no public way to
    another, so a granian without it goes on as it does by itself (`Bridge.__rsgi__`).
    """
    if hasattr(_futures, "_cbsched_aioschedule"):
        _futures._cbsched_aioschedule = lambda loop, context, callback: schedule
