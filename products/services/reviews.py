"""Reviews: one a customer and product. The product's rating, histogram and fit follow by a
trigger, in the same transaction."""

from typing import Any
from uuid import UUID

from django.db import transaction

from markrin.api.errors import NotFound
from products import errors
from products.models import Product, Purchase, Review


@transaction.atomic(durable=True)
def create_review(
    *, product_id: UUID, user_id: UUID, rating: int, comment: str, fit: str
) -> Review:
    """Write the customer's review of a published product: a verified buyer's if they have
    received it.

    Raises:
        NotFound: there is no such published product.
        AlreadyReviewed: they have reviewed it.
    """
    product = Product.objects.published().filter(pk=product_id).first()
    if product is None:
        raise NotFound
    if Review.objects.filter(product=product, user=user_id).exists():
        raise errors.AlreadyReviewed
    bought = Purchase.objects.filter(product=product, user=user_id).exists()
    written = {"rating": rating, "comment": comment, "fit": fit}
    review = Review.objects.create(
        product=product, user_id=user_id, verified_buyer=bought, **written
    )
    review.refresh_from_db()  # its time is the database's
    return review


@transaction.atomic(durable=True)
def update_review(
    *, product_id: UUID, review_id: UUID, user_id: UUID, **changes: Any
) -> Review:
    """Change one's own review. Locks: the review, then its product.

    Raises:
        NotFound: it is somebody else's, or not there.
    """
    review = _lock_own_review(product_id, review_id, user_id)
    for name, value in changes.items():
        setattr(review, name, value)
    review.save(update_fields=[*changes, "updated_at"])
    return review


@transaction.atomic(durable=True)
def delete_review(*, product_id: UUID, review_id: UUID, user_id: UUID) -> None:
    """Delete one's own review. Locks: the review, then its product.

    Raises:
        NotFound: it is somebody else's, or not there.
    """
    _lock_own_review(product_id, review_id, user_id).delete()


@transaction.atomic(durable=True)
def moderate_review(*, review_id: UUID, status: str) -> None:
    """Hide a review, or show it again; only shown ones count. Locks: the review, then its product.

    Raises:
        NotFound: there is none.
    """
    review = Review.objects.filter(pk=review_id).locked().first()
    if review is None:
        raise NotFound
    review.status = status
    review.save(update_fields=["status", "updated_at"])


def _lock_own_review(product_id: UUID, review_id: UUID, user_id: UUID) -> Review:
    own = Review.objects.filter(pk=review_id, product=product_id, user=user_id)
    review = own.select_related("user").locked().first()
    if review is None:
        raise NotFound
    return review
