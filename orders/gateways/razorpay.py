"""Razorpay, by its own library: a Razorpay order for each payment, paid in its checkout form.

Source: https://razorpay.com/docs/payments/server-integration/python/,
https://razorpay.com/docs/webhooks/."""

import hashlib
import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

import razorpay
import requests
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

_PAYMENTS = {"payment.captured": Outcome.SUCCEEDED, "payment.failed": Outcome.FAILED}
_REFUNDS = {
    "refund.processed": Outcome.REFUNDED,
    "refund.failed": Outcome.REFUND_FAILED,
}


class RazorpayGateway:
    """See the module. Razorpay calls a try to pay a payment; what we call a payment is its
    order.
    """

    name: ClassVar[str] = "razorpay"

    def __init__(self) -> None:
        base = (
            {"base_url": settings.RAZORPAY_API_BASE}
            if settings.RAZORPAY_API_BASE
            else {}
        )
        self._client = razorpay.Client(
            auth=(settings.RAZORPAY_KEY_ID, settings.RAZORPAY_KEY_SECRET), **base
        )

    def start(self, charge: Charge, *, ref: str) -> Started:
        """Make the order, unless it was made before: Razorpay itself would make another."""
        if not ref:
            ref = _called(
                lambda: self._client.order.create(
                    {
                        "amount": minor_units(charge.amount, charge.currency),
                        "currency": charge.currency,
                        "receipt": charge.number,
                        "notes": {
                            "payment_id": str(charge.payment_id),
                            "order_id": str(charge.order_id),
                        },
                    },
                    timeout=TIMEOUT_S,
                )
            )["id"]
        return Started(
            "razorpay", ref, client_secret=ref, public_key=settings.RAZORPAY_KEY_ID
        )

    def abandon(self, ref: str) -> None:
        """Do nothing: Razorpay cannot close an order. A late payment leads to a refund."""

    def poll(self, ref: str) -> Notice | None:
        """Ask for the tries to pay the order, and return the one that succeeded."""
        paid = self._captured(ref)
        return (
            _payment(f"poll:{paid['id']}", "payment.captured", paid) if paid else None
        )

    def refund(
        self, *, ref: str, refund_id: UUID, amount: Decimal, currency: str
    ) -> Refunded:
        """Refund a part of what was captured."""
        paid = self._captured(ref)
        if paid is None:
            raise ProviderRefused("nothing was captured")
        made = _called(
            lambda: self._client.payment.refund(
                paid["id"],
                {
                    "amount": minor_units(amount, currency),
                    "notes": {"refund_id": str(refund_id)},
                },
                headers={"X-Refund-Idempotency": refund_id.hex},
                timeout=TIMEOUT_S,
            )
        )
        if made["status"] == "failed":
            raise ProviderRefused("the refund failed")
        return Refunded(made["id"], done=made["status"] == "processed")

    def read_webhook(self, body: bytes, headers: Mapping[str, str]) -> Notice:
        """Check the signature with Razorpay's own code, and return what is told. Raises:
        SignatureInvalid.
        """
        try:
            self._client.utility.verify_webhook_signature(
                body.decode(),
                headers.get("X-Razorpay-Signature", ""),
                settings.RAZORPAY_WEBHOOK_SECRET,
            )
            told = json.loads(body)
            type_ = told["event"]
        except (
            razorpay.errors.SignatureVerificationError,
            ValueError,
            KeyError,
            TypeError,
        ) as exc:
            raise errors.SignatureInvalid from exc
        # The header is not signed. Nothing hangs on it: an effect that has happened does
        # not happen again.
        event_id = (
            headers.get("X-Razorpay-Event-Id", "")[:100].strip()
            or hashlib.sha256(body).hexdigest()
        )
        if type_ in _PAYMENTS:
            return _payment(event_id, type_, told["payload"]["payment"]["entity"])
        if type_ in _REFUNDS:
            refund = told["payload"]["refund"]["entity"]
            return Notice(
                provider="razorpay",
                event_id=event_id,
                type=type_,
                outcome=_REFUNDS[type_],
                refund_ref=refund["id"],
                refund_id=uuid_or_none(_notes(refund).get("refund_id")),
            )
        return Notice(
            provider="razorpay",
            event_id=event_id,
            type=str(type_)[:60],
            outcome=Outcome.OTHER,
        )

    def _captured(self, ref: str) -> dict[str, Any] | None:
        tries = _called(lambda: self._client.order.payments(ref, timeout=TIMEOUT_S))[
            "items"
        ]
        return next(
            (one for one in tries if one["status"] in ("captured", "refunded")), None
        )


def _payment(event_id: str, type_: str, payment: dict[str, Any]) -> Notice:
    return Notice(
        provider="razorpay",
        event_id=event_id,
        type=type_,
        outcome=_PAYMENTS[type_],
        ref=payment["order_id"],
        payment_id=uuid_or_none(_notes(payment).get("payment_id")),
        amount=major_units(payment["amount"], payment["currency"]),
        currency=payment["currency"],
        error=str(payment.get("error_code") or ""),
    )


def _notes(entity: dict[str, Any]) -> dict[str, Any]:
    notes = entity.get("notes")
    return notes if isinstance(notes, dict) else {}  # no notes come as an empty list


def _called(call: Callable[[], Any]) -> Any:
    """Return what Razorpay answers. Raises: ProviderDown, ProviderRefused."""
    try:
        return call()
    except razorpay.errors.BadRequestError as exc:
        raise ProviderRefused(str(exc)[:200]) from exc
    except (
        razorpay.errors.ServerError,
        razorpay.errors.GatewayError,
        requests.RequestException,
        ValueError,
    ) as exc:
        raise ProviderDown(type(exc).__name__) from exc
