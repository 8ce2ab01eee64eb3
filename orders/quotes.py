"""A cart's quote: its lines, promotions and the shop's rules, as `orders/pricing` takes them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from orders import errors
from orders.pricing.money import to_units
from orders.pricing.promotions import BasketLine, ShopperFacts
from orders.pricing.quote import (
    CASH_ON_DELIVERY,
    Basket,
    Delivery,
    Fee,
    GiftCard,
    Quote,
    ShopTerms,
    quote,
)
from orders.pricing.tax import Buyer, Place, TaxRules
from orders.promotion_terms import LivePromotions
from orders.shipping_offers import OfferedMethod, find_cheapest
from orders.tax_rules import read_tax_rules

if TYPE_CHECKING:
    from orders.cart_lines import CartItem


@dataclass(frozen=True)
class ItemPricing:
    """What is needed to price some lines of a cart, however they are sent."""

    basket: Basket
    terms: ShopTerms

    def quote_with(
        self, method: OfferedMethod | None, *, pays_cash: bool = False
    ) -> Quote:
        """Return what the lines cost, sent by this method; with its fee, if it has one, where
        they are paid at the door. No query.
        """
        fees: tuple[Fee, ...] = ()
        if method is None:
            return quote(
                replace(self.basket, delivery=Delivery(), fees=()), self.terms
            )
        if pays_cash and method.cash_fee:
            fees = (Fee(CASH_ON_DELIVERY, method.cash_fee),)
        return quote(
            replace(self.basket, delivery=method.delivery, fees=fees), self.terms
        )

    def quote_cheapest(
        self, offered: Sequence[OfferedMethod], *, pays_cash: bool = False
    ) -> tuple[Quote, OfferedMethod | None]:
        """Return the quote with the cheapest method for what the goods cost after discounts; of
        two the faster one, then the first. No query; discounts are reckoned twice at most.
        """
        goods = sum(line.total for line in self.basket.lines)
        chosen = find_cheapest(offered, goods, pays_cash=pays_cash)
        found = self.quote_with(chosen, pays_cash=pays_cash)
        goods = found.subtotal - found.discount
        better = find_cheapest(offered, goods, pays_cash=pays_cash)
        if better is not chosen:
            return self.quote_with(better, pays_cash=pays_cash), better
        return found, chosen


def price_items(
    items: "Sequence[CartItem]",
    *,
    buyer: Buyer,
    live: LivePromotions,
    user_id: UUID | None = None,
    needs_state: bool = False,
    gift_cards: tuple[GiftCard, ...] = (),
    tax_version: UUID | None = None,
) -> ItemPricing:
    """Return how these lines of a cart are priced, with what may apply to them: one query, or
    none where `tax_version` is that of just now. Gift cards pay in the order given.

    Gift cards that are bought cost just what they are worth: no tax and no promotions; other cards
    cannot pay for them.

    With `needs_state` the address must say in which state it is, where taxes differ by state.

    Raises:
        StateCodeNeeded: it does not.
    """
    now, currency = timezone.localtime(), settings.SHOP_CURRENCY
    countries = {buyer.ships_to.country}
    if buyer.business_place is not None:
        countries.add(buyer.business_place.country)
    sold = any(item.offer.is_gift_card for item in items)
    rules = (
        read_tax_rules(*countries, user_id=user_id, version=tax_version)
        if items and not sold
        else _no_rules()
    )
    if needs_state and not buyer.ships_to.state:
        _refuse_without_state(rules, buyer)
    basket = Basket(
        lines=tuple([_read_line(item, currency) for item in items]),
        shopper=ShopperFacts(
            live.moment or now,
            buyer.ships_to.country,
            is_first_order=True,  # the database has looked at that, and at groups
        ),
        buyer=buyer,
        gift_cards=() if sold else gift_cards,
    )
    terms = ShopTerms(
        currency=currency,
        tax=rules,
        day=now.date(),
        promotions=live.terms,
    )
    return ItemPricing(basket, terms)


def _no_rules() -> TaxRules:
    return TaxRules(settings.TAX_INCLUDED, Place(settings.SHOP_COUNTRY))


def _refuse_without_state(rules: TaxRules, buyer: Buyer) -> None:
    country = buyer.ships_to.country
    if any(zone.country == country and zone.states for zone in rules.zones):
        raise errors.StateCodeNeeded


def _read_line(item: "CartItem", currency: str) -> BasketLine:
    return BasketLine(
        id=item.id,
        product_id=item.offer.product_id,
        unit_price=to_units(item.offer.price, currency),
        quantity=item.quantity,
        category_ids=frozenset(item.offer.category_ids),
        on_sale=item.offer.is_reduced,
        tax_class=item.offer.tax_class,
        is_promotable=not item.offer.is_gift_card,
    )
