"""What a bulk change makes of a product's prices: arithmetic alone. Amounts are in the
shop's currency.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from products.models.bulk_change import BulkEnding, BulkHow, BulkKind
from products.models.prices import MAX_PRICE

_CENT, _HUNDRED = Decimal("0.01"), Decimal(100)
# ending → (step, offset): prices of the form offset + n * step
_ENDINGS = {
    BulkEnding.WHOLE: (Decimal(1), Decimal(0)),
    BulkEnding.NINETY_FIVE: (Decimal(1), Decimal("0.95")),
    BulkEnding.NINETY_NINE: (Decimal(1), Decimal("0.99")),
    BulkEnding.FIVE: (Decimal(5), Decimal(0)),
    BulkEnding.TEN: (Decimal(10), Decimal(0)),
    BulkEnding.NINE: (Decimal(10), Decimal(9)),
    BulkEnding.HUNDRED_LESS_ONE: (Decimal(100), Decimal(99)),
}


@dataclass(frozen=True)
class RepricingRule:
    """How prices change: which, by how much, and to which ending they are rounded."""

    kind: BulkKind
    how: BulkHow = BulkHow.UNSAID
    value: Decimal = Decimal(0)
    ending: BulkEnding = BulkEnding.UNSAID


@dataclass(frozen=True)
class NewPrices:
    """A product's prices, and what is wrong with them, if so."""

    base: Decimal
    sale: Decimal | None
    problem: str = ""


def apply_rule(
    rule: RepricingRule, base: Decimal, sale: Decimal | None
) -> NewPrices:
    """Return what the rule makes of the prices; a result that the shop cannot have names
    its problem.
    """
    match rule.kind:
        case BulkKind.BASE:
            base = _change_price(rule, base)
        case BulkKind.SALE:
            sale = _change_price(rule, base)
        case BulkKind.BOTH:
            base, sale = (
                _change_price(rule, base),
                None if sale is None else _change_price(rule, sale),
            )
        case BulkKind.END_SALE:
            sale = None
    return NewPrices(base, sale, _find_problem(base, sale))


def _change_price(rule: RepricingRule, price: Decimal) -> Decimal:
    match rule.how:
        case BulkHow.PERCENT:
            price += price * rule.value / _HUNDRED
        case BulkHow.AMOUNT:
            price += rule.value
        case _:
            price = rule.value
    return round_price(price.quantize(_CENT, ROUND_HALF_UP), rule.ending)


def round_price(price: Decimal, ending: BulkEnding) -> Decimal:
    """Return the nearest price with this ending, the upper one of two; nothing above zero
    becomes nothing.
    """
    if not ending or price <= 0:
        return price
    step, offset = _ENDINGS[ending]
    steps = ((price - offset) / step).quantize(Decimal(1), ROUND_HALF_UP)
    return max(offset + steps * step, offset or step).quantize(_CENT)


def _find_problem(base: Decimal, sale: Decimal | None) -> str:
    if base < 0:
        return f"The base price would be {base}, below zero."
    if sale is not None and sale <= 0:
        return f"The sale price would be {sale}: it must be above zero."
    if max(base, sale or base) > MAX_PRICE:
        return f"The price would be above {MAX_PRICE:,}."
    if sale is not None and sale >= base:
        return f"The sale price {sale} would not be below the base price {base}."
    return ""
