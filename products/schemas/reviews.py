"""What comes in about reviews."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import TextChoices

from markrin.api import fields
from markrin.api.schemas import InputSchema, PageParams, PageQuery, PatchSchema, T
from markrin.api.unset import UNSET, Unset
from products.models import Fit, ReviewStatus


class ReviewSort(TextChoices):
    NEWEST = "newest"
    OLDEST = "oldest"
    RATING_DESC = "rating_desc"
    RATING_ASC = "rating_asc"


@dataclass(frozen=True, kw_only=True)
class ReviewFilter(PageParams):
    """Which of a product's reviews, in which order."""

    rating: int | None = None
    sort: ReviewSort


class ListReviews(PageQuery[ReviewFilter]):
    rating = fields.Int(min=1, max=5)
    sort = fields.Enum(ReviewSort, load_default=ReviewSort.NEWEST)


@dataclass(frozen=True, kw_only=True)
class StaffReviewFilter(ReviewFilter):
    """Which reviews of any product, for those who moderate."""

    status: ReviewStatus | None = None
    product_id: UUID | None = None


class ListStaffReviews(ListReviews):
    target = StaffReviewFilter
    status = fields.Enum(ReviewStatus)
    product_id = fields.Uuid()


@dataclass(frozen=True, kw_only=True)
class ReviewInput:
    """A whole review: 1 to 5 stars, a comment, how it fits."""

    rating: int
    comment: str
    fit: Fit


class ReviewFields(InputSchema[T]):
    rating = fields.Int(min=1, max=5, required=True)
    comment = fields.Text(max=2000, min=0, multiline=True, load_default="")
    fit = fields.Enum(Fit, load_default=Fit.UNSAID)


class CreateReview(ReviewFields[ReviewInput]):
    pass


@dataclass(frozen=True, kw_only=True)
class ReviewChange:
    """Some fields of a review; the others stay."""

    rating: int | Unset = UNSET
    comment: str | Unset = UNSET
    fit: Fit | Unset = UNSET


class UpdateReview(PatchSchema[ReviewChange], ReviewFields[ReviewChange]):
    pass


@dataclass(frozen=True, kw_only=True)
class Moderation:
    """Whether a review is shown."""

    status: ReviewStatus


class ModerateReview(InputSchema[Moderation]):
    status = fields.Enum(ReviewStatus, required=True)
