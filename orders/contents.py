"""A cart as its shopper sees it: the lines at today's prices, and the quote for what of them can be bought."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from orders import coupons, pricing
from orders.models import Cart, CartLine, Coupon
from products.services import selling
from products.services.selling import Offer


@dataclass(frozen=True)
class Item:
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
    def line(self) -> pricing.Line:
        return pricing.Line(self.offer.variant_id, self.offer.price, self.quantity, self.offer.tax_percent)


@dataclass(frozen=True)
class CartCoupon:
    """The cart's coupon. Where it does not apply now, `reason` is the refusal's code."""

    code: str
    reason: str | None

    @property
    def applied(self) -> bool:
        return self.reason is None


@dataclass(frozen=True)
class Contents:
    """The whole cart. `id` is None while nothing has been put into it; `token` is a guest's."""

    id: UUID | None
    token: str | None
    items: list[Item]
    coupon: CartCoupon | None
    quote: pricing.Quote

    @property
    def item_count(self) -> int:
        """Pieces, of all lines."""
        return sum(item.quantity for item in self.items)


def read(cart: Cart | None, *, token: str | None) -> Contents:
    """Return the cart's contents, in one query, or three with a coupon that has a limit. Locks nothing.

    Lines that cannot be bought now are shown, but not counted into the quote.
    """
    items = load(cart) if cart else []
    lines = [item.line for item in items if item.available]
    coupon = cart.coupon if cart else None
    found = _check(cart, coupon, lines) if cart and coupon else None
    applied = coupons.discount(coupon) if coupon and found and found.applied else None
    return Contents(
        id=cart.pk if cart else None,
        token=token if cart and cart.user_id is None else None,
        items=items,
        coupon=found,
        quote=pricing.quote(lines, rules=pricing.Rules.current(), discount=applied),
    )


def load(cart: Cart) -> list[Item]:
    """Return the cart's lines in the order they were added, with their offers: one query."""
    return load_lines(CartLine.objects.filter(cart=cart))


def load_lines(lines: QuerySet[CartLine]) -> list[Item]:
    """Return these lines of one cart, as `load` does."""
    rows = selling.with_offers(lines.order_by("created_at", "id"))
    return [Item(row.pk, selling.offer_of(row), row.quantity, row.price_at_add) for row in rows]


def _check(cart: Cart, coupon: Coupon, lines: Sequence[pricing.Line]) -> CartCoupon:
    key = coupons.customer_key(user_id=cart.user_id, email="") if cart.user_id else None
    refused = coupons.refusal(
        coupon,
        subtotal=sum((line.total for line in lines), pricing.ZERO),
        now=timezone.now(),
        used_by_customer=coupons.uses(coupon, key),
    )
    return CartCoupon(coupon.code, refused.code if refused else None)
