"""An index that answers the filters of the admin's list of products."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # products can be written to meanwhile

    dependencies = [("products", "0010_rare_movements")]

    operations = [
        AddIndexConcurrently(
            "product",
            models.Index(
                fields=["id"],
                include=[
                    "status",
                    "in_stock",
                    "gender",
                    "is_featured",
                    "is_new_arrival",
                    "base_price",
                ],
                name="product_staff_list",
            ),
        ),
    ]
