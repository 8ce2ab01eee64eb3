"""A cart's quote: its lines, its coupon and the shop's rules, as `orders/pricing` takes them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone

from orders import errors
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
from orders.pricing.tax import Buyer, Place, TaxRules
from orders.tax_rules import read_tax_rules

if TYPE_CHECKING:
    from orders.cart_summary import CartItem


def quote_items(
    items: "Sequence[CartItem]",
    *,
    buyer: Buyer,
    coupon: Coupon | None,
    needs_state: bool = False,
) -> Quote:
    """Return what these lines of a cart cost, in two queries at most.

    `coupon` is one that nothing speaks against. With `needs_state` the address must say in which
    state it is, where taxes differ by state.

    Raises:
        StateCodeNeeded: it does not.
    """
    countries = {buyer.ships_to.country}
    if buyer.business_place is not None:
        countries.add(buyer.business_place.country)
    rules = read_tax_rules(*countries) if items else _no_rules()
    if needs_state and not buyer.ships_to.state:
        _refuse_without_state(rules, buyer)
    basket = Basket(
        lines=tuple(_read_line(item) for item in items),
        shopper=ShopperFacts(timezone.now(), buyer.ships_to.country),
        buyer=buyer,
        delivery=Delivery(
            to_units(settings.SHIPPING_FEE, settings.SHOP_CURRENCY),
            to_units(settings.SHIPPING_FREE_ABOVE, settings.SHOP_CURRENCY),
        ),
    )
    terms = ShopTerms(
        currency=settings.SHOP_CURRENCY,
        tax=rules,
        day=timezone.localdate(),
        promotions=(_read_coupon(coupon),) if coupon else (),
    )
    return quote(basket, terms)


def _no_rules() -> TaxRules:
    return TaxRules(settings.TAX_INCLUDED, Place(settings.SHOP_COUNTRY))


def _refuse_without_state(rules: TaxRules, buyer: Buyer) -> None:
    country = buyer.ships_to.country
    if any(zone.country == country and zone.states for zone in rules.zones):
        raise errors.StateCodeNeeded


def _read_line(item: "CartItem") -> BasketLine:
    return BasketLine(
        id=item.id,
        product_id=item.offer.product_id,
        unit_price=to_units(item.offer.price, settings.SHOP_CURRENCY),
        quantity=item.quantity,
        tax_class=item.offer.tax_class,
    )


def _read_coupon(coupon: Coupon) -> PromotionTerms:
    effect: PercentOff | AmountOff = PercentOff(coupon.value)
    if coupon.kind == CouponKind.FIXED:
        effect = AmountOff(to_units(coupon.value, settings.SHOP_CURRENCY))
    return PromotionTerms(coupon.pk, coupon.code, effect, code=coupon.code)
