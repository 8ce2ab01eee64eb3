"""List prices, written anew after a sale has started or ended."""

from django.db import connection

from markrin.db import transactions
from products.services import facet_index

BATCH = 500  # products a transaction


def refresh_ended_prices() -> int:
    """Write the list prices of products whose stored ones have ended; return of how many.

    Small transactions, so that nobody waits. Readers do not need it to be right: until it is
    done they reckon with `next_price`, which takes longer. Locks: a batch of products, in key
    order; those that somebody else has locked wait for the next run.
    """
    written = 0
    while number := _refresh_batch():
        written += number
    if written:
        # Facets count what has changed by SQL until it is folded: of many at once that is slow.
        facet_index.fold_changes()
    return written


@transactions.durable
def _refresh_batch() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE products_product SET base_price = base_price WHERE id IN (
                SELECT id FROM products_product WHERE price_until <= statement_timestamp()
                ORDER BY id LIMIT %s FOR NO KEY UPDATE SKIP LOCKED)""",
            [BATCH],
        )
        return int(cursor.rowcount)
