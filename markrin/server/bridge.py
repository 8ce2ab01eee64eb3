"""`Bridge`: a WSGI application as an RSGI one. Source: RSGI specification 1.6 (granian),
PEP 3333 (WSGI).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from functools import partial
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
    ShortBody,
    TooLong,
    TooSlow,
)
from markrin.server.environ import Scope, make_environ
from markrin.server.exchanges import AwaitedExchange, Exchange, take_exchanges
from markrin.server.responses import (
    ClientGone,
    Headers,
    Parts,
    Response,
    ServerProtocol,
    send_parts,
    send_response,
)
from markrin.server.workers import Workers

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

PROBE_THREADS = 2


@dataclass(frozen=True)
class Limits:
    """Limits of the bridge: requests under way, how many of these may compute at once and when
    one is taken to wait instead (`Workers`), how long one waits for its turn, how long an
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
    up. `answer_at_once` is asked first, in the thread that reads requests, and may answer only
    what takes microseconds. `refuse` makes the answer to a request that does not get as far as the
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
        self._workers = Workers(
            loop,
            name="worker",
            threads=limits.threads,
            at_once=limits.at_once,
            settled_s=limits.settled_s,
        )
        self._probers = Workers(
            loop,
            name="probe",
            threads=PROBE_THREADS,
            at_once=PROBE_THREADS,
            settled_s=limits.settled_s,
        )
        self._tasks: set[asyncio.Task[None]] = set()  # the loop itself keeps none
        self._guard_sockets()
        take_exchanges(self.schedule)

    def _guard_sockets(self) -> None:
        """Set the option as soon as the web server listens, which it does after it has
        started us.
        """
        if not sockets.break_off_stalled_readers(self._limits.stalled_s):
            self._loop.call_later(0.2, self._guard_sockets)

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        """End, after the requests under way are finished."""
        self._workers.stop()
        self._probers.stop()

    async def __rsgi__(self, scope: Scope, protocol: ServerProtocol) -> None:
        """Answer one request, for a web server that does not call `schedule`."""
        exchange = AwaitedExchange(scope, protocol)
        self.schedule(exchange)
        await exchange.answered

    def schedule(self, exchange: Exchange) -> None:
        """Answer a request from memory, or see to it that a thread does, once its body is there.

        In the thread that reads requests: it waits for nothing, and raises nothing."""
        try:
            environ = make_environ(exchange.scope)
            if (
                environ["REQUEST_METHOD"] == "GET"
                and (response := self._answer_at_once(environ)) is not None
            ):
                send_response(exchange.proto, response)
                exchange.done()
            elif _has_body(environ):
                self._begin_body(exchange, environ)
            else:
                self._submit(exchange, environ, body=None)
        except BaseException:  # whoever calls this looks at no error
            log.exception("a request could not be begun")
            exchange.done()

    def _begin_body(self, exchange: Exchange, environ: WSGIEnvironment) -> None:
        stated = _stated_length(environ)
        if (
            stated is None
            or "HTTP_TRANSFER_ENCODING"
            in environ  # which counts, RFC 9112 section 6.3
            or not self._reader.is_short(stated)
        ):
            reading = self._reader.read(exchange.proto, stated=stated)
            self._await_body(exchange, environ, reading)
            return
        short = ShortBody(exchange.proto(), stated)
        deadline = time.monotonic() + self._limits.queue_s
        self._choose_workers(environ).submit(
            partial(self._answer_short, exchange, environ, short, deadline)
        )

    def _start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _answer_short(
        self,
        exchange: Exchange,
        environ: WSGIEnvironment,
        short: ShortBody,
        deadline: float,
    ) -> None:
        """Answer, in one of the threads, if the body is there by now, as nearly every short one is.
        Whoever is slower is waited for by the event loop, which holds no thread.
        """
        try:
            if not short.is_there():
                self._await_body(exchange, environ, self._reader.wait(short))
                return
            body = self._reader.take(short)
        except (NoRoom, Incomplete) as exc:
            try:
                send_response(exchange.proto, self._refused(environ, exc))
            finally:
                exchange.done()
            return
        except BaseException:
            exchange.done()
            raise
        environ["wsgi.input"] = body.file
        self._answer(exchange, environ, body, deadline)

    def _await_body(
        self,
        exchange: Exchange,
        environ: WSGIEnvironment,
        reading: Coroutine[Any, Any, Body],
    ) -> None:
        """Have the event loop read the body, and then a thread answer. From any thread."""
        read = self._read_body(exchange, environ, reading)
        self._loop.call_soon_threadsafe(self._start, read)

    async def _read_body(
        self,
        exchange: Exchange,
        environ: WSGIEnvironment,
        reading: Coroutine[Any, Any, Body],
    ) -> None:
        is_begun = False
        try:
            body = await reading
            environ["wsgi.input"] = body.file
            self._submit(exchange, environ, body=body)
            is_begun = True
        except (TooSlow, TooLong, NoRoom, Incomplete) as exc:
            send_response(exchange.proto, self._refused(environ, exc))
        finally:
            if not is_begun:
                exchange.done()

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

    def _submit(
        self, exchange: Exchange, environ: WSGIEnvironment, *, body: Body | None
    ) -> None:
        deadline = time.monotonic() + self._limits.queue_s
        self._choose_workers(environ).submit(
            partial(self._answer, exchange, environ, body, deadline)
        )

    def _choose_workers(self, environ: WSGIEnvironment) -> Workers:
        is_probe = environ["PATH_INFO"] in self._probes
        return self._probers if is_probe else self._workers

    def _answer(
        self,
        exchange: Exchange,
        environ: WSGIEnvironment,
        body: Body | None,
        deadline: float,
    ) -> None:
        """Send what the application answers, in one of the threads."""
        is_sent_in_parts = False
        try:
            response = self._respond(exchange, environ, deadline)
            if response is None:
                is_sent_in_parts = True
            else:
                send_response(exchange.proto, response)
        finally:
            if body is not None:
                body.close()
            if not is_sent_in_parts:
                exchange.done()

    def _respond(
        self, exchange: Exchange, environ: WSGIEnvironment, deadline: float
    ) -> Response | None:
        if time.monotonic() > deadline:
            return self._refuse(environ, HTTPStatus.SERVICE_UNAVAILABLE)
        try:
            return self._call(exchange, environ)
        except BaseException:  # one request's fault is none of the thread's
            log.exception("the application failed")
            return self._refuse(environ, HTTPStatus.INTERNAL_SERVER_ERROR)

    def _call(
        self, exchange: Exchange, environ: WSGIEnvironment
    ) -> Response | None:
        """Return the application's answer; None for one that comes in parts, which is sent."""
        start = _Start()
        environ["wsgi.file_wrapper"] = _File
        result = self._application(environ, start)
        path = result.path() if isinstance(result, _File) else None
        if path is None and (
            isinstance(result, _File) or getattr(result, "streaming", False)
        ):
            self._stream(exchange, start, result)
            return None
        try:
            body = b"".join(result) if path is None else path
            return Response(start.status, start.headers, body)
        finally:
            _close(result)

    def _stream(
        self, exchange: Exchange, start: _Start, result: Iterable[bytes]
    ) -> None:
        """Write the parts as they are made; the event loop sends them. Raises nothing: the answer
        has begun.
        """
        parts = Parts(self._loop)
        sending = self._send_parts(exchange, start, parts)
        self._loop.call_soon_threadsafe(self._start, sending)
        try:
            try:
                for part in result:
                    parts.write(part)
            finally:
                _close(result)
        except ClientGone:
            log.info("an answer's reader has gone")
        except BaseException:
            log.exception("the application failed after its answer had begun")
        finally:
            parts.end()

    async def _send_parts(
        self, exchange: Exchange, start: _Start, parts: Parts
    ) -> None:
        try:
            await send_parts(
                exchange.proto, Response(start.status, start.headers), parts
            )
        except Exception:  # granian's own, which it does not list
            log.info("an answer's reader has gone", exc_info=True)
        finally:
            exchange.done()


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


def _close(result: object) -> None:
    if hasattr(result, "close"):
        result.close()


def _has_body(environ: WSGIEnvironment) -> bool:
    """Source: RFC 9112 section 6.3: a request that states neither has none."""
    return (
        "HTTP_TRANSFER_ENCODING" in environ
        or environ.get("CONTENT_LENGTH", "0") != "0"
    )


def _stated_length(environ: WSGIEnvironment) -> int | None:
    stated = environ.get("CONTENT_LENGTH", "")
    return int(stated) if stated.isascii() and stated.isdigit() else None
