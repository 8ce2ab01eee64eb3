"""The rules of prices, for changes of a few of their fields; constraints say the same."""

from datetime import datetime
from decimal import Decimal
from typing import Protocol

from products import errors


class Priced(Protocol):
    """A product or a variant, or what one is to become."""

    @property
    def base_price(self) -> Decimal | None: ...
    @property
    def sale_price(self) -> Decimal | None: ...
    @property
    def sale_starts_at(self) -> datetime | None: ...
    @property
    def sale_ends_at(self) -> datetime | None: ...


def check_prices(priced: Priced) -> None:
    """Refuse prices that do not fit each other.

    Raises:
        SalePriceNotBelow: the sale price is not below the base price.
        SaleDatesWrong: the sale ends before it starts, or has dates and no price.
        VariantPricesApart: a variant has a sale of its own and no base price.
    """
    if priced.sale_price is None:
        if priced.sale_starts_at or priced.sale_ends_at:
            raise errors.SaleDatesWrong("A sale with dates needs a sale price.")
        return
    if priced.base_price is None:
        raise errors.VariantPricesApart
    if priced.sale_price >= priced.base_price:
        raise errors.SalePriceNotBelow
    starts, ends = priced.sale_starts_at, priced.sale_ends_at
    if starts is not None and ends is not None and starts >= ends:
        raise errors.SaleDatesWrong
