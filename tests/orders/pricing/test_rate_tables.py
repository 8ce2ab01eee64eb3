"""The rates of a supply on a day are made once, and belong to the rules that they were made of."""

from dataclasses import replace
from datetime import date, timedelta

from orders.pricing.tax import MAX_TABLES, Supply
from tests.orders.pricing.baskets import KARNATAKA, MAHARASHTRA, indian_rules

DAY = date(2026, 4, 1)


def test_the_same_rules_give_the_same_table():
    rules = indian_rules()
    assert rules.find_table(Supply(MAHARASHTRA), DAY) is rules.find_table(
        Supply(replace(MAHARASHTRA)), DAY
    )


def test_another_place_day_or_rule_has_a_table_of_its_own():
    rules = indian_rules()
    changed = replace(rules, rates=rules.rates[:1])
    tables = [
        rules.find_table(Supply(MAHARASHTRA), DAY),
        rules.find_table(Supply(KARNATAKA), DAY),
        rules.find_table(Supply(MAHARASHTRA), DAY + timedelta(days=1)),
        changed.find_table(Supply(MAHARASHTRA), DAY),
    ]
    assert len({id(table) for table in tables}) == len(tables)
    assert rules == indian_rules()  # what was made of them is no part of them


def test_only_so_many_are_kept():
    rules = indian_rules()
    for days in range(3 * MAX_TABLES):
        rules.find_table(Supply(MAHARASHTRA), DAY + timedelta(days=days))
    assert len(rules._tables) <= MAX_TABLES
