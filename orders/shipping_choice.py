"""Which method a cart is sent by: the one that the shopper names, else the cheapest; and whether
it may be paid at the door.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from markrin.db.sql import fetch_prepared
from orders import errors
from orders.pricing.quote import Quote
from orders.pricing.shipping import CashReason
from orders.promotion_terms import Person
from orders.quotes import ItemPricing
from orders.shipping_offers import OfferedMethod


@dataclass(frozen=True)
class ShippingWish:
    """How the shopper wants it sent (None: the cheapest way), and whether it is paid at the
    door.
    """

    method_id: UUID | None = None
    pays_cash: bool = False


ANY_METHOD: Final = ShippingWish()


@dataclass(frozen=True)
class CashSender:
    """By what open cash orders are counted as one customer's. What is empty is not known."""

    person: Person
    phone: str = ""
    street: str = ""
    postal_code: str = ""


@dataclass(frozen=True)
class ShippingChoice:
    """The method that is taken, and what it all costs; None where nothing is delivered."""

    method: OfferedMethod | None
    quote: Quote


def choose_shipping(
    pricing: ItemPricing, offered: Sequence[OfferedMethod], wish: ShippingWish
) -> ShippingChoice:
    """Return the quote for a cart whose shopper may still choose otherwise: a method that is not
    offered, or not with cash, is passed over. No query.
    """
    named = [each for each in offered if each.terms.id == wish.method_id]
    candidates = named or list(offered)
    with_cash = [each for each in candidates if each.cash is not None]
    pays_cash = wish.pays_cash and bool(with_cash)
    quote, method = pricing.quote_cheapest(
        with_cash if pays_cash else candidates, pays_cash=pays_cash
    )
    return ShippingChoice(method, quote)


def take_shipping(
    pricing: ItemPricing,
    offered: Sequence[OfferedMethod],
    wish: ShippingWish,
    sender: CashSender,
) -> tuple[Quote, OfferedMethod]:
    """Return the quote of an order to be, and its method. No query, or two where the method
    limits the open cash orders of one customer.

    Raises:
        NotDeliveredThere, ShippingMethodUnknown, CashNotAllowed.
    """
    if not offered:
        raise errors.NotDeliveredThere
    if wish.method_id is not None and wish.method_id not in {
        each.terms.id for each in offered
    }:
        raise errors.ShippingMethodUnknown
    choice = choose_shipping(pricing, offered, wish)
    quote, method = choice.quote, choice.method
    assert method is not None  # noqa: S101 (some are offered)
    if wish.pays_cash:
        refused = find_cash_refusal(method, quote, sender, lock=True)
        if refused is not None:
            raise errors.CashNotAllowed(reason=str(refused))
    return quote, method


# --- Cash on delivery ----------------------------------------------------------------------------
def find_cash_refusal(
    method: OfferedMethod, quote: Quote, sender: CashSender, *, lock: bool = False
) -> CashReason | None:
    """Return why an order of this quote, fee included, cannot be paid at the door; None if it
    can, or if nothing is left to pay. One query where open orders are limited.

    Locks: with `lock` those who may be the same customer, until the transaction ends, so that
    two orders at once are counted.
    """
    cash = method.cash
    if not quote.amount_due:
        return None
    if cash is None:
        return CashReason.NOT_OFFERED
    open_orders = 0
    if cash.max_open is not None:
        if lock:
            _lock_sender(sender)
        open_orders = _count_open(sender)
    return cash.find_refusal(quote.total, open_orders)


# Cash orders that may still be owed, by any of what makes somebody the same customer. The
# condition is that of the index `order_open_cash`.
_OPEN: Final = """
    SELECT count(*) AS n FROM orders_order
    WHERE payment_method = 'cod' AND payment_status IN ('unpaid', 'failed')
    AND closed_at IS NULL AND (user_id = %(user)s::uuid
        OR %(email)s::text <> '' AND email = %(email)s::text
        OR %(phone)s::text <> '' AND phone = %(phone)s::text
        OR %(postal_code)s::text <> '' AND postal_code = %(postal_code)s::text
            AND lower(street) = lower(%(street)s::text))
"""
_LOCK: Final = """
    SELECT pg_advisory_xact_lock(hashtextextended('cash:' || key, 0))
    FROM (SELECT key FROM unnest(%(keys)s::text[]) AS each (key) ORDER BY key) AS keys
"""


def _count_open(sender: CashSender) -> int:
    rows = fetch_prepared(
        _OPEN,
        {
            "user": sender.person.user_id,
            "email": sender.person.email,
            "phone": sender.phone,
            "postal_code": sender.postal_code,
            "street": sender.street,
        },
    )
    return int(rows[0]["n"])


def _lock_sender(sender: CashSender) -> None:
    """Let one order at a time count those of this customer; a count of the same statement
    would not see what it had waited for.
    """
    person = sender.person
    named = {
        "user": str(person.user_id or ""),
        "email": person.email,
        "phone": sender.phone,
        "address": f"{sender.postal_code} {sender.street.lower()}".strip(),
    }
    keys = [f"{kind}:{value}" for kind, value in named.items() if value]
    fetch_prepared(_LOCK, {"keys": keys})
