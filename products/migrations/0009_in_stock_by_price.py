"""What is in stock by category and price: most lists, and the facet of the categories,
which counts nearly everything.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("products", "0008_fill_options")]
    operations = [
        AddIndexConcurrently(
            model_name="product",
            index=models.Index(
                condition=models.Q(("in_stock", True), ("status", "published")),
                fields=["category", "price", "id"],
                name="product_in_stock_price",
            ),
        ),
    ]
