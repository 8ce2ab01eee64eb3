"""A server that takes what an SDK sends to Sentry and keeps it, to be read.

Source: https://develop.sentry.dev/sdk/data-model/envelopes/
"""

import gzip
import json
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import brotli


class Inbox:
    """What has arrived: the bytes of each envelope, unpacked, and its items."""

    def __init__(self, port: int) -> None:
        self.dsn = f"http://key@127.0.0.1:{port}/1"
        self.bytes: list[bytes] = []
        self.items: list[tuple[dict[str, Any], Any]] = []

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        """Return the items of a type: `event`, `transaction` …"""
        return [body for header, body in self.items if header["type"] == kind]

    def errors(self) -> list[str]:
        """Return each error that was reported, as `ClassName: message`."""
        found = []
        for event in self.of_type("event"):
            if "exception" in event:
                last = event["exception"]["values"][-1]
                found.append(f"{last['type']}: {last['value']}")
            else:
                found.append(
                    f"message: {event.get('message') or event['logentry']['message']}"
                )
        return found

    def take(self, envelope: bytes) -> None:
        """Read an envelope: a header line, then for each item a header line and so many
        bytes as it says.
        """
        self.bytes.append(envelope)
        _, _, rest = envelope.partition(b"\n")
        while rest.strip():
            line, _, rest = rest.partition(b"\n")
            header = json.loads(line)
            length = header.get(
                "length", rest.find(b"\n") if b"\n" in rest else len(rest)
            )
            body, rest = rest[:length], rest[length:].removeprefix(b"\n")
            self.items.append(
                (header, json.loads(body) if body.startswith(b"{") else body)
            )


@contextmanager
def listening() -> Iterator[Inbox]:
    """Run the server on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            unpack = {
                "gzip": gzip.decompress,
                "br": brotli.decompress,
                "deflate": zlib.decompress,
            }
            coding = self.headers.get("Content-Encoding", "")
            assert self.path.startswith("/api/1/envelope")
            assert "sentry_key=key" in self.headers["X-Sentry-Auth"]
            inbox.take(unpack[coding](body) if coding else body)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base's name)
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        inbox = Inbox(server.server_port)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield inbox
        finally:
            server.shutdown()
