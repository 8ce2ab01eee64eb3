"""Razorpay, by its own library: a payment link for each payment, or an order where the form stands
inside the shop's page.

Source: https://razorpay.com/docs/api/payments/payment-links/, https://razorpay.com/docs/webhooks/,
https://razorpay.com/docs/payments/payments/late-authorisation/ and .../capture-settings/ (what is
authorized and not captured goes back by itself), https://razorpay.com/docs/api/settlements/,
https://razorpay.com/docs/payments/international-payments/ (the last digit of three decimals is 0),
read 2026-11.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, ClassVar, Final
from uuid import UUID

import razorpay
import requests
from django.conf import settings
from django.utils import timezone

from orders import errors
from orders.gateways.base import (
    TIMEOUT_S,
    Asked,
    Charge,
    Currencies,
    DisputeStatus,
    Notice,
    Outcome,
    Period,
    ProviderCharge,
    ProviderDispute,
    ProviderDown,
    ProviderPayout,
    ProviderRefund,
    ProviderRefused,
    Started,
    refund_notice,
    uuid_or_none,
    with_query,
)

_THREE = ("BHD", "JOD", "KWD", "OMR", "TND")
_WHOLE = ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND",
          "VUV", "XAF", "XOF", "XPF")  # fmt: skip
CURRENCIES: Final = Currencies(
    decimals=dict.fromkeys(_WHOLE, 0) | dict.fromkeys(_THREE, 3),
    steps=dict.fromkeys(_THREE, 10),
)
SHORTEST: Final = timedelta(minutes=15)  # of a link's life; Razorpay takes no less
PAGE: Final = 100
_LINK_ENDED: Final = ("paid", "cancelled", "expired")


# An object as Razorpay's library returns it: JSON, of which it knows no types.
Entity = dict[str, Any]


class RazorpayGateway:
    """See the module. `ref` is a link's id or an order's, `charge_ref` that of Razorpay's payment.

    What Razorpay calls a payment is one try to pay; what we call a payment is its link or order.
    """

    name: ClassVar[str] = "razorpay"
    credentials: ClassVar[tuple[str, ...]] = (
        "RAZORPAY_KEY_ID",
        "RAZORPAY_KEY_SECRET",
        "RAZORPAY_WEBHOOK_SECRET",
    )
    lifetime: ClassVar[timedelta] = SHORTEST
    keeps_books: ClassVar[bool] = True
    currencies: ClassVar[Currencies] = CURRENCIES

    def __init__(self) -> None:
        base = (
            {"base_url": settings.RAZORPAY_API_BASE}
            if settings.RAZORPAY_API_BASE
            else {}
        )
        self._client = razorpay.Client(
            auth=(settings.RAZORPAY_KEY_ID, settings.RAZORPAY_KEY_SECRET), **base
        )

    # --- Paying -------------------------------------------------------------------------------
    def start(self, charge: Charge, *, ref: str) -> Started:
        """Make the link or order, unless it was made before: Razorpay itself would make another."""
        if settings.PAYMENT_FORM == "embedded":
            ref = ref or self._make_order(charge)
            return Started(
                "razorpay",
                ref,
                client_secret=ref,
                public_key=settings.RAZORPAY_KEY_ID,
            )
        link = (
            self._fetch_link(ref)
            if ref
            else self._find_link(charge) or self._make_link(charge)
        )
        if link["status"] != "created":
            raise ProviderRefused(f"the payment link is {link['status']}")
        ends_at = (
            datetime.fromtimestamp(link["expire_by"], UTC)
            if link["expire_by"]
            else None
        )
        return Started(
            "razorpay", link["id"], redirect_url=link["short_url"], ends_at=ends_at
        )

    def _make_link(self, charge: Charge) -> Entity:
        now = timezone.now()
        # A minute more than the least: the provider's clock is not ours.
        least = now + SHORTEST + timedelta(minutes=1)
        body = {
            "amount": CURRENCIES.to_units(charge.amount, charge.currency),
            "currency": charge.currency,
            "description": charge.number,
            "reference_id": str(charge.payment_id),
            "expire_by": int(max(charge.expires_at or least, least).timestamp()),
            "callback_url": with_query(charge.return_url, "payment=success"),
            "callback_method": "get",
            "reminder_enable": False,
            "notify": {"sms": False, "email": False},
            "notes": _notes_of(charge),
        }
        return _called(
            lambda: self._client.payment_link.create(body, timeout=TIMEOUT_S)
        )

    def _find_link(self, charge: Charge) -> Entity | None:
        """Return the link that an earlier call has made, if its answer was lost."""
        query = {"reference_id": str(charge.payment_id)}
        found = _called(
            lambda: self._client.payment_link.all(query, timeout=TIMEOUT_S)
        )
        return next(iter(found["payment_links"]), None)

    def _fetch_link(self, ref: str) -> Entity:
        return _called(
            lambda: self._client.payment_link.fetch(ref, timeout=TIMEOUT_S)
        )

    def _make_order(self, charge: Charge) -> str:
        body = {
            "amount": CURRENCIES.to_units(charge.amount, charge.currency),
            "currency": charge.currency,
            "receipt": charge.number,
            "notes": _notes_of(charge),
        }
        return str(
            _called(lambda: self._client.order.create(body, timeout=TIMEOUT_S))[
                "id"
            ]
        )

    def abandon(self, ref: str) -> None:
        """Cancel the link. An order cannot be closed, a link that was paid meanwhile not either:
        asking after it finds the payment, which then goes back.
        """
        if not ref.startswith("plink_"):
            return
        try:
            _called(
                lambda: self._client.payment_link.cancel(ref, timeout=TIMEOUT_S)
            )
        except ProviderRefused:
            return

    def ask(self, ref: str, *, capture: bool) -> Asked:
        """Ask for all tries to pay the link or order.

        A link that has ended without any try is over. One that somebody tried to pay is not: the
        bank may say days later that the money was taken.
        """
        order, ended, error = ref, False, ""
        if ref.startswith("plink_"):
            link = self._fetch_link(ref)
            order, ended = link.get("order_id") or "", link["status"] in _LINK_ENDED
            error = link["status"] if ended else ""
        tries = self._payments_of(order) if order else []
        notices = [self._notice_of_try(ref, one, capture=capture) for one in tries]
        paid = any(one.outcome == Outcome.SUCCEEDED for one in notices)
        if ended and not paid:
            failed = Notice(
                "razorpay", f"ask:{ref}:ended", "ask", Outcome.FAILED, ref=ref
            )
            notices.append(replace(failed, error=error))
        return Asked(tuple(notices), paid or (ended and not tries))

    def _notice_of_try(self, ref: str, payment: Entity, *, capture: bool) -> Notice:
        if payment["status"] == "authorized" and capture:
            body = {"currency": payment["currency"]}
            payment = _called(
                lambda: self._client.payment.capture(
                    payment["id"], payment["amount"], body, timeout=TIMEOUT_S
                )
            )
        return replace(
            _payment(f"ask:{payment['id']}:{payment['status']}", "ask", payment),
            ref=ref,
        )

    def look_up(self, charge_ref: str) -> Notice:
        """Ask for a payment, and for the link or order that it came by."""
        payment = _called(
            lambda: self._client.payment.fetch(charge_ref, timeout=TIMEOUT_S)
        )
        query = {"payment_id": charge_ref}
        links = _called(
            lambda: self._client.payment_link.all(query, timeout=TIMEOUT_S)
        )
        link = next(iter(links["payment_links"]), None)
        notice = _payment(f"ask:{charge_ref}:{payment['status']}", "ask", payment)
        return replace(notice, ref=link["id"]) if link else notice

    def _payments_of(self, order: str) -> list[Entity]:
        items = _called(
            lambda: self._client.order.payments(order, timeout=TIMEOUT_S)
        )["items"]
        return list(items)

    # --- Refunds ------------------------------------------------------------------------------
    def refund(
        self, *, charge_ref: str, refund_id: UUID, amount: Decimal, currency: str
    ) -> ProviderRefund:
        """Refund a part of what was captured; what an earlier call has made is looked for first."""
        body = {
            "amount": CURRENCIES.to_units(amount, currency),
            "notes": {"refund_id": str(refund_id)},
        }
        made = self._find_refund(charge_ref, refund_id) or _called(
            lambda: self._client.payment.refund(
                charge_ref,
                body,
                headers={"X-Refund-Idempotency": refund_id.hex},
                timeout=TIMEOUT_S,
            )
        )
        return _refund(made)

    def _find_refund(self, charge_ref: str, refund_id: UUID) -> Entity | None:
        url = f"/v1/payments/{charge_ref}/refunds"
        listed = _called(
            lambda: self._client.get(url, {"count": PAGE}, timeout=TIMEOUT_S)
        )["items"]
        ours = str(refund_id)
        return next(
            (one for one in listed if _notes(one).get("refund_id") == ours), None
        )

    # --- Webhooks -----------------------------------------------------------------------------
    def read_webhook(self, body: bytes, headers: Mapping[str, str]) -> Notice:
        """Check the signature by Razorpay's own code, and return what is told.

        Raises: SignatureInvalid.
        """
        try:
            self._client.utility.verify_webhook_signature(
                body.decode(),
                headers.get("X-Razorpay-Signature", ""),
                settings.RAZORPAY_WEBHOOK_SECRET,
            )
            told = json.loads(body)
            type_, payload = str(told["event"]), told.get("payload") or {}
            # The header is not signed. Nothing hangs on it: an effect that has happened does not
            # happen again.
            event_id = headers.get("X-Razorpay-Event-Id", "")[:100].strip()
            return _read_event(
                event_id or hashlib.sha256(body).hexdigest(), type_[:60], payload
            )
        except (
            razorpay.errors.SignatureVerificationError,
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
        ) as exc:  # the last three: signed, but no event of Razorpay's form
            raise errors.SignatureInvalid from exc

    # --- Lists --------------------------------------------------------------------------------
    def list_charges(self, period: Period) -> Iterator[ProviderCharge]:
        for payment in self._pages(self._client.payment.all, period):
            if payment["captured"]:
                yield ProviderCharge(
                    charge_ref=payment["id"],
                    amount=CURRENCIES.to_amount(
                        payment["amount"], payment["currency"]
                    ),
                    currency=payment["currency"],
                    made_at=_at(payment["created_at"]),
                    payment_id=uuid_or_none(_notes(payment).get("payment_id")),
                    ref=payment.get("order_id") or "",
                )

    def list_refunds(self, period: Period) -> Iterator[ProviderRefund]:
        for refund in self._pages(self._client.refund.all, period):
            yield _refund(refund)

    def list_disputes(self, period: Period) -> Iterator[ProviderDispute]:
        for dispute in self._pages(self._client.dispute.all, period):
            yield _dispute(dispute)

    def list_payouts(self, period: Period) -> Iterator[ProviderPayout]:
        for settlement in self._pages(self._client.settlement.all, period):
            if settlement["status"] in ("processed", "failed"):
                yield self._settlement(settlement)

    def get_payout(self, ref: str) -> ProviderPayout:
        return self._settlement(
            _called(lambda: self._client.settlement.fetch(ref, timeout=TIMEOUT_S))
        )

    def _settlement(self, settlement: Entity) -> ProviderPayout:
        """Return a settlement. Its own `fees` are 0 where the fees were kept payment by payment,
        so they are added up from its report.
        """
        at = _at(settlement["created_at"])
        query = {"year": at.year, "month": at.month, "day": at.day}
        items = _all_pages(self._client.settlement.report, query)
        fees = sum(
            one["fee"] for one in items if one["settlement_id"] == settlement["id"]
        )
        return ProviderPayout(
            ref=settlement["id"],
            amount=CURRENCIES.to_amount(settlement["amount"], "INR"),
            fees=CURRENCIES.to_amount(fees, "INR"),
            currency="INR",  # Razorpay settles in rupees
            failed=settlement["status"] == "failed",
            paid_at=at,
        )

    def _pages(
        self, list_all: Callable[..., Entity], period: Period
    ) -> Iterator[Entity]:
        """Yield what was made in the period, the newest first. Razorpay's `to` is included."""
        since, until = (
            int(period.since.timestamp()),
            int(period.until.timestamp()) - 1,
        )
        return _all_pages(list_all, {"from": since, "to": until})


def _all_pages(
    fetch: Callable[..., Entity], query: dict[str, int]
) -> Iterator[Entity]:
    skip = 0
    while True:
        page = {**query, "count": PAGE, "skip": skip}
        items = _called(partial(fetch, page, timeout=TIMEOUT_S))["items"]
        yield from items
        skip += PAGE
        if len(items) < PAGE:
            return


def _read_event(event_id: str, type_: str, payload: Entity) -> Notice:
    if type_ == "payment_link.paid":
        link = _entity(payload, "payment_link")
        notice = _payment(event_id, type_, _entity(payload, "payment"))
        return replace(
            notice, ref=link["id"], payment_id=uuid_or_none(link["reference_id"])
        )
    if type_ in ("payment_link.expired", "payment_link.cancelled"):
        return Notice(
            "razorpay",
            event_id,
            type_,
            Outcome.FAILED,
            ref=_entity(payload, "payment_link")["id"],
            error=type_.rpartition(".")[2],
        )
    if type_ in ("payment.captured", "payment.authorized", "payment.failed"):
        notice = _payment(event_id, type_, _entity(payload, "payment"))
        if type_ == "payment.failed":
            # The payload is as of the failure, whatever has become of the payment since.
            return replace(notice, outcome=Outcome.DECLINED)
        return notice
    if type_.startswith("refund."):
        return refund_notice(
            "razorpay", event_id, type_, _refund(_entity(payload, "refund"))
        )
    if type_.startswith("payment.dispute."):
        state = _dispute(_entity(payload, "dispute"))
        return Notice(
            "razorpay",
            event_id,
            type_,
            Outcome.DISPUTED,
            charge_ref=state.charge_ref,
            dispute=state,
        )
    if type_ == "settlement.processed":
        settlement = _entity(payload, "settlement")
        return Notice(
            "razorpay",
            event_id,
            type_,
            Outcome.PAID_OUT,
            payout_ref=settlement["id"],
        )
    return Notice("razorpay", event_id, type_, Outcome.OTHER)


def _payment(event_id: str, type_: str, payment: Entity) -> Notice:
    if payment["status"] in ("captured", "refunded") and payment["captured"]:
        outcome = Outcome.SUCCEEDED
    elif payment["status"] == "authorized":
        outcome = Outcome.ASK
    elif payment["status"] == "failed":
        outcome = Outcome.DECLINED
    else:
        outcome = Outcome.OTHER
    return Notice(
        provider="razorpay",
        event_id=event_id,
        type=type_,
        outcome=outcome,
        ref=payment.get("order_id") or "",
        charge_ref=payment["id"],
        payment_id=uuid_or_none(_notes(payment).get("payment_id")),
        amount=CURRENCIES.to_amount(payment["amount"], payment["currency"]),
        currency=payment["currency"],
        error=str(payment.get("error_reason") or payment.get("error_code") or ""),
    )


def _refund(made: Entity) -> ProviderRefund:
    return ProviderRefund(
        ref=made["id"],
        charge_ref=made["payment_id"],
        amount=CURRENCIES.to_amount(made["amount"], made["currency"]),
        currency=made["currency"],
        succeeded={"processed": True, "failed": False}.get(made["status"]),
        refund_id=uuid_or_none(_notes(made).get("refund_id")),
        error="the refund failed" if made["status"] == "failed" else "",
        made_at=_at(made["created_at"]),
    )


def _dispute(told: Entity) -> ProviderDispute:
    status = {
        "won": DisputeStatus.WON,
        "closed": DisputeStatus.WON,
        "lost": DisputeStatus.LOST,
    }
    return ProviderDispute(
        ref=told["id"],
        charge_ref=told["payment_id"],
        amount=CURRENCIES.to_amount(told["amount"], told["currency"]),
        currency=told["currency"],
        status=status.get(told["status"], DisputeStatus.OPEN),
        withdrawn=CURRENCIES.to_amount(told["amount_deducted"], told["currency"]),
        reason=str(told.get("reason_code") or ""),
        opened_at=_at(told["created_at"]),
    )


def _entity(payload: Entity, name: str) -> Entity:
    entity: Entity = payload[name]["entity"]
    return entity


def _notes_of(charge: Charge) -> dict[str, str]:
    return {"payment_id": str(charge.payment_id), "order_id": str(charge.order_id)}


def _notes(entity: Entity) -> Entity:
    notes = entity.get("notes")
    return (
        notes if isinstance(notes, dict) else {}
    )  # no notes come as an empty list


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _called(call: Callable[[], Entity]) -> Entity:
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
