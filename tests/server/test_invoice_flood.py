"""One guest's order, and eight clients that ask for its invoice all the time, at a real web
process with the settings of production: one is kept, the limit ends it, and nobody else waits."""

import hashlib
import http.client
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from orders.models import InvoiceFile
from tests import services
from tests.factories import make_order

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]
CLIENTS, EACH, LIMIT = 8, 20, 100


@pytest.fixture
def web(transactional_db: None) -> Iterator[int]:
    env = {
        "ALLOWED_HOSTS": "shop.test",
        "TRUSTED_PROXIES": "127.0.0.1",
        "RATE_LIMIT_SCALE": "1",
        "RATE_LIMITS": f"api={LIMIT}/900",
    }
    with services.web(env=env) as running:
        yield int(running.url.rpartition(":")[2])


def get_as_client(
    port: int, path: str, client: str, **headers: str
) -> tuple[int, bytes, str | None]:
    """Return status, body and Retry-After of a GET as the front passes it on for a client."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        given = {
            "Host": "shop.test",
            "X-Forwarded-For": client,
            "X-Forwarded-Proto": "https",
        }
        connection.request("GET", path, headers=given | headers)
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.headers.get("Retry-After")
    finally:
        connection.close()


def make_guest_order(token: str) -> str:
    """Return where the invoice of a guest's order is."""
    order = make_order(
        guest_email="guest@example.com", token=token, status="shipped", method="cod"
    )
    return f"/api/orders/{order.pk}/invoice"


def test_a_guest_who_asks_for_an_invoice_all_the_time_holds_up_nobody(
    web: int,
) -> None:
    token = "t" * 43
    first, path = make_guest_order("f" * 43), make_guest_order(token)
    InvoiceFile.objects.all().delete()  # its job has not run yet
    # The first that a process draws takes seconds, for its fonts; who waits for it is sent
    # away after two, and told to come again.
    drawn_first = get_as_client(
        web, first, "203.0.113.8", **{"X-Cart-Token": "f" * 43}
    )
    assert drawn_first[0] == 200
    with ThreadPoolExecutor(CLIENTS + 1) as pool:
        flood = [
            pool.submit(
                get_as_client, web, path, "198.51.100.7", **{"X-Cart-Token": token}
            )
            for _ in range(CLIENTS * EACH)
        ]
        others = [get_as_client(web, "/api/cart", "203.0.113.9") for _ in range(10)]
        answers = [each.result() for each in flood]
    assert [status for status, *_ in others] == [200] * 10
    assert Counter(status for status, *_ in answers) == {
        200: LIMIT,
        429: CLIENTS * EACH - LIMIT,
    }
    known = hashlib.sha256(drawn_first[1]).hexdigest()
    kept = InvoiceFile.objects.exclude(sha256=known).get()
    drawn = {
        hashlib.sha256(body).hexdigest() for code, body, _ in answers if code == 200
    }
    assert drawn == {kept.sha256}
    assert all(wait and int(wait) > 0 for code, _, wait in answers if code == 429)
    stranger = get_as_client(
        web, path, "203.0.113.10", **{"X-Cart-Token": "s" * 43}
    )
    assert stranger[0] == 404
