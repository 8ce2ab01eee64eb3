"""Writes the demo's orders: each with its lines, discount, taxes, parcel, events and payment."""

import json
from datetime import timedelta
from hashlib import sha256

from django.conf import settings

from demo import catalogue
from demo.people import staff_id
from demo.plan import (
    Plan,
    format_amount,
    make_uuid,
)
from demo.row_writer import RowWriter
from demo.sale import COUPONS, SHIPPED, STATE, Sale
from demo.sale_invoices import SaleInvoices
from demo.sample_texts import CARRIERS
from markrin.outbox import handlers
from orders.promotion_terms import Person as PromotionPerson

_JOBS_KEPT = 14  # days, as the outbox keeps them


class SaleRows:
    """Puts orders into the rows that are loaded."""

    def __init__(self, plan: Plan, sink: RowWriter) -> None:
        self.plan, self.sink = plan, sink
        self.staff = staff_id(plan)
        self.invoices = SaleInvoices(sink)
        self.categories = catalogue.make_category_ids(plan)

    def write_sale(self, sale: Sale) -> None:
        """Write the order with all that belongs to it."""
        self.sink.add("orders_order", self._make_order_row(sale))
        for position, line in enumerate(sale.lines):
            article, choice = line.article, line.choice
            shipped = line.quantity if sale.status in SHIPPED else 0
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
        if sale.status in SHIPPED:
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

    def _make_order_row(self, sale: Sale) -> tuple[object, ...]:
        moments, buyer = sale.moments, sale.buyer
        unpaid = sale.status == "cancelled" and sale.online and sale.paid_at is None
        return (
            sale.id,
            sale.at,
            sale.changed_at,
            sale.order_number,
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
            sale.to[STATE],
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
        self.invoices.write_invoice(sale, parcel)

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
            steps.append(
                (at, "status", was, step, *self._find_actor(sale, step, buyer), "")
            )
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

    def _find_actor(
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

    def write_carriers(self) -> None:
        """Write the carriers of the parcels."""
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

    def write_coupons(self, used: list[int]) -> None:
        """Write the coupons; `used` is how often each was used."""
        for number, coupon in enumerate(COUPONS):
            at = self.plan.midnight
            starts = (
                None
                if coupon.from_day is None
                else at + timedelta(days=coupon.from_day)
            )
            ends = (
                None
                if coupon.to_day is None
                else at + timedelta(days=coupon.to_day)
            )
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
                    *(coupon.code, coupon.total_limit, used[number]),
                ),
            )
