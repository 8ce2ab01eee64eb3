"""In which thread the web server tells of a request."""

import http.client
import socket
import time
from contextlib import closing

from tests import services


def test_granian_calls_what_schedules_in_the_thread_that_reads_requests():
    with (
        services.web(application="tests.server.threads_rsgi:application") as web,
        closing(
            http.client.HTTPConnection(web.url.removeprefix("http://"), timeout=20)
        ) as connection,
    ):

        def send(path: str, body: bytes | None = None) -> str:
            connection.request("GET" if body is None else "POST", path, body)
            return connection.getresponse().read().decode()

        assert send("/kept") == send("/kept") != "MainThread", (
            "the event loop's, which each request would have to wake"
        )
        # One connection takes them all: each body is read to its end, and no further.
        for sent in (None, b"x", b"y" * 100_000, b"", None, b"z"):
            thread, body = send("/other", sent).split(" ")
            assert (thread[:6], body) == ("worker", (sent or b"").decode())


def test_a_body_that_states_a_length_and_is_chunked_is_no_short_one():
    """It may be refused, or be read as chunked. Source: RFC 9112 section 6.3."""
    with services.web(application="tests.server.threads_rsgi:application") as web:
        host, port = web.url.removeprefix("http://").split(":")
        sent = (
            f"POST /other HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1\r\n"
            "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
            f"4\r\nabcd\r\n{100_000:x}\r\n{'z' * 100_000}\r\n0\r\n\r\n"
        ).encode()
        with socket.create_connection((host, int(port)), timeout=20) as link:
            link.sendall(sent)
            answer = b"".join(iter(lambda: link.recv(65_536), b""))
        status, _, body = answer.partition(b"\r\n\r\n")
        assert b" 400 " in status or body.endswith(b"abcd" + b"z" * 100_000)


def test_a_short_body_may_come_late_or_not_at_all():
    """Of the one that broke off nobody hears; what comes after it is answered as ever."""
    with services.web(application="tests.server.threads_rsgi:application") as web:
        host, port = web.url.removeprefix("http://").split(":")
        head = (
            f"POST /other HTTP/1.1\r\nHost: {host}\r\nContent-Length: 4\r\n"
            "Connection: close\r\n\r\n"
        ).encode()

        def send(*parts: bytes) -> bytes:
            with socket.create_connection((host, int(port)), timeout=20) as link:
                for part in parts:
                    link.sendall(part)
                    time.sleep(0.3)
                link.shutdown(socket.SHUT_WR)
                return b"".join(iter(lambda: link.recv(65_536), b""))

        assert send(head + b"abcd").endswith(b" abcd")
        assert send(head, b"ab", b"cd").endswith(b" abcd")
        broken_off = send(head, b"ab")
        assert b" ab" not in broken_off.partition(b"\r\n\r\n")[2]
        assert send(head + b"abcd").endswith(b" abcd")
