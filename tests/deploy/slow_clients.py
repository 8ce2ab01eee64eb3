"""Clients that are slow on purpose, and a reader who measures what the others notice of
them. Loopback only.
"""

from __future__ import annotations

import socket
import statistics
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

KINDS = ("headers", "body", "chunked", "reading", "silent")
STEP_S = 1.0  # between two bytes of a slow client
LOGIN = "POST /api/auth/login HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
OPENINGS = {
    "headers": "GET /api/products HTTP/1.1\r\nHost: {host}\r\nX-Slow: ",
    "body": LOGIN + "Content-Length: 5000\r\n\r\n{{",
    "chunked": LOGIN + "Transfer-Encoding: chunked\r\n\r\n1\r\n{{\r\n",
    "reading": "GET {big} HTTP/1.1\r\nHost: {host}\r\n\r\n",
    "silent": LOGIN + "Content-Length: 5000\r\n\r\n",
}
DROPS = {"headers": b"a", "body": b" ", "chunked": b"1\r\n \r\n"}


class SlowClients:
    """So many clients of one kind; who is hung up on connects again, as an attacker would."""

    def __init__(
        self,
        address: tuple[str, int],
        kind: str,
        count: int,
        *,
        host: str,
        big: str,
    ) -> None:
        self._address, self._kind, self._count = address, kind, count
        self._opening = OPENINGS[kind].format(host=host, big=big).encode()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._go_on, daemon=True)
        self._sockets: list[socket.socket] = []
        self.opened = self.closed_by_server = 0
        self.answers: list[bytes] = []

    def __enter__(self) -> SlowClients:
        for _ in range(self._count):
            self._open()
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._ended.set()
        self._thread.join()
        for one in self._sockets:
            one.close()

    def _open(self) -> None:
        one = socket.socket()
        one.settimeout(5)
        if self._kind == "reading":
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        try:
            one.connect(self._address)
            one.sendall(self._opening * (20 if self._kind == "reading" else 1))
        except OSError:
            one.close()
            return
        one.setblocking(False)
        self.opened += 1
        self._sockets.append(one)

    def _go_on(self) -> None:
        while not self._ended.wait(STEP_S):
            for one in list(self._sockets):
                if not self._drip(one):
                    one.close()
                    self._sockets.remove(one)
                    self.closed_by_server += 1
            for _ in range(self._count - len(self._sockets)):
                self._open()

    def _drip(self, one: socket.socket) -> bool:
        """Send or read a byte; return whether the connection still stands."""
        try:
            if self._kind == "reading":
                return bool(one.recv(1))
            with suppress(BlockingIOError):
                if self._kind in DROPS:
                    one.send(DROPS[self._kind])
            if answer := one.recv(4000):
                self.answers.append(answer)
            return False  # whatever comes is a refusal
        except BlockingIOError:
            return True
        except OSError:
            return False


@dataclass
class Readings:
    """Seconds that each of somebody else's requests took; what failed."""

    seconds: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        """Return the seconds that this share of the requests stayed within."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]

    def describe(self) -> str:
        """Return the figures in a line."""
        middle = statistics.median(self.seconds) if self.seconds else 0
        last = self.percentile(0.99) if self.seconds else 0
        return (
            f"{len(self.seconds)} reads, median {middle * 1000:.1f} ms, p99"
            f" {last * 1000:.1f} ms, {self.failed[:3]}"
        )


def read_for(
    seconds: float,
    base: str,
    paths: Mapping[str, int],
    *,
    headers: Mapping[str, str],
    pause_s: float = 0.02,
) -> Readings:
    """Ask for each path in turn, for so many seconds; each has a status that it must answer."""
    found, until = Readings(), time.monotonic() + seconds
    while time.monotonic() < until:
        for path, expected in paths.items():
            start = time.monotonic()
            status = _ask(base + path, headers)
            found.seconds.append(time.monotonic() - start)
            if status != expected:
                found.failed.append(f"{path}: {status}")
            time.sleep(pause_s)
    return found


def _ask(url: str, headers: Mapping[str, str]) -> int | str:
    request = urllib.request.Request(url, headers=dict(headers))  # noqa: S310 (ours)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 (ours)
            answer.read()
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError as error:
        return repr(error)
