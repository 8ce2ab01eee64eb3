"""A cart as its shopper sees it: the lines at today's prices, and the quote for what of
them can be bought.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from markrin.api.errors import ShopError
from markrin.db.sql import Query, fetch_together
from orders import cart_lines, coupon_rules, gift_card_lookup, quotes
from orders.buyers import find_cart_buyer, find_cart_destination
from orders.cart_lines import CartItem
from orders.models import Cart, GiftCard
from orders.models.gift_card import GiftCardKind
from orders.pricing.quote import Quote
from orders.pricing.shipping import Destination
from orders.pricing.tax import Buyer, Place
from orders.promotion_terms import (
    NO_PROMOTIONS,
    LivePromotions,
    Person,
    may_have_promotions,
    query_promotions,
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
    cart: Cart | None,
    *,
    token: str | None,
    wish: CartWish | None = None,
    items: Sequence[CartItem] | None = None,
    change: Query[object] | None = None,
) -> CartSummary:
    """Return the cart's contents, in four queries at most: its lines, what may apply, the taxes,
    how it can be sent; one more where gift cards pay, one less where the lines are given as
    `items`, as `cart_lines.load_shown_items` reads them. A `change` of the cart that has made it so
    is sent with the query of what may apply. Locks nothing.

    Lines that cannot be bought now are shown, but not counted into the quote. It is priced as
    the shopper wishes, where that can be had.
    """
    wish = wish or CartWish()
    if items is None:
        items = cart_lines.load_shown_items(cart) if cart else []
    priced = price_cart(cart, items, place=wish.place, change=change)
    codes = cart.coupon_codes if cart else []
    choice = choose_shipping(priced.pricing, priced.offered, wish.shipping)
    coupons = [_show_coupon(code, choice.quote, priced.live) for code in codes]
    return CartSummary(
        id=cart.pk if cart else None,
        token=token if cart and cart.user_id is None else None,
        items=priced.items,
        coupon=coupons[0] if coupons else None,
        coupons=coupons,
        gift_cards=[c for c in priced.cards if c.kind == GiftCardKind.CARD],
        store_credit=_show_store_credit(cart) if cart else None,
        quote=choice.quote,
        shipping_method=describe_method(choice.method, choice.quote.shipping)
        if choice.method and choice.quote.lines
        else None,
    )


@dataclass(frozen=True)
class PricedCart:
    """A cart with how it is priced and how it can be sent."""

    items: list[CartItem]
    live: LivePromotions
    pricing: ItemPricing
    offered: tuple[OfferedMethod, ...]
    cards: list[GiftCard]


def price_cart(
    cart: Cart | None,
    items: Sequence[CartItem],
    *,
    place: Destination | None = None,
    change: Query[object] | None = None,
) -> PricedCart:
    """Return the cart with these lines, priced for this place, else for where it usually goes.
    Queries as of `summarize_cart`, but for the lines.
    """
    available = [item for item in items if item.available]
    live = _read_promotions(cart, items, change)
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
    return PricedCart(list(items), live, pricing, offered, cards)


def _read_promotions(
    cart: Cart | None, items: Sequence[CartItem], change: Query[object] | None
) -> LivePromotions:
    asks = cart is not None and may_have_promotions(cart, cart.coupon_codes)
    if cart is None or not asks or not (items or cart.coupon_codes):
        if change is not None:
            change.fetch()
        return NO_PROMOTIONS
    query = query_promotions(
        Person(cart.user_id, owner_email(cart)),
        cart.coupon_codes,
        {item.offer.product_id for item in items},
    )
    return query.fetch() if change is None else fetch_together(change, query)[1]


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
