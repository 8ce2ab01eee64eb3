from django.contrib.postgres.operations import (
    AddIndexConcurrently,
    RemoveIndexConcurrently,
)
from django.db import migrations, models


class Migration(migrations.Migration):
    """Apart from the last one, as an index that stops no sale is made outside of a transaction."""

    atomic = False

    dependencies = [
        ("products", "0002_facets_know_next_prices"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="product",
            index=models.Index(
                condition=models.Q(("next_until__isnull", False)),
                fields=["next_until"],
                name="product_next_until",
            ),
        ),
        RemoveIndexConcurrently(model_name="product", name="product_price_until"),
        AddIndexConcurrently(
            model_name="product",
            index=models.Index(
                condition=models.Q(("price_until__isnull", False)),
                fields=["price_until"],
                name="product_price_until",
            ),
        ),
    ]
