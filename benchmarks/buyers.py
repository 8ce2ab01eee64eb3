"""Customers of a benchmark: with an account, a sign-in, an address and a cart that is
filled again and again.
"""

import json
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection
from itertools import count
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

Goods = Sequence[Any]  # variants, their product loaded
_turn = count()
_links = threading.local()


@dataclass(frozen=True)
class Checkout:
    """A customer's cart, and the request that buys it, but for its key."""

    cart: UUID
    body: bytes
    headers: dict[str, str]


def variants(number: int, *, stock: int) -> Goods:
    """Make so many variants, of a product each, with this stock."""
    _django()
    from tests.factories import make_category, make_product, make_variant

    run = uuid4().hex[:8]
    category = make_category(name=f"Bench {run}", slug=f"bench-{run}")
    return [
        make_variant(
            product=make_product(slug=f"bench-{run}-{each}", category=category),
            stock=stock,
            sku=f"B-{run}-{each}",
        )
        for each in range(number)
    ]


def make(number: int, goods: Goods) -> list[Checkout]:
    """Make so many customers, their carts empty."""
    _django()
    from orders.models import Cart
    from tests.client import access_token
    from tests.factories import make_address, make_user

    made, run = [], uuid4().hex[:8]
    for each in range(number):
        user = make_user(email=f"{run}-{each}@example.com", password=None)
        body = {
            "addressId": str(make_address(user=user).pk),
            "paymentMethod": "cod",
        }
        headers = {
            "Authorization": f"Bearer {access_token(user)}",
            "Content-Type": "application/json",
        }
        made.append(
            Checkout(
                Cart.objects.create(user=user).pk,
                json.dumps(body).encode(),
                headers,
            )
        )
    return made


def fill(checkouts: Sequence[Checkout], goods: Goods, *, hot: Any = None) -> None:
    """Put two variants into each cart: the next ones, so that the carts are spread over
    all; or `hot` and one other.
    """
    from orders.models import CartLine

    count = len(goods)
    pairs = (
        (goods[2 * turn % count], hot or goods[(2 * turn + 1) % count])
        for turn in _turn
    )
    CartLine.objects.bulk_create(
        CartLine(
            cart_id=checkout.cart,
            variant=variant,
            quantity=1,
            price_at_add=variant.product.price,
        )
        for checkout, pair in zip(checkouts, pairs, strict=False)
        for variant in pair
    )


def send(
    shop: str, checkouts: Sequence[Checkout], *, at_once: int, rest_s: float = 0
) -> list[tuple[int, float]]:
    """Buy every cart, so many at a time; return status and milliseconds of each."""
    address = urlsplit(shop)

    def buy(checkout: Checkout) -> tuple[int, float]:
        link = _link(address.hostname or "", address.port or 80)
        started = time.perf_counter()
        link.request(
            "POST",
            "/api/orders",
            checkout.body,
            {**checkout.headers, "Idempotency-Key": uuid4().hex},
        )
        answer = link.getresponse()
        answer.read()
        took = (time.perf_counter() - started) * 1000
        time.sleep(rest_s)
        return answer.status, took

    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(buy, checkouts))


def _link(host: str, port: int) -> HTTPConnection:
    """Return this thread's connection, which is kept open as a browser's is."""
    known = getattr(_links, "link", None)
    if known is None or known.port != port:
        _links.link = known = HTTPConnection(host, port, timeout=60)
    link: HTTPConnection = known
    return link


def forget_jobs() -> None:
    """Throw away the jobs that wait: the next measurement would meet their work."""
    from markrin.outbox.models import OutboxEvent

    OutboxEvent.objects.exclude(state__in=("done", "dead")).delete()


def _django() -> None:
    import django
    from django.apps import apps

    if not apps.ready:
        django.setup()
