"""Markrin as one side of a comparison of shops: a copy of the demo shop of 1,000 products."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from benchmarks import buyers
from benchmarks.harness import Harness, NotReady, web
from benchmarks.peers.load import LISTED, Read, Request

SCALE = 1_000
SPREAD = 500  # products whose details are read
COPY = "peers_markrin"


class Markrin:
    """The shop, its database made anew from the loaded one."""

    name = "Markrin"
    added = ""  # a 2xx is enough
    bought = ""

    def __init__(self, harness: Harness) -> None:
        self.address = ""
        self.headers: dict[str, str] = {}
        self._harness = harness
        self._env = harness.copy(SCALE, COPY)
        self._crowd: list[buyers.Checkout] = []
        self._goods: buyers.Goods = []
        self._turn = 0

    @contextmanager
    def serve(self, *, kept: bool) -> Iterator["Markrin"]:
        """Run one web process, with answers kept in memory or each one made anew."""
        with web(self._env | {"CACHE_ANSWERS": "1" if kept else "0"}) as address:
            self.address = address
            yield self

    def reads(self) -> dict[str, Read]:
        """Return the reads by the names of the rows."""
        with self._harness.connect(SCALE) as connection:
            slugs = connection.execute(
                """SELECT slug FROM products_product WHERE status = 'published'
                ORDER BY md5(slug) LIMIT %s""",
                [SPREAD],
            ).fetchall()
            # as many products in it as the other shops have in each: about 50
            found = connection.execute(
                """SELECT c.slug FROM products_product AS p
                    JOIN products_category AS c ON c.id = p.category_id
                WHERE p.status = 'published'
                GROUP BY 1 ORDER BY abs(count(*) - 50), 1 LIMIT 1"""
            ).fetchone()
        if found is None:
            raise NotReady("the demo shop has no category with products")
        page = f"/api/products?limit={LISTED}"
        return {
            "product detail": Read(
                [Request("GET", f"/api/products/{slug}") for (slug,) in slugs],
                lambda body: list(body["variants"]),
            ),
            "list of 12": Read([Request("GET", page)], _items),
            "category list": Read(
                [Request("GET", f"{page}&category={found[0]}")], _items
            ),
            "category tree": Read([Request("GET", "/api/categories")], _items),
        }

    def start_carts(self, count: int) -> None:
        """Put one line into the carts of so many customers, which are empty before."""
        self._sign_up(count)
        from orders.models import CartLine

        CartLine.objects.filter(
            cart__in=[each.cart for each in self._crowd]
        ).delete()
        self._turn += count
        CartLine.objects.bulk_create(
            CartLine(
                cart_id=each.cart,
                variant=variant,
                quantity=1,
                price_at_add=variant.product.price,
            )
            for each, (variant, _) in zip(self._crowd, self._pairs(), strict=True)
        )

    def second_lines(self) -> list[Request]:
        """Return the request for each cart that puts another variant into it."""
        return [
            Request(
                "POST",
                "/api/cart/items",
                json.dumps({"variantId": str(variant.pk), "quantity": 1}),
                each.headers,
            )
            for each, (_, variant) in zip(self._crowd, self._pairs(), strict=True)
        ]

    def checkouts(self) -> list[Request]:
        """Return each cart's completing call: customer and address are there already."""
        return [
            Request(
                "POST",
                "/api/orders",
                each.body.decode(),
                {**each.headers, "Idempotency-Key": uuid4().hex},
            )
            for each in self._crowd
        ]

    def _sign_up(self, count: int) -> None:
        """Make customers and goods, in this process, which is Django's from then on."""
        if len(self._crowd) == count:
            return
        os.environ |= self._env | {
            "DJANGO_SETTINGS_MODULE": "markrin.settings",
            "ALLOWED_HOSTS": "testserver",
        }
        self._goods = buyers.variants(200, stock=1_000_000)
        self._crowd = buyers.make(count, self._goods)

    def _pairs(self) -> list[tuple[Any, Any]]:
        """Return the two variants of each cart; the carts are spread over all goods."""
        count = len(self._goods)
        return [
            (self._goods[2 * turn % count], self._goods[(2 * turn + 1) % count])
            for turn in range(self._turn, self._turn + len(self._crowd))
        ]


def _items(body: Any) -> list[Any]:
    items = body["items"] if isinstance(body, dict) else body
    return list(items)
