"""What a change of tax rates means for what is on sale: each price's tax before and after."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.utils import timezone

from markrin.localized import format_money
from orders.models import TaxZone
from orders.pricing.money import from_units, to_units
from orders.pricing.tax import Place, RateTable, Supply
from orders.tax_rules import read_tax_rules
from products.selectors.tax_classes import list_taxed_prices

SHOWN: Final = 20


@dataclass(frozen=True)
class TaxedPrice:
    """What a price of a class carries in a zone: `parts` in words, `tax` in smallest units."""

    zone: str
    tax_class: str
    price: int
    products: int
    parts: str
    tax: int


def tax_all_prices() -> dict[tuple[str, str, int], TaxedPrice]:
    """Return the tax of every price that is on sale today, one piece, in every zone."""
    prices = list_taxed_prices()
    day = timezone.localdate()
    taxed = {}
    for zone in TaxZone.objects.all():
        rules = read_tax_rules(zone.country)
        place = Place(zone.country, next(iter(zone.states), ""))
        table = RateTable(rules, Supply(place), day)
        for row in prices:
            price = to_units(row["price"], settings.SHOP_CURRENCY)
            rate = table.find_rate(row["tax_class"], price, 1)
            charged = table.tax(price, rate)
            key = (zone.name, row["tax_class"], price)
            taxed[key] = TaxedPrice(
                *key,
                products=row["products"],
                parts=" + ".join(
                    f"{part.name} {part.percent.normalize():f} %"
                    for part in charged.parts
                ),
                tax=charged.amount,
            )
    return taxed


def list_changes(
    before: dict[tuple[str, str, int], TaxedPrice],
    after: dict[tuple[str, str, int], TaxedPrice],
) -> tuple[int, Sequence[Sequence[str]]]:
    """Return how many products are taxed differently, and the prices that most of them have,
    in words: class, zone, price, products, before, after.
    """
    changed = [
        (before.get(key), after.get(key))
        for key in before.keys() | after.keys()
        if _says(before.get(key)) != _says(after.get(key))
    ]
    by_zone: dict[str, int] = {}
    rows = []
    for old, new in changed:
        either = new or old
        if either is not None:
            by_zone[either.zone] = by_zone.get(either.zone, 0) + either.products
            rows.append((either, _says(old), _says(new)))
    rows.sort(key=lambda row: _most_products_first(row[0]))
    shown = [
        (
            each.tax_class,
            each.zone,
            _money(each.price),
            str(each.products),
            old,
            new,
        )
        for each, old, new in rows[:SHOWN]
    ]
    return max(by_zone.values(), default=0), shown


def _most_products_first(taxed: TaxedPrice) -> tuple[int, str, str, int]:
    return -taxed.products, taxed.zone, taxed.tax_class, taxed.price


def _says(taxed: TaxedPrice | None) -> str:
    if taxed is None or not taxed.parts:
        return "no tax"
    return f"{taxed.parts}: {_money(taxed.tax)}"


def _money(units: int) -> str:
    currency = settings.SHOP_CURRENCY
    return format_money(from_units(units, currency), currency)
