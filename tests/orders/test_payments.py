"""Online payments: opened, told of by signed webhooks, settled whatever arrives when."""

import json
import time
from decimal import Decimal
from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from markrin.outbox.models import OutboxEvent
from orders import gateways
from orders.gateways import local
from orders.gateways.base import Asked, Notice, Outcome, ProviderDown
from orders.models import Order, Payment, PaymentEvent, Refund
from orders.services import periodic, provider_events, refunds
from products.models import StockLevel
from tests.factories import (
    age,
    key,
    make_cart_line,
    make_coupon,
    make_order,
    make_user,
    order_body,
)


@pytest.fixture
def order(customer):
    return make_order(customer=customer, method="online")


def tell(
    api,
    payment,
    kind="payment.succeeded",
    *,
    event_id="evt_1",
    amount=None,
    currency=None,
    **rest,
):
    body, headers = local.webhook(
        event_id=event_id,
        kind=kind,
        payment_id=payment.pk,
        amount=payment.amount if amount is None else amount,
        currency=currency or payment.currency,
        **rest,
    )
    return api.send(
        "POST",
        "/api/payments/webhooks/test",
        body,
        "application/json",
        headers=headers,
    )


def state_of(order):
    order.refresh_from_db()
    return order.status, order.payment_status


def reserved(order):
    return StockLevel.objects.get(variant=order.lines.get().variant_id).reserved


def jobs(task):
    return OutboxEvent.objects.filter(task=task).count()


def test_an_online_order_tells_how_to_pay_and_waits(api, customer):
    make_cart_line(customer=customer)
    placed = (
        api.as_user(customer)
        .post(
            "/api/orders",
            order_body(customer, paymentMethod="online"),
            headers=key(),
        )
        .json()
    )
    payment = Payment.objects.get()
    assert placed["payment"] == {
        "provider": "test",
        "clientSecret": None,
        "redirectUrl": f"http://testserver/test-gateway/pay/{payment.pk}/{local.page_token(payment.pk)}",
        "publicKey": None,
    }
    assert (placed["status"], placed["paymentStatus"]) == ("pending", "unpaid")
    assert placed["expiresAt"] is not None
    assert (payment.amount, payment.provider_ref) == (
        Decimal("1050.00"),
        f"test_{payment.pk.hex}",
    )


def test_the_gateways_page_pays(api, customer, order):
    payment = order.payments.get()
    page = f"/test-gateway/pay/{payment.pk}/{local.page_token(payment.pk)}"
    assert b"1,050.00" in api.get(page).content
    assert state_of(order) == ("pending", "unpaid")
    sent = api.send(
        "POST", page, b"outcome=success", "application/x-www-form-urlencoded"
    )
    assert (sent.status_code, sent.headers["Location"]) == (
        302,
        f"http://localhost:8000/orders/{order.pk}?payment=success",
    )
    assert state_of(order) == ("confirmed", "paid")
    assert order.paid_at is not None
    assert order.expires_at is None
    shown = api.as_user(customer).get(f"/api/orders/{order.pk}").json()
    assert [
        (step["kind"], step["from"], step["to"], step["by"])
        for step in shown["history"]
    ] == [
        ("status", "", "pending", "customer"),
        ("payment", "unpaid", "paid", "gateway"),
        ("status", "pending", "confirmed", "gateway"),
    ]
    assert (
        api.send(
            "POST", page, b"outcome=success", "application/x-www-form-urlencoded"
        ).status_code
        == 409
    )


def test_the_gateways_page_is_the_payers_and_only_where_the_shop_uses_it(
    api, order, settings
):
    payment = order.payments.get()
    assert api.get(f"/test-gateway/pay/{payment.pk}/{'0' * 32}").status_code == 404
    settings.ONLINE_PROVIDER = "stripe"
    settings.STRIPE_SECRET_KEY = "sk_test_1"
    assert (
        api.get(
            f"/test-gateway/pay/{payment.pk}/{local.page_token(payment.pk)}"
        ).status_code
        == 404
    )
    assert tell(api, payment).status_code == 404
    assert state_of(order) == ("pending", "unpaid")


@pytest.mark.asvs("2.3.1")
def test_an_event_told_twice_takes_effect_once(api, order):
    payment = order.payments.get()
    answers = [tell(api, payment) for _ in range(3)]
    assert [answer.json()["outcome"] for answer in answers] == [
        "paid",
        "duplicate",
        "duplicate",
    ]
    assert {answer.status_code for answer in answers} == {200}
    assert tell(api, payment, event_id="evt_2").json()["outcome"] == "known already"
    assert (PaymentEvent.objects.count(), jobs("orders.send_refund")) == (2, 0)


@pytest.mark.parametrize(
    "how", ["none", "other secret", "other body", "old", "future", "garbage"]
)
def test_a_webhook_that_is_not_the_providers_changes_nothing(
    api, order, how, settings
):
    payment = order.payments.get()
    body, headers = local.webhook(
        event_id="e",
        kind="payment.succeeded",
        payment_id=payment.pk,
        amount=payment.amount,
        currency="INR",
    )
    now = int(time.time())
    signature = {
        "none": "",
        "other secret": headers[local.HEADER].replace("v1=", "v1=0"),
        "other body": local.sign(body.replace(b"evt", b"evx") + b" ", at=now),
        "old": local.sign(body, at=now - 301),
        "future": local.sign(body, at=now + 600),
        "garbage": "t=²,v1=é",
    }[how]
    response = api.send(
        "POST",
        "/api/payments/webhooks/test",
        body,
        "application/json",
        headers={local.HEADER: signature.encode("utf-8").decode("latin-1")},
    )
    assert (response.status_code, response.json()["code"]) == (
        400,
        "signature_invalid",
    )
    assert state_of(order) == ("pending", "unpaid")
    assert not PaymentEvent.objects.exists()


def test_an_unknown_payment_is_noted_and_answered(api, order):
    stranger = Payment(
        order=order, provider="test", amount=Decimal("1.00"), currency="INR"
    )
    assert tell(api, stranger).json()["outcome"] == "unknown payment"
    assert PaymentEvent.objects.get().outcome == "unknown payment"


@pytest.mark.parametrize(
    "wrong", [{"amount": Decimal("1.00")}, {"currency": "USD"}]
)
def test_another_amount_does_not_pay_and_calls_for_a_person(api, order, wrong):
    assert (
        tell(api, order.payments.get(), **wrong).json()["outcome"]
        == "another amount"
    )
    assert state_of(order) == ("pending", "unpaid")
    assert "not what is owed" in order.attention


def test_after_a_failure_the_shopper_tries_again(api, customer, order):
    client = api.as_user(customer)
    tell(api, order.payments.get(), "payment.failed", error="declined")
    assert state_of(order) == ("pending", "failed")
    assert reserved(order) == 1
    headers = key()
    started = client.post(f"/api/orders/{order.pk}/payments", headers=headers)
    assert (started.status_code, started.json()["provider"]) == (201, "test")
    again = client.post(f"/api/orders/{order.pk}/payments", headers=headers)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json() == started.json()
    assert order.payments.count() == 2
    assert urlsplit(started.json()["redirectUrl"]).path.split("/")[3] == str(
        order.payments.get(state="created").pk
    )
    tell(api, order.payments.get(state="created"), event_id="evt_2")
    assert state_of(order) == ("confirmed", "paid")
    refused = client.post(f"/api/orders/{order.pk}/payments", headers=key())
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing_to_pay")


def test_starting_a_payment_needs_ones_own_order_and_a_key(api, order):
    assert (
        api.as_user(make_user())
        .post(f"/api/orders/{order.pk}/payments", headers=key())
        .status_code
        == 404
    )
    response = api.as_user(order.user).post(f"/api/orders/{order.pk}/payments")
    assert (response.status_code, response.json()["code"]) == (
        400,
        "idempotency_key_missing",
    )
    cash = make_order(customer=order.user)
    assert (
        api.as_user(order.user)
        .post(f"/api/orders/{cash.pk}/payments", headers=key())
        .json()["code"]
        == "nothing_to_pay"
    )


def test_the_first_of_two_payments_pays_and_the_other_goes_back(
    api, customer, order
):
    first = order.payments.get()
    tell(api, first, "payment.failed", event_id="a")
    api.as_user(customer).post(f"/api/orders/{order.pk}/payments", headers=key())
    second = order.payments.get(state="created")
    assert tell(api, first, event_id="b").json()["outcome"] == "paid"
    second.refresh_from_db()
    assert second.state == "cancelled"
    assert (
        tell(api, second, event_id="c").json()["outcome"] == "paid twice: refunded"
    )
    refund = Refund.objects.get()
    assert (refund.payment, refund.surplus, refund.amount) == (
        second,
        True,
        order.total,
    )
    order.refresh_from_db()
    assert (order.refunded, order.payment_status) == (0, "paid")
    refunds.send_refund(refund_id=refund.pk)
    refund.refresh_from_db()
    assert (refund.state, refund.provider_ref) == (
        "succeeded",
        f"test_refund_{refund.pk.hex}",
    )
    assert state_of(order) == ("confirmed", "paid")


def test_an_unpaid_order_expires_and_frees_its_stock_and_coupon(api, customer):
    coupon = make_coupon(code="ONE", total_limit=1)
    order = make_order(customer=customer, method="online", coupon_code="ONE")
    assert periodic.expire_orders() == 0
    age(order)
    assert periodic.expire_orders() == 1
    assert state_of(order) == ("cancelled", "unpaid")
    assert reserved(order) == 0
    coupon.refresh_from_db()
    assert coupon.used == 0
    assert order.payments.get().state == "cancelled"
    assert jobs("orders.abandon_payment") == 1
    assert periodic.expire_orders() == 0


def test_orders_for_cash_do_not_expire(customer):
    order = make_order(customer=customer)
    assert order.expires_at is None


def test_a_payment_that_comes_too_late_is_refunded_and_shown_to_staff(api, order):
    payment = order.payments.get()
    age(order)
    periodic.expire_orders()
    assert tell(api, payment).json()["outcome"] == "too late: refunded"
    assert state_of(order) == ("cancelled", "paid")
    assert reserved(order) == 0
    assert "Paid after it was cancelled" in order.attention
    refund = order.refunds.get()
    assert (refund.amount, refund.state, jobs("orders.send_refund")) == (
        order.total,
        "requested",
        1,
    )
    refunds.send_refund(refund_id=refund.pk)
    refunds.send_refund(refund_id=refund.pk)
    assert state_of(order) == ("cancelled", "refunded")
    assert order.refunds.get().state == "succeeded"


class Talkative(local.LocalGateway):
    """The test gateway, as one that can be asked, or that is down."""

    knows: Notice | None = None
    down = False

    def start(self, charge, *, ref):
        if self.down:
            raise ProviderDown("no answer")
        return super().start(charge, ref=ref)

    def ask(self, ref, *, capture):
        return Asked((self.knows,), True) if self.knows else Asked()


@pytest.fixture
def gateway(monkeypatch):
    monkeypatch.setattr(Talkative, "knows", None)
    monkeypatch.setattr(Talkative, "down", False)
    monkeypatch.setitem(gateways.PROVIDERS, "test", f"{__name__}.Talkative")
    return Talkative


def make_paid_notice(payment):
    return Notice(
        "test",
        f"poll:{payment.pk}",
        "polled",
        Outcome.SUCCEEDED,
        ref=payment.provider_ref,
        amount=payment.amount,
        currency=payment.currency,
    )


def test_before_an_order_expires_its_provider_is_asked(order, gateway):
    gateway.knows = make_paid_notice(order.payments.get())
    age(order)
    assert periodic.expire_orders() == 0
    assert state_of(order) == ("confirmed", "paid")


def test_lost_webhooks_are_asked_after(order, gateway):
    gateway.knows = make_paid_notice(order.payments.get())
    assert periodic.settle_payments()["asked"] == 0
    Payment.objects.update(ask_at=timezone.now())
    assert periodic.settle_payments()["asked"] == 1
    assert state_of(order) == ("confirmed", "paid")


def test_an_order_stands_where_the_provider_is_down(api, customer, gateway):
    gateway.down = True
    make_cart_line(customer=customer)
    client = api.as_user(customer)
    placed = client.post(
        "/api/orders", order_body(customer, paymentMethod="online"), headers=key()
    )
    assert (placed.status_code, placed.json()["payment"]) == (201, None)
    headers, path = key(), f"/api/orders/{placed.json()['id']}/payments"
    down = client.post(path, headers=headers)
    assert (down.status_code, down.json()["code"]) == (
        503,
        "payment_provider_unavailable",
    )
    assert "Retry-After" in down.headers
    gateway.down = False
    assert client.post(path, headers=headers).json()["redirectUrl"]
    assert Payment.objects.count() == 1


def test_a_shop_without_a_provider_takes_cash_only(api, customer, settings):
    settings.ONLINE_PROVIDER = ""
    make_cart_line(customer=customer)
    client = api.as_user(customer)
    online = client.post(
        "/api/orders", order_body(customer, paymentMethod="online"), headers=key()
    )
    assert (online.status_code, online.json()["code"]) == (
        422,
        "payment_method_unavailable",
    )
    assert (
        client.post("/api/orders", order_body(customer), headers=key()).status_code
        == 201
    )


def test_what_is_cancelled_but_paid_is_found_and_refunded(api, order):
    tell(api, order.payments.get())
    Order.objects.filter(pk=order.pk).update(
        status="cancelled", closed_at=timezone.now()
    )  # as no service leaves it
    assert periodic.settle_payments()["refunded"] == 1
    assert periodic.settle_payments()["refunded"] == 0
    assert order.refunds.get().amount == order.total


def test_a_webhook_may_be_faster_than_the_answer(api, order):
    payment = order.payments.get()
    Payment.objects.update(provider_ref="")
    assert tell(api, payment).json()["outcome"] == "paid"
    payment.refresh_from_db()
    assert payment.provider_ref == f"test_{payment.pk.hex}"


def test_events_without_consequence_are_noted(api, order):
    assert (
        tell(api, order.payments.get(), "payment.viewed").json()["outcome"]
        == "ignored"
    )
    assert state_of(order) == ("pending", "unpaid")


def test_a_webhook_body_of_any_form_is_no_error(api):
    body = json.dumps([1]).encode()
    response = api.send("POST", "/api/payments/webhooks/test", body, "text/plain")
    assert response.status_code == 400
    assert (
        api.send(
            "POST", "/api/payments/webhooks/nobody", body, "text/plain"
        ).status_code
        == 404
    )


def test_recording_needs_no_request(order):
    assert (
        provider_events.record_notice(make_paid_notice(order.payments.get()))
        == "paid"
    )
    assert reserved(order) == 1
