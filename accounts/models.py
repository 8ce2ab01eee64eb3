"""Users, their addresses and wishlists."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import (
    AbstractBaseUser,
    BaseUserManager,
    PermissionsMixin,
)
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now

from markrin import constraints
from markrin.models import Model, QuerySet


class Role(models.TextChoices):
    CUSTOMER = "customer"
    STAFF = "staff"
    ADMIN = "admin"


class Sex(models.TextChoices):
    UNSAID = ""
    MALE = "male"
    FEMALE = "female"
    OTHER = "other"


class UserManager(BaseUserManager["User"]):
    def create_user(
        self, email: str, password: str | None = None, **fields: Any
    ) -> "User":
        """Create and return a user; without a password nobody can sign in to it."""
        user = self.model(email=email.lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(
        self, email: str, password: str | None = None, **fields: Any
    ) -> "User":
        """Create and return an admin, for `manage.py createsuperuser`."""
        return self.create_user(
            email, password, **{"role": Role.ADMIN, "name": "Admin", **fields}
        )

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser, PermissionsMixin, Model):
    """Someone with an account. `role` decides what they may do; Django's own flags follow from it."""

    email = models.CharField(
        max_length=254,
        unique=True,
        help_text="kept lower-case",
        error_messages={"unique": "This e-mail is taken."},
    )
    email_verified_at = models.DateTimeField(null=True, blank=True, editable=False)
    name = models.CharField(max_length=80)
    last_name = models.CharField(max_length=80, blank=True, default="")
    phone = models.CharField(
        max_length=16, blank=True, default="", help_text="E.164, such as +919876543210"
    )
    date_of_birth = models.DateField(null=True, blank=True)
    gender = models.CharField(max_length=6, choices=Sex, blank=True, default=Sex.UNSAID)
    language = models.CharField(
        max_length=8, blank=True, default="", help_text="of mails; empty: the shop's"
    )
    role = models.CharField(max_length=8, choices=Role, default=Role.CUSTOMER)
    is_active = models.BooleanField(default=True)
    is_superuser = models.GeneratedField(  # admins; generated, so that it can never contradict the role
        expression=Q(role="admin"), output_field=models.BooleanField(), db_persist=True
    )
    auth_epoch = models.PositiveIntegerField(
        default=0, editable=False, help_text="raised to end every session at once"
    )
    erased_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = UserManager()
    USERNAME_FIELD = EMAIL_FIELD = "email"
    REQUIRED_FIELDS: list[str] = []

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["role", "-created_at"], name="user_by_role")]
        constraints = [
            constraints.pattern(
                "user",
                "email",
                r"[!-?A-Z^-~]+@[a-z0-9-]+(\.[a-z0-9-]+)+",
                "email must be a lower-case ASCII address.",
            ),
            models.CheckConstraint(
                condition=Q(email=Lower("email")),
                name="user_email_lower",
                violation_error_message="email must be lower-case.",
            ),
            *constraints.text("user", "name"),
            *constraints.text("user", "last_name", blank=True),
            constraints.pattern(
                "user",
                "phone",
                r"(\+[1-9][0-9]{6,14})?",
                "phone must be in E.164 form.",
            ),
            constraints.choice("user", "gender", Sex),
            constraints.choice("user", "role", Role),
            models.CheckConstraint(
                condition=Q(date_of_birth__gte="1900-01-01")
                & Q(date_of_birth__lte="2100-12-31"),
                name="user_date_of_birth_range",
                violation_error_message="dateOfBirth must be from 1900 on.",
            ),
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def is_staff(self) -> bool:
        """Whether they may enter the admin."""
        return self.role in (Role.STAFF, Role.ADMIN)

    @property
    def email_verified(self) -> bool:
        """Whether they have proved that the address is theirs."""
        return self.email_verified_at is not None


class AddressQuerySet(QuerySet["Address"]):
    def for_customer(self, customer: User) -> "AddressQuerySet":
        return self.filter(user=customer)


class AddressFields(models.Model):
    """Where a parcel goes; an address book's entry and an order's snapshot have the same columns."""

    recipient = models.CharField(max_length=120)
    phone = models.CharField(max_length=16, help_text="E.164")
    street = models.CharField(max_length=200)
    city = models.CharField(max_length=80)
    state = models.CharField(max_length=80, blank=True, default="")
    postal_code = models.CharField(max_length=12, blank=True, default="")
    country = models.CharField(max_length=2, help_text="ISO 3166-1 alpha-2")

    class Meta:
        abstract = True

    @staticmethod
    def rules(table: str, *, erasable: bool = False) -> list[models.CheckConstraint]:
        """Return the table's CHECKs; an `erasable` one also takes a row whose person has been anonymised."""
        return [
            *constraints.text(table, "recipient", "street", "city", blank=erasable),
            *constraints.text(table, "state", "postal_code", blank=True),
            constraints.pattern(
                table,
                "phone",
                r"\+[1-9][0-9]{6,14}" if not erasable else r"(\+[1-9][0-9]{6,14})?",
                "phone must be in E.164 form.",
            ),
            constraints.pattern(
                table,
                "country",
                "[A-Z]{2}",
                "country must be an ISO 3166-1 alpha-2 code.",
            ),
            models.CheckConstraint(
                condition=~Q(country="IN")
                | Q(postal_code__regex=r"\A[1-9][0-9]{5}\Z")
                | (Q(postal_code="") if erasable else Q()),
                name=f"{table}_postal_code_india",
                violation_error_message="An Indian postal code has six digits.",
            ),
        ]


class Address(AddressFields, Model):
    """An entry of a customer's address book. Exactly one is the default as soon as there is any (services keep the
    one; the constraint refuses a second)."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="addresses"
    )
    is_default = models.BooleanField(default=False)
    objects = AddressQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "addresses"
        ordering = ["-is_default", "-created_at", "-id"]
        constraints = [
            *AddressFields.rules("address"),
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(is_default=True),
                name="address_one_default",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.recipient}, {self.city}"


class WishlistItem(models.Model):
    """A product that a customer keeps in mind."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="wishlist"
    )
    product = models.ForeignKey("products.Product", models.CASCADE, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "product"], name="wishlist_item_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.product_id}"
