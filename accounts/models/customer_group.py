"""Groups of customers, by hand and by rule: for promotions, shipping and taxes."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from markrin.db import constraints
from markrin.db.models import Model, QuerySet


class CustomerGroup(Model):
    """A group of customers, such as wholesale or friends of the shop: those whom staff chose, and
    with a rule also whoever fulfils all of its conditions. Who does is read when it is asked for
    (`orders/customer_groups.py`). Amounts are in shop currency.
    """

    name = models.CharField(max_length=80, unique=True)
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="customer_groups"
    )
    by_rule = models.BooleanField(
        default=False,
        db_default=False,
        help_text="also whoever fulfils the conditions below",
    )
    tags = ArrayField(
        models.CharField(max_length=30),
        size=20,
        blank=True,
        default=list,
        db_default=[],
        help_text="any of these tags of customers, separated by commas",
    )
    min_spent = models.DecimalField(
        max_digits=12,
        decimal_places=3,
        null=True,
        blank=True,
        help_text="shop currency: what they have paid, less what went back",
    )
    min_orders = models.PositiveIntegerField(
        null=True, blank=True, help_text="orders that were not cancelled"
    )
    within_days = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text="only orders of the last so many days count; empty: all",
    )
    objects = QuerySet["CustomerGroup"].as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            *constraints.check_text("customer_group", "name"),
            *constraints.check_not_negative("customer_group", "min_spent"),
            constraints.check_range("customer_group", "within_days", 1, 3650),
            models.CheckConstraint(
                condition=Q(by_rule=False)
                | ~Q(tags=[])
                | Q(min_spent__isnull=False)
                | Q(min_orders__isnull=False),
                name="customer_group_rule_says_something",
                violation_error_message=(
                    "A rule needs tags, an amount spent, or a number of orders."
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.name
