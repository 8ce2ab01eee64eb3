"""The stock's ledger, for staff."""

from typing import Any
from uuid import UUID

from markrin import errors
from markrin.pagination import CursorPage, Page, paged
from products.models import StockMovement, Variant


def list_movements(*, variant_id: UUID, **paging: Any) -> Page[StockMovement] | CursorPage[StockMovement]:
    """Return a variant's movements, the last one first: three queries.

    Raises:
        errors.NotFound: there is no such variant.
    """
    if not Variant.objects.filter(pk=variant_id).exists():
        raise errors.NotFound
    return paged(StockMovement.objects.filter(variant=variant_id), order=("-id",), **paging)


def get_staff_variant(*, variant_id: UUID) -> Variant:
    """Return a variant with its stock level.

    Raises:
        errors.NotFound: there is none.
    """
    variant = Variant.objects.select_related("stock").filter(pk=variant_id).first()
    if variant is None:
        raise errors.NotFound
    return variant
