"""Reviews from another shop: by customers that have an account here."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from markrin.api import errors
from markrin.cache.tags import invalidate
from products.importing import conversions
from products.importing.row_files import Row, RowReport, line_of, open_rows
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
    `email`, `rating`, `body`. Each is a transaction of its own; whoever has reviewed a product
    already is left as they are. Hidden ones stay hidden.

    Raises:
        FileRefused: it is no such file.
    """

    def import_row(row: Row) -> None:
        with transaction.atomic():
            _import_row(line_of(row), row[1], report)
            if dry_run:
                transaction.set_rollback(True)

    with open_rows(path, _NAMES, ["product", "email", "rating"]) as rows:
        (run or ImportRun()).handle_units(rows, line_of, import_row)


def _import_row(line: int, values: Mapping[str, str], report: RowReport) -> None:
    where = f"{values['product']} by {values['email']}"
    product_id = _find_product(values["product"])
    users = get_user_model()._default_manager
    user = users.filter(email=values["email"].strip().lower()).first()
    if product_id is None or user is None:
        missing = "product" if product_id is None else "customer with this e-mail"
        report.note(line, where, "refused", f"There is no such {missing} here.")
        return
    parts = (values.get("title", ""), conversions.html_to_text(values.get("body", "")))
    comment = "\n".join(dict.fromkeys(filter(None, parts)))
    if len(comment) > 2000:
        report.note(line, where, "trimmed", "The text is cut to 2,000 characters.")
        comment = comment[:2000].rstrip()
    rating = conversions.parse_number(values["rating"])
    whole = int(rating) if rating is not None and rating == int(rating) else 0
    try:
        given = CreateReview().load({"rating": whole, "comment": comment})
    except errors.Invalid as exc:
        first = exc.errors[0]
        text = f"{first['pointer'].strip('/')}: {first['message']}"
        report.note(line, where, "refused", text)
        return
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
