"""A cart's quote: its lines, its coupon and the shop's rules, as `orders/pricing` takes them."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone

from orders.models import Coupon
from orders.models.coupon import CouponKind
from orders.pricing.money import to_units
from orders.pricing.promotions import (
    AmountOff,
    BasketLine,
    PercentOff,
    PromotionTerms,
    ShopperFacts,
)
from orders.pricing.quote import Basket, Delivery, Quote, ShopTerms, quote
from orders.pricing.tax import Buyer, Place, Rate, RatePart, TaxRules, Zone

if TYPE_CHECKING:
    from orders.cart_summary import CartItem


def quote_items(items: "Sequence[CartItem]", *, coupon: Coupon | None) -> Quote:
    """Return what these lines of a cart cost. `coupon` is one that nothing speaks against."""
    place = Place(settings.SHOP_COUNTRY)
    basket = Basket(
        lines=tuple(_read_line(item) for item in items),
        shopper=ShopperFacts(timezone.now(), place.country),
        buyer=Buyer(place),
        delivery=Delivery(
            to_units(settings.SHIPPING_FEE, settings.SHOP_CURRENCY),
            to_units(settings.SHIPPING_FREE_ABOVE, settings.SHOP_CURRENCY),
        ),
    )
    terms = ShopTerms(
        currency=settings.SHOP_CURRENCY,
        tax=_read_tax_rules(items, place),
        day=timezone.localdate(),
        promotions=(_read_coupon(coupon),) if coupon else (),
    )
    return quote(basket, terms)


def _read_line(item: "CartItem") -> BasketLine:
    return BasketLine(
        id=item.id,
        product_id=item.offer.product_id,
        unit_price=to_units(item.offer.price, settings.SHOP_CURRENCY),
        quantity=item.quantity,
        tax_class=str(item.offer.tax_percent),
    )


def _read_coupon(coupon: Coupon) -> PromotionTerms:
    effect: PercentOff | AmountOff = PercentOff(coupon.value)
    if coupon.kind == CouponKind.FIXED:
        effect = AmountOff(to_units(coupon.value, settings.SHOP_CURRENCY))
    return PromotionTerms(coupon.pk, coupon.code, effect, code=coupon.code)


def _read_tax_rules(items: "Sequence[CartItem]", place: Place) -> TaxRules:
    """Return a class for each percentage that the lines' categories state."""
    percents: set[Decimal] = {item.offer.tax_percent for item in items}
    zone = Zone(place.country, place.country)
    return TaxRules(
        included=settings.TAX_INCLUDED,
        origin=place,
        zones=(zone,),
        rates=tuple(
            Rate(str(percent), zone.name, (RatePart("Tax", percent),))
            for percent in sorted(percents)
        ),
    )
