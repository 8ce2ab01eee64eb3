"""A cart as its shopper sees it: the lines at today's prices, and the quote for what of
them can be bought.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.utils import timezone

from markrin.db.sql import fetch_prepared
from orders import coupon_rules, quotes
from orders.buyers import find_cart_buyer
from orders.customer_identity import Customer
from orders.models import Cart, Coupon
from orders.pricing.quote import Quote
from products.selectors import offers
from products.selectors.offers import Offer


@dataclass(frozen=True)
class CartItem:
    """A line with what it is, and what it costs now."""

    id: UUID
    offer: Offer
    quantity: int
    price_at_add: Decimal

    @property
    def price_changed(self) -> bool:
        return self.price_at_add != self.offer.price

    @property
    def available(self) -> bool:
        """Whether all of its pieces can be bought now."""
        return self.quantity <= self.count_in_stock

    @property
    def count_in_stock(self) -> int:
        return self.offer.sellable if self.offer.on_sale else 0

    @property
    def line_total(self) -> Decimal:
        """What its pieces cost, before any discount."""
        return self.offer.price * self.quantity


@dataclass(frozen=True)
class CartCoupon:
    """The cart's coupon. Where it does not apply now, `reason` is the refusal's code."""

    code: str
    reason: str | None

    @property
    def applied(self) -> bool:
        return self.reason is None


@dataclass(frozen=True)
class CartSummary:
    """The whole cart. `id` is None while nothing has been put into it; `token` is a guest's."""

    id: UUID | None
    token: str | None
    items: list[CartItem]
    coupon: CartCoupon | None
    quote: Quote

    @property
    def item_count(self) -> int:
        """Pieces, of all lines."""
        return sum(item.quantity for item in self.items)


def summarize_cart(cart: Cart | None, *, token: str | None) -> CartSummary:
    """Return the cart's contents, in one query, or three with a coupon that has a limit.
    Locks nothing.

    Lines that cannot be bought now are shown, but not counted into the quote.
    """
    items = load_items(cart) if cart else []
    available = [item for item in items if item.available]
    coupon = cart.coupon if cart else None
    found = _check_coupon(cart, coupon, available) if cart and coupon else None
    applied = coupon if found and found.applied else None
    return CartSummary(
        id=cart.pk if cart else None,
        token=token if cart and cart.user_id is None else None,
        items=items,
        coupon=found,
        quote=quotes.quote_items(
            available, buyer=find_cart_buyer(cart), coupon=applied
        ),
    )


_LINES: Final = f"""
    SELECT line.id, line.quantity::bigint, line.price_at_add::numeric, offer.*
    FROM orders_cartline AS line JOIN ({offers.OFFERS}) AS offer USING (variant_id)
    WHERE line.cart_id = {{cart}} ORDER BY line.created_at, line.id
"""  # noqa: S608 (constants)
_OF_CART: Final = _LINES.format(cart="%(cart)s")
_OF_SHOPPER: Final = _LINES.format(
    cart="(SELECT id FROM orders_cart WHERE user_id = %(user)s::uuid OR token_hash = %(token)s::bytea)"
)


def load_items(cart: Cart) -> list[CartItem]:
    """Return the cart's lines in the order they were added, with their offers: one query."""
    return _fetch_items(_OF_CART, cart=cart.pk)


def load_customer_items(customer: Customer) -> list[CartItem]:
    """Return the lines of the shopper's cart, as `load` does; none if there is no cart."""
    return _fetch_items(
        _OF_SHOPPER, user=customer.user and customer.user.pk, token=customer.token_hash
    )


def _fetch_items(sql: str, **params: object) -> list[CartItem]:
    rows = fetch_prepared(sql, params)
    return [
        CartItem(
            row["id"], offers.offer_from_row(row), row["quantity"], row["price_at_add"]
        )
        for row in rows
    ]


def _check_coupon(cart: Cart, coupon: Coupon, items: Sequence[CartItem]) -> CartCoupon:
    key = (
        coupon_rules.build_customer_key(user_id=cart.user_id, email="")
        if cart.user_id
        else None
    )
    refused = coupon_rules.find_refusal(
        coupon,
        subtotal=sum((item.line_total for item in items), Decimal(0)),
        now=timezone.now(),
        used_by_customer=coupon_rules.count_uses(coupon, key),
    )
    return CartCoupon(coupon.code, refused.code if refused else None)
