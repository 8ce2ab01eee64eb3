"""Every amount at a provider is an order's, or goes back: with real servers in the
providers' place.
"""

import itertools
import random
from datetime import timedelta
from decimal import Decimal

import pytest
import requests
from django.db import transaction
from django.utils import timezone

from markrin.outbox.models import OutboxEvent, OutboxPause
from orders import errors
from orders.models import (
    Dispute,
    LedgerEntry,
    Order,
    Payment,
    PaymentEvent,
    Payout,
    Refund,
)
from orders.models.order_status import OrderStatus
from orders.services import payment_polling, periodic, refunds
from tests.factories import key, make_cart_line, make_order, order_body
from tests.orders.provider_orders import (
    STAFF,
    ask_all,
    assert_clean,
    balance,
    expire,
    money_of,
    move,
    order,
    pay,
    place,
    reconcile_all,
    send_refunds,
    ship,
    state_of,
)
from tests.outbox.helpers import drain
from tests.providers.fixtures import (
    deliver,
    page_of,
    provider,
    razorpay_server,
    stripe_server,
)

__all__ = ["order", "provider", "razorpay_server", "stripe_server"]


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
    assert (back.surplus, back.amount, back.state) == (
        True,
        order.total,
        "succeeded",
    )
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


def test_a_page_that_has_ended_is_replaced_by_another(
    api, customer, order, provider
):
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
    per_try = (
        2 if provider.name == "stripe" else 1
    )  # Stripe's library tries once more
    assert len(provider.calls) == 3 * per_try
    provider.clear_faults()
    assert payment_polling.ask_due() == 0
    assert Payment.objects.filter(ask_at__lte=timezone.now()).count() == 0


# --- What happens at the provider without us -----------------------------------------------------
@pytest.mark.parametrize("amount", [None, 40000])
def test_a_refund_made_in_the_dashboard_is_booked_once(
    api, order, provider, amount
):
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
def test_a_dispute_stops_the_parcel_and_its_money_is_booked(
    api, order, provider, won
):
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
    for event in OutboxEvent.objects.filter(task="orders.send_refund").order_by(
        "id"
    ):
        handlers.run_job(handlers.registry["orders.send_refund"], event.pk)
    assert [one.queue for one in OutboxPause.objects.all()] == ["payments"]
