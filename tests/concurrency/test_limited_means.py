"""Everybody wants the last uses of a promotion, or the same gift card: exactly so many get it.

BUYERS=500 makes it a crowd (`make crowd`); in the suite it is some.
"""

import os
from collections import Counter
from decimal import Decimal
from functools import partial

import pytest

from markrin.ops.verify import rules
from orders.models import GiftCard, Order, OrderDiscount, Promotion
from tests.concurrency.test_checkout_races import at_once, buyer, checkout
from tests.factories import (
    key,
    make_coupon,
    make_gift_card,
    make_product,
    make_promotion,
    make_variant,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
BUYERS = int(os.environ.get("BUYERS", "40"))
USES = BUYERS // 5


@pytest.fixture(autouse=True)
def sound_books():
    """Every rule about orders and money holds afterwards."""
    yield
    found = [
        breach
        for rule in rules.list_row_rules()
        if rule.table.startswith("orders_")
        for breach in rule.find_breaches()
    ]
    assert found == []


def variant():
    return make_variant(product=make_product(base_price="2000.00"), stock=BUYERS)


@pytest.mark.parametrize("by_code", [True, False])
def test_a_promotion_has_as_many_uses_as_it_says(by_code):
    if by_code:
        make_coupon(code="FEW", total_limit=USES)
    else:
        make_promotion(total_limit=USES)
    goods = variant()
    more = {"couponCodes": ["FEW"]} if by_code else {}
    buyers = [
        buyer([goods], expectedTotal="1800.00", **more) for _ in range(BUYERS)
    ]
    answers = at_once([partial(checkout, *who, key()) for who in buyers])
    assert Counter(answer.status_code for answer in answers) == {
        201: USES,
        409: BUYERS - USES,
    }
    assert OrderDiscount.objects.filter(counts=True).count() == USES
    if not by_code:
        assert Promotion.objects.get().used == USES


def test_a_card_worth_three_carts_pays_three():
    card, code = make_gift_card("6000.00")
    goods = variant()
    buyers = [buyer([goods], giftCardCodes=[code]) for _ in range(BUYERS)]
    answers = at_once([partial(checkout, *who, key()) for who in buyers])
    assert Counter(answer.status_code for answer in answers) == {
        201: 3,
        409: BUYERS - 3,
    }
    codes = {a.json()["code"] for a in answers if a.status_code == 409}
    assert codes == {"gift_card_unusable"}
    assert GiftCard.objects.get(pk=card.pk).balance == Decimal(0)
    assert (
        list(Order.objects.values_list("payment_status", "gift_card_amount"))
        == [("paid", Decimal("2000.00"))] * 3
    )
