"""`python -m benchmarks.search_quality`: how often a search finds what it must, in its first five.

Imports the catalogue of tests/search into a database of its own, asks `GET
/api/products?search=…` for each query of both halves, and the same of PostgreSQL's plain
`websearch_to_tsquery` over all fields. Of the half that is held back only the shares are
printed, unless `--held-back` asks for more."""

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from tests import services
from tests.search.relevance import RESULTS, Half, Shares, judge, read_queries
from tests.search.sample_catalogue import Product, load_catalogue, read_products

Search = Callable[[str], list[Product]]

# All that a shopper may ask for, put into one document, and PostgreSQL's own order of relevance.
_PLAIN_TABLE = "CREATE TEMP TABLE plain (slug text, document tsvector)"
_PLAIN_INSERT = "INSERT INTO plain VALUES (%s, to_tsvector('english', %s))"
_PLAIN_SEARCH = """
    SELECT slug FROM plain, websearch_to_tsquery('english', %s) AS query WHERE document @@ query
    ORDER BY ts_rank(document, query) DESC, slug LIMIT %s
"""


def main() -> int:
    """Load, ask, and print the shares."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--failed", action="store_true", help="list what failed in the open half"
    )
    parser.add_argument(
        "--held-back", action="store_true", help="and in the half held back"
    )
    options = parser.parse_args()
    with sample_shop():
        catalogue = read_products()
        searches: dict[str, Search] = {
            "GET /api/products": api_search(catalogue),
            "websearch_to_tsquery": plain_search(catalogue),
        }
        results = {
            (name, half): measure(search, half, catalogue)
            for name, search in searches.items()
            for half in Half
        }
    print(table(results))
    wanted = [Half.OPEN] * options.failed + [Half.HELD_BACK] * options.held_back
    for half in wanted:
        print(f"\n{half}: not found by the shop")
        for query, names in results["GET /api/products", half].failed:
            print(
                f"  {query.text!r} ({query.kind}), {query.mode} {dict(query.expected)}: {names}"
            )
    return 0


@contextmanager
def sample_shop(*, load: bool = True) -> Iterator[None]:
    """Start the servers that the tests use, and hold the catalogue in a database of its own,
    which is empty without `load`.
    """
    os.environ.setdefault(
        "LOG_LEVEL", "ERROR"
    )  # a line for each request would bury the table
    services.start()
    import django

    django.setup()
    from django.test.utils import (
        setup_databases,
        setup_test_environment,
        teardown_databases,
    )

    setup_test_environment(debug=False)
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        services.empty_valkey()
        if load:
            load_catalogue()
        yield
    finally:
        teardown_databases(databases, verbosity=0)


def measure(search: Search, half: Half, catalogue: Sequence[Product]) -> Shares:
    """Ask every query of a half."""
    shares = Shares()
    for query in read_queries(half):
        found = search(query.text)
        shares.add(query, found, passed=judge(query, found, catalogue))
    return shares


def api_search(catalogue: Sequence[Product]) -> Search:
    """Return the shop's own search, as a shopper's browser asks it."""
    from tests.client import Client

    client, by_slug = Client(), {product.slug: product for product in catalogue}

    def search(text: str) -> list[Product]:
        response = client.get("/api/products", {"search": text, "limit": RESULTS})
        if response.status_code != 200:
            raise RuntimeError(
                f"a search for {text!r} answers {response.status_code}"
            )
        return [by_slug[item["slug"]] for item in response.json()["items"]]

    return search


def plain_search(catalogue: Sequence[Product]) -> Search:
    """Return the search that PostgreSQL has without any work: every field in one English
    document.
    """
    from django.db import connection

    by_slug = {product.slug: product for product in catalogue}
    with connection.cursor() as cursor:
        cursor.execute(_PLAIN_TABLE)
        published = [
            product for product in catalogue if product.status == "published"
        ]
        cursor.executemany(
            _PLAIN_INSERT, [(each.slug, document(each)) for each in published]
        )

    def search(text: str) -> list[Product]:
        with connection.cursor() as cursor:
            cursor.execute(_PLAIN_SEARCH, [text, RESULTS])
            return [by_slug[slug] for (slug,) in cursor.fetchall()]

    return search


def document(product: Product) -> str:
    """Return all the words of a product."""
    skus = [sku for sku, _color, _size in product.variants()]
    parts = (
        product.name, product.brand, product.collection, product.gender, product.material,
        *product.category, *product.tags, *product.colors, *product.sizes, product.sku, *skus,
        product.barcode, product.description,
    )  # fmt: skip
    return " ".join(filter(None, parts))


def table(results: dict[tuple[str, Half], Shares]) -> str:
    """Return the shares as a table, those of all queries first."""
    lines = [
        "| searches | queries | "
        + " | ".join(name for name, _ in _columns(results))
        + " |"
    ]
    lines.append("|---|---|" + "---|" * len(_columns(results)))
    for half in Half:
        columns = [results[name, half] for name, _ in _columns(results)]
        lines.append(
            _line(f"**{half}**", [(each.passed, each.asked) for each in columns])
        )
        lines += [
            _line(kind, [each.by_kind[kind] for each in columns])
            for kind in columns[0].by_kind
        ]
    return "\n".join(lines)


def _columns(results: dict[tuple[str, Half], Shares]) -> list[tuple[str, Half]]:
    return [key for key in results if key[1] is Half.OPEN]


def _line(name: str, counts: Sequence[tuple[int, int]]) -> str:
    cells = (f"{passed} ({passed / asked:.1%})" for passed, asked in counts)
    return f"| {name} | {counts[0][1]} | " + " | ".join(cells) + " |"


if __name__ == "__main__":
    sys.exit(main())
