"""Makes 90 days of trade: orders with their history, payments and refunds, and the stock
they moved.
"""

import json
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from hashlib import sha256
from random import Random

from django.conf import settings

from demo import catalogue
from demo.catalogue import Article, Choice
from demo.people import Person, staff_id
from demo.plan import (
    TRADE_DAYS,
    Plan,
    format_amount,
    half_up,
    make_uuid,
    pick_after,
    pick_weighted,
)
from demo.row_writer import RowWriter
from demo.sample_texts import CARRIERS
from markrin.outbox import handlers
from orders.pricing.tax import Place, RateTable, Supply, Taxed, TaxRules
from orders.pricing.tax_presets import read_preset
from orders.promotion_terms import Person as PromotionPerson

_JOBS_KEPT = 14  # days, as the outbox keeps them
TAX_STATE = "KA"  # where the demo shop is registered
_STATE = 5  # of an address
_OPEN = ("pending", "confirmed", "processing")
_SHIPPED = ("shipped", "delivered", "returned")


@dataclass(frozen=True)
class Coupon:
    """A coupon; amounts are hundredths, or hundredths of a percent."""

    code: str
    kind: str
    value: int
    min_spend: int = 0
    from_day: int | None = None
    to_day: int | None = None
    per_customer: int | None = None
    total_limit: int | None = None


COUPONS = (
    Coupon("WELCOME10", "percent", 1000, per_customer=1),
    Coupon("FESTIVE500", "fixed", 50_000, min_spend=250_000, from_day=-45, to_day=30),
    Coupon("MONSOON15", "percent", 1500, from_day=-120, to_day=-60),
    Coupon(
        "VIP20", "percent", 2000, min_spend=500_000, per_customer=3, total_limit=1000
    ),
)


@dataclass(slots=True)
class Line:
    """A line of an order; amounts are hundredths."""

    id: str
    article: Article
    choice: Choice
    quantity: int
    discount: int = 0
    tax_class: str = ""
    taxed: Taxed = field(default_factory=lambda: Taxed(0))
    in_parcel: str = ""  # the id of its line in the parcel, and in the return
    in_return: str = ""

    @property
    def total(self) -> int:
        return self.article.price * self.quantity


@dataclass(slots=True)
class Sale:
    """An order that is being made: its lines, its state, and the times of its steps."""

    number: int
    id: str
    at: datetime
    buyer: Person | None
    online: bool
    lines: list[Line]
    to: tuple[str, ...]
    rates: RateTable
    status: str = "pending"
    payment: str = "unpaid"
    discount: int = 0
    shipping: int = 0
    coupon: int | None = None
    moments: dict[str, datetime] = field(default_factory=dict)
    paid_at: datetime | None = None

    @property
    def subtotal(self) -> int:
        return sum(line.total for line in self.lines)

    @property
    def tax(self) -> int:
        return sum(line.taxed.amount for line in self.lines)

    @property
    def total(self) -> int:
        return (
            self.subtotal
            - self.discount
            + self.shipping
            + (0 if settings.TAX_INCLUDED else self.tax)
        )

    @property
    def changed_at(self) -> datetime:
        return max(self.at, *self.moments.values(), self.paid_at or self.at)


class TaxTables:
    """The rates of the demo's preset, by the state and the day of a sale."""

    def __init__(self) -> None:
        preset = read_preset("in", state=TAX_STATE)
        indian = preset.currency == settings.SHOP_CURRENCY
        self.rules = TaxRules(
            included=settings.TAX_INCLUDED,
            origin=Place("IN", f"IN-{TAX_STATE}"),
            zones=preset.zones if indian else (),
            rates=preset.rates if indian else (),
            regime=preset.regime,
        )
        self.tables: dict[tuple[str, date], RateTable] = {}

    def find(self, state_code: str, day: date) -> RateTable:
        """Return the rates of sales to this state on this day."""
        if (state_code, day) not in self.tables:
            place = Place("IN", state_code)
            self.tables[state_code, day] = RateTable(self.rules, Supply(place), day)
        return self.tables[state_code, day]


class Trade:
    """Sells the articles to the people. `bought` holds who has received what, by the
    numbers of both.
    """

    def __init__(
        self,
        plan: Plan,
        articles: list[Article],
        everyone: list[Person],
        sink: RowWriter,
    ) -> None:
        self.plan, self.sink, self.rng = plan, sink, plan.random("sales")
        self.staff = staff_id(plan)
        self.everyone = everyone
        self.joined = [person.created_at for person in everyone]
        self.articles = sorted(
            (a for a in articles if a.status == "published"), key=lambda a: a.created_at
        )
        self.born = [article.created_at for article in self.articles]
        self.categories = catalogue.make_category_ids(plan)
        self.classes = catalogue.tax_classes()
        self.tables = TaxTables()
        self.used = [0] * len(COUPONS)
        self.slots: dict[tuple[int, int], int] = {}
        self.bought: dict[tuple[int, int], datetime] = {}

    def run(self, progress: Callable[[int], None]) -> None:
        """Make and write every order, oldest first."""
        # The shop grows: days near the end have more orders than those near the start.
        ages = sorted(
            (
                TRADE_DAYS * self.rng.random() ** 1.25 + 0.01
                for _ in range(self.plan.orders)
            ),
            reverse=True,
        )
        for number, age in enumerate(ages, start=1):
            sale = self._sale(
                number, self.plan.midnight - timedelta(seconds=round(age * 86_400))
            )
            self._move_stock(sale)
            self._write(sale)
            progress(1)
        self._write_coupons()
        self._write_carriers()

    def _sale(self, number: int, at: datetime) -> Sale:
        rng = self.rng
        joined = bisect_right(self.joined, at)
        guest = settings.GUEST_CHECKOUT and rng.random() < 0.06
        buyer = (
            None if guest or not joined else self.everyone[int(joined * rng.random())]
        )
        to = (buyer or self.everyone[number % len(self.everyone)]).address
        sale = Sale(
            number,
            make_uuid("order", number, at),
            at,
            buyer,
            rng.random() < 0.6,
            self._lines(number, at),
            to,
            self.tables.find(to[_STATE], at.date()),
        )
        self._use_coupon(sale)
        net = sale.subtotal - sale.discount
        sale.shipping = (
            0
            if net > settings.SHIPPING_FREE_ABOVE * 100
            else int(settings.SHIPPING_FEE * 100)
        )
        self._tax(sale)
        self._history(sale)
        return sale

    def _lines(self, number: int, at: datetime) -> list[Line]:
        rng, lines = self.rng, dict[str, Line]()
        for place in range(pick_weighted(rng, (1, 2, 3, 4), (45, 30, 15, 10))):
            # A few articles sell much more often than the rest.
            article = self.articles[
                int(max(1, bisect_right(self.born, at)) * rng.random() ** 1.6)
            ]
            choice = rng.choice(article.choices)
            quantity = pick_weighted(rng, (1, 2, 3), (85, 12, 3))
            lines.setdefault(
                choice.id,
                Line(
                    make_uuid("line", number * 10 + place, at),
                    article,
                    choice,
                    quantity,
                    in_parcel=make_uuid("parcel line", number * 10 + place, at),
                    in_return=make_uuid("return line", number * 10 + place, at),
                ),
            )
        return list(lines.values())

    def _use_coupon(self, sale: Sale) -> None:
        if sale.buyer is None or self.rng.random() > 0.15:
            return
        which = self.rng.randrange(2)
        coupon, key = COUPONS[which], (which, sale.buyer.number)
        day = (sale.at - self.plan.midnight).days
        used = self.slots.get(key, 0)
        if sale.subtotal < coupon.min_spend or (
            coupon.from_day is not None and day <= coupon.from_day
        ):
            return
        if coupon.per_customer is not None and used >= coupon.per_customer:
            return
        sale.coupon = which
        sale.discount = (
            coupon.value
            if coupon.kind == "fixed"
            else half_up(sale.subtotal * coupon.value, 10_000)
        )
        running = given = 0
        # each line's share is the difference of rounded running sums: they add up exactly
        for line in sale.lines:
            running += line.total
            line.discount = half_up(sale.discount * running, sale.subtotal) - given
            given += line.discount

    def _tax(self, sale: Sale) -> None:
        for line in sale.lines:
            charged = line.total - line.discount
            line.tax_class = self.classes[line.article.garment.category]
            rate = sale.rates.find_rate(line.tax_class, charged, line.quantity)
            line.taxed = sale.rates.tax(charged, rate)

    def _history(self, sale: Sale) -> None:
        """Choose how far the order has come, and when it took each step; no step lies after
        the demo's end.
        """
        rng, at = self.rng, sale.at
        target = _pick_target(
            (self.plan.midnight - at).total_seconds() / 3600, sale.online, rng
        )
        if target == "cancelled":
            unpaid = sale.online and rng.random() < 0.5
            if sale.online and not unpaid:
                sale.paid_at = pick_after(at, rng, 0.01, 0.05)
                sale.moments["confirmed"] = sale.paid_at
                sale.payment = "refunded"
            elif unpaid:
                sale.payment = rng.choice(("unpaid", "failed"))
            wait = (0.26, 0.27) if unpaid else (0.5, 5.0)
            sale.moments["cancelled"] = pick_after(at, rng, *wait)
        else:
            if sale.online:
                sale.paid_at, sale.payment = pick_after(at, rng, 0.01, 0.05), "paid"
            moment = sale.paid_at
            for step, low, high in _STEPS[: _ORDER.index(target)]:
                moment = (
                    moment
                    if step == "confirmed" and moment
                    else pick_after(moment or at, rng, low, high)
                )
                sale.moments[step] = moment
                if step == "delivered" and not sale.online:
                    sale.paid_at, sale.payment = moment, "paid"
            if target == "returned":
                sale.payment = "refunded"
        sale.status = target

    def _move_stock(self, sale: Sale) -> None:
        for line in sale.lines:
            choice, n, moves = (
                line.choice,
                line.quantity,
                [("reserve", 0, line.quantity, sale.at)],
            )
            refs = {"reserve": line.id}
            if sale.status == "cancelled":
                moves.append(("release", 0, -n, sale.moments["cancelled"]))
                refs["release"] = f"{line.id}:{n}"
            if sale.status in _OPEN:
                choice.reserved += n
            if sale.status in _SHIPPED:
                moves.append(("ship", -n, -n, sale.moments["shipped"]))
                refs["ship"] = line.in_parcel
                choice.gone += n
            if sale.status == "returned":
                moves.append(("return", n, 0, sale.moments["returned"]))
                refs["return"] = line.in_return
                choice.gone -= n
            for kind, d_on_hand, d_reserved, at in moves:
                self.sink.add(
                    "products_stockmovement",
                    (
                        choice.id,
                        kind,
                        d_on_hand,
                        d_reserved,
                        f"{kind}:{refs[kind]}",
                        at,
                    ),
                )
            if sale.status != "cancelled" and (self.plan.midnight - sale.at).days < 30:
                line.article.sold += n
            if sale.status == "delivered" and sale.buyer:
                self.bought.setdefault(
                    (sale.buyer.number, line.article.number), sale.moments["delivered"]
                )

    def _write(self, sale: Sale) -> None:
        self.sink.add("orders_order", self._order_row(sale))
        for position, line in enumerate(sale.lines):
            article, choice = line.article, line.choice
            shipped = line.quantity if sale.status in _SHIPPED else 0
            returned = line.quantity if sale.status == "returned" else 0
            self.sink.add(
                "orders_orderline",
                (
                    line.id,
                    sale.id,
                    position,
                    choice.id,
                    article.id,
                    self.categories[article.garment.category],
                    article.name,
                    choice.sku,
                    choice.size,
                    choice.color,
                    "",
                    line.quantity,
                    line.quantity if sale.status == "cancelled" else 0,
                    shipped,
                    returned,
                    format_amount(article.price),
                    format_amount(line.discount),
                    line.tax_class,
                    sum(part.percent for part in line.taxed.parts),
                    format_amount(line.taxed.amount),
                ),
            )
        self._write_taxes(sale)
        if sale.status in _SHIPPED:
            self._write_parcel(sale)
        if sale.status == "returned":
            self._write_return(sale)
        self._write_events(sale)
        self._write_payment(sale)
        if (self.plan.midnight - sale.at).days < _JOBS_KEPT:
            self._write_confirmation(sale)
        if sale.coupon is not None:
            self._write_discount(sale)

    def _write_discount(self, sale: Sale) -> None:
        """Write what the sale's coupon took off; a cancelled order's does not count as a use."""
        buyer, coupon = sale.buyer, sale.coupon
        assert buyer is not None  # noqa: S101  # only customers use coupons here
        assert coupon is not None  # noqa: S101  # see the caller
        counts = sale.status != "cancelled"
        if counts:
            key = (coupon, buyer.number)
            self.slots[key] = self.slots.get(key, 0) + 1
            self.used[coupon] += 1
        shares = {
            line.id: format_amount(line.discount)
            for line in sale.lines
            if line.discount
        }
        self.sink.add(
            "orders_orderdiscount",
            (
                make_uuid("discount", sale.number, sale.at),
                sale.id,
                0,
                make_uuid("promotion", coupon, self.plan.midnight),
                COUPONS[coupon].code,
                COUPONS[coupon].code,
                format_amount(sale.discount),
                format_amount(0),
                json.dumps(shares),
                counts,
                buyer.id,
                PromotionPerson(None, buyer.email).email_hash,
            ),
        )

    def _write_taxes(self, sale: Sale) -> None:
        parts = ((line, part) for line in sale.lines for part in line.taxed.parts)
        for position, (line, part) in enumerate(parts):
            self.sink.add(
                "orders_ordertax",
                (
                    sale.id,
                    line.id,
                    "line",
                    position,
                    part.name,
                    part.percent,
                    format_amount(line.taxed.taxable),
                    format_amount(part.amount),
                ),
            )

    def _order_row(self, sale: Sale) -> tuple[object, ...]:
        moments, buyer = sale.moments, sale.buyer
        unpaid = sale.status == "cancelled" and sale.online and sale.paid_at is None
        return (
            sale.id,
            sale.at,
            sale.changed_at,
            f"MK-{sale.at.year}-{sale.number:06d}",
            buyer.id if buyer else None,
            buyer.email if buyer else f"guest.{sale.number}@markrin.example",
            None if buyer else sha256(sale.id.encode()).digest(),
            "",
            sale.status,
            sale.payment,
            "online" if sale.online else "cod",
            settings.SHOP_CURRENCY,
            format_amount(sale.subtotal),
            format_amount(sale.discount),
            format_amount(sale.shipping),
            format_amount(sale.tax),
            settings.TAX_INCLUDED,
            sale.to[-1],
            sale.to[_STATE],
            format_amount(sale.total),
            format_amount(sale.total if sale.payment == "refunded" else 0),
            "" if sale.coupon is None else COUPONS[sale.coupon].code,
            sale.at + timedelta(minutes=15) if unpaid else None,
            sale.paid_at,
            moments.get("shipped"),
            moments.get("delivered"),
            moments.get("cancelled") or moments.get("returned"),
            *sale.to,
        )

    def _write_parcel(self, sale: Sale) -> None:
        """Write the one parcel in which the order left."""
        carrier, link = CARRIERS[sale.number % len(CARRIERS)]
        tracking = f"{sale.number * 7919 + 10**9}"
        shipped, delivered = sale.moments["shipped"], sale.moments.get("delivered")
        parcel = make_uuid("parcel", sale.number, shipped)
        self.sink.add(
            "orders_fulfilment",
            (
                parcel,
                shipped,
                delivered or shipped,
                sale.id,
                1,
                "delivered" if delivered else "shipped",
                carrier,
                tracking,
                link + tracking,
                1,
                shipped,
                delivered,
            ),
        )
        for line in sale.lines:
            self.sink.add(
                "orders_fulfilmentline",
                (line.in_parcel, parcel, line.id, line.quantity),
            )

    def _write_return(self, sale: Sale) -> None:
        at = sale.moments["returned"]
        back = make_uuid("return", sale.number, at)
        reason = "Returned by the customer."
        self.sink.add("orders_return", (back, at, at, sale.id, reason, self.staff))
        for line in sale.lines:
            self.sink.add(
                "orders_returnline",
                (line.in_return, back, line.id, line.quantity, True),
            )

    def _write_events(self, sale: Sale) -> None:
        buyer = (sale.buyer.id, "customer") if sale.buyer else (None, "guest")
        steps = [(sale.at, "status", "", "pending", *buyer, "")]
        if sale.payment == "failed":
            steps.append(
                (
                    sale.at,
                    "payment",
                    "unpaid",
                    "failed",
                    None,
                    "gateway",
                    "The bank declined it.",
                )
            )
        if sale.paid_at:
            who = (None, "gateway") if sale.online else (self.staff, "staff")
            steps.append((sale.paid_at, "payment", "unpaid", "paid", *who, ""))
        was = "pending"
        for step, at in sale.moments.items():
            steps.append((at, "status", was, step, *self._who(sale, step, buyer), ""))
            was = step
        if sale.payment == "refunded":
            steps.append(
                (
                    sale.changed_at,
                    "payment",
                    "paid",
                    "refunded",
                    self.staff,
                    "staff",
                    "",
                )
            )
        for at, kind, old, new, by, actor, note in sorted(
            steps, key=lambda step: step[0]
        ):
            self.sink.add(
                "orders_orderevent",
                (sale.id, kind, at, old, new, by, actor, note, True, ""),
            )

    def _who(
        self, sale: Sale, step: str, buyer: tuple[str | None, str]
    ) -> tuple[str | None, str]:
        if step == "confirmed" and sale.online:
            return None, "gateway"
        if step == "cancelled":
            return (None, "system") if sale.online and not sale.paid_at else buyer
        return self.staff, "staff"

    def _write_payment(self, sale: Sale) -> None:
        if sale.paid_at is None and sale.payment != "failed":
            return
        at, is_paid = sale.at, sale.paid_at is not None
        payment = make_uuid("payment", sale.number, at)
        reference = f"demo_{sale.number}" if sale.online else ""
        self.sink.add(
            "orders_payment",
            (
                payment,
                at,
                sale.paid_at or at,
                sale.id,
                "test" if sale.online else "cod",
                reference,
                format_amount(sale.total),
                settings.SHOP_CURRENCY,
                "succeeded" if is_paid else "failed",
                "" if is_paid else "declined",
                sale.paid_at,
            ),
        )
        if sale.payment == "refunded":
            when = sale.changed_at
            reason = (
                "Returned by the customer."
                if sale.status == "returned"
                else "Cancelled before shipping."
            )
            self.sink.add(
                "orders_refund",
                (
                    make_uuid("refund", sale.number, when),
                    when,
                    when,
                    sale.id,
                    payment,
                    format_amount(sale.total),
                    reason,
                    "succeeded",
                    f"{reference}_refund" if reference else "",
                    "",
                    self.staff,
                    when,
                ),
            )

    def _write_confirmation(self, sale: Sale) -> None:
        """Write the job that has confirmed the order by mail: every recent order has one."""
        task, at = "orders.confirm_by_mail", sale.at
        job = handlers.registry[task]
        self.sink.add(
            "outbox_event",
            (
                "order.placed",
                make_uuid("placed", sale.number, at),
                task,
                job.queue,
                f"{task}:{sale.id}",
                json.dumps({"order_id": sale.id}),
                json.dumps({"demo": "no mail was sent"}),
                "done",
                1,
                job.max_attempts,
                at,
                None,
                at,
                at,
            ),
        )

    def _write_carriers(self) -> None:
        at = self.plan.midnight - timedelta(days=365)
        for number, (name, link) in enumerate(CARRIERS):
            row = (
                make_uuid("carrier", number, at),
                at,
                at,
                name,
                f"{link}{{tracking}}",
                True,
            )
            self.sink.add("orders_carrier", row)

    def _write_coupons(self) -> None:
        for number, coupon in enumerate(COUPONS):
            at = self.plan.midnight
            starts = (
                None
                if coupon.from_day is None
                else at + timedelta(days=coupon.from_day)
            )
            ends = None if coupon.to_day is None else at + timedelta(days=coupon.to_day)
            created_at = at - timedelta(days=120)
            promotion = make_uuid("promotion", number, at)
            by_percent = coupon.kind == "percent"
            value = format_amount(coupon.value)
            self.sink.add(
                "orders_promotion",
                (
                    *(promotion, created_at, at, coupon.code, True),
                    "percent" if by_percent else "amount",
                    value if by_percent else None,
                    None if by_percent else value,
                    format_amount(coupon.min_spend),
                    starts,
                    ends,
                    coupon.per_customer,
                    True,
                ),
            )
            self.sink.add(
                "orders_coupon",
                (
                    *(make_uuid("coupon", number, at), created_at, at, promotion),
                    *(coupon.code, coupon.total_limit, self.used[number]),
                ),
            )


_ORDER = ("pending", "confirmed", "processing", "shipped", "delivered", "returned")
# Hours from the step before it, at least and at most.
_STEPS = (
    ("confirmed", 1.0, 5.0),
    ("processing", 2.0, 12.0),
    ("shipped", 6.0, 30.0),
    ("delivered", 24.0, 96.0),
    ("returned", 72.0, 190.0),
)


def _pick_target(age_h: float, online: bool, rng: Random) -> str:
    """Return where an order of this age stands: never further than the slowest steps could
    have brought it.
    """
    if age_h > 6 and rng.random() < 0.08:
        return "cancelled"
    if age_h > 340:
        return pick_weighted(rng, ("delivered", "returned"), (93, 7))
    if age_h > 150:
        return "delivered"
    if age_h > 50:
        return pick_weighted(rng, ("shipped", "processing"), (80, 20))
    if age_h > 18:
        return pick_weighted(rng, ("processing", "confirmed"), (70, 30))
    if age_h > 6:
        return (
            "confirmed"
            if online
            else pick_weighted(rng, ("confirmed", "pending"), (50, 50))
        )
    return "confirmed" if online else "pending"
