"""`python -m benchmarks.search_speed --products 100000`: how fast and how well a large shop finds.

Generates a catalogue by SQL in a database of its own (three variants a product), then asks the
shop's own code, in this process and without its cache: searches of several kinds, and facets
with and without filters. Prints the median and the 99th percentile of each, and of searches the
share of the first ten that have these fields (precision at 10). `--explain` prints, for the slowest
statement of each, what PostgreSQL did. More than 100,000 products are copies of these.

Last come the other reads, through the views: the median, and how many pages of 8 kB all their
statements look at, which is the same on any machine.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from benchmarks.query_plans import explain_all
from benchmarks.search_quality import sample_shop

_CATEGORIES = (
    "Shirts", "T-Shirts", "Jeans", "Trousers", "Dresses", "Kurtas", "Sarees", "Jackets",
    "Sweaters", "Skirts", "Sneakers", "Boots", "Sandals", "Handbags", "Wallets", "Belts",
    "Watches", "Earrings", "Necklaces", "Sunglasses", "Caps", "Socks", "Shorts", "Hoodies",
)  # fmt: skip
_COLORS = (
    ("Black", "Black"), ("White", "White"), ("Navy", "Blue"), ("Sky Blue", "Blue"),
    ("Red", "Red"), ("Maroon", "Red"), ("Olive", "Green"), ("Green", "Green"), ("Pink", "Pink"),
    ("Mustard", "Yellow"), ("Grey", "Grey"), ("Brown", "Brown"),
)  # fmt: skip
_MATERIALS = (
    "Cotton",
    "Linen",
    "Silk",
    "Wool",
    "Denim",
    "Leather",
    "Polyester",
    "Viscose",
)
_GENDERS = ("men", "women", "unisex", "boys", "girls")
_WORDS = (
    "Classic", "Slim", "Printed", "Solid", "Striped", "Floral", "Relaxed", "Vintage", "Urban",
    "Essential", "Checked", "Embroidered", "Quilted", "Cropped", "Oversized", "Tailored",
)  # fmt: skip

_GENERATE = (
    """
    INSERT INTO products_category (id, updated_at, name, slug, description, image, parent_id,
        position)
    SELECT gen_random_uuid(), now(), name, lower(name), '', '', NULL, place
    FROM unnest(%(categories)s::text[]) WITH ORDINALITY AS each (name, place)
    """,
    """
    INSERT INTO products_color (id, updated_at, name, family, hex, picture)
    SELECT gen_random_uuid(), now(), name, family, '', ''
    FROM unnest(%(colors)s::text[], %(families)s::text[]) AS each (name, family)
    """,
    # Every pick is another remainder, so that fields do not go together.
    """
    INSERT INTO products_product (id, updated_at, name, slug, description, category_id, brand,
        collection, gender, material, base_price, tags, is_featured, is_new_arrival, status,
        seo_title, seo_description, in_stock, colors, sizes, stocked_colors, stocked_sizes,
        popularity, source, source_ref, source_hash,
        rated_1, rated_2, rated_3, rated_4, rated_5, fit_small, fit_true, fit_large)
    SELECT gen_random_uuid(), now(),
        concat_ws(' ', words[1 + n %% 16], CASE WHEN n %% 3 > 0 THEN color END,
            rtrim(category.name, 's')),
        'product-' || n,
        'A piece for every day, made to last. Goes with ' || words[1 + n / 7 %% 16],
        category.id, 'Brand ' || (1 + n / 11 %% 400), '', genders[1 + n / 13 %% 5],
        materials[1 + n / 17 %% 8], 99 + n %% 5000, '{}', false, false, 'published', '', '', true,
        ARRAY[color], ARRAY['38', '40', 'L'], ARRAY[color], ARRAY['38', '40', 'L'],
        (n * 7919) %% 1000, '', '', '', 0, 0, 0, 0, 0, 0, 0, 0
    FROM (SELECT n, (%(colors)s::text[])[1 + n / 5 %% 12] AS color,
            %(words)s::text[] AS words, %(genders)s::text[] AS genders,
            %(materials)s::text[] AS materials
        FROM generate_series(%(first)s, %(last)s) AS n) AS each
    JOIN products_category AS category ON category.position = 1 + n / 3 %% 24
    """,
    """
    INSERT INTO products_variant (id, updated_at, product_id, sku, size, color, position, is_active)
    SELECT gen_random_uuid(), now(), product.id, upper(product.slug) || '-' || size, size,
        product.colors[1], place, true
    FROM products_product AS product
    CROSS JOIN unnest(product.sizes) WITH ORDINALITY AS each (size, place)
    WHERE product.slug IN (SELECT 'product-' || n FROM generate_series(%(first)s, %(last)s) AS n)
    """,
    """
    INSERT INTO products_stocklevel (variant_id, on_hand, reserved)
    SELECT variant.id, 5, 0 FROM products_variant AS variant
    WHERE NOT EXISTS (SELECT FROM products_stocklevel WHERE variant_id = variant.id)
    """,
)
_STEP = 20_000
# Above so many, the catalogue is made of copies: what triggers and checks would work out again for
# each is known. A copy has a slug, a popularity and SKUs of its own.
MAX_GENERATED = 100_000
_COPIED = ("products_product", "products_variant", "products_stocklevel")
_OWN = {
    "products_product": {
        "id": "markrin_copy_id({n}, id)",
        "slug": "slug || '-{n}'",
        "popularity": "(popularity * 31 + {n} * 97) %% 1000",
    },
    "products_variant": {
        "id": "markrin_copy_id({n}, id)",
        "product_id": "markrin_copy_id({n}, product_id)",
        "sku": "sku || '-{n}'",
    },
    "products_stocklevel": {"variant_id": "markrin_copy_id({n}, variant_id)"},
}
_COPY_ID = """
    CREATE FUNCTION pg_temp.markrin_copy_id(n int, id uuid) RETURNS uuid IMMUTABLE LANGUAGE sql
    AS $$ SELECT md5(n || id::text)::uuid $$
"""

# Asked for, and the fields that a result must have for it to be right.
SEARCHES: dict[str, Mapping[str, str]] = {
    "shirt": {"category": "Shirts"},
    "red dress": {"category": "Dresses", "family": "Red"},
    "women linen trousers": {
        "category": "Trousers",
        "gender": "women unisex",
        "material": "Linen",
    },
    "blue denim jacket": {
        "category": "Jackets",
        "family": "Blue",
        "material": "Denim",
    },
    "sneekers": {"category": "Sneakers"},
    "lether wallet brwon": {
        "category": "Wallets",
        "material": "Leather",
        "family": "Brown",
    },
    "brand 77 kurta": {"category": "Kurtas", "brand": "Brand 77"},
    "product-4711-38": {},
    "silk sar": {"category": "Sarees", "material": "Silk"},
    "classic unicorn": {},
}
LISTS: dict[str, Mapping[str, str]] = {
    "no filter": {},
    "a category": {"category": "shirts"},
    "a category and two filters": {
        "category": "shirts",
        "gender": "men",
        "material": "Linen",
    },
    "a colour and a size": {"color": "Red", "size": "38"},
    "a search": {"search": "red dress"},
}
_FILTERED = (
    "/api/products?category=shirts&inStock=true&maxPrice=2500.00&sort=price_asc"
)
READS: dict[str, str] = {
    "a product by slug": "/api/products/product-711",
    "the category tree": "/api/categories",
    "the first page of all": "/api/products?limit=12",
    "a category, 2 filters, by price": _FILTERED,
    "the same, page 50": f"{_FILTERED}&page=50",
    "the same, with facets": f"{_FILTERED}&facets=true",
}


@dataclass
class Timing:
    """Seconds of each round, and the statements of one more with theirs."""

    rounds: list[float] = field(default_factory=list)
    statements: list[tuple[float, str]] = field(default_factory=list)

    def line(self, name: str, note: str) -> str:
        """Return a row of the table."""
        ordered = sorted(self.rounds)
        last = ordered[min(len(ordered) - 1, round(len(ordered) * 0.99))]
        return f"| {name} | {statistics.median(ordered) * 1e3:.1f} | {last * 1e3:.1f} | {note} |"


def main() -> int:
    """Generate, ask, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--explain", action="store_true")
    options = parser.parse_args()
    os.environ |= {"CACHE_ANSWERS": "0", "RATE_LIMIT_SCALE": "1000000"}
    with sample_shop(load=False):
        from products.services.facet_index import fold_changes

        started = time.monotonic()
        generate(options.products)
        print(
            f"{options.products:,} products in {time.monotonic() - started:.0f} s"
        )
        started = time.monotonic()
        fold_changes()
        vacuum_tables()  # of the changes that were folded, as autovacuum does in a minute
        print(
            f"folded into the facets' index in {time.monotonic() - started:.0f} s\n"
        )
        print(
            "| search | median ms | 99th percentile ms | precision at 10 |\n|---|---|---|---|"
        )
        for text, wanted in SEARCHES.items():
            ask = {"search": text, "limit": "10"}
            report(ask, text, options, note=precision(ask, wanted))
        print(
            "\n| facets with | median ms | 99th percentile ms | |\n|---|---|---|---|"
        )
        for name, filters in LISTS.items():
            report({**filters, "facets": "true", "limit": "10"}, name, options)
        report_reads(options.rounds)
    return 0


def report_reads(rounds: int) -> None:
    """Print how long each of the other reads takes its view, and the pages that it looks at."""
    from tests.client import Client

    client = Client()
    plans = explain_all(READS)
    print("\n| read | median ms | 99th percentile ms | pages |\n|---|---|---|---|")
    for name, path in READS.items():
        timing = Timing()
        for _ in range(rounds):
            started = time.perf_counter()
            client.get(path)
            timing.rounds.append(time.perf_counter() - started)
        print(timing.line(name, f"{sum(plan['pages'] for plan in plans[name]):,}"))


def generate(products: int) -> None:
    """Fill the shop, in steps of one transaction each."""
    from django.db import connection, transaction

    given = {
        "categories": list(_CATEGORIES),
        "colors": [color for color, _ in _COLORS],
        "families": [family for _, family in _COLORS],
        "materials": list(_MATERIALS),
        "genders": list(_GENDERS),
        "words": list(_WORDS),
    }
    generated = min(products, MAX_GENERATED)
    for first in range(0, generated, _STEP):
        last = min(first + _STEP, generated) - 1
        with transaction.atomic(), connection.cursor() as cursor:
            for at, statement in enumerate(_GENERATE):
                if at > 1 or first == 0:
                    cursor.execute(
                        statement, given | {"first": first, "last": last}
                    )
    if products > MAX_GENERATED:
        _copy_products(times=products // MAX_GENERATED - 1)
    vacuum_tables()


def vacuum_tables() -> None:
    """Leave no rows that have been deleted, and statistics of those that there are."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


def _copy_products(*, times: int) -> None:
    """Write so many copies of every product, without triggers, its indexes last."""
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("SET LOCAL maintenance_work_mem = '1GB'")
        cursor.execute(_COPY_ID)
        cursor.execute(
            """SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
            WHERE indrelid::regclass::text = ANY (%s) AND NOT indisunique""",
            [list(_COPIED)],
        )
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f"DROP INDEX {name}")
        for table in _COPIED:
            cursor.execute(
                f"CREATE TEMP TABLE first ON COMMIT DROP AS TABLE {table}"
            )
            columns = _list_columns(table)
            for n in range(1, times + 1):
                values = ", ".join(
                    _OWN[table].get(column, column).format(n=n)
                    for column in columns
                ).replace("markrin_copy_id", "pg_temp.markrin_copy_id")
                cursor.execute(
                    f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM first",  # noqa: S608 (constants)
                    [],
                )
            cursor.execute("DROP TABLE first")
        for _, definition in indexes:
            cursor.execute(definition)


def _list_columns(table: str) -> list[str]:
    """Return the columns that are written, not those that PostgreSQL works out."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0
            AND NOT attisdropped AND attgenerated = '' ORDER BY attnum""",
            [table],
        )
        return [name for (name,) in cursor.fetchall()]


def ask_shop(query: Mapping[str, str]) -> dict[str, object]:
    """Return what the list answers, by its own code, without the cache and HTTP."""
    from products.schemas.products import ListProducts
    from products.selectors import product_lists
    from products.serializers.products import ProductPage

    found = product_lists.list_products(ListProducts().load(dict(query)))
    return dict(ProductPage(found).data)


def report(
    query: Mapping[str, str],
    name: str,
    options: argparse.Namespace,
    *,
    note: str = "",
) -> None:
    """Time the query, and print its row; with `--explain` its slowest statement."""
    timing = Timing()
    for _ in range(options.rounds):
        started = time.perf_counter()
        ask_shop(query)
        timing.rounds.append(time.perf_counter() - started)
    print(timing.line(name, note), flush=True)
    if options.explain:
        with _collected(timing):
            ask_shop(query)
        print(_explain(max(timing.statements)[1]))


@contextmanager
def _collected(timing: Timing) -> Iterator[None]:
    from django.db import connection

    def note_query(
        execute: Callable[..., object],
        sql: str,
        params: object,
        many: bool,
        context: object,
    ) -> object:
        started = time.perf_counter()
        answer = execute(sql, params, many, context)
        took = time.perf_counter() - started
        shown = connection.ops.compose_sql(sql, params)  # type: ignore[attr-defined]  # PostgreSQL's
        timing.statements.append((took, shown))
        return answer

    with connection.execute_wrapper(note_query):
        yield


def _explain(sql: str) -> str:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {sql}")
        return "\n".join(line for (line,) in cursor.fetchall())


def precision(query: Mapping[str, str], wanted: Mapping[str, str]) -> str:
    """Return the share of the first ten results that have the fields."""
    items = ask_shop(query)["items"]
    if not wanted or not isinstance(items, list):
        return f"{len(items) if isinstance(items, list) else 0} found"
    families = dict(_COLORS)

    def is_right(item: Mapping[str, object]) -> bool:
        colors = item["colors"]
        has = {
            "category": item["category"]["name"],  # type: ignore[index]  # JSON
            "gender": item["gender"],
            "material": item["material"],
            "brand": item["brand"],
            "family": families[colors[0]],  # type: ignore[index]  # JSON
        }
        return all(
            has[name] in (value.split() if name == "gender" else [value])
            for name, value in wanted.items()
        )

    return f"{sum(map(is_right, items)) / max(len(items), 1):.0%}"


if __name__ == "__main__":
    sys.exit(main())
