"""Who has received what: told by the orders app, read where a review is marked as a buyer's."""

from collections.abc import Collection
from uuid import UUID

from markrin.cache.tags import invalidate
from products.models import Purchase, Review


def record_purchase(*, user_id: UUID, product_ids: Collection[UUID]) -> None:
    """Note that the customer has received these products, and mark their reviews of them as
    a buyer's.

    A step inside the caller's transaction; doing it again changes nothing.
    """
    Purchase.objects.bulk_create(
        [
            Purchase(user_id=user_id, product_id=product_id)
            for product_id in sorted(set(product_ids))
        ],
        ignore_conflicts=True,
    )
    _mark_reviews(user_id, product_ids, bought=True)


def forget_purchase(*, user_id: UUID, product_ids: Collection[UUID]) -> None:
    """Undo `record_purchase` for products of which the customer has given back everything.
    Part of the caller's transaction."""
    Purchase.objects.filter(user_id=user_id, product_id__in=product_ids).delete()
    _mark_reviews(user_id, product_ids, bought=False)


def _mark_reviews(
    user_id: UUID, product_ids: Collection[UUID], *, bought: bool
) -> None:
    reviews = Review.objects.filter(
        user_id=user_id, product_id__in=product_ids
    ).exclude(verified_buyer=bought)
    if reviews.update(verified_buyer=bought):
        invalidate(*(f"reviews:{product_id}" for product_id in set(product_ids)))
