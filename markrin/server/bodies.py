"""Reads the body of a request within a total deadline and a number of bytes, before any
thread is asked to work.
"""

from __future__ import annotations

import asyncio
import io
import select
import tempfile
import threading
import time
from collections.abc import AsyncIterable, Awaitable
from dataclasses import dataclass, field
from typing import IO, Protocol

SHORT_BYTES = 16 * 1024  # nearly every body of a shop's frontend
# Seconds between looks; the first only lets others have the interpreter's lock.
_NAPS = (0.0, 0.00005, 0.0001, 0.0002, 0.0004)
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


class WholeBody(Awaitable[bytes], Protocol):
    """A body that the web server reads by itself, from its first byte to its last. It fails with
    the web server's own error where it was cut off. Only whoever awaits it wakes the event loop.
    """

    def done(self) -> bool:
        """Return whether all of it is there. From any thread, as the next."""

    def result(self) -> bytes:
        """Return it, once it is done."""


@dataclass(frozen=True)
class ShortBody:
    """A body of at most SHORT_BYTES, how many the client has stated, and since when it is read, by
    the monotonic clock.
    """

    whole: WholeBody
    stated: int
    begun_at: float = field(default_factory=time.monotonic)

    def is_there(self) -> bool:
        """Return whether it can be taken, now or within a millisecond; no, where a web server does
        not say so. In a thread of its own.
        """
        done = getattr(self.whole, "done", None)
        if done is None:
            return False
        # The web server's thread may need the interpreter's lock to say so, which we hold.
        for nap in _NAPS:
            if done():
                return True
            # For so long, and not until a moment, as sleep does: where a clock is set by force
            # (libfaketime, as `make chaos` does) such a moment may be one that there is not.
            select.select((), (), (), nap)
        return bool(done())


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
        body = Body(self, _spooled())
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

    def is_short(self, stated: int) -> bool:
        """Return whether so many bytes, the Content-Length, are read as a ShortBody."""
        return stated <= min(SHORT_BYTES, self._limits.max_bytes)

    def take(self, short: ShortBody) -> Body:
        """Return a body that is there. From any thread.

        Raises:
            Incomplete, NoRoom: nothing of it is kept.
        """
        try:
            data = short.whole.result()
        except Exception as exc:  # the web server does not list its errors
            raise Incomplete from exc
        return self._keep(data, stated=short.stated)

    async def wait(self, short: ShortBody) -> Body:
        """Return a body as `take` does, once it is there.

        Raises:
            TooSlow, Incomplete, NoRoom: nothing of it is kept.
        """
        limits = self._limits
        seconds = limits.seconds + short.stated / limits.bytes_per_second
        left = seconds - (time.monotonic() - short.begun_at)
        try:
            async with asyncio.timeout(max(0.0, left)):
                data = await short.whole
        except TimeoutError:
            raise TooSlow from None
        except Exception as exc:  # the web server does not list its errors
            raise Incomplete from exc
        return self._keep(data, stated=short.stated)

    def _keep(self, data: bytes, *, stated: int) -> Body:
        if len(data) != stated:
            raise Incomplete
        body = Body(self, io.BytesIO())
        body.add(data)
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

    def __init__(self, reader: BodyReader, file: IO[bytes]) -> None:
        self.file = file
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


def _spooled() -> IO[bytes]:
    return tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # Body closes it
