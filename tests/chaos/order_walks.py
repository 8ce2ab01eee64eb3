"""Orders that are taken along over HTTP while processes die: each walk owns its orders, so what
has to be true of them at the end is known.

A call whose answer is lost is sent again until it is answered: with its Idempotency-Key where it
takes one. Where it takes none, "it is not in that status" after a lost answer says that the call
had been heard.
"""

import json
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from orders.gateways import local
from orders.models import Payment
from tests.chaos.shop import Shop
from tests.factories import order_body

_HEARD = {"order_status", "parcel_status", "return_status"}
PATIENCE_S = 120.0


class _NothingToDo(Exception):
    """None of the walk's orders is where this step begins."""


@dataclass
class Sale:
    """An order of one line, as it has to be."""

    id: str
    token: str
    line_id: str
    variant_id: str
    quantity: int
    price: Decimal
    total: Decimal
    online: bool
    status: str = "pending"
    paid: bool = False
    cancelled: int = 0
    shipped: int = 0
    back: int = 0
    on_shelf: int = 0  # of what is back
    waived: Decimal = Decimal(0)
    refunds: list[Decimal] = field(default_factory=list)
    parcel_id: str = ""
    return_id: str = ""
    asked: int = 0

    @property
    def left(self) -> Decimal:
        return self.total - self.waived - sum(self.refunds, Decimal(0))

    def credit(self, pieces: int, *, whole: bool) -> None:
        """Give back what pieces cost, all that is left where nothing else is; or waive it."""
        amount = self.left if whole else min(pieces * self.price, self.left)
        if self.paid and amount:
            self.refunds.append(amount)
        elif not self.paid:
            self.waived += amount


class Walk:
    """A member of staff and their customers, who take random steps with orders."""

    def __init__(
        self, shop: Shop, staff_token: str, variants: list[Any], seed: int
    ):
        self.shop, self.variants = shop, variants
        self.staff = {"Authorization": f"Bearer {staff_token}"}
        self.dice = random.Random(seed)
        self.sales: list[Sale] = []
        self.done: Counter[str] = Counter()
        self.cut = 0
        self._steps: list[Callable[[], None]] = [
            self.place, self.pay, self.confirm, self.pack, self.ship, self.deliver,
            self.take_cash, self.cancel_piece, self.cancel, self.ask_back, self.approve,
            self.receive, self.judge,
        ]  # fmt: skip
        self._weights = [3, 4, 4, 4, 4, 4, 3, 1, 1, 4, 4, 4, 4]

    def step(self) -> None:
        """Take one step that has something to begin with."""
        while True:
            (take,) = self.dice.choices(self._steps, self._weights)
            try:
                take()
            except _NothingToDo:
                continue
            self.done[take.__name__] += 1
            return

    # --- Over HTTP ----------------------------------------------------------------------------
    def _send(
        self, method: str, path: str, body: Any, headers: dict[str, str]
    ) -> tuple[int, Any]:
        address = urlsplit(self.shop.url)
        link = HTTPConnection(address.hostname or "", address.port, timeout=30)
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        try:
            link.request(
                method, path, sent, {"Content-Type": "application/json", **headers}
            )
            answer = link.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else None
        except (OSError, HTTPException, ValueError):
            return 0, None
        finally:
            link.close()

    def call(
        self, path: str, body: Any, headers: dict[str, str], *, keyed: bool = False
    ) -> Any:
        """POST until it is answered; return the answer, None where a lost one had been heard."""
        if keyed:
            headers = {**headers, "Idempotency-Key": str(uuid4())}
        until, was_cut = time.monotonic() + PATIENCE_S, False
        while True:
            status, answer = self._send("POST", path, body, headers)
            if 200 <= status < 300:
                return answer
            if status == 409 and was_cut and answer["code"] in _HEARD:
                return None
            if status and status < 500 and status != 429:
                raise AssertionError(f"{path}: {status} {answer}")
            was_cut = was_cut or not status or status >= 500
            self.cut += 1
            assert time.monotonic() < until, f"{path}: no answer, last {status}"
            time.sleep(0.2)

    def sale(self, fits: Callable[[Sale], bool]) -> Sale:
        found = [one for one in self.sales if fits(one)]
        if not found:
            raise _NothingToDo
        return self.dice.choice(found)

    # --- Customers ----------------------------------------------------------------------------
    def place(self) -> None:
        variant, quantity = self.dice.choice(self.variants), self.dice.randint(1, 3)
        online = self.dice.random() < 0.5
        cart = self.call(
            "/api/cart/items",
            {"variantId": str(variant.pk), "quantity": quantity},
            {},
        )
        body = order_body(paymentMethod="online" if online else "cod")
        token = {"X-Cart-Token": cart["token"]}
        made = self.call("/api/orders", body, token, keyed=True)
        (line,) = made["items"]
        self.sales.append(
            Sale(
                id=made["id"],
                token=cart["token"],
                line_id=line["id"],
                variant_id=str(variant.pk),
                quantity=quantity,
                price=Decimal(line["unitPrice"]),
                total=Decimal(made["total"]),
                online=online,
            )
        )

    def cancel(self) -> None:
        sale = self.sale(lambda one: one.status in ("pending", "confirmed"))
        self.call(f"/api/orders/{sale.id}/cancel", {}, {"X-Cart-Token": sale.token})
        sale.cancelled, sale.status = sale.quantity, "cancelled"
        if sale.paid and sale.left:
            sale.refunds.append(sale.left)

    def ask_back(self) -> None:
        sale = self.sale(
            lambda one: one.status == "delivered" and not one.return_id and one.paid
        )
        pieces = self.dice.randint(1, sale.shipped)
        line = {"lineId": sale.line_id, "quantity": pieces}
        made = self.call(
            f"/api/orders/{sale.id}/returns",
            {"reason": "too_small", "lines": [line]},
            {"X-Cart-Token": sale.token},
            keyed=True,
        )
        sale.return_id, sale.asked, sale.status = made["id"], pieces, "asked back"

    # --- The gateway --------------------------------------------------------------------------
    def pay(self) -> None:
        """Send the webhook of a payment, some twice, as providers do."""
        sale = self.sale(lambda one: one.online and one.status == "pending")
        payment = Payment.objects.get(order__id=sale.id)
        body, headers = local.webhook(
            event_id=f"evt_{payment.pk.hex}",
            kind="payment.succeeded",
            payment_id=payment.pk,
            amount=payment.amount,
            currency=payment.currency,
        )
        for _ in range(self.dice.randint(1, 2)):
            self.call("/api/payments/webhooks/test", body, headers)
        sale.paid, sale.status = True, "confirmed"

    # --- Staff --------------------------------------------------------------------------------
    def confirm(self) -> None:
        sale = self.sale(lambda one: not one.online and one.status == "pending")
        self.call(
            f"/api/staff/orders/{sale.id}/transition",
            {"status": "confirmed"},
            self.staff,
        )
        sale.status = "confirmed"

    def cancel_piece(self) -> None:
        sale = self.sale(
            lambda one: (
                one.status == "confirmed" and one.quantity - one.cancelled > 1
            )
        )
        line = {"lineId": sale.line_id, "quantity": 1}
        self.call(
            f"/api/staff/orders/{sale.id}/cancellations",
            {"lines": [line], "reason": "Torn."},
            self.staff,
            keyed=True,
        )
        sale.cancelled += 1
        sale.credit(1, whole=False)

    def pack(self) -> None:
        sale = self.sale(lambda one: one.status == "confirmed")
        made = self.call(
            f"/api/staff/orders/{sale.id}/fulfilments",
            {"ship": False},
            self.staff,
            keyed=True,
        )
        sale.parcel_id, sale.status = made["fulfilments"][0]["id"], "packed"

    def _move(self, sale: Sale, status: str) -> None:
        self.call(
            f"/api/staff/fulfilments/{sale.parcel_id}/transition",
            {"status": status},
            self.staff,
        )
        sale.status = status

    def ship(self) -> None:
        sale = self.sale(lambda one: one.status == "packed")
        self._move(sale, "shipped")
        sale.shipped = sale.quantity - sale.cancelled

    def deliver(self) -> None:
        self._move(self.sale(lambda one: one.status == "shipped"), "delivered")

    def take_cash(self) -> None:
        sale = self.sale(
            lambda one: (
                one.status == "delivered" and not one.online and not one.paid
            )
        )
        self.call(f"/api/staff/orders/{sale.id}/cash", {}, self.staff)
        sale.paid = True

    def approve(self) -> None:
        self._decide("asked back", "approve", "approved", {})

    def receive(self) -> None:
        self._decide("approved", "receive", "received", {})

    def _decide(self, before: str, step: str, after: str, body: Any) -> Sale:
        sale = self.sale(lambda one: one.status == before)
        path = f"/api/staff/returns/{sale.return_id}/{step}"
        self.call(path, body, self.staff, keyed=step == "judge")
        sale.status = after
        return sale

    def judge(self) -> None:
        sale = self.sale(lambda one: one.status == "received")
        sellable = self.dice.randint(0, sale.asked)
        line = {
            "lineId": sale.line_id,
            "sellable": sellable,
            "damaged": sale.asked - sellable,
        }
        path = f"/api/staff/returns/{sale.return_id}/judge"
        self.call(path, {"lines": [line]}, self.staff, keyed=True)
        sale.back, sale.on_shelf = sale.asked, sellable
        sale.status = "judged"
        sale.credit(sale.asked, whole=sale.asked == sale.quantity - sale.cancelled)
