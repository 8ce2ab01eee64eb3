"""The test gateway: a provider that runs inside the shop, for developers and tests.

It is a stranger to the rest: a payment is made on its own page
(orders/views/test_gateway.py), and the shop learns of it by a webhook that is signed like
any other provider's."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from orders import errors
from orders.gateways.base import (
    Asked,
    Charge,
    Currencies,
    Notice,
    Outcome,
    Period,
    ProviderCharge,
    ProviderDispute,
    ProviderPayout,
    ProviderRefund,
    ProviderRefused,
    Started,
    uuid_or_none,
)

HEADER = "X-Test-Gateway-Signature"
TOLERANCE_S = 300  # how old a webhook may be
CURRENCIES = Currencies(decimals={"JPY": 0, "KRW": 0, "KWD": 3, "BHD": 3})


class LocalGateway:
    """See the module."""

    name: ClassVar[str] = "test"
    credentials: ClassVar[tuple[str, ...]] = ()
    lifetime: ClassVar[timedelta] = timedelta(0)
    keeps_books: ClassVar[bool] = False
    currencies: ClassVar[Currencies] = CURRENCIES

    def start(self, charge: Charge, *, ref: str) -> Started:
        """Return the address of the gateway's own page."""
        page = reverse(
            "test-gateway", args=[charge.payment_id, page_token(charge.payment_id)]
        )
        return Started(
            "test",
            f"test_{charge.payment_id.hex}",
            redirect_url=charge.base_url.rstrip("/") + page,
        )

    def abandon(self, ref: str) -> None:
        """Do nothing: the page looks at the payment, and offers nothing for one that is over."""

    def ask(self, ref: str, *, capture: bool) -> Asked:
        """Know nothing: what was chosen on the page was told at once."""
        return Asked(is_over=True)

    def look_up(self, charge_ref: str) -> Notice:
        """Know nothing."""
        raise ProviderRefused(f"there is no payment {charge_ref}")

    def refund(
        self, *, charge_ref: str, refund_id: UUID, amount: Decimal, currency: str
    ) -> ProviderRefund:
        """Give back made-up money."""
        return ProviderRefund(
            ref=f"test_refund_{refund_id.hex}",
            charge_ref=charge_ref,
            amount=amount,
            currency=currency,
            succeeded=True,
            refund_id=refund_id,
            error="",
            made_at=timezone.now(),
        )

    def list_charges(self, period: Period) -> Iterator[ProviderCharge]:
        """Keep no books: the money is made up."""
        return iter(())

    def list_refunds(self, period: Period) -> Iterator[ProviderRefund]:
        """Keep no books."""
        return iter(())

    def list_disputes(self, period: Period) -> Iterator[ProviderDispute]:
        """Have no disputes."""
        return iter(())

    def list_payouts(self, period: Period) -> Iterator[ProviderPayout]:
        """Pay nothing out."""
        return iter(())

    def get_payout(self, ref: str) -> ProviderPayout:
        """Pay nothing out."""
        raise ProviderRefused("the test gateway pays nothing out")

    def read_webhook(self, body: bytes, headers: Mapping[str, str]) -> Notice:
        """Check signature and age, and return what is told. Raises: SignatureInvalid."""
        _verify(body, headers.get(HEADER, ""), now=time.time())
        told = json.loads(body)
        return Notice(
            provider="test",
            event_id=told["id"],
            type=told["type"],
            outcome={
                "payment.succeeded": Outcome.SUCCEEDED,
                "payment.failed": Outcome.FAILED,
            }.get(told["type"], Outcome.OTHER),
            ref=told["ref"],
            payment_id=uuid_or_none(told["paymentId"]),
            charge_ref=told["ref"].replace("test_", "test_charge_"),
            amount=CURRENCIES.to_amount(told["amount"], told["currency"]),
            currency=told["currency"],
            error=told.get("error", ""),
        )


def webhook(
    *,
    event_id: str,
    kind: str,
    payment_id: UUID,
    amount: Decimal,
    currency: str,
    error: str = "",
) -> tuple[bytes, dict[str, str]]:
    """Return body and headers of a signed webhook, as the gateway sends it."""
    told = {
        "id": event_id,
        "type": kind,
        "ref": f"test_{payment_id.hex}",
        "paymentId": str(payment_id),
        "amount": CURRENCIES.to_units(amount, currency),
        "currency": currency,
        "error": error,
    }
    body = json.dumps(told).encode()
    return body, {HEADER: sign(body, at=int(time.time()))}


def sign(body: bytes, *, at: int) -> str:
    """Return the signature header of a body that is sent at this Unix time."""
    mac = hmac.new(_secret("webhook"), b"%d." % at + body, hashlib.sha256)
    return f"t={at},v1={mac.hexdigest()}"


def page_token(payment_id: UUID) -> str:
    """Return what opens the payment's page: whoever was sent there has it, nobody can guess it."""
    return hmac.new(_secret("page"), payment_id.bytes, hashlib.sha256).hexdigest()[
        :32
    ]


def is_page_token(payment_id: UUID, token: str) -> bool:
    """Return whether the token opens the payment's page."""
    return hmac.compare_digest(page_token(payment_id).encode(), token.encode())


def _verify(body: bytes, header: str, *, now: float) -> None:
    at, _, _ = header.removeprefix("t=").partition(",")
    if (
        not (at.isascii() and at.isdecimal() and len(at) <= 12)
        or abs(now - int(at)) > TOLERANCE_S
    ):
        raise errors.SignatureInvalid
    if not hmac.compare_digest(sign(body, at=int(at)).encode(), header.encode()):
        raise errors.SignatureInvalid


def _secret(purpose: str) -> bytes:
    return hashlib.sha256(
        f"test-gateway:{purpose}:{settings.SECRET_KEY}".encode()
    ).digest()
