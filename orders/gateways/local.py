"""The test gateway: a provider that runs inside the shop, for developers and tests.

It is a stranger to the rest: a payment is made on its own page
(orders/views/test_gateway.py), and the shop learns of it by a webhook that is signed like
any other provider's."""

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from orders import errors
from orders.gateways.base import (
    Charge,
    Notice,
    Outcome,
    Refunded,
    Started,
    major_units,
    minor_units,
    uuid_or_none,
)

HEADER = "X-Test-Gateway-Signature"
TOLERANCE_S = 300  # how old a webhook may be


class LocalGateway:
    """See the module."""

    name: ClassVar[str] = "test"

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

    def poll(self, ref: str) -> Notice | None:
        """Know nothing: what was chosen on the page was told at once."""
        return None

    def refund(
        self, *, ref: str, refund_id: UUID, amount: Decimal, currency: str
    ) -> Refunded:
        """Give back made-up money."""
        return Refunded(f"test_refund_{refund_id.hex}", done=True)

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
            amount=major_units(told["amount"], told["currency"]),
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
        "amount": minor_units(amount, currency),
        "currency": currency,
        "error": error,
    }
    body = json.dumps(told).encode()
    return body, {HEADER: sign(body, at=int(time.time()))}


def sign(body: bytes, *, at: int) -> str:
    """Return the signature header of a body that is sent at this Unix time."""
    return f"t={at},v1={hmac.new(_secret('webhook'), b'%d.' % at + body, hashlib.sha256).hexdigest()}"


def page_token(payment_id: UUID) -> str:
    """Return what opens the payment's page: whoever was sent there has it, nobody can guess it."""
    return hmac.new(_secret("page"), payment_id.bytes, hashlib.sha256).hexdigest()[:32]


def is_page_token(payment_id: UUID, token: str) -> bool:
    """Return whether the token opens the payment's page."""
    return hmac.compare_digest(page_token(payment_id).encode(), token.encode())


def return_url(order_id: UUID) -> str:
    """Return where the page sends the shopper afterwards: the order's page in the shop."""
    return f"{settings.SHOP_URL.rstrip('/')}/orders/{order_id}"


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
