"""Stripe on loopback: Checkout sessions, payment intents, charges, refunds, disputes, payouts.

Sources: https://docs.stripe.com/api (objects, lists, errors, idempotent requests),
https://docs.stripe.com/payments/checkout, https://docs.stripe.com/webhooks#verify-manually,
https://docs.stripe.com/disputes, https://docs.stripe.com/currencies, and the types of stripe 16.
Fees are made up: 2 % and 18 % tax on them.
"""

from __future__ import annotations

import json
import re
from typing import Any

from tests.providers.server import Answer, Call, Refused, page, public
from tests.providers.stripe_objects import StripeObjects, error, invalid

DECLINES = {
    "pm_card_chargeDeclined": "card_declined",
    "pm_card_chargeDeclinedInsufficientFunds": "card_declined",
    "pm_card_chargeDeclinedExpiredCard": "expired_card",
}
HALF_HOUR, DAY = 30 * 60, 24 * 60 * 60
DISPUTE_FEE = 1500


class StripeStandIn(StripeObjects):
    """See the module. `refund_mode` says what becomes of new refunds: succeeded, pending,
    failed.
    """

    CONTROLS = (
        "pay", "decline", "pay_later", "settle", "refund", "finish_refund",
        "open_dispute", "close_dispute", "pay_out",
    )  # fmt: skip

    def __init__(
        self, *, secret_key: str = "sk_test_1", webhook_secret: str = "whsec_1"
    ) -> None:
        super().__init__(secret_key=secret_key, webhook_secret=webhook_secret)
        self.refund_mode = "succeeded"
        self._replies: dict[str, tuple[int, str, Answer]] = {}

    # --- What a person does -------------------------------------------------------------------
    def pay(self, session: str) -> dict[str, Any]:
        """Let the shopper pay an open session with a card that works."""
        opened = self._open(session)
        intent = self._intent_of(opened)
        self._succeed(intent)
        opened |= {"status": "complete", "payment_status": "paid"}
        self.tell_event("checkout.session.completed", opened)
        return opened

    def decline(self, session: str, code: str = "card_declined") -> dict[str, Any]:
        """Let the shopper try a card that is declined: the session stays open."""
        opened = self._open(session)
        self._fail(self._intent_of(opened), code)
        return opened

    def pay_later(self, session: str) -> dict[str, Any]:
        """Let the shopper pay by a method that takes days; `settle` says how it ends."""
        opened = self._open(session)
        intent = self._intent_of(opened)
        intent["status"] = "processing"
        self.tell_event("payment_intent.processing", intent)
        opened["status"] = "complete"
        self.tell_event("checkout.session.completed", opened)
        return opened

    def settle(self, session: str, ok: bool = True) -> dict[str, Any]:
        """End a payment that took days."""
        completed = self._get(session, "checkout.session")
        intent = self.objects[completed["payment_intent"]]
        if intent["status"] != "processing":
            raise invalid("The payment is not processing.")
        if ok:
            self._succeed(intent)
            completed["payment_status"] = "paid"
        else:
            self._fail(intent, "payment_method_provider_decline")
        self.tell_event(
            f"checkout.session.async_payment_{'succeeded' if ok else 'failed'}",
            completed,
        )
        return completed

    def refund(
        self,
        payment: str,
        amount: int | None = None,
        metadata: dict[str, str] | None = None,
        reason: str | None = "requested_by_customer",
    ) -> dict[str, Any]:
        """Give money of a charge or an intent back: by the API, or by a person in the dashboard."""
        charge = self._charge_of(payment)
        left = charge["amount"] - charge["amount_refunded"]
        if not left:
            raise invalid(
                "Charge has already been refunded.", "charge_already_refunded"
            )
        if charge["disputed"] and not charge["_refundable"]:
            raise invalid("Charge has been charged back.", "charge_disputed")
        amount = left if amount is None else amount
        if not 0 < amount <= left:
            raise invalid(
                f"Refund amount ({amount}) is greater than unrefunded amount on charge"
                f" ({left})",
                param="amount",
            )
        refund = self._new(
            "refund", "re", amount=amount, charge=charge["id"], currency=charge["currency"],
            payment_intent=charge["payment_intent"], metadata=metadata or {}, reason=reason,
            status="succeeded" if self.refund_mode == "succeeded" else "pending",
            failure_reason=None, failure_balance_transaction=None, receipt_number=None,
        )  # fmt: skip
        refund["balance_transaction"] = self._move(
            refund["id"], "refund", -amount, charge
        )["id"]
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        self.tell_event("refund.created", refund)
        self.tell_event("charge.refunded", charge)
        if self.refund_mode == "failed":
            self.finish_refund(refund["id"], ok=False)
        return refund

    def finish_refund(self, refund: str, ok: bool = True) -> dict[str, Any]:
        """End a refund that is pending; one that succeeded can fail later, too."""
        made = self._get(refund, "refund")
        made["status"] = "succeeded" if ok else "failed"
        if not ok:
            charge = self.objects[made["charge"]]
            charge["amount_refunded"] -= made["amount"]
            charge["refunded"] = False
            made["failure_reason"] = "lost_or_stolen_card"
            moved = self._move(refund, "refund_failure", made["amount"], charge)
            made["failure_balance_transaction"] = moved["id"]
            self.tell_event("refund.failed", made)
        self.tell_event("refund.updated", made)
        self.tell_event("charge.refund.updated", made)
        return made

    def open_dispute(
        self,
        payment: str,
        amount: int | None = None,
        reason: str = "product_not_received",
    ) -> dict[str, Any]:
        """Let the shopper's bank take the money back for now."""
        charge = self._charge_of(payment)
        amount = (
            charge["amount"] - charge["amount_refunded"]
            if amount is None
            else amount
        )
        if amount <= 0:
            raise ValueError(
                "All of it has gone back: a bank disputes what is left."
            )
        charge |= {"disputed": True, "_refundable": False}
        dispute = self._new(
            "dispute", "du", amount=amount, charge=charge["id"], currency=charge["currency"],
            payment_intent=charge["payment_intent"], reason=reason, status="needs_response",
            is_charge_refundable=False, metadata={}, balance_transactions=[], evidence={},
            evidence_details={"due_by": self.now() + 7 * DAY, "has_evidence": False,
                              "past_due": False, "submission_count": 0},
        )  # fmt: skip
        taken = self._move(
            dispute["id"],
            "adjustment",
            -amount,
            charge,
            fee=DISPUTE_FEE,
            category="dispute",
        )
        dispute["balance_transactions"].append(taken)
        self.tell_event("charge.dispute.created", dispute)
        self.tell_event("charge.dispute.funds_withdrawn", dispute)
        return dispute

    def close_dispute(self, dispute: str, won: bool) -> dict[str, Any]:
        """Let the bank decide; the dispute's fee is not returned."""
        opened = self._get(dispute, "dispute")
        opened["status"] = "won" if won else "lost"
        if won:
            charge = self.objects[opened["charge"]]
            charge["_refundable"] = True
            back = self._move(
                dispute,
                "adjustment",
                opened["amount"],
                charge,
                category="dispute_reversal",
            )
            opened["balance_transactions"].append(back)
            self.tell_event("charge.dispute.funds_reinstated", opened)
        self.tell_event("charge.dispute.closed", opened)
        return opened

    def pay_out(self, currency: str = "inr") -> dict[str, Any] | None:
        """Send the whole balance of a currency to the shop's bank; None where there is nothing."""
        moved = [
            one for one in self.all("balance_transaction")
            if one["_payout"] is None and one["currency"] == currency and one["type"] != "payout"
        ]  # fmt: skip
        total = sum(one["net"] for one in moved)
        if not moved or total <= 0:
            return None
        payout = self._new(
            "payout", "po", amount=total, currency=currency, arrival_date=self.now(),
            automatic=True,
            method="standard", status="paid", type="bank_account", source_type="card",
            description="STRIPE PAYOUT", destination="ba_1", metadata={}, failure_code=None,
            failure_message=None, failure_balance_transaction=None, statement_descriptor=None,
            reconciliation_status="completed", original_payout=None, reversed_by=None,
        )  # fmt: skip
        for one in moved:
            one["_payout"] = payout["id"]
        own = self._new_transaction(
            payout["id"], "payout", -total, currency, category="payout"
        )
        own["_payout"] = payout["id"]
        payout["balance_transaction"] = own["id"]
        self.tell_event("payout.created", payout)
        self.tell_event("payout.paid", payout)
        return payout

    # --- The API ------------------------------------------------------------------------------
    def handle(self, call: Call) -> Answer:
        if match := re.fullmatch(r"/c/pay/(cs_\w+)", call.path):
            return self._hosted_page(call, match[1])
        if call.headers.get("authorization") != f"Bearer {self.secret_key}":
            return error(401, "Invalid API Key provided.", "invalid_request_error")
        key = call.headers.get("idempotency-key", "")
        if call.method != "POST" or not key:
            return self._route(call)
        asked = json.dumps([call.path, call.sent], sort_keys=True)
        known = self._replies.get(key)
        if known is not None and known[0] > self.now() - DAY:
            if known[1] != asked:
                return error(
                    400,
                    "Keys for idempotent requests can only be used with the same parameters"
                    " they were first used with.",
                    "idempotency_error",
                )
            reply = known[2]
            return Answer(
                reply.status, reply.body, headers={"Idempotent-Replayed": "true"}
            )
        answer = self._route(call)
        self._replies[key] = (self.now(), asked, answer)
        return answer

    def _route(self, call: Call) -> Answer:
        for method, pattern, name in ROUTES:
            if call.method == method and (
                match := re.fullmatch(pattern, call.path)
            ):
                try:
                    made = getattr(self, name)(call, *match.groups())
                except Refused as refused:
                    return refused.answer
                expands = [
                    *call.query.get("expand", []),
                    *call.sent.get("expand", []),
                ]
                return Answer.of(200, self._expanded(public(made), expands))
        return error(404, f"Unrecognized request URL ({call.method}: {call.path}).")

    def _create_session(self, call: Call) -> dict[str, Any]:
        sent = call.sent
        if sent.get("mode") != "payment":
            raise invalid("This stand-in takes mode=payment only.", param="mode")
        if not sent.get("success_url"):
            raise invalid(
                "Missing required param: success_url.",
                "parameter_missing",
                "success_url",
            )
        items = sent.get("line_items") or []
        if not items:
            raise invalid(
                "Missing required param: line_items.",
                "parameter_missing",
                "line_items",
            )
        currency = items[0]["price_data"]["currency"]
        total = 0
        for item in items:
            price = item["price_data"]
            if not price["product_data"]["name"]:
                raise invalid("The product needs a name.", param="line_items")
            total += self._amount(price["unit_amount"], price["currency"]) * int(
                item["quantity"]
            )
        now = self.now()
        expires_at = int(sent.get("expires_at") or now + DAY)
        if not now + HALF_HOUR <= expires_at <= now + DAY:
            raise invalid(
                "The `expires_at` timestamp must be between 30 minutes and 24 hours from"
                " Checkout Session creation.",
                param="expires_at",
            )
        session = self._new(
            "checkout.session", "cs_test", amount_subtotal=total, amount_total=total,
            cancel_url=sent.get("cancel_url"), client_reference_id=sent.get("client_reference_id"),
            client_secret=None, currency=currency, customer=None, customer_details=None,
            customer_email=sent.get("customer_email"), expires_at=expires_at,
            locale=sent.get("locale"), metadata=sent.get("metadata") or {}, mode="payment",
            payment_intent=None, payment_method_types=["card"], payment_status="unpaid",
            status="open", success_url=sent["success_url"], ui_mode="hosted", url=None,
            automatic_tax={"enabled": False, "liability": None, "status": None}, livemode=False,
        )  # fmt: skip
        session["_intent"] = sent.get("payment_intent_data") or {}
        session["url"] = f"{self.url}/c/pay/{session['id']}"
        return session

    def _expire_session(self, call: Call, session: str) -> dict[str, Any]:
        opened = self._get(session, "checkout.session", param="session")
        if opened["status"] != "open":
            raise invalid(
                'Only Checkout Sessions with a status in ["open"] can be expired. This'
                " Checkout"
                f" Session has a status of {opened['status']}."
            )
        self._expire(opened)
        return opened

    def _create_intent(self, call: Call) -> dict[str, Any]:
        sent = call.sent
        amount = self._amount(sent["amount"], sent["currency"])
        return self._new_intent(amount, sent["currency"], sent)

    def _confirm_intent(self, call: Call, intent: str) -> dict[str, Any]:
        found = self._get(intent, "payment_intent", param="intent")
        if found["status"] in ("succeeded", "canceled"):
            raise invalid(
                f"This PaymentIntent's status is {found['status']}.",
                "payment_intent_unexpected_state",
            )
        code = DECLINES.get(call.sent.get("payment_method", ""))
        if code is None:
            self._succeed(found)
            return found
        self._fail(found, code)
        raise Refused(error(402, "Your card was declined.", "card_error", code))

    def _cancel_intent(self, call: Call, intent: str) -> dict[str, Any]:
        found = self._get(intent, "payment_intent", param="intent")
        if found["_session"]:
            raise invalid(
                "You cannot cancel this PaymentIntent: it belongs to a Checkout Session."
                " Expire the Checkout Session instead.",
                "payment_intent_unexpected_state",
            )
        if found["status"] in ("succeeded", "canceled", "processing"):
            raise invalid(
                "You cannot cancel this PaymentIntent because it has a status of"
                f" {found['status']}.",
                "payment_intent_unexpected_state",
            )
        found |= {"status": "canceled", "canceled_at": self.now()}
        self.tell_event("payment_intent.canceled", found)
        return found

    def _create_refund(self, call: Call) -> dict[str, Any]:
        sent = call.sent
        of = sent.get("payment_intent") or sent.get("charge")
        if not of:
            raise invalid(
                "One of charge or payment_intent is needed.", "parameter_missing"
            )
        amount = int(sent["amount"]) if "amount" in sent else None
        return self.refund(of, amount, sent.get("metadata"), sent.get("reason"))

    def _retrieve(self, call: Call, kind: str, id_: str) -> dict[str, Any]:
        return self._get(id_, KINDS[kind])

    def _list(self, call: Call, kind: str) -> dict[str, Any]:
        query = dict(call.query)
        limit = int(query.pop("limit", 10))
        if not 1 <= limit <= 100:
            raise invalid(
                "Invalid integer: limit must be between 1 and 100.", param="limit"
            )
        after, before = (
            query.pop("starting_after", ""),
            query.pop("ending_before", ""),
        )
        query.pop("expand", None)
        found = [one for one in self.all(KINDS[kind]) if _fits(one, query)]
        ids = [one["id"] for one in found]
        for cursor in (after, before):
            if cursor and cursor not in self.objects:
                raise invalid(
                    f"No such object: '{cursor}'",
                    "resource_missing",
                    "starting_after",
                )
        if after:
            found = found[ids.index(after) + 1 :] if after in ids else []
        if before:
            found = found[: ids.index(before)][-limit:]
        return {
            "object": "list", "data": found[:limit], "has_more": len(found) > limit,
            "url": call.path,
        }  # fmt: skip

    def _balance(self, call: Call) -> dict[str, Any]:
        sums: dict[str, int] = {}
        for one in self.all("balance_transaction"):
            sums[one["currency"]] = sums.get(one["currency"], 0) + one["net"]
        available = [
            {"amount": net, "currency": currency} for currency, net in sums.items()
        ]
        return {
            "object": "balance",
            "available": available,
            "pending": [],
            "livemode": False,
        }

    def _hosted_page(self, call: Call, id_: str) -> Answer:
        session = self._get(id_, "checkout.session")
        back = session["cancel_url"] or ""
        amount = f"{session['amount_total']} {session['currency'].upper()} (smallest units)"
        if session["status"] == "expired":
            return page(
                "This Checkout Session has expired", [amount], actions={}, back=back
            )
        if session["status"] == "complete":
            return page(
                "This Checkout Session is complete", [amount], actions={}, back=back
            )
        lines, action = [amount], call.sent.get("action")
        if call.method == "POST" and action in ("pay", "later"):
            (self.pay if action == "pay" else self.pay_later)(id_)
            return Answer.redirect(
                session["success_url"].replace("{CHECKOUT_SESSION_ID}", id_)
            )
        if call.method == "POST" and action == "decline":
            self.decline(id_)
            lines.append("Your card was declined. Please try a different card.")
        actions = {
            "pay": "Pay", "decline": "Pay with a card that is declined",
            "later": "Pay by a bank transfer that takes days",
        }  # fmt: skip
        return page("Stripe stand-in", lines, actions=actions, back=back)


def _fits(one: dict[str, Any], query: dict[str, Any]) -> bool:
    for name, value in query.items():
        if name == "created":
            bounds = (
                value if isinstance(value, dict) else {"gte": value, "lte": value}
            )
            tests = {
                "gte": int.__ge__,
                "gt": int.__gt__,
                "lte": int.__le__,
                "lt": int.__lt__,
            }
            if not all(
                tests[how](one["created"], int(bound))
                for how, bound in bounds.items()
            ):
                return False
        elif name == "payout":
            if one["_payout"] != value:
                return False
        elif name == "types":
            if one["type"] not in value:
                return False
        elif one.get(name) != value:
            return False
    return True


KINDS = {
    "checkout/sessions": "checkout.session", "payment_intents": "payment_intent",
    "charges": "charge", "refunds": "refund", "disputes": "dispute", "payouts": "payout",
    "balance_transactions": "balance_transaction", "events": "event",
}  # fmt: skip
_ANY = "|".join(KINDS)
ROUTES = [
    ("POST", r"/v1/checkout/sessions", "_create_session"),
    ("POST", r"/v1/checkout/sessions/(\w+)/expire", "_expire_session"),
    ("POST", r"/v1/payment_intents", "_create_intent"),
    ("POST", r"/v1/payment_intents/(\w+)/confirm", "_confirm_intent"),
    ("POST", r"/v1/payment_intents/(\w+)/cancel", "_cancel_intent"),
    ("POST", r"/v1/refunds", "_create_refund"),
    ("GET", r"/v1/balance", "_balance"),
    ("GET", rf"/v1/({_ANY})", "_list"),
    ("GET", rf"/v1/({_ANY})/(\w+)", "_retrieve"),
]
