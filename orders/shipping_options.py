"""What shoppers are shown of shipping: the options of a cart, the dates of a product, and above
what the shop delivers for free.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.conf import settings

from markrin.api.errors import NotFound
from orders import cart_lines, cart_summary, errors
from orders.buyers import find_cart_destination
from orders.cart_summary import PricedCart
from orders.models import Cart
from orders.pricing.money import from_units, to_units
from orders.pricing.shipping import CashReason, Destination
from orders.promotion_terms import Person
from orders.rule_versions import versions_with
from orders.shipping_choice import CashSender, find_cash_refusal
from orders.shipping_offers import (
    OfferedMethod,
    ShippingOption,
    describe_method,
    find_cheapest,
    list_offered,
)
from products.selectors import offers


@dataclass(frozen=True)
class ProductDelivery:
    """When a product arrives by the cheapest method, and how else it can be sent."""

    country: str
    postal_code: str
    delivers_from: date | None
    delivers_until: date | None
    items: list[ShippingOption]


def list_options(
    cart: Cart | None, *, place: Destination | None, person: Person
) -> list[ShippingOption]:
    """Return how a cart can be sent to this place, the cheapest way first; nothing where it has
    gift cards, which are mailed. Five queries, one more where open cash orders are limited.

    Raises:
        NotDeliveredThere: it cannot be.
    """
    items = cart_lines.load_items(cart) if cart else []
    priced = cart_summary.price_cart(cart, items, place=place)
    if any(item.offer.is_gift_card for item in priced.items if item.available):
        return []  # they are mailed
    offered = priced.offered
    if not offered:
        offered = list_offered(
            place or find_cart_destination(cart),
            [],
            user_id=cart.user_id if cart else None,
            version=versions_with(cart).shipping,
        )
    if not offered:
        raise errors.NotDeliveredThere
    sender = CashSender(person)
    options = [_show_option(priced, method, sender) for method in offered]
    return sorted(options, key=lambda option: option.price)


def _show_option(
    priced: PricedCart, method: OfferedMethod, sender: CashSender
) -> ShippingOption:
    quote = priced.pricing.quote_with(method)
    # An empty cart costs nothing; what sending something would cost is said all the same.
    price = quote.shipping if quote.lines else method.delivery.price_for(0)
    refused: CashReason | None = None
    if method.cash and (method.cash.max_total, method.cash.max_open) != (
        None,
        None,
    ):
        with_fee = priced.pricing.quote_with(method, pays_cash=True)
        refused = find_cash_refusal(method, with_fee, sender)
    return describe_method(method, price, refused)


def get_product_delivery(
    *, product_id: UUID, place: Destination | None
) -> ProductDelivery:
    """Return when one piece of a published product arrives at this place, else somewhere in the
    shop's own country. Two queries.

    Raises:
        NotFound: there is no such product.
        NotDeliveredThere: nothing is sent there.
    """
    place = place or Destination(settings.SHOP_COUNTRY)
    on_sale = offers.list_product_offers(product_id)
    if not on_sale:
        raise NotFound
    if on_sale[0].is_gift_card:  # it is mailed
        return ProductDelivery(place.country, place.postal_code, None, None, [])
    offered = list_offered(place, [(on_sale[0].weight_g, 1)])
    if not offered:
        raise errors.NotDeliveredThere
    goods = to_units(on_sale[0].price, settings.SHOP_CURRENCY)
    cheapest = find_cheapest(offered, goods)
    promise = cheapest.promise if cheapest else None
    options = [
        describe_method(method, method.delivery.price_for(goods))
        for method in offered
    ]
    return ProductDelivery(
        country=place.country,
        postal_code=place.postal_code,
        delivers_from=promise.first if promise else None,
        delivers_until=promise.last if promise else None,
        items=sorted(options, key=lambda option: option.price),
    )


def get_free_above() -> Decimal | None:
    """Return above what the shop delivers for free somewhere in its own country, None if it does
    not. One query.

    That is what the method says which a cart is quoted with while nothing else is known. One
    that costs nothing is free above 0.
    """
    offered = list_offered(Destination(settings.SHOP_COUNTRY), [])
    cheapest = find_cheapest(offered, 0)
    if cheapest is None:
        return None
    delivery = cheapest.delivery
    if not delivery.price and not delivery.steps:
        return _money(0)
    return None if delivery.free_above is None else _money(delivery.free_above)


def _money(units: int) -> Decimal:
    return from_units(units, settings.SHOP_CURRENCY)
