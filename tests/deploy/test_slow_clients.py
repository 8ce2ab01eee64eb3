"""Slow and silent clients cost connections and never a thread: behind each front, and without one.

The short form mixes the kinds; `make slow` has 200 of each kind for 30 s, and holds the
readers' 99th percentile to twice the undisturbed one."""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from dev.processes import wait_for
from tests import services
from tests.deploy.fronts import FRONTS
from tests.deploy.slow_clients import KINDS, SlowClients, read_for
from tests.factories import make_product, make_variant

SECONDS = float(os.environ.get("SLOW_SECONDS", "0"))
EACH = 200 if SECONDS else 40
PATHS = {"/api/products?limit=1": 200, "/api/cart": 200, "/api/categories": 200}
HOST = {"Host": "shop.test"}
BIG = "/api/products?limit=100&facets=true"

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]


@pytest.fixture
def catalogue(transactional_db: None) -> None:
    for number in range(30):
        make_variant(
            product=make_product(
                name=f"Linen shirt {number}", description="x" * 4000
            )
        )


@pytest.fixture
def web(catalogue: None) -> Iterator[services.Running]:
    env = {
        "ALLOWED_HOSTS": "shop.test,127.0.0.1",
        "CACHE_ANSWERS": "1",
        "REQUEST_BODY_S": "4",
    }
    with services.web(env=env) as running:
        yield running


def _port(web: services.Running) -> int:
    return int(web.url.rpartition(":")[2])


@pytest.mark.asvs("15.2.2")
@pytest.mark.parametrize("front", ["none", *FRONTS])
def test_nobody_else_notices_slow_clients(
    front: str, web: services.Running
) -> None:
    with ExitStack() as stack:
        port = _port(web)
        if front != "none":
            port = stack.enter_context(FRONTS[front]([port]))
        base = f"http://127.0.0.1:{port}"
        paths = PATHS | (
            {"/health/live": 200, "/health/ready": 200} if front == "none" else {}
        )
        before = read_for(SECONDS / 3 or 1, base, paths, headers=HOST)
        assert before.failed == []
        groups = [(kind,) for kind in KINDS] if SECONDS else [KINDS]
        for kinds in groups:
            with ExitStack() as slow:
                clients = [
                    slow.enter_context(
                        SlowClients(
                            ("127.0.0.1", port),
                            kind,
                            EACH,
                            host="shop.test",
                            big=BIG,
                        )
                    )
                    for kind in kinds
                ]
                assert [each.opened for each in clients] == [EACH] * len(kinds)
                # Whoever reads slowly has asked for much first: that is work, and it is soon done.
                read_for(SECONDS / 3 or 1, base, paths, headers=HOST)
                during = read_for(SECONDS or 3, base, paths, headers=HOST)
            print(f"{front:6} {'+'.join(kinds):8} {during.describe()}")  # noqa: T201 (`make slow`)
            assert during.failed == []
            assert during.percentile(1.0) < 8, "somebody waited for a slow client"
            if SECONDS:
                assert (
                    during.percentile(0.99) <= 2 * before.percentile(0.99) + 0.005
                )


@pytest.mark.parametrize("kind", ["body", "chunked", "silent"])
def test_a_body_has_a_total_deadline(kind: str, web: services.Running) -> None:
    """However steadily it drips. Its sender is told, and hung up on."""
    with SlowClients(
        ("127.0.0.1", _port(web)), kind, 3, host="shop.test", big=BIG
    ) as slow:
        assert wait_for(lambda: slow.closed_by_server >= 3, seconds=20)
        assert slow.answers[0].startswith(b"HTTP/1.1 408 ")
        assert b'"request_timed_out"' in slow.answers[0]


def test_a_large_upload_has_time_by_its_size(web: services.Running) -> None:
    """What keeps up a modest rate is read, though it takes longer than the beginning may."""
    body = b"[" + b" " * 120_000
    head = f"POST /api/auth/login HTTP/1.1\r\nHost: shop.test\r\nContent-Length: {len(body)}\r\n"
    with socket.create_connection(("127.0.0.1", _port(web)), timeout=30) as one:
        one.sendall(f"{head}Content-Type: application/json\r\n\r\n".encode())
        for start in range(0, len(body), 20_000):
            one.sendall(body[start : start + 20_000])
            time.sleep(0.9)
        assert one.recv(12) == b"HTTP/1.1 413", (
            "the shop has read it, and judges it"
        )


def test_a_reader_who_takes_nothing_is_hung_up_on(catalogue: None) -> None:
    env = {"ALLOWED_HOSTS": "shop.test,127.0.0.1", "RESPONSE_STALLED_S": "2"}
    with services.web(env=env) as web:
        time.sleep(1)  # until the option is set; a connection from before has none
        with socket.socket() as reader:
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            reader.settimeout(20)
            reader.connect(("127.0.0.1", _port(web)))
            reader.sendall(
                f"GET {BIG} HTTP/1.1\r\nHost: shop.test\r\n\r\n".encode() * 300
            )
            time.sleep(7)
            with pytest.raises(ConnectionResetError):
                _read_to_the_end(reader)


def _read_to_the_end(reader: socket.socket) -> None:
    while reader.recv(1 << 20):
        pass
