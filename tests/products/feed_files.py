"""Files of inventory feeds, and the stock that they meet."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connection

from products.models import StockLevel, StockMovement, Variant

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def write(tmp_path):
    """Write a feed's file: rows of CSV, or one text."""

    def write_(
        *rows: str, header: str = "sku,quantity", name: str = "feed.csv"
    ) -> Path:
        path: Path = tmp_path / name
        path.write_text(
            "\n".join([header, *rows]) + "\n" if header else "\n".join(rows),
            "utf-8",
        )
        return path

    return write_


def level(variant: Variant) -> tuple[int, int]:
    found = StockLevel.objects.get(pk=variant.pk)
    moved = StockMovement.objects.filter(variant=variant).values_list(
        "d_on_hand", "d_reserved"
    )
    assert (found.on_hand, found.reserved) == tuple(
        map(sum, zip(*moved, strict=True))
    )
    return found.on_hand, found.reserved


def age_movements(variant: Variant, moment: datetime) -> None:
    """Let the variant's movements so far lie at that moment: the ledger itself refuses to
    be rewritten.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SET CONSTRAINTS ALL IMMEDIATE"
        )  # ALTER TABLE wants no check to be due
        cursor.execute(
            "ALTER TABLE products_stockmovement DISABLE TRIGGER products_stockmovement_append_only"
        )
        cursor.execute(
            "UPDATE products_stockmovement SET created_at = %s WHERE variant_id = %s",
            [moment, variant.pk],
        )
        cursor.execute(
            "ALTER TABLE products_stockmovement ENABLE TRIGGER products_stockmovement_append_only"
        )
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
