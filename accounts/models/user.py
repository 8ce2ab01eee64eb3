"""Users."""

from collections.abc import Iterable
from typing import Any, ClassVar, cast

from django.contrib.auth.models import (
    AbstractBaseUser,
    BaseUserManager,
    PermissionsMixin,
)
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac

from accounts.models import triggers
from markrin.db import constraints
from markrin.db.models import Model


class Role(models.TextChoices):
    CUSTOMER = "customer"
    STAFF = "staff"
    ADMIN = "admin"


STAFF_ROLES = (Role.STAFF, Role.ADMIN)  # who may enter the admin


class Gender(models.TextChoices):
    UNSAID = ""
    MALE = "male"
    FEMALE = "female"
    OTHER = "other"


class UserManager(BaseUserManager["User"]):
    def create_user(
        self, email: str, password: str | None = None, **fields: object
    ) -> "User":
        """Create and return a user; without a password nobody can sign in to it."""
        user = self.model(email=email.lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(
        self, email: str, password: str | None = None, **fields: object
    ) -> "User":
        """Create and return an admin, for `manage.py createsuperuser`."""
        return self.create_user(
            email, password, **{"role": Role.ADMIN, "name": "Admin", **fields}
        )

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser, PermissionsMixin, Model):
    """Someone with an account. `role` decides what they may do; Django's own flags follow
    from it.
    """

    email = models.CharField(
        max_length=254,
        unique=True,
        help_text="kept lower-case",
        error_messages={"unique": "This e-mail is taken."},
    )
    pending_email = models.CharField(
        max_length=254,
        blank=True,
        default="",
        editable=False,
        help_text="asked for, not yet verified",
    )
    email_verified_at = models.DateTimeField(null=True, blank=True, editable=False)
    name = models.CharField(max_length=80)
    last_name = models.CharField(max_length=80, blank=True, default="")
    phone = models.CharField(
        max_length=16,
        blank=True,
        default="",
        help_text="E.164, such as +919876543210",
    )
    date_of_birth = models.DateField(null=True, blank=True)
    gender = models.CharField(
        max_length=6, choices=Gender, blank=True, default=Gender.UNSAID
    )
    language = models.CharField(
        max_length=8,
        blank=True,
        default="",
        help_text="of mails; empty: the shop's",
    )
    role = models.CharField(max_length=8, choices=Role, default=Role.CUSTOMER)
    is_active = models.BooleanField(default=True)
    # admins; generated, so that it can never contradict the role
    is_superuser = models.GeneratedField(
        expression=cast(
            "Any", Q(role="admin")
        ),  # the stubs know no conditions here
        output_field=models.BooleanField(),
        db_persist=True,
    )
    # Sessions know; a column would cost every sign-in a write to this row.
    last_login = cast("Any", None)  # None is how a field of the base is left out
    auth_epoch = models.PositiveIntegerField(
        default=0, editable=False, help_text="raised to end every session at once"
    )
    erased_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = UserManager()
    USERNAME_FIELD = EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["role", "-created_at"], name="user_by_role")
        ]
        constraints = [
            constraints.check_pattern(
                "user",
                "email",
                r"[!-?A-Z^-~]+@[a-z0-9-]+(\.[a-z0-9-]+)+",
                "email must be a lower-case ASCII address.",
            ),
            constraints.check_pattern(
                "user",
                "pending_email",
                r"([!-?A-Z^-~]+@[a-z0-9-]+(\.[a-z0-9-]+)+)?",
                "email must be a lower-case ASCII address.",
            ),
            models.CheckConstraint(
                condition=Q(email=Lower("email")),
                name="user_email_lower",
                violation_error_message="email must be lower-case.",
            ),
            *constraints.check_text("user", "name"),
            *constraints.check_text("user", "last_name", blank=True),
            constraints.check_pattern(
                "user",
                "phone",
                r"(\+[1-9][0-9]{6,14})?",
                "phone must be in E.164 form.",
            ),
            constraints.check_choice("user", "gender", Gender),
            constraints.check_choice("user", "role", Role),
            models.CheckConstraint(
                condition=Q(date_of_birth__gte="1900-01-01")
                & Q(date_of_birth__lte="2100-12-31"),
                name="user_date_of_birth_range",
                violation_error_message="dateOfBirth must be from 1900 on.",
            ),
            triggers.EPOCH_ONLY_GROWS,
        ]

    def __str__(self) -> str:
        return self.email

    def save(
        self, *, update_fields: Iterable[str] | None = None, **kwargs: Any
    ) -> None:
        """Save. A new password ends every session and all that is pending: a change of address
        that was asked for, and the links in mails. A better hash of the same one (at sign-in)
        does not.

        Deactivation ends them too: a trigger sees to that, and that a stale copy of a user
        lowers no epoch."""
        # Django's own: what set_password left to be saved. The stubs lack it.
        new_password = self._password is not None and not self._state.adding  # type: ignore[attr-defined]  # as said
        if new_password:
            self.auth_epoch = F("auth_epoch") + 1
            self.pending_email = ""
            if update_fields is not None:
                update_fields = {*update_fields, "auth_epoch", "pending_email"}
        super().save(update_fields=update_fields, **kwargs)
        if new_password:
            self.refresh_from_db(fields=["auth_epoch"])
            self.mail_tokens.all().delete()

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        # Of the admin's sessions: what ends the API's ends them, and a better hash of the
        # same password does not.
        return salted_hmac(
            "accounts.User.auth_epoch",
            f"{self.pk}:{self.auth_epoch}",
            secret=secret,
            algorithm="sha256",
        ).hexdigest()

    @property
    def is_staff(self) -> bool:
        """Whether they may enter the admin."""
        return self.role in STAFF_ROLES

    @property
    def email_verified(self) -> bool:
        """Whether they have proved that the address is theirs."""
        return self.email_verified_at is not None
