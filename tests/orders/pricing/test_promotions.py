"""What each effect takes off, when it applies, and which promotions win: worked by hand."""

from dataclasses import replace
from decimal import Decimal

import pytest

from orders.pricing.effects import (
    AmountOff,
    BuyXGetY,
    FixedPrice,
    FreeShipping,
    PercentOff,
    Tier,
    TierBy,
    Tiered,
)
from orders.pricing.promotions import Reason, ShopperFacts
from orders.pricing.quote import Delivery, quote
from tests.orders.pricing.baskets import (
    ANYBODY,
    NOW,
    basket,
    line,
    number,
    promotion,
    terms,
)

TEN_PERCENT = PercentOff(Decimal(10))
THREE_FOR_TWO = BuyXGetY(2, 1)


def price(lines, *promotions, **more):
    return quote(basket(*lines, **more), terms(*promotions))


def shares(lines, *promotions, **more):
    return [priced.discount for priced in price(lines, *promotions, **more).lines]


@pytest.mark.parametrize(
    ("effect", "lines", "expected"),
    [
        (TEN_PERCENT, [line(3333, 3)], [1000]),  # 999.9
        (PercentOff(Decimal(50), cap=600), [line(1000), line(2000)], [200, 400]),
        (AmountOff(100), [line(1000), line(1000), line(1000)], [34, 33, 33]),
        (
            AmountOff(5000),
            [line(1000), line(2000)],
            [1000, 2000],
        ),  # never more than there is
        (
            FixedPrice(499),
            [line(999, 2), line(300)],
            [1000, 0],
        ),  # what is cheaper stays
        (FreeShipping(), [line(1000)], [0]),
        # 3 for 2: the cheapest of three costs nothing, and each of them gives its share by price
        (THREE_FOR_TWO, [line(3000), line(2000), line(1000)], [500, 333, 167]),
        (THREE_FOR_TWO, [line(100, 3)], [100]),
        (THREE_FOR_TWO, [line(100, 2)], [0]),
        # six pieces are two sets, from the dearest down: 80 and 10 are free
        (
            THREE_FOR_TWO,
            [line(10), line(20), line(30), line(80), line(90), line(100)],
            [2, 3, 5, 24, 27, 29],  # 10 over 30, 20, 10; 80 over 100, 90, 80
        ),
        (BuyXGetY(1, 1, Decimal(50)), [line(1000), line(500)], [167, 83]),  # 250
        (BuyXGetY(2, 2), [line(300), line(200, 3)], [133, 267]),  # 400 of 900
    ],
)
def test_effects(effect, lines, expected):
    assert shares(lines, promotion(effect)) == expected


@pytest.mark.parametrize(
    ("by", "lines", "expected"),
    [
        (TierBy.PIECES, [line(1000, 1)], 0),
        (TierBy.PIECES, [line(1000, 2)], 200),
        (TierBy.PIECES, [line(1000, 4)], 400),
        (TierBy.PIECES, [line(1000, 5)], 1000),
        (TierBy.SPEND, [line(1)], 0),
        (
            TierBy.SPEND,
            [line(5)],
            4,
        ),  # 20 % from 5 on: 1; an amount of 4 from 3 on does not count besides
    ],
)
def test_the_highest_tier_that_is_reached_counts(by, lines, expected):
    tiers = {
        TierBy.PIECES: (Tier(5, PercentOff(Decimal(20))), Tier(2, TEN_PERCENT)),
        TierBy.SPEND: (Tier(5, AmountOff(4)), Tier(2, AmountOff(1))),
    }
    assert sum(shares(lines, promotion(Tiered(by, tiers[by])))) == expected


def test_one_takes_off_what_the_ones_before_have_left():
    first, then = (
        promotion(TEN_PERCENT, 1, priority=1),
        promotion(PercentOff(Decimal(50)), 2, priority=2),
    )
    found = price([line(1000)], then, first)
    assert [(each.promotion.id, each.amount) for each in found.discounts] == [
        (number(1), 100),
        (number(2), 450),
    ]


def test_what_follows_each_other_on_the_same_lines_is_spread_together():
    """Each takes off what it does of what is left, and each line is rounded once."""
    third = replace(promotion(AmountOff(1), 3), priority=3)
    lines = [line(100, 1, 1), line(100, 1, 2), line(100, 1, 3)]
    found = price(
        lines, promotion(AmountOff(1), 1), promotion(AmountOff(1), 2), third
    )
    assert [priced.discount for priced in found.lines] == [1, 1, 1]  # not 3, 0, 0
    assert [each.shares for each in found.discounts] == [
        (1, 0, 0),
        (0, 1, 0),
        (0, 0, 1),
    ]
    halves = [promotion(PercentOff(Decimal(50)), n) for n in (1, 2)]
    found = price([line(1001, 1, 1), line(3, 1, 2)], *halves)
    assert [each.amount for each in found.discounts] == [502, 251]
    assert [priced.discount for priced in found.lines] == [751, 2]
    assert [each.shares for each in found.discounts] == [(501, 1), (250, 1)]


def test_a_piece_joins_one_set():
    # Five pieces make one set of three; the two that are left are too few for a second promotion's
    # set.
    again = promotion(THREE_FOR_TWO, 2, priority=1)
    assert shares([line(100, 5)], promotion(THREE_FOR_TWO), again) == [100]
    assert shares(
        [line(100, 6)],
        promotion(BuyXGetY(2, 1), product_ids=frozenset({number(1)})),
        again,
    ) == [200]


def test_a_set_counts_what_pieces_cost_by_then():
    # 10 % off first: the free piece cost 90 by then
    assert shares(
        [line(100, 3)],
        promotion(TEN_PERCENT),
        promotion(THREE_FOR_TWO, 2, priority=1),
    ) == [120]
    # and the other way round: 10 % of what the set has left
    assert shares(
        [line(100, 3)],
        promotion(TEN_PERCENT, priority=1),
        promotion(THREE_FOR_TWO, 2),
    ) == [120]


def test_pieces_outside_a_set_keep_their_price_for_the_next_one():
    # One set of three of 100 costs 66.67 a piece; the fourth still costs 100, which is what a fixed
    # price lowers.
    assert shares(
        [line(100, 4)],
        promotion(THREE_FOR_TWO),
        promotion(FixedPrice(80), 2, priority=1),
    ) == [120]


def test_the_cheaper_of_exclusive_and_combined_wins():
    lines = [line(10_000)]
    combined = [
        promotion(TEN_PERCENT, 1),
        promotion(AmountOff(500), 2, priority=1),
    ]  # 1,500 off
    best = promotion(AmountOff(1501), 3, exclusive=True)
    found = price(lines, *combined, best)
    assert [each.promotion.id for each in found.discounts] == [number(3)]
    assert [(each.promotion.id, each.reason) for each in found.not_applied] == [
        (number(1), Reason.BETTER_OFFER),
        (number(2), Reason.BETTER_OFFER),
    ]
    worse = replace(best, effect=AmountOff(1499))
    found = price(lines, *combined, worse)
    assert [each.promotion.id for each in found.discounts] == [number(1), number(2)]


@pytest.mark.parametrize(
    ("priorities", "winner"), [((2, 1), 2), ((1, 2), 1), ((1, 1), 1)]
)
def test_ties_go_by_priority_then_id(priorities, winner):
    first, second = (
        promotion(AmountOff(100), n, exclusive=True, priority=priority)
        for n, priority in enumerate(priorities, 1)
    )
    for order in ((first, second), (second, first)):
        [discount] = price([line(1000)], *order).discounts
        assert discount.promotion.id == number(winner)


def test_none_makes_an_order_dearer():
    # Free above 1,000: 1 % off 1,005 would cost the free shipping.
    lines, delivery = [line(100_500)], Delivery(5000, 100_000)
    found = price(lines, promotion(PercentOff(Decimal(1))), delivery=delivery)
    assert (found.discount, found.shipping, found.total) == (0, 0, 100_500)
    found = price(lines, promotion(PercentOff(Decimal(6))), delivery=delivery)
    assert (found.discount, found.shipping, found.total) == (6030, 5000, 99_470)


def test_free_shipping_competes_by_what_it_saves():
    free = promotion(FreeShipping(), 1, exclusive=True)
    off = promotion(AmountOff(4999), 2, exclusive=True)
    found = price([line(50_000)], free, off, delivery=Delivery(5000))
    assert (found.shipping, found.shipping_discount, found.total) == (
        0,
        5000,
        50_000,
    )
    assert [each.ships_free for each in found.discounts] == [True]
    # Where shipping is free anyway, it takes nothing off.
    found = price(
        [line(50_000)], replace(free, code="FREE"), delivery=Delivery(5000, 40_000)
    )
    assert not found.discounts
    assert [each.reason for each in found.not_applied] == [Reason.NO_EFFECT]


IN_A_GROUP = ShopperFacts(NOW, "DE", frozenset({number(7)}), is_first_order=True)


@pytest.mark.parametrize(
    ("condition", "shopper", "reason"),
    [
        ({"starts_at": NOW.replace(hour=13)}, ANYBODY, Reason.NOT_NOW),
        ({"starts_at": NOW}, ANYBODY, None),
        ({"ends_at": NOW}, ANYBODY, Reason.NOT_NOW),
        ({"ends_at": NOW.replace(microsecond=1)}, ANYBODY, None),
        ({"spent": Reason.EXHAUSTED}, ANYBODY, Reason.EXHAUSTED),
        ({"spent": Reason.USED_UP}, ANYBODY, Reason.USED_UP),
        ({"min_spend": 3000}, ANYBODY, None),
        ({"min_spend": 3001}, ANYBODY, Reason.MINIMUM_SPEND),
        ({"min_pieces": 3}, ANYBODY, None),
        ({"min_pieces": 4}, ANYBODY, Reason.MINIMUM_PIECES),
        ({"product_ids": frozenset({number(1)})}, ANYBODY, None),
        (
            {"product_ids": frozenset({number(5)})},
            ANYBODY,
            Reason.NO_MATCHING_ITEMS,
        ),
        ({"category_ids": frozenset({number(11)})}, ANYBODY, None),
        ({"collection_ids": frozenset({number(21)})}, ANYBODY, None),
        (
            {"exclude_sale_items": True, "product_ids": frozenset({number(2)})},
            ANYBODY,
            Reason.NO_MATCHING_ITEMS,
        ),
        ({"group_ids": frozenset({number(7)})}, ANYBODY, Reason.CUSTOMER_GROUP),
        ({"group_ids": frozenset({number(7)})}, IN_A_GROUP, None),
        ({"first_order_only": True}, ANYBODY, Reason.FIRST_ORDER_ONLY),
        ({"first_order_only": True}, IN_A_GROUP, None),
        ({"countries": frozenset({"DE"})}, ANYBODY, Reason.COUNTRY),
        ({"countries": frozenset({"DE"})}, IN_A_GROUP, None),
    ],
)
def test_conditions(condition, shopper, reason):
    lines = [
        line(1000, 2, 1, category_ids=frozenset({number(10), number(11)})),
        line(1000, 1, 2, collection_ids=frozenset({number(21)}), on_sale=True),
    ]
    found = price(
        lines, promotion(TEN_PERCENT, 1, code="TEN", **condition), shopper=shopper
    )
    assert [each.reason for each in found.not_applied] == (
        [reason] if reason else []
    )
    assert bool(found.discounts) == (reason is None)


def test_only_the_lines_that_are_meant_are_lowered():
    lines = [line(1000, 1, 1), line(1000, 1, 2, on_sale=True), line(1000, 1, 3)]
    meant = promotion(
        TEN_PERCENT,
        product_ids=frozenset({number(1), number(2)}),
        exclude_sale_items=True,
    )
    assert shares(lines, meant) == [100, 0, 0]


def test_says_how_much_is_missing():
    found = price(
        [line(29_900)],
        promotion(TEN_PERCENT, 1, min_spend=50_000),
        promotion(THREE_FOR_TWO, 2),
    )
    assert found.to_json()["notApplied"] == [
        {
            "promotionId": str(number(1)),
            "name": "Promotion 1",
            "code": None,
            "reason": "minimum_spend",
            "missing": "201.00",
        },
        {
            "promotionId": str(number(2)),
            "name": "Promotion 2",
            "code": None,
            "reason": "minimum_pieces",
            "missing": "2",
        },
    ]


def test_what_a_shopper_cannot_do_anything_about_is_said_only_of_a_code():
    hidden = promotion(TEN_PERCENT, 1, group_ids=frozenset({number(7)}))
    assert price([line(1000)], hidden).not_applied == ()
    [told] = price([line(1000)], replace(hidden, code="STAFF")).not_applied
    assert told.reason == Reason.CUSTOMER_GROUP
