"""Amounts: the decimals of each currency, rounding, and spreading an amount over lines exactly.

Inside this package an amount is a whole number of the currency's smallest unit (paise for INR, yen
for JPY, fils for KWD), so that nothing is lost on the way. Decimals are what `quote` takes and
gives.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Final

_USUAL_DECIMALS: Final = 2
# Source: ISO 4217, list one (2024-06-25), column "Minor unit"; every currency that differs from
# two.
OTHER_DECIMALS: Final = {
    **dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
    **dict.fromkeys(["CLF", "UYW"], 4),
}
PER_MILLION: Final = 1_000_000


def decimals_of(currency: str) -> int:
    """Return how many decimals the currency has. Source: ISO 4217."""
    return OTHER_DECIMALS.get(currency, _USUAL_DECIMALS)


def to_units(amount: Decimal, currency: str) -> int:
    """Return the amount in the currency's smallest unit, rounded half-up where it has finer
    digits.
    """
    return int(
        amount.scaleb(decimals_of(currency)).to_integral_value(ROUND_HALF_UP)
    )


def from_units(units: int, currency: str) -> Decimal:
    """Return the amount with exactly the currency's decimals."""
    return Decimal(units).scaleb(-decimals_of(currency))


def with_decimals(amount: Decimal, currency: str) -> Decimal:
    """Return an amount of the database, whose columns have three decimals, with the currency's."""
    return from_units(to_units(amount, currency), currency)


@lru_cache(
    maxsize=1024
)  # a shop has few percentages, and asks for them for every line
def per_million(percent: Decimal) -> int:
    """Return a percentage of at most four decimals as a whole number: 2.5 becomes 25,000."""
    return int(percent * 10_000)


def share_of(amount: int, percent: Decimal) -> int:
    """Return this percentage of the amount, rounded half-up."""
    return divide_half_up(amount * per_million(percent), PER_MILLION)


def divide_half_up(numerator: int, denominator: int) -> int:
    """Return the quotient of two numbers that are not negative, rounded half-up."""
    return (2 * numerator + denominator) // (2 * denominator)


def spread(amount: int, weights: Sequence[int]) -> list[int]:
    """Return each weight's share of `amount`: in proportion, in whole units, and adding up exactly.

    Every share is rounded down; the units that are left go to the largest remainders, the earlier
    one first where two are equal. While `amount` is at most the sum of the weights, no share
    exceeds its weight. Where all weights are 0, nothing is spread.
    """
    whole = sum(weights)
    if not whole or not amount:
        return [0] * len(weights)
    if len(weights) == 1:
        return [amount]
    exact = [amount * weight for weight in weights]
    shares = [part // whole for part in exact]
    left = amount - sum(shares)
    if left:
        # negative, so that of two equals the earlier one comes first
        remainders = [-(part % whole) for part in exact]
        if left == 1:
            shares[remainders.index(min(remainders))] += 1
            return shares
        ranked = sorted(range(len(weights)), key=remainders.__getitem__)
        for index in ranked[:left]:
            shares[index] += 1
    return shares


def split_in_two(amount: int, first: int, second: int) -> tuple[int, int]:
    """Return what `spread` says of two weights, one of which at least is not 0."""
    whole = first + second
    share = (2 * amount * first + whole) // (2 * whole)
    return share, amount - share


def part_of_line(
    amount: int, pieces: int, quantity: int, *, before: int = 0
) -> int:
    """Return what `pieces` of a line's `quantity` pieces are worth when `before` of them have gone
    already.

    All pieces together give exactly `amount`, in whatever portions and order they go.
    """
    upto = divide_half_up(amount * (before + pieces), quantity)
    return upto - divide_half_up(amount * before, quantity)
