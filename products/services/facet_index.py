"""The facets' bitmaps: what has changed is folded into them (products/models/facet_index.py)."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from pyroaring import BitMap

from markrin.db.advisory_locks import advisory_lock
from products.facet_bitmaps import (
    ALL,
    DIGITS,
    PRICE_SCALE,
    SEPARATOR,
    read_index,
)
from products.models.facet_index import FacetChange, FacetNumber

_BATCH = 100_000  # changes that one transaction folds

_NUMBER = """
    INSERT INTO products_facetnumber (product_id)
    SELECT id FROM products_product AS product WHERE id = ANY (%(ids)s)
    AND NOT EXISTS (SELECT FROM products_facetnumber WHERE product_id = product.id)
    ORDER BY category_id, brand, id
"""
_KEYS = f"""
    SELECT key, array_agg(number) FROM products_facetnumber AS numbered
    JOIN products_product AS product ON product.id = numbered.product_id
    CROSS JOIN LATERAL (
        SELECT unnest(ARRAY['{ALL}', 'status:' || status, 'category:' || category_id,
            'gender:' || gender, 'in_stock:' || in_stock, 'featured:' || is_featured,
            'new_arrival:' || is_new_arrival]
            || CASE WHEN brand > '' THEN ARRAY['brand:' || brand] END
            || CASE WHEN material > '' THEN ARRAY['material:' || material] END) AS key
        UNION ALL SELECT 'color:' || color FROM unnest(colors) AS color
        UNION ALL SELECT 'size:' || size FROM unnest(sizes) AS size
        UNION ALL SELECT 'stocked_color:' || color FROM unnest(stocked_colors) AS color
        UNION ALL SELECT 'stocked_size:' || size FROM unnest(stocked_sizes) AS size
        UNION SELECT unnest(ARRAY['option:' || color || '{SEPARATOR}' || size]
            || CASE WHEN level.sellable > 0
                THEN ARRAY['stocked_option:' || color || '{SEPARATOR}' || size] END
            || CASE WHEN variant.base_price IS NOT NULL THEN ARRAY['own_price:'] END
            || CASE WHEN product.price < product.base_price THEN ARRAY['reduced:'] END
            || CASE WHEN product.next_price < product.base_price THEN ARRAY['next_reduced:'] END)
        FROM products_variant AS variant
        LEFT JOIN products_stocklevel AS level ON level.variant_id = variant.id
        WHERE variant.product_id = product.id AND variant.is_active
    ) AS had
    WHERE numbered.product_id = ANY (%(ids)s) GROUP BY key
"""  # noqa: S608 (constants)
# Numbers whose binary digits are kept: prices, and the moments at which they end.
_NUMBERS = {
    **{
        name: f"({name} * {PRICE_SCALE})::bigint"
        for name in ("price", "price_max", "next_price", "next_price_max")
    },
    **{
        name: f"(extract(epoch FROM {name}) * 1000000)::bigint"
        for name in ("price_until", "next_until")
    },
}
_PRICES = f"""
    SELECT {", ".join(_NUMBERS.values())}, array_agg(number)
    FROM products_facetnumber AS numbered
    JOIN products_product AS product ON product.id = numbered.product_id
    WHERE numbered.product_id = ANY (%(ids)s) GROUP BY 1, 2, 3, 4, 5, 6
"""  # noqa: S608 (constants)
# What says that a product has such a moment.
_MARKS = {"price_until": "ends:", "next_until": "next_ends:"}
_WRITE = """
    INSERT INTO products_facetbitmap (key, version, bitmap) VALUES (%s, %s, %s)
    ON CONFLICT (key) DO UPDATE SET version = excluded.version, bitmap = excluded.bitmap
"""


def fold_changes() -> int:
    """Write the changes that are committed into the bitmaps; return how many products had changed.

    One process at a time; another one finds nothing to do. Locks: the bitmaps, until the end of
    each batch; whoever changes a product waits for none of them.
    """
    total = 0
    with advisory_lock("products.fold_changes") as is_alone:
        if is_alone and not read_index().bitmaps.all():
            _log_all()
        while is_alone and (folded := _fold_batch()):
            total += folded
    return total


def _log_all() -> None:
    """Name every product as changed: there are none yet, or the index is new."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO products_facetchange (product_id) SELECT id FROM products_product"
        )


@transaction.atomic
def _fold_batch() -> int:
    # What is read after the changes may be newer than they are: then a change that is not
    # among them says so, and readers count that product by itself.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, product_id FROM products_facetchange ORDER BY id LIMIT %s",
            [_BATCH],
        )
        changes = cursor.fetchall()
        ids = list({product for _, product in changes})
        if not ids:
            return 0
        cursor.execute(_NUMBER, {"ids": ids})
        cursor.execute(
            "SELECT number FROM products_facetnumber WHERE product_id = ANY (%s)",
            [ids],
        )
        changed = BitMap(number for (number,) in cursor.fetchall())
        _write_bitmaps(changed, _read_bits(ids))
        _forget(changes=[change for change, _ in changes], products=ids)
    return len(ids)


def find_wrong_bits(ids: list[UUID]) -> dict[UUID, str]:
    """Return those of these products whose bits are others than their fields say, with the key
    of one of them. What has changed since the bitmaps were written is nobody's fault.

    To be called in a transaction that sees one moment.
    """
    index = read_index()
    if not index.bitmaps.all():
        return {}
    rows = FacetNumber.objects.filter(product_id__in=ids)
    products = dict(rows.values_list("number", "product_id"))
    numbers, bits = BitMap(products), _read_bits(ids)
    wrong = dict.fromkeys(set(ids) - set(products.values()), ALL)
    stored = index.bitmaps.by_key
    for key in stored.keys() | bits.keys():
        _, bitmap = stored.get(key, (0, BitMap()))
        for number in (bitmap & numbers) ^ BitMap(bits.get(key, ())):
            wrong[products[number]] = key
    changed = FacetChange.objects.filter(product_id__in=wrong)
    for product in changed.values_list("product_id", flat=True):
        wrong.pop(product, None)
    return wrong


def _read_bits(ids: list[UUID]) -> Mapping[str, Sequence[int]]:
    """Return the numbers of these products by key, by what they are now."""
    with connection.cursor() as cursor:
        cursor.execute(_KEYS, {"ids": ids})
        bits: dict[str, list[int]] = dict(cursor.fetchall())
        cursor.execute(_PRICES, {"ids": ids})
        return bits | _group_digits(cursor.fetchall())


def _group_digits(
    rows: Iterable[tuple[Any, ...]],
) -> dict[str, list[int]]:
    """Return the products by each binary digit of each of their numbers."""
    bits: defaultdict[str, list[int]] = defaultdict(list)
    for *values, products in rows:
        for column, value in zip(_NUMBERS, values, strict=True):
            if value is None:
                continue
            if column in _MARKS:
                bits[_MARKS[column]] += products
            for bit in range(min(value.bit_length(), DIGITS)):
                if value >> bit & 1:
                    bits[f"{column}:{bit}"] += products
    return dict(bits)


def _write_bitmaps(changed: BitMap, having: Mapping[str, Collection[int]]) -> None:
    """Write the bitmaps of which these products were or are a bit, with `having` by key."""
    former = read_index().bitmaps.by_key
    with connection.cursor() as cursor:
        # The sequence goes on also where a transaction is rolled back: no version comes twice.
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('products_facetchange', 'id'))"
        )
        [version] = cursor.fetchone()
        rows = []
        for key in former.keys() | having.keys():
            _, bitmap = former.get(key, (0, BitMap()))
            written = (bitmap - changed) | BitMap(having.get(key, ()))
            if written != bitmap:
                rows.append((key, version, written.serialize()))
        cursor.executemany(_WRITE, rows)


def _forget(*, changes: list[int], products: list[UUID]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """DELETE FROM products_facetnumber AS gone WHERE product_id = ANY (%s)
            AND NOT EXISTS (SELECT FROM products_product WHERE id = gone.product_id)""",
            [products],
        )
        cursor.execute(
            "DELETE FROM products_facetchange WHERE id = ANY (%s)", [changes]
        )
