"""Every amount at a provider is an order's, or goes back: with real servers in the
providers' place.
"""

import itertools
import random
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
import requests
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from markrin.ops.verify import rules
from markrin.outbox.models import OutboxEvent, OutboxPause
from orders import errors, gateways
from orders.gateways.base import Period
from orders.ledger_accounts import find_wrong_accounts
from orders.models import (
    Difference,
    Dispute,
    LedgerEntry,
    LedgerLine,
    Order,
    Payment,
    PaymentEvent,
    Payout,
    Reconciliation,
    Refund,
)
from orders.models.fulfilment import ParcelStatus
from orders.models.order_status import OrderStatus
from orders.services import (
    fulfilments,
    ledger,
    payment_polling,
    periodic,
    reconciliation,
    refunds,
    transitions,
)
from orders.services.lifecycle import Actor
from orders.staff_schemas import Move, ParcelMove
from tests.factories import age, key, make_cart_line, make_order, order_body
from tests.outbox.helpers import drain
from tests.providers.fixtures import (
    deliver,
    page_of,
    provider,
    razorpay_server,
    stripe_server,
)

__all__ = ["provider", "razorpay_server", "stripe_server"]

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
    transitions.move_order(Move(status=status, **more), order_id=order.pk, actor=STAFF)


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
    assert found == []


def balance(account: str) -> Decimal:
    return sum(
        (
            amount
            for (name, _), amount in ledger.balances().items()
            if name.split(":")[0] == account
        ),
        Decimal(0),
    )


# --- A decline is not final, nor is our cancelling -----------------------------------------------
def test_the_shopper_goes_to_the_providers_page_and_back(
    api, customer, provider, settings
):
    settings.AUTH_ORIGINS = ["https://app.example"]
    make_cart_line(customer=customer)
    back = "https://app.example/thanks?x=1"
    body = order_body(customer, paymentMethod="online", returnUrl=back)
    placed = api.as_user(customer).post("/api/orders", body, headers=key()).json()
    assert placed["payment"]["clientSecret"] is None
    sent = requests.post(
        placed["payment"]["redirectUrl"],
        {"action": "pay"},
        allow_redirects=False,
        timeout=5,
    )
    assert sent.headers["Location"].startswith(f"{back}&payment=success")
    deliver(api, provider)
    assert state_of(Order.objects.get()) == ("confirmed", "paid")


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/",
        "https://app.example.evil.example/",
        "https://app.example@evil.example/",
        "//app.example/",
        "javascript:alert(1)",
        "https://app.example/#x",
        "https://app.example/a b",
        "https://app!example/",
    ],
)
def test_the_shopper_comes_back_to_the_shop_and_nowhere_else(
    api, customer, settings, url
):
    settings.AUTH_ORIGINS = ["https://app.example"]
    make_cart_line(customer=customer)
    body = order_body(customer, paymentMethod="online", returnUrl=url)
    refused = api.as_user(customer).post("/api/orders", body, headers=key())
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["pointer"] == "/returnUrl"
    assert not Order.objects.exists()


def test_declined_then_paid_with_the_webhook_lost_is_found_when_the_order_expires(
    api, order, provider
):
    page = page_of(order.payments.get())
    provider.decline(page)
    deliver(api, provider)
    drain(
        queue="payments"
    )  # Razorpay does not say of which link a try was: it is asked
    assert state_of(order) == ("pending", "failed")
    provider.pay(page)
    provider.webhooks.take()  # lost
    expire(order)
    assert state_of(order) == ("confirmed", "paid")
    assert order.attention == ""
    assert_clean()


def test_declined_then_paid_with_the_webhook_lost_is_found_by_asking(
    api, order, provider
):
    page = page_of(order.payments.get())
    provider.decline(page)
    provider.pay(page)
    provider.webhooks.take()
    ask_all()
    assert state_of(order) == ("confirmed", "paid")


def test_paid_after_it_was_cancelled_goes_back_by_itself(api, order, provider):
    page = page_of(order.payments.get())
    provider.decline(page)
    if provider.name == "stripe":
        # The shopper has begun a transfer just before: Stripe cannot expire the session any more.
        provider.pay_later(page)
    expire(order)
    assert state_of(order)[0] == "cancelled"
    drain(queue="payments")  # the provider is told to call it off
    if provider.name == "stripe":
        provider.settle(page)
    else:
        provider.pay_late(provider.all("payment")[-1]["id"], captured=True)
    provider.webhooks.take()  # lost
    ask_all()
    assert state_of(order) == ("cancelled", "paid")
    assert "Paid after it was cancelled" in order.attention
    send_refunds()
    assert state_of(order) == ("cancelled", "refunded")
    assert balance("provider") == balance("receivable") == 0
    assert reconcile_all() == []
    assert_clean()


def test_what_is_only_authorized_is_captured_while_the_order_waits(
    api, customer, razorpay_server, settings
):
    settings.ONLINE_PROVIDER = "razorpay"
    order = place(api, customer)
    razorpay_server.auto_capture = False
    razorpay_server.pay(page_of(order.payments.get()))
    assert deliver(api, razorpay_server) == ["unknown payment"]
    drain(queue="payments")  # the job that asks what it is
    assert state_of(order) == ("confirmed", "paid")
    assert razorpay_server.all("payment")[0]["status"] == "captured"


def test_what_is_only_authorized_is_left_if_the_order_is_dead(
    api, customer, razorpay_server, settings
):
    settings.ONLINE_PROVIDER = "razorpay"
    order = place(api, customer)
    razorpay_server.auto_capture = False
    failed = razorpay_server.decline(page_of(order.payments.get()))
    expire(order)
    razorpay_server.pay_late(failed["id"])
    deliver(api, razorpay_server)
    drain(queue="payments")
    ask_all()
    assert razorpay_server.all("payment")[0]["status"] == "authorized"
    razorpay_server.pass_time(5 * 86400)
    deliver(api, razorpay_server)
    assert state_of(order) == ("cancelled", "failed")
    assert reconcile_all() == []
    assert LedgerEntry.objects.count() == 0


def test_two_tries_of_one_page_that_both_succeed(
    api, customer, razorpay_server, settings
):
    settings.ONLINE_PROVIDER = "razorpay"
    order = place(api, customer)
    failed = razorpay_server.decline(page_of(order.payments.get()))
    pay(api, order, razorpay_server)
    razorpay_server.pay_late(failed["id"], captured=True)
    deliver(api, razorpay_server)
    drain(queue="payments")
    order.refresh_from_db()
    assert (order.refunded, order.payment_status) == (Decimal(0), "paid")
    back = Refund.objects.get()
    assert (back.surplus, back.amount, back.state) == (True, order.total, "succeeded")
    assert balance("provider") == order.total
    assert reconcile_all() == []
    assert_clean()


@pytest.mark.parametrize("seed", range(6))
def test_events_in_any_order_and_twice_end_the_same(api, customer, provider, seed):
    order = place(api, customer)
    page = page_of(order.payments.get())
    provider.webhooks.duplicate = "."
    provider.decline(page)
    provider.pay(page)
    dispute = provider.open_dispute(money_of(provider), 100)
    provider.close_dispute(dispute["id"], won=True)
    provider.refund(money_of(provider), 500)
    kept = provider.webhooks.kept
    random.Random(seed).shuffle(kept)
    # What comes before the shop knows of the money is told again by the provider, as it was
    # not taken; here the nightly comparison finds it.
    deliver(api, provider)
    drain(queue="payments")
    reconcile_all()
    assert state_of(order) == ("confirmed", "paid")
    assert order.refunded == Decimal("5.00")
    assert Dispute.objects.get().status == "won"
    assert balance("provider") == order.total - 5
    assert reconcile_all() == []
    assert_clean()


def test_a_page_that_has_ended_is_replaced_by_another(api, customer, order, provider):
    first = order.payments.get()
    provider.pass_time(3600)
    provider.ahead_s = 0
    provider.webhooks.take()
    started = api.as_user(customer).post(
        f"/api/orders/{order.pk}/payments", headers=key()
    )
    assert started.status_code == 201
    first.refresh_from_db()
    assert first.state == "failed"
    second = order.payments.get(state="created")
    provider.pay(page_of(second))
    deliver(api, provider)
    assert state_of(order) == ("confirmed", "paid")


def test_how_long_a_provider_is_asked():
    start = timezone.now()
    ends = start + timedelta(minutes=35)
    asked, now = [], start
    while True:
        then = payment_polling.next_ask(now, created_at=start, ends_at=ends)
        if then is None:
            break
        asked.append(then - start)
        now = then
    assert asked[0] == timedelta(minutes=2)
    assert timedelta(minutes=35, seconds=30) in asked
    assert all(late > early for early, late in itertools.pairwise(asked))
    assert timedelta(days=7) < asked[-1] < timedelta(days=7, hours=7)
    assert len(asked) < 45


def test_a_provider_that_is_away_is_asked_three_times_and_not_for_every_payment(
    api, customer, provider
):
    for _ in range(5):
        place(api, customer)
    provider.fail("status", "GET", status=503, times=None)
    provider.calls.clear()
    Payment.objects.update(ask_at=timezone.now())
    assert payment_polling.ask_due() == 0
    per_try = 2 if provider.name == "stripe" else 1  # Stripe's library tries once more
    assert len(provider.calls) == 3 * per_try
    provider.clear_faults()
    assert payment_polling.ask_due() == 0
    assert Payment.objects.filter(ask_at__lte=timezone.now()).count() == 0


# --- What happens at the provider without us -----------------------------------------------------
@pytest.mark.parametrize("amount", [None, 40000])
def test_a_refund_made_in_the_dashboard_is_booked_once(api, order, provider, amount):
    pay(api, order, provider)
    ship(order)
    made = provider.refund(money_of(provider), amount)
    provider.webhooks.duplicate = "."
    deliver(api, provider)
    order.refresh_from_db()
    value = Decimal(made["amount"]) / 100
    assert order.refunded == value
    assert order.payment_status == ("refunded" if amount is None else "paid")
    assert "were refunded at" in order.attention
    refund = Refund.objects.get()
    assert (refund.made_at_provider, refund.state, refund.amount) == (
        True,
        "succeeded",
        value,
    )
    left = order.total - value
    with pytest.raises((errors.RefundTooHigh, errors.OrderNotIn)):
        refunds.refund_order(
            order_id=order.pk,
            actor=STAFF,
            amount=left + 1,
            reason="again",
            idempotency_key="k",
        )
    assert reconcile_all() == []
    assert Refund.objects.count() == 1
    assert balance("provider") == left
    assert balance("receivable") == 0
    assert -balance("revenue") - balance("tax") - balance("shipping") == left
    assert_clean()


def test_a_dashboard_refund_beats_one_of_ours_that_is_not_sent_yet(
    api, order, provider
):
    pay(api, order, provider)
    move(order, OrderStatus.CANCELLED)
    provider.refund(money_of(provider))
    deliver(api, provider)
    states = Refund.objects.order_by("id").values_list("state", "made_at_provider")
    assert list(states) == [("failed", False), ("succeeded", True)]
    assert state_of(order) == ("cancelled", "refunded")
    drain(queue="payments")
    assert len(provider.all("refund")) == 1
    assert_clean()


def test_a_refund_that_had_gone_out_comes_back(api, order, provider):
    pay(api, order, provider)
    move(order, OrderStatus.CANCELLED)
    send_refunds()
    deliver(api, provider)
    assert state_of(order) == ("cancelled", "refunded")
    provider.finish_refund(provider.all("refund")[0]["id"], ok=False)
    deliver(api, provider)
    assert state_of(order) == ("cancelled", "paid")
    assert "A refund of" in order.attention
    assert (order.refunded, balance("provider")) == (Decimal(0), order.total)
    periodic.settle_payments()
    assert Refund.objects.filter(state="requested").count() == 0  # a person decides
    assert reconcile_all() == []


@pytest.mark.parametrize("won", [True, False])
def test_a_dispute_stops_the_parcel_and_its_money_is_booked(api, order, provider, won):
    pay(api, order, provider)
    dispute = provider.open_dispute(money_of(provider))
    deliver(api, provider)
    order.refresh_from_db()
    assert "dispute" in order.attention
    with pytest.raises(errors.DisputeOpen):
        ship(order)
    move(order, OrderStatus.SHIPPED, despite_dispute=True)
    provider.close_dispute(dispute["id"], won=won)
    deliver(api, provider)
    assert Dispute.objects.get().status == ("won" if won else "lost")
    assert balance("disputed") == 0
    assert balance("losses") == (0 if won else order.total)
    assert balance("provider") == (order.total if won else 0)
    assert reconcile_all() == []
    assert_clean()


def test_payouts_are_booked_with_their_fees(api, order, provider):
    pay(api, order, provider)
    provider.pay_out() if provider.name == "stripe" else provider.settle()
    assert "asked after" in deliver(api, provider)
    drain(queue="payments")
    payout = Payout.objects.get()
    assert payout.fees > 0
    assert balance("bank") == payout.amount
    assert balance("provider_fees") == payout.fees
    assert balance("provider") == 0
    assert reconcile_all() == []
    assert_clean()


# --- Reconciliation ------------------------------------------------------------------------------
def test_what_no_webhook_told_is_found_in_the_lists(api, order, provider):
    page = page_of(order.payments.get())
    provider.ahead_s = -60  # all of it happened a minute ago
    provider.pay(page)
    dispute = provider.open_dispute(money_of(provider), 100)
    provider.close_dispute(dispute["id"], won=True)
    provider.refund(money_of(provider), 500)
    provider.pay_out() if provider.name == "stripe" else provider.settle()
    provider.webhooks.take()  # all lost, and nobody asks
    out = StringIO()
    call_command("reconcile", stdout=out)
    assert "No difference is open." in out.getvalue()
    assert state_of(order) == ("confirmed", "paid")
    kinds = Difference.objects.order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["charge", "refund", "dispute", "payout"]
    assert not Difference.objects.exclude(settled_how__startswith="Booked now").exists()
    before = LedgerEntry.objects.count()
    call_command("reconcile", stdout=out)
    assert (Difference.objects.count(), LedgerEntry.objects.count()) == (4, before)
    assert_clean()


def test_what_changes_weeks_later_is_found_where_no_webhook_tells(api, order, provider):
    pay(api, order, provider)
    provider.refund(money_of(provider), 500)
    dispute = provider.open_dispute(money_of(provider), 100)
    deliver(api, provider)
    for one in [*provider.all("refund"), dispute]:
        one["created" if provider.name == "stripe" else "created_at"] -= 21 * 86_400
    provider.close_dispute(dispute["id"], won=False)
    for refund in provider.all("refund"):
        provider.finish_refund(refund["id"], ok=False)
    provider.webhooks.take()  # all lost
    reconciliation.reconcile_recent()
    assert Dispute.objects.get().status == "lost"
    assert not Refund.objects.filter(state="succeeded").exists()
    assert balance("provider") == order.total - 1
    assert not list(reconciliation.list_open_differences())
    assert_clean()


def test_what_is_booked_as_it_went_costs_no_statement_of_its_own(api, order, provider):
    """The nightly comparison looks at weeks of refunds, nearly all of which are known."""
    pay(api, order, provider)
    counts = []
    for refunds_made in (1, 5):
        for _ in range(refunds_made):
            provider.refund(money_of(provider), 100)
        deliver(api, provider)
        drain(queue="payments")
        with CaptureQueriesContext(connection) as asked:
            assert reconcile_all() == []
        counts.append(len(asked))
    assert Refund.objects.filter(state="succeeded").count() == 6
    assert counts[0] == counts[1]


def test_what_the_books_cannot_take_keeps_nothing_else_from_being_booked(
    api, order, provider
):
    provider.ahead_s = -60  # all of it happened a minute ago
    pay(api, order, provider)
    dispute = provider.open_dispute(money_of(provider), 100)
    dispute["amount"] = 0  # no rule of a provider says that it cannot be
    provider.pay_out() if provider.name == "stripe" else provider.settle()
    provider.webhooks.take()
    for _ in range(2):
        [left] = reconcile_all()
        assert (left.kind, left.ref) == ("dispute", dispute["id"])
        assert "dispute_amount_positive" in left.cause
    assert Payout.objects.count() == 1
    dispute["amount"] = 100
    reconcile_all()
    assert Dispute.objects.get().amount == 1


def test_money_that_is_nobodys_and_payments_that_are_not_there(api, order, provider):
    provider.ahead_s = -60  # all of it happened a minute ago
    pay(api, order, provider)
    Payment.objects.update(
        charge_ref="pi_gone" if provider.name == "stripe" else "pay_gone"
    )
    Payment.objects.update(created_at=timezone.now() - timedelta(hours=3))
    Payment.objects.update(succeeded_at=timezone.now() - timedelta(hours=3))
    if provider.name == "stripe":
        provider._succeed(provider._new_intent(777, "inr", {}))
    else:
        provider.pay(provider._new_order(777, "INR")["id"])
    out = StringIO()
    with pytest.raises(CommandError, match="are open"):
        call_command("reconcile", stdout=out)
    causes = " ".join(Difference.objects.values_list("cause", flat=True))
    assert "of no payment of the shop" in causes
    assert "that the provider does not have" in causes
    n = Difference.objects.count()
    with pytest.raises(CommandError):
        call_command("reconcile", stdout=StringIO())
    assert Difference.objects.count() == n
    stray = Difference.objects.get(theirs=Decimal("7.77"))
    reconciliation.settle_difference(
        difference_id=stray.pk, actor=STAFF, how="A test by the bank."
    )
    with pytest.raises(errors.DifferenceSettled):
        reconciliation.settle_difference(
            difference_id=stray.pk, actor=STAFF, how="Again."
        )


def test_a_provider_that_stops_answering_leaves_a_row_that_says_so(
    api, order, provider
):
    pay(api, order, provider)
    provider.fail("status", "GET", status=500, times=None)
    with pytest.raises(CommandError, match="run it again"):
        call_command("reconcile", stdout=StringIO())
    row = Reconciliation.objects.get()
    assert (row.finished_at, row.error.partition(":")[0]) == (None, "ProviderDown")


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (["--from", "2026-11-01"], "or neither"),
        (["--from", "1.11.2026", "--to", "2026-11-02"], "takes a day as"),
        (["--from", "2026-11-03", "--to", "2026-11-01"], "must not be after"),
        (["--provider", "paypal"], "no credentials"),
    ],
)
def test_the_command_says_what_it_wants(db, args, why):
    with pytest.raises(CommandError, match=why):
        call_command("reconcile", *args, stdout=StringIO())


# --- Webhooks ------------------------------------------------------------------------------------
def test_a_provider_without_credentials_has_no_webhook(api, db, settings):
    settings.STRIPE_SECRET_KEY = settings.STRIPE_WEBHOOK_SECRET = ""
    settings.RAZORPAY_WEBHOOK_SECRET = ""
    settings.RAZORPAY_KEY_ID = settings.RAZORPAY_KEY_SECRET = "x"
    for name in ("stripe", "razorpay", "paypal"):
        answer = api.send(
            "POST", f"/api/payments/webhooks/{name}", b"{}", "application/json"
        )
        assert answer.status_code == 404
    assert not PaymentEvent.objects.exists()


def test_old_orders_go_on_after_the_shop_has_changed_its_provider(
    api, order, provider, settings
):
    pay(api, order, provider)
    settings.ONLINE_PROVIDER = "test"
    move(order, OrderStatus.CANCELLED)
    send_refunds()
    deliver(api, provider)
    assert state_of(order) == ("cancelled", "refunded")


def test_webhooks_are_forgotten_after_ninety_days(db):
    for n, days in enumerate((100, 91, 89, 1)):
        event = PaymentEvent.objects.create(
            provider="stripe", event_id=f"e{n}", type="t"
        )
        at = timezone.now() - timedelta(days=days)
        PaymentEvent.objects.filter(pk=event.pk).update(received_at=at)
    assert periodic.forget_old()["payment_events"] == 2
    assert list(
        PaymentEvent.objects.order_by("id").values_list("event_id", flat=True)
    ) == [
        "e2",
        "e3",
    ]


@pytest.mark.django_db(transaction=True)
def test_a_provider_that_is_away_pauses_its_own_queue_only(customer, settings):
    from markrin.outbox import handlers

    settings.ONLINE_PROVIDER = "stripe"
    settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET = "sk", "whsec"
    settings.STRIPE_API_BASE = "http://127.0.0.1:1"
    for n in range(5):
        order = make_order(customer=customer)
        payment = Payment.objects.create(
            order=order,
            provider="stripe",
            provider_ref=f"cs_{n}",
            charge_ref=f"pi_{n}",
            amount=order.total,
            currency="INR",
            state="succeeded",
            succeeded_at=timezone.now(),
        )
        with transaction.atomic():
            refunds.request_refund(
                order, amount=order.total, reason="x", actor=STAFF, surplus=payment
            )
    for event in OutboxEvent.objects.filter(task="orders.send_refund").order_by("id"):
        handlers.run_job(handlers.registry["orders.send_refund"], event.pk)
    assert [one.queue for one in OutboxPause.objects.all()] == ["payments"]


# --- The ledger ----------------------------------------------------------------------------------
def test_an_order_in_the_ledger_from_payment_to_partial_refunds(api, order, provider):
    pay(api, order, provider)
    assert (balance("provider"), balance("receivable")) == (order.total, -order.total)
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
