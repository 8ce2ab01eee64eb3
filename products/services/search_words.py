"""The vocabulary that mistyped searches are corrected to: the words of all published products."""

# ruff: noqa: S608 (the SQL is put together from constants and the ORM's own)

from collections.abc import Iterable
from uuid import UUID

from django.db import connection

_FITS = "length(word) BETWEEN 3 AND 64"


def add_search_words(product_ids: Iterable[UUID]) -> None:
    """Add the words of these products, of those that are published. A step inside the
    caller's transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO products_searchword (word)
            SELECT DISTINCT word FROM products_product, unnest(tsvector_to_array(search)) AS word
            WHERE products_product.id = ANY (%s) AND status = 'published' AND {_FITS}
            ORDER BY word ON CONFLICT DO NOTHING""",
            [list(product_ids)],
        )


def rebuild_search_words() -> int:
    """Make the vocabulary what the published products hold, and return how many words that is.

    For imports, which write past the services, and from time to time: words whose last
    product has gone leave only here. One statement, seconds for 100,000 products."""
    with connection.cursor() as cursor:
        cursor.execute(f"""WITH held AS MATERIALIZED (
                SELECT word FROM ts_stat(
                    'SELECT search FROM products_product WHERE status = ''published''')
                WHERE {_FITS}
            ), gone AS (
                DELETE FROM products_searchword WHERE word NOT IN (SELECT word FROM held)
            ), added AS (
                INSERT INTO products_searchword (word) SELECT word
                    FROM held ORDER BY word ON CONFLICT DO NOTHING
            )
            SELECT count(*) FROM held""")
        found: tuple[int] = cursor.fetchone()
        return found[0]
