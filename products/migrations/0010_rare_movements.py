"""An index of the ledger's rarer kinds, for the admin's filter."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False  # the ledger can be written to meanwhile

    dependencies = [("products", "0009_in_stock_by_price")]

    operations = [
        AddIndexConcurrently(
            "stockmovement",
            models.Index(
                fields=["kind", "-id"],
                name="stock_movement_rare",
                condition=Q(kind__in=["adjust", "feed", "release", "return"]),
            ),
        ),
    ]
