"""Idempotency keys: a request that is sent twice takes effect once."""

from django.db import models
from django.db.models.functions import Now

from markrin.db import constraints


class IdempotencyKey(models.Model):
    """A key and what it led to, inserted in the transaction of its effect.

    Source: draft-ietf-httpapi-idempotency-key-header.
    """

    scope = models.CharField(max_length=120, help_text="route and caller")
    key = models.CharField(max_length=255)
    fingerprint = models.BinaryField(
        max_length=32, help_text="SHA-256 of method, path and canonical body"
    )
    result_id = models.UUIDField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        indexes = [
            models.Index(fields=["created_at"], name="idempotency_key_by_age")
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["scope", "key"], name="idempotency_key_once"
            ),
            constraints.check_pattern(
                "idempotency_key",
                "key",
                r"[!-~]{1,255}",
                "A key has 1 to 255 visible characters.",
            ),
        ]

    def __str__(self) -> str:
        return self.key
