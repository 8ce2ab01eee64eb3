"""How many requests are begun at once.

Threads of one process share one interpreter: eight that work at once each take eight times as long,
and which of them comes next is chance, so some answers take three times as long as others. Those
that wait here instead are begun in the order in which they came.
"""

from __future__ import annotations

import asyncio
from collections import deque


class Pace:
    """Lets so many requests begin at once. One that is not done after `settled_s` seconds is taken
    to wait for something else than the interpreter (a lock, a payment provider), and the next
    begins beside it. For one event loop; takes no lock.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, *, at_once: int, settled_s: float
    ) -> None:
        self._loop, self._settled_s = loop, settled_s
        self._free = at_once
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def begin(self) -> Turn:
        """Return when it is this one's turn."""
        if self._free:
            self._free -= 1
        else:
            turn: asyncio.Future[None] = self._loop.create_future()
            self._waiting.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self.pass_on()
                raise
        return Turn(self, self._loop, self._settled_s)

    def pass_on(self) -> None:
        """Let the next begin."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


class Turn:
    """A request's, until it ends or has settled."""

    def __init__(
        self, pace: Pace, loop: asyncio.AbstractEventLoop, settled_s: float
    ) -> None:
        self._pace = pace
        self._timer = loop.call_later(settled_s, self._settle)
        self._is_over = False

    def _settle(self) -> None:
        self._is_over = True
        self._pace.pass_on()

    def end(self) -> None:
        """Let the next begin, unless it did when this one had settled."""
        if not self._is_over:
            self._timer.cancel()
            self._settle()
