"""What comes in about reviews."""

from django.db.models import TextChoices

from markrin.api import fields
from markrin.api.schemas import InputSchema, PageQuery, PatchSchema
from products.models import Fit, ReviewStatus


class ReviewSort(TextChoices):
    NEWEST = "newest"
    OLDEST = "oldest"
    RATING_DESC = "rating_desc"
    RATING_ASC = "rating_asc"


class ListReviews(PageQuery):
    rating = fields.Int(min=1, max=5)
    sort = fields.Enum(ReviewSort, load_default=ReviewSort.NEWEST)


class ListStaffReviews(ListReviews):
    status = fields.Enum(ReviewStatus)
    product_id = fields.Uuid()


class CreateReview(InputSchema):
    rating = fields.Int(min=1, max=5, required=True)
    comment = fields.Text(max=2000, min=0, multiline=True, load_default="")
    fit = fields.Enum(Fit, load_default=Fit.UNSAID)


class UpdateReview(PatchSchema, CreateReview):
    pass


class ModerateReview(InputSchema):
    status = fields.Enum(ReviewStatus, required=True)
