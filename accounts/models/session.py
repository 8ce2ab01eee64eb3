"""Sessions (each is a family of refresh tokens), the log of what happened to them, and the
tokens in mails.
"""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import triggers
from markrin.db import constraints
from markrin.db.declared import LibraryIndex
from markrin.db.models import QuerySet, uuid7


class Transport(models.TextChoices):
    """How the refresh token travels: in a cookie that scripts cannot read, or in the JSON
    bodies.
    """

    COOKIE = "cookie"
    BODY = "body"


class RevokedReason(models.TextChoices):
    """Why a session has ended."""

    LOGOUT = "logout"
    LOGOUT_ALL = "logout_all"
    PASSWORD_CHANGE = "password_change"  # noqa: S105 (a reason, not a password)
    PASSWORD_RESET = "password_reset"  # noqa: S105
    REUSE_DETECTED = "reuse_detected"
    USER_DISABLED = "user_disabled"
    ADMIN = "admin"
    EXPIRED = "expired"
    SESSION_CAP = "session_cap"
    EMAIL_VERIFIED = "email_verified"


class SessionQuerySet(QuerySet["Session"]):
    def live(self, now: datetime) -> "SessionQuerySet":
        """Return sessions that are neither revoked nor past their end; the user's epoch is not
        checked.
        """
        return self.filter(revoked_at=None, expires_at__gt=now)


class Session(models.Model):
    """One login on one device, and the family of its refresh tokens: only the newest of
    them is live.

    Its id is the tokens' `sid` and no secret. Times are the application's clock, which also
    stamps the tokens."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="sessions",
        db_index=False,
    )
    generation = models.PositiveIntegerField(
        default=0, help_text="rotations so far; the live token's `gen`"
    )
    current_jti = models.CharField(max_length=32, unique=True)
    current_iat = models.DateTimeField()
    current_exp = models.DateTimeField()
    previous_jti = models.CharField(max_length=32, null=True)
    rotated_at = models.DateTimeField(null=True)
    rotation_key_hash = models.BinaryField(
        max_length=32,
        null=True,
        help_text="SHA-256 of the Idempotency-Key that the last rotation came with",
    )
    replay_count = models.PositiveSmallIntegerField(
        default=0, help_text="repeated answers since the last rotation"
    )
    auth_epoch = models.PositiveIntegerField(
        help_text="the user's when the password was checked"
    )
    transport = models.CharField(max_length=6, choices=Transport)
    created_at = models.DateTimeField(default=timezone.now)
    authenticated_at = models.DateTimeField(
        default=timezone.now, help_text="when the password was last given"
    )
    second_factor_at = models.DateTimeField(
        null=True, help_text="when a code of the second factor was last given"
    )
    last_seen_at = models.DateTimeField(
        default=timezone.now, help_text="sign-in or last refresh"
    )
    expires_at = models.DateTimeField(
        help_text="the absolute end, which no rotation moves"
    )
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=256, blank=True, default="")
    label = models.CharField(
        max_length=80,
        blank=True,
        default="",
        help_text="what the device calls itself, in short",
    )
    revoked_at = models.DateTimeField(null=True)
    revoked_reason = models.CharField(
        max_length=15, choices=RevokedReason, blank=True, default=""
    )

    objects = SessionQuerySet.as_manager()

    class Meta:
        db_table = "auth_session"
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(
                fields=["user"],
                name="session_live_by_user",
                condition=Q(revoked_at=None),
            ),
            models.Index(fields=["user", "ip"], name="session_by_user_and_ip"),
            models.Index(fields=["expires_at"], name="session_by_end"),
            models.Index(
                fields=["revoked_at"],
                name="session_by_revocation",
                condition=Q(revoked_at__isnull=False),
            ),
        ]
        constraints = [
            constraints.check_choice("session", "transport", Transport),
            models.CheckConstraint(
                name="session_revoked_for_a_reason",
                condition=Q(revoked_at=None, revoked_reason="")
                | Q(
                    revoked_at__isnull=False,
                    revoked_reason__in=RevokedReason.values,
                ),
            ),
            models.CheckConstraint(
                name="session_rotated_has_predecessor",
                condition=Q(
                    generation=0,
                    previous_jti=None,
                    rotated_at=None,
                    rotation_key_hash=None,
                )
                | Q(
                    generation__gt=0,
                    previous_jti__isnull=False,
                    rotated_at__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="session_token_ends_by_end",
                condition=Q(current_exp__lte=F("expires_at")),
            ),
            LibraryIndex(
                name="token_blacklist_outstanding_expires",
                library_table="token_blacklist_outstandingtoken",
                columns="expires_at",
            ),
        ]

    def __str__(self) -> str:
        return f"session {self.pk}"


class AuthEvent(models.Model):
    """What happened around signing in, for whoever must find out later. Append-only, by
    trigger; holds no secrets.

    `user` may be gone: the log outlives it, so its column has no foreign key.
    """

    at = models.DateTimeField(default=timezone.now)
    type = models.CharField(max_length=40)
    outcome = models.CharField(max_length=20)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        null=True,
        related_name="+",
        db_constraint=False,
    )
    sid = models.UUIDField(null=True, help_text="the session's id")
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=256, blank=True, default="")
    request_id = models.CharField(max_length=64, blank=True, default="")
    details = models.JSONField(default=dict)

    class Meta:
        constraints = [triggers.AUTH_EVENTS_ONLY_GROW]
        db_table = "auth_event"
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["at"], name="auth_event_by_time")]

    def __str__(self) -> str:
        return f"{self.type} {self.outcome}"


class TokenPurpose(models.TextChoices):
    VERIFY = "verify"
    RESET = "reset"


class MailToken(models.Model):
    """A token that a mail carries to prove that its reader has the address. Of the token
    itself only a hash is kept.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="mail_tokens"
    )
    purpose = models.CharField(max_length=6, choices=TokenPurpose)
    email = models.CharField(
        max_length=254,
        help_text="where it was sent; void when that is no longer the address",
    )
    token_hash = models.BinaryField(max_length=32, unique=True, help_text="SHA-256")
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "auth_mail_token"
        ordering = ["-id"]
        indexes = [models.Index(fields=["expires_at"], name="mail_token_by_end")]
        constraints = [
            constraints.check_choice("mail_token", "purpose", TokenPurpose)
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.pk}"
