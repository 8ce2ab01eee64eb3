"""What the tax on a cart cannot be below with so much off some of its lines, where prices do not
include it: what cannot win anyway need not be spread over the lines. Pure: no database, no clock.
"""

from collections.abc import Sequence
from typing import Final

from orders.pricing.effects import Reduction
from orders.pricing.money import PER_MILLION
from orders.pricing.promotions import BasketLine
from orders.pricing.tax import RateTable

# How finely one looks at how far prices are lowered: a finer floor is truer, and costs more.
_STEPS: Final = 16


class TaxFloor:
    """The least tax on lines that cost `totals` before anything is taken off, and carry `taxes`
    then. `table` is one whose rates are added to the prices.
    """

    def __init__(
        self,
        lines: Sequence[BasketLine],
        totals: Sequence[int],
        taxes: Sequence[int],
        table: RateTable,
    ) -> None:
        self._totals, self._taxes = totals, taxes
        self._whole_tax = sum(taxes)
        self._lowest: dict[tuple[int, int], int] = {}
        self._elsewhere: dict[int, tuple[int, int]] = {}
        known: dict[tuple[str, int], list[tuple[int, int]]] = {}
        self._bands: list[list[tuple[int, int]]] = []
        for line in lines:
            key = (line.tax_class, line.quantity)
            if key not in known:
                known[key] = table.list_bands(*key)
            self._bands.append(known[key])
        # By how much rounding can bring the tax on a line down: each part by half a unit, and a
        # price that is one unit lower by its rate.
        self._slack = 1 + table.most_parts + table.highest // PER_MILLION

    def count(self, reduction: Reduction) -> int:
        """Return what the tax on all lines cannot be below: on the lines that keep their prices
        what it is, on the others by the lowest rate that each can come to.
        """
        places = reduction.places
        elsewhere, worth = self._count_elsewhere(places)
        if reduction.off >= worth:
            return elsewhere
        step = reduction.off * _STEPS // worth if reduction.is_even else -1
        lowest = self._lowest.get((id(places), step))
        if lowest is None:
            find = self._find_even if reduction.is_even else self._find_any
            lowest = self._lowest[id(places), step] = find(places, step)
        if not reduction.is_even:
            lowest *= worth
        taxed = (worth - reduction.off) * lowest // (worth * PER_MILLION)
        return elsewhere + max(0, taxed - len(places) * self._slack)

    def _count_elsewhere(self, places: Sequence[int]) -> tuple[int, int]:
        """Return the tax on the lines at all other places, and what those at these cost."""
        found = self._elsewhere.get(id(places))
        if found is None:
            taxes, totals = self._taxes, self._totals
            found = self._elsewhere[id(places)] = (
                self._whole_tax - sum([taxes[place] for place in places]),
                sum([totals[place] for place in places]),
            )
        return found

    def _find_even(self, places: Sequence[int], step: int) -> int:
        """Return the tax on these lines at their whole prices, in millionths, each at the lowest
        rate of those that it may carry when it is lowered by between `step` and one step more.
        """
        tax = 0
        for place in places:
            total = self._totals[place]
            # whole units are spread: a share may be one more than its part
            least = total * (_STEPS - 1 - step) // _STEPS - 1
            most = total * (_STEPS - step) // _STEPS + 1
            lowest = None
            for limit, rate in self._bands[place]:
                if least <= limit and (lowest is None or rate < lowest):
                    lowest = rate
                if most <= limit:
                    break
            tax += total * (lowest or 0)
        return tax

    def _find_any(self, places: Sequence[int], _step: int) -> int:
        """Return the lowest rate that any of these lines may come to, in millionths."""
        return min(
            [min([rate for _, rate in self._bands[place]]) for place in places],
            default=0,
        )
