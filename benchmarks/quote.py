"""What a quote of 50 lines costs with 100 live promotions, beside one of a line and none.

    python -m benchmarks.quote

Pure reckoning, without database and server. Three shops: `usual` has promotions
of every kind, most of them about a part of the goods, some exclusive; in `rivals` each of the
hundred is exclusive and about all goods; in `pile` all of them combine on all goods, which no shop
does. Both taxes in the price and on top of it are tried. The last column is the quote with each
line's share of each promotion, which an order and the API's answer ask for.
"""

import random
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from statistics import median
from typing import Final
from uuid import UUID

from orders.pricing.effects import (
    AmountOff,
    BuyXGetY,
    Effect,
    FixedPrice,
    FreeShipping,
    PercentOff,
    Tier,
    TierBy,
    Tiered,
)
from orders.pricing.promotions import (
    BasketLine,
    Conditions,
    PromotionTerms,
    ShopperFacts,
)
from orders.pricing.quote import Basket, Delivery, ShopTerms, quote
from orders.pricing.tax import Buyer, Place, TaxRules
from orders.pricing.tax_presets import read_preset

LINES: Final = 50
PROMOTIONS: Final = 100
GOAL: Final = 20
_CATEGORIES: Final = 12
_NOW: Final = datetime(2026, 11, 26, 12, tzinfo=UTC)
_TURNS: Final = 25


def _id(number: int) -> UUID:
    return UUID(int=number)


def make_lines(count: int) -> tuple[BasketLine, ...]:
    """Return so many lines of dearer and cheaper things."""
    dice = random.Random(15)
    return tuple(
        BasketLine(
            id=_id(n),
            product_id=_id(1000 + n),
            unit_price=dice.randrange(29_900, 499_900, 100),
            quantity=dice.choice([1, 1, 1, 2, 3]),
            category_ids=frozenset([_id(1), _id(2 + dice.randrange(_CATEGORIES))]),
            on_sale=dice.random() < 0.2,
            tax_class=dice.choice(["apparel", "footwear"]),
        )
        for n in range(1, count + 1)
    )


def make_promotions(shop: str) -> tuple[PromotionTerms, ...]:
    """Return a shop's hundred promotions; see the module."""
    dice = random.Random(16)
    made = []
    for n in range(PROMOTIONS):
        effect, about = _make_usual(n, dice)
        if shop != "usual":
            effect = PercentOff(
                1 + Decimal(n) / 10 if shop == "rivals" else Decimal(2)
            )
        conditions = about if shop == "usual" else Conditions()
        exclusive = shop == "rivals" or (shop == "usual" and n % 4 == 0)
        made.append(
            PromotionTerms(
                _id(5000 + n),
                f"Promotion {n}",
                effect,
                conditions,
                priority=n % 10,
                exclusive=exclusive,
            )
        )
    return tuple(made)


def _make_usual(n: int, dice: random.Random) -> tuple[Effect, Conditions]:
    category = frozenset([_id(2 + dice.randrange(_CATEGORIES))])
    within = Conditions(category_ids=category, exclude_sale_items=n % 3 == 0)
    percent = PercentOff(Decimal(dice.choice([5, 10, 15])))
    choices: tuple[tuple[Effect, Conditions], ...] = (
        (percent, within),
        (BuyXGetY(2, 1), within),
        (percent, Conditions(min_spend=dice.choice([100_000, 900_000_000]))),
        (
            FixedPrice(49_900),
            Conditions(product_ids=frozenset([_id(1001 + n % 60)])),
        ),
        (AmountOff(20_000), within),
        (
            Tiered(
                TierBy.PIECES, (Tier(2, percent), Tier(4, PercentOff(Decimal(20))))
            ),
            within,
        ),
        (FreeShipping(), Conditions(min_spend=200_000)),
        (
            percent,
            Conditions(product_ids=frozenset([_id(1001 + n), _id(1002 + n)])),
        ),
        (percent, Conditions(countries=frozenset(["US"]))),
        (percent, Conditions(min_pieces=500)),
    )
    return choices[n % 10]


def make_basket(lines: tuple[BasketLine, ...]) -> Basket:
    """Return the lines as a customer's in India."""
    return Basket(
        lines,
        ShopperFacts(_NOW, "IN"),
        Buyer(Place("IN", "IN-MH")),
        Delivery(9900, free_above=999_00),
    )


def make_terms(
    promotions: tuple[PromotionTerms, ...], *, included: bool
) -> ShopTerms:
    """Return the terms of a shop in Karnataka."""
    preset = read_preset("in", state="KA")
    rules = TaxRules(
        included, Place("IN", "IN-KA"), preset.zones, preset.rates, preset.regime
    )
    return ShopTerms("INR", rules, date(2026, 11, 26), promotions)


def list_shares(basket: Basket, terms: ShopTerms) -> list[tuple[int, ...]]:
    """Return each line's share of each promotion that applies."""
    return [discount.shares for discount in quote(basket, terms).discounts]


def measure(reckon: Callable[[], object]) -> float:
    """Return the seconds of the processor that it takes: the median of several turns."""
    reckon()
    began = time.process_time()
    reckon()
    runs = max(1, int(0.01 / (time.process_time() - began)))
    took = []
    for _ in range(_TURNS):
        began = time.process_time()
        for _ in range(runs):
            reckon()
        took.append((time.process_time() - began) / runs)
    return median(took)


def main() -> None:
    """Print a line for each shop and way of taxing."""
    print(
        "| shop | taxes | one line, none | 50 lines, 100 promotions | ratio (goal 20) |"
        " with all shares |"
    )
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    for included in (True, False):
        one = make_basket(make_lines(1))
        none = make_terms((), included=included)
        # mypy cannot infer a lambda's defaults
        least = measure(lambda one=one, none=none: quote(one, none))  # type: ignore[misc]
        for shop in ("usual", "rivals", "pile"):
            many = make_basket(make_lines(LINES))
            terms = make_terms(make_promotions(shop), included=included)
            # as above
            took = measure(lambda many=many, terms=terms: quote(many, terms))  # type: ignore[misc]
            # as above
            shared = measure(
                lambda many=many, terms=terms: list_shares(many, terms)  # type: ignore[misc]
            )
            taxes = "in the price" if included else "on top"
            print(
                f"| {shop} | {taxes} | {least * 1e6:.0f} µs | {took * 1e6:.0f} µs |"
                f" {took / least:.1f} | {shared / least:.1f} |"
            )


if __name__ == "__main__":
    main()
