"""Indexes of what staff look at: the packing queue, and their own steps."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False  # the tables can be written to meanwhile

    dependencies = [("orders", "0002_rules")]

    operations = [
        AddIndexConcurrently(
            "order",
            models.Index(
                fields=["created_at", "id"],
                name="order_to_pack",
                condition=Q(status__in=["confirmed", "processing"]),
            ),
        ),
        AddIndexConcurrently(
            "orderevent",
            models.Index(
                fields=["-at", "-id"],
                name="order_event_of_staff",
                condition=Q(actor="staff"),
            ),
        ),
    ]
