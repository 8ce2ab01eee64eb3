from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """An index that is built while the shop sells: variants are many."""

    atomic = False

    dependencies = [
        ("products", "0006_watch_tax_classes"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="variant",
            index=models.Index(
                condition=models.Q(
                    ("is_active", True), ("sale_price__isnull", False)
                ),
                fields=["product"],
                name="variant_own_sale",
            ),
        ),
    ]
