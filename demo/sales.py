"""Makes 90 days of trade: orders with their history, payments and refunds, and the stock
they moved.
"""

from bisect import bisect_right
from collections.abc import Callable
from datetime import date, datetime, timedelta
from random import Random

from django.conf import settings

from demo import catalogue
from demo.catalogue import Article
from demo.people import Person
from demo.plan import (
    TRADE_DAYS,
    Plan,
    half_up,
    make_uuid,
    pick_after,
    pick_weighted,
)
from demo.row_writer import RowWriter
from demo.sale import COUPONS, OPEN, SHIPPED, STATE, Line, Sale
from demo.sale_rows import SaleRows
from demo.twins import Twins
from orders.pricing.tax import Place, RateTable, Supply, TaxRules
from orders.pricing.tax_presets import read_preset

TAX_STATE = "KA"  # where the demo shop is registered


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
    """Sells the articles to the people, in one round of `rounds`: it writes the first, and counts
    what is sold in all. `bought` holds who has received what, by the numbers of both.
    """

    def __init__(
        self,
        plan: Plan,
        articles: list[Article],
        everyone: list[Person],
        sink: RowWriter,
        rounds: int = 1,
    ) -> None:
        self.plan, self.sink, self.rng = plan, sink, plan.random("sales")
        self.rows = SaleRows(plan, sink)
        self.classes = catalogue.tax_classes()
        published = sorted(
            (a for a in articles if a.status == "published"),
            key=lambda a: a.created_at,
        )
        self.twins = Twins(rounds, published, everyone, self.classes)
        self.everyone, self.articles = self.twins.leaders, self.twins.sold
        self.joined = [person.created_at for person in self.everyone]
        self.born = [article.created_at for article in self.articles]
        self.tables = TaxTables()
        self.used = [0] * len(COUPONS)
        self.slots: dict[tuple[int, int], int] = {}
        self.bought: dict[tuple[int, int], datetime] = {}

    def run(self, progress: Callable[[int], None]) -> None:
        """Make and write every order of the round, oldest first; between their numbers is room
        for those of the other rounds.
        """
        rounds = self.twins.rounds
        # The shop grows: days near the end have more orders than those near the start.
        ages = sorted(
            (
                TRADE_DAYS * self.rng.random() ** 1.25 + 0.01
                for _ in range(self.plan.orders // rounds)
            ),
            reverse=True,
        )
        for place, age in enumerate(ages):
            sale = self._make_sale(
                place * rounds + 1,
                self.plan.midnight - timedelta(seconds=round(age * 86_400)),
            )
            self._move_stock(sale)
            self._count_coupon(sale)
            self.rows.write_sale(sale)
            progress(rounds)
        self.rows.write_coupons(self.used)
        self.rows.write_carriers()

    def _make_sale(self, number: int, at: datetime) -> Sale:
        rng = self.rng
        joined = bisect_right(self.joined, at)
        guest = settings.GUEST_CHECKOUT and rng.random() < 0.06
        buyer = (
            None
            if guest or not joined
            else self.everyone[int(joined * rng.random())]
        )
        to = (buyer or self.everyone[number % len(self.everyone)]).address
        sale = Sale(
            number,
            make_uuid("order", number, at),
            at,
            buyer,
            rng.random() < 0.6,
            self._pick_lines(number, at),
            to,
            self.tables.find(to[STATE], at.date()),
        )
        self._use_coupon(sale)
        net = sale.subtotal - sale.discount
        sale.shipping = (
            0
            if net > settings.SHIPPING_FREE_ABOVE * 100
            else int(settings.SHIPPING_FEE * 100)
        )
        self._tax_lines(sale)
        self._choose_history(sale)
        return sale

    def _pick_lines(self, number: int, at: datetime) -> list[Line]:
        rng, lines = self.rng, dict[str, Line]()
        for place in range(pick_weighted(rng, (1, 2, 3, 4), (45, 30, 15, 10))):
            # A few articles sell much more often than the rest.
            article = self.articles[
                int(max(1, bisect_right(self.born, at)) * rng.random() ** 1.6)
            ]
            which = rng.randrange(len(article.choices))
            choice = article.choices[which]
            quantity = pick_weighted(rng, (1, 2, 3), (85, 12, 3))
            lines.setdefault(
                choice.id,
                Line(
                    make_uuid("line", number * 10 + place, at),
                    article,
                    choice,
                    quantity,
                    which,
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

    def _count_coupon(self, sale: Sale) -> None:
        if sale.coupon is not None and sale.buyer and sale.status != "cancelled":
            key = (sale.coupon, sale.buyer.number)
            self.slots[key] = self.slots.get(key, 0) + 1
            self.used[sale.coupon] += self.twins.rounds

    def _tax_lines(self, sale: Sale) -> None:
        for line in sale.lines:
            charged = line.total - line.discount
            line.tax_class = self.classes[line.article.garment.category]
            rate = sale.rates.find_rate(line.tax_class, charged, line.quantity)
            line.taxed = sale.rates.tax(charged, rate)

    def _choose_history(self, sale: Sale) -> None:
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
            n, moves = line.quantity, [("reserve", 0, line.quantity, sale.at)]
            refs = {"reserve": line.id}
            if sale.status == "cancelled":
                moves.append(("release", 0, -n, sale.moments["cancelled"]))
                refs["release"] = f"{line.id}:{n}"
            if sale.status in SHIPPED:
                moves.append(("ship", -n, -n, sale.moments["shipped"]))
                refs["ship"] = line.in_parcel
            if sale.status == "returned":
                moves.append(("return", n, 0, sale.moments["returned"]))
                refs["return"] = line.in_return
            for kind, d_on_hand, d_reserved, at in moves:
                self.sink.add(
                    "products_stockmovement",
                    (
                        line.choice.id,
                        kind,
                        d_on_hand,
                        d_reserved,
                        f"{kind}:{refs[kind]}",
                        at,
                    ),
                )
            self._count_sold(sale, line)

    def _count_sold(self, sale: Sale, line: Line) -> None:
        """Count what a line of the sale, and its twin in each other round, does to the stock, and
        what was bought.
        """
        n, articles = line.quantity, self.twins.list_articles(line.article)
        is_recent = (self.plan.midnight - sale.at).days < 30
        for article in articles:
            choice = article.choices[line.which]
            if sale.status in OPEN:
                choice.reserved += n
            elif sale.status in ("shipped", "delivered"):
                choice.gone += n
            if sale.status != "cancelled" and is_recent:
                article.sold += n
        if sale.status == "delivered" and sale.buyer:
            for person, article in zip(
                self.twins.list_people(sale.buyer), articles, strict=True
            ):
                self.bought.setdefault(
                    (person.number, article.number), sale.moments["delivered"]
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
