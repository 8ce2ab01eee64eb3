"""Coupons and the record of their use, which holds their limits under concurrency."""

from django.db import models
from django.db.models import F, Q

from markrin.db import constraints
from markrin.db.models import Model, QuerySet


class CouponKind(models.TextChoices):
    PERCENT = "percent"
    FIXED = "fixed"


class Coupon(Model):
    """A code that lowers the subtotal, by a share or by an amount."""

    code = models.CharField(
        max_length=32, unique=True, help_text="upper-case letters, digits and hyphens"
    )
    kind = models.CharField(max_length=7, choices=CouponKind)
    value = models.DecimalField(
        max_digits=10, decimal_places=2, help_text="percent, or shop currency"
    )
    min_spend = models.DecimalField(
        max_digits=10, decimal_places=2, default=0, help_text="subtotal, shop currency"
    )
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    total_limit = models.PositiveIntegerField(null=True, blank=True)
    per_customer_limit = models.PositiveSmallIntegerField(null=True, blank=True)
    used = models.PositiveIntegerField(default=0, editable=False)
    is_active = models.BooleanField(default=True)
    objects = QuerySet["Coupon"].as_manager()

    class Meta:
        ordering = ["code"]
        constraints = [
            constraints.check_pattern(
                "coupon",
                "code",
                "[A-Z0-9][A-Z0-9-]{0,31}",
                "code takes upper-case letters, digits and hyphens.",
            ),
            constraints.check_choice("coupon", "kind", CouponKind),
            models.CheckConstraint(
                condition=Q(kind="percent", value__gt=0, value__lte=100)
                | Q(kind="fixed", value__gt=0),
                name="coupon_value_fits_kind",
                violation_error_message="value is above 0, and at most 100 for a percentage.",
            ),
            *constraints.check_not_negative("coupon", "min_spend"),
            models.CheckConstraint(
                condition=Q(starts_at=None)
                | Q(ends_at=None)
                | Q(ends_at__gt=F("starts_at")),
                name="coupon_window_in_order",
                violation_error_message="endsAt must be after startsAt.",
            ),
            models.CheckConstraint(
                condition=Q(total_limit=None) | Q(used__lte=F("total_limit")),
                name="coupon_used_within_limit",
                violation_error_message="The total limit cannot be below the uses so far.",
            ),
            models.CheckConstraint(
                condition=(Q(total_limit=None) | Q(total_limit__gte=1))
                & (Q(per_customer_limit=None) | Q(per_customer_limit__gte=1)),
                name="coupon_limits_at_least_one",
                violation_error_message="A limit is at least 1; leave it empty for none.",
            ),
        ]

    def __str__(self) -> str:
        return self.code


class CouponUse(models.Model):
    """That an order used a coupon. `slot` counts a customer's uses from 1; unique, so a
    race cannot pass the limit.

    `customer_key` is the user's id, or the SHA-256 of a guest's e-mail address. A cancelled
    order's row is deleted."""

    coupon = models.ForeignKey(Coupon, models.PROTECT, related_name="uses")
    order = models.OneToOneField(
        "orders.Order", models.CASCADE, related_name="coupon_use"
    )
    customer_key = models.CharField(max_length=64)
    slot = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["coupon", "customer_key", "slot"], name="coupon_use_slot_once"
            ),
            constraints.check_range("coupon_use", "slot", 1, 1_000_000),
            constraints.check_pattern(
                "coupon_use",
                "customer_key",
                "[0-9a-f-]{36,64}",
                "customer_key is an id or a hash.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.coupon_id} {self.slot}"
