"""Tax by class, zone, period and band, worked by hand; the place of supply; the presets."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from orders.pricing import tax_presets
from orders.pricing.effects import AmountOff
from orders.pricing.quote import Delivery, Fee, quote
from orders.pricing.tax import (
    Buyer,
    Levy,
    LevyKind,
    Place,
    Rate,
    RatePart,
    TaxRules,
    ZeroRating,
    Zone,
    find_supply,
)
from tests.orders.pricing.baskets import (
    KARNATAKA,
    MAHARASHTRA,
    basket,
    eu_rules,
    indian_rules,
    line,
    promotion,
    terms,
)

GERMANY, FRANCE, SWITZERLAND = Place("DE"), Place("FR"), Place("CH")


def taxes_of(found: Any) -> list[dict[str, str]]:
    """Return the quote's taxes as the API shows them."""
    return found.to_json()["taxes"]


def taxes(
    price,
    tax_class="apparel",
    *,
    quantity=1,
    rules=None,
    to=MAHARASHTRA,
    day=None,
    off=0,
):
    """Return each part's name, rate and amount for one line."""
    promotions = [promotion(AmountOff(off))] if off else []
    more = {"day": day} if day else {}
    found = quote(
        basket(line(price, quantity, tax_class=tax_class), to=to),
        terms(*promotions, rules=rules or indian_rules(), **more),
    )
    return [
        (each["name"], each["rate"], each["amount"]) for each in taxes_of(found)
    ]


@pytest.mark.parametrize(
    ("price", "to", "off", "expected"),
    [
        # A kurta of 2,999.
        (299_900, MAHARASHTRA, 0, [("IGST", "18", "457.47")]),
        (299_900, KARNATAKA, 0, [("CGST", "9", "228.74"), ("SGST", "9", "228.74")]),
        # One of 2,499: its taxable value is 2,380.
        (
            249_900,
            KARNATAKA,
            0,
            [("CGST", "2.5", "59.50"), ("SGST", "2.5", "59.50")],
        ),
        (249_900, MAHARASHTRA, 0, [("IGST", "5", "119.00")]),
        # 2,999 brought down to 2,400 by a coupon.
        (
            299_900,
            KARNATAKA,
            59_900,
            [("CGST", "2.5", "57.14"), ("SGST", "2.5", "57.14")],
        ),
        (299_900, MAHARASHTRA, 59_900, [("IGST", "5", "114.29")]),
        # 2,625.00 contains 2,500 and 5 %; a paisa more is above the limit at either rate.
        (262_500, MAHARASHTRA, 0, [("IGST", "5", "125.00")]),
        (262_501, MAHARASHTRA, 0, [("IGST", "18", "400.43")]),
    ],
)
def test_apparel_in_india(price, to, off, expected):
    assert taxes(price, to=to, off=off) == expected


def test_taxable_is_what_was_charged_less_the_parts():
    found = quote(
        basket(line(299_900, tax_class="apparel"), to=KARNATAKA),
        terms(rules=indian_rules()),
    )
    assert [each["taxable"] for each in taxes_of(found)] == [
        "2541.52",
        "2541.52",
    ]
    assert (found.tax, found.total) == (45_748, 299_900)


@pytest.mark.parametrize(
    ("price", "tax_class", "rate"),
    [
        (600_000, "fabric", "5"),  # a saree of 6,000
        (249_900, "footwear", "5"),  # a pair of shoes of 2,499
        (299_900, "footwear", "18"),
        (100_000, "bags", "18"),
        (100_000, "jewellery", "3"),
        (100_000, "watches", "18"),
        (100_000, "belts", "18"),
        (100_000, "standard", "18"),
    ],
)
def test_classes_in_india(price, tax_class, rate):
    [(name, found, _)] = taxes(price, tax_class)
    assert (name, found) == ("IGST", rate)


def test_the_band_is_by_the_piece_and_not_rounded():
    # Three pieces for 7,875.00 are 2,500 each; a paisa more on all three is above.
    assert taxes(262_500, quantity=3)[0][1] == "5"
    assert taxes(262_501, quantity=3, off=2)[0][1] == "18"
    assert taxes(262_501, quantity=3, off=3)[0][1] == "5"


@pytest.mark.parametrize(
    ("price", "expected"),
    [
        (250_000, ("IGST", "5", "125.00")),
        (250_001, ("IGST", "18", "450.00")),
        (25, ("IGST", "5", "0.01")),  # 1.25 paise
        (30, ("IGST", "5", "0.02")),  # 1.5 paise: half goes up
    ],
)
def test_prices_without_tax(price, expected):
    rules = indian_rules(included=False)
    assert taxes(price, rules=rules) == [expected]
    found = quote(
        basket(line(price, tax_class="apparel"), to=MAHARASHTRA), terms(rules=rules)
    )
    assert found.total == price + found.tax


@pytest.mark.parametrize(
    ("day", "tax_class", "price", "rate"),
    [
        (date(2025, 9, 21), "apparel", 105_000, "5"),
        (date(2025, 9, 21), "apparel", 249_900, "12"),
        (date(2025, 9, 22), "apparel", 249_900, "5"),
        (date(2025, 9, 21), "footwear", 99_900, "12"),
        (date(2025, 9, 21), "footwear", 249_900, "18"),
        (date(2025, 9, 22), "footwear", 249_900, "5"),
    ],
)
def test_rates_hold_from_their_first_day_to_their_last(day, tax_class, price, rate):
    assert taxes(price, tax_class, day=day)[0][1] == rate


def test_where_every_band_has_a_limit_the_highest_counts():
    zone = Zone("IN", "IN")
    rates = tuple(
        Rate("x", "IN", (RatePart("T", Decimal(percent)),), up_to=limit)
        for percent, limit in ((1, 100), (3, 300), (2, 200))
    )
    rules = TaxRules(False, Place("IN"), (zone,), rates)
    assert [
        taxes(price, "x", rules=rules)[0][1] for price in (100, 101, 201, 999)
    ] == [
        "1",
        "2",
        "3",
        "3",
    ]


def test_a_zone_of_states_is_nearer_than_its_country():
    zones = (Zone("all", "ES"), Zone("islands", "ES", frozenset({"ES-CN"})))
    rates = tuple(
        Rate("x", zone, (RatePart(name, Decimal(percent)),))
        for zone, name, percent in (("all", "IVA", 21), ("islands", "IGIC", 7))
    )
    rules = TaxRules(False, Place("ES"), zones, rates)
    assert taxes(100, "x", rules=rules, to=Place("ES", "ES-M")) == [
        ("IVA", "21", "0.21")
    ]
    assert taxes(100, "x", rules=rules, to=Place("ES", "ES-CN")) == [
        ("IGIC", "7", "0.07")
    ]
    assert taxes(100, "x", rules=rules, to=Place("PT")) == []


@pytest.mark.parametrize(
    ("state", "parts"),
    [("CH", ["CGST", "UTGST"]), ("DL", ["CGST", "SGST"]), ("KA", ["CGST", "SGST"])],
)
def test_union_territories_without_a_legislature_have_a_tax_of_their_own(
    state, parts
):
    found = taxes(
        100_000, rules=indian_rules(state=state), to=Place("IN", f"IN-{state}")
    )
    assert [name for name, _, _ in found] == parts


# --- the place of supply


@pytest.mark.parametrize(
    ("buyer", "expected"),
    [
        (Buyer(KARNATAKA), ["CGST", "SGST"]),
        (Buyer(MAHARASHTRA), ["IGST"]),
        # A business of Maharashtra has the goods sent to somebody in Karnataka: s. 10(1)(b).
        (Buyer(KARNATAKA, business_place=MAHARASHTRA), ["IGST"]),
        (Buyer(MAHARASHTRA, business_place=KARNATAKA), ["CGST", "SGST"]),
        (Buyer(Place("US")), []),
    ],
)
def test_place_of_supply_in_india(buyer, expected):
    found = quote(
        basket(line(299_900, tax_class="apparel"), buyer=buyer),
        terms(rules=indian_rules()),
    )
    assert [part.name for part, _ in found.taxes] == expected
    assert found.total == 299_900  # the shopper pays the same everywhere


def test_exports_without_a_letter_of_undertaking_carry_igst():
    rules = indian_rules(exports_zero_rated=False)
    assert taxes(299_900, rules=rules, to=Place("US")) == [("IGST", "18", "457.47")]
    assert find_supply(rules, Buyer(Place("US"))).zero_rated is None
    assert (
        find_supply(indian_rules(), Buyer(Place("US"))).zero_rated
        == ZeroRating.EXPORT
    )


@pytest.mark.parametrize(
    ("one_stop_shop", "buyer", "expected"),
    [
        (False, Buyer(GERMANY), [("VAT", "19", "19.00")]),
        (False, Buyer(FRANCE), [("VAT", "19", "19.00")]),
        (True, Buyer(FRANCE), [("VAT", "20", "19.83")]),
        (True, Buyer(Place("FI")), [("VAT", "25.5", "24.18")]),
        (True, Buyer(SWITZERLAND), []),
        # A number counts once it is confirmed, and not at home.
        (True, Buyer(FRANCE, business_place=FRANCE), [("VAT", "20", "19.83")]),
        (True, Buyer(FRANCE, business_place=FRANCE, confirmed=True), []),
        (False, Buyer(FRANCE, business_place=FRANCE, confirmed=True), []),
        (
            True,
            Buyer(GERMANY, business_place=GERMANY, confirmed=True),
            [("VAT", "19", "19.00")],
        ),
        (
            True,
            Buyer(FRANCE, business_place=GERMANY, confirmed=True),
            [("VAT", "20", "19.83")],
        ),
        (
            True,
            Buyer(FRANCE, business_place=Place("US"), confirmed=True),
            [("VAT", "20", "19.83")],
        ),
    ],
)
def test_place_of_supply_in_the_european_union(one_stop_shop, buyer, expected):
    rules = eu_rules(one_stop_shop=one_stop_shop)
    found = quote(
        basket(line(11_900, tax_class="standard"), buyer=buyer),
        terms(rules=rules, currency="EUR"),
    )
    shown = taxes_of(found)
    assert [
        (each["name"], each["rate"], each["amount"]) for each in shown
    ] == expected
    assert found.total == 11_900


# --- shipping and fees

MIXED = (
    line(300_000, n=1, tax_class="apparel"),
    line(100_000, n=2, tax_class="fabric"),
)


@pytest.mark.parametrize(
    ("levy", "expected"),
    [
        (Levy(), [("IGST", "18", "457.63"), ("IGST", "5", "47.62")]),
        # 118.00 as "standard": 18.00 more
        (
            Levy(LevyKind.CLASS, "standard"),
            [("IGST", "18", "475.63"), ("IGST", "5", "47.62")],
        ),
        # 118.00 in proportion 3 : 1: 88.50 contain 13.50, 29.50 contain 1.40
        (Levy(LevyKind.GOODS), [("IGST", "18", "471.13"), ("IGST", "5", "49.02")]),
        (
            Levy(LevyKind.HIGHEST),
            [("IGST", "18", "475.63"), ("IGST", "5", "47.62")],
        ),
    ],
)
@pytest.mark.parametrize("what", ["shipping", "fees"])
def test_shipping_and_fees_are_taxed_by_rule(levy, expected, what):
    rules = indian_rules(**{"shipping": Levy(), "fees": Levy(), what: levy})
    more = (
        {"delivery": Delivery(11_800)}
        if what == "shipping"
        else {"fees": (Fee("cod", 11_800),)}
    )
    found = quote(basket(*MIXED, to=MAHARASHTRA, **more), terms(rules=rules))
    shown = taxes_of(found)
    assert [
        (each["name"], each["rate"], each["amount"]) for each in shown
    ] == expected
    assert found.total == 411_800


def test_shipping_of_goods_that_cost_nothing_is_divided_by_lines():
    free = promotion(AmountOff(10**9))
    lines = (
        line(10_000, n=1, tax_class="apparel"),
        line(10_000, n=2, tax_class="bags"),
    )
    found = quote(
        basket(*lines, to=MAHARASHTRA, delivery=Delivery(1000)),
        terms(free, rules=indian_rules()),
    )
    # 5.00 at 5 % contain 0.24, 5.00 at 18 % contain 0.76
    assert {part.percent: part.amount for part, _ in found.taxes} == {
        Decimal(5): 24,
        Decimal(18): 76,
    }


def test_shipping_is_added_to_prices_without_tax_as_the_goods_are():
    rules = indian_rules(included=False)
    found = quote(
        basket(*MIXED, to=MAHARASHTRA, delivery=Delivery(10_000)),
        terms(rules=rules),
    )
    # 3,000 and 75.00 at 18 %, 1,000 and 25.00 at 5 %
    assert (found.tax, found.total) == (
        54_000 + 1350 + 5000 + 125,
        410_000 + 60_475,
    )


# --- presets


def test_presets_say_where_they_come_from():
    for name in tax_presets.PRESETS:
        preset = tax_presets.read_preset(name, state="KA", country="DE")
        codes = {each.code for each in preset.classes}
        assert preset.default_class in codes
        assert {rate.tax_class for rate in preset.rates} <= codes
        assert {rate.zone for rate in preset.rates} <= {
            zone.name for zone in preset.zones
        }


def test_the_eu_preset_has_a_rate_for_every_country_and_class():
    preset = tax_presets.read_preset("eu", country="DE")
    assert len(preset.zones) == 27
    assert len(preset.rates) == 2 * 27
    assert all(0 <= rate.parts[0].percent <= 27 for rate in preset.rates)


@pytest.mark.parametrize(
    ("name", "where", "message"),
    [
        ("uk", {}, "in, eu, none"),
        ("in", {}, "KA"),
        ("in", {"state": "Karnataka"}, "KA"),
        ("eu", {"country": "US"}, "DE"),
        ("eu", {}, "DE"),
    ],
)
def test_presets_refuse_what_they_do_not_know(name, where, message):
    with pytest.raises(ValueError, match=message):
        tax_presets.read_preset(name, **where)


def test_what_was_charged_is_divided_anew_when_goods_leave_after_a_change():
    before = taxes(249_900, day=date(2025, 9, 21))
    after = taxes(249_900, day=date(2025, 9, 22))
    assert (before, after) == (
        [("IGST", "12", "267.75")],
        [("IGST", "5", "119.00")],
    )
    added = indian_rules(included=False)
    charged = quote(
        basket(line(249_900, tax_class="apparel"), to=MAHARASHTRA),
        terms(rules=added, day=date(2025, 9, 21)),
    ).total
    anew = taxes(
        charged, rules=replace(added, included=True), day=date(2025, 9, 22)
    )
    assert anew == [
        ("IGST", "18", "426.95")
    ]  # 2,798.88 holds more than 2,500 at 5 %


def test_ids_of_zones_do_not_matter():
    assert Zone(str(uuid4()), "IN").holds(KARNATAKA)
    assert not Zone("x", "IN", frozenset({"IN-MH"})).holds(KARNATAKA)
