"""The address book. An order's snapshot of an address has the same columns (AddressFields)."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import triggers
from accounts.models.user import User
from markrin.db import constraints
from markrin.db.models import Model, QuerySet


class AddressQuerySet(QuerySet["Address"]):
    def for_customer(self, customer: User) -> "AddressQuerySet":
        return self.filter(user=customer)


class AddressFields(models.Model):
    """Where a parcel goes; an address book's entry and an order's snapshot have the same
    columns.
    """

    recipient = models.CharField(max_length=120)
    phone = models.CharField(max_length=16, help_text="E.164")
    street = models.CharField(max_length=200)
    city = models.CharField(max_length=80)
    state = models.CharField(max_length=80, blank=True, default="")
    state_code = models.CharField(
        max_length=6, blank=True, default="", help_text="ISO 3166-2: IN-KA"
    )
    postal_code = models.CharField(max_length=12, blank=True, default="")
    country = models.CharField(max_length=2, help_text="ISO 3166-1 alpha-2")

    class Meta:
        abstract = True

    @staticmethod
    def rules(
        table: str, *, erasable: bool = False
    ) -> list[models.CheckConstraint]:
        """Return the table's CHECKs; an `erasable` one also takes a row whose person has
        been anonymised.
        """
        return [
            *constraints.check_text(
                table, "recipient", "street", "city", blank=erasable
            ),
            *constraints.check_text(table, "state", "postal_code", blank=True),
            constraints.check_pattern(
                table,
                "phone",
                r"\+[1-9][0-9]{6,14}" if not erasable else r"(\+[1-9][0-9]{6,14})?",
                "phone must be in E.164 form.",
            ),
            constraints.check_pattern(
                table,
                "country",
                "[A-Z]{2}",
                "country must be an ISO 3166-1 alpha-2 code.",
            ),
            constraints.check_state_code(table),
            models.CheckConstraint(
                condition=~Q(country="IN")
                | Q(postal_code__regex=r"\A[1-9][0-9]{5}\Z")
                | (Q(postal_code="") if erasable else Q()),
                name=f"{table}_postal_code_india",
                violation_error_message="An Indian postal code has six digits.",
            ),
        ]


class Address(AddressFields, Model):
    """An entry of a customer's address book. Exactly one is the default as soon as there is
    any (services keep the one; the constraint refuses a second)."""

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
            triggers.SOME_DEFAULT_ADDRESS,
        ]

    def __str__(self) -> str:
        return f"{self.recipient}, {self.city}"
