"""Reviews: a product's for everybody, all for those who moderate."""

from uuid import UUID

from django.db.models import QuerySet

from markrin.api import errors
from markrin.api.pagination import CursorPage, Page, fetch_page
from products.models import Product, Review
from products.schemas.reviews import ReviewFilter, StaffReviewFilter

ORDERS: dict[str, tuple[str, ...]] = {
    "newest": ("-created_at", "-id"),
    "oldest": ("created_at", "id"),
    "rating_desc": ("-rating", "-created_at", "-id"),
    "rating_asc": ("rating", "-created_at", "-id"),
}
Reviews = Page[Review] | CursorPage[Review]


def list_reviews(query: ReviewFilter, *, product_id: UUID) -> Reviews:
    """Return the published reviews of a published product: three queries.

    Raises:
        errors.NotFound: there is no such product.
    """
    if not Product.objects.published().filter(pk=product_id).exists():
        raise errors.NotFound
    return _page_reviews(
        Review.objects.published().filter(product=product_id), query
    )


def list_staff_reviews(query: StaffReviewFilter) -> Reviews:
    """Return reviews of any product and status, with what they are about: two queries."""
    reviews = Review.objects.select_related("product")
    if query.status is not None:
        reviews = reviews.filter(status=query.status)
    if query.product_id is not None:
        reviews = reviews.filter(product=query.product_id)
    return _page_reviews(reviews, query)


def _page_reviews(reviews: QuerySet[Review], query: ReviewFilter) -> Reviews:
    if query.rating is not None:
        reviews = reviews.filter(rating=query.rating)
    return fetch_page(
        reviews.select_related("user"),
        order=ORDERS[query.sort],
        page=query.page,
        limit=query.limit,
        cursor=query.cursor,
    )


def get_own_review(*, product_id: UUID, user_id: UUID) -> Review:
    """Return the customer's review of the product, also while it is hidden.

    Raises:
        errors.NotFound: they have written none.
    """
    review = (
        Review.objects.filter(product=product_id, user=user_id)
        .select_related("user")
        .first()
    )
    if review is None:
        raise errors.NotFound
    return review


def get_staff_review(*, review_id: UUID) -> Review:
    """Return a review with what it is about.

    Raises:
        errors.NotFound: there is none.
    """
    review = (
        Review.objects.filter(pk=review_id)
        .select_related("product", "user")
        .first()
    )
    if review is None:
        raise errors.NotFound
    return review
