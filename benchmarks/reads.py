"""`make bench-reads`: catalogue reads, cached and not, beside a bare server, the stock
stack, Express, and plain SQL.

Source of the goals: docs/performance.md.
"""

import argparse
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median as middle
from typing import Any

import orjson
import psycopg
from psycopg.rows import dict_row

from benchmarks.harness import (
    Harness,
    Measured,
    NotReady,
    await_http,
    load,
    median,
    running,
    say,
    web,
)
from benchmarks.report import Row, publish, within
from dev.stack import ROOT
from tests.services import free_port

SMALL = 1_000
ROUNDS = 3


def main() -> int:
    """Measure and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--scale", type=int, default=100_000, help="products in the large catalogue"
    )
    parser.add_argument("--seconds", type=float, default=4, help="of each load")
    parser.add_argument(
        "--only", choices=("cached", "uncached"), help="one of the two tables"
    )
    options = parser.parse_args()
    try:
        with Harness() as harness:
            if options.only != "uncached":
                publish(
                    "reads",
                    "Catalogue reads from the cache",
                    *measure_cached(harness, options.scale, options.seconds),
                )
            if options.only != "cached":
                publish(
                    "reads-uncached",
                    "Catalogue reads from the database",
                    measure_uncached(harness, options.scale),
                    "",
                    "reads",
                )
    except NotReady as error:
        print(error, file=sys.stderr)
        return 1
    return 0


# --- From the cache ------------------------------------------------------------------------------
def measure_cached(
    harness: Harness, scale: int, seconds: float
) -> tuple[list[Row], str]:
    """Compare hits with what else could answer the same body, taking turns."""
    env = harness.environment(scale)
    slug = list_slugs(harness, scale, 1)[0]
    paths = {
        "product detail": f"/api/products/{slug}",
        "list page": "/api/products?limit=12",
        "category tree": "/api/categories",
    }
    rows = []
    notes = ""
    with web(env) as shop:
        for what, path in paths.items():
            body = Path(env["LOCAL_DIR"]) / "body.json"
            body.write_bytes(fetch(shop + path))
            warm_cache(shop + path)
            peer_env = env | {"BARE_BODY": str(body)}
            with web(
                peer_env, application="benchmarks.peers.bare:application"
            ) as bare:
                ours, theirs = measure_in_turns(
                    make_load(shop + path, seconds),
                    lambda: load(bare, seconds=seconds),
                )
                rows.append(
                    row(
                        f"{what}, hit",
                        ours,
                        "bare WSGI app, same body",
                        theirs,
                        at_least=0.55,
                    )
                )
            if what != "product detail":
                continue
            ok = ours.p99_ms <= 2 * theirs.p99_ms
            mine, other = f"{ours.p99_ms:.2f} ms", f"{theirs.p99_ms:.2f} ms"
            ratio = f"{ours.p99_ms / theirs.p99_ms:.2f}"
            rows.append(
                Row(
                    "the same, 99th percentile",
                    mine,
                    "the same bare app",
                    other,
                    ratio,
                    "≤ 2",
                    ok,
                )
            )
            with web(
                peer_env, application="benchmarks.peers.stock:application"
            ) as stock:
                url = f"{stock}/product"
                warm_cache(url)
                ours, theirs = measure_in_turns(
                    make_load(shop + path, seconds),
                    make_load(url, seconds),
                )
                rows.append(
                    row(
                        "the same",
                        ours,
                        "DRF view, cache_page, default middleware",
                        theirs,
                        at_least=16,
                    )
                )
            notes = measure_express(
                peer_env, make_load(shop + path, seconds), seconds, rows
            )
        small = harness.environment(SMALL)
        with web(small) as little:
            one, other = (
                f"{shop}{paths['product detail']}",
                f"{little}/api/products/{list_slugs(harness, SMALL, 1)[0]}",
            )
            warm_cache(one)
            warm_cache(other)
            ours, theirs = measure_in_turns(
                make_load(one, seconds), make_load(other, seconds)
            )
            rows.append(
                row(
                    f"hit, {scale:,} products",
                    ours,
                    f"hit, {SMALL:,} products",
                    theirs,
                    at_least=0.9,
                )
            )
    return rows, notes


def measure_express(
    env: dict[str, str],
    ours: Callable[[], Measured],
    seconds: float,
    rows: list[Row],
) -> str:
    """Compare with Express and Redis, where node and npm are there."""
    folder = ROOT / "benchmarks" / "peers" / "express"
    if shutil.which("npm") is None:
        return "Express was left out: there is no npm here."
    subprocess.run(
        ["npm", "ci", "--silent", "--no-audit", "--no-fund"], check=True, cwd=folder
    )
    port = free_port()
    with running(
        ["node", "server.js"],
        {**env, "PORT": str(port), "NODE_ENV": "production"},
        folder,
    ) as process:
        url = f"http://127.0.0.1:{port}/product"
        await_http(url, process)
        mine, theirs = measure_in_turns(ours, make_load(url, seconds))
    rows.append(
        row("the same", mine, "Express 5, answer in Redis", theirs, at_least=6)
    )
    return ""


def fetch_again(address: str, turn: int) -> bytes:
    """Fetch the address; the turn's number makes no difference."""
    return fetch(address)


def make_load(url: str, seconds: float) -> Callable[[], Measured]:
    """Return what asks for the URL for so long."""
    return lambda: load(url, seconds=seconds)


def measure_in_turns(
    ours: Callable[[], Measured], theirs: Callable[[], Measured]
) -> tuple[Measured, Measured]:
    """Measure both several times in turn, as the machine's speed drifts; return the run in
    the middle of each.
    """
    pairs = [(ours(), theirs()) for _ in range(ROUNDS)]
    return median([pair[0] for pair in pairs]), median([pair[1] for pair in pairs])


def row(
    what: str, ours: Measured, beside: str, theirs: Measured, **goal: float
) -> Row:
    """Return the row of two rates; a failed request fails the row."""
    ratio = ours.requests_per_s / theirs.requests_per_s
    wanted, reached = within(ratio, **goal)
    return Row(
        what,
        f"{ours.requests_per_s:,.0f}/s",
        beside,
        f"{theirs.requests_per_s:,.0f}/s",
        f"{ratio:.2f}",
        wanted,
        reached and not ours.failures,
    )


def fetch(url: str) -> bytes:
    """Return the body at a URL of ours."""
    with urllib.request.urlopen(url, timeout=30) as response:  # noqa: S310 (our own server)
        return bytes(response.read())


def warm_cache(url: str) -> None:
    """Ask until the answer comes from memory: the line to the cache server needs a moment
    after the start.
    """
    for _ in range(6):
        fetch(url)
        time.sleep(0.2)


# --- From the database ---------------------------------------------------------------------------
def measure_uncached(harness: Harness, scale: int) -> list[Row]:
    """Time single requests with the cache off: detail beside its SQL, lists on the large
    beside the small catalogue.
    """
    rows = []
    env = harness.environment(scale) | {"CACHE_ANSWERS": "0"}
    small = harness.environment(SMALL) | {"CACHE_ANSWERS": "0"}
    with web(env) as shop, web(small) as little:
        found = list_slugs(harness, scale, 200)
        with harness.connect(scale) as connection:
            ours, base, theirs = time_in_turns(
                400,
                lambda n: fetch(f"{shop}/api/products/{found[n % len(found)]}"),
                lambda n: fetch(f"{shop}/health/live"),
                lambda n: by_hand(connection, found[n % len(found)]),
            )
        rows.append(
            ratio_row(
                "product detail by slug",
                ours - base,
                "the same SQL by psycopg, orjson",
                theirs,
                at_most=2,
            )
        )
        for what, (path, goal_ms) in list_pages(harness, scale).items():
            if not orjson.loads(fetch(shop + path))["items"]:
                raise ValueError(f"{path} finds nothing in the shop of {scale:,}")
            big, tiny = time_in_turns(
                40,
                partial(fetch_again, shop + path),
                partial(fetch_again, little + path),
            )
            rows.append(
                Row(
                    what,
                    f"{big:.1f} ms",
                    "",
                    "",
                    "",
                    f"≤ {goal_ms} ms",
                    big <= goal_ms,
                )
            )
            rows.append(
                ratio_row("the same", big, f"{SMALL:,} products", tiny, at_most=3)
            )
    return rows


def list_pages(harness: Harness, scale: int) -> dict[str, tuple[str, int]]:
    """Return the list requests, in a category that both catalogues have: other benchmarks make
    some in the small one."""
    with harness.connect(scale) as connection:
        slugs = [
            slug
            for (slug,) in connection.execute("SELECT slug FROM products_category")
        ]
    with harness.connect(SMALL) as connection:
        category, _brand = connection.execute(
            """SELECT c.slug, p.brand FROM products_product AS p
                JOIN products_category AS c ON c.id = p.category_id
            WHERE p.status = 'published' AND c.slug = ANY (%s)
            GROUP BY 1, 2 ORDER BY count(*) DESC, 1, 2 LIMIT 1""",
            [slugs],
        ).fetchone() or ("", "")
        (root,) = connection.execute(
            """SELECT root.slug FROM products_category AS root
            WHERE root.parent_id IS NULL AND root.slug = ANY (%s)
            ORDER BY root.position, root.slug LIMIT 1""",
            [slugs],
        ).fetchone() or ("",)
        # The word that most names have in the second place: what is found must be counted
        # and ranked.
        (word,) = connection.execute(
            "SELECT split_part(name, ' ', 2) FROM products_product GROUP BY 1 ORDER BY"
            " count(*) DESC, 1 LIMIT 1"
        ).fetchone() or ("",)
    filters = f"/api/products?category={category}&inStock=true&maxPrice=5000.00&sort=price_asc"
    typo = word[:2] + word[3:] if len(word) > 4 else word
    facets = "/api/products?facets=true"
    return {
        "list: category, 2 filters, by price": (filters, 6),
        "the same, page 50": (f"{filters}&page=50", 6),
        "the same, with facets": (f"{filters}&facets=true", 30),
        "facets of a root category": (f"{facets}&category={root}", 30),
        "facets with no filter": (facets, 30),
        "facets with a search": (f"{facets}&search={word}", 30),
        "search with a typo": (f"/api/products?search={typo}", 12),
        "search, by price": (f"/api/products?search={word}&sort=price_asc", 12),
    }


def list_slugs(harness: Harness, scale: int, count: int) -> list[str]:
    """Return slugs of published products, spread over the catalogue."""
    with harness.connect(scale) as connection:
        query = (
            "SELECT slug FROM products_product WHERE status = 'published' ORDER BY"
            " md5(slug) LIMIT %s"
        )
        return [slug for (slug,) in connection.execute(query, [count]).fetchall()]


def by_hand(connection: psycopg.Connection, slug: str) -> bytes:
    """Read what a product page shows by psycopg alone, and render it."""
    cursor = connection.cursor(row_factory=dict_row)
    product = cursor.execute(
        "SELECT * FROM products_product WHERE slug = %s", [slug]
    ).fetchone()
    if product is None:
        raise NotReady(f"no product {slug}")
    variants = cursor.execute(
        """SELECT v.*, s.on_hand - s.reserved AS sellable FROM products_variant AS v
        JOIN products_stocklevel AS s ON s.variant_id = v.id
        WHERE v.product_id = %s AND v.is_active ORDER BY position""",
        [product["id"]],
    ).fetchall()
    images = cursor.execute(
        "SELECT * FROM products_productimage WHERE product_id = %s ORDER BY position",
        [product["id"]],
    ).fetchall()
    path = cursor.execute(
        """SELECT up.* FROM products_category AS c JOIN products_category AS up ON up.id =
            ANY(c.ancestors)
        WHERE c.id = %s""",
        [product["category_id"]],
    ).fetchall()
    document: dict[str, Any] = {
        **product,
        "variants": variants,
        "images": images,
        "path": path,
    }
    return orjson.dumps(document, default=str)


def time_in_turns(times: int, *works: Callable[[int], object]) -> list[float]:
    """Return the median of each, in milliseconds, after a tenth as many runs to warm up:
    they take turns, one by one, so that whatever else the machine does meets all of
    them."""
    taken: list[list[float]] = [[] for _ in works]
    for number in range(-times // 10, times):
        for work, times_taken in zip(works, taken, strict=True):
            start = time.perf_counter()
            work(number)
            if number >= 0:
                times_taken.append((time.perf_counter() - start) * 1000)
    return [middle(each) for each in taken]


def ratio_row(
    what: str, ours_ms: float, beside: str, theirs_ms: float, **goal: float
) -> Row:
    """Return the row of two times."""
    ratio = ours_ms / theirs_ms
    wanted, reached = within(ratio, **goal)
    return Row(
        what,
        f"{ours_ms:.2f} ms",
        beside,
        f"{theirs_ms:.2f} ms",
        f"{ratio:.2f}",
        wanted,
        reached,
    )


if __name__ == "__main__":
    say(
        "Reads: about two minutes, and once some minutes to load the large catalogue."
    )
    sys.exit(main())
