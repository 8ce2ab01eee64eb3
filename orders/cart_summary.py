"""A cart as its shopper sees it: the lines at today's prices, and the quote for what of
them can be bought.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final
from uuid import UUID

from markrin.api.errors import ShopError
from markrin.db.sql import fetch_prepared
from orders import coupon_rules, gift_card_lookup, quotes
from orders.buyers import find_cart_buyer, find_cart_destination
from orders.customer_identity import Customer
from orders.models import Cart, GiftCard
from orders.models.gift_card import GiftCardKind
from orders.pricing.quote import Quote
from orders.pricing.shipping import Destination
from orders.pricing.tax import Buyer, Place
from orders.promotion_terms import (
    NO_PROMOTIONS,
    LivePromotions,
    Person,
    read_promotions,
)
from orders.quotes import ItemPricing
from orders.rule_versions import versions_with
from orders.shipping_choice import ANY_METHOD, ShippingWish, choose_shipping
from orders.shipping_offers import (
    OfferedMethod,
    ShippingOption,
    describe_method,
    list_offered,
)
from products.models import InventoryPolicy
from products.selectors import offers
from products.selectors.offers import Offer, ProductChoices


@dataclass(frozen=True)
class CartItem:
    """A line with what it is, and what it costs now."""

    id: UUID
    offer: Offer
    quantity: int
    price_at_add: Decimal
    choices: ProductChoices | None = None
    """What a shopper sees of its product besides; None where nobody looks."""

    @property
    def price_changed(self) -> bool:
        return self.price_at_add != self.offer.price

    @property
    def available(self) -> bool:
        """Whether all of its pieces can be bought now."""
        return self.offer.on_sale and self.quantity <= self.offer.sellable

    @property
    def count_in_stock(self) -> int:
        """Pieces that are there; where the offer may be sold without, more can be bought."""
        return self.offer.count_in_stock if self.offer.on_sale else 0

    @property
    def on_back_order(self) -> int:
        """How many of its pieces can be bought, but are not there yet."""
        if self.offer.inventory_policy != InventoryPolicy.CONTINUE:
            return 0
        return max(0, self.quantity - self.count_in_stock)

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
class CartStoreCredit:
    """What a signed-in customer has as store credit, and whether the cart is paid with it."""

    balance: Decimal
    used: bool


@dataclass(frozen=True)
class CartSummary:
    """The whole cart. `id` is None while nothing has been put into it; `token` is a guest's.

    `gift_cards` are those with which it can be paid now.
    """

    id: UUID | None
    token: str | None
    items: list[CartItem]
    coupon: CartCoupon | None
    coupons: list[CartCoupon]
    gift_cards: list[GiftCard]
    store_credit: CartStoreCredit | None
    quote: Quote
    shipping_method: ShippingOption | None = None

    @property
    def item_count(self) -> int:
        """Pieces, of all lines."""
        return sum(item.quantity for item in self.items)


@dataclass(frozen=True)
class CartWish:
    """Where and how the shopper may want the cart sent; `place` None is not known yet."""

    place: Destination | None = None
    shipping: ShippingWish = ANY_METHOD


def summarize_cart(
    cart: Cart | None, *, token: str | None, wish: CartWish | None = None
) -> CartSummary:
    """Return the cart's contents, in five queries: its lines, what else there is of their
    products, what may apply, the taxes, how it can be sent; one more where gift cards pay. Locks
    nothing.

    Lines that cannot be bought now are shown, but not counted into the quote. It is priced as
    the shopper wishes, where that can be had.
    """
    wish = wish or CartWish()
    priced = price_cart(cart, place=wish.place)
    codes = cart.coupon_codes if cart else []
    choice = choose_shipping(priced.pricing, priced.offered, wish.shipping)
    coupons = [_show_coupon(code, choice.quote, priced.live) for code in codes]
    return CartSummary(
        id=cart.pk if cart else None,
        token=token if cart and cart.user_id is None else None,
        items=_add_choices(priced.items),
        coupon=coupons[0] if coupons else None,
        coupons=coupons,
        gift_cards=[c for c in priced.cards if c.kind == GiftCardKind.CARD],
        store_credit=_show_store_credit(cart) if cart else None,
        quote=choice.quote,
        shipping_method=describe_method(choice.method, choice.quote.shipping)
        if choice.method and choice.quote.lines
        else None,
    )


def _add_choices(items: list[CartItem]) -> list[CartItem]:
    known = offers.list_choices(item.offer.product_id for item in items)
    return [replace(item, choices=known[item.offer.product_id]) for item in items]


@dataclass(frozen=True)
class PricedCart:
    """A cart with how it is priced and how it can be sent."""

    items: list[CartItem]
    live: LivePromotions
    pricing: ItemPricing
    offered: tuple[OfferedMethod, ...]
    cards: list[GiftCard]


def price_cart(
    cart: Cart | None, *, place: Destination | None = None
) -> PricedCart:
    """Return the cart's lines, priced for this place, else for where it usually goes. Queries
    as of `summarize_cart`.
    """
    items = load_items(cart) if cart else []
    available = [item for item in items if item.available]
    codes = cart.coupon_codes if cart else []
    live = NO_PROMOTIONS
    if cart is not None and (items or codes):
        live = read_promotions(
            Person(cart.user_id, owner_email(cart)),
            codes,
            {item.offer.product_id for item in items},
        )
    buyer = find_cart_buyer(cart)
    if place is not None:
        buyer = Buyer(Place(place.country, place.state))
    cards = load_gift_cards(cart) if cart else []
    versions = versions_with(cart)
    pricing = quotes.price_items(
        available,
        buyer=buyer,
        live=live,
        user_id=cart.user_id if cart else None,
        gift_cards=gift_card_lookup.as_payment_means(cards),
        tax_version=versions.tax,
    )
    offered: tuple[OfferedMethod, ...] = ()
    sold = any(item.offer.is_gift_card for item in available)
    if (available or place is not None) and not sold:
        offered = list_offered(
            place or find_cart_destination(cart),
            list_pieces(available),
            user_id=cart.user_id if cart else None,
            version=versions.shipping,
        )
    return PricedCart(items, live, pricing, offered, cards)


def list_pieces(items: Iterable[CartItem]) -> list[tuple[int | None, int]]:
    """Return what the lines weigh, as shipping asks: one piece's grams, and how many."""
    return [(item.offer.weight_g, item.quantity) for item in items]


def load_gift_cards(cart: Cart, *, lock: bool = False) -> list[GiftCard]:
    """Return the gift cards and the store credit with which the cart can be paid now: one query,
    none where the shopper has chosen none. Locks: them, if so asked.
    """
    return gift_card_lookup.list_usable(
        cart.gift_card_ids,
        credit_of=cart.user_id if cart.use_store_credit else None,
        lock=lock,
    )


def _show_store_credit(cart: Cart) -> CartStoreCredit | None:
    balance = getattr(cart, "store_credit", None)  # `find_cart` has read it
    if not balance:
        return None
    return CartStoreCredit(balance, cart.use_store_credit)


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
        _OF_SHOPPER,
        user=customer.user and customer.user.pk,
        token=customer.token_hash,
    )


def _fetch_items(sql: str, **params: object) -> list[CartItem]:
    rows = fetch_prepared(sql, params)
    return [
        CartItem(
            row["id"],
            offers.offer_from_row(row),
            row["quantity"],
            row["price_at_add"],
        )
        for row in rows
    ]
