"""A cart's quote: its lines, promotions and the shop's rules, as `orders/pricing` takes them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone

from orders import errors
from orders.pricing.money import to_units
from orders.pricing.promotions import BasketLine, ShopperFacts
from orders.pricing.quote import Basket, Delivery, Quote, ShopTerms, quote
from orders.pricing.tax import Buyer, Place, TaxRules
from orders.promotion_terms import LivePromotions
from orders.tax_rules import read_tax_rules

if TYPE_CHECKING:
    from orders.cart_summary import CartItem


def quote_items(
    items: "Sequence[CartItem]",
    *,
    buyer: Buyer,
    live: LivePromotions,
    needs_state: bool = False,
) -> Quote:
    """Return what these lines of a cart cost, with what may apply to it: one query.

    With `needs_state` the address must say in which state it is, where taxes differ by state.

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
        shopper=ShopperFacts(
            live.moment or timezone.now(),
            buyer.ships_to.country,
            is_first_order=True,  # the database has looked at that, and at groups
        ),
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
        promotions=live.terms,
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
        category_ids=frozenset(item.offer.category_ids),
        collection_ids=frozenset(
            [item.offer.collection] if item.offer.collection else []
        ),
        on_sale=item.offer.is_reduced,
        tax_class=item.offer.tax_class,
    )
