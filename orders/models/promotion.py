"""Promotions, their codes, and what each took off an order."""

from decimal import Decimal

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from markrin.db import constraints
from markrin.db.models import Model, QuerySet
from orders.models import triggers

CODE_FORMAT = "[A-Z0-9][A-Z0-9-]{0,31}"


class EffectKind(models.TextChoices):
    PERCENT = "percent", "percentage"
    AMOUNT = "amount", "amount"
    FIXED_PRICE = "fixed_price", "fixed price of each piece"
    FREE_SHIPPING = "free_shipping", "free shipping"
    BUY_X_GET_Y = "buy_x_get_y", "buy X, get Y of the cheapest"
    TIERS = "tiers", "tiers"


class CouponKind(models.TextChoices):
    """What a coupon made by the API takes off; a promotion's own page offers every effect."""

    PERCENT = "percent"
    FIXED = "fixed"


class TierBasis(models.TextChoices):
    NONE = "", "(no tiers)"
    PIECES = "pieces", "pieces"
    SPEND = "spend", "amount spent"


def _money(**options: object) -> models.DecimalField:  # type: ignore[type-arg]
    return models.DecimalField(max_digits=12, decimal_places=3, **options)  # type: ignore[arg-type]


class Promotion(Model):
    """What lowers a price: conditions, and one effect. The rule is `orders/pricing/promotions`.

    `used` is counted while the promotion has a limit. Amounts are in shop currency.
    """

    name = models.CharField(max_length=120, help_text="as shoppers read it")
    is_active = models.BooleanField(default=True)
    needs_code = models.BooleanField(
        default=False, help_text="applies by a coupon's code only"
    )
    priority = models.PositiveSmallIntegerField(
        default=100, help_text="lower ones apply first"
    )
    exclusive = models.BooleanField(
        default=False, help_text="never together with others"
    )
    # Conditions
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    min_spend = _money(
        default=0, help_text="on what it is about, before any promotion"
    )
    min_pieces = models.PositiveSmallIntegerField(default=0)
    products = models.ManyToManyField(
        "products.Product", blank=True, related_name="+"
    )
    categories = models.ManyToManyField(
        "products.Category",
        blank=True,
        related_name="+",
        help_text="with all that is below them",
    )
    collections = models.ManyToManyField(
        "products.Collection",
        blank=True,
        related_name="+",
        help_text="who is in one is read when the cart is priced",
    )
    customer_groups = models.ManyToManyField(
        "accounts.CustomerGroup",
        blank=True,
        related_name="+",
        help_text="empty: for everybody",
    )
    first_order_only = models.BooleanField(default=False)
    countries = ArrayField(
        models.CharField(max_length=2),
        blank=True,
        default=list,
        help_text="where the goods go (IN, US); empty: anywhere",
    )
    exclude_sale_items = models.BooleanField(
        default=False, help_text="leaves out what is on sale"
    )
    # The effect
    kind = models.CharField(max_length=13, choices=EffectKind)
    percent = models.DecimalField(
        max_digits=7, decimal_places=4, null=True, blank=True
    )
    cap = _money(
        null=True, blank=True, help_text="the most that a percentage takes off"
    )
    amount = _money(
        null=True, blank=True, help_text="what is taken off, or the fixed price"
    )
    buy = models.PositiveSmallIntegerField(null=True, blank=True, help_text="X")
    get = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text="Y, of the cheapest: 3 for 2 is buy 2, get 1",
    )
    tier_by = models.CharField(
        max_length=6, choices=TierBasis, blank=True, default=TierBasis.NONE
    )
    # Limits
    total_limit = models.PositiveIntegerField(null=True, blank=True)
    per_customer_limit = models.PositiveSmallIntegerField(null=True, blank=True)
    used = models.PositiveIntegerField(default=0, editable=False)
    objects = QuerySet["Promotion"].as_manager()

    class Meta:
        ordering = ["priority", "id"]
        indexes = [
            models.Index(
                fields=["priority", "id"],
                name="promotion_by_itself",
                condition=Q(is_active=True, needs_code=False),
            )
        ]
        constraints = [
            *constraints.check_text("promotion", "name"),
            constraints.check_choice("promotion", "kind", EffectKind),
            constraints.check_choice("promotion", "tier_by", TierBasis),
            *constraints.check_not_negative("promotion", "min_spend", "cap"),
            constraints.check_range("promotion", "percent", 0, 100),
            models.CheckConstraint(
                # a NULL must not make the rule unknown, which passes
                condition=Q(kind="percent", percent__isnull=False, percent__gt=0)
                | Q(
                    kind__in=["amount", "fixed_price"],
                    amount__isnull=False,
                    amount__gt=0,
                )
                | Q(
                    kind="buy_x_get_y",
                    buy__isnull=False,
                    buy__gte=1,
                    get__isnull=False,
                    get__gte=1,
                    percent__isnull=False,
                    percent__gt=0,
                )
                | Q(kind="tiers", tier_by__in=["pieces", "spend"])
                | Q(kind="free_shipping"),
                name="promotion_effect_whole",
                violation_error_message="The effect lacks its percentage, amount, X and Y, or"
                " basis of tiers.",
            ),
            models.CheckConstraint(
                condition=Q(starts_at=None)
                | Q(ends_at=None)
                | Q(ends_at__gt=F("starts_at")),
                name="promotion_window_in_order",
                violation_error_message="endsAt must be after startsAt.",
            ),
            models.CheckConstraint(
                condition=Q(total_limit=None) | Q(used__lte=F("total_limit")),
                name="promotion_used_within_limit",
                violation_error_message="The total limit cannot be below the uses so far.",
            ),
            models.CheckConstraint(
                condition=(Q(total_limit=None) | Q(total_limit__gte=1))
                & (Q(per_customer_limit=None) | Q(per_customer_limit__gte=1)),
                name="promotion_limits_at_least_one",
                violation_error_message="A limit is at least 1; leave it empty for none.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PromotionTier(models.Model):
    """What is taken off from `threshold` on (pieces, or shop currency)."""

    promotion = models.ForeignKey(Promotion, models.CASCADE, related_name="tiers")
    threshold = _money()
    percent = models.DecimalField(
        max_digits=7, decimal_places=4, null=True, blank=True
    )
    amount = _money(null=True, blank=True)

    class Meta:
        ordering = ["promotion", "threshold"]
        constraints = [
            models.UniqueConstraint(
                fields=["promotion", "threshold"], name="promotion_tier_once"
            ),
            models.CheckConstraint(
                condition=Q(threshold__gt=0),
                name="promotion_tier_threshold_positive",
            ),
            models.CheckConstraint(
                condition=Q(
                    percent__isnull=False,
                    percent__gt=0,
                    percent__lte=100,
                    amount=None,
                )
                | Q(percent=None, amount__isnull=False, amount__gt=0),
                name="promotion_tier_percent_or_amount",
                violation_error_message="A tier takes off a percentage, or an amount.",
            ),
        ]

    def __str__(self) -> str:
        return f"from {self.threshold.normalize():f}"


class Coupon(Model):
    """A code that lets a promotion apply: one for all, or one of many, each of which can be
    used `total_limit` times.
    """

    promotion = models.ForeignKey(Promotion, models.CASCADE, related_name="coupons")
    code = models.CharField(
        max_length=32,
        unique=True,
        help_text="upper-case letters, digits and hyphens",
    )
    total_limit = models.PositiveIntegerField(null=True, blank=True)
    used = models.PositiveIntegerField(default=0, editable=False)
    objects = QuerySet["Coupon"].as_manager()

    class Meta:
        ordering = ["code"]
        constraints = [
            constraints.check_pattern(
                "coupon",
                "code",
                CODE_FORMAT,
                "code takes upper-case letters, digits and hyphens.",
            ),
            models.CheckConstraint(
                condition=Q(total_limit=None)
                | Q(total_limit__gte=1, used__lte=F("total_limit")),
                name="coupon_used_within_limit",
                violation_error_message="The total limit is at least 1, and not below the uses"
                " so far.",
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def kind(self) -> str:
        """What the API calls the promotion's effect."""
        return (
            CouponKind.FIXED
            if self.promotion.kind == "amount"
            else self.promotion.kind
        )

    @property
    def value(self) -> Decimal:
        """The percentage, or the amount in shop currency; 0 for another effect."""
        promotion = self.promotion
        found = (
            promotion.percent if promotion.kind == "percent" else promotion.amount
        )
        return Decimal(0) if found is None else found


class OrderDiscount(models.Model):
    """What a promotion took off an order, and off each of its lines: `shares` has amounts by the
    ids of lines and adds up to `amount`.

    While `counts`, it is a use of the promotion by this person (`user`, or `email_hash`: the
    SHA-256 of the address, normalized); a cancelled order gives its use back.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    order = models.ForeignKey(
        "orders.Order", models.CASCADE, related_name="discounts"
    )
    position = models.PositiveSmallIntegerField()
    promotion = models.ForeignKey(
        Promotion, models.PROTECT, related_name="discounts"
    )
    name = models.CharField(max_length=120)
    code = models.CharField(max_length=32, blank=True, default="")
    amount = models.DecimalField(max_digits=13, decimal_places=3)
    shipping_amount = models.DecimalField(max_digits=13, decimal_places=3)
    shares = models.JSONField(default=dict)
    counts = models.BooleanField(default=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    email_hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["order", "position"]
        indexes = [
            models.Index(
                fields=["promotion", "email_hash"],
                name="order_discount_of_address",
                condition=Q(counts=True),
            ),
            models.Index(
                fields=["promotion", "user"],
                name="order_discount_of_user",
                condition=Q(counts=True),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["order", "position"], name="order_discount_one_per_position"
            ),
            models.UniqueConstraint(
                fields=["order", "promotion"],
                name="order_discount_once_per_promotion",
            ),
            constraints.check_pattern(
                "order_discount",
                "email_hash",
                "[0-9a-f]{64}",
                "email_hash is a SHA-256.",
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0) | Q(amount=0, shipping_amount__gt=0),
                name="order_discount_takes_something_off",
            ),
            *constraints.check_not_negative("order_discount", "shipping_amount"),
            triggers.DISCOUNTS_EQUAL_ORDER,
        ]

    def __str__(self) -> str:
        return self.name

    def to_dict(self) -> dict[str, object]:
        """Return the discount as an order shows it."""
        return {
            "promotion_id": self.promotion_id,
            "name": self.name,
            "code": self.code or None,
            "amount": self.amount,
            "shipping_amount": self.shipping_amount,
            "lines": [
                {"line_id": line_id, "amount": Decimal(share)}
                for line_id, share in self.shares.items()
            ],
        }
