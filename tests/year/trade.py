"""A year of trade: what shoppers, banks, carriers and staff do, each at its own moment."""

import heapq
import itertools
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from django.db import DatabaseError, connection
from django.utils import timezone

from markrin.api.errors import ShopError
from orders.models import Fulfilment, Order, Payment, TaxPart, TaxRate
from orders.models.fulfilment import ParcelStatus, UndeliveredReason
from orders.models.order_status import OrderStatus
from orders.services import fulfilments, refunds, returns, transitions
from orders.services.lifecycle import Actor
from orders.staff_schemas import (
    GoodsReturn,
    Move,
    Parcel,
    ParcelMove,
    ParcelPieces,
    PiecesCancellation,
    ReturnedPieces,
    Tracking,
)
from products.models import TaxClass
from tests.factories import make_coupon, make_gift_card, make_product, make_variant
from tests.factories.orders import SHIPPING_ADDRESS
from tests.providers.razorpay import RazorpayStandIn
from tests.providers.server import Refused
from tests.providers.stripe import StripeStandIn
from tests.year.clock import Clock
from tests.year.shop import BEAT_EVERY, YearShop, say

STAFF = Actor("staff")
NO_TRACKING = Tracking(carrier="", tracking_number="", tracking_url="")
# Class of tax, price, code of the goods.
GOODS = (
    ("apparel", "499.00", "61091000"), ("apparel", "2499.00", "62044220"),
    ("apparel", "2999.00", "62114290"), ("footwear", "2499.00", "64039990"),
    ("fabric", "6000.00", "50072010"), ("standard", "1299.50", ""), ("bags", "33.33", "42022190"),
)  # fmt: skip
PLACES = (
    {"state": "Karnataka", "postalCode": "560001", "city": "Bengaluru"},
    {"state": "Maharashtra", "postalCode": "400050", "city": "Mumbai"},
    {"state": "Delhi", "postalCode": "110001", "city": "New Delhi"},
    {"state": "Chandigarh", "postalCode": "160017", "city": "Chandigarh"},
)
FAULTS = ("status", "drop", "lost", "slow")
StandIn = StripeStandIn | RazorpayStandIn


@dataclass(order=True)
class Planned:
    """What is done at a moment; of two at one moment the one planned first."""

    at: datetime
    number: int
    act: Callable[[], object] = field(compare=False)


class Year:
    """The trade of so many days with so many orders. `done` counts what happened."""

    def __init__(
        self, shop: YearShop, clock: Clock, *, orders: int, days: int, seed: int
    ) -> None:
        self.shop, self.clock, self.days = shop, clock, days
        self.chance = random.Random(seed)
        self.done: Counter[str] = shop.done
        self.begin = datetime.now(UTC)
        self.span = timedelta(days=days)
        self._numbers = itertools.count()
        self._plan: list[Planned] = []
        self._next_beat = self.begin + BEAT_EVERY
        self._month = 0
        self.variants = [
            make_variant(
                stock=10 * orders + 100,
                product=make_product(
                    base_price=price, tax_class=TaxClass.objects.get(code=code)
                ),
                hs_code=goods,
            )
            for code, price, goods in GOODS
        ]
        self.coupon = make_coupon().code
        for _ in range(orders):
            self.plan(self.begin + self.span * self.chance.random(), self.buy)
        for day in range(3, days, 7):
            self.plan(self.begin + timedelta(days=day), self.pay_out)
        for _ in range(days):
            self.plan(
                self.begin + self.span * self.chance.random(), self.break_something
            )

    # --- Moments ------------------------------------------------------------------------------
    def plan(self, at: datetime, act: Callable[[], object]) -> None:
        heapq.heappush(self._plan, Planned(at, next(self._numbers), act))

    def plan_later(self, act: Callable[[], object], **delta: float) -> None:
        self.plan(datetime.now(UTC) + timedelta(**delta), act)

    def run(self) -> None:
        """Play all that is planned, and what follows from it, however late."""
        while self._plan:
            planned = heapq.heappop(self._plan)
            self._go_to(planned.at)
            self._attempt(planned.act)

    def _go_to(self, at: datetime) -> None:
        """Let the time pass, and beat do what is due meanwhile.

        Jobs and webhooks are under way while the clock moves, until the next beat.
        """
        while self._next_beat <= at:
            self.shop.settle()
            self.clock.move_to(self._next_beat)
            self.shop.run_beat()
            self._next_beat += BEAT_EVERY
            self._tell_progress()
        self.clock.move_to(at)

    def _tell_progress(self) -> None:
        day = (datetime.now(UTC) - self.begin).days
        if day // 30 > self._month:
            self._month = day // 30
            say(f"  day {day}: {self.done['buy']} orders")

    def _attempt(self, act: Callable[[], object]) -> None:
        name = getattr(act, "func", act).__name__
        for _ in range(5):
            try:
                act()
                self.done[name] += 1
                return
            except (
                DatabaseError
            ):  # its session was ended: the button is pressed again
                connection.close()
            except (ShopError, Refused) as exc:
                code = getattr(exc, "code", "refused")
                self.done[f"{name}: {code}"] += 1
                return

    def finish(self) -> None:
        """Let all faults end and eight more days pass, so that all is told and asked."""
        self.end_faults()
        until = datetime.now(UTC) + timedelta(days=8)
        while datetime.now(UTC) < until:
            self._go_to(datetime.now(UTC) + BEAT_EVERY)

    def end_faults(self) -> None:
        """Let the providers' faults end, and tell what was held back."""
        for one in self.stand_ins:
            one.clear_faults()
            one.webhooks.lose = one.webhooks.duplicate = one.webhooks.hold = ""
            one.webhooks.release()
        self.shop.settle()

    # --- Shoppers -----------------------------------------------------------------------------
    @property
    def stand_ins(self) -> list[Any]:
        return list(self.shop.stand_ins.values())

    def buy(self) -> None:
        """Fill a bag and order it, as a guest; plan what becomes of it."""
        chance = self.chance
        name = chance.choice(list(self.shop.stand_ins))
        token = ""
        for variant in chance.sample(self.variants, chance.choice([1, 1, 2])):
            item = {
                "variantId": str(variant.pk),
                "quantity": chance.choice([1, 1, 1, 2, 3]),
            }
            token = self._put(name, token, item)
        method = "cod" if chance.random() < 0.2 else "online"
        number = chance.randrange(10**6)
        body: dict[str, Any] = {
            "shippingAddress": SHIPPING_ADDRESS
            | chance.choice(PLACES)
            | {"phone": f"+9198{chance.randrange(10**8):08d}"},
            "email": f"guest{number}@example.com",
            "paymentMethod": method,
        }
        if chance.random() < 0.15:
            body["couponCode"] = self.coupon
        if chance.random() < 0.05:
            _, code = make_gift_card(f"{chance.randint(100, 4000)}.00")
            body["giftCardCodes"] = [code]
        status, order = self.shop.ask(
            name,
            "POST",
            "/api/orders",
            body,
            X_Cart_Token=token,
            Idempotency_Key=str(uuid4()),
        )
        assert status == 201, order
        self.done[f"ordered, {method}"] += 1
        order_id = UUID(order["id"])
        if (
            order["paymentStatus"] == "paid" or method == "cod"
        ):  # by a gift card alone
            self.plan_later(
                partial(self.pack, order_id), hours=chance.uniform(2, 40)
            )
        else:
            self.plan_later(
                partial(self.pay, name, order_id, token),
                minutes=chance.uniform(1, 20),
            )

    def _put(self, name: str, token: str, item: dict[str, Any]) -> str:
        headers = {"X_Cart_Token": token} if token else {}
        status, cart = self.shop.ask(
            name, "POST", "/api/cart/items", item, **headers
        )
        assert status in (200, 201), cart
        return token or str(cart["token"])

    def pay(self, name: str, order_id: UUID, token: str) -> None:
        """Do what shoppers do on the provider's page, which is rarely but sometimes odd."""
        payment = Payment.objects.filter(order_id=order_id, provider=name).latest(
            "id"
        )
        if (
            not payment.provider_ref
        ):  # the provider was away: the shopper asks again
            self.shop.ask(
                name,
                "POST",
                f"/api/orders/{order_id}/payments",
                X_Cart_Token=token,
                Idempotency_Key=str(uuid4()),
            )
            payment.refresh_from_db()
            if not payment.provider_ref:
                self.plan_later(partial(self.pay, name, order_id, token), minutes=3)
                return
        how = self.chance.choices(
            [
                "pay",
                "decline_pay",
                "decline",
                "late",
                "never",
                "cancel",
                "pay_cancel",
            ],
            [66, 13, 5, 7, 4, 2, 3],
        )[0]
        self.done[f"shopper: {how}"] += 1
        self._disturb_webhooks(name)
        stand_in: Any = self.shop.stand_ins[name]
        ref = payment.provider_ref
        if how in ("decline_pay", "decline", "late"):
            tried = stand_in.decline(ref)
        if how in ("pay", "decline_pay", "pay_cancel"):
            if isinstance(stand_in, RazorpayStandIn):
                stand_in.auto_capture = self.chance.random() < 0.8
            stand_in.pay(ref)
            self.plan_later(
                partial(self.pack, order_id), hours=self.chance.uniform(4, 60)
            )
            self._plan_at_provider(stand_in, order_id)
        if how == "late":
            self._pay_late(stand_in, ref, tried)
            self.plan_later(
                partial(self.pack, order_id), hours=self.chance.uniform(60, 90)
            )
        if how in ("cancel", "pay_cancel"):
            self.plan_later(partial(self.cancel, name, order_id, token), minutes=5)

    def _pay_late(self, stand_in: Any, ref: str, tried: dict[str, Any]) -> None:
        """Pay by what takes hours: the order may be cancelled by then."""
        hours = self.chance.uniform(0.2, 50)
        if isinstance(stand_in, RazorpayStandIn):
            captured = self.chance.random() < 0.6
            self.plan_later(
                partial(stand_in.pay_late, tried["id"], captured), hours=hours
            )
        else:
            stand_in.pay_later(ref)
            ok = self.chance.random() < 0.8
            self.plan_later(partial(stand_in.settle, ref, ok), hours=hours)

    def cancel(self, name: str, order_id: UUID, token: str) -> None:
        self.shop.ask(
            name, "POST", f"/api/orders/{order_id}/cancel", {"reason": "Changed my mind"},
            X_Cart_Token=token,
        )  # fmt: skip

    # --- The providers ------------------------------------------------------------------------
    def _disturb_webhooks(self, name: str) -> None:
        """Lose, double or hold back some of the next webhooks, and break an answer or two."""
        webhooks = self.shop.stand_ins[name].webhooks
        webhooks.release(backwards=self.chance.random() < 0.5)
        webhooks.lose = self.chance.choice(
            ["", "", "", "", r"payment|checkout|order", "."]
        )
        webhooks.duplicate = self.chance.choice(["", "", "."])
        webhooks.hold = self.chance.choice(["", "", "", r"payment|refund"])
        if self.chance.random() < 0.1:
            self.shop.stand_ins[name].fail(
                self.chance.choice(FAULTS),
                self.chance.choice(["GET", "POST"]),
                times=self.chance.randint(1, 3),
                seconds=0.05,
            )
            self.done["provider broken"] += 1

    def _plan_at_provider(self, stand_in: StandIn, order_id: UUID) -> None:
        """Plan what may happen there to money that was paid: refunds by hand, disputes."""
        drawn = self.chance.random()
        if drawn < 0.03:
            self.plan_later(
                partial(self.refund_in_dashboard, stand_in, order_id),
                days=self.chance.uniform(0.1, 30),
            )
        elif drawn < 0.05:
            self.plan_later(
                partial(self.dispute, stand_in, order_id),
                days=self.chance.uniform(3, 40),
            )

    def _money(self, stand_in: StandIn, order_id: UUID) -> str | None:
        paid = Payment.objects.filter(
            order_id=order_id, provider=stand_in.name, state="succeeded"
        ).first()
        return paid.charge_ref if paid else None

    def refund_in_dashboard(self, stand_in: Any, order_id: UUID) -> None:
        if money := self._money(stand_in, order_id):
            amount = self.chance.choice([None, self.chance.randint(1, 40000)])
            stand_in.refund(money, amount)

    def dispute(self, stand_in: Any, order_id: UUID) -> None:
        if money := self._money(stand_in, order_id):
            try:
                opened = stand_in.open_dispute(money)
            except ValueError:
                return  # it has been given back by now
            close = partial(
                stand_in.close_dispute, opened["id"], self.chance.random() < 0.5
            )
            self.plan_later(close, days=self.chance.uniform(5, 30))

    def pay_out(self) -> None:
        for one in self.stand_ins:
            one.pay_out() if isinstance(one, StripeStandIn) else one.settle()

    def break_refund(self, stand_in: Any) -> None:
        """Let one of the shop's refunds of the last 30 days fail after it had succeeded."""
        is_stripe = stand_in.name == "stripe"
        notes, made_at = (
            ("metadata", "created") if is_stripe else ("notes", "created_at")
        )
        since = stand_in.now() - 30 * 86_400
        made = [
            one
            for one in stand_in.all("refund")[:20]
            if one["status"] != "failed" and one[notes] and one[made_at] > since
        ]
        if made:
            stand_in.finish_refund(self.chance.choice(made)["id"], ok=False)

    def break_something(self) -> None:
        """Kill a part of the shop, or break a provider."""
        what = self.chance.choice(
            ["stripe", "razorpay", "relay", "worker", "sessions", ""]
        )
        if what and self.chance.random() < 0.3:
            self.shop.kill(what)
        elif self.chance.random() < 0.2:
            self.break_refund(self.chance.choice(self.stand_ins))

    # --- Staff --------------------------------------------------------------------------------
    def pack(self, order_id: UUID) -> None:
        """Confirm and pack; some orders lose a line, some leave in two parcels."""
        order = Order.objects.get(pk=order_id)
        if order.status == OrderStatus.PENDING:
            _move(order_id, OrderStatus.CONFIRMED)
        lines = list(order.lines.all())
        if len(lines) == 2 and self.chance.random() < 0.1:
            transitions.cancel_pieces(
                PiecesCancellation(
                    reason="Not on the shelf after all.",
                    lines=[ParcelPieces(line_id=lines[0].pk, quantity=1)],
                ),
                order_id=order_id,
                actor=STAFF,
            )
        elif len(lines) == 2 and self.chance.random() < 0.4:
            first = [ParcelPieces(line_id=lines[0].pk, quantity=1)]
            self._send(order_id, first)
        self.plan_later(
            partial(self.send, order_id), hours=self.chance.uniform(1, 30)
        )

    def send(self, order_id: UUID) -> None:
        self._send(order_id, None)

    def _send(self, order_id: UUID, pieces: list[ParcelPieces] | None) -> None:
        parcel = fulfilments.create_parcel(
            Parcel(
                lines=pieces, tracking=NO_TRACKING, ship=True, despite_dispute=True
            ),
            order_id=order_id,
            actor=STAFF,
        )
        arrive = partial(self.arrive, order_id, parcel.pk)
        self.plan_later(arrive, days=self.chance.uniform(1, 6))

    def arrive(self, order_id: UUID, parcel_id: UUID) -> None:
        """Bring a parcel to its door, where some are refused."""
        order = Order.objects.get(pk=order_id)
        cod = order.payment_method == "cod"
        if self.chance.random() < (0.15 if cod else 0.03):
            _move_parcel(
                parcel_id,
                ParcelStatus.UNDELIVERED,
                reason=UndeliveredReason.REFUSED,
            )
            back = partial(
                _move_parcel, parcel_id, self.chance.choice(
                    [ParcelStatus.RETURNED, ParcelStatus.RETURNED, ParcelStatus.LOST]
                ),
            )  # fmt: skip
            self.plan_later(back, days=self.chance.uniform(2, 12))
            return
        _move_parcel(parcel_id, ParcelStatus.DELIVERED)
        under_way = Fulfilment.objects.filter(order_id=order_id, status="shipped")
        if cod and not under_way.exists():
            self.plan_later(
                partial(self.take_cash, order_id), hours=self.chance.uniform(1, 30)
            )
        drawn = self.chance.random()
        if drawn < 0.12:
            self.plan_later(
                partial(self.take_back, order_id), days=self.chance.uniform(2, 20)
            )
        elif drawn < 0.16:
            self.plan_later(
                partial(self.refund, order_id), days=self.chance.uniform(2, 20)
            )

    def take_cash(self, order_id: UUID) -> None:
        transitions.mark_cash_paid(order_id=order_id, actor=STAFF)

    def take_back(self, order_id: UUID) -> None:
        """Take some pieces back, or all, with their money."""
        held = returns.count_held(Order.objects.get(pk=order_id))
        lines = [
            ReturnedPieces(
                line_id=pk, quantity=self.chance.randint(1, number), restock=True
            )
            for pk, number in held.items()
            if number
        ]
        goods = GoodsReturn(
            reason="Too small.",
            lines=self.chance.choice([lines[:1], lines, None]) if lines else None,
            refund=True,
        )
        returns.take_back(goods, order_id=order_id, actor=STAFF)

    def refund(self, order_id: UUID) -> None:
        refunds.refund_order(
            order_id=order_id,
            actor=STAFF,
            amount=Decimal(self.chance.randint(1, 20000)) / 100,
            reason="A seam was open.",
            idempotency_key=str(uuid4()),
        )

    def change_apparel(self) -> None:
        """A change of rates besides the preset's own of 2025-09-22."""
        self.change_rates(
            "apparel", {"CGST": "3", "SGST": "3", "UTGST": "3", "IGST": "6"}
        )

    def change_rates(self, code: str, percents: dict[str, str]) -> None:
        """Let a class carry other parts from today on, as the admin's editor writes it."""
        today = timezone.localdate()
        for rate in list(
            TaxRate.objects.filter(tax_class__code=code, valid_until=None)
        ):
            parts = list(rate.parts.all())
            TaxRate.objects.filter(pk=rate.pk).update(
                valid_until=today - timedelta(days=1)
            )
            new = TaxRate.objects.create(
                tax_class=rate.tax_class,
                zone=rate.zone,
                up_to=rate.up_to,
                valid_from=today,
            )
            for part in parts:
                TaxPart.objects.create(
                    rate=new, name=part.name, position=part.position,
                    percent=percents[part.name],
                )  # fmt: skip


def _move(order_id: UUID, status: OrderStatus) -> None:
    transitions.move_order(Move(status=status), order_id=order_id, actor=STAFF)


def _move_parcel(parcel_id: UUID, status: ParcelStatus, **more: Any) -> None:
    fulfilments.move_parcel(
        ParcelMove(status=status, **more), fulfilment_id=parcel_id, actor=STAFF
    )
