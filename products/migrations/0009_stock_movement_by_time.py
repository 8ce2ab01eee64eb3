from django.contrib.postgres.indexes import BrinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    """An index that is built while the shop sells: the ledger only grows."""

    atomic = False

    dependencies = [
        ("products", "0008_category_list_order"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="stockmovement",
            index=BrinIndex(
                autosummarize=True,
                fields=["created_at"],
                name="stock_movement_by_time",
            ),
        ),
    ]
