"""How reviews go out."""

from rest_framework import serializers

from markrin.api.serializers import Serializer, Timestamp, page_of
from products.models import Review as ReviewRow
from products.models import ReviewStatus


class Review(Serializer):
    """A review; `author` is the first name and an initial."""

    id = serializers.UUIDField()
    rating = serializers.IntegerField(min_value=1, max_value=5)
    comment = serializers.CharField()
    fit = serializers.SerializerMethodField()
    verified_buyer = serializers.BooleanField()
    author = serializers.SerializerMethodField()
    created_at = Timestamp()

    def get_fit(self, review: ReviewRow) -> str | None:
        return review.fit or None

    def get_author(self, review: ReviewRow) -> str:
        user = review.user
        return f"{user.name} {user.last_name[0]}." if user.last_name else user.name


class ReviewPage(page_of(Review)):  # type: ignore[misc]  # made at run time
    """A page of reviews."""


class OwnReview(Review):
    """What its author sees: also whether it is shown."""

    status = serializers.ChoiceField(choices=ReviewStatus.choices)
    updated_at = Timestamp()


class ReviewedProduct(Serializer):
    """What a review is about."""

    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()


class StaffReview(OwnReview):
    """A review, with what it is about and whose it is."""

    product = ReviewedProduct()
    user_id = serializers.UUIDField()


class StaffReviewPage(page_of(StaffReview)):  # type: ignore[misc]  # made at run time
    """A page of reviews of any status."""
