"""Decimals of currencies, and amounts that are divided without losing or gaining a paisa."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.pricing.money import (
    divide_half_up,
    from_units,
    part_of_line,
    share_of,
    split_in_two,
    spread,
    to_units,
)


@pytest.mark.parametrize(
    ("currency", "amount", "units", "shown"),
    [
        ("INR", "1299", 129_900, "1299.00"),
        ("JPY", "1299", 1299, "1299"),
        ("KWD", "1.5", 1500, "1.500"),
        ("ISK", "10", 10, "10"),
        ("UGX", "10", 10, "10"),
        # finer than the currency: half goes up
        ("JPY", "100.50", 101, "101"),
        ("INR", "0.005", 1, "0.01"),
        ("KWD", "0.0004", 0, "0.000"),
    ],
)
def test_amounts_have_the_decimals_of_their_currency(
    currency, amount, units, shown
):
    assert to_units(Decimal(amount), currency) == units
    assert str(from_units(units, currency)) == shown


@pytest.mark.parametrize(
    ("numerator", "denominator", "expected"),
    [(1, 2, 1), (1, 3, 0), (2, 3, 1), (5, 2, 3), (0, 7, 0)],
)
def test_half_goes_up(numerator, denominator, expected):
    assert divide_half_up(numerator, denominator) == expected


def test_a_percentage_is_rounded_once():
    assert share_of(4545, Decimal("12.5")) == 568  # 568.125
    assert share_of(3, Decimal(50)) == 2


@pytest.mark.parametrize(
    ("amount", "weights", "shares"),
    [
        # a third each is 33.3…: the paisa that is left goes to the first of equals
        (100, [1000, 1000, 1000], [34, 33, 33]),
        # 3.33… and 6.66…: the larger remainder gets it
        (10, [100, 200], [3, 7]),
        (5, [0, 5], [0, 5]),
        (0, [1, 2], [0, 0]),
        (0, [0, 0], [0, 0]),
        (7, [], []),
    ],
)
def test_spreads_to_the_smallest_unit(amount, weights, shares):
    assert spread(amount, weights) == shares


@given(
    weights=st.lists(st.integers(0, 10**9), min_size=1, max_size=60).filter(any),
    part=st.floats(0, 1),
)
def test_shares_add_up_and_none_exceeds_its_weight(weights, part):
    amount = int(sum(weights) * part)
    shares = spread(amount, weights)
    assert sum(shares) == amount
    assert all(
        0 <= share <= weight for share, weight in zip(shares, weights, strict=True)
    )
    whole = sum(weights)
    assert all(
        abs(share * whole - amount * weight) < whole
        for share, weight in zip(shares, weights, strict=True)
    )


def test_pieces_that_come_back_one_by_one_give_back_the_whole_line():
    # 3 × 33.33 less 10 % is 89.99
    assert [part_of_line(8999, 1, 3, before=gone) for gone in range(3)] == [
        3000,
        2999,
        3000,
    ]
    # 20 × 0.03 less 0.10: 2.5 paise a piece
    assert sum(part_of_line(50, 1, 20, before=gone) for gone in range(20)) == 50


@given(
    amount=st.integers(0, 10**9),
    portions=st.lists(st.integers(1, 5), min_size=1, max_size=8),
)
def test_whatever_the_portions_a_line_gives_back_what_was_paid(amount, portions):
    quantity, gone, back = sum(portions), 0, 0
    for pieces in portions:
        share = part_of_line(amount, pieces, quantity, before=gone)
        assert (
            abs(share * quantity - amount * pieces) <= quantity
        )  # at most a unit off its exact worth
        back, gone = back + share, gone + pieces
    assert back == amount


def test_two_weights_are_split_as_they_are_spread():
    for amount in range(40):
        for first in range(6):
            for second in range(1 - min(first, 1), 40, 3):
                assert list(split_in_two(amount, first, second)) == spread(
                    amount, [first, second]
                )
