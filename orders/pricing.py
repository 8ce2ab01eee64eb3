"""What a cart costs: the one quote that cart, checkout, order and e-mail all show. Pure: no
database, no clock.

Amounts are in the shop's currency with two decimals. The rules, in the order in which they
apply (docs/orders.md):
a line is price × quantity; a coupon lowers the subtotal and is spread over the lines to the
paisa; shipping is free when what is left is above the limit; tax is taken per line, after
its discount, and rounded half-up once. Shipping carries no tax of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal
from uuid import UUID

from django.conf import settings

CENT = Decimal("0.01")
ZERO = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Rules:
    """The shop's rules. `free_above` and `shipping_fee` are in its currency."""

    shipping_fee: Decimal
    free_above: Decimal
    tax_included: bool
    currency: str

    @classmethod
    def current(cls) -> "Rules":
        """Return the rules that the settings state."""
        return cls(
            shipping_fee=settings.SHIPPING_FEE,
            free_above=settings.SHIPPING_FREE_ABOVE,
            tax_included=settings.TAX_INCLUDED,
            currency=settings.SHOP_CURRENCY,
        )


@dataclass(frozen=True, slots=True)
class Line:
    """So many pieces of a variant at a price; `tax_percent` is its category's, or the shop's."""

    variant_id: UUID
    unit_price: Decimal
    quantity: int
    tax_percent: Decimal

    @property
    def total(self) -> Decimal:
        """Before any discount."""
        return self.unit_price * self.quantity


@dataclass(frozen=True, slots=True)
class Discount:
    """What a coupon takes off the subtotal: `value` percent of it, or the amount `value`."""

    kind: Literal["percent", "fixed"]
    value: Decimal


@dataclass(frozen=True, slots=True)
class PricedLine:
    """A line with its share of the discount, and its tax after that share."""

    line: Line
    discount: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True)
class Quote:
    """What it all costs. `subtotal` is the sum of the lines, `discount` and `tax` the sums
    of theirs.
    """

    lines: tuple[PricedLine, ...]
    subtotal: Decimal
    discount: Decimal
    shipping: Decimal
    tax: Decimal
    tax_included: bool
    total: Decimal
    currency: str

    def document(self) -> dict[str, str | bool]:
        """Return the quote as a refusal shows it: in the API's names."""
        return {
            "subtotal": str(self.subtotal),
            "discount": str(self.discount),
            "shipping": str(self.shipping),
            "tax": str(self.tax),
            "taxIncluded": self.tax_included,
            "total": str(self.total),
            "currency": self.currency,
        }


def quote(
    lines: Sequence[Line], *, rules: Rules, discount: Discount | None = None
) -> Quote:
    """Return the quote for these lines. Nothing costs nothing, shipping included."""
    subtotal = sum((line.total for line in lines), ZERO)
    taken_off = _amount(discount, subtotal)
    shares = _spread(taken_off, [line.total for line in lines])
    priced = tuple(
        PricedLine(
            line,
            share,
            _tax(line.total - share, line.tax_percent, included=rules.tax_included),
        )
        for line, share in zip(lines, shares, strict=True)
    )
    goods = subtotal - taken_off
    shipping = ZERO if not lines or goods > rules.free_above else rules.shipping_fee
    tax = sum((line.tax for line in priced), ZERO)
    return Quote(
        lines=priced,
        subtotal=subtotal,
        discount=taken_off,
        shipping=shipping,
        tax=tax,
        tax_included=rules.tax_included,
        total=goods + shipping + (ZERO if rules.tax_included else tax),
        currency=rules.currency,
    )


def _amount(discount: Discount | None, subtotal: Decimal) -> Decimal:
    """Return what is taken off, never more than there is."""
    if discount is None:
        return ZERO
    if discount.kind == "percent":
        return _rounded(subtotal * discount.value / 100)
    return min(discount.value, subtotal)


def _spread(amount: Decimal, totals: Sequence[Decimal]) -> list[Decimal]:
    """Return each line's share of `amount`: proportional, in whole paise, and adding up exactly.

    Every share is rounded down; the paise that are left go to the largest remainders, the
    earlier line first where two are equal. No share exceeds its line: a line with a
    remainder has at least a paisa of room above its floor."""
    whole = int(sum(totals, ZERO) / CENT)
    if not whole:
        return [ZERO] * len(totals)
    split = [divmod(int(amount / CENT) * int(total / CENT), whole) for total in totals]
    shares = [share for share, _ in split]
    left = int(amount / CENT) - sum(shares)
    for index in sorted(range(len(split)), key=lambda index: -split[index][1])[:left]:
        shares[index] += 1
    return [share * CENT for share in shares]


def _tax(net: Decimal, percent: Decimal, *, included: bool) -> Decimal:
    return _rounded(net * percent / (100 + percent if included else 100))


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)
