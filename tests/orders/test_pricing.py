"""The quote: worked examples by hand, and what holds for every cart there can be."""

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders import pricing
from orders.pricing import Discount, Line, Quote, Rules

INCLUDED = Rules(
    Decimal("50.00"), Decimal("1000.00"), tax_included=True, currency="INR"
)
ADDED = replace(INCLUDED, tax_included=False)


def line(price: str, quantity: int = 1, percent: str = "18.00") -> Line:
    return Line(UUID(int=1), Decimal(price), quantity, Decimal(percent))


def amounts(quote: Quote) -> tuple[str, ...]:
    return tuple(
        map(
            str,
            (quote.subtotal, quote.discount, quote.shipping, quote.tax, quote.total),
        )
    )


@pytest.mark.parametrize(
    ("lines", "rules", "expected"),
    [
        # 499.00 × 18/118 = 76.1186…; below the limit, so 50.00 for shipping
        ([line("499.00")], INCLUDED, ("499.00", "0.00", "50.00", "76.12", "549.00")),
        ([line("499.00")], ADDED, ("499.00", "0.00", "50.00", "89.82", "638.82")),
        # exactly the limit still pays shipping, a paisa more does not
        (
            [line("500.00", 2)],
            INCLUDED,
            ("1000.00", "0.00", "50.00", "152.54", "1050.00"),
        ),
        ([line("1000.01")], INCLUDED, ("1000.01", "0.00", "0.00", "152.54", "1000.01")),
        # half a paisa goes up: 0.25 × 18 % = 0.045; and once per line, not per piece: 3 ×
        # 0.25 × 18 % = 0.135
        ([line("0.25")], ADDED, ("0.25", "0.00", "50.00", "0.05", "50.30")),
        ([line("0.25", 3)], ADDED, ("0.75", "0.00", "50.00", "0.14", "50.89")),
        # two rates in one cart
        (
            [line("100.00", 1, "5.00"), line("100.00")],
            ADDED,
            ("200.00", "0.00", "50.00", "23.00", "273.00"),
        ),
        (
            [line("100.00", 1, "0.00")],
            INCLUDED,
            ("100.00", "0.00", "50.00", "0.00", "150.00"),
        ),
        ([], INCLUDED, ("0.00", "0.00", "0.00", "0.00", "0.00")),
    ],
)
def test_quotes_without_a_coupon(lines, rules, expected):
    assert amounts(pricing.quote(lines, rules=rules)) == expected


@pytest.mark.parametrize(
    ("discount", "expected"),
    [
        # of 1200.00, so that shipping is free without it: 10 % leaves 1080.00, 20 % leaves
        # 960.00, which is not above
        (
            Discount("percent", Decimal("10.00")),
            ("1200.00", "120.00", "0.00", "164.75", "1080.00"),
        ),
        (
            Discount("percent", Decimal("20.00")),
            ("1200.00", "240.00", "50.00", "146.44", "1010.00"),
        ),
        (
            Discount("fixed", Decimal("150.00")),
            ("1200.00", "150.00", "0.00", "160.17", "1050.00"),
        ),
        # never below nothing
        (
            Discount("fixed", Decimal("5000.00")),
            ("1200.00", "1200.00", "50.00", "0.00", "50.00"),
        ),
        (
            Discount("percent", Decimal("100.00")),
            ("1200.00", "1200.00", "50.00", "0.00", "50.00"),
        ),
    ],
)
def test_quotes_with_a_coupon(discount, expected):
    assert (
        amounts(pricing.quote([line("1200.00")], rules=INCLUDED, discount=discount))
        == expected
    )


def test_spreads_the_discount_to_the_paisa():
    # a third of 1.00 each is 0.333…: the paisa that is left goes to the first of equals
    three = pricing.quote(
        [line("10.00")] * 3, rules=INCLUDED, discount=Discount("fixed", Decimal("1.00"))
    )
    assert [str(priced.discount) for priced in three.lines] == ["0.34", "0.33", "0.33"]
    # 0.10 over 1.00 and 2.00: 3.33… and 6.67 paise, so the larger remainder gets it
    two = pricing.quote(
        [line("1.00"), line("2.00")],
        rules=INCLUDED,
        discount=Discount("fixed", Decimal("0.10")),
    )
    assert [str(priced.discount) for priced in two.lines] == ["0.03", "0.07"]


prices = st.integers(0, 9_999_999_99).map(lambda paise: Decimal(paise) / 100)
lines_of_any_cart = st.lists(
    st.builds(
        Line,
        st.just(UUID(int=1)),
        prices.map(lambda price: price.quantize(Decimal("0.01"))),
        st.integers(1, 20),
        st.sampled_from(
            [
                Decimal(percent)
                for percent in ("0.00", "5.00", "12.00", "18.00", "28.00", "100.00")
            ]
        ),
    ),
    max_size=12,
)
any_discount = st.one_of(
    st.none(),
    st.builds(
        Discount,
        st.just("percent"),
        st.integers(1, 100_00).map(lambda n: Decimal(n).scaleb(-2)),
    ),
    st.builds(
        Discount,
        st.just("fixed"),
        st.integers(1, 99_999_999).map(lambda n: Decimal(n).scaleb(-2)),
    ),
)


@given(lines=lines_of_any_cart, discount=any_discount, included=st.booleans())
def test_adds_up_whatever_is_in_the_cart(lines, discount, included):
    found = pricing.quote(
        lines, rules=replace(INCLUDED, tax_included=included), discount=discount
    )
    assert found.subtotal == sum(line.total for line in lines)
    assert found.discount == sum(priced.discount for priced in found.lines)
    assert found.tax == sum(priced.tax for priced in found.lines)
    assert found.total == found.subtotal - found.discount + found.shipping + (
        0 if included else found.tax
    )
    assert all(0 <= priced.discount <= priced.line.total for priced in found.lines)
    assert all(
        amount.as_tuple().exponent == -2
        for amount in (found.subtotal, found.discount, found.tax, found.total)
    )
