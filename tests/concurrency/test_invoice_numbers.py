"""Numbers of invoices while many orders are paid at once and a third of the payments die."""

import multiprocessing
import os
import signal
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, connection

from orders.models import Invoice, InvoiceSeries, Payment
from orders.services import invoices, transitions
from orders.services.lifecycle import Actor
from tests import services
from tests.concurrency import paying
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
        fresh = set(
            Invoice.objects.filter(number=None).values_list("order", flat=True)
        )
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


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.skipif(
    os.environ.get("CHAOS") != "1", reason="long: `make chaos` runs it"
)
def test_eight_processes_of_which_many_are_killed(settings, monkeypatch, hold):
    """Two hundred orders by default; INVOICE_ORDERS=1600 are two hundred for each process."""
    settings.INVOICE_AT = "paid"
    for name, value in (services.environment() | {"INVOICE_AT": "paid"}).items():
        monkeypatch.setenv(name, value)
    wanted = int(os.environ.get("INVOICE_ORDERS", "200"))
    variant = make_variant(stock=wanted)
    orders = [make_order(variant=variant).pk for _ in range(wanted)]
    victims = orders[::3]
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.concurrency.paying"])

    def pay(share: list[UUID]) -> int:
        """Start a process for the share, and another for what is left when it was killed."""
        died = 0
        while share:
            process = context.Process(
                target=paying.pay_orders, args=(share, victims)
            )
            process.start()
            process.join()
            if process.exitcode == 0:
                break
            # 255: the fork server could not tell how it ended; what is paid tells that.
            assert process.exitcode in (-signal.SIGKILL, 255)
            paid = set(Payment.objects.values_list("order", flat=True))
            left = [n for n, order in enumerate(share) if order not in paid]
            if not left:
                break
            assert share[left[0]] in victims
            died += 1
            share = share[left[0] + 1 :]
        return died

    shares = [orders[n::WORKERS] for n in range(WORKERS)]
    died = sum(at_once([lambda share=share: pay(share) for share in shares]))
    assert died == len(victims)
    assert_no_gap(wanted - len(victims))
    for order in victims:  # they are paid after all
        transitions.mark_cash_paid(order_id=order, actor=Actor("staff"))
    serials = list(Invoice.objects.values_list("serial", flat=True))
    hold(
        "a process dies between an invoice and its commit",
        died,
        "invoices are numbered 1 to n, none missing",
        f"{len(serials)} invoices of {wanted} orders by {WORKERS} processes",
        len(set(range(1, wanted + 1)) ^ set(serials)) + len(serials) - wanted,
    )


def assert_no_gap(number: int) -> None:
    serials = Invoice.objects.order_by("serial").values_list("serial", flat=True)
    assert list(serials) == list(range(1, number + 1))
    assert InvoiceSeries.objects.get().last == number
