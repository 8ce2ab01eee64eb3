"""An HTTP proxy before the shop that loses answers on demand, and stays where it is while
the shop restarts.
"""

import http.client
import threading
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

HOP_BY_HOP = {
    "connection",
    "keep-alive",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "proxy-connection",
}


class Proxy:
    """Passes every request on to `upstream` (`http://host:port`), and counts; `.url` is
    where the browser goes.

    `loses(method, path)` is asked after the shop has answered: if it says yes, the
    connection is cut instead."""

    def __init__(self) -> None:
        self.upstream = ""
        self.loses: Callable[[str, str], bool] = lambda method, path: False
        self.seen: Counter[tuple[str, str, int]] = Counter()
        self.lost: Counter[tuple[str, str]] = Counter()
        self.refresh_cookies: list[str] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(
            ("127.0.0.1", 0), type("Handler", (_Handler,), {"proxy": self})
        )
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, daemon=True
        )
        self._thread.start()

    def note(self, method: str, path: str, status: int) -> None:
        with self._lock:
            self.seen[method, path, status] += 1

    def count(self, path: str, status: int | None = None) -> int:
        """Return how many requests for exactly this path were answered (with this status)."""
        with self._lock:
            return sum(
                n
                for (_, at, code), n in self.seen.items()
                if at == path and status in {None, code}
            )

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: Proxy

    def _pass_on(self) -> None:
        proxy, path = self.proxy, urlsplit(self.path).path
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else None
        headers = {
            name: value
            for name, value in self.headers.items()
            if name.lower() not in HOP_BY_HOP
        }
        upstream = http.client.HTTPConnection(
            urlsplit(proxy.upstream).netloc, timeout=30
        )
        try:
            upstream.request(self.command, self.path, body, headers)
            answer = upstream.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):
            proxy.note(self.command, path, 0)
            self.close_connection = True  # as if nobody listened
            return
        finally:
            upstream.close()
        proxy.note(self.command, path, answer.status)
        if path == "/api/auth/refresh" and "Cookie" in self.headers:
            proxy.refresh_cookies.append(self.headers["Cookie"])
        if proxy.loses(self.command, path):
            with proxy._lock:
                proxy.lost[self.command, path] += 1
            self.close_connection = True
            return
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP | {"content-length"}:
                self.send_header(name, value)
        if answer.status not in {204, 304}:
            size = (
                answer.getheader("Content-Length")
                if self.command == "HEAD"
                else None
            )
            self.send_header("Content-Length", size or str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    # the base class's names
    do_GET = do_POST = do_PUT = do_PATCH = _pass_on  # noqa: N815
    do_DELETE = do_HEAD = do_OPTIONS = _pass_on  # noqa: N815

    def handle(self) -> None:
        try:
            super().handle()
        except (ConnectionError, TimeoutError):
            return  # the browser has gone elsewhere

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
        """Keep the tests' output for the tests."""
