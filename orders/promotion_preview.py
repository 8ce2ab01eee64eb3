"""What promotions would have meant for last week's orders: each is priced anew."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from markrin.localized import format_money
from orders.models import Coupon, Order
from orders.pricing.money import from_units, to_units
from orders.pricing.promotions import BasketLine, PromotionTerms, ShopperFacts
from orders.pricing.quote import Basket, Delivery, ShopTerms, quote
from orders.pricing.shipping import MethodTerms, price_delivery
from orders.pricing.tax import Buyer, Place, TaxRules
from orders.promotion_terms import Person, read_promotions
from orders.shipping_terms import read_all_methods, read_settings_method
from products.selectors import offers

_DAYS: Final = 7
MAX_ORDERS: Final = 500
SHOWN: Final = 20


@dataclass(frozen=True)
class PricedOrder:
    """What an order of last week would cost, goods and shipping, in smallest units."""

    number: str
    total: int
    promotions: str


def price_last_week() -> dict[str, PricedOrder]:
    """Return the latest orders of the last seven days, priced with the promotions as they are in
    the database now, at the prices that were paid.

    Codes count as typed wherever they would apply, so that a coupon can be tried out.
    Limits, groups and first orders are not looked at."""
    since = timezone.now() - timedelta(days=_DAYS)
    orders = list(
        Order.objects.filter(created_at__gte=since)
        .exclude(status="cancelled")
        .prefetch_related("lines")
        .order_by("-created_at", "-id")[:MAX_ORDERS]
    )
    of_variants = offers.get_offers(
        {line.variant_id for order in orders for line in order.lines.all()}
    )
    products = {line.product_id for order in orders for line in order.lines.all()}
    terms, methods = _read_terms(products), read_all_methods()
    usual = read_settings_method()
    return {
        order.number: _price(
            order,
            of_variants,
            terms,
            methods.get(order.shipping_method_id or usual.id, usual),
        )
        for order in orders
    }


def _read_terms(product_ids: Iterable[UUID]) -> tuple[PromotionTerms, ...]:
    codes = (
        Coupon.objects.filter(promotion__is_active=True)
        .order_by("promotion_id", "code")
        .distinct("promotion_id")
        .values_list("code", flat=True)
    )
    live = read_promotions(Person(None, ""), list(codes), product_ids)
    return tuple(replace(terms, spent=None) for terms in live.terms)


def _price(
    order: Order,
    of_variants: Mapping[UUID, offers.Offer],
    terms: tuple[PromotionTerms, ...],
    method: MethodTerms,
) -> PricedOrder:
    """Price an order anew, sent as it was by a method as that is now."""
    currency = settings.SHOP_CURRENCY
    lines = tuple(
        BasketLine(
            id=line.pk,
            product_id=line.product_id,
            unit_price=to_units(line.unit_price, currency),
            quantity=line.quantity,
            category_ids=frozenset(offer.category_ids),
            on_sale=offer.is_reduced,
        )
        for line in order.lines.all()
        if (offer := of_variants.get(line.variant_id)) is not None
    )
    pieces = [
        (offer.weight_g, line.quantity)
        for line in order.lines.all()
        if (offer := of_variants.get(line.variant_id)) is not None
    ]
    place = Place(order.country, order.state_code)
    priced = quote(
        Basket(
            lines,
            ShopperFacts(timezone.now(), order.country, is_first_order=True),
            Buyer(place),
            price_delivery(method, pieces) or Delivery(method.price),
        ),
        ShopTerms(currency, TaxRules(True, place), timezone.localdate(), terms),
    )
    names = ", ".join(each.promotion.name for each in priced.discounts)
    return PricedOrder(order.number, priced.total, names or "none")


def compare_weeks(
    before: dict[str, PricedOrder], after: dict[str, PricedOrder]
) -> tuple[str, Sequence[str], Sequence[Sequence[str]]]:
    """Return a sentence, the head and the rows of what would have been different."""
    changed = [
        (before[number], after[number])
        for number in before
        if number in after and before[number].total != after[number].total
    ]
    changed.sort(key=lambda pair: pair[1].total - pair[0].total)
    saved = sum(old.total - new.total for old, new in changed)
    said = (
        f"Of {len(before)} orders of the last seven days {len(changed)} would have cost something"
        f" else, {_money(saved)} less in all (tax aside; codes count as typed)."
    )
    rows = [
        (
            old.number,
            _money(old.total),
            _money(new.total),
            old.promotions,
            new.promotions,
        )
        for old, new in changed[:SHOWN]
    ]
    return said, ("Order", "Now", "Then", "Promotions now", "Promotions then"), rows


def _money(units: int) -> str:
    currency = settings.SHOP_CURRENCY
    return format_money(from_units(units, currency), currency)
