"""Orders that are paid at a provider, what happens to them there, and what the books then say."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from markrin.ops.verify import rules
from orders import gateways
from orders.gateways.base import Period
from orders.models import Difference, Order, Payment, Refund
from orders.models.order_status import OrderStatus
from orders.services import (
    ledger,
    payment_polling,
    periodic,
    reconciliation,
    refunds,
    transitions,
)
from orders.services.lifecycle import Actor
from orders.staff_schemas import Move
from tests.factories import age, key, make_cart_line, order_body
from tests.providers.fixtures import deliver, page_of

STAFF = Actor("staff")


@pytest.fixture
def order(api, customer, provider):
    """Return an order that waits for its payment, its page opened as by its shopper."""
    return place(api, customer)


def place(api, customer) -> Order:
    make_cart_line(customer=customer)
    body = order_body(customer, paymentMethod="online")
    placed = api.as_user(customer).post("/api/orders", body, headers=key())
    assert placed.status_code == 201, placed.content
    return Order.objects.get(pk=placed.json()["id"])


def state_of(order):
    order.refresh_from_db()
    return order.status, order.payment_status


def expire(order):
    age(order, expires_at=timezone.now())
    periodic.expire_orders()


def ask_all():
    """Let the time to ask come for every payment."""
    Payment.objects.filter(ask_at__isnull=False).update(ask_at=timezone.now())
    payment_polling.ask_due()


def money_of(provider) -> str:
    kind = "charge" if provider.name == "stripe" else "payment"
    taken = ("succeeded", "captured", "refunded")
    return next(one["id"] for one in provider.all(kind) if one["status"] in taken)


def pay(api, order, provider):
    provider.pay(page_of(order.payments.get(state="created")))
    deliver(api, provider)
    assert state_of(order) == ("confirmed", "paid")


def ship(order, **more):
    for status in (OrderStatus.PROCESSING, OrderStatus.SHIPPED):
        move(order, status, **more)
    order.refresh_from_db()


def move(order, status, **more):
    transitions.move_order(
        Move(status=status, **more), order_id=order.pk, actor=STAFF
    )


def send_refunds():
    for refund in Refund.objects.filter(state="requested", provider_ref=""):
        refunds.send_refund(refund_id=refund.pk)


def reconcile_all() -> list[Difference]:
    """Compare everything, and return what is left open."""
    for one in gateways.configured():
        if one.keeps_books:
            now = timezone.now()
            row = reconciliation.reconcile(
                one, Period(now - timedelta(days=30), now + timedelta(hours=2))
            )
            assert not row.error
    return list(reconciliation.list_open_differences())


def assert_clean():
    """Every rule of the data holds, and the providers have what the ledger has."""
    found = [
        breach
        for rule in rules.list_row_rules()
        if rule.table.startswith("orders_")
        for breach in rule.find_breaches()
    ]
    assert found == [], found


def balance(account: str) -> Decimal:
    return sum(
        (
            amount
            for (name, _), amount in ledger.balances().items()
            if name.split(":")[0] == account
        ),
        Decimal(0),
    )
