"""Trade at random through both providers, with their faults: at the end every amount is
accounted for.

The short form is a few dozen orders; FUZZ=full plays hundreds.
"""

import os
import random
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from markrin.api.errors import ShopError
from markrin.ops.verify import rules
from orders import gateways
from orders.gateways.base import Period
from orders.models import Order, Payment, Payout, Refund
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
from tests.factories import key, make_cart_line, make_user, make_variant, order_body
from tests.outbox.helpers import drain
from tests.providers.fixtures import deliver, razorpay_server, stripe_server
from tests.providers.razorpay import RazorpayStandIn
from tests.providers.server import Refused
from tests.providers.stripe import StripeStandIn

__all__ = ["razorpay_server", "stripe_server"]

FULL = os.environ.get("FUZZ") == "full"
ORDERS = 300 if FULL else 14
STAFF = Actor("staff")
StandIns = dict[str, StripeStandIn | RazorpayStandIn]


class Trade:
    """Shoppers, staff, banks and the network, each doing something now and then."""

    def __init__(
        self, api: Any, stand_ins: StandIns, settings: Any, seed: int
    ) -> None:
        self.api, self.stand_ins, self.settings = api, stand_ins, settings
        self.chance = random.Random(seed)
        self.done: Counter[str] = Counter()
        self.customers = [make_user() for _ in range(3)]
        self.variants = [make_variant(stock=5000) for _ in range(3)]

    def run(self) -> None:
        acts = [
            self.pay, self.pay, self.pay, self.decline, self.cancel, self.ship, self.ship,
            self.refund, self.refund_in_dashboard, self.dispute, self.expire, self.pay_out,
            self.tell_webhooks, self.tell_webhooks, self.run_payment_jobs, self.ask_providers,
            self.fail_refund, self.break_something,
        ]  # fmt: skip
        for _ in range(ORDERS):
            self.place_order()
            for act in self.chance.choices(acts, k=3):
                self.attempt(act)

    def attempt(self, act: Any) -> None:
        try:
            if act() is not False:
                self.done[act.__name__] += 1
        except (ShopError, Refused, NothingThere):  # not now: it is a random moment
            self.done[f"{act.__name__} refused"] += 1

    # --- Shoppers -----------------------------------------------------------------------------
    def place_order(self) -> None:
        self.settings.ONLINE_PROVIDER = self.chance.choice(list(self.stand_ins))
        customer = self.chance.choice(self.customers)
        make_cart_line(
            customer=customer,
            variant=self.chance.choice(self.variants),
            quantity=self.chance.randint(1, 3),
        )
        method = "cod" if self.chance.random() < 0.15 else "online"
        body = order_body(customer, paymentMethod=method)
        answer = self.api.as_user(customer).post("/api/orders", body, headers=key())
        assert answer.status_code == 201, answer.content
        self.done[f"placed {method}"] += 1

    def page(self) -> tuple[Any, str]:
        pages = list(
            Payment.objects.exclude(provider_ref="").exclude(provider="cod")
        )
        pages = [
            one for one in pages if one.provider_ref.startswith(("cs_", "plink_"))
        ]
        if not pages:
            raise NothingThere
        chosen = self.chance.choice(pages)
        return self.stand_ins[chosen.provider], chosen.provider_ref

    def pay(self) -> None:
        stand_in, ref = self.page()
        if isinstance(stand_in, RazorpayStandIn):
            stand_in.auto_capture = self.chance.random() < 0.7
        elif self.chance.random() < 0.1:
            stand_in.pay_later(ref)
            if self.chance.random() < 0.8:
                stand_in.settle(ref, ok=self.chance.random() < 0.7)
            return
        stand_in.pay(ref)

    def decline(self) -> None:
        stand_in, ref = self.page()
        failed = stand_in.decline(ref)
        if isinstance(stand_in, RazorpayStandIn) and self.chance.random() < 0.3:
            stand_in.pay_late(failed["id"], captured=self.chance.random() < 0.6)

    # --- Staff and the clock ------------------------------------------------------------------
    def order(self, *statuses: str) -> Order:
        found = list(Order.objects.filter(status__in=statuses).order_by("id"))
        if not found:
            raise NothingThere
        return self.chance.choice(found)

    def cancel(self) -> None:
        order = self.order("pending", "confirmed")
        move(order, OrderStatus.CANCELLED)

    def ship(self) -> None:
        order = self.order("confirmed", "pending")
        if order.status == "pending":
            move(order, OrderStatus.CONFIRMED)
        for status in (
            OrderStatus.PROCESSING,
            OrderStatus.SHIPPED,
            OrderStatus.DELIVERED,
        ):
            move(order, status, despite_dispute=True)
        if order.payment_method == "cod":
            transitions.mark_cash_paid(order_id=order.pk, actor=STAFF)

    def refund(self) -> None:
        order = self.order("confirmed", "delivered")
        amount = Decimal(self.chance.randint(1, 30000)) / 100
        refunds.refund_order(
            order_id=order.pk,
            actor=STAFF,
            amount=amount,
            reason="a",
            idempotency_key=f"{amount}",
        )

    def expire(self) -> None:
        order = self.order("pending")
        Order.objects.filter(pk=order.pk, expires_at__isnull=False).update(
            expires_at=timezone.now()
        )
        periodic.expire_orders()

    # --- The providers ------------------------------------------------------------------------
    def money(self) -> tuple[Any, str]:
        there = [
            (one, thing["id"])
            for one in self.stand_ins.values()
            for thing in one.all("charge" if one.name == "stripe" else "payment")
            if thing["status"] in ("succeeded", "captured")
        ]
        if not there:
            raise NothingThere
        return self.chance.choice(there)

    def refund_in_dashboard(self) -> None:
        stand_in, money = self.money()
        stand_in.refund(
            money, self.chance.choice([None, self.chance.randint(1, 20000)])
        )

    def dispute(self) -> None:
        stand_in, money = self.money()
        dispute = stand_in.open_dispute(money, self.chance.randint(1, 5000))
        if self.chance.random() < 0.7:
            stand_in.close_dispute(dispute["id"], won=self.chance.random() < 0.5)

    def fail_refund(self) -> None:
        stand_in = self.chance.choice(list(self.stand_ins.values()))
        made = [one for one in stand_in.all("refund") if one["status"] != "failed"]
        made = [
            one
            for one in made
            if one["metadata" if stand_in.name == "stripe" else "notes"]
        ]
        if made and self.chance.random() < 0.3:
            stand_in.finish_refund(self.chance.choice(made)["id"], ok=False)

    def pay_out(self) -> None:
        for one in self.stand_ins.values():
            one.pay_out() if isinstance(one, StripeStandIn) else one.settle()

    # --- The network --------------------------------------------------------------------------
    def tell_webhooks(self) -> None:
        for one in self.stand_ins.values():
            one.webhooks.lose = self.chance.choice(
                ["", "", r"payment|checkout", r"refund|dispute"]
            )
            one.webhooks.duplicate = self.chance.choice(["", "."])
            deliver(self.api, one, shuffle=self.chance.randint(0, 99))

    def run_payment_jobs(self) -> None:
        drain(queue="payments")

    def ask_providers(self) -> None:
        Payment.objects.filter(ask_at__isnull=False).update(ask_at=timezone.now())
        payment_polling.ask_due()

    def break_something(self) -> None:
        stand_in = self.chance.choice(list(self.stand_ins.values()))
        kind = self.chance.choice(["status", "drop", "lost"])
        stand_in.fail(
            kind,
            self.chance.choice(["GET", "POST"]),
            times=self.chance.randint(1, 4),
        )

    # --- The end ------------------------------------------------------------------------------
    def settle(self) -> None:
        """Let all that is under way come to its end, and the nights pass."""
        for one in self.stand_ins.values():
            one.clear_faults()
            one.webhooks.lose = one.webhooks.duplicate = ""
            one.pass_time(7 * 86400)  # what is only authorized has gone back
        Order.objects.filter(expires_at__isnull=False).update(
            expires_at=timezone.now()
        )
        for _ in range(3):
            for one in self.stand_ins.values():
                deliver(self.api, one)
            periodic.expire_orders()
            self.ask_providers()
            self.reconcile()
            periodic.settle_payments()
            for refund in Refund.objects.filter(state="requested", provider_ref=""):
                if refund.payment is not None and refund.payment.provider != "cod":
                    refunds.send_refund(refund_id=refund.pk)

    def reconcile(self) -> None:
        now = timezone.now()
        for name in self.stand_ins:
            provider = gateways.get(name)
            assert provider is not None
            row = reconciliation.reconcile(
                provider, Period(now - timedelta(days=30), now + timedelta(days=30))
            )
            assert not row.error


class NothingThere(Exception):
    """Nothing that this could be done with yet."""


def move(order: Order, status: OrderStatus, **more: Any) -> None:
    transitions.move_order(
        Move(status=status, **more), order_id=order.pk, actor=STAFF
    )


def at_provider(stand_in: Any) -> Decimal:
    """Return what lies there, by its own books: before its fees, which payouts take."""
    if stand_in.name == "stripe":
        moved = stand_in.all("balance_transaction")
        return (
            Decimal(sum(one["amount"] for one in moved if one["type"] != "payout"))
            / 100
        )
    lines = stand_in.all("recon")
    return (
        Decimal(sum(one["credit"] + one["fee"] - one["debit"] for one in lines))
        / 100
    )


@pytest.mark.timeout(3000 if FULL else 300)
@pytest.mark.parametrize("seed", range(12 if FULL else 3))
def test_at_the_end_every_amount_is_accounted_for(
    api, settings, stripe_server, razorpay_server, seed
):
    trade = Trade(
        api, {"stripe": stripe_server, "razorpay": razorpay_server}, settings, seed
    )
    trade.run()
    trade.settle()
    assert list(reconciliation.list_open_differences()) == [], trade.done
    held = ledger.balances()
    for name, stand_in in trade.stand_ins.items():
        paid_out = sum(
            (one.amount + one.fees for one in Payout.objects.filter(provider=name)),
            Decimal(0),
        )
        theirs = at_provider(stand_in) - paid_out
        assert held.get((f"provider:{name}", "INR"), Decimal(0)) == theirs, (
            name,
            trade.done,
        )
    found = [
        breach
        for rule in rules.list_row_rules()
        if rule.table.startswith("orders_")
        for breach in rule.find_breaches()
    ]
    assert found == [], trade.done
