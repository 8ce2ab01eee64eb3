"""Fills what 0007 has added, a thousand products at a time: no sale waits for more than that."""

from typing import Any

from django.db import migrations, transaction

AT_ONCE = 1_000


def fill(apps: Any, schema_editor: Any) -> None:
    """Write each product's colours and sizes. Locks: the products of a batch, in key order."""
    ids = list(
        apps.get_model("products", "Product")
        .objects.order_by("pk")
        .values_list("pk", flat=True)
    )
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        with transaction.atomic(), schema_editor.connection.cursor() as cursor:
            cursor.execute(
                "SELECT FROM products_product WHERE id = ANY (%s) ORDER BY id FOR NO KEY UPDATE",
                [some],
            )
            cursor.execute(
                "SELECT products_refresh_options(%s), products_refresh_stocked(%s)",
                [some, some],
            )


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("products", "0007_options")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop, elidable=True)]
