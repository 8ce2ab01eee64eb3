"""Where the shop delivers, how, and at what price; and the days on which nobody works."""

from typing import Final

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.lookups import Regex

from accounts.postal_codes import MAX_POSTAL_CODE_LENGTH
from markrin.cache.data_versions import watch_table
from markrin.db import constraints
from markrin.db.models import Model, QuerySet
from orders.pricing.shipping import POSTAL_PATTERN

MAX_DAYS: Final = 90  # working days that a method may promise
MAX_PATTERNS: Final = 500
_COUNTRY: Final = "[A-Z]{2}"
_STATE: Final = "[A-Z]{2}-[A-Z0-9]{1,3}"


class ShippingPriceBy(models.TextChoices):
    """What a method's steps go by; the values are `pricing.shipping.PriceBy`'s."""

    FLAT = "flat", "one price"
    WEIGHT = "weight", "by weight (steps in grams)"
    SUBTOTAL = "subtotal", "by what the goods cost (steps in shop currency)"


def _money(**options: object) -> models.DecimalField:  # type: ignore[type-arg]
    return models.DecimalField(max_digits=12, decimal_places=3, **options)  # type: ignore[arg-type]


def _check_each(name: str, regex: str, message: str) -> models.CheckConstraint:
    """Every element of an array matches the pattern. Source: PostgreSQL, array_to_string."""
    joined = Func(
        F(name),
        Value("\n"),
        function="array_to_string",
        output_field=models.TextField(),
    )
    return models.CheckConstraint(
        condition=Regex(joined, rf"\A({regex}(\n{regex})*)?\Z"),
        name=f"shipping_zone_{name}_format",
        violation_error_message=message,
    )


class ShippingZone(Model):
    """Where its methods hold. What is left empty does not narrow it; the list of postal codes is
    `postcodes`.

    The nearest zone counts: of postal codes before states, before countries, before one for
    everywhere. One without methods is where the shop does not deliver.
    """

    name = models.CharField(max_length=80, unique=True)
    position = models.PositiveSmallIntegerField(
        default=0,
        help_text="where two zones are equally near, the lower one counts",
    )
    is_active = models.BooleanField(
        default=True, help_text="otherwise it is as if there were no such zone"
    )
    countries = ArrayField(
        models.CharField(max_length=2),
        default=list,
        blank=True,
        help_text="ISO 3166-1 (IN, AE), with commas between them; empty: everywhere",
    )
    states = ArrayField(
        models.CharField(max_length=6),
        default=list,
        blank=True,
        help_text="ISO 3166-2 (IN-KA, IN-TN); empty: all of them",
    )
    postal_patterns = ArrayField(
        models.CharField(max_length=30),
        default=list,
        blank=True,
        size=MAX_PATTERNS,
        help_text=(
            "of one country: 400050, all that begin alike (4000*), or from one to another"
            " (400001...400104); empty: all, or those of the uploaded list"
        ),
    )
    objects = QuerySet["ShippingZone"].as_manager()

    class Meta:
        ordering = ["position", "name"]
        constraints = [
            *constraints.check_text("shipping_zone", "name"),
            constraints.check_range("shipping_zone", "position", 0, 32767),
            _check_each(
                "countries",
                _COUNTRY,
                "A country is an ISO 3166-1 code, such as IN.",
            ),
            _check_each(
                "states", _STATE, "A state is an ISO 3166-2 code, such as IN-KA."
            ),
            _check_each(
                "postal_patterns",
                POSTAL_PATTERN,
                "A pattern is 400050, 4000* or 400001...400104.",
            ),
            models.CheckConstraint(
                condition=Q(states=[]) | ~Q(countries=[]),
                name="shipping_zone_states_have_country",
                violation_error_message="Name the country that the states are in.",
            ),
            models.CheckConstraint(
                condition=Q(postal_patterns=[]) | Q(countries__len=1),
                name="shipping_zone_patterns_of_one_country",
                violation_error_message=(
                    "Postal codes are those of one country: name it, and no other."
                ),
            ),
            watch_table("orders_shippingzone", subject="shipping"),
        ]

    def __str__(self) -> str:
        return self.name


class ShippingPostcode(models.Model):
    """A postal code of a zone's list, in the form of the zone's country."""

    id = models.BigAutoField(primary_key=True)
    zone = models.ForeignKey(
        ShippingZone, models.CASCADE, related_name="postcodes", db_index=False
    )
    code = models.CharField(max_length=MAX_POSTAL_CODE_LENGTH)

    class Meta:
        ordering = ["zone", "code"]
        constraints = [
            models.UniqueConstraint(
                fields=["zone", "code"], name="shipping_postcode_once_per_zone"
            ),
            constraints.check_pattern(
                "shipping_postcode",
                "code",
                "[A-Z0-9]([A-Z0-9 -]{0,10}[A-Z0-9])?",
                "A postal code has upper-case letters, digits, spaces and hyphens.",
            ),
            watch_table("orders_shippingpostcode", subject="shipping"),
        ]

    def __str__(self) -> str:
        return self.code


class ShippingMethod(Model):
    """A way to send goods to a zone. Money is in shop currency, as shoppers pay it."""

    zone = models.ForeignKey(ShippingZone, models.CASCADE, related_name="methods")
    name = models.CharField(max_length=80, help_text="as shoppers read it")
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)
    customer_groups = models.ManyToManyField(
        "accounts.CustomerGroup",
        blank=True,
        related_name="+",
        help_text="who is offered it; empty: everybody",
    )
    # What it costs
    price_by = models.CharField(
        max_length=8, choices=ShippingPriceBy, default=ShippingPriceBy.FLAT
    )
    price = _money(default=0, help_text="below the first step, too")
    free_above = _money(
        null=True,
        blank=True,
        help_text="goods that cost more than this, after discounts, go for free",
    )
    takes_free_shipping = models.BooleanField(
        default=True, help_text="promotions of free shipping hold for it"
    )
    default_weight_g = models.PositiveIntegerField(
        default=0, help_text="grams of a piece whose weight is not known"
    )
    max_weight_g = models.PositiveIntegerField(
        null=True, blank=True, help_text="grams; heavier orders cannot take it"
    )
    # When it arrives
    min_days = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text="working days; empty: no dates are promised",
    )
    max_days = models.PositiveSmallIntegerField(null=True, blank=True)
    cut_off = models.TimeField(
        null=True,
        blank=True,
        help_text="in the shop's time; later orders count from the next working day",
    )
    weekdays = models.CharField(
        max_length=7,
        default="123456",
        help_text="working days: 1 is Monday, 7 is Sunday",
    )
    # Cash on delivery
    cod_allowed = models.BooleanField("cash on delivery", default=True)
    cod_fee = _money(default=0)
    cod_max_total = _money(
        null=True, blank=True, help_text="orders of more than this are paid online"
    )
    cod_max_open = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text="open cash orders of one customer, address or telephone; empty: any",
    )
    objects = QuerySet["ShippingMethod"].as_manager()

    class Meta:
        ordering = ["zone", "position", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["zone", "name"], name="shipping_method_name_once_per_zone"
            ),
            *constraints.check_text("shipping_method", "name"),
            constraints.check_choice(
                "shipping_method", "price_by", ShippingPriceBy
            ),
            *constraints.check_not_negative(
                "shipping_method", "price", "free_above", "cod_fee", "cod_max_total"
            ),
            constraints.check_range("shipping_method", "position", 0, 32767),
            constraints.check_range(
                "shipping_method", "default_weight_g", 0, 1_000_000
            ),
            constraints.check_range(
                "shipping_method", "max_weight_g", 1, 1_000_000_000
            ),
            constraints.check_range("shipping_method", "cod_max_open", 0, 1000),
            models.CheckConstraint(
                condition=Q(min_days=None, max_days=None)
                | Q(
                    min_days__isnull=False,
                    max_days__isnull=False,
                    min_days__lte=F("max_days"),
                    max_days__lte=MAX_DAYS,
                ),
                name="shipping_method_days_in_order",
                violation_error_message=(
                    f"Give both numbers of days or none, the fewest first, up to {MAX_DAYS}."
                ),
            ),
            constraints.check_pattern(
                "shipping_method",
                "weekdays",
                "(?=[1-7])1?2?3?4?5?6?7?",
                "Working days are some of 1234567, in this order; 1 is Monday.",
            ),
            watch_table("orders_shippingmethod", subject="shipping"),
        ]

    def __str__(self) -> str:
        return self.name


class ShippingStep(models.Model):
    """What a method costs from `threshold` on: grams, or what the goods cost."""

    id = models.BigAutoField(primary_key=True)
    method = models.ForeignKey(
        ShippingMethod, models.CASCADE, related_name="steps", db_index=False
    )
    threshold = _money()
    price = _money()

    class Meta:
        ordering = ["method", "threshold"]
        constraints = [
            models.UniqueConstraint(
                fields=["method", "threshold"],
                name="shipping_step_once_per_threshold",
            ),
            *constraints.check_not_negative("shipping_step", "threshold", "price"),
            watch_table("orders_shippingstep", subject="shipping"),
        ]

    def __str__(self) -> str:
        return f"{self.threshold.normalize():f} = {self.price.normalize():f}"


class Holiday(models.Model):
    """A day on which nothing is sent or delivered."""

    id = models.BigAutoField(primary_key=True)
    day = models.DateField(unique=True)
    name = models.CharField(max_length=80)

    class Meta:
        ordering = ["day"]
        constraints = [
            *constraints.check_text("holiday", "name"),
            watch_table("orders_holiday", subject="shipping"),
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.name}"
