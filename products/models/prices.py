"""The rules of a base price and a sale, which both a product and a variant have."""

from django.db import models
from django.db.models import F, Q

from markrin.db import constraints

MAX_PRICE = 99_999_999  # in the shop's currency


def check_prices(table: str) -> list[models.CheckConstraint]:
    """Return the constraints of a table's base and sale price."""
    return [
        constraints.check_range(table, "base_price", 0, MAX_PRICE),
        models.CheckConstraint(
            condition=Q(sale_price=None)
            | Q(sale_price__gt=0, sale_price__lt=F("base_price")),
            name=f"{table}_sale_price_below_base",
            violation_error_message="salePrice must be above 0 and below basePrice.",
        ),
        models.CheckConstraint(
            condition=Q(sale_starts_at=None)
            | Q(sale_ends_at=None)
            | Q(sale_starts_at__lt=F("sale_ends_at")),
            name=f"{table}_sale_ends_after_start",
            violation_error_message="A sale ends after it starts.",
        ),
        models.CheckConstraint(
            condition=Q(sale_price__isnull=False)
            | Q(sale_starts_at=None, sale_ends_at=None),
            name=f"{table}_sale_dates_need_price",
            violation_error_message="A sale needs a sale price.",
        ),
    ]
