"""The shop and the model of it: how a step is chosen and tried, what the model says of money, and
whether both agree.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

from markrin.api.errors import ShopError
from markrin.ops.verify import rules
from orders.models import Order, Payment, Refund
from orders.models.payment import PaymentState
from products.models import StockLevel
from tests.factories import make_product, make_user, make_variant
from tests.orders.at_random.model import (
    PRICE,
    PRICES,
    AskedBack,
    Box,
    NothingThere,
    Sale,
)


class World:
    """The shop, the model of it, and who does things in it."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        shirt = make_product(base_price=PRICE)
        self.variants = {
            size: make_variant(
                product=shirt if size in "SML" else make_product(base_price=price),
                size=size,
                stock=500,
            )
            for size, price in PRICES.items()
        }
        self.shelf = dict.fromkeys(self.variants, 500)
        self.customer = make_user()
        self.sales: list[Sale] = []
        self.done: Counter[str] = Counter()
        self.sizes: dict[UUID, str] = {}  # of the replacements, by return
        self.steps: dict[Callable[[], None], int] = {}  # how often each is tried

    # --- The machinery ---
    def take_step(self) -> None:
        """Take one step, of those for which there is something to take it with."""
        while True:
            try:
                (act,) = self.chance.choices(
                    list(self.steps), [*self.steps.values()]
                )
                return act()
            except NothingThere:
                continue

    def attempt(self, name: str, allowed: bool, call: Callable[[], Any]) -> Any:
        """Make the call; it must be refused just where the model says so."""
        try:
            result = call()
        except ShopError as refusal:
            if allowed:
                raise AssertionError(
                    f"{name} was refused: {refusal.code}"
                ) from refusal
            self.done[f"{name} refused"] += 1
            return None
        assert allowed, f"{name} should have been refused"
        self.done[name] += 1
        return result if result is not None else True

    def choose_sale(self, *statuses: str) -> Sale:
        """Choose an order; mostly one of these statuses, sometimes any."""
        fit = [sale for sale in self.sales if sale.status in statuses]
        if not fit or self.chance.random() < 0.15:
            fit = self.sales
        if not fit:
            raise NothingThere
        return self.chance.choice(fit)

    def choose_box(self) -> tuple[Sale, Box]:
        every = [(sale, box) for sale in self.sales for box in sale.boxes]
        if not every:
            raise NothingThere
        return self.chance.choice(every)

    def choose_return(self, *statuses: str) -> tuple[Sale, AskedBack]:
        every = [(sale, one) for sale in self.sales for one in sale.asked]
        fit = [pair for pair in every if pair[1].status in statuses]
        if not fit or self.chance.random() < 0.15:
            fit = every
        if not fit:
            raise NothingThere
        return self.chance.choice(fit)

    # --- Money in the model ---
    def note_refunds(self, sale: Sale, expected: list[tuple[Decimal, str]]) -> None:
        """Take over the refunds that the shop has made, which must be these."""
        new = [
            (one.pk, one.amount, one.state)
            for one in Refund.objects.filter(order=sale.order, surplus=False)
            if one.pk not in sale.given
        ]
        made = sorted((amount, str(state)) for _, amount, state in new)
        paid_by = Payment.objects.filter(
            order=sale.order, state=PaymentState.SUCCEEDED
        )
        # Money that came two ways goes back both; so may that of an order that was paid in cash.
        if sale.is_swap or paid_by.count() > 1:
            told, wanted = (
                sum(each for each, _ in one) for one in (made, expected)
            )
            assert told == wanted, f"{told} go back, not {wanted}"
        else:
            assert made == sorted(expected)
        for pk, amount, state in new:
            sale.given[pk] = (amount, str(state))
        self.note_success(sale)

    def note_success(self, sale: Sale) -> None:
        back = sum(
            (
                amount
                for amount, state in sale.given.values()
                if state == "succeeded"
            ),
            Decimal(0),
        )
        if sale.pay == "paid" and back and back == sale.payable:
            sale.pay = "refunded"

    def less_goodwill(self, sale: Sale, amount: Decimal) -> Decimal:
        """Return what pieces of this price give back. What was given back for no piece of its own
        has lowered the price of each by a share, which the shop reckons by its invoices; here it
        only has to lie between nothing and all of it.
        """
        if not sale.goodwill:
            return amount
        new = Refund.objects.filter(order=sale.order, surplus=False)
        given = sum(
            (one.amount for one in new.exclude(pk__in=sale.given)), Decimal(0)
        )
        assert amount - sale.goodwill <= given <= amount
        return given

    def credit_pieces(
        self, sale: Sale, pieces: int, *, whole: bool, state: str
    ) -> None:
        """Give back what these pieces cost, all that is left where `whole`; or waive it."""
        amount = sale.left if whole else min(pieces * sale.price, sale.left)
        if sale.pay == "paid" and not whole:
            amount = self.less_goodwill(sale, amount)
        if amount <= 0 or sale.pay == "refunded":
            self.note_refunds(sale, [])
        elif sale.pay == "paid":
            self.note_refunds(sale, [(amount, state)])
        else:
            self.lower_debt(sale, amount, state)

    def lower_debt(self, sale: Sale, amount: Decimal, state: str) -> None:
        """Let what is not paid, or in part, owe less; what goes beyond that goes back."""
        beyond = max(amount - sale.due, Decimal(0))
        sale.waived += amount - beyond
        if sale.part and sale.due <= 0:
            sale.pay, sale.collected = "paid", sale.part
            if sale.stage == "pending" and sale.method == "online":
                sale.stage = "confirmed"
        self.note_refunds(sale, [(beyond, state)] if beyond else [])

    def refund_state_by_staff(self, sale: Sale) -> str:
        return "succeeded" if sale.method == "cod" else "requested"

    def drop_order(self, sale: Sale) -> None:
        """The whole order is cancelled."""
        sale.cancelled = sale.quantity
        for box in sale.boxes:
            if box.status == "packed":
                box.status = "cancelled"
        paid = sale.left if sale.pay == "paid" else sale.part - sale.refunded
        owed = sale.pay != "refunded" and paid > 0
        # Cash waits for a person, and what a part was paid by goes back the same way.
        self.note_refunds(sale, [(paid, "requested")] if owed else [])

    def drop_replacement(self, one: AskedBack) -> None:
        if one.replacement is not None and one.replacement.status == "pending":
            self.drop_order(one.replacement)

    # --- Agreement ---
    def check_agreement(self) -> None:
        """Compare the whole shop with the model, and ask the shop's own rules."""
        rows = {
            order.pk: order for order in Order.objects.prefetch_related("lines")
        }
        assert set(rows) == {sale.order.pk for sale in self.sales}
        for sale in self.sales:
            self.check_sale(sale, rows[sale.order.pk])
        reserved = Counter[str]()
        for sale in self.sales:
            reserved[sale.size] += sale.wanted - sale.shipped
        for size, variant in self.variants.items():
            level = StockLevel.objects.get(variant=variant)
            assert (level.on_hand, level.reserved) == (
                self.shelf[size],
                reserved[size],
            ), f"stock of {size}"
        broken = [
            breach
            for rule in rules.list_row_rules()
            if rule.table.startswith(("orders_", "products_stock"))
            for breach in rule.find_breaches()
        ]
        assert broken == []

    def check_sale(self, sale: Sale, order: Order) -> None:
        (line,) = order.lines.all()
        shop = (
            order.status, order.payment_status, order.waived, order.refunded,
            order.total, order.part_paid, line.quantity,
            line.cancelled, line.shipped, line.returned,
        )  # fmt: skip
        model = (
            sale.status, sale.pay, sale.waived, sale.refunded,
            sale.total, sale.part, sale.quantity,
            sale.cancelled, sale.shipped, sale.returned,
        )  # fmt: skip
        assert shop == model, (
            f"{order.number}: the shop says {shop}, the model {model}"
        )
