"""How well products sell, as the analytics app tells: what `sort=popularity` and related
products go by.
"""

from collections.abc import Mapping
from uuid import UUID

from django.db import connection, transaction

from markrin.cache.tags import invalidate

_BATCH = 1_000


def set_popularity(units: Mapping[UUID, int]) -> int:
    """Write how many pieces each product has sold lately; products that are not named have
    sold none.

    Return how many changed. Small transactions, so that nobody waits. Locks: a batch of
    products, in key order."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, popularity FROM products_product WHERE popularity <> 0 OR id = ANY(%s)",
            [list(units)],
        )
        changed = {
            key: units.get(key, 0)
            for key, popularity in cursor.fetchall()
            if popularity != units.get(key, 0)
        }
    keys = sorted(changed)
    for start in range(0, len(keys), _BATCH):
        batch = keys[start : start + _BATCH]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT FROM products_product WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
                [batch],
            )
            cursor.execute(
                """UPDATE products_product SET popularity = told.units
                FROM unnest(%s::uuid[], %s::int[]) AS told (id, units)
                    WHERE products_product.id = told.id""",
                [batch, [changed[key] for key in batch]],
            )
            invalidate("products", *(f"product:{key}" for key in batch))
    return len(changed)
