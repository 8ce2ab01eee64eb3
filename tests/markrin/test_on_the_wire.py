"""What only a real connection can send, to the real web server: chunks, wrong lengths, raw
bytes.
"""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from http.client import HTTPResponse
from typing import Any

import pytest

from dev import web_server
from dev.processes import wait_for
from tests import services

PATH = "/api/orders/0190b6f0-7000-7000-8000-00000000000a"
HEAD = (
    f"PATCH {PATH} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type:"
    " application/json\r\n"
)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    number = services.free_port()
    command = [
        sys.executable,
        "-m",
        "granian",
        *web_server.SHOP_OPTIONS,
        "--host",
        "127.0.0.1",
        "--port",
        str(number),
    ]
    with subprocess.Popen(
        [*command, "tests.markrin.front_rsgi:application"]
    ) as server:
        try:
            _wait(server, number)
            yield number
        finally:
            server.terminate()
            server.wait(20)


def _wait(server: "subprocess.Popen[bytes]", port: int) -> None:
    def listens() -> bool:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        return server.poll() is not None

    assert wait_for(listens, seconds=120)
    assert server.poll() is None, "the web server does not listen"


def send(port: int, *parts: bytes, pause_s: float = 0) -> tuple[int, Any]:
    """Send the bytes as they are; return the answer's status and document."""
    with socket.create_connection(("127.0.0.1", port), 60) as connection:
        for part in parts:
            connection.sendall(part)
            time.sleep(pause_s)
        answer = HTTPResponse(connection)
        answer.begin()
        body = answer.read()
    return answer.status, (
        json.loads(body)
        if "json" in answer.headers.get("Content-Type", "")
        else body
    )


def chunks(*parts: bytes) -> Iterable[bytes]:
    yield (HEAD + "Transfer-Encoding: chunked\r\n\r\n").encode()
    for part in parts:
        yield f"{len(part):x}\r\n".encode() + part + b"\r\n"
    yield b"0\r\n\r\n"


def test_a_chunked_body_is_read(port: int) -> None:
    assert send(port, *chunks(b'{"gi', b'ft":', b"true}"), pause_s=0.05) == (
        200,
        {"said": "{'gift': True}"},
    )


def test_a_chunked_body_is_measured(port: int) -> None:
    status, problem = send(port, *chunks(*[b" " * 60_000] * 2, b'{"gift":true}'))
    assert (status, problem["code"]) == (413, "too_large")


def test_a_chunked_body_is_a_body(port: int) -> None:
    assert send(port, *chunks())[1]["code"] == "malformed"
    unasked = [
        part.replace(f"PATCH {PATH}".encode(), b"DELETE /api/orders")
        for part in chunks(b"{}")
    ]
    status, problem = send(port, *unasked)
    assert (status, problem["errors"][0]["code"]) == (400, "unexpected")


def test_a_stated_length_is_measured(port: int) -> None:
    body = b" " * 102_400 + b'{"gift":true}'
    status, problem = send(
        port, f"{HEAD}Content-Length: {len(body)}\r\n\r\n".encode() + body
    )
    assert (status, problem["code"]) == (413, "too_large")


@pytest.mark.asvs("4.2.1")
def test_a_body_shorter_than_stated_is_refused(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), 60) as connection:
        connection.sendall(f"{HEAD}Content-Length: 100\r\n\r\n{{}}".encode())
        connection.shutdown(socket.SHUT_WR)
        assert b" 200 " not in connection.recv(65536)


@pytest.mark.parametrize(
    "path",
    [
        b"/api/orders/%00",
        b"/api/keys/\xff",
        b"/api/orders?page=\xff",
        b"/api/keys/%2e%2e%2f",
    ],
)
def test_raw_bytes_in_a_path_are_no_fault_of_ours(port: int, path: bytes) -> None:
    status, _ = send(
        port,
        b"GET "
        + path
        + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    )
    assert status in (400, 404)


def test_a_type_in_an_unknown_encoding_is_answered(port: int) -> None:
    head = f"{HEAD}Content-Length: 13\r\n\r\n".replace(
        "application/json", "application/json; x*=bogus''%41"
    )
    assert send(port, head.encode() + b'{"gift":true}')[0] == 200
