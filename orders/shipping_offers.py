"""By which methods a cart can be sent, each with its price, its dates and its terms of cash on
delivery.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from orders.pricing.money import from_units
from orders.pricing.quote import Delivery
from orders.pricing.shipping import (
    CashReason,
    CashTerms,
    Destination,
    MethodTerms,
    Promise,
    price_delivery,
    promise_dates,
)
from orders.shipping_terms import read_shipping

Pieces = Sequence[tuple[int | None, int]]  # grams of one, or None, and how many
_NO_PROMISE: Final = 10**7  # later than any date's ordinal


@dataclass(frozen=True)
class OfferedMethod:
    """A method that some goods can be sent by, its price, and when they would arrive."""

    terms: MethodTerms
    delivery: Delivery
    promise: Promise | None

    @property
    def cash(self) -> CashTerms | None:
        """On what terms it is paid at the door, None if it cannot be."""
        return self.terms.cash

    @property
    def cash_fee(self) -> int:
        """What paying at the door costs."""
        return self.terms.cash.fee if self.terms.cash else 0


def list_offered(
    place: Destination,
    pieces: Pieces,
    *,
    user_id: UUID | None = None,
    version: UUID | None = None,
    now: datetime | None = None,
) -> tuple[OfferedMethod, ...]:
    """Return how these pieces can be sent to this place for this customer, in the order of the
    zone's methods; none where nothing is delivered. One query, or none where `version`
    is that of the shipping just now.
    """
    moment = timezone.localtime(now)
    shipping = read_shipping(
        place, today=moment.date(), user_id=user_id, version=version
    )
    offered = (
        (method, price_delivery(method, pieces)) for method in shipping.methods
    )
    return tuple(
        OfferedMethod(
            method, delivery, promise_dates(method, moment, shipping.calendar)
        )
        for method, delivery in offered
        if delivery is not None
    )


def find_cheapest(
    offered: Sequence[OfferedMethod], goods: int, *, pays_cash: bool = False
) -> OfferedMethod | None:
    """Return the cheapest method for goods that cost so much after discounts, where they are
    paid at the door with its fee; of two the faster one, then the first.
    """

    def rank(method: OfferedMethod) -> tuple[int, int]:
        price = method.delivery.price_for(goods)
        last = method.promise.last.toordinal() if method.promise else _NO_PROMISE
        return price + (method.cash_fee if pays_cash else 0), last

    return min(offered, key=rank, default=None)


@dataclass(frozen=True)
class CashOption:
    """Whether a method can be paid at the door, what that costs, and why it cannot be."""

    allowed: bool
    fee: Decimal
    reason: CashReason | None


@dataclass(frozen=True)
class ShippingOption:
    """A way to send something, as shoppers read it. Amounts are in the shop's currency."""

    id: UUID
    name: str
    price: Decimal
    cod: CashOption
    delivers_from: date | None
    delivers_until: date | None


def describe_method(
    method: OfferedMethod, price: int, refused: CashReason | None = None
) -> ShippingOption:
    """Return a method as shoppers read it, at this price. `refused` says why it cannot be paid at
    the door, where it could be by its own terms.
    """
    if method.cash is None:
        refused = CashReason.NOT_OFFERED
    promise = method.promise
    return ShippingOption(
        id=method.terms.id,
        name=method.terms.name,
        price=_money(price),
        cod=CashOption(refused is None, _money(method.cash_fee), refused),
        delivers_from=promise.first if promise else None,
        delivers_until=promise.last if promise else None,
    )


def _money(units: int) -> Decimal:
    return from_units(units, settings.SHOP_CURRENCY)
