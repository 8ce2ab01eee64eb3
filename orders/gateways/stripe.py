"""Stripe, by its own library: a PaymentIntent for each payment, confirmed by the client
with its secret.

Source: https://docs.stripe.com/payments/payment-intents, https://docs.stripe.com/webhooks.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, ClassVar, TypeVar
from uuid import UUID

import stripe
from django.conf import settings

from orders import errors
from orders.gateways.base import (
    TIMEOUT_S,
    Charge,
    Notice,
    Outcome,
    ProviderDown,
    ProviderRefused,
    Refunded,
    Started,
    major_units,
    minor_units,
    uuid_or_none,
)

T = TypeVar("T")
_INTENTS = {
    "payment_intent.succeeded": Outcome.SUCCEEDED,
    "payment_intent.payment_failed": Outcome.FAILED,
    "payment_intent.canceled": Outcome.FAILED,
}
_REFUNDS = {
    "succeeded": Outcome.REFUNDED,
    "failed": Outcome.REFUND_FAILED,
    "canceled": Outcome.REFUND_FAILED,
}


class StripeGateway:
    """See the module."""

    name: ClassVar[str] = "stripe"

    def __init__(self) -> None:
        base: Any = (
            {"api": settings.STRIPE_API_BASE} if settings.STRIPE_API_BASE else {}
        )
        self._client = stripe.StripeClient(
            settings.STRIPE_SECRET_KEY,
            base_addresses=base,
            http_client=stripe.RequestsClient(timeout=TIMEOUT_S),
            max_network_retries=1,
        )

    def start(self, charge: Charge, *, ref: str) -> Started:
        """Make the intent; the idempotency key makes a second call return the first one's."""
        intent = _called(
            lambda: self._client.v1.payment_intents.create(
                {
                    "amount": minor_units(charge.amount, charge.currency),
                    "currency": charge.currency.lower(),
                    "automatic_payment_methods": {"enabled": True},
                    "description": charge.number,
                    "metadata": {
                        "payment_id": str(charge.payment_id),
                        "order_id": str(charge.order_id),
                    },
                },
                {"idempotency_key": f"payment-{charge.payment_id}"},
            )
        )
        return Started(
            "stripe",
            intent.id,
            client_secret=intent.client_secret,
            public_key=settings.STRIPE_PUBLIC_KEY,
        )

    def abandon(self, ref: str) -> None:
        """Cancel the intent. One that has succeeded meanwhile stays: its webhook leads to a
        refund.
        """
        try:
            _called(lambda: self._client.v1.payment_intents.cancel(ref))
        except ProviderRefused:
            return

    def poll(self, ref: str) -> Notice | None:
        """Ask for the intent."""
        intent = _called(lambda: self._client.v1.payment_intents.retrieve(ref))
        if intent.status not in ("succeeded", "canceled"):
            return None
        type_ = f"payment_intent.{intent.status}"
        return _intent(f"poll:{ref}:{intent.status}", type_, intent)

    def refund(
        self, *, ref: str, refund_id: UUID, amount: Decimal, currency: str
    ) -> Refunded:
        """Refund a part of the intent."""
        made = _called(
            lambda: self._client.v1.refunds.create(
                {
                    "payment_intent": ref,
                    "amount": minor_units(amount, currency),
                    "metadata": {"refund_id": str(refund_id)},
                },
                {"idempotency_key": f"refund-{refund_id}"},
            )
        )
        if made.status in ("failed", "canceled"):
            raise ProviderRefused(made.failure_reason or made.status)
        return Refunded(made.id, done=made.status == "succeeded")

    def read_webhook(self, body: bytes, headers: Mapping[str, str]) -> Notice:
        """Check the signature with Stripe's own code, and return what is told. Raises:
        SignatureInvalid.
        """
        try:
            event = stripe.Webhook.construct_event(
                body, headers.get("Stripe-Signature"), settings.STRIPE_WEBHOOK_SECRET
            )
        except (stripe.SignatureVerificationError, ValueError) as exc:
            raise errors.SignatureInvalid from exc
        told = event.data.object
        if event.type in _INTENTS:
            return _intent(event.id, event.type, told)
        if event.type.startswith("refund.") or event.type == "charge.refund.updated":
            return Notice(
                provider="stripe",
                event_id=event.id,
                type=event.type,
                outcome=_REFUNDS.get(told["status"], Outcome.OTHER),
                refund_ref=told["id"],
                refund_id=uuid_or_none(_metadata(told).get("refund_id")),
                error=str(told.to_dict().get("failure_reason") or ""),
            )
        return Notice(
            provider="stripe", event_id=event.id, type=event.type, outcome=Outcome.OTHER
        )


def _intent(event_id: str, type_: str, intent: Any) -> Notice:
    currency = intent["currency"].upper()
    succeeded = _INTENTS[type_] == Outcome.SUCCEEDED
    failure = intent.to_dict().get("last_payment_error") or {}
    return Notice(
        provider="stripe",
        event_id=event_id,
        type=type_,
        outcome=_INTENTS[type_],
        ref=intent["id"],
        payment_id=uuid_or_none(_metadata(intent).get("payment_id")),
        amount=major_units(
            intent["amount_received" if succeeded else "amount"], currency
        ),
        currency=currency,
        error=str(failure.get("code") or ""),
    )


def _metadata(told: Any) -> dict[str, str]:
    return told.to_dict().get("metadata") or {}


def _called(call: Callable[[], T]) -> T:
    """Return what Stripe answers. Raises: ProviderDown, ProviderRefused."""
    try:
        return call()
    except (stripe.InvalidRequestError, stripe.CardError) as exc:
        raise ProviderRefused(exc.code or type(exc).__name__) from exc
    except stripe.StripeError as exc:
        raise ProviderDown(type(exc).__name__) from exc
