"""The vocabulary that searches are read by: the words of all products, categories and colours."""

from collections.abc import Collection
from uuid import UUID

from django.db import connection

_REBUILD = """
    WITH held AS MATERIALIZED (
        SELECT word, bool_or(public) AS public FROM (
            SELECT word, true AS public FROM ts_stat(
                'SELECT search FROM products_product WHERE status = ''published''')
            UNION ALL SELECT word, false FROM ts_stat(
                'SELECT search FROM products_product WHERE status <> ''published''')
            UNION ALL SELECT unnest(markrin_search_words(name)), true FROM products_category
            UNION ALL SELECT unnest(markrin_search_words(name || ' ' || family)), true
                FROM products_color
            UNION ALL SELECT unnest(markrin_search_words(array_to_string(words, ' '))), true
                FROM products_synonymgroup
        ) AS words WHERE word !~ '^[=@~]' GROUP BY word
    ), gone AS (
        DELETE FROM products_searchword WHERE word NOT IN (SELECT word FROM held)
    ), added AS (
        INSERT INTO products_searchword AS known (word, stem, is_public)
        SELECT word, markrin_search_stem(word), public FROM held ORDER BY word
        ON CONFLICT (word) DO UPDATE SET is_public = excluded.is_public, stem = excluded.stem
        WHERE (known.is_public, known.stem) <> (excluded.is_public, excluded.stem)
    )
    SELECT count(*) FROM held
"""


def renew_documents(product_ids: Collection[UUID]) -> None:
    """Write anew what searches look through, of products whose further categories have changed. A
    step inside the caller's transaction. Locks: the products, in key order.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE products_product SET search = NULL WHERE id IN (
                SELECT id FROM products_product WHERE id = ANY (%s)
                ORDER BY id FOR NO KEY UPDATE)""",
            [list(product_ids)],
        )


def rebuild_search_words() -> int:
    """Make the vocabulary what the catalogue holds, and return how many words that is.

    From time to time: triggers add every word with its product, but a word whose last product
    has gone leaves only here. One statement, seconds for 100,000 products."""
    with connection.cursor() as cursor:
        cursor.execute(_REBUILD)
        found: tuple[int] = cursor.fetchone()
        return found[0]
