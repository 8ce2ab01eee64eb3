"""Reviews: one a customer and product. The product's rating, histogram and fit follow by a
trigger, in the same transaction."""

from uuid import UUID

from markrin.api.errors import NotFound
from markrin.api.rate_limits import Limit, enforce_limit
from markrin.api.unset import sent_fields
from markrin.db import transactions
from products import errors
from products.models import Product, Purchase, Review
from products.schemas.reviews import Moderation, ReviewChange, ReviewInput


@transactions.durable
def create_review(body: ReviewInput, *, product_id: UUID, user_id: UUID) -> Review:
    """Write the customer's review of a published product: a verified buyer's if they have
    received it.

    Raises:
        NotFound: there is no such published product.
        AlreadyReviewed: they have reviewed it.
        RateLimited: they have written twenty in a day.
    """
    product = Product.objects.published().filter(pk=product_id).first()
    if product is None:
        raise NotFound
    if Review.objects.filter(product=product, user=user_id).exists():
        raise errors.AlreadyReviewed
    enforce_limit(Limit.named("review_customer"), str(user_id))
    bought = Purchase.objects.filter(product=product, user=user_id).exists()
    review = Review.objects.create(
        product=product,
        user_id=user_id,
        verified_buyer=bought,
        rating=body.rating,
        comment=body.comment,
        fit=body.fit,
    )
    review.refresh_from_db()  # its time is the database's
    return review


@transactions.durable
def update_review(
    body: ReviewChange, *, product_id: UUID, review_id: UUID, user_id: UUID
) -> Review:
    """Change one's own review. Locks: the review, then its product.

    Raises:
        NotFound: it is somebody else's, or not there.
    """
    review = _lock_own_review(product_id, review_id, user_id)
    changes = sent_fields(body)
    for name, value in changes.items():
        setattr(review, name, value)
    review.save(update_fields=[*changes, "updated_at"])
    return review


@transactions.durable
def delete_review(*, product_id: UUID, review_id: UUID, user_id: UUID) -> None:
    """Delete one's own review. Locks: the review, then its product.

    Raises:
        NotFound: it is somebody else's, or not there.
    """
    _lock_own_review(product_id, review_id, user_id).delete()


@transactions.durable
def moderate_review(body: Moderation, *, review_id: UUID) -> None:
    """Hide a review, or show it again; only shown ones count. Locks: the review, then its product.

    Raises:
        NotFound: there is none.
    """
    review = Review.objects.filter(pk=review_id).locked().first()
    if review is None:
        raise NotFound
    review.status = body.status
    review.save(update_fields=["status", "updated_at"])


def _lock_own_review(product_id: UUID, review_id: UUID, user_id: UUID) -> Review:
    own = Review.objects.filter(pk=review_id, product=product_id, user=user_id)
    review = own.select_related("user").locked().first()
    if review is None:
        raise NotFound
    return review
