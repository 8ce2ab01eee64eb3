"""What an invoice charges and a credit note gives back, to the smallest unit. Pure: no database,
no clock.

Amounts are whole numbers of the currency's smallest unit. `charged` is what is paid, tax in it.
Pieces of a line that leave are valued from its far end, pieces that are cancelled from its near
end, so that all portions together are exactly what was charged for the line.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from orders.pricing.money import divide_half_up, part_of_line, spread
from orders.pricing.tax import Levy, RateTable, Taxed, TaxPart, tax_levy


@dataclass(frozen=True, slots=True)
class Charge:
    """An amount with the parts of its tax. `pieces` is 0 for shipping and fees."""

    charged: int
    parts: tuple[TaxPart, ...] = ()
    pieces: int = 0

    @property
    def tax(self) -> int:
        """All parts together."""
        return sum(part.amount for part in self.parts)

    @property
    def taxable(self) -> int:
        """What is charged without the tax."""
        return self.charged - self.tax


NOTHING: Final = Charge(0)


def take_pieces(whole: Charge, pieces: int, *, before: int) -> Charge:
    """Return what `pieces` of a line's pieces are charged when `before` of them have left
    already.
    """

    def part_for_these(amount: int) -> int:
        after = whole.pieces - before - pieces
        return part_of_line(amount, pieces, whole.pieces, before=after)

    parts = tuple(
        part._replace(amount=part_for_these(part.amount)) for part in whole.parts
    )
    return Charge(part_for_these(whole.charged), parts, pieces)


def give_back(
    charge: Charge, given: Charge, amount: int, pieces: int = 0
) -> Charge:
    """Return what giving back `amount` of a charge takes back of each part of its tax, when
    `given` has gone back before. The last amount takes back exactly what is left.
    """
    upto = given.charged + amount
    before = {part.name: part.amount for part in given.parts}
    parts = tuple(
        part._replace(
            amount=(
                divide_half_up(part.amount * upto, charge.charged)
                if charge.charged
                else 0
            )
            - before.get(part.name, 0),
        )
        for part in charge.parts
    )
    return Charge(amount, parts, pieces)


def value_back(charge: Charge, given: Charge, pieces: int) -> int:
    """Return what `pieces` of a charge are worth when `given` has gone back of it already: their
    share of what is left, all of it with the last.
    """
    if given.charged == divide_half_up(
        charge.charged * given.pieces, charge.pieces
    ):
        return part_of_line(
            charge.charged, pieces, charge.pieces, before=given.pieces
        )
    left = charge.charged - given.charged  # its price was lowered
    return divide_half_up(left * pieces, charge.pieces - given.pieces)


def spread_back(amount: int, left: Sequence[int]) -> list[int]:
    """Return each charge's share of an amount that lowers their price, by what is left of each."""
    return spread(min(amount, sum(left)), left)


# --- Tax at supply -------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class SoldLine:
    """A line as it was ordered: its class, what it was charged in all, and its tax."""

    tax_class: str
    charge: Charge


def tax_at_supply(
    lines: Sequence[SoldLine], table: RateTable
) -> tuple[list[Charge], bool]:
    """Return the lines' charges with the tax of these rates, and whether any differs from what
    was ordered. The totals stay.

    A line whose rate is as ordered keeps its very amounts. `table` includes the tax in prices.
    """
    taxed: list[Charge] = []
    changed = False
    for line in lines:
        charge = line.charge
        rate = table.find_rate(line.tax_class, charge.charged, charge.pieces)
        now = {part.name: part.percent for part in rate.parts} if rate else {}
        if now != {part.name: part.percent for part in charge.parts}:
            changed = True
            again = table.tax(charge.charged, rate)
            charge = Charge(charge.charged, again.parts, charge.pieces)
        taxed.append(charge)
    return taxed, changed


def tax_levy_at_supply(
    levy: Levy, charged: int, table: RateTable, lines: Sequence[SoldLine]
) -> tuple[Charge, ...]:
    """Return shipping or fees of so much, tax included, at these rates: a charge for each rate."""
    goods = [
        (
            line.charge.charged,
            table.find_rate(
                line.tax_class, line.charge.charged, line.charge.pieces
            ),
        )
        for line in lines
    ]
    return tuple(
        _charge_of(taxed) for taxed in tax_levy(levy, charged, table, goods)
    )


def _charge_of(taxed: Taxed) -> Charge:
    return Charge(taxed.taxable + taxed.amount, taxed.parts)
