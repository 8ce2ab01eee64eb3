"""What is taxed how: the shop's registration, zones, rates with their parts, and what each
order was charged.
"""

from typing import Final

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import (
    ArrayField,
    DateRangeField,
    RangeOperators,
)
from django.db import models
from django.db.models import Case, F, Func, Q, Value, When
from django.db.models.functions import Cast, Coalesce

from markrin.cache.data_versions import watch_table
from markrin.db import constraints
from markrin.db.models import Model, QuerySet
from orders.models import triggers

SETTINGS_KEY: Final = 1


class TaxScheme(models.TextChoices):
    """Whose rule names the place of supply; the values are `pricing.tax.Regime`'s."""

    DESTINATION = "", "where the goods go"
    INDIA = "in", "India (GST)"
    EU = "eu", "European Union (VAT)"


class LevyRule(models.TextChoices):
    """How shipping and fees are taxed; the values are `pricing.tax.LevyKind`'s."""

    NONE = "none", "not taxed"
    CLASS = "class", "as a class of goods"
    GOODS = "goods", "as the goods, in proportion"
    HIGHEST = "highest", "as the goods, at their highest rate"


class TaxSettings(models.Model):
    """Where the shop is registered, and by which rules it taxes: one row, or none (no tax)."""

    id = models.BigIntegerField(
        primary_key=True, default=SETTINGS_KEY, editable=False
    )
    scheme = models.CharField(
        max_length=2, choices=TaxScheme, blank=True, default=TaxScheme.DESTINATION
    )
    country = models.CharField(
        max_length=2, help_text="where the shop is registered: IN"
    )
    state_code = models.CharField(
        max_length=6, blank=True, default="", help_text="ISO 3166-2: IN-KA"
    )
    one_stop_shop = models.BooleanField(
        default=False, help_text="EU: tax at the rates of where the goods go (OSS)"
    )
    exports_zero_rated = models.BooleanField(
        default=True,
        help_text="India: the shop exports under a letter of undertaking (LUT)",
    )
    exempt_groups = models.ManyToManyField(
        "accounts.CustomerGroup",
        blank=True,
        related_name="+",
        help_text="customers who are charged no tax, such as missions with a certificate",
    )
    shipping_levy = models.CharField(
        max_length=7, choices=LevyRule, default=LevyRule.NONE
    )
    shipping_class = models.ForeignKey(
        "products.TaxClass", models.PROTECT, null=True, blank=True, related_name="+"
    )
    fees_levy = models.CharField(
        max_length=7, choices=LevyRule, default=LevyRule.NONE
    )
    fees_class = models.ForeignKey(
        "products.TaxClass", models.PROTECT, null=True, blank=True, related_name="+"
    )
    updated_at = models.DateTimeField(auto_now=True, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = "tax settings"
        constraints = [
            models.CheckConstraint(
                condition=Q(id=SETTINGS_KEY), name="tax_settings_once"
            ),
            constraints.check_choice("tax_settings", "scheme", TaxScheme),
            constraints.check_choice("tax_settings", "shipping_levy", LevyRule),
            constraints.check_choice("tax_settings", "fees_levy", LevyRule),
            constraints.check_pattern(
                "tax_settings",
                "country",
                "[A-Z]{2}",
                "country must be an ISO 3166-1 alpha-2 code.",
            ),
            constraints.check_state_code("tax_settings"),
            models.CheckConstraint(
                condition=~Q(shipping_levy="class")
                | Q(shipping_class__isnull=False),
                name="tax_settings_shipping_class_named",
                violation_error_message="Name the class that shipping is taxed as.",
            ),
            models.CheckConstraint(
                condition=~Q(fees_levy="class") | Q(fees_class__isnull=False),
                name="tax_settings_fees_class_named",
                violation_error_message="Name the class that fees are taxed as.",
            ),
            watch_table("orders_taxsettings", subject="tax"),
        ]

    def __str__(self) -> str:
        return "tax settings"


class TaxZone(Model):
    """Where rates hold: a country, or the named states of it, which are nearer."""

    name = models.CharField(max_length=80, unique=True)
    country = models.CharField(max_length=2, help_text="ISO 3166-1: IN")
    states = ArrayField(
        models.CharField(max_length=6),
        default=list,
        blank=True,
        help_text="ISO 3166-2 codes (IN-KA, IN-TN); empty: the whole country",
    )
    objects = QuerySet["TaxZone"].as_manager()

    class Meta:
        ordering = ["country", "name"]
        constraints = [
            *constraints.check_text("tax_zone", "name"),
            constraints.check_pattern(
                "tax_zone",
                "country",
                "[A-Z]{2}",
                "country must be an ISO 3166-1 alpha-2 code.",
            ),
            watch_table("orders_taxzone", subject="tax"),
        ]

    def __str__(self) -> str:
        return self.name


class TaxRate(Model):
    """What a class carries in a zone, in a band, from a day to a day (both included).

    Two rates of one class, zone and band never hold on the same day.
    """

    tax_class = models.ForeignKey(
        "products.TaxClass", models.CASCADE, related_name="rates"
    )
    zone = models.ForeignKey(TaxZone, models.CASCADE, related_name="rates")
    valid_from = models.DateField(
        null=True, blank=True, help_text="the first day; empty: from ever"
    )
    valid_until = models.DateField(
        null=True, blank=True, help_text="the last day; empty: for good"
    )
    up_to = models.DecimalField(
        max_digits=12,
        decimal_places=3,
        null=True,
        blank=True,
        help_text="the highest taxable value of one piece, in shop currency; empty: any",
    )
    objects = QuerySet["TaxRate"].as_manager()

    class Meta:
        ordering = ["zone", "tax_class", "valid_from", "up_to"]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_from=None)
                | Q(valid_until=None)
                | Q(valid_until__gte=F("valid_from")),
                name="tax_rate_days_in_order",
                violation_error_message="The last day is not before the first.",
            ),
            models.CheckConstraint(
                condition=Q(up_to=None) | Q(up_to__gt=0),
                name="tax_rate_up_to_positive",
                violation_error_message="The limit of a band is above 0.",
            ),
            ExclusionConstraint(
                name="tax_rate_one_a_day",
                expressions=[
                    ("tax_class", RangeOperators.EQUAL),
                    ("zone", RangeOperators.EQUAL),
                    (Coalesce("up_to", Value(0)), RangeOperators.EQUAL),
                    (
                        Func(
                            Cast(F("valid_from"), models.DateField()),
                            # days that are not in order are another rule's to refuse
                            Case(
                                When(
                                    valid_until__lt=F("valid_from"),
                                    then=Cast(F("valid_from"), models.DateField()),
                                ),
                                default=Cast(F("valid_until"), models.DateField()),
                            ),
                            Value("[]"),
                            function="daterange",
                            output_field=DateRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                violation_error_message="Another rate holds for this class, zone and band then.",
            ),
            watch_table("orders_taxrate", subject="tax"),
        ]

    def __str__(self) -> str:
        return f"{self.tax_class} in {self.zone}"


class TaxPart(models.Model):
    """A named part of a rate: CGST, 9 %."""

    rate = models.ForeignKey(TaxRate, models.CASCADE, related_name="parts")
    position = models.PositiveSmallIntegerField(default=0)
    name = models.CharField(max_length=20, help_text="CGST, IGST, VAT")
    percent = models.DecimalField(max_digits=7, decimal_places=4)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["rate", "name"], name="tax_part_once_per_rate"
            ),
            *constraints.check_text("tax_part", "name"),
            constraints.check_range("tax_part", "percent", 0, 100),
            watch_table("orders_taxpart", subject="tax"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.percent.normalize():f} %"


class TaxedThing(models.TextChoices):
    LINE = "line"
    SHIPPING = "shipping"
    FEES = "fees"


class OrderTax(models.Model):
    """A part of the tax that an order was charged: of a line, or of its shipping or fees.

    `taxable` is what was charged without the tax. Rows are written with the order.
    """

    order = models.ForeignKey("orders.Order", models.CASCADE, related_name="taxes")
    line = models.ForeignKey(
        "orders.OrderLine", models.CASCADE, null=True, related_name="taxes"
    )
    of = models.CharField(max_length=8, choices=TaxedThing)
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=20)
    percent = models.DecimalField(max_digits=7, decimal_places=4)
    taxable = models.DecimalField(max_digits=13, decimal_places=3)
    amount = models.DecimalField(max_digits=13, decimal_places=3)

    class Meta:
        ordering = ["order", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["order", "position"], name="order_tax_one_per_position"
            ),
            constraints.check_choice("order_tax", "of", TaxedThing),
            models.CheckConstraint(
                condition=Q(of="line", line__isnull=False)
                | Q(of__in=["shipping", "fees"], line=None),
                name="order_tax_of_a_line_or_not",
            ),
            constraints.check_range("order_tax", "percent", 0, 100),
            *constraints.check_not_negative("order_tax", "taxable", "amount"),
            triggers.TAXES_EQUAL_ORDER,
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.percent.normalize():f} %"


class ConfirmedTaxId(Model):
    """A business's tax number that somebody has looked up in its registry (VIES): only such a
    buyer is charged no VAT abroad. A check digit is no confirmation.
    """

    tax_id = models.CharField(
        max_length=20, unique=True, help_text="with its country: FR40303265045"
    )
    note = models.CharField(
        max_length=200,
        help_text="where it was looked up, and what the registry said",
    )
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
    )
    objects = QuerySet["ConfirmedTaxId"].as_manager()

    class Meta:
        verbose_name = "confirmed tax number"
        ordering = ["tax_id"]
        constraints = [
            constraints.check_pattern(
                "confirmed_tax_id",
                "tax_id",
                "[A-Z0-9]{8,20}",
                "The number has upper-case letters and digits only.",
            ),
            *constraints.check_text("confirmed_tax_id", "note"),
        ]

    def __str__(self) -> str:
        return self.tax_id
