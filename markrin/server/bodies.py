"""Reads the body of a request within a total deadline and a number of bytes, before any
thread is asked to work.
"""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import AsyncIterable
from dataclasses import dataclass
from typing import IO

IN_MEMORY_BYTES = 256 * 1024  # of one body; the rest of it goes into a file


class TooSlow(Exception):
    """The body was not complete in time."""


class TooLong(Exception):
    """The body has more bytes than any of the shop's calls takes."""


class Incomplete(Exception):
    """The client went away, or sent fewer bytes than it had stated."""


class NoRoom(Exception):
    """Too many bytes of other bodies are waiting already."""


@dataclass(frozen=True)
class BodyLimits:
    """What one body may take: `seconds` for the beginning, and from then on at least so
    many bytes a second.

    Source: the scheme of Apache's mod_reqtimeout: a total deadline that each received byte
    moves a little."""

    seconds: float = 10.0
    bytes_per_second: int = 16 * 1024
    max_bytes: int = 25_000_000
    max_bytes_of_all: int = (
        256_000_000  # of all bodies that one process holds at a time
    )


class BodyReader:
    """Reads bodies in the event loop, and counts what all of them hold together."""

    def __init__(self, limits: BodyLimits) -> None:
        self._limits = limits
        self._held = 0
        self._lock = threading.Lock()  # threads close what they have read

    async def read(
        self, chunks: AsyncIterable[bytes], *, stated: int | None
    ) -> Body:
        """Return the whole body; `stated` is its Content-Length, None where it has none (chunked).

        Raises:
            TooSlow, TooLong, Incomplete, NoRoom: it is not read, and nothing of it is kept.
        """
        limits = self._limits
        if stated is not None and stated > limits.max_bytes:
            raise TooLong
        body = Body(self)
        loop = asyncio.get_running_loop()
        started_at = loop.time()
        try:
            async with asyncio.timeout(limits.seconds) as deadline:
                async for chunk in chunks:
                    body.add(chunk)
                    if body.size > limits.max_bytes:
                        raise TooLong
                    if body.size == stated:
                        break  # to ask for its end would wake the loop once more
                    deadline.reschedule(
                        started_at
                        + limits.seconds
                        + body.size / limits.bytes_per_second
                    )
            if stated is not None and body.size != stated:
                raise Incomplete
        except TimeoutError:
            body.close()
            raise TooSlow from None
        except BaseException:
            body.close()
            raise
        body.file.seek(0)
        return body

    def hold(self, size: int) -> None:
        """Count bytes that wait. Raises: NoRoom."""
        with self._lock:
            if self._held + size > self._limits.max_bytes_of_all:
                raise NoRoom
            self._held += size

    def release(self, size: int) -> None:
        """Count bytes that no longer wait."""
        with self._lock:
            self._held -= size


class Body:
    """A body that is being read, or has been; `close()` frees what it holds."""

    def __init__(self, reader: BodyReader) -> None:
        self.file: IO[bytes] = tempfile.SpooledTemporaryFile(  # noqa: SIM115 (close() does)
            max_size=IN_MEMORY_BYTES
        )
        self.size = 0
        self._reader = reader

    def add(self, chunk: bytes) -> None:
        """Append. Raises: NoRoom."""
        self._reader.hold(len(chunk))
        self.size += len(chunk)
        self.file.write(chunk)

    def close(self) -> None:
        """Free the bytes; only the first call does something."""
        self._reader.release(self.size)
        self.size = 0
        self.file.close()
