"""A WSGI application behind the event loop: what it answers, files, parts, faults, and what
it never sees.
"""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from markrin.server.bodies import BodyLimits
from markrin.server.bridge import Bridge, Limits
from markrin.server.responses import Response
from tests.server.test_environ import Headers, Scope


@dataclass
class Connection:
    """A client: what it sends, how slowly, and what it got."""

    sends: list[bytes] = field(default_factory=list)
    pause_s: float = 0.0
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    file: str = ""
    gone_after: int | None = None
    is_cut: bool = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self.sends:
            await asyncio.sleep(self.pause_s)
            yield part

    def __call__(self) -> "asyncio.Task[bytes]":
        """Return the whole body, which is read meanwhile."""
        return asyncio.ensure_future(self._read_all())

    async def _read_all(self) -> bytes:
        whole = b"".join([part async for part in self])
        if self.is_cut:
            raise RuntimeError("the client has gone")
        return whole

    def response_bytes(
        self, status: int, headers: list[tuple[str, str]], body: bytes
    ) -> None:
        self.status, self.headers, self.body = status, dict(headers), body

    def response_file(
        self, status: int, headers: list[tuple[str, str]], file: str
    ) -> None:
        self.status, self.headers, self.file = status, dict(headers), file

    def response_stream(
        self, status: int, headers: list[tuple[str, str]]
    ) -> "Connection":
        self.status, self.headers = status, dict(headers)
        return self

    async def send_bytes(self, data: bytes) -> None:
        if self.gone_after is not None and len(self.body) >= self.gone_after:
            raise ConnectionError
        self.body += data


def refuse(environ: dict[str, Any], status: HTTPStatus) -> Response:
    return Response(status, [("X-Refused", str(int(status)))], b"")


def serve_clients(
    application: Callable[..., Any],
    *clients: tuple[Any, Connection],
    answer_at_once: Callable[[dict[str, Any]], Response | None] = lambda environ: (
        None
    ),
    **limits: Any,
) -> list[Connection]:
    """Serve all clients at once, as one process does."""

    async def serve() -> None:
        bridge = Bridge(
            application,
            refuse=refuse,
            answer_at_once=answer_at_once,
            probes=frozenset({"/health"}),
            limits=Limits(**limits),
        )
        bridge._guard_sockets = lambda: None  # type: ignore[method-assign]  # nothing listens here
        bridge.__rsgi_init__(asyncio.get_running_loop())
        try:
            await asyncio.gather(
                *(bridge.__rsgi__(*each) for each in clients),
                return_exceptions=True,
            )
        finally:
            bridge.__rsgi_del__(asyncio.get_running_loop())

    asyncio.run(serve())
    return [connection for _, connection in clients]


def post(
    *sends: bytes, stated: int | None = None, pause_s: float = 0
) -> tuple[Scope, Connection]:
    chunked = ("transfer-encoding", "chunked")
    headers = [("content-length", str(stated)) if stated is not None else chunked]
    return Scope(Headers(headers), method="POST"), Connection(list(sends), pause_s)


def echo(
    environ: dict[str, Any], start_response: Callable[..., Any]
) -> list[bytes]:
    start_response("200 OK", [("X-Method", environ["REQUEST_METHOD"])])
    return [environ["wsgi.input"].read()]


@pytest.mark.parametrize("size", [1, 16 * 1024 - 1, 16 * 1024, 1_000_000], ids=str)
@pytest.mark.parametrize("is_stated", [True, False], ids=["stated", "chunked"])
def test_a_body_comes_whole(size: int, is_stated: bool) -> None:
    stated = size + 1 if is_stated else None
    (found,) = serve_clients(echo, post(b"a", b"b" * size, stated=stated))
    assert (found.status, found.headers) == (200, {"X-Method": "POST"})
    assert found.body == b"a" + b"b" * size


def test_what_is_in_memory_needs_no_thread() -> None:
    threads = []

    def answer_at_once(environ: dict[str, Any]) -> Response | None:
        threads.append(threading.current_thread())
        return (
            Response(200, [], b"kept") if environ["PATH_INFO"] == "/kept" else None
        )

    found = serve_clients(
        echo,
        (Scope(path="/kept"), Connection()),
        (Scope(path="/other"), Connection()),
        (Scope(path="/kept", method="POST"), Connection()),
        answer_at_once=answer_at_once,
    )
    assert [each.body for each in found] == [b"kept", b"", b""]
    assert threads == [threading.current_thread()] * 2, "a POST changes something"


@pytest.mark.parametrize(
    ("client", "status"),
    [
        (post(b"a", b"b", b"c", stated=3, pause_s=0.2), 408),
        (post(b"a" * 60, stated=101), 413),
        (post(*[b"a" * 30] * 4), 413),
        (post(b"a", stated=2), 400),
    ],
    ids=["slow", "stated too long", "chunks too long", "cut off"],
)
@pytest.mark.asvs("2.4.1")
def test_what_does_not_arrive_whole_never_reaches_the_application(
    client: tuple[Scope, Connection], status: int
) -> None:
    called = []
    body = BodyLimits(seconds=0.3, bytes_per_second=10_000, max_bytes=100)
    (found,) = serve_clients(lambda *given: called.append(given), client, body=body)
    assert (found.status, called) == (status, [])
    assert found.headers["Connection"] == "close", (
        "the rest would be read as a request"
    )


def test_a_short_body_that_breaks_off_never_reaches_the_application() -> None:
    """Nor does one that is late, and that has ended by the time it is looked at."""
    called: list[object] = []
    at_once, late = post(b"ab", stated=4), post(b"ab", stated=4, pause_s=0.1)
    for _, connection in (at_once, late):
        connection.is_cut = True
    found = serve_clients(lambda *given: called.append(given), at_once, late)
    assert [(each.status, each.headers["Connection"]) for each in found] == [
        (400, "close"),
        (400, "close"),
    ]
    assert called == []


def test_whoever_is_slow_to_send_a_short_body_holds_no_thread() -> None:
    answered: list[str] = []

    def note(
        environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> list[bytes]:
        answered.append(environ["REQUEST_METHOD"])
        return echo(environ, start_response)

    slow = [post(b"a", b"b", stated=2, pause_s=0.2) for _ in range(4)]
    found = serve_clients(note, *slow, (Scope(), Connection()), threads=1)
    assert answered == ["GET", *["POST"] * 4]
    assert [each.body for each in found] == [b"ab"] * 4 + [b""]


def test_a_web_server_whose_bodies_can_only_be_awaited_will_do() -> None:
    class Awaited(Connection):
        def __call__(self) -> Any:
            return self._read_all()  # a coroutine

    scope, _ = post(stated=2)
    (found,) = serve_clients(echo, (scope, Awaited([b"a", b"b"])))
    assert (found.status, found.body) == (200, b"ab")


def test_a_short_bodys_time_counts_while_it_waits_for_a_thread() -> None:
    def hold(
        environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> list[bytes]:
        time.sleep(1.0)
        return echo(environ, start_response)

    class Timed(Connection):
        async def _read_all(self) -> bytes:
            began = time.monotonic()
            try:
                await asyncio.sleep(30)
            finally:
                self.waited_s = time.monotonic() - began
            return b""

    scope, _ = post(stated=2)
    silent = Timed()
    found = serve_clients(
        hold,
        *((Scope(), Connection()) for _ in range(2)),
        (scope, silent),
        threads=2,
        at_once=2,
        settled_s=5.0,
        body=BodyLimits(seconds=0.5),
    )
    assert [each.status for each in found] == [200, 200, 408]
    assert silent.waited_s < 1.4, "its half second began with its turn"


def test_whoever_asks_whether_a_short_body_is_there_waits_a_moment() -> None:
    """The web server's thread says so under a lock that the asking thread holds."""
    asked: list[float] = []

    class Whole:
        def done(self) -> bool:
            asked.append(time.monotonic())
            return len(asked) == 3

        def result(self) -> bytes:
            return b"ab"

        def __await__(self) -> Any:
            raise AssertionError("the event loop is not needed")

    class Soon(Connection):
        def __call__(self) -> Any:
            return Whole()

    scope, _ = post(stated=2)
    (found,) = serve_clients(echo, (scope, Soon()))
    assert (found.status, found.body, len(asked)) == (200, b"ab", 3)


def test_a_short_body_that_cannot_be_asked_for_lets_its_client_go() -> None:
    class Fails(Connection):
        def __call__(self) -> Any:
            class Whole:
                def done(self) -> bool:
                    raise KeyError("a fault")

            return Whole()

    scope, _ = post(stated=2)
    failing, other = serve_clients(echo, (scope, Fails()), (Scope(), Connection()))
    assert (failing.status, other.status) == (0, 200)


def test_bodies_together_are_bounded() -> None:
    body = BodyLimits(seconds=5, max_bytes_of_all=150)
    clients = [
        post(b"a" * 60, b"b" * 40, stated=100, pause_s=0.1) for _ in range(2)
    ]
    assert sorted(
        each.status for each in serve_clients(echo, *clients, body=body)
    ) == [
        200,
        503,
    ]
    later = [post(b"a" * 100, stated=100)]
    assert serve_clients(echo, *later, body=body)[0].status == 200


def test_probes_are_answered_while_every_thread_is_busy() -> None:
    answered: list[str] = []
    probed = threading.Event()

    def application(
        environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> list[bytes]:
        if environ["PATH_INFO"] == "/health":
            probed.set()
        else:
            assert probed.wait(20), "a busy thread held the probe up"
        answered.append(environ["PATH_INFO"])
        start_response("200 OK", [])
        return [b""]

    work = [(Scope(), Connection()) for _ in range(4)]
    serve_clients(
        application, *work, (Scope(path="/health"), Connection()), threads=2
    )
    assert (answered[0], len(answered)) == ("/health", 5)


def test_a_request_that_waits_too_long_for_a_thread_is_refused() -> None:
    def slow(
        environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> list[bytes]:
        time.sleep(0.5)
        start_response("200 OK", [])
        return [b""]

    found = serve_clients(
        slow, *((Scope(), Connection()) for _ in range(3)), threads=1, queue_s=0.7
    )
    assert sorted(each.status for each in found) == [200, 200, 503]


@pytest.mark.parametrize("fault", [ValueError, SystemExit, asyncio.CancelledError])
def test_an_application_that_fails_is_a_500(fault: type[BaseException]) -> None:
    def fail(
        environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> list[bytes]:
        if environ["PATH_INFO"] == "/fail":
            raise fault
        return echo(environ, start_response)

    failing = [(Scope(path="/fail"), Connection()) for _ in range(5)]
    found = serve_clients(fail, *failing, (Scope(), Connection()), threads=2)
    assert [each.status for each in found] == [500] * 5 + [200]


def test_whoever_cannot_be_answered_is_let_go() -> None:
    """The web server then answers 500 itself."""

    class Refuses(Connection):
        def response_bytes(self, *answer: object) -> None:
            raise ValueError("a header that the web server does not take")

    sent = b"a" * 100
    waiting = [
        (Scope(), Refuses()),
        (post(stated=200)[0], Refuses()),
        (post(stated=3)[0], Refuses([sent])),
    ]
    body = BodyLimits(max_bytes=150)
    answered = serve_clients(echo, *waiting, (Scope(), Connection()), body=body)
    assert answered[-1].status == 200


class Parts:
    """A streaming answer, as Django's."""

    streaming = True

    def __init__(self) -> None:
        self.made = 0
        self.closed = threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        for _ in range(200):
            self.made += 1
            yield b"x" * 10
            time.sleep(0.002)

    def close(self) -> None:
        self.closed.set()


@pytest.mark.parametrize(("gone_after", "whole"), [(None, True), (50, False)])
def test_an_answer_in_parts_is_sent_as_it_is_made(
    gone_after: int | None, whole: bool
) -> None:
    parts = Parts()

    def stream(
        environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Parts:
        start_response("200 OK", [])
        return parts

    (found,) = serve_clients(stream, (Scope(), Connection(gone_after=gone_after)))
    assert (len(found.body) == 2000, parts.made == 200) == (
        whole,
        whole,
    )
    assert parts.closed.wait(5)


def test_what_fails_once_its_answer_has_begun_is_no_second_answer() -> None:
    class Failing(Parts):
        def close(self) -> None:
            super().close()
            raise ValueError("a fault")

    parts = Failing()

    def stream(
        environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Parts:
        start_response("200 OK", [])
        return parts

    (found,) = serve_clients(stream, (Scope(), Connection()))
    assert (found.status, len(found.body)) == (200, 2000)
    assert parts.closed.is_set()


def test_a_file_is_left_to_the_web_server(tmp_path: Path) -> None:
    path = tmp_path / "picture"
    path.write_bytes(b"0123456789")

    def send_whole_file(
        environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Any:
        start_response("200 OK", [("Content-Type", "image/webp")])
        return environ["wsgi.file_wrapper"](path.open("rb"))

    def rest(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        file = path.open("rb")
        file.seek(4)
        start_response("206 Partial Content", [])
        return environ["wsgi.file_wrapper"](file)

    (found,) = serve_clients(send_whole_file, (Scope(), Connection()))
    assert (found.file, found.body) == (str(path), b"")
    (found,) = serve_clients(rest, (Scope(), Connection()))
    assert (found.file, found.body) == ("", b"456789")
