"""What every payment provider offers, and what it tells. Amounts are in the shop's
currency, not in its hundredths.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar, Final, Protocol
from uuid import UUID

TIMEOUT_S: Final = 10  # of one call to a provider
# Currencies without hundredths. Source: ISO 4217, and
# https://docs.stripe.com/currencies#zero-decimal.
_WHOLE: Final = frozenset(
    (
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "JPY",
        "KMF",
        "KRW",
        "MGA",
        "PYG",
        "RWF",
        "UGX",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    )
)


class ProviderDown(Exception):
    """The provider does not answer, or not now: the same call may work later."""


class ProviderRefused(Exception):
    """The provider will not do this, now or later."""


class Outcome(StrEnum):
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REFUNDED = "refunded"
    REFUND_FAILED = "refund_failed"
    OTHER = "other"  # verified, and of no consequence here


@dataclass(frozen=True)
class Charge:
    """What is to be paid. `payment_id` is ours: calling twice with it charges once."""

    payment_id: UUID
    order_id: UUID
    number: str
    amount: Decimal
    currency: str
    base_url: str


@dataclass(frozen=True)
class Started:
    """A payment that the provider waits for. A client needs the secret for its form, or
    goes to the address.
    """

    provider: str
    ref: str
    client_secret: str | None = None
    redirect_url: str | None = None
    public_key: str | None = None


@dataclass(frozen=True)
class Notice:
    """What a provider has told of a payment or a refund, its signature verified.

    `ref` is the provider's id of the payment, `payment_id` ours if it was told; for a
    refund likewise."""

    provider: str
    event_id: str
    type: str
    outcome: Outcome
    ref: str = ""
    payment_id: UUID | None = None
    refund_ref: str = ""
    refund_id: UUID | None = None
    amount: Decimal | None = None
    currency: str = ""
    error: str = ""


@dataclass(frozen=True)
class Refunded:
    """The provider's answer to a refund: its id there, and whether the money is on its way
    (else it says so later).
    """

    ref: str
    done: bool


class Provider(Protocol):
    """Takes payments. No method is called within a transaction; each raises ProviderDown or
    ProviderRefused.
    """

    name: ClassVar[str]

    def start(self, charge: Charge, *, ref: str) -> Started:
        """Return how to pay the charge; `ref` is what an earlier call returned for it, or ""."""

    def abandon(self, ref: str) -> None:
        """See to it that the payment cannot succeed any more, where the provider lets one."""

    def poll(self, ref: str) -> Notice | None:
        """Ask what has become of the payment; None while nothing has."""

    def refund(
        self, *, ref: str, refund_id: UUID, amount: Decimal, currency: str
    ) -> Refunded:
        """Give money back; calling twice with one `refund_id` pays once."""

    def read_webhook(self, body: bytes, headers: Mapping[str, str]) -> Notice:
        """Return what the provider tells. Raises: SignatureInvalid."""


def minor_units(amount: Decimal, currency: str) -> int:
    """Return an amount as providers write it: in paise, cents, or whole yen."""
    return int(amount) if currency in _WHOLE else int(amount * 100)


def major_units(amount: int, currency: str) -> Decimal:
    """Return an amount that a provider wrote."""
    return (
        Decimal(amount)
        .scaleb(0 if currency in _WHOLE else -2)
        .quantize(Decimal("0.01"))
    )


def uuid_or_none(text: object) -> UUID | None:
    """Return our id, as it came back in a provider's metadata."""
    try:
        return UUID(str(text))
    except ValueError:
        return None
