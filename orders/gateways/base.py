"""What every payment provider offers, and what it tells. Amounts are in the shop's currency,
never in its smallest unit.

A provider takes a payment on a page of its own (or, where the shop says so, in a form inside the
shop's page). `ref` is its id of that page: a session, a link, an order. `charge_ref` is its id of
the money that came in: what can be refunded, disputed and paid out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar, Final, Protocol
from uuid import UUID

TIMEOUT_S: Final = 10  # of one call to a provider


class ProviderDown(Exception):
    """The provider does not answer, or not now: the same call may work later."""


class ProviderRefused(Exception):
    """The provider will not do this, now or later."""


class Outcome(StrEnum):
    """What a notice says has happened."""

    SUCCEEDED = "succeeded"
    DECLINED = "declined"  # a card was; another may succeed on the same page
    FAILED = "failed"  # the page has ended without a payment
    ASK = (
        "ask"  # something happened of which only the provider can say what it means
    )
    REFUND_PENDING = "refund_pending"
    REFUNDED = "refunded"
    REFUND_FAILED = "refund_failed"
    DISPUTED = "disputed"
    PAID_OUT = "paid_out"
    OTHER = "other"  # verified, and of no consequence here


@dataclass(frozen=True)
class Charge:
    """What is to be paid. `payment_id` is ours: calling twice with it charges once.

    `base_url` is where the client reaches the shop, `return_url` where the shopper comes back to.
    """

    payment_id: UUID
    order_id: UUID
    number: str
    amount: Decimal
    currency: str
    base_url: str
    return_url: str
    expires_at: datetime | None = (
        None  # when the order is cancelled unless it is paid
    )


@dataclass(frozen=True)
class Started:
    """A payment that the provider waits for, until `ends_at` where it is known.

    The shopper goes to `redirect_url`; a form inside the shop's page takes the secret instead.
    """

    provider: str
    ref: str
    client_secret: str | None = None
    redirect_url: str | None = None
    public_key: str | None = None
    ends_at: datetime | None = None


class DisputeStatus(StrEnum):
    OPEN = "open"
    WON = "won"
    LOST = "lost"


@dataclass(frozen=True)
class ProviderDispute:
    """A dispute as the provider has it now. `withdrawn` is what it has taken for it by now."""

    ref: str
    charge_ref: str
    amount: Decimal
    currency: str
    status: DisputeStatus
    withdrawn: Decimal
    reason: str
    opened_at: datetime


@dataclass(frozen=True)
class ProviderRefund:
    """A refund as the provider has it now; `succeeded` is None while it is on its way.

    `refund_id` is ours, unless somebody made it in the provider's dashboard.
    """

    ref: str
    charge_ref: str
    amount: Decimal
    currency: str
    succeeded: bool | None
    refund_id: UUID | None
    error: str
    made_at: datetime


@dataclass(frozen=True)
class ProviderCharge:
    """Money that came in. `payment_id` or `ref` say for which of our payments, if they are
    known.
    """

    charge_ref: str
    amount: Decimal
    currency: str
    made_at: datetime
    payment_id: UUID | None = None
    ref: str = ""


@dataclass(frozen=True)
class ProviderPayout:
    """Money on its way to the shop's bank: `amount` arrives, `fees` were kept.

    `gross` = `amount` + `fees` is what it takes off the shop's balance at the provider.
    """

    ref: str
    amount: Decimal
    fees: Decimal
    currency: str
    failed: bool
    paid_at: datetime

    @property
    def gross(self) -> Decimal:
        return self.amount + self.fees


@dataclass(frozen=True)
class Notice:
    """What a provider has told, its signature verified; or what it answered when it was asked.

    `ref` and `charge_ref` are the provider's ids, `payment_id` ours if it was told.
    """

    provider: str
    event_id: str
    type: str
    outcome: Outcome
    ref: str = ""
    charge_ref: str = ""
    payment_id: UUID | None = None
    amount: Decimal | None = None
    currency: str = ""
    error: str = ""
    refund: ProviderRefund | None = None
    dispute: ProviderDispute | None = None
    payout_ref: str = ""


@dataclass(frozen=True)
class Asked:
    """What a provider answered about a page; `is_over` if it can take nothing more for it."""

    notices: tuple[Notice, ...] = ()
    is_over: bool = False


@dataclass(frozen=True)
class Period:
    """From one moment up to, and without, another."""

    since: datetime
    until: datetime


class Provider(Protocol):
    """Takes payments. No method is called within a transaction; each raises ProviderDown or
    ProviderRefused.
    """

    name: ClassVar[str]
    credentials: ClassVar[
        tuple[str, ...]
    ]  # settings; without each there is no such provider
    lifetime: ClassVar[timedelta]  # how long its page stays open at least
    keeps_books: ClassVar[bool]  # whether there is something to reconcile with
    currencies: ClassVar["Currencies"]

    def start(self, charge: Charge, *, ref: str) -> Started:
        """Return how to pay the charge; `ref` is what an earlier call returned for it, or ""."""

    def abandon(self, ref: str) -> None:
        """See to it that nothing can be paid any more, where the provider lets one."""

    def ask(self, ref: str, *, capture: bool) -> Asked:
        """Ask what has become of a page; `capture` takes what is only authorized."""

    def look_up(self, charge_ref: str) -> Notice:
        """Ask what a charge is, and for which page or payment of ours it came."""

    def refund(
        self, *, charge_ref: str, refund_id: UUID, amount: Decimal, currency: str
    ) -> ProviderRefund:
        """Give money back; calling twice with one `refund_id` pays once."""

    def read_webhook(self, body: bytes, headers: Mapping[str, str]) -> Notice:
        """Return what the provider tells. Raises: SignatureInvalid."""

    def list_charges(self, period: Period) -> Iterator[ProviderCharge]:
        """Yield the money that came in, by the time at which the payment was made."""

    def list_refunds(self, period: Period) -> Iterator[ProviderRefund]:
        """Yield the refunds, by the time at which they were made."""

    def list_disputes(self, period: Period) -> Iterator[ProviderDispute]:
        """Yield the disputes, by the time at which they were opened."""

    def list_payouts(self, period: Period) -> Iterator[ProviderPayout]:
        """Yield the payouts, by the time at which they were made."""

    def get_payout(self, ref: str) -> ProviderPayout:
        """Return a payout with its fees."""


@dataclass(frozen=True)
class Currencies:
    """Which currencies a provider takes, and in which unit. Each provider has its own table.

    `steps` are exceptions: the smallest amount by which a charge can differ, in units.
    """

    decimals: Mapping[str, int]  # of exceptions; all others have 2
    steps: Mapping[str, int] = field(default_factory=dict)
    only: frozenset[str] = frozenset()  # empty: every currency of ISO 4217

    def takes(self, currency: str) -> bool:
        return not self.only or currency in self.only

    def decimals_of(self, currency: str) -> int:
        return self.decimals.get(currency, 2)

    def to_units(self, amount: Decimal, currency: str) -> int:
        """Return an amount as the provider writes it: in paise, cents, or whole yen.

        Raises:
            ProviderRefused: the provider cannot take this amount exactly.
        """
        units = amount.scaleb(self.decimals_of(currency))
        if units != int(units) or int(units) % self.steps.get(currency, 1):
            raise ProviderRefused(f"{amount} {currency} cannot be charged exactly")
        return int(units)

    def to_amount(self, units: int, currency: str) -> Decimal:
        """Return an amount that the provider wrote."""
        decimals = self.decimals_of(currency)
        return (
            Decimal(units)
            .scaleb(-decimals)
            .quantize(Decimal(1).scaleb(-max(decimals, 2)))
        )


def uuid_or_none(text: object) -> UUID | None:
    """Return our id, as it came back in a provider's metadata."""
    try:
        return UUID(str(text))
    except ValueError:
        return None


def with_query(url: str, query: str) -> str:
    """Return the address with one more parameter."""
    return f"{url}{'&' if '?' in url else '?'}{query}"


def refund_notice(
    provider: str, event_id: str, type_: str, state: ProviderRefund
) -> Notice:
    """Return what is told of a refund."""
    outcome = {
        None: Outcome.REFUND_PENDING,
        True: Outcome.REFUNDED,
        False: Outcome.REFUND_FAILED,
    }[state.succeeded]
    return Notice(
        provider,
        event_id,
        type_,
        outcome,
        charge_ref=state.charge_ref,
        refund=state,
        error=state.error,
    )
