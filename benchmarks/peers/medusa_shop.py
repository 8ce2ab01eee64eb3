"""Medusa as the other side of a comparison of shops: guests who buy by its store API."""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from benchmarks.harness import Harness, NotReady
from benchmarks.peers.http_calls import call
from benchmarks.peers.load import LISTED, Read, Request
from benchmarks.peers.node_project import NodeProject

AT_ONCE = 4  # of the calls that make carts ready
CLI = "node_modules/@medusajs/cli/cli.js"
ADDRESS = {
    "first_name": "A",
    "last_name": "B",
    "address_1": "Street 1",
    "city": "Berlin",
    "country_code": "de",
    "postal_code": "10115",
}


@dataclass(frozen=True)
class Seeded:
    """The ids that its database gave to what was seeded."""

    region: str
    channel: str
    delivery: str
    category: str
    variants: Sequence[str]


class Medusa:
    """The shop with 1,000 products of 6 variants, on its published packages."""

    name = "Medusa 2.21.2"
    added = '"cart":{'
    bought = '"type":"order"'

    def __init__(self, harness: Harness) -> None:
        self.address = ""
        self.headers: dict[str, str] = {}
        self._project = NodeProject(
            harness,
            "medusa",
            valkey_db=6,
            build=[["node", CLI, "build"]],
            seed=[
                ["node", CLI, "db:migrate"],
                ["node", CLI, "exec", "./src/scripts/seed.ts"],
            ],
        )
        self._carts: list[str] = []
        self._turn = 0

    def prepare(self) -> None:
        """Install, build and seed what is not there yet."""
        self._project.prepare()

    @contextmanager
    def serve(self) -> Iterator["Medusa"]:
        """Run its server process, without a worker."""
        self._seeded = self._look_up()
        command = ["node", f"../../{CLI}", "start"]
        with self._project.serve(command, "/health", ".medusa/server") as address:
            self.address = address
            yield self

    def reads(self) -> dict[str, Read]:
        """Return the reads by the names of the rows."""
        seeded = self._seeded
        fields = "*variants.calculated_price,%2Bvariants.inventory_quantity"
        page = f"/store/products?region_id={seeded.region}&fields={fields}"
        listed = f"{page}&limit={LISTED}"
        return {
            "product detail": Read(
                [
                    Request("GET", f"{page}&handle=product-{2 * n}")
                    for n in range(500)
                ],
                lambda body: list(body["products"][0]["variants"]),
            ),
            "list of 12": Read([Request("GET", listed)], _products),
            "category list": Read(
                [Request("GET", f"{listed}&category_id={seeded.category}")],
                _products,
            ),
            "category tree": Read(
                [Request("GET", "/store/product-categories?limit=50")],
                lambda body: list(body["product_categories"]),
            ),
        }

    def start_carts(self, count: int) -> None:
        """Make so many guests' carts with one line each."""
        lines = [self._next_line() for _ in range(count)]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            self._carts = list(pool.map(self._start, lines))

    def second_lines(self) -> list[Request]:
        """Return the request for each cart that puts another variant into it."""
        return [
            self._ask(f"/store/carts/{cart}/line-items", self._next_line())
            for cart in self._carts
        ]

    def checkouts(self) -> list[Request]:
        """Set address, shipping and payment; return the call that completes each cart."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(self._arrange, self._carts))
        return [
            self._ask(f"/store/carts/{cart}/complete", {}) for cart in self._carts
        ]

    def _start(self, line: dict[str, Any]) -> str:
        body = {
            "region_id": self._seeded.region,
            "sales_channel_id": self._seeded.channel,
            "items": [line],
        }
        return str(self._send("/store/carts", body)["cart"]["id"])

    def _arrange(self, cart: str) -> None:
        of_cart = f"/store/carts/{cart}"
        person = {
            "email": f"{uuid4().hex}@example.com",
            "shipping_address": ADDRESS,
            "billing_address": ADDRESS,
        }
        self._send(of_cart, person)
        self._send(
            f"{of_cart}/shipping-methods", {"option_id": self._seeded.delivery}
        )
        made = self._send("/store/payment-collections", {"cart_id": cart})
        payment = f"/store/payment-collections/{made['payment_collection']['id']}"
        self._send(
            f"{payment}/payment-sessions", {"provider_id": "pp_system_default"}
        )

    def _ask(self, path: str, body: dict[str, Any]) -> Request:
        return Request("POST", path, json.dumps(body), self.headers)

    def _send(self, path: str, body: dict[str, Any]) -> Any:
        """Return the answer. Raises: NotReady where it is no 200."""
        answer = call(self.address, "POST", path, json.dumps(body), self.headers)
        if answer.status != 200:
            text = json.dumps(answer.body)[:300]
            raise NotReady(f"Medusa answered {answer.status} {text}")
        return answer.body

    def _next_line(self) -> dict[str, Any]:
        self._turn += 1
        variants = self._seeded.variants
        return {"variant_id": variants[self._turn % len(variants)], "quantity": 1}

    def _look_up(self) -> Seeded:
        with self._project.connect() as connection:

            def ids(query: str) -> list[str]:
                return [str(found) for (found,) in connection.execute(query)]

            (key,) = ids("SELECT token FROM api_key WHERE title = 'Shop'")
            self.headers = {"x-publishable-api-key": key}
            return Seeded(
                region=ids("SELECT id FROM region WHERE name = 'Europe'")[0],
                channel=ids("SELECT id FROM sales_channel WHERE name = 'Shop'")[0],
                delivery=ids("SELECT id FROM shipping_option")[0],
                category=ids(
                    "SELECT id FROM product_category WHERE handle = 'category-3'"
                )[0],
                variants=ids("SELECT id FROM product_variant ORDER BY sku"),
            )


def _products(body: Any) -> list[Any]:
    return list(body["products"])
