"""The accountants' tables, by day, order, payment and payout, against what was done."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from analytics.selectors.reports import REPORTS, get_rows
from orders.models import Order, Payout
from orders.services import ledger, refunds, transitions
from orders.services.lifecycle import Actor
from tests.orders.test_invoices import deliver, karnataka, sell, send_back, ship

__all__ = ["karnataka"]
pytestmark = pytest.mark.django_db
STAFF = Actor("staff")


def read(name: str) -> list[dict[str, object]]:
    today = timezone.localdate()
    columns = [column.name for column in REPORTS[name].columns]
    rows = get_rows(name=name, first=today, last=today)
    return [dict(zip(columns, row, strict=True)) for row in rows]


@pytest.fixture
def traded(customer, karnataka) -> Order:
    """Two pieces sold and paid, one of them back; 10 more given back; and a payout."""
    order = sell(customer, "2499.00", quantity=2)
    ship(order)
    deliver(order)
    transitions.mark_cash_paid(order_id=order.pk, actor=STAFF)
    send_back(order, order.lines.get())
    refunds.refund_order(
        order_id=order.pk,
        actor=STAFF,
        amount=Decimal(10),
        reason="A stain.",
        idempotency_key="k",
    )
    payout = Payout.objects.create(
        provider="stripe",
        provider_ref="po_1",
        amount=Decimal(95),
        fees=Decimal(5),
        currency="INR",
        paid_at=datetime.now(UTC),
    )
    ledger.book_payout(payout)
    return order


def test_by_day(traded):
    [day] = read("books-by-day")
    assert day["day"] == timezone.localdate()
    assert day["invoiced"] == Decimal("2489.00")  # 4,998 less 2,499 and 10
    # a report's cells are of any type
    assert day["revenue"] + day["tax"] == day["invoiced"]  # type: ignore[operator]
    assert (day["paid"], day["refunded"]) == (Decimal(4998), Decimal(2509))
    assert (day["paidOut"], day["providerFees"]) == (Decimal(95), Decimal(5))


def test_by_order(traded):
    [row] = read("books-by-order")
    assert (row["order"], row["invoiced"], row["credited"]) == (
        traded.number,
        Decimal(4998),
        Decimal(2509),
    )
    assert (row["paid"], row["refunded"], row["owed"]) == (
        Decimal(4998),
        Decimal(2509),
        Decimal(0),
    )


def test_by_payment_and_payout(traded):
    rows = read("payments")
    assert [
        (row["order"], row["kind"], row["provider"], row["amount"]) for row in rows
    ] == [
        (traded.number, "payment", "cod", Decimal(4998)),
        (traded.number, "refund", "cod", Decimal(-2499)),
        (traded.number, "refund", "cod", Decimal(-10)),
    ]
    [payout] = read("payouts")
    assert (
        payout["reference"],
        payout["charged"],
        payout["fees"],
        payout["amount"],
    ) == (
        "po_1",
        Decimal(100),
        Decimal(5),
        Decimal(95),
    )


def test_other_days_have_nothing(traded):
    yesterday = timezone.localdate() - timedelta(days=1)
    for name in ("books-by-day", "books-by-order", "payments", "payouts"):
        assert get_rows(name=name, first=yesterday, last=yesterday) == []
