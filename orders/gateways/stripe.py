"""Stripe, by its own library: a Checkout session for each payment, or a PaymentIntent where the
form stands inside the shop's page.

Source: https://docs.stripe.com/payments/checkout, https://docs.stripe.com/payments/payment-intents,
https://docs.stripe.com/webhooks, https://docs.stripe.com/disputes, https://docs.stripe.com/payouts,
https://docs.stripe.com/currencies (zero-decimal, three-decimal, special cases), read 2026-11.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Final, TypeVar
from uuid import UUID

import stripe
from django.conf import settings
from django.utils import timezone
from stripe.params.checkout import (
    SessionCreateParams,
    SessionCreateParamsLineItemPriceData,
)

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

T = TypeVar("T")
_WHOLE = (
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF",
    "XOF", "XPF",
)  # fmt: skip
_THREE = ("BHD", "JOD", "KWD", "OMR", "TND")
CURRENCIES: Final = Currencies(
    decimals=dict.fromkeys(_WHOLE, 0) | dict.fromkeys(_THREE, 3),
    # Three-decimal amounts end in 0. ISK and UGX are written in hundredths, which must be 0.
    steps=dict.fromkeys(_THREE, 10) | {"ISK": 100, "UGX": 100},
)
SHORTEST: Final = timedelta(minutes=30)  # of a session's life; Stripe takes no less
LONGEST: Final = timedelta(hours=24)
_SUCCEEDED: Final = {
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
}
_FAILED: Final = {
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
}
_REFUND_ENDS: Final = {"succeeded": True, "failed": False, "canceled": False}


class StripeGateway:
    """See the module. `ref` is a session's id or an intent's, `charge_ref` an intent's."""

    name: ClassVar[str] = "stripe"
    credentials: ClassVar[tuple[str, ...]] = (
        "STRIPE_SECRET_KEY",
        "STRIPE_WEBHOOK_SECRET",
    )
    lifetime: ClassVar[timedelta] = SHORTEST
    keeps_books: ClassVar[bool] = True
    currencies: ClassVar[Currencies] = CURRENCIES

    def __init__(self) -> None:
        base: Any = (  # its type is private to the library
            {"api": settings.STRIPE_API_BASE} if settings.STRIPE_API_BASE else {}
        )
        self._client = stripe.StripeClient(
            settings.STRIPE_SECRET_KEY,
            base_addresses=base,
            http_client=stripe.RequestsClient(timeout=TIMEOUT_S),
            max_network_retries=1,
        ).v1

    # --- Paying -------------------------------------------------------------------------------
    def start(self, charge: Charge, *, ref: str) -> Started:
        """Open the session or intent; what an earlier call has opened is used again."""
        if settings.PAYMENT_FORM == "embedded":
            return self._start_intent(charge)
        if ref:
            session = _called(lambda: self._client.checkout.sessions.retrieve(ref))
            if session.status == "open":
                return self._started(session)
            raise ProviderRefused(f"the session is {session.status}")
        return self._started(self._open_session(charge))

    def _open_session(self, charge: Charge) -> stripe.checkout.Session:
        now = timezone.now()
        wanted = charge.expires_at or now + SHORTEST
        # A minute more than the least: the provider's clock is not ours.
        ends_at = min(
            max(wanted, now + SHORTEST + timedelta(minutes=1)), now + LONGEST
        )
        expires_at = int(ends_at.timestamp())
        units = CURRENCIES.to_units(charge.amount, charge.currency)
        metadata = {
            "payment_id": str(charge.payment_id),
            "order_id": str(charge.order_id),
        }
        price: SessionCreateParamsLineItemPriceData = {
            "currency": charge.currency.lower(),
            "unit_amount": units,
            "product_data": {"name": charge.number},
        }
        params: SessionCreateParams = {
            "mode": "payment",
            "line_items": [{"price_data": price, "quantity": 1}],
            "success_url": with_query(charge.return_url, "payment=success"),
            "cancel_url": with_query(charge.return_url, "payment=cancelled"),
            "client_reference_id": str(charge.payment_id),
            "expires_at": expires_at,
            "metadata": metadata,
            "payment_intent_data": {
                "metadata": metadata,
                "description": charge.number,
            },
        }
        # Stripe refuses a key that comes again with another request, hence the time in it.
        key: stripe.RequestOptions = {
            "idempotency_key": f"payment-{charge.payment_id}-{expires_at}"
        }
        return _called(lambda: self._client.checkout.sessions.create(params, key))

    def _started(self, session: stripe.checkout.Session) -> Started:
        ends_at = datetime.fromtimestamp(session.expires_at, UTC)
        return Started(
            "stripe", session.id, redirect_url=session.url, ends_at=ends_at
        )

    def _start_intent(self, charge: Charge) -> Started:
        units = CURRENCIES.to_units(charge.amount, charge.currency)
        intent = _called(
            lambda: self._client.payment_intents.create(
                {
                    "amount": units,
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
        """Expire the session (Stripe then cancels its intent). One that was paid meanwhile stays:
        asking after it finds the payment.
        """
        try:
            if ref.startswith("cs_"):
                _called(lambda: self._client.checkout.sessions.expire(ref))
            else:
                _called(lambda: self._client.payment_intents.cancel(ref))
        except ProviderRefused:
            return

    def ask(self, ref: str, *, capture: bool) -> Asked:
        """Ask for the session or intent. It is over when it is expired, or complete and decided."""
        if ref.startswith("cs_"):
            return self._ask_session(ref)
        intent = _called(lambda: self._client.payment_intents.retrieve(ref))
        return Asked(
            _intent_notices(f"ask:{ref}", intent),
            intent.status in ("succeeded", "canceled"),
        )

    def _ask_session(self, ref: str) -> Asked:
        session = _called(
            lambda: self._client.checkout.sessions.retrieve(
                ref, {"expand": ["payment_intent"]}
            )
        )
        intent = session.payment_intent
        if isinstance(intent, str):
            raise TypeError("the session was asked for with its intent")
        if intent is not None and intent.status == "succeeded":
            return Asked(
                (_session_notice("ask", session, Outcome.SUCCEEDED),), True
            )
        if session.status == "expired":
            return Asked(
                (_session_notice("ask", session, Outcome.FAILED, "expired"),), True
            )
        notices = (
            _intent_notices(f"ask:{ref}", intent) if intent is not None else ()
        )
        if (
            session.status == "complete"
            and intent is not None
            and intent.status != "processing"
        ):
            # A method that takes days has failed in the end.
            error = notices[0].error if notices else ""
            return Asked(
                (_session_notice("ask", session, Outcome.FAILED, error),), True
            )
        return Asked(notices)

    def look_up(self, charge_ref: str) -> Notice:
        """Ask for an intent: its metadata name the payment."""
        intent = _called(lambda: self._client.payment_intents.retrieve(charge_ref))
        found = _intent_notices(f"ask:{charge_ref}", intent)
        return found[0] if found else Notice("stripe", "", "ask", Outcome.OTHER)

    # --- Refunds ------------------------------------------------------------------------------
    def refund(
        self, *, charge_ref: str, refund_id: UUID, amount: Decimal, currency: str
    ) -> ProviderRefund:
        """Refund a part of the intent. Stripe forgets a key after a day, so what an earlier call
        has made is looked for first.
        """
        made = self._find_refund(charge_ref, refund_id) or _called(
            lambda: self._client.refunds.create(
                {
                    "payment_intent": charge_ref,
                    "amount": CURRENCIES.to_units(amount, currency),
                    "metadata": {"refund_id": str(refund_id)},
                },
                {"idempotency_key": f"refund-{refund_id}"},
            )
        )
        return _refund(made)

    def _find_refund(
        self, charge_ref: str, refund_id: UUID
    ) -> stripe.Refund | None:
        listed = _called(
            lambda: self._client.refunds.list(
                {"payment_intent": charge_ref, "limit": 100}
            )
        )
        ours = str(refund_id)
        return next(
            (one for one in listed.data if _metadata(one).get("refund_id") == ours),
            None,
        )

    # --- Webhooks -----------------------------------------------------------------------------
    def read_webhook(self, body: bytes, headers: Mapping[str, str]) -> Notice:
        """Check the signature by Stripe's own code, and return what is told.

        Raises: SignatureInvalid.
        """
        try:
            event = stripe.Webhook.construct_event(
                body,
                headers.get("Stripe-Signature"),
                settings.STRIPE_WEBHOOK_SECRET,
            )
            return _read_event(event)
        except (
            stripe.SignatureVerificationError,
            ValueError,
            AttributeError,
            KeyError,
            TypeError,
        ) as exc:  # the last three: signed, but no event of Stripe's form
            raise errors.SignatureInvalid from exc

    # --- Lists --------------------------------------------------------------------------------
    def list_charges(self, period: Period) -> Iterator[ProviderCharge]:
        for charge in self._pages(self._client.charges, period):
            if charge.status == "succeeded" and charge.payment_intent:
                yield ProviderCharge(
                    charge_ref=_id(charge.payment_intent),
                    amount=CURRENCIES.to_amount(
                        charge.amount_captured, charge.currency.upper()
                    ),
                    currency=charge.currency.upper(),
                    made_at=_at(charge.created),
                    payment_id=uuid_or_none(_metadata(charge).get("payment_id")),
                )

    def list_refunds(self, period: Period) -> Iterator[ProviderRefund]:
        for refund in self._pages(self._client.refunds, period):
            yield _refund(refund)

    def list_disputes(self, period: Period) -> Iterator[ProviderDispute]:
        for dispute in self._pages(self._client.disputes, period):
            yield _dispute(dispute)

    def list_payouts(self, period: Period) -> Iterator[ProviderPayout]:
        for payout in self._pages(self._client.payouts, period):
            if payout.status in ("paid", "failed"):
                yield self._payout(payout)

    def get_payout(self, ref: str) -> ProviderPayout:
        return self._payout(_called(lambda: self._client.payouts.retrieve(ref)))

    def _payout(self, payout: stripe.Payout) -> ProviderPayout:
        """Return a payout; its fees are those of the transactions in it."""
        moved = _called(
            lambda: list(
                self._client.balance_transactions.list(
                    {"payout": payout.id, "limit": 100}
                ).auto_paging_iter()
            )
        )
        currency = payout.currency.upper()
        return ProviderPayout(
            ref=payout.id,
            amount=CURRENCIES.to_amount(payout.amount, currency),
            fees=CURRENCIES.to_amount(sum(one.fee for one in moved), currency),
            currency=currency,
            failed=payout.status == "failed",
            paid_at=_at(payout.created),
        )

    def _pages(self, service: Any, period: Period) -> Iterator[Any]:
        created = {
            "gte": int(period.since.timestamp()),
            "lt": int(period.until.timestamp()),
        }
        listed = _called(lambda: service.list({"created": created, "limit": 100}))
        pages = listed.auto_paging_iter()
        while (one := _called(lambda: next(pages, None))) is not None:
            yield one


def _read_event(event: stripe.Event) -> Notice:
    told, type_, event_id = event.data.object, event.type, event.id
    if type_ in _SUCCEEDED and told["payment_status"] == "paid":
        return _session_notice(event_id, told, Outcome.SUCCEEDED, type_=type_)
    if type_ in _FAILED:
        error = type_.rpartition(".")[2]
        return _session_notice(event_id, told, Outcome.FAILED, error, type_=type_)
    if type_.startswith("payment_intent."):
        found = _intent_notices(event_id, told, type_=type_)
        if (
            type_ in ("payment_intent.succeeded", "payment_intent.payment_failed")
            and found
        ):
            return found[0]
        if type_ == "payment_intent.canceled":
            return found[0]
    if type_.startswith("refund.") or type_ == "charge.refund.updated":
        return refund_notice("stripe", event_id, type_, _refund(told))
    if type_.startswith("charge.dispute."):
        state = _dispute(told)
        return Notice(
            "stripe",
            event_id,
            type_,
            Outcome.DISPUTED,
            charge_ref=state.charge_ref,
            dispute=state,
        )
    if type_ in ("payout.paid", "payout.failed"):
        return Notice(
            "stripe", event_id, type_, Outcome.PAID_OUT, payout_ref=told["id"]
        )
    return Notice("stripe", event_id, type_[:60], Outcome.OTHER)


def _session_notice(
    event_id: str,
    session: stripe.StripeObject,
    outcome: Outcome,
    error: str = "",
    *,
    type_: str = "",
) -> Notice:
    """Return what a session says. An answer's id is made of what it says: told again, it is
    known.
    """
    currency = session["currency"].upper()
    return Notice(
        provider="stripe",
        event_id=f"ask:{session['id']}:{outcome}"
        if event_id == "ask"
        else event_id,
        type=type_ or f"checkout.session.{outcome}",
        outcome=outcome,
        ref=session["id"],
        charge_ref=_id(session["payment_intent"])
        if session["payment_intent"]
        else "",
        payment_id=uuid_or_none(_metadata(session).get("payment_id")),
        amount=CURRENCIES.to_amount(session["amount_total"], currency),
        currency=currency,
        error=error,
    )


def _intent_notices(
    event_id: str, intent: stripe.StripeObject, *, type_: str = ""
) -> tuple[Notice, ...]:
    """Return what an intent says: paid, declined or cancelled; nothing while nobody has tried."""
    currency, failure = (
        intent["currency"].upper(),
        intent.to_dict().get("last_payment_error") or {},
    )
    status = intent["status"]
    if status == "succeeded":
        outcome = Outcome.SUCCEEDED
    elif status == "canceled":
        outcome = Outcome.FAILED
    elif failure:
        outcome = Outcome.DECLINED
    else:
        return ()
    if type_ == "payment_intent.payment_failed":
        outcome = (
            Outcome.DECLINED
        )  # of an earlier try, whatever the intent says by now
    elif type_ == "payment_intent.canceled":
        outcome = Outcome.FAILED
    paid = outcome == Outcome.SUCCEEDED
    asked = event_id.startswith("ask:")
    notice = Notice(
        provider="stripe",
        event_id=f"{event_id}:{outcome}:{intent['latest_charge']}"
        if asked
        else event_id,
        type=type_ or f"payment_intent.{status}",
        outcome=outcome,
        ref=intent["id"],
        charge_ref=intent["id"],
        payment_id=uuid_or_none(_metadata(intent).get("payment_id")),
        amount=CURRENCIES.to_amount(
            intent["amount_received" if paid else "amount"], currency
        ),
        currency=currency,
        error=str(failure.get("code") or ""),
    )
    return (notice,)


def _refund(made: stripe.StripeObject) -> ProviderRefund:
    currency = made["currency"].upper()
    return ProviderRefund(
        ref=made["id"],
        charge_ref=_id(made["payment_intent"]) if made["payment_intent"] else "",
        amount=CURRENCIES.to_amount(made["amount"], currency),
        currency=currency,
        succeeded=_REFUND_ENDS.get(made["status"]),
        refund_id=uuid_or_none(_metadata(made).get("refund_id")),
        error=str(made.to_dict().get("failure_reason") or ""),
        made_at=_at(made["created"]),
    )


def _dispute(told: stripe.StripeObject) -> ProviderDispute:
    currency = told["currency"].upper()
    # The gross amounts: what it took, less what it gave back. Its fee is among the payout's fees.
    taken = -sum(one["amount"] for one in told["balance_transactions"])
    status = {
        "won": DisputeStatus.WON,
        "warning_closed": DisputeStatus.WON,
        "prevented": DisputeStatus.WON,
        "lost": DisputeStatus.LOST,
    }.get(told["status"], DisputeStatus.OPEN)
    return ProviderDispute(
        ref=told["id"],
        charge_ref=_id(told["payment_intent"]) if told["payment_intent"] else "",
        amount=CURRENCIES.to_amount(told["amount"], currency),
        currency=currency,
        status=status,
        withdrawn=CURRENCIES.to_amount(taken, currency),
        reason=str(told["reason"]),
        opened_at=_at(told["created"]),
    )


def _metadata(told: stripe.StripeObject) -> dict[str, str]:
    return told.to_dict().get("metadata") or {}


def _id(thing: str | stripe.StripeObject) -> str:
    """Return the id of what Stripe tells as an id, or as the object itself."""
    return str(thing if isinstance(thing, str) else thing["id"])


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _called(call: Callable[[], T]) -> T:
    """Return what Stripe answers. Raises: ProviderDown, ProviderRefused."""
    try:
        return call()
    except (stripe.InvalidRequestError, stripe.CardError) as exc:
        raise ProviderRefused(
            exc.code or exc.user_message or type(exc).__name__
        ) from exc
    except stripe.StripeError as exc:
        raise ProviderDown(type(exc).__name__) from exc
