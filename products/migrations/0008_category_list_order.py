from django.contrib.postgres.operations import (
    AddIndexConcurrently,
    RemoveIndexConcurrently,
)
from django.db import migrations, models


class Migration(migrations.Migration):
    """An index in another's place, which is built while the shop sells; until then, that one
    is there."""

    atomic = False

    dependencies = [
        ("products", "0007_variant_own_sale"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="product",
            index=models.Index(
                condition=models.Q(("status", "published")),
                fields=["category", "price", "id"],
                include=(
                    "brand",
                    "gender",
                    "material",
                    "in_stock",
                    "price_max",
                    "created_at",
                    "popularity",
                    "rating",
                ),
                name="product_category_list",
            ),
        ),
        RemoveIndexConcurrently(
            model_name="product",
            name="product_category_price",
        ),
    ]
