"""Nobody chooses the address that limits count by: at the shop itself, and behind each front.

A header's name may have `_` where the front's has `-`: in a WSGI environment both have one
key, and which of two is kept depended on the other headers. Sign-ins in one person's name,
each from a made-up address: the limit holds."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from uuid import uuid4

import pytest

from tests import services
from tests.deploy.fronts import FRONTS

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]
LIMIT = 2
PADS: list[list[str]] = [[], ["X-Request-Id: 0123456789", "Zz: 1"]]


@pytest.fixture(scope="module")
def settings_of_production() -> dict[str, str]:
    return {
        "ALLOWED_HOSTS": "shop.test,127.0.0.1",
        "TRUSTED_PROXIES": "127.0.0.1",
        "RATE_LIMIT_SCALE": "1",
        "RATE_LIMITS": f"login_account_network={LIMIT}/300,login_network=1000/300,api=100000/900",
    }


@pytest.fixture
def web(
    settings_of_production: dict[str, str], transactional_db: None
) -> Iterator[int]:
    with services.web(env=settings_of_production) as running:
        yield int(running.url.rpartition(":")[2])


def sign_in(port: int, email: str, *lines: str) -> int:
    """Try to sign in, with more header lines; return the status."""
    body = json.dumps({"email": email, "password": "wrong"})
    head = ["POST /api/auth/login HTTP/1.1", "Host: shop.test", "Connection: close"]
    head += [
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *lines,
    ]
    with socket.create_connection(("127.0.0.1", port), timeout=20) as one:
        one.sendall("\r\n".join([*head, "", body]).encode())
        return int(one.recv(12).split()[1])


@pytest.mark.asvs("4.1.3", "6.3.1")
@pytest.mark.parametrize("front", ["none", *FRONTS])
def test_a_made_up_address_gains_nothing(front: str, web: int) -> None:
    with ExitStack() as stack:
        port = web if front == "none" else stack.enter_context(FRONTS[front]([web]))
        # Without a front, this test is the proxy that is trusted, and says who its client is.
        own = ["X-Forwarded-For: 198.51.100.7"] if front == "none" else []
        for name in ("X-Forwarded_For", "X_Forwarded-For", "X_Forwarded_For"):
            for pad in PADS:
                email = f"{uuid4().hex}@example.com"
                claims = [
                    f"{name}: 203.0.113.{number}" for number in range(LIMIT + 2)
                ]
                found = [
                    sign_in(port, email, *own, claim, *pad) for claim in claims
                ]
                assert found == [401] * LIMIT + [429] * 2, (name, pad)
        if (
            front != "none"
        ):  # what a client says in the front's own words is replaced, or stands left of the truth
            email = f"{uuid4().hex}@example.com"
            claims = [
                f"X-Forwarded-For: 203.0.113.{number}"
                for number in range(LIMIT + 2)
            ]
            assert [sign_in(port, email, claim) for claim in claims] == [
                401
            ] * LIMIT + [429] * 2
