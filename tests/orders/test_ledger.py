"""What the ledger has of an order, and what the database holds of the ledger."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from orders.ledger_accounts import find_wrong_accounts
from orders.models import LedgerLine, Refund
from orders.models.fulfilment import ParcelStatus
from orders.services import fulfilments, ledger, refunds, transitions
from orders.staff_schemas import ParcelMove
from tests.factories import make_order
from tests.orders.provider_orders import (
    STAFF,
    assert_clean,
    balance,
    order,
    pay,
    send_refunds,
    ship,
)
from tests.providers.fixtures import provider, razorpay_server, stripe_server

__all__ = ["order", "provider", "razorpay_server", "stripe_server"]


def test_an_order_in_the_ledger_from_payment_to_partial_refunds(
    api, order, provider
):
    pay(api, order, provider)
    assert (balance("provider"), balance("receivable")) == (
        order.total,
        -order.total,
    )
    assert balance("revenue") == 0  # paid ahead is no revenue yet
    ship(order)
    assert balance("receivable") == 0
    assert -balance("tax") == order.tax
    assert -balance("shipping") == order.shipping
    assert -balance("revenue") == order.total - order.tax - order.shipping
    third = (order.total / 3).quantize(Decimal("0.01"))
    for amount in (third, third, order.total - 2 * third):
        refunds.refund_order(
            order_id=order.pk,
            actor=STAFF,
            amount=amount,
            reason="x",
            idempotency_key=str(amount) + str(Refund.objects.count()),
        )
        send_refunds()
    assert set(ledger.balances().values()) == {Decimal(0)}
    assert_clean()


def test_cash_at_the_door(customer):
    order = make_order(customer=customer, status="delivered")
    assert (balance("receivable"), balance("cash")) == (order.total, Decimal(0))
    transitions.mark_cash_paid(order_id=order.pk, actor=STAFF)
    assert (balance("receivable"), balance("cash")) == (Decimal(0), order.total)
    refund, _ = refunds.refund_order(
        order_id=order.pk, actor=STAFF, amount=None, reason="x", idempotency_key="k"
    )
    assert refund.state == "succeeded"
    assert set(ledger.balances().values()) == {Decimal(0)}
    assert_clean()


def test_a_parcel_that_is_refused_at_the_door_has_brought_nothing(customer):
    order = make_order(customer=customer, status="shipped", quantity=2)
    assert balance("revenue") < 0
    parcel = order.fulfilments.get()
    for status in ("undelivered", "returned"):
        fulfilments.move_parcel(
            ParcelMove(status=ParcelStatus(status)),
            fulfilment_id=parcel.pk,
            actor=STAFF,
        )
    assert set(ledger.balances().values()) == {Decimal(0)}
    note = order.invoices.get(kind="credit_note")
    assert note.original == order.invoices.get(kind="invoice")
    assert note.total == order.total
    assert_clean()


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("UPDATE orders_ledgerline SET amount = amount + 1", "ledger_only_grows"),
        ("DELETE FROM orders_ledgerline", "ledger_only_grows"),
        ("UPDATE orders_ledgerentry SET note = 'x'", "ledger_only_grows"),
        (
            (
                "INSERT INTO orders_ledgerline (entry_id, account, amount, currency)"
                " SELECT id, 'bank', 1, 'INR' FROM orders_ledgerentry LIMIT 1"
            ),
            "ledger_entry_adds_up",
        ),
        (
            (
                "INSERT INTO orders_ledgerentry (id, kind, key, note)"
                " VALUES (gen_random_uuid(), 'sale', 'x', '')"
            ),
            "ledger_entry_has_lines",
        ),
    ],
)
def test_the_database_keeps_the_ledger(customer, sql, rule):
    make_order(customer=customer, status="shipped")
    before = list(LedgerLine.objects.values_list("account", "amount"))
    with pytest.raises(IntegrityError) as refused:
        try_sql(sql)
    cause: Any = refused.value.__cause__
    assert cause.diag.constraint_name == rule
    assert list(LedgerLine.objects.values_list("account", "amount")) == before


def try_sql(sql: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
        connection.check_constraints()


def test_an_amount_on_another_account_is_found(api, order, provider):
    """Each entry may be of its very amount, and the accounts be wrong all the same."""
    pay(api, order, provider)
    assert list(find_wrong_accounts()) == []
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "UPDATE orders_ledgerline SET account = 'cash' WHERE account LIKE 'provider:%'"
        )
        cursor.execute("SET LOCAL session_replication_role = origin")
    found = {breach.key: breach.what for breach in find_wrong_accounts()}
    assert found.keys() == {"cash", f"provider:{provider.name}"}
