"""What comes in about prices and sales, in the shop's currency."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from marshmallow import validates_schema

from markrin.api import fields
from markrin.api.schemas import InputSchema, Loaded, T

MAX_PRICE = "99999999.00"


@dataclass(frozen=True, kw_only=True)
class SaleInput:
    """A sale price and when it holds; without a start at once, without an end until it is
    taken away.
    """

    sale_price: Decimal | None = None
    sale_starts_at: datetime | None = None
    sale_ends_at: datetime | None = None


class SaleFields(InputSchema[T]):
    sale_price = fields.Money(
        min="0.01", max=MAX_PRICE, allow_none=True, load_default=None
    )
    sale_starts_at = fields.Timestamp(allow_none=True, load_default=None)
    sale_ends_at = fields.Timestamp(allow_none=True, load_default=None)

    @validates_schema
    def _sale_is_whole(self, data: Loaded, **kwargs: object) -> None:
        base, sale = data.get("base_price"), data.get("sale_price")
        starts, ends = data.get("sale_starts_at"), data.get("sale_ends_at")
        if base is not None and sale is not None and sale >= base:
            raise fields.refuse(
                "range", "This must be below basePrice.", "sale_price"
            )
        if starts is not None and ends is not None and starts >= ends:
            raise fields.refuse(
                "range", "This must be after saleStartsAt.", "sale_ends_at"
            )
        if "sale_price" in data and sale is None and (starts or ends):
            raise fields.refuse(
                "required", "A sale with dates needs a price.", "sale_price"
            )
