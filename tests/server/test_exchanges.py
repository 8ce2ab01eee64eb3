"""In which thread the web server tells of a request."""

import http.client
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
