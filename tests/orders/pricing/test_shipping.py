"""Zones, prices and dates of shipping, by table."""

from dataclasses import replace
from datetime import date, datetime, time

import pytest

from orders.pricing.effects import FreeShipping
from orders.pricing.quote import Delivery, PriceStep, quote
from orders.pricing.shipping import (
    Calendar,
    CashReason,
    CashTerms,
    Destination,
    MethodTerms,
    PriceBy,
    Promise,
    ZoneTerms,
    find_zone,
    matches_pattern,
    price_delivery,
    promise_dates,
)
from tests.orders.pricing.baskets import basket, line, number, promotion, terms

EVERYWHERE = ZoneTerms("everywhere")
INDIA = ZoneTerms("india", countries=frozenset({"IN"}))
SOUTH = replace(INDIA, name="south", states=frozenset({"IN-KA", "IN-TN"}))
MUMBAI = replace(INDIA, name="mumbai", postal_patterns=("4000*",))
LISTED = replace(INDIA, name="listed", is_listed=True)
UNLISTED = replace(LISTED, is_listed=False)
ZONES = (EVERYWHERE, INDIA, SOUTH, MUMBAI)


@pytest.mark.parametrize(
    ("zones", "place", "name"),
    [
        (ZONES, Destination("IN", "IN-MH", "400050", True), "mumbai"),
        (ZONES, Destination("IN", "IN-KA", "560001", True), "south"),
        (ZONES, Destination("IN", "IN-DL", "110001", True), "india"),
        (ZONES, Destination("AE", "", "", True), "everywhere"),
        ((INDIA, MUMBAI), Destination("AE", "", "", True), None),
        ((INDIA, LISTED), Destination("IN", "", "400050", True), "listed"),
        ((INDIA, UNLISTED), Destination("IN", "", "400050", True), "india"),
        # Nothing is known but the country: what holds for sure, else the widest that may.
        (ZONES, Destination("IN"), "india"),
        ((SOUTH, MUMBAI), Destination("IN"), "south"),
        ((SOUTH, MUMBAI), Destination("IN", "IN-MH"), "mumbai"),
        ((SOUTH, MUMBAI), Destination("IN", "IN-MH", "", True), None),
        ((SOUTH,), Destination("IN", "", "110001"), "south"),
        # Two that are equally near: by position, then by name.
        ((INDIA, replace(INDIA, name="a")), Destination("IN"), "a"),
        ((INDIA, replace(INDIA, name="a", position=1)), Destination("IN"), "india"),
    ],
)
def test_the_nearest_zone_counts(zones, place, name):
    found = find_zone(zones, place)
    assert (found and found.name) == name


@pytest.mark.parametrize(
    ("pattern", "code", "matches"),
    [
        ("400050", "400050", True),
        ("400050", "400051", False),
        ("4000*", "400050", True),
        ("4000*", "401050", False),
        ("*", "400050", True),
        ("400001...400104", "400001", True),
        ("400001...400104", "400104", True),
        ("400001...400104", "400105", False),
        ("1...9", "400050", False),
        ("SW1A*", "SW1A 1AA", True),
        ("SW1*", "SW19 5AE", True),
        ("K1A 0B1", "K1A 0B1", True),
        ("K1A0B1", "K1A 0B1", True),
        ("1234 AA...1234 ZZ", "1234 AB", True),
        ("150-0001", "1500001", True),
    ],
)
def test_postal_patterns(pattern, code, matches):
    assert matches_pattern(pattern, code) is matches


BY_WEIGHT = MethodTerms(
    number(1),
    "By weight",
    price=4000,
    price_by=PriceBy.WEIGHT,
    steps=(PriceStep(500, 6000), PriceStep(2000, 9000)),
    default_weight_g=300,
    max_weight_g=5000,
)
BY_SUBTOTAL = replace(BY_WEIGHT, price_by=PriceBy.SUBTOTAL, max_weight_g=None)


@pytest.mark.parametrize(
    ("method", "pieces", "goods", "price"),
    [
        (BY_WEIGHT, [(499, 1)], 10, 4000),
        (BY_WEIGHT, [(500, 1)], 10, 6000),
        (BY_WEIGHT, [(None, 1), (200, 1)], 10, 6000),
        (BY_WEIGHT, [(1000, 5)], 10, 9000),
        (BY_WEIGHT, [(1000, 5), (1, 1)], 10, None),
        (BY_SUBTOTAL, [(9999, 9)], 499, 4000),
        (BY_SUBTOTAL, [(9999, 9)], 500, 6000),
        (BY_SUBTOTAL, [(9999, 9)], 2001, 9000),
        (replace(BY_SUBTOTAL, free_above=2000), [(1, 1)], 2000, 9000),
        (replace(BY_SUBTOTAL, free_above=2000), [(1, 1)], 2001, 0),
    ],
)
def test_prices_by_weight_and_by_what_goods_cost(method, pieces, goods, price):
    delivery = price_delivery(method, pieces)
    assert (delivery and delivery.price_for(goods)) == price


def test_free_shipping_meets_the_methods_that_take_it():
    free = terms(promotion(FreeShipping()))
    standard = quote(basket(line(100), delivery=Delivery(50)), free)
    assert (standard.shipping, standard.shipping_discount) == (0, 50)
    express = Delivery(90, takes_free_shipping=False)
    found = quote(basket(line(100), delivery=express), free)
    assert (found.shipping, found.shipping_discount, found.discounts) == (90, 0, ())


WEEK = frozenset({1, 2, 3, 4, 5, 6})
# 2026-11-26 is a Thursday.
THURSDAY = datetime(2026, 11, 26, 14)  # noqa: DTZ001 (the shop's own time)


@pytest.mark.parametrize(
    ("ordered_at", "days", "holidays", "first", "last"),
    [
        (THURSDAY, (0, 0), (), 26, 26),
        (THURSDAY, (1, 3), (), 27, 30),  # over a Sunday
        (THURSDAY.replace(minute=1), (1, 3), (), 28, 31),  # after the cut-off
        (THURSDAY.replace(day=28, hour=15), (1, 1), (), 31, 31),  # from Monday on
        (THURSDAY.replace(day=29, hour=9), (0, 1), (), 30, 31),  # a Sunday
        (THURSDAY, (1, 2), (27, 28), 30, 31),
        (THURSDAY.replace(hour=9), (0, 1), (26,), 27, 28),
    ],
)
def test_dates_count_working_days(ordered_at, days, holidays, first, last):
    method = MethodTerms(
        number(1), "Standard", days=days, cut_off=time(14), weekdays=WEEK
    )
    calendar = Calendar(frozenset(date(2026, 11, day) for day in holidays))
    begin = date(2026, 10, 31)
    assert promise_dates(method, ordered_at, calendar) == Promise(
        *(date.fromordinal(begin.toordinal() + day) for day in (first, last))
    )


def test_nothing_is_promised_without_days_or_working_days():
    method = MethodTerms(number(1), "Standard")
    assert promise_dates(method, THURSDAY, Calendar()) is None
    never = replace(method, days=(1, 2), weekdays=frozenset())
    assert promise_dates(never, THURSDAY, Calendar()) is None


@pytest.mark.parametrize(
    ("terms", "total", "open_orders", "reason"),
    [
        (CashTerms(), 10**9, 99, None),
        (CashTerms(max_total=5000), 5000, 0, None),
        (CashTerms(max_total=5000), 5001, 0, CashReason.ORDER_VALUE),
        (CashTerms(max_open=2), 1, 1, None),
        (CashTerms(max_open=2), 1, 2, CashReason.OPEN_ORDERS),
    ],
)
def test_limits_of_cash_on_delivery(terms, total, open_orders, reason):
    assert terms.find_refusal(total, open_orders) == reason
