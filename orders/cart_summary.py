"""A cart as its shopper sees it: the lines at today's prices, and the quote for what of
them can be bought.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from markrin.api.errors import ShopError
from markrin.db.sql import fetch_prepared
from orders import coupon_rules, quotes
from orders.buyers import find_cart_buyer
from orders.customer_identity import Customer
from orders.models import Cart
from orders.pricing.quote import Quote
from orders.promotion_terms import (
    NO_PROMOTIONS,
    LivePromotions,
    Person,
    read_promotions,
)
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
    """One of the cart's coupons. Where it does not apply now, `reason` is the refusal's code."""

    code: str
    reason: str | None
    refusal: ShopError | None = None

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
    coupons: list[CartCoupon]
    quote: Quote

    @property
    def item_count(self) -> int:
        """Pieces, of all lines."""
        return sum(item.quantity for item in self.items)


def summarize_cart(cart: Cart | None, *, token: str | None) -> CartSummary:
    """Return the cart's contents, in three queries: its lines, what may apply, the taxes.
    Locks nothing.

    Lines that cannot be bought now are shown, but not counted into the quote.
    """
    items = load_items(cart) if cart else []
    available = [item for item in items if item.available]
    codes = cart.coupon_codes if cart else []
    live = NO_PROMOTIONS
    if cart is not None and (items or codes):
        live = read_promotions(Person(cart.user_id, owner_email(cart)), codes)
    quote = quotes.quote_items(available, buyer=find_cart_buyer(cart), live=live)
    coupons = [_show_coupon(code, quote, live) for code in codes]
    return CartSummary(
        id=cart.pk if cart else None,
        token=token if cart and cart.user_id is None else None,
        items=items,
        coupon=coupons[0] if coupons else None,
        coupons=coupons,
        quote=quote,
    )


def owner_email(cart: Cart) -> str:
    """Return the address of the cart's customer, or "" for a guest's."""
    return getattr(cart, "owner_email", None) or ""


def _show_coupon(code: str, quote: Quote, live: LivePromotions) -> CartCoupon:
    refused = coupon_rules.find_refusal(code, quote, live)
    return CartCoupon(code, refused.code if refused else None, refused)


_LINES: Final = f"""
    SELECT line.id, line.quantity::bigint, line.price_at_add::numeric, offer.*
    FROM orders_cartline AS line JOIN ({offers.OFFERS}) AS offer USING (variant_id)
    WHERE line.cart_id = {{cart}} ORDER BY line.created_at, line.id
"""  # noqa: S608 (constants)
_OF_CART: Final = _LINES.format(cart="%(cart)s")
_OF_SHOPPER: Final = _LINES.format(
    cart=(
        "(SELECT id FROM orders_cart WHERE user_id = %(user)s::uuid OR token_hash ="
        " %(token)s::bytea)"
    )
)


def load_items(cart: Cart) -> list[CartItem]:
    """Return the cart's lines in the order they were added, with their offers: one query."""
    return _fetch_items(_OF_CART, cart=cart.pk)


def load_customer_items(customer: Customer) -> list[CartItem]:
    """Return the lines of the shopper's cart, as `load` does; none if there is no cart."""
    if customer.cart_id is not None:
        return _fetch_items(_OF_CART, cart=customer.cart_id)
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
