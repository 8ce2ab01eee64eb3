"""Sends answers: whole ones, files, and those that a thread is still making."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from markrin.server.bodies import WholeBody

Headers = list[tuple[str, str]]


class Transport(Protocol):
    async def send_bytes(self, data: bytes) -> None: ...


class ServerProtocol(Protocol):
    """What of granian's RSGI protocol is used here. Source: RSGI specification 1.6."""

    def response_bytes(
        self, status: int, headers: Headers, body: bytes
    ) -> None: ...
    def response_file(self, status: int, headers: Headers, file: str) -> None: ...
    def response_stream(self, status: int, headers: Headers) -> Transport: ...
    def __aiter__(self) -> Any: ...
    def __call__(self) -> WholeBody: ...


class ClientGone(Exception):
    """The client no longer reads."""


@dataclass(frozen=True)
class Response:
    """An answer: its body is whole, or a file."""

    status: int
    headers: Headers
    body: bytes | Path = b""


class Parts:
    """Bytes that a thread writes and the event loop sends.

    The writer does not wait for the reader: what a slow one has not taken yet is in memory.
    Only staff's exports come in parts, and the system ends a connection whose reader takes
    nothing (`sockets.break_off_stalled_readers`)."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._abandoned = False

    def write(self, part: bytes) -> None:
        """Append, in the writer's thread. Raises: ClientGone."""
        if self._abandoned:
            raise ClientGone
        self._loop.call_soon_threadsafe(self._queue.put_nowait, part)

    def end(self) -> None:
        """Mark the end, from the writer's thread."""
        self._loop.call_soon_threadsafe(self._queue.put_nowait, None)

    def abandon(self) -> None:
        """Mark that the client no longer reads, from the event loop."""
        self._abandoned = True

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield what is written until it ends, in the event loop."""
        while (part := await self._queue.get()) is not None:
            yield part


def send_response(protocol: ServerProtocol, response: Response) -> None:
    """Hand a whole answer or a file to the web server, which sends it. From any thread."""
    if isinstance(response.body, bytes):
        protocol.response_bytes(response.status, response.headers, response.body)
    else:
        protocol.response_file(
            response.status, response.headers, str(response.body)
        )


async def send_parts(
    protocol: ServerProtocol, response: Response, parts: Parts
) -> None:
    """Send an answer as it is made; `response` is its beginning."""
    try:
        transport = protocol.response_stream(response.status, response.headers)
        async for part in parts:
            await transport.send_bytes(part)
    finally:
        parts.abandon()
