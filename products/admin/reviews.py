"""Reviews, and who may write them as a buyer."""

from django.contrib import admin
from django.http import HttpRequest

from markrin.admin.base import (
    ReadOnly,
    ReadOnlyAdmin,
    Step,
    SteppedAdmin,
    known_values,
)
from markrin.admin.exact_search import ExactSearch
from products.models import Purchase, Review, ReviewStatus
from products.schemas.reviews import Moderation
from products.services import reviews


@admin.register(Review)
class ReviewAdmin(ExactSearch, ReadOnly, SteppedAdmin):
    list_display = (
        "product",
        "rating",
        "short",
        "reviewer",
        "verified_buyer",
        "status",
        "created_at",
    )
    list_filter = (
        "status",
        known_values("rating", lambda: "12345"),
        "verified_buyer",
    )
    search_fields = ("product__slug",)
    search_help_text = "a product's whole slug"
    list_select_related = ("product", "user")
    show_full_result_count = False
    fields = (
        "product",
        "reviewer",
        "rating",
        "fit",
        "comment",
        "verified_buyer",
        "status",
        "created_at",
        "next_steps",
    )
    steps = {
        "hide": Step(
            "Hide",
            lambda request, review, data: _moderate_review(
                review, ReviewStatus.HIDDEN
            ),
            offered=lambda review: review.status == "published",
            danger=True,
        ),
        "show": Step(
            "Show again",
            lambda request, review, data: _moderate_review(
                review, ReviewStatus.PUBLISHED
            ),
            offered=lambda review: review.status == "hidden",
        ),
    }

    def get_readonly_fields(
        self, request: HttpRequest, obj: object = None
    ) -> list[str]:
        return ["next_steps", "created_at", "reviewer"]

    @admin.display(description="by", ordering="user")
    def reviewer(self, review: Review) -> str:
        """Show the name that the shop shows: the catalogue's staff need no address."""
        return str(review.user.name)

    @admin.display(description="comment")
    def short(self, review: Review) -> str:
        return review.comment[:80]


def _moderate_review(review: Review, status: ReviewStatus) -> str:
    reviews.moderate_review(Moderation(status=status), review_id=review.pk)
    return f"The review is {status} now."


@admin.register(Purchase)
class PurchaseAdmin(ExactSearch, ReadOnlyAdmin):
    list_display = ("user", "product", "created_at")
    search_fields = ("product__slug", "user__email")
    search_help_text = "a product's whole slug, or an address"
    list_select_related = ("user", "product")
