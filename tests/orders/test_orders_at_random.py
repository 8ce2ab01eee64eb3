"""Orders at random: every step, by customers, staff, the gateway and the clock, in any order, also
where it makes no sense. A model says whether a step is allowed and what comes of it; after each
one status, pieces, money and stock are the model's, and the shop's own rules hold.

The short form is a few dozen steps; ORDERS=full plays 5,000 (`make orders-random`).
"""

from __future__ import annotations

import os
import random
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from markrin.api.errors import ShopError
from markrin.ops.verify import rules
from orders.customer_identity import Customer
from orders.gateways.base import Notice, Outcome
from orders.models import Fulfilment, Order, Payment, Refund, ReturnRequest
from orders.models.fulfilment import ParcelStatus
from orders.models.order_status import OrderStatus
from orders.models.payment import PaymentState
from orders.schemas import ReturnAsked, ReturnPieces
from orders.services import (
    fulfilments,
    order_additions,
    periodic,
    provider_events,
    refunds,
    return_requests,
    returns,
    transitions,
)
from orders.services.lifecycle import Actor
from orders.staff_schemas import (
    GoodsReturn,
    JudgedPieces,
    Move,
    Parcel,
    ParcelMove,
    ParcelPieces,
    PieceAddition,
    PiecesCancellation,
    ReturnApproval,
    ReturnedPieces,
    ReturnJudgement,
)
from products.models import StockLevel
from tests.factories import make_order, make_product, make_user, make_variant

FULL = os.environ.get("ORDERS") == "full"
EPISODES, STEPS = (50, 100) if FULL else (2, 45)
PRICE = Decimal("33.35")
# What is had in exchange, too: sizes of one product, and others that cost more and less.
PRICES = dict.fromkeys("SML", PRICE) | {"X": Decimal("50.00"), "Y": Decimal("19.99")}
MAX_PIECES = 20
STAFF = Actor("staff")
BEFORE_LEAVING = ("pending", "confirmed", "processing")


@dataclass
class AskedBack:
    """A return in the model: pieces for money, or for those of another order."""

    id: UUID
    pieces: int
    swaps: bool
    status: str = "requested"
    replacement: Sale | None = None


@dataclass
class Box:
    """A parcel in the model."""

    id: UUID
    pieces: int
    status: str = "packed"


@dataclass
class Sale:
    """An order in the model: one line of pieces of a size, and shipping."""

    order: Order
    who: Customer
    size: str
    quantity: int
    method: str
    total: Decimal
    line_id: UUID
    stage: str = "pending"
    pay: str = "unpaid"
    cancelled: int = 0
    shipped: int = 0
    returned: int = 0
    waived: Decimal = Decimal(0)
    part: Decimal = Decimal(0)  # of it, paid before the rest was owed
    collected: Decimal = Decimal(0)
    boxes: list[Box] = field(default_factory=list)
    asked: list[AskedBack] = field(default_factory=list)
    given: dict[UUID, tuple[Decimal, str]] = field(default_factory=dict)  # refunds
    goodwill: Decimal = Decimal(0)  # of it, what was for no piece of its own
    came_back: int = 0  # by a return, not with a parcel
    is_swap: bool = False
    is_over: bool = False  # the window of returns

    @property
    def wanted(self) -> int:
        return self.quantity - self.cancelled

    @property
    def payable(self) -> Decimal:
        return self.total - self.waived

    @property
    def price(self) -> Decimal:
        return PRICES[self.size]

    @property
    def due(self) -> Decimal:
        return self.payable - self.part

    @property
    def refunded(self) -> Decimal:
        counted = (amount for amount, state in self.given.values() if state != "failed")
        return sum(counted, Decimal(0))

    @property
    def left(self) -> Decimal:
        return self.payable - self.refunded

    @property
    def packed(self) -> int:
        return sum(box.pieces for box in self.boxes if box.status == "packed")

    @property
    def free(self) -> int:
        """Pieces that neither have left nor lie in a parcel."""
        return self.wanted - self.shipped - self.packed

    @property
    def held(self) -> int:
        arrived = sum(box.pieces for box in self.boxes if box.status == "delivered")
        return arrived - self.came_back

    @property
    def asked_for(self) -> int:
        return sum(
            one.pieces
            for one in self.asked
            if one.status in ("requested", "approved", "received")
        )

    @property
    def waits_for_money(self) -> bool:
        return self.method == "online" and self.pay in ("unpaid", "failed")

    @property
    def status(self) -> str:
        boxes = {box.status for box in self.boxes}
        if not self.wanted:
            return "cancelled"
        if not self.shipped:
            return self.stage
        if self.shipped < self.wanted:
            return "partially_shipped"
        if self.returned == self.wanted:
            return "returned"
        if "shipped" in boxes:
            return "shipped"
        return "undelivered" if "undelivered" in boxes else "delivered"


class NothingThere(Exception):
    """Nothing that this could be done with yet."""


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
        # How often each is tried: what takes orders ahead more often than what ends them.
        self.steps: dict[Callable[[], None], int] = {
            self.place: 4, self.pay: 5, self.decline: 1, self.cancel: 1, self.confirm: 5,
            self.pack: 6, self.deliver: 12, self.move_parcel: 3, self.cancel_pieces: 1,
            self.take_cash: 4, self.ask: 8, self.withdraw: 1, self.cancel_return: 1,
            self.approve: 6, self.reject: 1, self.receive: 6, self.judge: 6,
            self.take_back: 1, self.refund: 1, self.settle_refund: 1, self.expire: 1,
            self.expire_return: 1, self.end_window: 1, self.add_pieces: 2,
        }  # fmt: skip

    # --- The machinery ------------------------------------------------------------------------
    def step(self) -> None:
        """Take one step, of those for which there is something to take it with."""
        while True:
            try:
                (act,) = self.chance.choices(list(self.steps), [*self.steps.values()])
                return act()
            except NothingThere:
                continue

    def attempt(self, name: str, allowed: bool, call: Callable[[], Any]) -> Any:
        """Make the call; it must be refused just where the model says so."""
        try:
            result = call()
        except ShopError as refusal:
            if allowed:
                raise AssertionError(f"{name} was refused: {refusal.code}") from refusal
            self.done[f"{name} refused"] += 1
            return None
        assert allowed, f"{name} should have been refused"
        self.done[name] += 1
        return result if result is not None else True

    def sale(self, *statuses: str) -> Sale:
        """Choose an order; mostly one of these statuses, sometimes any."""
        fit = [sale for sale in self.sales if sale.status in statuses]
        if not fit or self.chance.random() < 0.15:
            fit = self.sales
        if not fit:
            raise NothingThere
        return self.chance.choice(fit)

    def box(self) -> tuple[Sale, Box]:
        every = [(sale, box) for sale in self.sales for box in sale.boxes]
        if not every:
            raise NothingThere
        return self.chance.choice(every)

    def request(self, *statuses: str) -> tuple[Sale, AskedBack]:
        every = [(sale, one) for sale in self.sales for one in sale.asked]
        fit = [pair for pair in every if pair[1].status in statuses]
        if not fit or self.chance.random() < 0.15:
            fit = every
        if not fit:
            raise NothingThere
        return self.chance.choice(fit)

    # --- Money in the model -------------------------------------------------------------------
    def note_refunds(self, sale: Sale, expected: list[tuple[Decimal, str]]) -> None:
        """Take over the refunds that the shop has made, which must be these."""
        new = [
            (one.pk, one.amount, one.state)
            for one in Refund.objects.filter(order=sale.order, surplus=False)
            if one.pk not in sale.given
        ]
        made = sorted((amount, str(state)) for _, amount, state in new)
        paid_by = Payment.objects.filter(order=sale.order, state=PaymentState.SUCCEEDED)
        # Money that came two ways goes back both; so may that of an order that was paid in cash.
        if sale.is_swap or paid_by.count() > 1:
            told, wanted = (sum(each for each, _ in one) for one in (made, expected))
            assert told == wanted, f"{told} go back, not {wanted}"
        else:
            assert made == sorted(expected)
        for pk, amount, state in new:
            sale.given[pk] = (amount, str(state))
        self.note_success(sale)

    def note_success(self, sale: Sale) -> None:
        back = sum(
            (amount for amount, state in sale.given.values() if state == "succeeded"),
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
        given = sum((one.amount for one in new.exclude(pk__in=sale.given)), Decimal(0))
        assert amount - sale.goodwill <= given <= amount
        return given

    def credit(self, sale: Sale, pieces: int, *, whole: bool, state: str) -> None:
        """Give back what these pieces cost, all that is left where `whole`; or waive it."""
        amount = sale.left if whole else min(pieces * sale.price, sale.left)
        if sale.pay == "paid" and not whole:
            amount = self.less_goodwill(sale, amount)
        if amount <= 0 or sale.pay == "refunded":
            self.note_refunds(sale, [])
        elif sale.pay == "paid":
            self.note_refunds(sale, [(amount, state)])
        else:
            self.lower(sale, amount, state)

    def lower(self, sale: Sale, amount: Decimal, state: str) -> None:
        """Let what is not paid, or in part, owe less; what goes beyond that goes back."""
        beyond = max(amount - sale.due, Decimal(0))
        sale.waived += amount - beyond
        if sale.part and sale.due <= 0:
            sale.pay, sale.collected = "paid", sale.part
            if sale.stage == "pending" and sale.method == "online":
                sale.stage = "confirmed"
        self.note_refunds(sale, [(beyond, state)] if beyond else [])

    def by_staff(self, sale: Sale) -> str:
        return "succeeded" if sale.method == "cod" else "requested"

    def drop(self, sale: Sale) -> None:
        """The whole order is cancelled."""
        sale.cancelled = sale.quantity
        for box in sale.boxes:
            if box.status == "packed":
                box.status = "cancelled"
        paid = sale.left if sale.pay == "paid" else sale.part - sale.refunded
        owed = sale.pay != "refunded" and paid > 0
        # Cash waits for a person, and what a part was paid by goes back the same way.
        self.note_refunds(sale, [(paid, "requested")] if owed else [])

    # --- Customers ----------------------------------------------------------------------------
    def place(self) -> None:
        guest = self.chance.random() < 0.4
        token = uuid4().hex if guest else None
        size, quantity = self.chance.choice("SMLX"), self.chance.randint(1, 4)
        method = self.chance.choice(["cod", "online"])
        order = make_order(
            customer=None if guest else self.customer,
            guest_email=f"{uuid4().hex}@example.com" if guest else None,
            token=token,
            variant=self.variants[size],
            quantity=quantity,
            method=method,
        )
        who = Customer(user=None if guest else self.customer, token=token)
        line = order.lines.get()
        assert line.line_total == quantity * PRICES[size]
        self.sales.append(
            Sale(order, who, size, quantity, method, order.total, line.pk)
        )
        self.done[f"place {method}"] += 1

    def cancel(self) -> None:
        sale = self.sale(*BEFORE_LEAVING)
        allowed = sale.status in BEFORE_LEAVING
        if self.attempt(
            "cancel",
            allowed,
            lambda: transitions.cancel_order(customer=sale.who, order_id=sale.order.pk),
        ):
            self.drop(sale)

    def ask(self) -> None:
        self._ask(withdraws=False)

    def withdraw(self) -> None:
        self._ask(withdraws=True)

    def _ask(self, *, withdraws: bool) -> None:
        sale = self.sale("delivered", "partially_shipped", "shipped")
        pieces = self.chance.randint(1, 3)
        arrived = any(box.status == "delivered" for box in sale.boxes)
        others = [size for size in self.variants if size != sale.size]
        size = self.chance.choice(others)
        swaps = not withdraws and self.chance.random() < 0.5
        allowed = arrived and not sale.is_over and pieces <= sale.held - sale.asked_for
        variant_id = self.variants[size].pk if swaps else None
        line = ReturnPieces(
            line_id=sale.line_id, quantity=pieces, exchange_variant_id=variant_id
        )
        how: dict[str, Any] = {
            "order_id": sale.order.pk,
            "customer": sale.who,
            "key": str(uuid4()),
        }
        if withdraws:
            made = self.attempt(
                "withdraw",
                allowed,
                lambda: return_requests.withdraw(lines=[line], **how),
            )
        else:
            asked = ReturnAsked(reason="too_small", lines=[line])
            made = self.attempt(
                "ask", allowed, lambda: return_requests.request_return(asked, **how)
            )
        if made:
            status = "approved" if withdraws else "requested"
            one = AskedBack(made[0].pk, pieces, swaps, status)
            sale.asked.append(one)
            self.sizes[one.id] = size

    def cancel_return(self) -> None:
        sale, one = self.request("requested", "approved")
        if self.attempt(
            "cancel return",
            one.status in ("requested", "approved"),
            lambda: return_requests.cancel_request(
                order_id=sale.order.pk, request_id=one.id, customer=sale.who
            ),
        ):
            one.status = "cancelled"
            self.let_go(one)

    def let_go(self, one: AskedBack) -> None:
        if one.replacement is not None and one.replacement.status == "pending":
            self.drop(one.replacement)

    # --- The gateway --------------------------------------------------------------------------
    def page(self) -> tuple[Sale, Payment]:
        pages = Payment.objects.filter(provider="test").order_by("id")
        known = {sale.order.pk: sale for sale in self.sales}
        found = [(known[page.order_id], page) for page in pages]
        if not found:
            raise NothingThere
        return self.chance.choice(found)

    def tell(self, page: Payment, outcome: Outcome) -> str:
        return provider_events.record_notice(
            Notice(
                provider="test",
                event_id=uuid4().hex,
                type=str(outcome),
                outcome=outcome,
                ref=page.provider_ref,
                payment_id=page.pk,
                amount=page.amount,
                currency=page.currency,
            )
        )

    def pay(self) -> None:
        sale, page = self.page()
        said = self.tell(page, Outcome.SUCCEEDED)
        self.done[f"pay: {said}"] += 1
        if page.state == "succeeded":
            assert said == "known already"
            return
        if sale.pay not in ("unpaid", "failed"):
            assert said == "paid twice: refunded"
        elif page.amount == sale.due:
            sale.pay, sale.collected = "paid", sale.payable
            if sale.status == "cancelled":
                assert said == "too late: refunded"
                self.note_refunds(sale, [(sale.left, "requested")])
            elif sale.stage == "pending":
                sale.stage = "confirmed"
        elif page.amount < sale.due and sale.status in BEFORE_LEAVING:
            assert said == "paid in part"
            sale.part += page.amount
        else:
            assert said == "another amount"

    def decline(self) -> None:
        sale, page = self.page()
        self.done[f"decline: {self.tell(page, Outcome.DECLINED)}"] += 1
        if (
            page.state == "created"
            and sale.pay == "unpaid"
            and sale.status == "pending"
        ):
            sale.pay = "failed"

    # --- Staff: orders and parcels ------------------------------------------------------------
    def confirm(self) -> None:
        sale = self.sale("pending")
        allowed = sale.status == "pending" and not sale.waits_for_money
        if self.attempt(
            "confirm",
            allowed,
            lambda: transitions.move_order(
                Move(status=OrderStatus.CONFIRMED), order_id=sale.order.pk, actor=STAFF
            ),
        ):
            sale.stage = "confirmed"

    def add_pieces(self) -> None:
        sale = self.sale(*BEFORE_LEAVING)
        pieces = self.chance.randint(1, 3)
        quantity = sale.quantity + pieces
        # What is sent for nothing may cost less with one piece more.
        goods, shipping = quantity * sale.price, sale.total - sale.quantity * sale.price
        total = goods + (0 if goods >= settings.SHIPPING_FREE_ABOVE else shipping)
        paid = sale.payable if sale.pay == "paid" else sale.part
        allowed = (
            sale.status in BEFORE_LEAVING
            and sale.pay != "refunded"
            and not sale.waived
            and not sale.refunded
            and not sale.is_swap
            and quantity <= MAX_PIECES
            and total >= paid
        )
        addition = PieceAddition(
            sku=self.variants[sale.size].sku, quantity=pieces, reason="a"
        )
        if not self.attempt(
            "add pieces",
            allowed,
            lambda: order_additions.add_pieces(
                addition, order_id=sale.order.pk, actor=STAFF, key=str(uuid4())
            ),
        ):
            return
        sale.quantity, sale.total = quantity, total
        if sale.pay == "paid" and total > paid:
            sale.pay, sale.part = "unpaid", paid

    def pack(self) -> None:
        sale = self.sale("confirmed", "processing", "partially_shipped")
        pieces = self.chance.randint(1, 4)
        allowed = (
            sale.status in ("confirmed", "processing", "partially_shipped")
            and not sale.waits_for_money
            and pieces <= sale.free
        )
        parcel = Parcel(
            lines=[ParcelPieces(line_id=sale.line_id, quantity=pieces)], ship=False
        )
        made = self.attempt(
            "pack",
            allowed,
            lambda: fulfilments.create_parcel(
                parcel, order_id=sale.order.pk, actor=STAFF
            ),
        )
        if made:
            sale.boxes.append(Box(made.pk, pieces))
            if sale.stage == "confirmed":
                sale.stage = "processing"

    def deliver(self) -> None:
        """Take a parcel that is on its way, or ready, further: the way that most go."""
        ahead = {"packed": "shipped", "shipped": "delivered"}
        every = [
            (sale, box)
            for sale in self.sales
            for box in sale.boxes
            if box.status in ahead
        ]
        if not every:
            raise NothingThere
        sale, box = self.chance.choice(every)
        self._move(sale, box, ahead[box.status])

    def move_parcel(self) -> None:
        sale, box = self.box()
        self._move(
            sale, box, self.chance.choice(sorted(set(ParcelStatus.values) - {"packed"}))
        )

    def _move(self, sale: Sale, box: Box, to: str) -> None:
        follows = {
            "packed": ("shipped", "cancelled"),
            "shipped": ("delivered", "undelivered", "lost"),
            "undelivered": ("shipped", "delivered", "returned", "lost"),
        }
        before, restock = box.status, self.chance.random() < 0.7
        move = ParcelMove(status=ParcelStatus(to), restock=restock)
        if not self.attempt(
            f"parcel {to}",
            to in follows.get(before, ()),
            lambda: fulfilments.move_parcel(move, fulfilment_id=box.id, actor=STAFF),
        ):
            return
        box.status = to
        if to == "delivered":
            sale.is_over = False  # of several parcels, the last one counts
        if before == "packed" and to == "shipped":
            sale.shipped += box.pieces
            self.shelf[sale.size] -= box.pieces
        if to in ("returned", "lost"):
            sale.returned += box.pieces
            if to == "returned" and restock:
                self.shelf[sale.size] += box.pieces
            gone = sale.cancelled + sale.returned == sale.quantity
            self.credit(sale, box.pieces, whole=gone, state=self.by_staff(sale))

    def cancel_pieces(self) -> None:
        sale = self.sale(*BEFORE_LEAVING, "partially_shipped")
        pieces = self.chance.randint(1, 2)
        allowed = (
            sale.status in (*BEFORE_LEAVING, "partially_shipped")
            and (not sale.waits_for_money or sale.part > 0)
            and pieces <= sale.free
        )
        body = PiecesCancellation(
            lines=[ParcelPieces(line_id=sale.line_id, quantity=pieces)], reason="a"
        )
        if not self.attempt(
            "cancel pieces",
            allowed,
            lambda: transitions.cancel_pieces(
                body, order_id=sale.order.pk, actor=STAFF
            ),
        ):
            return
        if pieces == sale.wanted:
            self.drop(sale)
            return
        sale.cancelled += pieces
        gone = sale.cancelled + sale.returned == sale.quantity
        self.credit(sale, pieces, whole=gone, state=self.by_staff(sale))

    def take_cash(self) -> None:
        sale = self.sale("delivered", "shipped")
        allowed = (
            sale.method == "cod"
            and sale.pay == "unpaid"
            and sale.status != "cancelled"
            and sale.due > 0
        )
        if self.attempt(
            "cash",
            allowed,
            lambda: transitions.mark_cash_paid(order_id=sale.order.pk, actor=STAFF),
        ):
            sale.pay, sale.collected = "paid", sale.payable

    # --- Staff: returns and refunds -----------------------------------------------------------
    def approve(self) -> None:
        sale, one = self.request("requested")
        allowed = one.status == "requested" and (not one.swaps or sale.pay == "paid")
        made = self.attempt(
            "approve",
            allowed,
            lambda: return_requests.approve_request(
                ReturnApproval(), request_id=one.id, actor=STAFF
            ),
        )
        if not made:
            return
        one.status = "approved"
        if one.swaps:
            order = made.exchange
            assert order.total == one.pieces * PRICES[self.sizes[one.id]]
            one.replacement = Sale(
                order,
                sale.who,
                self.sizes[one.id],
                one.pieces,
                "online",
                order.total,
                order.lines.get().pk,
                is_swap=True,
            )
            self.sales.append(one.replacement)

    def reject(self) -> None:
        _, one = self.request("requested")
        if self.attempt(
            "reject",
            one.status == "requested",
            lambda: return_requests.reject_request(
                "No.", request_id=one.id, actor=STAFF
            ),
        ):
            one.status = "rejected"

    def receive(self) -> None:
        _, one = self.request("approved")
        if self.attempt(
            "receive",
            one.status == "approved",
            lambda: return_requests.receive_request("", request_id=one.id, actor=STAFF),
        ):
            one.status = "received"

    def judge(self) -> None:
        sale, one = self.request("received")
        sellable, damaged, refused = (self.chance.randint(0, 2) for _ in range(3))
        judged = JudgedPieces(
            line_id=sale.line_id, sellable=sellable, damaged=damaged, refused=refused
        )
        allowed = (
            one.status == "received" and sellable + damaged + refused <= one.pieces
        )
        if not self.attempt(
            "judge",
            allowed,
            lambda: return_requests.judge_request(
                ReturnJudgement(lines=[judged]),
                request_id=one.id,
                actor=Actor("staff", self.customer.pk),
                key=str(uuid4()),
            ),
        ):
            return
        one.status = "completed"
        accepted = sellable + damaged
        sale.returned += accepted
        sale.came_back += accepted
        self.shelf[sale.size] += sellable
        whole = accepted == sale.wanted
        if accepted and sale.pay in ("unpaid", "failed"):
            self.credit(sale, accepted, whole=whole, state="")
        made = one.replacement
        if made is not None and made.status == "pending":
            self.pay_replacement(sale, made, one, accepted)
        elif accepted and sale.pay == "paid":
            self.credit(sale, accepted, whole=whole, state="requested")

    def pay_replacement(
        self, sale: Sale, made: Sale, one: AskedBack, accepted: int
    ) -> None:
        worth = Decimal(0)
        if sale.pay == "paid":
            worth = min(accepted * sale.price, sale.left)
        before = worth
        if (
            worth > 0 and sale.goodwill
        ):  # as its refunds say: the rest went back as money
            worth = self.less_goodwill(sale, worth)
        if worth <= 0:
            self.drop(made)
            return
        assert before - sale.goodwill <= worth
        missing = one.pieces - accepted
        made.cancelled, made.waived = missing, missing * made.price
        price = max(worth + accepted * (made.price - sale.price), Decimal(0))
        made.goodwill = max(made.payable - price, Decimal(0))
        made.waived += made.goodwill
        moved = min(worth, made.payable)
        if moved < made.payable:
            made.part = moved
        else:
            made.pay, made.stage, made.collected = "paid", "confirmed", moved
        back = [(moved, "succeeded")] if moved else []
        if over := min(worth - moved, sale.left - moved):
            back.append((over, "requested"))
        self.note_refunds(sale, back)

    def take_back(self) -> None:
        sale = self.sale("delivered", "partially_shipped")
        pieces, restock = self.chance.randint(1, 2), self.chance.random() < 0.5
        refund = self.chance.random() < 0.5
        allowed = (
            sale.status != "returned"
            and pieces <= sale.held - sale.asked_for
            and (not refund or sale.pay == "paid")
        )
        line = ReturnedPieces(line_id=sale.line_id, quantity=pieces, restock=restock)
        goods = GoodsReturn(reason="a", lines=[line], refund=refund)
        if not self.attempt(
            "take back",
            allowed,
            lambda: returns.take_back(goods, order_id=sale.order.pk, actor=STAFF),
        ):
            return
        sale.returned += pieces
        sale.came_back += pieces
        if restock:
            self.shelf[sale.size] += pieces
        if refund or sale.pay in ("unpaid", "failed"):
            whole = pieces == sale.wanted
            self.credit(sale, pieces, whole=whole, state=self.by_staff(sale))

    def refund(self) -> None:
        sale = self.sale("delivered", "confirmed")
        amount = Decimal(self.chance.randint(1, 3000)) / 100
        left = min(sale.payable, sale.collected) - sale.refunded
        allowed = sale.pay == "paid" and amount <= left
        if self.attempt(
            "refund",
            allowed,
            lambda: refunds.refund_order(
                order_id=sale.order.pk,
                actor=STAFF,
                amount=amount,
                reason="a",
                idempotency_key=str(uuid4()),
            ),
        ):
            self.note_refunds(sale, [(amount, self.by_staff(sale))])
            sale.goodwill += amount

    def settle_refund(self) -> None:
        every = [(sale, pk) for sale in self.sales for pk in sale.given]
        if not every:
            raise NothingThere
        sale, pk = self.chance.choice(every)
        amount, state = sale.given[pk]
        if self.attempt(
            "settle refund",
            state == "requested",
            lambda: refunds.settle_refund(refund_id=pk, actor=STAFF, succeeded=True),
        ):
            sale.given[pk] = (amount, "succeeded")
            self.note_success(sale)

    # --- The clock ----------------------------------------------------------------------------
    def expire(self) -> None:
        sale = self.sale("pending")
        Order.objects.filter(pk=sale.order.pk, expires_at__isnull=False).update(
            expires_at=timezone.now() - timedelta(seconds=1)
        )
        due = [
            one
            for one in self.sales
            if one is sale
            and one.waits_for_money
            and one.status == "pending"
            and (not one.is_swap or one.part > 0)
        ]
        assert periodic.expire_orders() == len(due)
        for one in due:
            self.drop(one)
        self.done["expire"] += len(due)

    def expire_return(self) -> None:
        _, one = self.request("approved")
        ReturnRequest.objects.filter(pk=one.id, send_by__isnull=False).update(
            send_by=timezone.now() - timedelta(seconds=1)
        )
        due = one.status == "approved"
        assert return_requests.expire_returns() == due
        if due:
            one.status = "cancelled"
            self.let_go(one)
        self.done["expire return"] += due

    def end_window(self) -> None:
        if self.chance.random() < 0.8:
            raise NothingThere
        sale = self.sale("delivered")
        Fulfilment.objects.filter(order=sale.order, status="delivered").update(
            delivered_at=timezone.now() - timedelta(days=60)
        )
        sale.is_over = bool([box for box in sale.boxes if box.status == "delivered"])
        self.done["end window"] += 1

    # --- Agreement ----------------------------------------------------------------------------
    def check(self) -> None:
        """Compare the whole shop with the model, and ask the shop's own rules."""
        rows = {order.pk: order for order in Order.objects.prefetch_related("lines")}
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
        assert shop == model, f"{order.number}: the shop says {shop}, the model {model}"


@pytest.mark.timeout(1200 if FULL else 300)
@pytest.mark.parametrize("seed", range(EPISODES))
def test_the_shop_does_as_the_model_says(db, settings, tmp_path, seed):
    settings.WITHDRAWAL_DAYS, settings.ONLINE_PROVIDER = 30, "test"
    settings.MEDIA_ROOT = tmp_path
    world = World(seed)
    world.place()
    world.place()
    for number in range(STEPS):
        world.step()
        try:
            connection.check_constraints()  # what is deferred to the commit
            world.check()
        except AssertionError as exc:
            raise AssertionError(f"after step {number}: {dict(world.done)}") from exc
    if FULL:
        sys.stdout.write(f"\n{STEPS} steps: {dict(sorted(world.done.items()))}\n")
