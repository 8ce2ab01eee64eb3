"""One call to an address that somebody else has named: to a public address, over a connection
that is pinned to it, without following redirects, within a time that is the whole call's.

`requests` keeps neither the last promise (its time-out begins anew with every byte) nor the first
one (it asks the name server once more after whoever checked), so the connection is made here and
handed to the standard library's HTTP client.
"""

import contextlib
import http.client
import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Final
from urllib.parse import SplitResult

import certifi

from markrin.outbound.addresses import AddressRefused, parse_url, resolve_public

CONNECT_S: Final = 5.0
_READ_AT_ONCE: Final = 16_384

__all__ = ["AddressRefused", "CallFailed", "Reply", "send"]


class CallFailed(Exception):
    """There was no answer: no connection, no TLS, none in time, or none that is HTTP."""


@dataclass(frozen=True)
class Reply:
    """An answer. `body` is its beginning; names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def send(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes = b"",
    total_s: float = 10.0,
    max_bytes: int = 4096,
) -> Reply:
    """Call the address and return what it answers, a redirect included, with at most
    `max_bytes` of the body. It takes `total_s` seconds at most; the name server is asked
    besides, within its own time.

    Raises:
        AddressRefused: it is not public, or not https.
        CallFailed: there is no answer in time.
    """
    parts = parse_url(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    addresses = resolve_public(host, port, scheme=parts.scheme)
    until = time.monotonic() + total_s
    try:
        with _connect(addresses, port, until) as raw, _cut_off(raw, until):
            stream = _secure(raw, host) if parts.scheme == "https" else raw
            reply = _exchange(
                stream,
                method,
                parts,
                headers=headers,
                body=body,
                max_bytes=max_bytes,
            )
        if time.monotonic() >= until:  # cut off in the middle of its head, perhaps
            raise TimeoutError
        return reply
    except (OSError, http.client.HTTPException, ValueError) as exc:
        late = time.monotonic() >= until
        reason = f"no answer within {total_s:g} s" if late else _error_text(exc)
        raise CallFailed(reason) from exc


def _error_text(exc: Exception) -> str:
    text = str(exc) or type(exc).__name__
    return f"{type(exc).__name__}: {text}"[:200]


@contextmanager
def _connect(
    addresses: list[str], port: int, until: float
) -> Iterator[socket.socket]:
    """Give a connection to the first of the addresses that takes one."""
    failed: OSError | None = None
    for address in addresses[:3]:
        left = min(CONNECT_S, until - time.monotonic())
        if left <= 0:
            break
        try:
            raw = socket.create_connection((address, port), timeout=left)
        except OSError as exc:
            failed = exc
            continue
        raw.settimeout(max(0.1, until - time.monotonic()))
        try:
            yield raw
        finally:
            raw.close()
        return
    raise failed or TimeoutError("no connection in time")


@contextmanager
def _cut_off(raw: socket.socket, until: float) -> Iterator[None]:
    """End the connection at `until`, whatever the other side still sends, a byte at a time."""
    # TLS takes the socket over; a second handle on the connection stays ours.
    handle = socket.socket(fileno=os.dup(raw.fileno()))

    def shut_down() -> None:
        with contextlib.suppress(OSError):  # it has ended already
            handle.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(0.0, until - time.monotonic()), shut_down)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        handle.close()


def _secure(raw: socket.socket, host: str) -> ssl.SSLSocket:
    return _tls(os.environ.get("SSL_CERT_FILE", "")).wrap_socket(
        raw, server_hostname=host
    )


@cache
def _tls(ca_file: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_file or certifi.where())


def _exchange(
    stream: socket.socket,
    method: str,
    parts: SplitResult,
    *,
    headers: Mapping[str, str],
    body: bytes,
    max_bytes: int,
) -> Reply:
    connection = http.client.HTTPConnection(parts.hostname or "")
    connection.sock = stream
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    sent = {"Host": parts.netloc, "Connection": "close", **headers}
    try:
        connection.request(method, target, body=body or None, headers=sent)
        answer = connection.getresponse()
        kept = b""
        while len(kept) < max_bytes and (
            part := answer.read(min(_READ_AT_ONCE, max_bytes - len(kept)))
        ):
            kept += part
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(answer.status, found, kept)
    finally:
        connection.close()
