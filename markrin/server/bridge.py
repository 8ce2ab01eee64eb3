"""`Bridge`: a WSGI application as an RSGI one. Source: RSGI specification 1.6 (granian),
PEP 3333 (WSGI).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markrin.server import sockets
from markrin.server.bodies import (
    Body,
    BodyLimits,
    BodyReader,
    Incomplete,
    NoRoom,
    TooLong,
    TooSlow,
)
from markrin.server.environ import Scope, make_environ
from markrin.server.pacing import Pace
from markrin.server.responses import (
    ClientGone,
    Headers,
    Parts,
    Response,
    ServerProtocol,
    send_response,
)

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
PROBE_THREADS = 2


@dataclass(frozen=True)
class Limits:
    """Limits of the bridge: requests under way, how many of these may compute at once and when
    one is taken to wait instead (`pacing`), how long one waits for its turn, how long an
    answer may stall.
    """

    threads: int = 8
    at_once: int = 2  # one computes while the other's rows come
    settled_s: float = 0.03
    queue_s: float = 20.0
    stalled_s: float = 30.0
    body: BodyLimits = field(default_factory=BodyLimits)


class Bridge:
    """An RSGI application around a WSGI one.

    `probes` are paths that have threads of their own, so that busy ones cannot hold them
    up. `answer_at_once` is asked first, in the event loop, and may answer only what takes
    microseconds. `refuse` makes the answer to a request that does not get as far as the
    application."""

    def __init__(
        self,
        application: WSGIApplication,
        *,
        refuse: Callable[[WSGIEnvironment, HTTPStatus], Response],
        answer_at_once: Callable[
            [WSGIEnvironment], Response | None
        ] = lambda environ: None,
        probes: frozenset[str] = frozenset(),
        limits: Limits | None = None,
    ) -> None:
        self._application = application
        self._refuse = refuse
        self._answer_at_once = answer_at_once
        self._probes = probes
        self._limits = limits or Limits()
        self._reader = BodyReader(self._limits.body)

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start, in the process that serves."""
        self._loop = loop
        limits = self._limits
        self._pace = Pace(loop, at_once=limits.at_once, settled_s=limits.settled_s)
        self._workers = ThreadPoolExecutor(limits.threads, "worker")
        self._probers = ThreadPoolExecutor(PROBE_THREADS, "probe")
        self._guard_sockets()

    def _guard_sockets(self) -> None:
        """Set the option as soon as the web server listens, which it does after it has
        started us.
        """
        if not sockets.break_off_stalled_readers(self._limits.stalled_s):
            self._loop.call_later(0.2, self._guard_sockets)

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        """End, after the requests under way are finished."""
        self._workers.shutdown()
        self._probers.shutdown()

    async def __rsgi__(self, scope: Scope, protocol: ServerProtocol) -> None:
        """Answer one request."""
        environ = make_environ(scope)
        if (
            scope.method == "GET"
            and (response := self._answer_at_once(environ)) is not None
        ):
            await send_response(protocol, response)
            return
        body = None
        try:
            if (
                scope.method not in WITHOUT_BODY
                or "HTTP_TRANSFER_ENCODING" in environ
                or "CONTENT_LENGTH" in environ
            ):
                body = await self._reader.read(
                    protocol, stated=_stated_length(environ)
                )
                environ["wsgi.input"] = body.file
            response = await self._work(environ)
        except (TooSlow, TooLong, NoRoom, Incomplete) as exc:
            response = self._refused(environ, exc)
        finally:
            _close(body)
        await send_response(protocol, response)

    def _refused(self, environ: WSGIEnvironment, reason: Exception) -> Response:
        statuses = {
            TooSlow: HTTPStatus.REQUEST_TIMEOUT,
            TooLong: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        }
        statuses |= {
            NoRoom: HTTPStatus.SERVICE_UNAVAILABLE,
            Incomplete: HTTPStatus.BAD_REQUEST,
        }
        response = self._refuse(environ, statuses[type(reason)])
        # The rest of the body would be read as the next request.
        return Response(
            response.status,
            [*response.headers, ("Connection", "close")],
            response.body,
        )

    async def _work(self, environ: WSGIEnvironment) -> Response:
        """Return what the application answers, in a thread."""
        started: asyncio.Future[Response] = self._loop.create_future()
        deadline = time.monotonic() + self._limits.queue_s
        if environ["PATH_INFO"] in self._probes:
            self._probers.submit(self._run, environ, started, deadline)
            return await started
        turn = await self._pace.begin()
        try:
            self._workers.submit(self._run, environ, started, deadline)
            return await started
        finally:
            turn.end()

    def _run(
        self,
        environ: WSGIEnvironment,
        started: asyncio.Future[Response],
        deadline: float,
    ) -> None:
        try:
            if time.monotonic() > deadline:
                response = self._refuse(environ, HTTPStatus.SERVICE_UNAVAILABLE)
            else:
                response = self._call(environ, started)
        except Exception:
            log.exception("the application failed")
            response = self._refuse(environ, HTTPStatus.INTERNAL_SERVER_ERROR)
        self._tell(started, response)

    def _call(
        self, environ: WSGIEnvironment, started: asyncio.Future[Response]
    ) -> Response:
        """Return the application's answer; one that comes in parts is told as soon as it begins."""
        start = _Start()
        environ["wsgi.file_wrapper"] = _File
        result = self._application(environ, start)
        try:
            if isinstance(result, _File) and (path := result.path()) is not None:
                return Response(start.status, start.headers, path)
            if isinstance(result, list):
                return Response(start.status, start.headers, b"".join(result))
            if isinstance(result, _File) or getattr(result, "streaming", False):
                return self._stream(start, result, started)
            return Response(start.status, start.headers, b"".join(result))
        finally:
            if hasattr(result, "close"):
                result.close()

    def _stream(
        self,
        start: _Start,
        parts: Iterable[bytes],
        started: asyncio.Future[Response],
    ) -> Response:
        body = Parts(self._loop)
        response = Response(start.status, start.headers, body)
        self._tell(started, response)
        try:
            for part in parts:
                body.write(part)
        except ClientGone:
            log.info("an answer's reader has gone")
        finally:
            body.end()
        return response

    def _tell(self, started: asyncio.Future[Response], response: Response) -> None:
        """Give the event loop the response, unless it has it already."""

        def tell() -> None:
            if not started.done():
                started.set_result(response)

        self._loop.call_soon_threadsafe(tell)


class _Start:
    """WSGI's start_response."""

    def __init__(self) -> None:
        self.status, self.headers = 500, Headers()

    def __call__(
        self, status: str, headers: Headers, exc_info: object = None
    ) -> Callable[[bytes], object]:
        self.status, self.headers = int(status[:3]), headers
        return _no_write


def _no_write(data: bytes) -> object:
    # PEP 3333's write() is for old applications; Django has never called it.
    raise NotImplementedError("the application returns its body")


class _File:
    """WSGI's file wrapper: a file on the disk is sent by the web server itself, without a
    thread.
    """

    def __init__(self, file: Any, block_size: int = 64 * 1024) -> None:
        self._file, self._block_size = file, block_size
        self.close: Callable[[], object] = getattr(file, "close", lambda: None)

    def path(self) -> Path | None:
        """Return where the file is, None if it is none or is not to be sent from its
        beginning to its end.
        """
        name = getattr(self._file, "name", None)
        if not isinstance(name, str) or not hasattr(self._file, "fileno"):
            return None
        return (
            Path(name) if self._file.tell() == 0 and Path(name).is_file() else None
        )

    def __iter__(self) -> Iterable[bytes]:
        while part := self._file.read(self._block_size):
            yield part


def _stated_length(environ: WSGIEnvironment) -> int | None:
    stated = environ.get("CONTENT_LENGTH", "")
    return int(stated) if stated.isascii() and stated.isdigit() else None


def _close(body: Body | None) -> None:
    if body is not None:
        body.close()
