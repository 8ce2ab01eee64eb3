"""The same money told of from all sides at once: by webhooks, by answers, while the order ends."""

import random
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from markrin.ops.verify import rules
from orders.gateways.base import Notice, Outcome
from orders.models import LedgerEntry, LedgerLine, Order, Payment, Refund
from orders.services import (
    ledger_backfill,
    payment_polling,
    periodic,
    provider_events,
)
from tests.factories import make_order
from tests.providers.fixtures import stripe_server

__all__ = ["stripe_server"]

ORDERS = 6


def told(payment: Payment, event_id: str) -> Notice:
    return Notice(
        provider="stripe",
        event_id=event_id,
        type="checkout.session.completed",
        outcome=Outcome.SUCCEEDED,
        ref=payment.provider_ref,
        charge_ref=f"pi_{payment.pk.hex}",
        payment_id=payment.pk,
        amount=payment.amount,
        currency=payment.currency,
    )


def at_once(tasks: list[Any]) -> list[Any]:
    """Run these at one moment, each in a thread with a connection of its own."""
    start = Barrier(len(tasks))

    def run(task: Any) -> Any:
        start.wait()
        try:
            return task()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(tasks)) as threads:
        return [
            one.result() for one in [threads.submit(run, task) for task in tasks]
        ]


@pytest.mark.django_db(transaction=True)
def test_told_by_all_at_once_it_is_booked_once(settings, stripe_server):
    settings.ONLINE_PROVIDER = "stripe"
    orders = [make_order(method="online") for _ in range(ORDERS)]
    for order in orders:
        stripe_server.pay(order.payments.get().provider_ref)
    Order.objects.update(expires_at=timezone.now())
    Payment.objects.update(ask_at=timezone.now())
    intents = {
        one["metadata"]["payment_id"]: one["id"]
        for one in stripe_server.all("payment_intent")
    }
    tasks: list[Any] = [periodic.expire_orders, payment_polling.ask_due] * 2
    for order in orders:
        payment = order.payments.get()
        for n in range(3):
            notice = told(payment, f"evt_{payment.pk.hex}_{n}")
            notice = Notice(
                **{**notice.__dict__, "charge_ref": intents[str(payment.pk)]}
            )
            tasks.append(
                lambda notice=notice: provider_events.record_notice(notice)
            )
    random.Random(1).shuffle(tasks)
    at_once(tasks)
    for order in orders:
        order.refresh_from_db()
        assert order.payment_status == "paid"
        lines = LedgerLine.objects.filter(entry__order=order, entry__kind="payment")
        assert sorted(lines.values_list("amount", flat=True)) == [
            -order.total,
            order.total,
        ]
        refunds = Refund.objects.filter(order=order)
        if order.status == "cancelled":
            assert refunds.get().amount == order.total
        else:
            assert (order.status, refunds.count()) == ("confirmed", 0)
    assert ledger_backfill.book_missing() == 0
    breaches = [
        one
        for rule in rules.list_row_rules()
        if rule.table.startswith("orders_")
        for one in rule.find_breaches()
    ]
    assert breaches == []


@pytest.mark.django_db(transaction=True)
def test_what_older_orders_lack_is_booked_as_the_services_would_have(customer):
    for status, paid in (
        ("delivered", True),
        ("shipped", False),
        ("pending", False),
    ):
        make_order(customer=customer, status=status, paid=paid)
    before = sorted(LedgerLine.objects.values_list("account", "amount"))
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "TRUNCATE orders_ledgerline, orders_ledgerentry, orders_invoice,"
            " orders_invoiceline, orders_invoicefile, orders_invoiceseries"
        )
    assert ledger_backfill.book_missing() == len(before)
    assert sorted(LedgerLine.objects.values_list("account", "amount")) == before
    assert sum((amount for _, amount in before), Decimal(0)) == 0
    for entry in LedgerEntry.objects.all():
        assert entry.id.version == 7
        assert entry.id.int >> 80 == int(entry.at.timestamp() * 1000)
    assert ledger_backfill.book_missing() == 0
    # What has an invoice is booked by that, and not once more.
    make_order(customer=customer, status="delivered", paid=True)
    assert ledger_backfill.book_missing() == 0
