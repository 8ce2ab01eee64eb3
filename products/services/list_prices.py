"""List prices, written anew after a sale has started or ended."""

from uuid import UUID

from django.db import connection

from markrin.db import transactions
from products.services import facet_index

# Products a transaction: one is far below the limit of a statement's time on a slow machine, too.
BATCH = 100
_FIRST = UUID(int=0)


def refresh_ended_prices() -> int:
    """Write the list prices of products whose stored ones have ended; return of how many.

    Small transactions, so that nobody waits. Readers do not need it to be right: until it is
    done they reckon with `next_price`, which takes longer. Locks: a batch of products, in key
    order; those that somebody else has locked wait for the next run.
    """
    written, last = 0, _FIRST
    while ids := _refresh_batch(after=last):
        written += len(ids)
        last = max(ids)
    if written:
        # Facets count what has changed by SQL until it is folded: of many at once that is slow.
        facet_index.fold_changes()
    return written


@transactions.durable
def _refresh_batch(*, after: UUID) -> list[UUID]:
    """Write the next products' prices, and return their keys. Each run goes through the table
    once: what lies before is not looked at again.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE products_product SET base_price = base_price WHERE id IN (
                SELECT id FROM products_product
                WHERE price_until <= statement_timestamp() AND id > %s
                ORDER BY id LIMIT %s FOR NO KEY UPDATE SKIP LOCKED)
            RETURNING id""",
            [after, BATCH],
        )
        return [key for (key,) in cursor.fetchall()]
