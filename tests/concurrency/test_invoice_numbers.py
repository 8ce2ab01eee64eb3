"""Numbers of invoices while many orders are paid at once and a third of the payments die."""

from typing import Any

import pytest
from django.db import DatabaseError, connection

from orders.models import Invoice, InvoiceSeries
from orders.services import invoices, transitions
from orders.services.lifecycle import Actor
from tests.concurrency.test_money_races import at_once
from tests.factories import make_order, make_variant

WORKERS, EACH = 8, 3


@pytest.mark.django_db(transaction=True)
def test_no_number_is_missing_where_a_third_is_killed_in_the_middle(
    settings, monkeypatch
):
    """A session is ended as a dying process ends it: after its number was given, before the
    commit.
    """
    settings.INVOICE_AT = "paid"
    variant = make_variant(stock=100)
    orders = [make_order(variant=variant) for _ in range(WORKERS * EACH)]
    victims = {order.pk for order in orders[::3]}
    give_numbers = invoices.number_invoices

    def give_and_die() -> None:
        fresh = set(Invoice.objects.filter(number=None).values_list("order", flat=True))
        give_numbers()
        if fresh & victims:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    monkeypatch.setattr(invoices, "number_invoices", give_and_die)

    def pay(share: list[Any]) -> int:
        died = 0
        for order in share:
            try:
                transitions.mark_cash_paid(order_id=order.pk, actor=Actor("staff"))
            except DatabaseError:
                died += 1
                connection.close()
        return died

    shares = [orders[n::WORKERS] for n in range(WORKERS)]
    died = at_once([lambda share=share: pay(share) for share in shares])
    assert sum(died) == len(victims)
    assert_no_gap(len(orders) - len(victims))
    monkeypatch.undo()
    for order in orders[::3]:  # they are paid after all
        transitions.mark_cash_paid(order_id=order.pk, actor=Actor("staff"))
    assert_no_gap(len(orders))


def assert_no_gap(number: int) -> None:
    serials = Invoice.objects.order_by("serial").values_list("serial", flat=True)
    assert list(serials) == list(range(1, number + 1))
    assert InvoiceSeries.objects.get().last == number
