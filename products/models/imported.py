"""What imports remember."""

from django.db import models

from markrin.db import constraints


class ImportedValues(models.Model):
    """What a source has said of a product last, field by field. A later file changes a field only
    where it says something else than this.
    """

    product = models.ForeignKey(
        "products.Product", models.CASCADE, related_name="imported_values"
    )
    source = models.CharField(max_length=40)
    values = models.JSONField()

    class Meta:
        constraints = [
            *constraints.check_text("imported_values", "source"),
            models.UniqueConstraint(
                fields=["product", "source"], name="imported_values_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source}: {self.product_id}"
