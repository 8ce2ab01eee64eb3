"""What a variant cost at some moment of the past."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from markrin.api.errors import NotFound
from products.models import PriceHistory, Variant


def get_price_at(*, variant_id: UUID, moment: datetime) -> Decimal:
    """Return what a piece cost at this moment, in shop currency; what it costs now, where nothing
    is known of then. Two queries. Raises: NotFound.
    """
    variant = (
        Variant.objects.select_related("product").filter(pk=variant_id).first()
    )
    if variant is None:
        raise NotFound
    own = variant.base_price is not None
    holder = variant if own else variant.product
    then = None
    if moment < holder.priced_at:
        then = PriceHistory.objects.filter(
            product=variant.product_id,
            variant=variant if own else None,
            valid_from__lte=moment,
            valid_until__gt=moment,
        ).first()
    row = then or holder
    on_sale = (
        row.sale_price is not None
        and (row.sale_starts_at is None or row.sale_starts_at <= moment)
        and (row.sale_ends_at is None or row.sale_ends_at > moment)
    )
    price = row.sale_price if on_sale else row.base_price
    return Decimal(price if price is not None else 0)
