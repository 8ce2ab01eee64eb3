"""The quote as a whole: worked examples, and random ones reckoned again in exact fractions."""

import random
import sys
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from orders.pricing.effects import AmountOff, FreeShipping, PercentOff
from orders.pricing.promotions import Conditions
from orders.pricing.quote import CASH_ON_DELIVERY, Delivery, Fee, GiftCard, quote
from orders.pricing.tax import Buyer, Levy, LevyKind, Place
from tests.orders.pricing.baskets import (
    KARNATAKA,
    MAHARASHTRA,
    basket,
    cases,
    indian_rules,
    line,
    number,
    promotion,
    random_lines,
    random_promotion,
    random_shopper,
    terms,
)
from tests.orders.pricing.test_promotion_rule import reckon

DELIVERY = Delivery(5000, 100_000)


@pytest.mark.parametrize(
    ("price", "quantity", "shipping"),
    [(49_900, 1, 5000), (50_000, 2, 5000), (100_001, 1, 0)],
)
def test_shipping_is_free_above_a_limit_and_not_at_it(price, quantity, shipping):
    found = quote(basket(line(price, quantity), delivery=DELIVERY), terms())
    assert (found.subtotal, found.shipping) == (price * quantity, shipping)


def test_the_limit_is_held_against_what_discounts_leave():
    found = quote(
        basket(line(120_000), delivery=DELIVERY),
        terms(promotion(PercentOff(Decimal(20)))),
    )
    assert (found.discount, found.shipping, found.total) == (24_000, 5000, 101_000)


def test_nothing_costs_nothing():
    found = quote(
        basket(delivery=DELIVERY, fees=(Fee("cod", 4000),)),
        terms(promotion(AmountOff(100))),
    )
    assert (found.subtotal, found.shipping, found.fees, found.total) == (
        0,
        0,
        (),
        0,
    )


def test_the_document_names_everything():
    found = quote(
        basket(
            line(299_900, tax_class="apparel"),
            to=KARNATAKA,
            delivery=Delivery(10_000),
            fees=(Fee(CASH_ON_DELIVERY, 4000),),
            gift_cards=(GiftCard(number(9), "7Q2X", 100_000),),
        ),
        terms(
            promotion(AmountOff(59_900), 1, code="DIWALI"),
            promotion(FreeShipping(), 2),
            promotion(PercentOff(Decimal(5)), 3, min_spend=300_000),
            rules=indian_rules(fees=Levy()),
        ),
    )
    promotion_id = str(number(1))
    assert found.to_json() == {
        "subtotal": "2999.00",
        "discount": "599.00",
        "shipping": "0.00",
        "fees": [{"kind": "cod", "amount": "40.00"}],
        "tax": "114.28",
        "taxIncluded": True,
        "total": "2440.00",
        "amountDue": "1440.00",
        "currency": "INR",
        "discounts": [
            {
                "promotionId": promotion_id,
                "name": "Promotion 1",
                "code": "DIWALI",
                "amount": "599.00",
                "shippingAmount": "0.00",
                "lines": [{"lineId": promotion_id, "amount": "599.00"}],
            },
            {
                "promotionId": str(number(2)),
                "name": "Promotion 2",
                "code": None,
                "amount": "0.00",
                "shippingAmount": "100.00",
                "lines": [],
            },
        ],
        "notApplied": [
            {
                "promotionId": str(number(3)),
                "name": "Promotion 3",
                "code": None,
                "reason": "minimum_spend",
                "missing": "1.00",
            }
        ],
        "taxes": [
            {
                "name": "CGST",
                "rate": "2.5",
                "taxable": "2285.72",
                "amount": "57.14",
            },
            {
                "name": "SGST",
                "rate": "2.5",
                "taxable": "2285.72",
                "amount": "57.14",
            },
        ],
        "giftCards": [{"last4": "7Q2X", "amount": "1000.00"}],
    }


@pytest.mark.parametrize(
    ("currency", "price", "expected"),
    [
        ("JPY", 333, ("333", "60", "393")),
        ("KWD", 33_333, ("33.333", "6.000", "39.333")),
    ],
)
def test_amounts_have_the_currency_s_decimals(currency, price, expected):
    rules = indian_rules(included=False)
    found = quote(
        basket(line(price, tax_class="standard"), to=MAHARASHTRA),
        terms(rules=rules, currency=currency),
    ).to_json()
    assert (found["subtotal"], found["tax"], found["total"]) == expected


CARDS = (GiftCard(number(1), "AAAA", 30_000), GiftCard(number(2), "BBBB", 80_000))


@pytest.mark.parametrize(
    ("price", "used", "due", "fee"),
    [
        (20_000, [20_000], 0, 0),
        (
            110_000,
            [30_000, 80_000],
            0,
            0,
        ),  # covered entirely without the fee: prepaid
        (110_001, [30_000, 80_000], 4001, 4000),
        (200_000, [30_000, 80_000], 94_000, 4000),
    ],
)
def test_gift_cards_pay_last_and_spare_the_cash_fee(price, used, due, fee):
    found = quote(
        basket(line(price), gift_cards=CARDS, fees=(Fee(CASH_ON_DELIVERY, 4000),)),
        terms(),
    )
    assert [amount for _, amount in found.gift_cards] == used
    assert (found.amount_due, found.fee_total, found.total) == (
        due,
        fee,
        price + fee,
    )


def test_gift_cards_leave_the_tax_alone():
    lines = (line(299_900, tax_class="apparel"),)
    without = quote(basket(*lines), terms(rules=indian_rules()))
    paid = quote(basket(*lines, gift_cards=CARDS), terms(rules=indian_rules()))
    assert (paid.tax, paid.taxes, paid.total) == (
        without.tax,
        without.taxes,
        without.total,
    )


# --- reckoned again in exact fractions

BANDS: dict[
    str, list[tuple[int | None, int]]
] = {  # class: (limit per piece in paise, percent), as of 2025-09-22
    "apparel": [(250_000, 5), (None, 18)],
    "footwear": [(250_000, 5), (None, 18)],
    "fabric": [(None, 5)],
    "jewellery": [(None, 3)],
    "standard": [(None, 18)],
}


def half_up(amount: Fraction) -> int:
    return int(amount + Fraction(1, 2))


def percent_of(
    tax_class: str, charged: int, pieces: int, *, included: bool
) -> int | None:
    bands = BANDS.get(tax_class, [])
    for limit, percent in bands:
        value = (
            Fraction(charged) / (1 + Fraction(percent, 100))
            if included
            else Fraction(charged)
        )
        if limit is None or value / pieces <= limit:
            return percent
    return None


def parts_of(
    charged: int, percent: int | None, names: list[str], *, included: bool
) -> dict:
    """Return what each named part of the tax is, of an amount that contains it or not."""
    if percent is None:
        return {}
    net = (
        Fraction(charged) / (1 + Fraction(percent, 100))
        if included
        else Fraction(charged)
    )
    share = Fraction(percent, len(names) * 100)
    return {
        (name, Fraction(percent, len(names))): half_up(net * share)
        for name in names
    }


def add(sums: dict, parts: dict) -> int:
    for key, amount in parts.items():
        sums[key] = sums.get(key, 0) + amount
    return sum(parts.values())


def divide(amount: int, weights: list[int]) -> list[int]:
    """Give everybody the whole units of their exact share, then one each to who is farthest
    below.
    """
    exact = [Fraction(amount * weight, sum(weights)) for weight in weights]
    given = [int(share) for share in exact]
    while sum(given) < amount:
        short = [share - got for share, got in zip(exact, given, strict=True)]
        given[short.index(max(short))] += 1
    return given


def reckon_taxes(found, lines, names, levy: str, extra: int) -> dict:
    """Return every part that the lines and `extra` (shipping and fees) carry."""
    included = found.tax_included
    sums: dict = {}
    weights: dict = {}
    charged = [
        of.total - priced.discount
        for of, priced in zip(lines, found.lines, strict=True)
    ]
    for of, price in zip(lines, charged, strict=True):
        percent = percent_of(of.tax_class, price, of.quantity, included=included)
        add(sums, parts_of(price, percent, names, included=included))
        weights[percent] = weights.get(percent, 0) + (price if any(charged) else 1)
    if extra and levy == "standard":
        add(sums, parts_of(extra, 18, names, included=included))
    elif extra and levy == "highest":
        rates = [percent for percent in weights if percent is not None]
        add(
            sums,
            parts_of(extra, max(rates, default=None), names, included=included),
        )
    elif extra and levy == "goods":
        for percent, share in zip(
            weights, divide(extra, list(weights.values())), strict=True
        ):
            add(sums, parts_of(share, percent, names, included=included))
    return sums


LEVIES = {
    "none": Levy(),
    "standard": Levy(LevyKind.CLASS, "standard"),
    "goods": Levy(LevyKind.GOODS),
    "highest": Levy(LevyKind.HIGHEST),
}


def test_random_quotes_equal_exact_fractions():
    for seed in range(cases(2500, 100_000)):
        dice = random.Random(seed)
        lines = random_lines(dice, 5)
        levy, included = dice.choice(list(LEVIES)), dice.random() < 0.6
        rules = indian_rules_of(included, levy)
        to = dice.choice([KARNATAKA, MAHARASHTRA, Place("IN"), Place("US")])
        fee = Fee("cod", dice.choice([0, 0, 4000, 4001]))
        found = quote(
            basket(
                *lines,
                buyer=Buyer(to),
                shopper=random_shopper(dice),
                delivery=Delivery(
                    dice.choice([0, 1, 5000, 9999]), dice.choice([None, 1000])
                ),
                fees=(fee,) if dice.random() < 0.2 else (),
                gift_cards=CARDS[: dice.choice([0, 0, 0, 1, 2])],
            ),
            terms(
                *[random_promotion(dice, n) for n in range(dice.randint(0, 3))],
                rules=rules,
            ),
        )
        names = {"IN-KA": ["CGST", "SGST"]}.get(to.state, ["IGST"])
        sums: dict = {}
        if to.country == "IN":
            sums = reckon_taxes(found, lines, names, levy, found.shipping)
            # Fees are a charge of their own, rounded for themselves.
            fees = reckon_taxes(found, lines, names, levy, found.fee_total)
            goods = reckon_taxes(found, lines, names, levy, 0)
            for key in {*sums, *fees}:
                sums[key] = sums.get(key, 0) + fees.get(key, 0) - goods.get(key, 0)
        shown = {
            (part.name, Fraction(part.percent)): part.amount
            for part, _ in found.taxes
        }
        assert shown == sums, seed
        check_sums(found, lines, seed)


RULES: dict = {}


def indian_rules_of(included: bool, levy: str):
    """Return the rules, read once for all quotes."""
    if not RULES:
        RULES[0] = indian_rules()
    return replace(
        RULES[0], included=included, shipping=LEVIES[levy], fees=LEVIES[levy]
    )


def check_sums(found, lines, seed: int) -> None:
    """Check what holds for every quote there is."""
    added = 0 if found.tax_included else found.tax
    assert found.subtotal == sum(of.unit_price * of.quantity for of in lines), seed
    assert found.discount == sum(each.amount for each in found.discounts), seed
    assert found.discount == sum(
        share for each in found.discounts for share in each.shares
    ), seed
    assert (
        found.total
        == found.subtotal
        - found.discount
        + found.shipping
        + found.fee_total
        + added
    )
    assert found.tax == sum(part.amount for part, _ in found.taxes), seed
    assert all(
        0 <= priced.discount <= priced.line.total for priced in found.lines
    ), seed
    for priced in found.lines:
        less = priced.taxed.amount if found.tax_included else 0
        assert priced.taxed.taxable == priced.charged - less, seed
    assert found.amount_due >= 0, seed
    assert found.amount_due == found.total - sum(
        amount for _, amount in found.gift_cards
    ), seed
    for card, amount in found.gift_cards:
        assert 0 < amount <= card.balance, seed


def test_the_cheapest_is_found_where_tax_comes_on_top():
    """What is left out beforehand, as its tax cannot be low enough, would not have won."""
    for seed in range(cases(500, 10_000)):
        dice = random.Random(seed)
        lines = random_lines(dice)
        to = dice.choice([KARNATAKA, MAHARASHTRA])
        names = ["CGST", "SGST"] if to == KARNATAKA else ["IGST"]
        shopper = random_shopper(dice)
        delivery = Delivery(dice.choice([0, 5000]), dice.choice([None, 20_000]))
        promotions = [
            replace(random_promotion(dice, n), exclusive=dice.random() < 0.8)
            for n in range(1, dice.randint(2, 12))
        ]

        def cost(prices, free, lines=lines, names=names, delivery=delivery):
            tax = 0
            for of, price in zip(lines, prices, strict=True):
                percent = percent_of(
                    of.tax_class, price, of.quantity, included=False
                )
                tax += sum(parts_of(price, percent, names, included=False).values())
            shipping = delivery.price_for(sum(prices), ships_free=free)
            return sum(prices) + shipping + tax

        found = quote(
            basket(*lines, buyer=Buyer(to), shopper=shopper, delivery=delivery),
            terms(*promotions, rules=indian_rules_of(False, "none")),
        )
        (paid, *_), prices, used = reckon(lines, shopper, promotions, cost)
        off = [(each.promotion.id, each.amount) for each in found.discounts]
        assert off == used, seed
        assert [priced.charged for priced in found.lines] == prices, seed
        assert found.total == paid, seed


# --- how much work it is


def count_calls(lines: int, promotions: int) -> int:
    """Return how many functions of Python run for a quote in which every promotion is looked at."""
    dice = random.Random(7)
    of = tuple(
        line(dice.randint(100, 9999), 2, n, tax_class="apparel")
        for n in range(1, lines + 1)
    )
    some = [
        replace(
            random_promotion(dice, n),
            conditions=Conditions(),
            exclusive=n % 2 == 0,
            spent=None,
        )
        for n in range(1, promotions + 1)
    ]
    shop = terms(*some, rules=indian_rules(), day=date(2026, 11, 26))
    calls = 0

    def count(frame, event, arg) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        quote(basket(*of, delivery=DELIVERY), shop)
    finally:
        sys.setprofile(None)
    return calls


def test_the_work_grows_with_promotions_times_lines_and_no_faster():
    few, many = count_calls(25, 50), count_calls(50, 100)
    assert many < 4.4 * few  # twice the lines, twice the promotions
    assert many < 10 * 50 * 100  # ten small functions for a promotion and a line
