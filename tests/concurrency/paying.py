"""A process that pays orders, and dies over some: after the invoice's number was given, before the
commit. It is forked from a server that has loaded the shop, so a new one costs little.
"""

import os
import signal
from collections.abc import Collection, Sequence
from uuid import UUID

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "markrin.settings")
django.setup()

# models want the setup above
from orders.models import Invoice  # noqa: E402
from orders.services import invoices, transitions  # noqa: E402
from orders.services.lifecycle import Actor  # noqa: E402


def pay_orders(orders: Sequence[UUID], victims: Collection[UUID]) -> None:
    """Note that each of the orders was paid in cash; kill this process over one of `victims`."""
    give_numbers = invoices.number_invoices

    def give_and_die() -> None:
        fresh = set(
            Invoice.objects.filter(number=None).values_list("order", flat=True)
        )
        give_numbers()
        if fresh & set(victims):
            os.kill(os.getpid(), signal.SIGKILL)

    invoices.number_invoices = give_and_die
    for order in orders:
        transitions.mark_cash_paid(order_id=order, actor=Actor("staff"))
