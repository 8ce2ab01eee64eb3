"""Stripe's objects on loopback: sessions, intents, charges, transactions, and their events.

Sources: see `stripe.py`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from typing import Any

from tests.providers.server import Answer, Refused, StandIn, Webhook, public

THREE_DECIMAL = frozenset(("bhd", "jod", "kwd", "omr", "tnd"))


class StripeObjects(StandIn):
    """What is there, what follows from what, and which events tell of it."""

    name = "stripe"

    def __init__(
        self, *, secret_key: str = "sk_test_1", webhook_secret: str = "whsec_1"
    ) -> None:
        super().__init__()
        self.secret_key, self.webhook_secret = secret_key, webhook_secret

    def advance(self) -> None:
        for session in self.all("checkout.session"):
            if session["status"] == "open" and session["expires_at"] <= self.now():
                self._expire(session)

    def sign(self, body: bytes, webhook: Webhook) -> dict[str, str]:
        at = self.now()
        mac = hmac.new(
            self.webhook_secret.encode(), b"%d." % at + body, hashlib.sha256
        )
        return {"Stripe-Signature": f"t={at},v1={mac.hexdigest()}"}

    def tell_event(self, type_: str, thing: dict[str, Any]) -> None:
        event = self._new(
            "event", "evt", type=type_, api_version="2026-01-28.clover", livemode=False,
            data={"object": json.loads(json.dumps(public(thing)))}, pending_webhooks=1,
            request={"id": None, "idempotency_key": None},
        )  # fmt: skip
        self.webhooks.add(
            Webhook(event["id"], type_, json.dumps(public(event)).encode())
        )

    def _new(self, kind: str, prefix: str, **more: Any) -> dict[str, Any]:
        thing = {
            "id": self.new_id(prefix),
            "object": kind,
            "created": self.now(),
            **more,
        }
        return self.keep(kind, thing)

    def _get(self, id_: str, kind: str, param: str = "id") -> dict[str, Any]:
        found = self.objects.get(id_)
        if found is None or found["_kind"] != kind:
            name = kind.rpartition(".")[2]
            raise Refused(
                error(
                    404,
                    f"No such {name}: '{id_}'",
                    "invalid_request_error",
                    "resource_missing",
                    param,
                )
            )
        return found

    def _open(self, session: str) -> dict[str, Any]:
        found = self._get(session, "checkout.session")
        if found["status"] != "open":
            raise invalid(f"The session is {found['status']}.")
        return found

    def _amount(self, amount: Any, currency: str) -> int:
        if not re.fullmatch(r"[a-z]{3}", currency):
            raise invalid(f"Invalid currency: {currency}.", param="currency")
        number = int(amount)
        if not 1 <= number <= 99_999_999:
            raise invalid("Invalid amount.", "parameter_invalid_integer", "amount")
        if currency in THREE_DECIMAL and number % 10:
            raise invalid(
                "The last digit of the amount must be 0 in this currency.",
                param="amount",
            )
        return number

    def _expire(self, session: dict[str, Any]) -> None:
        session |= {"status": "expired", "url": None}
        self.tell_event("checkout.session.expired", session)
        if session["payment_intent"]:
            intent = self.objects[session["payment_intent"]]
            intent |= {"status": "canceled", "canceled_at": self.now()}
            self.tell_event("payment_intent.canceled", intent)

    def _intent_of(self, session: dict[str, Any]) -> dict[str, Any]:
        """Return the session's intent, which is made when the shopper first tries to pay."""
        if session["payment_intent"] is None:
            intent = self._new_intent(
                session["amount_total"], session["currency"], session["_intent"]
            )
            intent["_session"] = session["id"]
            session["payment_intent"] = intent["id"]
        return self.objects[session["payment_intent"]]

    def _new_intent(
        self, amount: int, currency: str, sent: dict[str, Any]
    ) -> dict[str, Any]:
        intent = self._new(
            "payment_intent", "pi", amount=amount, amount_received=0, currency=currency,
            status="requires_payment_method", metadata=sent.get("metadata") or {},
            description=sent.get("description"), last_payment_error=None, latest_charge=None,
            capture_method="automatic", confirmation_method="automatic", canceled_at=None,
            cancellation_reason=None, customer=None, livemode=False, payment_method=None,
            payment_method_types=["card"], amount_capturable=0, amount_details={"tip": {}},
        )  # fmt: skip
        intent |= {"client_secret": f"{intent['id']}_secret", "_session": None}
        self.tell_event("payment_intent.created", intent)
        return intent

    def _succeed(self, intent: dict[str, Any]) -> None:
        charge = self._new_charge(
            intent, status="succeeded", paid=True, captured=True
        )
        moved = self._move(
            charge["id"],
            "charge",
            charge["amount"],
            charge,
            fee=None,
            category="charge",
        )
        charge["balance_transaction"] = moved["id"]
        intent |= {
            "status": "succeeded", "amount_received": intent["amount"],
            "latest_charge": charge["id"], "last_payment_error": None,
        }  # fmt: skip
        self.tell_event("charge.succeeded", charge)
        self.tell_event("payment_intent.succeeded", intent)

    def _fail(self, intent: dict[str, Any], code: str) -> None:
        charge = self._new_charge(
            intent, status="failed", paid=False, captured=False
        )
        charge |= {
            "failure_code": code,
            "failure_message": "Your card was declined.",
        }
        intent |= {
            "status": "requires_payment_method", "latest_charge": charge["id"],
            "last_payment_error": {
                "type": "card_error", "code": code, "decline_code": "generic_decline",
                "message": "Your card was declined.",
            },
        }  # fmt: skip
        self.tell_event("charge.failed", charge)
        self.tell_event("payment_intent.payment_failed", intent)

    def _new_charge(self, intent: dict[str, Any], **more: Any) -> dict[str, Any]:
        return self._new(
            "charge", "ch", amount=intent["amount"], amount_captured=intent["amount"],
            amount_refunded=0, balance_transaction=None, currency=intent["currency"],
            description=intent["description"], disputed=False, failure_code=None,
            failure_message=None, metadata=dict(intent["metadata"]), payment_intent=intent["id"],
            refunded=False, livemode=False, _refundable=True, **more,
        )  # fmt: skip

    def _charge_of(self, payment: str) -> dict[str, Any]:
        if payment.startswith("pi_"):
            intent = self._get(payment, "payment_intent", param="payment_intent")
            if intent["status"] != "succeeded":
                raise invalid(
                    f"This PaymentIntent ({payment}) does not have a successful charge to"
                    " refund."
                )
            payment = intent["latest_charge"]
        charge = self._get(payment, "charge", param="charge")
        if charge["status"] != "succeeded":
            raise invalid("The charge has not succeeded.")
        return charge

    def _move(
        self, source: str, type_: str, amount: int, charge: dict[str, Any], *,
        fee: int | None = 0, category: str = "",
    ) -> dict[str, Any]:  # fmt: skip
        if fee is None:  # a charge's own
            fee = round(amount * 0.02) + round(round(amount * 0.02) * 0.18)
        return self._new_transaction(
            source, type_, amount, charge["currency"], fee=fee, category=category
        )

    def _new_transaction(
        self,
        source: str,
        type_: str,
        amount: int,
        currency: str,
        *,
        fee: int = 0,
        category: str = "",
    ) -> dict[str, Any]:
        details = [
            {"amount": fee, "application": None, "currency": currency, "description": "Stripe fees",
             "type": "stripe_fee"}
        ]  # fmt: skip
        return self._new(
            "balance_transaction", "txn", amount=amount, available_on=self.now(), currency=currency,
            description=None, exchange_rate=None, fee=fee, fee_details=details if fee else [],
            net=amount - fee, reporting_category=category or type_, source=source,
            status="available", type=type_, balance_type="payments", _payout=None,
        )  # fmt: skip

    def _expanded(self, made: dict[str, Any], paths: list[str]) -> dict[str, Any]:
        for path in paths:
            self._expand(made, path.split("."))
        return made

    def _expand(self, at: Any, path: list[str]) -> None:
        if isinstance(at, list):
            for one in at:
                self._expand(one, path)
        elif isinstance(at, dict) and path:
            value = at.get(path[0])
            if isinstance(value, str) and value in self.objects:
                at[path[0]] = value = public(self.objects[value])
            self._expand(value, path[1:])


def error(
    status: int,
    message: str,
    type_: str = "invalid_request_error",
    code: str = "",
    param: str = "",
) -> Answer:
    told = {"type": type_, "message": message, "code": code, "param": param}
    return Answer.of(
        status, {"error": {key: value for key, value in told.items() if value}}
    )


def invalid(message: str, code: str = "", param: str = "") -> Refused:
    return Refused(error(400, message, "invalid_request_error", code, param))
