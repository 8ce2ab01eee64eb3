"""A server of somebody else's, on loopback, that behaves as it is told, and keeps what came."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Received:
    """A request that came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def message_id(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Receiver:
    """The server. `status` is what it answers; `hang_s` how long it says nothing before;
    `location` where it redirects to; `drip` sends its head a byte at a time, for ever.
    """

    host: str = "127.0.0.1"
    port: int = 0
    status: int = 200
    hang_s: float = 0.0
    location: str = ""
    drip: bool = False
    received: list[Received] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str = "/hook", host: str = "") -> str:
        return f"http://{host or self.host}:{self.port}{path}"

    def count(self) -> Counter[str]:
        """Return how often each message came."""
        return Counter(one.message_id for one in list(self.received))


class _Handler(BaseHTTPRequestHandler):
    receiver: Receiver

    def do_POST(self) -> None:
        receiver = self.receiver
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        receiver.received.append(Received(self.path, headers, body))
        if receiver.hang_s:
            receiver.stopping.wait(receiver.hang_s)
        if receiver.drip:
            self._drip()
            return
        self.send_response(receiver.status)
        if receiver.location:
            self.send_header("Location", receiver.location)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"noted")

    def _drip(self) -> None:
        try:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while not self.receiver.stopping.wait(0.05):
                self.wfile.write(b"a")
        except OSError:
            pass  # cut off, as it should be

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def receiving(**behaviour: Any) -> Iterator[Receiver]:
    """Run a receiver until the block ends."""
    receiver = Receiver(**behaviour)

    class Handler(_Handler):
        pass

    Handler.receiver = receiver
    server = ThreadingHTTPServer((receiver.host, receiver.port), Handler)
    server.daemon_threads = True
    receiver.port = server.server_address[1]
    thread = threading.Thread(
        target=server.serve_forever, args=(0.05,), daemon=True
    )
    thread.start()
    try:
        yield receiver
    finally:
        receiver.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


def wait_until(happened: Any, within_s: float = 30.0) -> None:
    """Wait for it."""
    until = time.monotonic() + within_s
    while not happened():
        assert time.monotonic() < until
        time.sleep(0.02)
