"""The shop over HTTP, and shoppers who buy while something fails: what each was answered,
and what is true after.
"""

import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection, HTTPException
from typing import Self
from urllib.parse import urlsplit
from uuid import uuid4

from django.db import connection

from dev import web_server
from markrin.outbox.models import OutboxEvent
from orders.customer_identity import hash_token, new_token
from orders.models import Cart, CartLine, IdempotencyKey, Order
from products.models import Variant
from tests import services as test_services
from tests.chaos.proxy import Proxy, proxy
from tests.chaos.shop_processes import ShopProcesses, await_
from tests.factories import make_product, make_variant, order_body
from tests.services import Running


@dataclass(frozen=True)
class Purchase:
    """A cart that its holder means to buy, by a key that every try of it repeats."""

    token: str
    key: str


@dataclass(frozen=True)
class Answer:
    """What a try was answered: the status, 0 where the connection broke; the order's id in
    a 201; milliseconds.
    """

    purchase: Purchase
    status: int
    order: str
    ms: float


class Shop:
    """A web server on the processes, behind nothing; the cache behind a proxy; and any number
    of guests with full carts.
    """

    def __init__(self, processes: ShopProcesses) -> None:
        self.processes = processes
        self.url = ""
        self.web: Running | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        path, db = test_services.cache_place()
        self.cache: Proxy = self._stack.enter_context(proxy(path))
        self.env = self.processes.env | {
            "CACHE_URL": f"redis://127.0.0.1:{self.cache.port}/{db}",
            "ALLOWED_HOSTS": "127.0.0.1",
        }
        self.variants = [
            make_variant(product=make_product(), stock=9000) for _ in range(20)
        ]
        self._carts = self._fill()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def open(
        self,
        *,
        application: str = web_server.SHOP,
        workers: int = 1,
        **env: str,
    ) -> None:
        """Serve; a worker process that dies is replaced, as in production."""
        self._again = partial(
            self.open, application=application, workers=workers, **env
        )
        entered = test_services.web(
            processes=workers,
            application=application,
            respawn=True,
            env=self.env | env,
        )
        self.web = self._stack.enter_context(entered)
        self.url = self.web.url

    def stand(self) -> None:
        """Serve again if the server has given up: it does where a worker dies within 5.5 s
        of its start.
        """
        assert self.web is not None
        if self.web.process.poll() is not None:
            self._again()

    def carts(self, count: int) -> list[Purchase]:
        """Return so many full carts of guests, never the same twice."""
        return list(itertools.islice(self._carts, count))

    def _fill(self) -> Iterator[Purchase]:
        for first in itertools.count(0, 200):
            new = [Purchase(new_token(), str(uuid4())) for _ in range(200)]
            carts = Cart.objects.bulk_create(
                [Cart(token_hash=hash_token(each.token)) for each in new]
            )
            CartLine.objects.bulk_create(
                [
                    CartLine(
                        cart=cart,
                        variant=variant,
                        quantity=1,
                        price_at_add=variant.product.price,
                    )
                    for number, cart in enumerate(carts, first)
                    for variant in self._two(number)
                ]
            )
            yield from new

    def _two(self, number: int) -> list[Variant]:
        pair = self.variants[number % 20], self.variants[(number * 7 + 3) % 20]
        return list(dict.fromkeys(pair))

    def buy(
        self,
        purchase: Purchase,
        *,
        timeout_s: float = 20,
        headers: dict[str, str] | None = None,
        body: dict[str, str] | None = None,
    ) -> Answer:
        """Send one checkout; `body` changes some of its members."""
        sent = {
            "X-Cart-Token": purchase.token,
            "Idempotency-Key": purchase.key,
            "Content-Type": "application/json",
        }
        started = time.monotonic()
        status, content = self._ask(
            "POST",
            "/api/orders",
            json.dumps(order_body(**(body or {}))),
            {**sent, **(headers or {})},
            timeout_s,
        )
        order = str(json.loads(content)["id"]) if status == 201 else ""
        return Answer(purchase, status, order, (time.monotonic() - started) * 1000)

    def get(self, path: str, *, timeout_s: float = 20) -> tuple[int, float]:
        """Read a page; return its status and the milliseconds."""
        started = time.monotonic()
        status, _ = self._ask("GET", path, None, {}, timeout_s)
        return status, (time.monotonic() - started) * 1000

    def _ask(
        self,
        method: str,
        path: str,
        body: str | None,
        headers: dict[str, str],
        timeout_s: float,
    ) -> tuple[int, bytes]:
        address = urlsplit(self.url)
        link = HTTPConnection(
            address.hostname or "", address.port, timeout=timeout_s
        )
        try:
            link.request(method, path, body, headers)
            answer = link.getresponse()
            return answer.status, answer.read()
        except (OSError, HTTPException):
            return 0, b""
        finally:
            link.close()

    def rush(self, count: int, *, shoppers: int = 4) -> list[Answer]:
        """Let so many carts be bought, by a few shoppers at a time."""
        carts = self.carts(count)
        with ThreadPoolExecutor(shoppers) as pool:
            return list(pool.map(self.buy, carts))

    @contextmanager
    def selling(
        self, *, shoppers: int = 4, most: int = 2000
    ) -> Iterator[list[Answer]]:
        """Let shoppers buy one cart after another until the block ends; the answers grow as
        they come.
        """
        answers: list[Answer] = []
        carts = iter(self.carts(most))
        lock, stop = threading.Lock(), threading.Event()

        def shop() -> None:
            while not stop.is_set():
                with lock:
                    purchase = next(carts, None)
                if purchase is None:
                    return
                answers.append(self.buy(purchase))
                if answers[-1].status != 201:
                    time.sleep(0.2)  # few carts are spent on a server that is away

        threads = [threading.Thread(target=shop) for _ in range(shoppers)]
        for thread in threads:
            thread.start()
        try:
            yield answers
        finally:
            stop.set()
            for thread in threads:
                # each wait of `buy` has an end; an order that came later would not be
                # counted
                thread.join()

    def settle(self, answers: Iterable[Answer]) -> list[Answer]:
        """Send again, with its key, whatever was not answered 201, until it is; return
        these answers.
        """
        again = []
        for purchase in [each.purchase for each in answers if each.status != 201]:
            got: list[Answer] = []

            def bought(
                purchase: Purchase = purchase, got: list[Answer] = got
            ) -> bool:
                self.stand()
                got.append(self.buy(purchase))
                return got[-1].status == 201

            await_(bought, within_s=60, why=self.explain)
            again.append(got[-1])
        return again

    def explain(self) -> str:
        """Return what the web server has said lately."""
        return self.web.output()[-3000:] if self.web else "the shop is shut"


def statuses(answers: Iterable[Answer]) -> str:
    """Return how often each status came, in words."""
    counts = Counter(each.status for each in answers)
    return ", ".join(
        f"{count} × {status or 'cut'}"
        for status, count in sorted(counts.items(), reverse=True)
    )


def p99_ms(answers: Iterable[Answer]) -> float:
    """Return the 99th percentile of the times of what was answered 201."""
    times = sorted(each.ms for each in answers if each.status == 201)
    return times[min(len(times) - 1, int(len(times) * 0.99))]


def false_promises(answers: Iterable[Answer]) -> int:
    """Return how many 201s have no order in the database, or share theirs."""
    connection.close()  # the server may have been away
    promised = [each.order for each in answers if each.status == 201]
    there = set(map(str, Order.objects.values_list("pk", flat=True)))
    return (
        sum(order not in there for order in promised)
        + len(promised)
        - len(set(promised))
    )


def unsettled(bought: int) -> int:
    """Return by how much the orders, their keys and the jobs that confirm them differ from
    so many.
    """
    orders = Order.objects.count()
    confirmations = OutboxEvent.objects.filter(
        task="orders.confirm_by_mail"
    ).count()
    return (
        abs(orders - bought)
        + abs(IdempotencyKey.objects.count() - bought)
        + abs(confirmations - bought)
    )


def unconfirmed(processes: ShopProcesses) -> tuple[int, int]:
    """Return how many orders have no confirmation in the mail server, and how many mails
    came more than once.
    """
    copies = processes.sink.copies()
    numbers = Order.objects.values_list("number", flat=True)
    wanted = [copies[f"Your order {number}"] for number in numbers]
    return sum(count == 0 for count in wanted), sum(
        count - 1 for count in wanted if count > 1
    )
