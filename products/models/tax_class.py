"""What kinds of goods the law taxes alike. What each carries where is orders' (TaxRate)."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from markrin.cache.data_versions import watch_table
from markrin.db import constraints
from markrin.db.models import Model, QuerySet


class TaxClass(Model):
    """A class of goods for tax: apparel, footwear, fabric.

    A product has its own, or that of the nearest category above it which names one, or the
    default.
    """

    code = models.CharField(max_length=40, unique=True, help_text="apparel")
    name = models.CharField(max_length=120)
    hsn = ArrayField(
        models.CharField(max_length=8),
        default=list,
        blank=True,
        verbose_name="HSN codes",
        help_text="the beginnings of the codes that usually belong to it: 61, 6403",
    )
    is_default = models.BooleanField(
        default=False, help_text="of products for which nothing else says one"
    )
    objects = QuerySet["TaxClass"].as_manager()

    class Meta:
        verbose_name_plural = "tax classes"
        ordering = ["code"]
        constraints = [
            constraints.check_slug("tax_class", "code"),
            *constraints.check_text("tax_class", "name"),
            models.UniqueConstraint(
                fields=["is_default"],
                condition=Q(is_default=True),
                name="tax_class_one_default",
            ),
            watch_table("products_taxclass", subject="tax"),
        ]

    def __str__(self) -> str:
        return self.name
