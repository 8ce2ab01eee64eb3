"""Stripe and Razorpay by their own libraries: signatures as the providers make them, calls
to a stand-in server.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import pytest

from markrin.outbox import handlers
from orders import errors, gateways
from orders.checks import check_payments
from orders.gateways import Charge, Outcome
from orders.gateways.base import major_units, minor_units
from orders.gateways.razorpay import RazorpayGateway
from orders.gateways.stripe import StripeGateway
from orders.models import Payment
from orders.models.order import OrderStatus
from orders.services import lifecycle, payments, refunds, transitions
from orders.staff_schemas import Move
from tests.factories import key, make_cart_line, make_order, order_body

PAYMENT, ORDER, REFUND = (
    UUID(f"00000000-0000-7000-8000-00000000000{n}") for n in (1, 2, 3)
)
CHARGE = Charge(
    PAYMENT, ORDER, "MK-2026-000001", Decimal("1299.50"), "INR", "https://shop.example/"
)


class StandIn:
    """A provider's server: answers by path, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str], tuple[int, dict[str, Any]]] = {}
        self.asked: list[tuple[str, str, dict[str, str], Any]] = []

    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def run(self) -> Iterator["StandIn"]:
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                sent = self.rfile.read(
                    int(self.headers.get("Content-Length") or 0)
                ).decode()
                form = "json" not in (self.headers.get("Content-Type") or "")
                path = self.path.partition("?")[0]
                stand_in.asked.append(
                    (
                        self.command,
                        path,
                        dict(self.headers),
                        parse_qs(sent) if form else json.loads(sent),
                    )
                )
                status, body = stand_in.answers.get(
                    (self.command, path),
                    (404, {"error": {"code": "BAD_REQUEST_ERROR"}}),
                )
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = answer  # noqa: N815 (http.server's names)

            def log_message(self, *args: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = Thread(target=self.server.serve_forever, daemon=True)
        thread.start()
        yield self
        self.server.shutdown()
        self.server.server_close()
        thread.join()


@pytest.fixture
def provider(settings):
    for stand_in in StandIn().run():
        settings.STRIPE_SECRET_KEY, settings.STRIPE_PUBLIC_KEY = (
            "sk_test_1",
            "pk_test_1",
        )
        settings.STRIPE_WEBHOOK_SECRET, settings.STRIPE_API_BASE = (
            "whsec_1",
            stand_in.url(),
        )
        settings.RAZORPAY_KEY_ID, settings.RAZORPAY_KEY_SECRET = "rzp_test_1", "secret"
        settings.RAZORPAY_WEBHOOK_SECRET, settings.RAZORPAY_API_BASE = (
            "hook",
            stand_in.url(),
        )
        yield stand_in


@pytest.mark.parametrize(
    ("amount", "currency", "units"),
    [("1299.50", "INR", 129950), ("0.01", "EUR", 1), ("1300.00", "JPY", 1300)],
)
def test_amounts_in_a_providers_units(amount, currency, units):
    assert minor_units(Decimal(amount), currency) == units
    assert major_units(units, currency) == Decimal(amount)


# --- Stripe --------------------------------------------------------------------------------------
def intent(**more: Any) -> dict[str, Any]:
    return {
        "id": "pi_1",
        "object": "payment_intent",
        "amount": 129950,
        "amount_received": 129950,
        "currency": "inr",
        "client_secret": "pi_1_secret",
        "status": "requires_payment_method",
        "metadata": {"payment_id": str(PAYMENT)},
        **more,
    }


def stripe_event(
    told: dict[str, Any], type_: str, *, at: int | None = None, secret: str = "whsec_1"
) -> Any:
    body = json.dumps(
        {"id": "evt_1", "object": "event", "type": type_, "data": {"object": told}}
    ).encode()
    at = at or int(time.time())
    signature = hmac.new(
        secret.encode(), b"%d." % at + body, hashlib.sha256
    ).hexdigest()
    return body, {"Stripe-Signature": f"t={at},v1={signature}"}


def test_stripe_starts_a_payment(provider):
    provider.answers["POST", "/v1/payment_intents"] = (200, intent())
    started = StripeGateway().start(CHARGE, ref="")
    assert (started.ref, started.client_secret, started.public_key) == (
        "pi_1",
        "pi_1_secret",
        "pk_test_1",
    )
    ((_, _, headers, sent),) = provider.asked
    assert (sent["amount"], sent["currency"]) == (["129950"], ["inr"])
    assert sent["metadata[payment_id]"] == [str(PAYMENT)]
    assert headers["Idempotency-Key"] == f"payment-{PAYMENT}"


def test_stripe_refunds_and_says_when_it_will_not(provider):
    provider.answers["POST", "/v1/refunds"] = (
        200,
        {"id": "re_1", "object": "refund", "status": "pending"},
    )
    made = StripeGateway().refund(
        ref="pi_1", refund_id=REFUND, amount=Decimal("10.00"), currency="INR"
    )
    assert (made.ref, made.done) == ("re_1", False)
    assert provider.asked[0][2]["Idempotency-Key"] == f"refund-{REFUND}"
    refused = {
        "error": {
            "type": "invalid_request_error",
            "code": "charge_already_refunded",
            "message": "Done.",
        }
    }
    provider.answers["POST", "/v1/refunds"] = (400, refused)
    with pytest.raises(gateways.ProviderRefused, match="charge_already_refunded"):
        StripeGateway().refund(
            ref="pi_1", refund_id=REFUND, amount=Decimal("10.00"), currency="INR"
        )
    failed = {
        "id": "re_1",
        "object": "refund",
        "status": "failed",
        "failure_reason": "lost_or_stolen_card",
    }
    provider.answers["POST", "/v1/refunds"] = (200, failed)
    with pytest.raises(gateways.ProviderRefused, match="lost_or_stolen_card"):
        StripeGateway().refund(
            ref="pi_1", refund_id=REFUND, amount=Decimal("10.00"), currency="INR"
        )


def test_stripe_is_down(provider, settings):
    settings.STRIPE_API_BASE = "http://127.0.0.1:1"
    with pytest.raises(gateways.ProviderDown):
        StripeGateway().start(CHARGE, ref="")


def test_stripe_is_asked_and_called_off(provider):
    provider.answers["GET", "/v1/payment_intents/pi_1"] = (200, intent())
    assert StripeGateway().poll("pi_1") is None
    provider.answers["GET", "/v1/payment_intents/pi_1"] = (
        200,
        intent(status="succeeded"),
    )
    known = StripeGateway().poll("pi_1")
    assert known is not None
    assert (known.outcome, known.amount, known.payment_id) == (
        Outcome.SUCCEEDED,
        Decimal("1299.50"),
        PAYMENT,
    )
    provider.answers["POST", "/v1/payment_intents/pi_1/cancel"] = (
        400,
        {"error": {"type": "invalid_request_error"}},
    )
    StripeGateway().abandon(
        "pi_1"
    )  # too late: it has succeeded, and its webhook will say so
    assert provider.asked[-1][1] == "/v1/payment_intents/pi_1/cancel"


@pytest.mark.parametrize(
    ("type_", "told", "outcome"),
    [
        ("payment_intent.succeeded", intent(), Outcome.SUCCEEDED),
        (
            "payment_intent.payment_failed",
            intent(last_payment_error={"code": "card_declined"}),
            Outcome.FAILED,
        ),
        ("payment_intent.canceled", intent(), Outcome.FAILED),
        ("payment_intent.created", intent(), Outcome.OTHER),
        (
            "refund.updated",
            {"id": "re_1", "object": "refund", "status": "succeeded"},
            Outcome.REFUNDED,
        ),
        (
            "refund.failed",
            {"id": "re_1", "object": "refund", "status": "failed"},
            Outcome.REFUND_FAILED,
        ),
        (
            "refund.created",
            {"id": "re_1", "object": "refund", "status": "pending"},
            Outcome.OTHER,
        ),
        ("charge.refunded", {"id": "ch_1", "object": "charge"}, Outcome.OTHER),
    ],
)
def test_stripe_tells(provider, type_, told, outcome):
    body, headers = stripe_event(told, type_)
    notice = StripeGateway().read_webhook(body, headers)
    assert (notice.outcome, notice.event_id, notice.type) == (outcome, "evt_1", type_)
    if type_ in ("payment_intent.succeeded", "payment_intent.payment_failed"):
        assert (notice.ref, notice.payment_id) == ("pi_1", PAYMENT)
        assert (notice.amount, notice.currency) == (Decimal("1299.50"), "INR")
    if type_ == "payment_intent.payment_failed":
        assert notice.error == "card_declined"


@pytest.mark.parametrize("how", ["secret", "old", "missing", "body"])
def test_stripe_does_not_tell_this(provider, how):
    body, headers = stripe_event(
        intent(),
        "payment_intent.succeeded",
        at=int(time.time()) - 400 if how == "old" else None,
        secret="other" if how == "secret" else "whsec_1",
    )
    if how == "missing":
        headers = {}
    if how == "body":
        body = body.replace(b"129950", b"100000")
    with pytest.raises(errors.SignatureInvalid):
        StripeGateway().read_webhook(body, headers)


# --- Razorpay ------------------------------------------------------------------------------------
def razorpay_event(
    event: str, entity: str, told: dict[str, Any], *, secret: str = "hook"
) -> Any:
    body = json.dumps({"event": event, "payload": {entity: {"entity": told}}}).encode()
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return body, {"X-Razorpay-Signature": signature, "X-Razorpay-Event-Id": "evt_r1"}


PAID: dict[str, Any] = {
    "id": "pay_1",
    "order_id": "order_1",
    "amount": 129950,
    "currency": "INR",
    "status": "captured",
    "notes": {"payment_id": str(PAYMENT)},
}


def test_razorpay_starts_a_payment_once(provider):
    provider.answers["POST", "/v1/orders"] = (200, {"id": "order_1"})
    started = RazorpayGateway().start(CHARGE, ref="")
    assert (started.ref, started.client_secret, started.public_key) == (
        "order_1",
        "order_1",
        "rzp_test_1",
    )
    assert provider.asked[0][3]["amount"] == 129950
    assert provider.asked[0][3]["notes"]["payment_id"] == str(PAYMENT)
    assert RazorpayGateway().start(CHARGE, ref="order_1").ref == "order_1"
    assert len(provider.asked) == 1


def test_razorpay_refunds_what_was_captured(provider):
    provider.answers["GET", "/v1/orders/order_1/payments"] = (
        200,
        {"items": [{"id": "pay_0", "status": "failed"}, PAID]},
    )
    provider.answers["POST", "/v1/payments/pay_1/refund"] = (
        200,
        {"id": "rfnd_1", "status": "processed"},
    )
    made = RazorpayGateway().refund(
        ref="order_1", refund_id=REFUND, amount=Decimal("10.00"), currency="INR"
    )
    assert (made.ref, made.done) == ("rfnd_1", True)
    assert provider.asked[-1][3]["amount"] == 1000
    assert provider.asked[-1][2]["X-Refund-Idempotency"] == REFUND.hex
    provider.answers["GET", "/v1/orders/order_1/payments"] = (200, {"items": []})
    with pytest.raises(gateways.ProviderRefused):
        RazorpayGateway().refund(
            ref="order_1", refund_id=REFUND, amount=Decimal("10.00"), currency="INR"
        )


def test_razorpay_is_asked(provider):
    provider.answers["GET", "/v1/orders/order_1/payments"] = (200, {"items": []})
    assert RazorpayGateway().poll("order_1") is None
    provider.answers["GET", "/v1/orders/order_1/payments"] = (200, {"items": [PAID]})
    known = RazorpayGateway().poll("order_1")
    assert known is not None
    assert (known.outcome, known.ref, known.amount) == (
        Outcome.SUCCEEDED,
        "order_1",
        Decimal("1299.50"),
    )


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, "BAD_REQUEST_ERROR", gateways.ProviderRefused),
        (502, "GATEWAY_ERROR", gateways.ProviderDown),
    ],
)
def test_razorpay_refuses_or_is_down(provider, status, code, expected):
    provider.answers["POST", "/v1/orders"] = (
        status,
        {"error": {"code": code, "description": "No."}},
    )
    with pytest.raises(expected):
        RazorpayGateway().start(CHARGE, ref="")


@pytest.mark.parametrize(
    ("event", "entity", "told", "outcome"),
    [
        ("payment.captured", "payment", PAID, Outcome.SUCCEEDED),
        (
            "payment.failed",
            "payment",
            {**PAID, "error_code": "BAD_REQUEST_ERROR", "notes": []},
            Outcome.FAILED,
        ),
        ("payment.authorized", "payment", PAID, Outcome.OTHER),
        (
            "refund.processed",
            "refund",
            {"id": "rfnd_1", "notes": {"refund_id": str(REFUND)}},
            Outcome.REFUNDED,
        ),
        (
            "refund.failed",
            "refund",
            {"id": "rfnd_1", "notes": []},
            Outcome.REFUND_FAILED,
        ),
    ],
)
def test_razorpay_tells(provider, event, entity, told, outcome):
    notice = RazorpayGateway().read_webhook(*razorpay_event(event, entity, told))
    assert (notice.outcome, notice.event_id) == (outcome, "evt_r1")


@pytest.mark.parametrize("how", ["secret", "missing", "body", "bytes"])
def test_razorpay_does_not_tell_this(provider, how):
    body, headers = razorpay_event(
        "payment.captured",
        "payment",
        PAID,
        secret="other" if how == "secret" else "hook",
    )
    headers = {} if how == "missing" else headers
    body = {"body": body + b" ", "bytes": b"\xff"}.get(how, body)
    with pytest.raises(errors.SignatureInvalid):
        RazorpayGateway().read_webhook(body, headers)


# --- In the shop ---------------------------------------------------------------------------------
def test_an_order_is_paid_and_refunded_by_stripe(api, customer, provider, settings):
    settings.ONLINE_PROVIDER = "stripe"
    provider.answers["POST", "/v1/payment_intents"] = (200, intent())
    make_cart_line(customer=customer)
    placed = (
        api.as_user(customer)
        .post(
            "/api/orders", order_body(customer, paymentMethod="online"), headers=key()
        )
        .json()
    )
    assert placed["payment"] == {
        "provider": "stripe",
        "clientSecret": "pi_1_secret",
        "redirectUrl": None,
        "publicKey": "pk_test_1",
    }
    payment = Payment.objects.get()
    told = intent(
        amount=105000, amount_received=105000, metadata={"payment_id": str(payment.pk)}
    )
    body, headers = stripe_event(told, "payment_intent.succeeded")
    answer = api.send(
        "POST",
        "/api/payments/webhooks/stripe",
        body,
        "application/json",
        headers=headers,
    )
    assert answer.json() == {"outcome": "paid"}
    cancelled = (
        api.as_user(customer).post(f"/api/orders/{placed['id']}/cancel", {}).json()
    )
    assert (cancelled["status"], cancelled["refunded"]) == ("cancelled", "1050.00")
    refund = payment.refunds.get()
    provider.answers["POST", "/v1/refunds"] = (
        200,
        {"id": "re_9", "object": "refund", "status": "pending"},
    )
    refunds.send_refund(refund_id=refund.pk)
    done = {"id": "re_9", "object": "refund", "status": "succeeded", "metadata": {}}
    body, headers = stripe_event(done, "refund.updated")
    body = body.replace(b"evt_1", b"evt_2")
    signature = hmac.new(
        b"whsec_1", b"%d." % int(time.time()) + body, hashlib.sha256
    ).hexdigest()
    headers = {"Stripe-Signature": f"t={int(time.time())},v1={signature}"}
    answer = api.send(
        "POST",
        "/api/payments/webhooks/stripe",
        body,
        "application/json",
        headers=headers,
    )
    assert answer.json() == {"outcome": "refunded"}
    refund.refresh_from_db()
    payment.order.refresh_from_db()
    assert (refund.state, payment.order.payment_status) == ("succeeded", "refunded")


def test_a_refund_that_fails_is_for_a_person(customer, provider, settings):
    settings.ONLINE_PROVIDER = "stripe"
    provider.answers["POST", "/v1/payment_intents"] = (200, intent())
    order = make_order(customer=customer, method="online")
    payment = order.payments.get()
    body, headers = stripe_event(
        intent(
            amount=105000,
            amount_received=105000,
            metadata={"payment_id": str(payment.pk)},
        ),
        "payment_intent.succeeded",
    )
    payments.receive_webhook(provider_name="stripe", body=body, headers=headers)
    transitions.move_order(
        Move(status=OrderStatus.CANCELLED),
        order_id=order.pk,
        actor=lifecycle.Actor("staff"),
    )
    refund = order.refunds.get()
    settings.STRIPE_API_BASE = "http://127.0.0.1:1"
    with pytest.raises(handlers.Unreachable):
        refunds.send_refund(refund_id=refund.pk)
    settings.STRIPE_API_BASE = provider.url()
    provider.answers["POST", "/v1/refunds"] = (
        400,
        {"error": {"type": "invalid_request_error", "code": "no_such"}},
    )
    assert refunds.send_refund(refund_id=refund.pk) == {"refused": "no_such"}
    refund.refresh_from_db()
    order.refresh_from_db()
    assert (refund.state, refund.error, str(order.refunded), order.payment_status) == (
        "failed",
        "no_such",
        "0.00",
        "paid",
    )
    assert "A refund of 1050.00 INR failed." in order.attention


def test_an_abandoned_payment_is_called_off(customer, provider, settings):
    settings.ONLINE_PROVIDER = "stripe"
    provider.answers["POST", "/v1/payment_intents"] = (200, intent())
    provider.answers["POST", "/v1/payment_intents/pi_1/cancel"] = (
        200,
        intent(status="canceled"),
    )
    order = make_order(customer=customer, method="online", status="cancelled")
    payments.abandon_payment(payment_id=order.payments.get().pk)
    assert provider.asked[-1][1] == "/v1/payment_intents/pi_1/cancel"


@pytest.mark.parametrize(
    ("changed", "ids"),
    [
        ({"ONLINE_PROVIDER": "test", "DEBUG": True}, []),
        ({"ONLINE_PROVIDER": "", "DEBUG": False}, []),
        ({"ONLINE_PROVIDER": "test", "DEBUG": False}, ["orders.E003"]),
        (
            {"ONLINE_PROVIDER": "test", "DEBUG": False, "TEST_GATEWAY_IN_PUBLIC": True},
            [],
        ),
        ({"ONLINE_PROVIDER": "paypal"}, ["orders.E001"]),
        (
            {"ONLINE_PROVIDER": "stripe", "STRIPE_SECRET_KEY": "sk"},
            ["orders.E002", "orders.E002"],
        ),
    ],
)
def test_the_shop_does_not_start_with_half_a_provider(settings, changed, ids):
    for name, value in changed.items():
        setattr(settings, name, value)
    assert [message.id for message in check_payments()] == ids
