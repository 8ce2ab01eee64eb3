"""Razorpay on loopback: payment links, orders, payments, refunds, disputes, settlements.

Sources: https://razorpay.com/docs/api/ (payments, orders, payment-links, refunds, disputes,
settlements), https://razorpay.com/docs/webhooks/payloads/,
https://razorpay.com/docs/payments/payments/late-authorisation/ (authorized payments that nobody
captures go back after five days), and razorpay 2. Fees are made up: 2 % and 18 % tax on them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from tests.providers.server import (
    Answer,
    Call,
    Refused,
    StandIn,
    Webhook,
    page,
    public,
)

MINUTE, DAY = 60, 24 * 60 * 60
THREE_DECIMAL = frozenset(("BHD", "JOD", "KWD", "OMR", "TND"))
BACK_AFTER_S = 5 * DAY
# Links and payments of which nothing more comes by the clock.
SETTLED = ("paid", "expired", "cancelled", "captured", "refunded")


class RazorpayStandIn(StandIn):
    """See the module.

    `auto_capture` off leaves payments authorized. `refund_mode` says what becomes of new refunds:
    processed, pending, failed.
    """

    name = "razorpay"
    CONTROLS = (
        "pay", "decline", "pay_late", "capture", "refund", "finish_refund",
        "open_dispute", "close_dispute", "settle",
    )  # fmt: skip

    def __init__(
        self,
        *,
        key_id: str = "rzp_test_1",
        key_secret: str = "secret",
        webhook_secret: str = "hook",
    ) -> None:
        super().__init__()
        self._waiting: list[
            dict[str, Any]
        ] = []  # for what the clock may do to them
        self.key_id, self.key_secret, self.webhook_secret = (
            key_id,
            key_secret,
            webhook_secret,
        )
        self.auto_capture = True
        self.refund_mode = "processed"
        self._refund_keys: dict[str, tuple[str, str]] = {}

    # --- What a person does -------------------------------------------------------------------
    def pay(self, ref: str) -> dict[str, Any]:
        """Let the shopper pay a link or an order."""
        payment = self._try(ref)
        self._authorize(payment)
        if self.auto_capture:
            self.capture(payment["id"])
        return payment

    def decline(self, ref: str) -> dict[str, Any]:
        """Let the shopper's bank refuse; the link or order stays open."""
        payment = self._try(ref)
        payment |= {
            "status": "failed", "error_code": "BAD_REQUEST_ERROR", "error_source": "bank",
            "error_step": "payment_authorization", "error_reason": "payment_failed",
            "error_description": "Payment was unsuccessful as the bank declined it.",
        }  # fmt: skip
        self.tell_event("payment.failed", payment=payment)
        return payment

    def pay_late(self, payment: str, captured: bool = False) -> dict[str, Any]:
        """Let the bank say, later than Razorpay waited, that a failed payment was made
        after all.
        """
        late = self._get(payment, "payment")
        if late["status"] != "failed":
            raise refused("The payment has not failed.")
        late |= dict.fromkeys(
            (
                "error_code",
                "error_source",
                "error_step",
                "error_reason",
                "error_description",
            )
        )
        self._authorize(late)
        if captured:
            self.capture(payment)
        return late

    def capture(self, payment: str, amount: int | None = None) -> dict[str, Any]:
        """Take an authorized payment: by the API, by a person, or by itself."""
        found = self._get(payment, "payment")
        if found["status"] in ("captured", "refunded"):
            raise refused("This payment has already been captured")
        if found["status"] != "authorized":
            raise refused(
                "Only payments which have been authorized and not yet captured can be"
                " captured"
            )
        if amount not in (None, found["amount"]):
            raise refused(
                "Capture amount must be equal to the amount authorized", "amount"
            )
        base = round(found["amount"] * 0.02)
        tax = round(base * 0.18)
        found |= {
            "status": "captured",
            "captured": True,
            "fee": base + tax,
            "tax": tax,
        }
        self._enter(
            payment,
            "payment",
            credit=found["amount"] - base - tax,
            fee=base + tax,
            tax=tax,
            payment=found,
        )
        order = self.objects[found["order_id"]]
        order |= {"status": "paid", "amount_paid": order["amount"], "amount_due": 0}
        self.tell_event("payment.captured", payment=found)
        self.tell_event("order.paid", payment=found, order=order)
        link = self.objects.get(order["_link"] or "")
        # A link that has ended stays ended: then only the payment says that money came.
        if link is not None and link["status"] == "created":
            link |= {
                "status": "paid",
                "amount_paid": link["amount"],
                "updated_at": self.now(),
            }
            self._show_payment(link, found)
            self.tell_event(
                "payment_link.paid", payment_link=link, order=order, payment=found
            )
        return found

    def refund(
        self,
        payment: str,
        amount: int | None = None,
        notes: Any = None,
        receipt: str | None = None,
    ) -> dict[str, Any]:
        """Give money back: by the API, or by a person in the dashboard."""
        found = self._get(payment, "payment")
        if found["status"] == "refunded":
            raise refused("The payment has been fully refunded already")
        if found["status"] != "captured":
            raise refused(
                "The payment status should be captured for action to be taken"
            )
        left = found["amount"] - found["amount_refunded"]
        amount = left if amount is None else amount
        if amount > left:
            raise refused(
                "The total refund amount is greater than the refund payment amount",
                "amount",
            )
        if amount < 1:
            raise refused("The amount must be atleast 1.", "amount")
        made = self._new(
            "refund", "rfnd", amount=amount, currency=found["currency"], payment_id=payment,
            notes=notes or [], receipt=receipt, acquirer_data={"arn": None}, batch_id=None,
            status="processed" if self.refund_mode == "processed" else "pending",
            speed_processed="normal", speed_requested="normal",
        )  # fmt: skip
        self._count_refund(found, amount)
        self._enter(made["id"], "refund", debit=amount, payment=found)
        self.tell_event("refund.created", refund=made, payment=found)
        if self.refund_mode == "processed":
            self.tell_event("refund.processed", refund=made, payment=found)
        if self.refund_mode == "failed":
            self.finish_refund(made["id"], ok=False)
        return made

    def finish_refund(self, refund: str, ok: bool = True) -> dict[str, Any]:
        """End a refund that is pending; the money of a failed one is the shop's again."""
        made = self._get(refund, "refund")
        payment = self.objects[made["payment_id"]]
        made["status"] = "processed" if ok else "failed"
        if not ok:
            self._count_refund(payment, -made["amount"])
            self._enter(
                made["id"], "adjustment", credit=made["amount"], payment=payment
            )
        self.tell_event(f"refund.{made['status']}", refund=made, payment=payment)
        return made

    def open_dispute(
        self,
        payment: str,
        amount: int | None = None,
        reason: str = "goods_or_services_not_received",
    ) -> dict[str, Any]:
        """Let the shopper's bank ask for the money; it is taken when the dispute is lost."""
        found = self._get(payment, "payment")
        amount = (
            found["amount"] - found["amount_refunded"] if amount is None else amount
        )
        if amount <= 0:
            raise ValueError(
                "All of it has gone back: a bank disputes what is left."
            )
        dispute = self._new(
            "dispute", "disp", payment_id=payment, amount=amount, currency=found["currency"],
            amount_deducted=0, reason_code=reason, respond_by=self.now() + 7 * DAY, status="open",
            phase="chargeback", evidence={"amount": amount, "summary": None, "submitted_at": None},
        )  # fmt: skip
        self.tell_event("payment.dispute.created", payment=found, dispute=dispute)
        return dispute

    def close_dispute(self, dispute: str, won: bool) -> dict[str, Any]:
        """Let the bank decide."""
        opened = self._get(dispute, "dispute")
        payment = self.objects[opened["payment_id"]]
        opened["status"] = "won" if won else "lost"
        if not won:
            opened["amount_deducted"] = opened["amount"]
            self._enter(
                dispute,
                "adjustment",
                debit=opened["amount"],
                payment=payment,
                dispute=dispute,
            )
        self.tell_event(
            f"payment.dispute.{opened['status']}", payment=payment, dispute=opened
        )
        return opened

    def settle(self) -> dict[str, Any] | None:
        """Send the whole balance to the shop's bank; None where there is nothing to send."""
        items = [one for one in self.all("recon") if not one["settled"]]
        total = sum(one["credit"] - one["debit"] for one in items)
        if not items or total <= 0:
            return None
        settlement = self._new(
            "settlement", "setl", amount=total, status="processed", utr=f"{self.now()}utr",
            fees=sum(one["fee"] for one in items), tax=sum(one["tax"] for one in items),
        )  # fmt: skip
        for one in items:
            one |= {
                "settled": True, "settled_at": self.now(), "settlement_id": settlement["id"],
                "settlement_utr": settlement["utr"],
            }  # fmt: skip
        self.tell_event("settlement.processed", settlement=settlement)
        return settlement

    # --- The API ------------------------------------------------------------------------------
    def handle(self, call: Call) -> Answer:
        if match := re.fullmatch(r"/l/(plink_\w+|order_\w+)", call.path):
            return self._hosted_page(call, match[1])
        basic = base64.b64encode(
            f"{self.key_id}:{self.key_secret}".encode()
        ).decode()
        if call.headers.get("authorization") != f"Basic {basic}":
            return error(401, "Authentication failed")
        for method, pattern, name in ROUTES:
            if call.method == method and (
                match := re.fullmatch(pattern, call.path)
            ):
                return Answer.of(
                    200, public(getattr(self, name)(call, *match.groups()))
                )
        return error(404, "The requested URL was not found on the server.")

    def _create_link(self, call: Call) -> dict[str, Any]:
        sent = call.sent
        amount, currency = self._amount(sent), sent.get("currency", "INR")
        now, reference = self.now(), str(sent.get("reference_id") or "")
        if len(reference) > 40:
            raise refused(
                "The reference id may not be greater than 40 characters.",
                "reference_id",
            )
        if reference and any(
            one["reference_id"] == reference for one in self.all("payment_link")
        ):
            raise refused(
                f"payment link with reference_id: {reference} already exists",
                "reference_id",
            )
        expire_by = int(sent.get("expire_by") or 0)
        if expire_by and expire_by < now + 15 * MINUTE:
            raise refused(
                "expire_by should be at least 15 minutes after current time",
                "expire_by",
            )
        if sent.get("callback_url") and sent.get("callback_method") != "get":
            raise refused("callback_method must be get", "callback_method")
        link = self._new(
            "payment_link", "plink", accept_partial=False, amount=amount, amount_paid=0,
            callback_method=sent.get("callback_method", ""),
            callback_url=sent.get("callback_url", ""),
            cancelled_at=0, currency=currency, customer=sent.get("customer") or {},
            description=sent.get("description", ""), expire_by=expire_by, expired_at=0,
            first_min_partial_amount=0, notes=sent.get("notes"), notify=sent.get("notify") or {},
            order_id="", payments=None, reference_id=reference, reminder_enable=False, reminders=[],
            status="created", updated_at=now, upi_link=False, user_id="", whatsapp_link=False,
        )  # fmt: skip
        del link["entity"]  # links have none
        link["short_url"] = f"{self.url}/l/{link['id']}"
        return link

    def _cancel_link(self, call: Call, id_: str) -> dict[str, Any]:
        link = self._get(id_, "payment_link")
        if link["status"] != "created":
            raise refused(
                f"Payment link cannot be cancelled as it is already {link['status']}"
            )
        link |= {
            "status": "cancelled",
            "cancelled_at": self.now(),
            "updated_at": self.now(),
        }
        self.tell_event("payment_link.cancelled", payment_link=link)
        return link

    def _list_links(self, call: Call) -> dict[str, Any]:
        found = self._listed(
            self.all("payment_link"), call, skip=("reference_id", "payment_id")
        )
        if reference := call.query.get("reference_id"):
            found = [one for one in found if one["reference_id"] == reference]
        if paid := call.query.get("payment_id"):
            order = self.objects.get(paid, {}).get("order_id")
            found = [one for one in found if one["order_id"] == order]
        return {"payment_links": found}

    def _create_order(self, call: Call) -> dict[str, Any]:
        return self._new_order(
            self._amount(call.sent), call.sent.get("currency", "INR"),
            receipt=call.sent.get("receipt"), notes=call.sent.get("notes"),
        )  # fmt: skip

    def _payments_of_order(self, call: Call, id_: str) -> dict[str, Any]:
        self._get(id_, "order")
        return collection(
            [one for one in self.all("payment") if one["order_id"] == id_]
        )

    def _capture(self, call: Call, id_: str) -> dict[str, Any]:
        return self.capture(id_, int(call.sent["amount"]))

    def _refund(self, call: Call, id_: str) -> dict[str, Any]:
        key = call.headers.get("x-refund-idempotency", "")
        asked = json.dumps([id_, call.sent], sort_keys=True)
        if key in self._refund_keys:
            known, refund = self._refund_keys[key]
            if known != asked:
                raise refused("Different request body for the same idempotency key")
            return self.objects[refund]
        sent = call.sent
        amount = int(sent["amount"]) if "amount" in sent else None
        made = self.refund(id_, amount, sent.get("notes"), sent.get("receipt"))
        if key:
            self._refund_keys[key] = (asked, made["id"])
        return made

    def _refunds_of_payment(self, call: Call, id_: str) -> dict[str, Any]:
        return collection(
            [one for one in self.all("refund") if one["payment_id"] == id_]
        )

    def _fetch(self, call: Call, kind: str, id_: str) -> dict[str, Any]:
        return self._get(id_, KINDS[kind])

    def _list(self, call: Call, kind: str) -> dict[str, Any]:
        return collection(self._listed(self.all(KINDS[kind]), call))

    def _recon(self, call: Call) -> dict[str, Any]:
        year, month = int(call.query["year"]), int(call.query["month"])
        day = int(call.query.get("day") or 0)

        def fits(one: dict[str, Any]) -> bool:
            if not one["settled"]:
                return False
            at = datetime.fromtimestamp(one["settled_at"], UTC)
            return (at.year, at.month) == (year, month) and day in (0, at.day)

        found = [one for one in self.all("recon") if fits(one)]
        count, skip = (
            int(call.query.get("count", 10)),
            int(call.query.get("skip", 0)),
        )
        return collection([_without_id(one) for one in found[skip : skip + count]])

    def _hosted_page(self, call: Call, ref: str) -> Answer:
        thing = self.objects.get(ref)
        if thing is None:
            return page("Not found", [], actions={})
        amount = f"{thing['amount']} {thing['currency']} (smallest units)"
        if thing["status"] not in ("created", "attempted"):
            return page(
                f"This payment link is {thing['status']}", [amount], actions={}
            )
        lines, action = [amount], call.sent.get("action")
        if call.method == "POST" and action == "pay":
            payment = self.pay(ref)
            if thing.get("callback_url"):
                return Answer.redirect(self._callback(thing, payment))
            return page("Payment successful", [amount, payment["id"]], actions={})
        if call.method == "POST" and action == "decline":
            self.decline(ref)
            lines.append(
                "Payment failed: your bank declined it. Try another method."
            )
        actions = {"pay": "Pay", "decline": "Pay with a card that is declined"}
        return page(
            "Razorpay stand-in",
            lines,
            actions=actions,
            back=thing.get("callback_url", ""),
        )

    def _callback(self, link: dict[str, Any], payment: dict[str, Any]) -> str:
        told = {
            "razorpay_payment_id": payment["id"],
            "razorpay_payment_link_id": link["id"],
            "razorpay_payment_link_reference_id": link["reference_id"],
            "razorpay_payment_link_status": link["status"],
        }
        message = "|".join(
            (link["id"], link["reference_id"], link["status"], payment["id"])
        ).encode()
        mac = hmac.new(
            self.key_secret.encode(), message, hashlib.sha256
        ).hexdigest()
        joint = "&" if "?" in link["callback_url"] else "?"
        return (
            link["callback_url"]
            + joint
            + urlencode({**told, "razorpay_signature": mac})
        )

    # --- Inside -------------------------------------------------------------------------------
    def advance(self) -> None:
        now = self.now()
        self._waiting = [
            one for one in self._waiting if one["status"] not in SETTLED
        ]
        for link in self._waiting:
            if (
                link["_kind"] == "payment_link"
                and link["status"] == "created"
                and link["expire_by"]
                and link["expire_by"] <= now
            ):
                link |= {
                    "status": "expired",
                    "expired_at": link["expire_by"],
                    "updated_at": now,
                }
                self.tell_event("payment_link.expired", payment_link=link)
        for payment in self._waiting:
            if (
                payment["status"] == "authorized"
                and payment["_authorized"] + BACK_AFTER_S <= now
            ):
                self._give_back(payment)

    def sign(self, body: bytes, webhook: Webhook) -> dict[str, str]:
        mac = hmac.new(
            self.webhook_secret.encode(), body, hashlib.sha256
        ).hexdigest()
        return {
            "X-Razorpay-Signature": mac,
            "X-Razorpay-Event-Id": webhook.event_id,
        }

    def tell_event(self, type_: str, **things: dict[str, Any]) -> None:
        event = {
            "entity": "event", "account_id": "acc_1", "event": type_, "contains": list(things),
            "payload": {name: {"entity": public(thing)} for name, thing in things.items()},
            "created_at": self.now(),
        }  # fmt: skip
        self.webhooks.add(
            Webhook(self.new_id("event"), type_, json.dumps(event).encode())
        )

    def _new(self, kind: str, prefix: str, **more: Any) -> dict[str, Any]:
        thing = {
            "id": self.new_id(prefix),
            "entity": kind,
            "created_at": self.now(),
            **more,
        }
        with self.lock:
            if kind in ("payment_link", "payment"):
                self._waiting.append(thing)
            return self.keep(kind, thing)

    def _new_order(
        self, amount: int, currency: str, *, link: str = "", **more: Any
    ) -> dict[str, Any]:
        more["notes"] = more.get("notes") or []
        return self._new(
            "order", "order", amount=amount, amount_due=amount, amount_paid=0, attempts=0,
            currency=currency, offer_id=None, status="created", _link=link, **more,
        )  # fmt: skip

    def _get(self, id_: str, kind: str) -> dict[str, Any]:
        found = self.objects.get(id_)
        if found is None or found["_kind"] != kind:
            raise refused("The id provided does not exist")
        return found

    def _amount(self, sent: dict[str, Any]) -> int:
        amount, currency = sent.get("amount"), sent.get("currency", "INR")
        if not isinstance(amount, int):
            raise refused("The amount must be an integer.", "amount")
        if not re.fullmatch(r"[A-Z]{3}", currency):
            raise refused("Currency is not supported", "currency")
        if amount < (100 if currency == "INR" else 1):
            raise refused("Order amount less than minimum amount allowed", "amount")
        if currency in THREE_DECIMAL and amount % 10:
            raise refused(
                "The last digit of the amount must be 0 in this currency", "amount"
            )
        return amount

    def _try(self, ref: str) -> dict[str, Any]:
        """Begin a payment of a link or an order; a link's order is made for its first payment."""
        thing = self.objects.get(ref)
        if thing is None or thing["status"] not in ("created", "attempted"):
            raise refused("The link or order cannot be paid.")
        order = thing
        if thing["_kind"] == "payment_link":
            if not thing["order_id"]:
                order = self._new_order(
                    thing["amount"], thing["currency"], link=ref, receipt=None
                )
                thing["order_id"] = order["id"]
            order = self.objects[thing["order_id"]]
        order["attempts"] += 1
        order["status"] = "attempted"
        # As in the payloads of the documentation: a link's notes are not its payment's.
        notes = order["notes"] if thing is order else []
        return self._new(
            "payment", "pay", amount=order["amount"], currency=order["currency"], status="created",
            order_id=order["id"], invoice_id=None, international=False, method="card",
            amount_refunded=0, refund_status=None, captured=False, card_id="card_1", bank=None,
            wallet=None, vpa=None, email="shopper@example.com", contact="+919876543210",
            description=f"#{ref.partition('_')[2]}", notes=notes, fee=None, tax=None,
            error_code=None, error_description=None, error_source=None, error_step=None,
            error_reason=None, acquirer_data={"auth_code": "1"},
        )  # fmt: skip

    def _authorize(self, payment: dict[str, Any]) -> None:
        payment |= {"status": "authorized", "_authorized": self.now()}
        self.tell_event("payment.authorized", payment=payment)

    def _give_back(self, payment: dict[str, Any]) -> None:
        refund = self._new(
            "refund", "rfnd", amount=payment["amount"], currency=payment["currency"],
            payment_id=payment["id"], notes=[], receipt=None, acquirer_data={"arn": None},
            batch_id=None, status="processed", speed_processed="normal", speed_requested="normal",
        )  # fmt: skip
        payment |= {
            "status": "refunded", "amount_refunded": payment["amount"], "refund_status": "full"
        }  # fmt: skip
        self.tell_event("refund.created", refund=refund, payment=payment)
        self.tell_event("refund.processed", refund=refund, payment=payment)

    def _count_refund(self, payment: dict[str, Any], amount: int) -> None:
        payment["amount_refunded"] += amount
        back = payment["amount_refunded"]
        payment["refund_status"] = (
            "full" if back == payment["amount"] else "partial" if back else None
        )
        payment["status"] = "refunded" if back == payment["amount"] else "captured"

    def _show_payment(self, link: dict[str, Any], payment: dict[str, Any]) -> None:
        link["payments"] = [
            {
                "payment_id": payment["id"], "plink_id": link["id"], "amount": payment["amount"],
                "method": payment["method"], "status": payment["status"],
                "created_at": payment["created_at"], "updated_at": self.now(),
            }
        ]  # fmt: skip

    def _enter(
        self, id_: str, type_: str, *, payment: dict[str, Any], debit: int = 0, credit: int = 0,
        fee: int = 0, tax: int = 0, dispute: str | None = None,
    ) -> None:  # fmt: skip
        line = {
            "id": self.new_id("recon"), "entity_id": id_, "type": type_, "debit": debit,
            "credit": credit, "amount": debit or credit + fee, "currency": payment["currency"],
            "fee": fee, "tax": tax, "on_hold": False, "settled": False, "created_at": self.now(),
            "settled_at": None, "settlement_id": None, "settlement_utr": None, "notes": None,
            "payment_id": None if type_ == "payment" else payment["id"], "description": None,
            "order_id": payment["order_id"], "order_receipt": None, "method": payment["method"],
            "dispute_id": dispute, "credit_type": "default", "posted_at": None,
        }  # fmt: skip
        self.keep("recon", line)

    def _listed(
        self, found: list[dict[str, Any]], call: Call, skip: tuple[str, ...] = ()
    ) -> list[dict[str, Any]]:
        query = call.query
        since, until = int(query.get("from") or 0), int(query.get("to") or 2**40)
        count, start = int(query.get("count") or 10), int(query.get("skip") or 0)
        if not 1 <= count <= 100:
            raise refused("The count must be between 1 and 100.", "count")
        fitting = [one for one in found if since <= one["created_at"] <= until]
        return (
            fitting
            if any(name in query for name in skip)
            else fitting[start : start + count]
        )


def _without_id(one: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in public(one).items() if key != "id"}


def collection(items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"entity": "collection", "count": len(items), "items": items}


KINDS = {
    "payment_links": "payment_link", "orders": "order", "payments": "payment",
    "refunds": "refund", "disputes": "dispute", "settlements": "settlement",
}  # fmt: skip
_ANY = "|".join(KINDS)
ROUTES = [
    ("POST", r"/v1/payment_links/?", "_create_link"),
    ("POST", r"/v1/payment_links/(\w+)/cancel", "_cancel_link"),
    ("GET", r"/v1/payment_links/?", "_list_links"),
    ("POST", r"/v1/orders/?", "_create_order"),
    ("GET", r"/v1/orders/(\w+)/payments", "_payments_of_order"),
    ("POST", r"/v1/payments/(\w+)/capture", "_capture"),
    ("POST", r"/v1/payments/(\w+)/refund", "_refund"),
    ("GET", r"/v1/payments/(\w+)/refunds", "_refunds_of_payment"),
    ("GET", r"/v1/settlements/recon/combined", "_recon"),
    ("GET", rf"/v1/({_ANY})/?", "_list"),
    ("GET", rf"/v1/({_ANY})/(\w+)", "_fetch"),
]


def error(status: int, description: str, field: str = "") -> Answer:
    told = {
        "code": "BAD_REQUEST_ERROR", "description": description, "source": "business",
        "step": "payment_initiation", "reason": "input_validation_failed", "metadata": {},
    }  # fmt: skip
    return Answer.of(
        status, {"error": {**told, **({"field": field} if field else {})}}
    )


def refused(description: str, field: str = "") -> Refused:
    return Refused(error(400, description, field))
