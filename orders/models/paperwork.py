"""What staff keep beside an order or a customer: tags, notes and files, for staff alone."""

import hashlib
from typing import Final

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from markrin.db import constraints
from markrin.db.models import Model, QuerySet

MAX_TAGS: Final = 20
MAX_TAG_LENGTH: Final = 30
MAX_FILES: Final = 10
MAX_FILE_BYTES: Final = 5_000_000
TAG: Final = r"[a-z0-9](?:[a-z0-9-]{0,28}[a-z0-9])?"
# What a file may be → how its first bytes look.
FILE_TYPES: Final[dict[str, tuple[bytes, ...]]] = {
    "application/pdf": (b"%PDF-",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/webp": (b"RIFF",),
}


def tags_field() -> "ArrayField[list[str], list[str]]":
    """Return a column of tags: lower-case words such as `vip` or `gift-wrap`."""
    return ArrayField(
        models.CharField(max_length=MAX_TAG_LENGTH),
        default=list,
        db_default=[],
        blank=True,
        size=MAX_TAGS,
        help_text="separated by commas: vip, gift-wrap",
    )


class CustomerRecord(Model):
    """What staff know of a customer: tags, and a note."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="record"
    )
    tags = tags_field()
    note = models.CharField(max_length=2_000, blank=True, default="")
    objects = QuerySet["CustomerRecord"].as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [GinIndex(fields=["tags"], name="customer_record_by_tag")]
        constraints = [
            *constraints.check_text(
                "customer_record", "note", blank=True, lines=True
            )
        ]

    def __str__(self) -> str:
        return f"record of {self.user_id}"


class OrderAttachment(Model):
    """A file about an order, kept in the database: no address of the shop's leads to it."""

    order = models.ForeignKey(
        "orders.Order", models.CASCADE, related_name="attachments"
    )
    name = models.CharField(max_length=120)
    content_type = models.CharField(
        max_length=40, choices=[(t, t) for t in FILE_TYPES]
    )
    content = models.BinaryField(max_length=MAX_FILE_BYTES)
    size = models.PositiveIntegerField(help_text="bytes")
    sha256 = models.CharField(max_length=64)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
    )
    objects = QuerySet["OrderAttachment"].as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            *constraints.check_text("order_attachment", "name"),
            models.CheckConstraint(
                condition=models.Q(content_type__in=list(FILE_TYPES)),
                name="order_attachment_type",
                violation_error_message="A file is a PDF, JPEG, PNG or WebP.",
            ),
            constraints.check_range("order_attachment", "size", 1, MAX_FILE_BYTES),
            constraints.check_pattern(
                "order_attachment",
                "sha256",
                "[0-9a-f]{64}",
                "sha256 is 64 hex digits.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


def hash_content(content: bytes) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
