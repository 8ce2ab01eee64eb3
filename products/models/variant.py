"""Variants, and what they and their products cost before."""

from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import Case, F, Func, Q, Value, When
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Cast, LPad, Mod, Now, Substr, Upper
from django.db.models.lookups import Exact

from markrin.db import constraints
from markrin.db.models import Model, QuerySet
from products.models import price_triggers, triggers
from products.models.prices import MAX_PRICE, check_prices
from products.models.product import Product, ProductStatus
from products.models.stock import InventoryPolicy

SKU_KEY = Upper(Func(F("sku"), Value("._/-"), Value(""), function="translate"))


class VariantQuerySet(QuerySet["Variant"]):
    def on_sale(self) -> "VariantQuerySet":
        """Return what can be put into a cart: active, of a published product."""
        return self.filter(is_active=True, product__status=ProductStatus.PUBLISHED)


def _gtin_remainder(column: str) -> Case:
    """Return 0 for digits that end in their check digit. Source: GS1 General Specifications,
    section 7.9: weights 3 and 1 from the right, the sum a multiple of 10.
    """
    padded = LPad(F(column), 14, Value("0"))
    total: CombinedExpression | Value = Value(0)
    for place in range(14):
        digit = Cast(Substr(padded, place + 1, 1), models.IntegerField())
        total = total + digit * Value(3 if place % 2 == 0 else 1)
    return Case(
        When(
            **{f"{column}__regex": r"\A(?:[0-9]{8}|[0-9]{12,14})\Z"},
            then=Mod(total, Value(10)),
        ),
        default=Value(1),
        output_field=models.IntegerField(),
    )


class Variant(Model):
    """One size and colour of a product: what is stocked, put into carts and sold.

    Never deleted: a variant taken off sale becomes inactive, so carts, orders and the
    stock's ledger keep it."""

    product = models.ForeignKey(Product, models.PROTECT, related_name="variants")
    sku = models.CharField(max_length=64, unique=True)
    size = models.CharField(max_length=20, blank=True, default="")
    color = models.CharField("colour", max_length=40, blank=True, default="")
    base_price = models.DecimalField(
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="shop currency; empty: the product's prices, all of them",
    )
    sale_price = models.DecimalField(
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="shop currency, below the variant's own base price",
    )
    sale_starts_at = models.DateTimeField(null=True, blank=True)
    sale_ends_at = models.DateTimeField(null=True, blank=True)
    lowest_prior_price = models.DecimalField(
        max_digits=10, decimal_places=2, null=True, editable=False
    )
    priced_at = models.DateTimeField(db_default=Now(), editable=False)
    barcode = models.CharField(
        max_length=14,
        blank=True,
        default="",
        db_default="",
        help_text="GTIN: 8, 12, 13 or 14 digits",
    )
    weight_g = models.PositiveIntegerField(
        null=True, blank=True, help_text="grams, as it is packed"
    )
    hs_code = models.CharField(
        max_length=10,
        blank=True,
        default="",
        db_default="",
        help_text="customs tariff number: 4 to 10 digits",
    )
    origin_country = models.CharField(
        max_length=2,
        blank=True,
        default="",
        db_default="",
        help_text="ISO 3166-1, such as IN",
    )
    bin_location = models.CharField(
        max_length=40,
        blank=True,
        default="",
        db_default="",
        help_text="where it lies in the warehouse, such as A-03-2; pick lists go by it",
    )
    cost_price = models.DecimalField(
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="what the shop pays for it, in its currency; shoppers never see it",
    )
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)
    objects = VariantQuerySet.as_manager()

    class Meta:
        ordering = ["position", "id"]
        indexes = [
            models.Index(
                fields=["color", "size", "product"],
                name="variant_color_size",
                condition=Q(is_active=True),
            ),
            models.Index(
                fields=["product"],
                include=["color", "size", "position"],
                name="variant_options",
                condition=Q(is_active=True),
            ),
            models.Index(
                fields=["product"],
                name="variant_own_price",
                condition=Q(base_price__isnull=False),
            ),
            # The few with a sale of their own: a list of what is on sale asks for each product.
            models.Index(
                fields=["product"],
                name="variant_own_sale",
                condition=Q(is_active=True, sale_price__isnull=False),
            ),
            models.Index(
                fields=["barcode"], name="variant_barcode", condition=~Q(barcode="")
            ),
            # A SKU as people type it, or its beginning: in any case, with or without its - and /.
            models.Index(
                OpClass(SKU_KEY, name="text_pattern_ops"), name="variant_sku_key"
            ),
        ]
        constraints = [
            constraints.check_pattern(
                "variant",
                "sku",
                "[A-Za-z0-9][A-Za-z0-9._/-]{0,63}",
                "sku takes 1 to 64 letters, digits and . _ / -, a letter or digit first.",
            ),
            *constraints.check_text(
                "variant", "size", "color", "bin_location", blank=True
            ),
            *check_prices("variant"),
            models.CheckConstraint(
                condition=Q(base_price__isnull=False) | Q(sale_price=None),
                name="variant_prices_together",
                violation_error_message=(
                    "A variant has prices of its own, or all of the product's."
                ),
            ),
            models.CheckConstraint(
                condition=Q(barcode="") | Q(Exact(_gtin_remainder("barcode"), 0)),
                name="variant_barcode_gtin",
                violation_error_message=(
                    "barcode takes a GTIN of 8, 12, 13 or 14 digits with its check digit."
                ),
            ),
            constraints.check_range("variant", "weight_g", 1, 1_000_000),
            models.CheckConstraint(
                condition=Q(hs_code="") | Q(hs_code__regex=r"\A[0-9]{4,10}\Z"),
                name="variant_hs_code_form",
                violation_error_message="hsCode takes 4 to 10 digits.",
            ),
            models.CheckConstraint(
                condition=Q(origin_country="")
                | Q(origin_country__regex=r"\A[A-Z]{2}\Z"),
                name="variant_origin_country_form",
                violation_error_message="originCountry takes two capital letters.",
            ),
            constraints.check_range("variant", "cost_price", 0, MAX_PRICE),
            constraints.check_range("variant", "position", 0, 32767),
            models.UniqueConstraint(
                fields=["product", "size", "color"],
                condition=Q(is_active=True),
                name="variant_once_per_product",
            ),
            *price_triggers.OF_VARIANT,
            triggers.REFRESH_OPTIONS,
            *triggers.VARIANT_OPTIONS,
        ]

    def __str__(self) -> str:
        return self.sku

    @property
    def inventory_policy(self) -> InventoryPolicy:
        """What may be promised of it, which stands with its stock. One query, if `stock` is not
        loaded.
        """
        return InventoryPolicy(self.stock.inventory_policy)


class PriceHistory(models.Model):
    """What a product, or a variant with prices of its own, cost before its present prices.

    Written by a trigger. From it follows the lowest price of the 30 days before a sale began.
    """

    product = models.ForeignKey(
        Product, models.CASCADE, related_name="+", db_index=False
    )
    variant = models.ForeignKey(
        Variant, models.CASCADE, null=True, related_name="+", db_index=False
    )
    base_price = models.DecimalField(max_digits=10, decimal_places=2)
    sale_price = models.DecimalField(max_digits=10, decimal_places=2, null=True)
    sale_starts_at = models.DateTimeField(null=True)
    sale_ends_at = models.DateTimeField(null=True)
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField()

    class Meta:
        verbose_name_plural = "price history"
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["product", "variant", "valid_until"],
                name="price_history_of",
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_from__lte=F("valid_until")),
                name="price_history_in_order",
            )
        ]

    def __str__(self) -> str:
        return f"{self.base_price}"
