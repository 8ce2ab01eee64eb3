"""Keys by which machines call the staff's API."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from markrin.db import constraints
from markrin.db.models import uuid7

PREFIX = "mk_live_"


class ApiKey(models.Model):
    """A machine's key. Of the key itself only a hash is kept.

    It acts as `user`, an account of its own that nobody can sign in to: its groups say what it
    may do, and its name stands in the audit.
    """

    is_machine = True  # what markrin.api.permissions asks of `request.auth`

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="api_key"
    )
    name = models.CharField(max_length=60)
    hint = models.CharField(
        max_length=16, help_text="how the key begins, to tell it by"
    )
    key_hash = models.BinaryField(max_length=32, unique=True, help_text="SHA-256")
    networks = ArrayField(
        models.CharField(max_length=43),
        default=list,
        blank=True,
        help_text="where it may be used; none: everywhere",
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True, help_text="to the minute")
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = "API key"
        constraints = [
            *constraints.check_text("api_key", "name"),
            models.UniqueConstraint(
                fields=["name"],
                condition=Q(revoked_at=None),
                name="api_key_name_once",
                violation_error_message="There is a key of this name.",
            ),
        ]

    def __str__(self) -> str:
        return self.name
