"""Short ways to say what a basket, a promotion or a shop's terms are, and random ones."""

import os
import random
from datetime import UTC, date, datetime
from decimal import Decimal
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
from orders.pricing.quote import Basket, Delivery, ShopTerms
from orders.pricing.tax import Buyer, Place, TaxRules
from orders.pricing.tax_presets import read_preset

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
TODAY = date(2026, 11, 26)
KARNATAKA = Place("IN", "IN-KA")
MAHARASHTRA = Place("IN", "IN-MH")
ANYBODY = ShopperFacts(NOW, "IN")


def cases(few: int, many: int) -> int:
    """Return how many random cases to try: `many` in the long form, `make pricing`."""
    return many if os.environ.get("PRICING") == "full" else few


def number(n: int) -> UUID:
    return UUID(int=n)


def line(price: int, quantity: int = 1, n: int = 1, **more) -> BasketLine:
    """Return a line; its id, its product and its category have the same number unless told
    otherwise.
    """
    more.setdefault("product_id", number(n))
    return BasketLine(id=number(n), unit_price=price, quantity=quantity, **more)


def promotion(effect: Effect, n: int = 1, **more) -> PromotionTerms:
    """Return a promotion; what is no field of its own is a condition."""
    own = {name: more.pop(name) for name in _OWN if name in more}
    conditions = Conditions(**more)
    return PromotionTerms(number(n), f"Promotion {n}", effect, conditions, **own)


_OWN = ("priority", "exclusive", "code", "spent")


def indian_rules(*, included: bool = True, state: str = "KA", **more) -> TaxRules:
    preset = read_preset("in", state=state)
    more = {"shipping": preset.shipping, "fees": preset.fees, **more}
    return TaxRules(
        included,
        Place("IN", f"IN-{state}"),
        preset.zones,
        preset.rates,
        preset.regime,
        **more,
    )


def eu_rules(country: str = "DE", **more) -> TaxRules:
    preset = read_preset("eu", country=country)
    more = {"shipping": preset.shipping, "fees": preset.fees, **more}
    return TaxRules(
        True, Place(country), preset.zones, preset.rates, preset.regime, **more
    )


def untaxed_rules() -> TaxRules:
    return TaxRules(True, Place("IN"))


def terms(
    *promotions: PromotionTerms, rules: TaxRules | None = None, **more
) -> ShopTerms:
    more = {"currency": "INR", "day": TODAY, **more}
    return ShopTerms(tax=rules or untaxed_rules(), promotions=promotions, **more)


def basket(*lines: BasketLine, to: Place = KARNATAKA, **more) -> Basket:
    more = {"buyer": Buyer(to), "shopper": ANYBODY, "delivery": Delivery(), **more}
    return Basket(lines, **more)


def random_lines(dice: random.Random, most: int = 6) -> tuple[BasketLine, ...]:
    """Return up to `most` lines of cheap things, where every rounding shows."""
    return tuple(
        line(
            dice.choice(
                [0, 1, 2, 3, 33, 100, 999, dice.randint(1, 5000), 250_000, 262_501]
            ),
            dice.choice([1, 1, 1, 2, 3, 4, 7]),
            n,
            product_id=number(dice.randint(1, 4)),
            category_ids=frozenset(number(dice.randint(10, 13)) for _ in range(2)),
            collection_ids=frozenset(
                number(20 + dice.randint(0, 3)) for _ in range(dice.randint(0, 1))
            ),
            on_sale=dice.random() < 0.3,
            tax_class=dice.choice(
                ["apparel", "footwear", "fabric", "jewellery", ""]
            ),
        )
        for n in range(1, dice.randint(1, most) + 1)
    )


def random_effect(dice: random.Random) -> Effect:
    percent = PercentOff(
        Decimal(dice.choice(["5", "10", "12.5", "33.3333", "50", "100"])),
        dice.choice([None, None, 0, 100, 1000]),
    )
    amount = AmountOff(dice.choice([1, 2, 100, 1000, 10_000, 1_000_000]))
    kind = dice.randrange(6)
    if kind == 0:
        return percent
    if kind == 1:
        return amount
    if kind == 2:
        return FixedPrice(dice.choice([1, 99, 500, 2000]))
    if kind == 3:
        return FreeShipping()
    if kind == 4:
        return BuyXGetY(
            dice.randint(1, 3),
            dice.randint(1, 2),
            Decimal(dice.choice(["100", "50", "33.3333"])),
        )
    steps = sorted(dice.sample([1, 2, 3, 5, 8, 500, 2000], dice.randint(1, 3)))
    effects: list[PercentOff | AmountOff] = [percent, amount]
    tiers = tuple(Tier(step, dice.choice(effects)) for step in steps)
    return Tiered(dice.choice(list(TierBy)), tiers)


def random_promotion(dice: random.Random, n: int) -> PromotionTerms:
    """Return a promotion that applies often, and for which every condition is met or missed now and
    then.
    """

    def some(first: int, last: int) -> frozenset[UUID]:
        return (
            frozenset({number(dice.randint(first, last))})
            if dice.random() < 0.25
            else frozenset()
        )

    return promotion(
        random_effect(dice),
        n,
        priority=dice.randint(0, 2),
        exclusive=dice.random() < 0.4,
        code=dice.choice(["", "CODE"]),
        product_ids=some(1, 4),
        category_ids=some(10, 13),
        collection_ids=some(20, 23),
        group_ids=some(30, 31),
        countries=frozenset(dice.choice([[], [], [], ["IN"], ["DE"]])),
        first_order_only=dice.random() < 0.1,
        exclude_sale_items=dice.random() < 0.2,
        min_spend=dice.choice([0, 0, 0, 500, 5000]),
        min_pieces=dice.choice([0, 0, 0, 2, 5]),
        starts_at=dice.choice([None, None, None, NOW, NOW.replace(hour=13)]),
        ends_at=dice.choice([None, None, None, NOW, NOW.replace(hour=14)]),
    )


def random_shopper(dice: random.Random) -> ShopperFacts:
    groups = (
        frozenset({number(dice.randint(30, 31))})
        if dice.random() < 0.5
        else frozenset()
    )
    return ShopperFacts(
        NOW, dice.choice(["IN", "IN", "DE"]), groups, dice.random() < 0.5
    )
