"""What a cart costs: the one quote that cart, checkout, order, invoice and mail all show. Pure: no
database, no clock.

The rules, in the order in which they apply (docs/orders.md): a line is price × quantity; promotions
lower the lines; shipping is priced by what is left, and may be free; fees are added; tax is taken
per line and part, after discounts; gift cards pay last.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

from orders.pricing.effects import Reduction
from orders.pricing.money import PER_MILLION, from_units
from orders.pricing.promotions import (
    BasketLine,
    Cost,
    Discount,
    NotApplied,
    Outcome,
    PromotionTerms,
    Reason,
    ShopperFacts,
    choose_promotions,
)
from orders.pricing.tax import (
    Buyer,
    Rate,
    RateTable,
    Supply,
    Taxed,
    TaxPart,
    TaxRules,
    find_supply,
    sum_taxes,
    tax_levy,
)
from orders.pricing.tax_floor import TaxFloor

CASH_ON_DELIVERY = "cod"


@dataclass(frozen=True, slots=True)
class PriceStep:
    """What shipping costs from so much on: from goods worth so much, or from such a weight."""

    threshold: int
    price: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """What it costs to send the goods. `steps` change the price with what the goods cost after
    discounts.

    It is free above `free_above` (exactly as much is not more); None is never free. Promotions
    of free shipping hold only where it `takes_free_shipping`.
    """

    price: int = 0
    free_above: int | None = None
    steps: tuple[PriceStep, ...] = ()
    takes_free_shipping: bool = True

    def price_for(self, goods: int, *, ships_free: bool = False) -> int:
        """Return what shipping costs for goods that cost so much after discounts.

        `ships_free` says that a promotion makes shipping free.
        """
        if ships_free and self.takes_free_shipping:
            return 0
        if self.free_above is not None and goods > self.free_above:
            return 0
        return price_by_step(self.steps, goods, before=self.price)


def price_by_step(steps: Sequence[PriceStep], reached: int, *, before: int) -> int:
    """Return the price of the highest step that is reached; `before` the first one."""
    return max(
        (step for step in steps if step.threshold <= reached),
        key=lambda step: step.threshold,
        default=PriceStep(0, before),
    ).price


@dataclass(frozen=True, slots=True)
class Fee:
    """What is charged besides; `CASH_ON_DELIVERY` is dropped where gift cards leave nothing to
    collect.
    """

    kind: str
    amount: int


@dataclass(frozen=True, slots=True)
class GiftCard:
    """A card that the shopper wants to pay with, and what is on it."""

    id: UUID
    last4: str
    balance: int


@dataclass(frozen=True, slots=True)
class Basket:
    """What is to be priced: the lines that can be bought, for whom, to where, and how it is
    paid.
    """

    lines: tuple[BasketLine, ...]
    shopper: ShopperFacts
    buyer: Buyer
    delivery: Delivery = Delivery()
    fees: tuple[Fee, ...] = ()
    gift_cards: tuple[GiftCard, ...] = ()


@dataclass(frozen=True, slots=True)
class ShopTerms:
    """What the shop asks: its currency, its promotions (also those that may not apply) and its
    taxes on a day of its own calendar.
    """

    currency: str
    tax: TaxRules
    day: date
    promotions: tuple[PromotionTerms, ...] = ()


class PricedLine(NamedTuple):
    """A line with its share of the discounts, and its tax after that share. Amounts are in smallest
    units.
    """

    line: BasketLine
    discount: int
    taxed: Taxed

    @property
    def charged(self) -> int:
        """What is paid for the line; the tax is in it where prices include it."""
        return self.line.total - self.discount


@dataclass(frozen=True)
class Quote:
    """What it all costs, in smallest units of `currency`. `shipping` is what remains after
    `shipping_discount`.
    """

    currency: str
    tax_included: bool
    lines: tuple[PricedLine, ...]
    shipping: int
    shipping_discount: int
    fees: tuple[Fee, ...]
    shipping_taxed: tuple[Taxed, ...]
    fees_taxed: tuple[Taxed, ...]
    discounts: tuple[Discount, ...]
    not_applied: tuple[NotApplied, ...]
    supply: Supply
    gift_cards: tuple[tuple[GiftCard, int], ...] = ()

    @property
    def subtotal(self) -> int:
        """All lines, before discounts."""
        return sum(line.line.total for line in self.lines)

    @property
    def discount(self) -> int:
        """What promotions take off the lines."""
        return sum(line.discount for line in self.lines)

    @property
    def fee_total(self) -> int:
        """All fees together."""
        return sum(fee.amount for fee in self.fees)

    @property
    def taxed(self) -> tuple[Taxed, ...]:
        """Everything that carries tax: the lines, the shipping, the fees."""
        return (
            *(line.taxed for line in self.lines),
            *self.shipping_taxed,
            *self.fees_taxed,
        )

    @property
    def tax(self) -> int:
        """All parts of all lines, of shipping and of fees."""
        return sum(taxed.amount for taxed in self.taxed)

    @property
    def taxes(self) -> tuple[tuple[TaxPart, int], ...]:
        """Each part with the taxable value under it."""
        return sum_taxes(self.taxed)

    @cached_property
    def total(self) -> int:
        """What the order costs, gift cards aside."""
        added = 0 if self.tax_included else self.tax
        return (
            self.subtotal - self.discount + self.shipping + self.fee_total + added
        )

    @property
    def amount_due(self) -> int:
        """What remains to be paid after gift cards."""
        return self.total - sum(amount for _, amount in self.gift_cards)

    def money(self, units: int) -> Decimal:
        """Return one of the quote's amounts with the currency's decimals."""
        return from_units(units, self.currency)

    def to_json(self) -> dict[str, object]:
        """Return the quote as the API shows it, in its names."""
        return {
            "subtotal": self._text(self.subtotal),
            "discount": self._text(self.discount),
            "shipping": self._text(self.shipping),
            "fees": [
                {"kind": fee.kind, "amount": self._text(fee.amount)}
                for fee in self.fees
            ],
            "tax": self._text(self.tax),
            "taxIncluded": self.tax_included,
            "total": self._text(self.total),
            "amountDue": self._text(self.amount_due),
            "currency": self.currency,
            "discounts": [
                self._show_discount(discount) for discount in self.discounts
            ],
            "notApplied": [
                self._show_refusal(refused) for refused in self.not_applied
            ],
            "taxes": [
                {
                    "name": part.name,
                    "rate": f"{part.percent.normalize():f}",
                    "taxable": self._text(taxable),
                    "amount": self._text(part.amount),
                }
                for part, taxable in self.taxes
            ],
            "giftCards": [
                {"last4": card.last4, "amount": self._text(amount)}
                for card, amount in self.gift_cards
            ],
        }

    def _text(self, units: int) -> str:
        return str(self.money(units))

    def _show_discount(self, discount: Discount) -> dict[str, object]:
        shares = zip(self.lines, discount.shares, strict=True)
        return {
            "promotionId": str(discount.promotion.id),
            "name": discount.promotion.name,
            "code": discount.promotion.code or None,
            "amount": self._text(discount.amount),
            "shippingAmount": self._text(
                self.shipping_discount if discount.ships_free else 0
            ),
            "lines": [
                {"lineId": str(priced.line.id), "amount": self._text(share)}
                for priced, share in shares
                if share
            ],
        }

    def _show_refusal(self, refused: NotApplied) -> dict[str, object]:
        missing = None
        if refused.reason == Reason.MINIMUM_SPEND:
            missing = self._text(refused.missing)
        elif refused.reason == Reason.MINIMUM_PIECES:
            missing = str(refused.missing)
        return {
            "promotionId": str(refused.promotion.id),
            "name": refused.promotion.name,
            "code": refused.promotion.code or None,
            "reason": str(refused.reason),
            "missing": missing,
        }


def quote(basket: Basket, terms: ShopTerms) -> Quote:
    """Return what the basket costs. Nothing costs nothing, shipping and fees included."""
    supply = find_supply(terms.tax, basket.buyer)
    pricing = _Pricing(basket, terms, terms.tax.find_table(supply, terms.day))
    outcome = choose_promotions(
        basket.lines,
        basket.shopper,
        terms.promotions,
        Cost(pricing.cost, pricing.count_least),
    )
    return pricing.finish(outcome, supply)


class _Pricing:
    """One quote in the making."""

    def __init__(self, basket: Basket, terms: ShopTerms, table: RateTable) -> None:
        self.basket = basket
        self.terms = terms
        self.table = table
        self.totals = [line.total for line in basket.lines]
        self.subtotal = sum(self.totals)
        # Of each line, what is known of a price of it: most promotions leave most lines alone.
        self._taxes: list[dict[int, tuple[Rate | None, int]]] = [
            {} for _ in self.totals
        ]
        self._lowest: int | None = None
        self._floor: TaxFloor | None = None

    def cost(self, prices: Sequence[int], ships_free: bool) -> int:
        """Return what the shopper pays, fees aside, when the lines cost this much."""
        goods = sum(prices)
        shipping = self._ship(goods, ships_free=ships_free)
        if self.table.included:
            return goods + shipping
        taxed = self._tax_lines(prices)
        tax = sum([amount for _, amount in taxed])
        if shipping:
            rates = [rate for rate, _ in taxed]
            shipping_taxed = tax_levy(
                self.terms.tax.shipping,
                shipping,
                self.table,
                list(zip(prices, rates, strict=True)),
            )
            tax += sum(each.amount for each in shipping_taxed)
        return goods + shipping + tax

    def _tax_lines(self, prices: Sequence[int]) -> list[tuple[Rate | None, int]]:
        """Return the rate of each line, and its tax, where prices do not include it."""
        taxed = []
        for line, known, price in zip(
            self.basket.lines, self._taxes, prices, strict=True
        ):
            found = known.get(price)
            if found is None:
                found = self.table.find_tax(line.tax_class, price, line.quantity)
                known[price] = found
            taxed.append(found)
        return taxed

    def count_least(
        self, reduction: Reduction, ships_free: bool, beaten_by: int
    ) -> int:
        """Return the least that the shopper can pay, fees aside, with so much off. Where prices
        include the tax, that is what they pay. It is as near as can be only below `beaten_by`.
        """
        goods = self.subtotal - reduction.off
        least = goods + self._ship(goods, ships_free=ships_free)
        if self.table.included:
            return least
        coarse = least + self._find_coarse_floor(goods)
        if coarse > beaten_by:
            return coarse
        if self._floor is None:
            taxes = [amount for _, amount in self._tax_lines(self.totals)]
            self._floor = TaxFloor(
                self.basket.lines, self.totals, taxes, self.table
            )
        return least + self._floor.count(reduction)

    def _find_coarse_floor(self, goods: int) -> int:
        """Return an amount that the tax on goods of this price is never below: quick, and
        coarse, as it does not ask which lines the reduction is of.
        """
        if self._lowest is None:
            classes = {line.tax_class for line in self.basket.lines}
            self._lowest = min(map(self.table.find_lowest, classes), default=0)
        rounding = len(self.totals) * self.table.most_parts
        return max(0, goods * self._lowest // PER_MILLION - rounding)

    def finish(self, outcome: Outcome, supply: Supply) -> Quote:
        """Return the quote with these discounts, its gift cards taken in the order they were
        given.
        """
        cards = self.basket.gift_cards
        fees = self.basket.fees if self.basket.lines else ()
        if cards:
            prepaid = self._reckon(
                outcome,
                supply,
                tuple(fee for fee in fees if fee.kind != CASH_ON_DELIVERY),
            )
            if prepaid.total <= sum(card.balance for card in cards):
                return _pay_by_cards(prepaid, cards)
        return _pay_by_cards(self._reckon(outcome, supply, fees), cards)

    def _reckon(
        self, outcome: Outcome, supply: Supply, fees: tuple[Fee, ...]
    ) -> Quote:
        lines, rules, prices = self.basket.lines, self.terms.tax, outcome.prices
        off = list(map(int.__sub__, self.totals, prices))
        rates = self._find_rates(prices)
        goods = list(zip(prices, rates, strict=True))
        full_shipping = self._ship(sum(prices))
        ships_free = any(discount.ships_free for discount in outcome.discounts)
        shipping = self._ship(sum(prices), ships_free=ships_free)
        fee_total = sum(fee.amount for fee in fees)
        return Quote(
            currency=self.terms.currency,
            tax_included=self.table.included,
            lines=tuple(
                map(PricedLine, lines, off, map(self.table.tax, prices, rates))
            ),
            shipping=shipping,
            shipping_discount=full_shipping - shipping,
            fees=fees,
            shipping_taxed=tax_levy(rules.shipping, shipping, self.table, goods),
            fees_taxed=tax_levy(rules.fees, fee_total, self.table, goods),
            discounts=outcome.discounts,
            not_applied=outcome.not_applied,
            supply=supply,
        )

    def _ship(self, goods: int, *, ships_free: bool = False) -> int:
        if not self.basket.lines:
            return 0
        return self.basket.delivery.price_for(goods, ships_free=ships_free)

    def _find_rates(self, prices: Sequence[int]) -> list[Rate | None]:
        if not self.table.included:
            return [rate for rate, _ in self._tax_lines(prices)]
        return [
            self.table.find_rate(line.tax_class, price, line.quantity)
            for line, price in zip(self.basket.lines, prices, strict=True)
        ]


def _pay_by_cards(priced: Quote, cards: Sequence[GiftCard]) -> Quote:
    if not cards:
        return priced
    left, used = priced.total, []
    for card in cards:
        if amount := min(card.balance, left):
            used.append((card, amount))
            left -= amount
    return replace(priced, gift_cards=tuple(used))
