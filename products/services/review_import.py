"""Reviews from another shop: by customers that have an account here."""

from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from django.contrib.auth import get_user_model
from django.utils import timezone

from markrin.cache.tags import invalidate
from products.importing import conversions
from products.importing.row_files import (
    Row,
    RowReport,
    handle_unit,
    line_of,
    open_rows,
)
from products.importing.run import ImportRun
from products.models import Product, Purchase, Review, ReviewStatus
from products.schemas.reviews import CreateReview
from products.transliteration import ascii_slug

_NAMES: Final = {
    "product": ("product_handle", "product handle", "handle", "product"),
    "email": ("reviewer_email", "reviewer email", "email"),
    "rating": ("rating", "review_score", "score", "stars"),
    "title": ("title", "review_title"),
    "body": ("body", "review_content", "review", "content"),
    "date": ("review_date", "date", "created_at"),
    "status": ("status", "curated", "published"),
}
_HIDDEN: Final = {"spam", "hidden", "unpublished", "false", "not-yet", "no"}


def import_reviews(
    path: Path,
    report: RowReport,
    *,
    dry_run: bool = False,
    run: ImportRun | None = None,
) -> None:
    """Take in a CSV of reviews: Judge.me's export and its like, or columns `product` (a slug),
    `email`, `rating`, `body`. A hundred are a transaction; whoever has reviewed a product already
    is left as they are. Hidden ones stay hidden.

    Raises:
        FileRefused: it is no such file.
    """

    def import_row(row: Row) -> None:
        def work(found: RowReport) -> None:
            _import_row(row, found)

        ref = f"{row[1]['product']} by {row[1]['email']}"
        handle_unit(report, line_of(row), ref, work, dry_run=dry_run)

    with open_rows(path, _NAMES, ["product", "email", "rating"]) as rows:
        (run or ImportRun()).handle_units(rows, line_of, import_row)


def _import_row(row: Row, report: RowReport) -> None:
    line, values = line_of(row), row[1]
    where = f"{values['product']} by {values['email']}"
    if row[0].problem:
        report.note(line, where, "refused", row[0].problem)
        return
    product_id = _find_product(values["product"])
    users = get_user_model()._default_manager
    user = users.filter(email=values["email"].strip().lower()).first()
    if product_id is None or user is None:
        missing = "product" if product_id is None else "customer with this e-mail"
        report.note(line, where, "refused", f"There is no such {missing} here.")
        return
    parts = (
        values.get("title", ""),
        conversions.html_to_text(values.get("body", "")),
    )
    comment = "\n".join(dict.fromkeys(filter(None, parts)))
    if len(comment) > 2000:
        report.note(line, where, "trimmed", "The text is cut to 2,000 characters.")
        comment = comment[:2000].rstrip()
    rating = conversions.parse_number(values["rating"])
    whole = int(rating) if rating is not None and rating == int(rating) else 0
    given = CreateReview().load({"rating": whole, "comment": comment})
    if Review.objects.filter(product=product_id, user=user.pk).exists():
        report.unchanged += 1
        return
    hidden = values.get("status", "").lower() in _HIDDEN
    review = Review.objects.create(
        product_id=product_id,
        user_id=user.pk,
        rating=given.rating,
        comment=given.comment,
        verified_buyer=Purchase.objects.filter(
            product=product_id, user=user.pk
        ).exists(),
        status=ReviewStatus.HIDDEN if hidden else ReviewStatus.PUBLISHED,
    )
    if written_at := _read_moment(values.get("date", "")):
        Review.objects.filter(pk=review.pk).update(created_at=written_at)
    invalidate(f"product:{product_id}", f"reviews:{product_id}", "products")
    report.created += 1


def _find_product(text: str) -> UUID | None:
    slug = ascii_slug(text)
    found = Product.objects.filter(slug=slug).values_list("pk", flat=True).first()
    if found is None:
        former = Product.objects.filter(former_slugs__slug=slug)
        found = former.values_list("pk", flat=True).first()
    return found


def _read_moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.replace(" UTC", "+00:00"))
    except ValueError:
        return None
    return timezone.make_aware(moment) if moment.tzinfo is None else moment
