"""What shoppers did, and the shop's figures by day. A day is the shop's, by SHOP_TIME_ZONE."""

from typing import ClassVar, Final

from django.contrib.postgres.indexes import BrinIndex
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from markrin.db import constraints
from markrin.db.declared import Partitioning


class EventType(models.TextChoices):
    VIEW = "view"
    SEARCH = "search"
    ADD_TO_CART = "add_to_cart"
    CHECKOUT_STARTED = "checkout_started"


class Event(models.Model):
    """Something a shopper did, as the frontend tells it. No personal data: `visitor` is a
    hash that lives for a day.

    Partitioned by month on `occurred_at`; `analytics/services/partitions.py` makes and
    drops the partitions. The key makes a batch that is sent twice count once."""

    pk = models.CompositePrimaryKey("occurred_at", "id")
    id = models.UUIDField()
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField(db_default=Now())
    type = models.CharField(max_length=16, choices=EventType)
    product_id = models.UUIDField(
        null=True, help_text="not a foreign key: the event outlives the product"
    )
    query = models.CharField(max_length=200, blank=True, default="")
    results = models.PositiveIntegerField(
        null=True, help_text="how many products a search found"
    )
    session_key = models.CharField(max_length=64)
    visitor = models.CharField(max_length=32)

    class Meta:
        db_table = "analytics_event"
        indexes = [
            BrinIndex(fields=["occurred_at"], name="analytics_event_by_time")
        ]
        constraints = [
            constraints.check_choice("analytics_event", "type", EventType),
            *constraints.check_text("analytics_event", "query", blank=True),
            constraints.check_pattern(
                "analytics_event",
                "session_key",
                "[A-Za-z0-9_-]{8,64}",
                "sessionKey is 8 to 64 of A-Z a-z 0-9 _ -",
            ),
            constraints.check_pattern(
                "analytics_event", "visitor", "[0-9a-f]{32}", "visitor is a hash."
            ),
            models.CheckConstraint(
                condition=Q(
                    type__in=["view", "add_to_cart"],
                    product_id__isnull=False,
                    query="",
                    results=None,
                )
                | Q(type="search", product_id=None) & ~Q(query="")
                | Q(
                    type="checkout_started", product_id=None, query="", results=None
                ),
                name="analytics_event_fields_fit_type",
            ),
            Partitioning(name="analytics_event_by_month", by="RANGE (occurred_at)"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.occurred_at}"


class VisitorSalt(models.Model):
    """What a day's visitors are hashed with. Deleted after 48 hours; from then on nobody
    can tell who it was.
    """

    day = models.DateField(primary_key=True)
    salt = models.BinaryField(max_length=32)

    def __str__(self) -> str:
        return str(self.day)


class DirtyDay(models.Model):
    """A day whose orders have changed since its figures were made."""

    day = models.DateField(primary_key=True)
    marked_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return str(self.day)


class DailySales(models.Model):
    """A day: the orders placed on it, cancelled ones left out, and what it brought by the ledger.
    Amounts are in the shop's currency.
    """

    day = models.DateField(primary_key=True)
    orders = models.PositiveIntegerField()
    cancelled = models.PositiveIntegerField(
        help_text="orders placed that day and cancelled since"
    )
    units = models.PositiveIntegerField(
        help_text="pieces sold, less those returned"
    )
    revenue = models.DecimalField(
        max_digits=14,
        decimal_places=2,
        help_text="invoices less credit notes of the day, with tax; below 0 where more came back",
    )
    ordered = models.DecimalField(
        max_digits=14,
        decimal_places=2,
        default=0,
        help_text="totals of the orders placed, less what is not owed and what went back",
    )
    refunded = models.DecimalField(max_digits=14, decimal_places=2)
    new_customers = models.PositiveIntegerField(
        help_text="whose first order this was"
    )
    returning_customers = models.PositiveIntegerField()
    stock_outs = models.PositiveIntegerField(
        help_text="variants that were sold out when the day ended, moved that day"
    )
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "daily sales"
        ordering = ["-day"]
        constraints = [
            *constraints.check_not_negative(
                "daily_sales",
                "orders",
                "cancelled",
                "units",
                "ordered",
                "refunded",
                "new_customers",
                "returning_customers",
                "stock_outs",
            )
        ]

    def __str__(self) -> str:
        return str(self.day)


_BROUGHT: Final = (
    "what invoices of the day charge for it less its credit notes, with tax; below 0 where more"
    " came back"
)
_ORDERED: Final = (
    "lines of the orders placed, less their discount and what came back"
)


class DailyProduct(models.Model):
    """A product's day: how often it was looked at and put into carts, what was ordered of it, and
    what it brought by the invoices.
    """

    pk = models.CompositePrimaryKey("day", "product_id")
    day = models.DateField()
    product = models.ForeignKey(
        "products.Product", models.CASCADE, related_name="+"
    )
    views = models.PositiveIntegerField(default=0)
    carts = models.PositiveIntegerField(
        default=0, help_text="visitors who put it into a cart"
    )
    orders = models.PositiveIntegerField(default=0)
    units = models.PositiveIntegerField(default=0)
    revenue = models.DecimalField(
        max_digits=14,
        decimal_places=2,
        default=0,
        help_text=_BROUGHT,
    )
    ordered = models.DecimalField(
        max_digits=14,
        decimal_places=2,
        default=0,
        db_default=0,
        help_text=_ORDERED,
    )

    class Meta:
        constraints = [
            *constraints.check_not_negative(
                "daily_product", "views", "carts", "orders", "units", "ordered"
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.product_id}"


class DailyVariant(models.Model):
    """How many pieces of a variant were ordered on a day, less those returned: what days of
    cover are counted from.
    """

    pk = models.CompositePrimaryKey("day", "variant_id")
    day = models.DateField()
    # Without an index of its own: a variant that was ever ordered cannot be deleted, and
    # nothing asks by variant.
    variant = models.ForeignKey(
        "products.Variant", models.CASCADE, related_name="+", db_index=False
    )
    units = models.PositiveIntegerField()

    class Meta:
        constraints = [*constraints.check_not_negative("daily_variant", "units")]

    def __str__(self) -> str:
        return f"{self.day} {self.variant_id}"


class DailyCategory(models.Model):
    """A category's day: what was ordered of the products that were in it when they were ordered,
    and what these brought by the invoices.
    """

    pk = models.CompositePrimaryKey("day", "category_id")
    day = models.DateField()
    category = models.ForeignKey(
        "products.Category", models.CASCADE, related_name="+"
    )
    orders = models.PositiveIntegerField(help_text="orders with anything of it")
    units = models.PositiveIntegerField()
    revenue = models.DecimalField(
        max_digits=14, decimal_places=2, help_text=_BROUGHT
    )
    ordered = models.DecimalField(
        max_digits=14, decimal_places=2, default=0, db_default=0, help_text=_ORDERED
    )

    class Meta:
        constraints = [
            *constraints.check_not_negative(
                "daily_category", "orders", "units", "ordered"
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.category_id}"


class ReportSnapshot(models.Model):
    """The first rows of a report over days that staff open every day, read by the job that
    makes the figures.

    Nobody waits for the sums of very many rows. It may be thrown away at any time: the
    report is then read directly."""

    MAX_ROWS: ClassVar[int] = (
        201  # what a page shows, and one that says whether there are more
    )

    pk = models.CompositePrimaryKey("name", "first", "last")
    name = models.CharField(max_length=20)
    first = models.DateField()
    last = models.DateField()
    read_at = models.DateTimeField()
    figures_version = models.CharField(
        max_length=32,
        help_text="tells the figures of these days from older and newer ones",
    )
    rows = models.JSONField(
        encoder=DjangoJSONEncoder, help_text="in the order of the report's columns"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(first__lte=F("last")),
                name="report_snapshot_days_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.first} {self.last}"


class DailyFunnel(models.Model):
    """How many visitors got how far on a day."""

    day = models.DateField(primary_key=True)
    visits = models.PositiveIntegerField(help_text="visitors who did anything")
    views = models.PositiveIntegerField(
        help_text="visitors who looked at a product"
    )
    carts = models.PositiveIntegerField(
        help_text="visitors who put something into a cart"
    )
    checkouts = models.PositiveIntegerField(
        help_text="visitors who began a checkout"
    )

    class Meta:
        ordering = ["-day"]
        constraints = [
            *constraints.check_not_negative(
                "daily_funnel", "visits", "views", "carts", "checkouts"
            ),
            models.CheckConstraint(
                condition=Q(
                    views__lte=F("visits"),
                    carts__lte=F("visits"),
                    checkouts__lte=F("visits"),
                ),
                name="daily_funnel_within_visits",
            ),
        ]

    def __str__(self) -> str:
        return str(self.day)


class DailySearch(models.Model):
    """What was searched for on a day, in lower case, and how often it found nothing."""

    pk = models.CompositePrimaryKey("day", "query")
    day = models.DateField()
    query = models.CharField(max_length=200)
    searches = models.PositiveIntegerField()
    without_result = models.PositiveIntegerField()

    class Meta:
        constraints = [
            *constraints.check_not_negative("daily_search", "searches"),
            models.CheckConstraint(
                condition=Q(
                    without_result__gte=0, without_result__lte=F("searches")
                ),
                name="daily_search_without_result_within_searches",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.query}"
