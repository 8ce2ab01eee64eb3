"""`make bench-noon`: 100,000 products, of which a fifth goes on sale at one moment. Is any page
slower then, and is anybody shown the price of before?

    python -m benchmarks.noon --products 100000 --share 0.2

One reader asks for the pages one after the other, over and over, with the cache off, so that each
is rendered by the database as it is then: before the sale; from its first moment on, while nobody
has written the new prices into the lists; while they are written (`refresh_ended_prices`, which
beat starts each minute); and afterwards. As many other products are on sale all the time: a list
of what is on sale is compared with one of the same kind, not with an empty one. Eight more readers
go through a second web process with its cache on. Each price in each answer is held against what
the product costs at that moment.
"""

import argparse
import json
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from statistics import median
from typing import Any, Final

from benchmarks.harness import NotReady
from benchmarks.reads import fetch
from benchmarks.report import Row, publish
from benchmarks.search_quality import sample_shop
from benchmarks.search_speed import generate
from tests import services

READERS: Final = 8
GOAL: Final = 3
# So long that a page's median is one of many answers where each takes a tenth of a second, too.
_BEFORE_S: Final = 40  # of asking before the moment
_LEFT_ALONE_S: Final = 30  # from the moment until the prices begin to be written
_AFTER_S: Final = 30  # of asking after that
_PHASES: Final = ("from the moment", "while they are written", "afterwards")
_WITHOUT: Final = "a page without prices"  # what the machine alone does to a page
PAGES: Final = {
    "all, by price": "/api/products?sort=price_asc",
    "a category, two filters, by price": (
        "/api/products?category=shirts&inStock=true&maxPrice=2500.00&sort=price_asc"
    ),
    "the same, page 20": (
        "/api/products?category=shirts&inStock=true&maxPrice=2500.00&sort=price_asc&page=20"
    ),
    "the same, with facets": (
        "/api/products?category=shirts&inStock=true&maxPrice=2500.00&facets=true"
    ),
    "what is on sale": "/api/products?onSale=true&sort=price_desc",
    "a search": "/api/products?search=red+dress",
    "a search, by price": "/api/products?search=red+dress&sort=price_asc",
    _WITHOUT: "/api/categories",
}


def main() -> int:
    """Measure and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=int, default=100_000)
    parser.add_argument(
        "--share", type=float, default=0.2, help="of them that go on sale"
    )
    options = parser.parse_args()
    try:
        with sample_shop(load=False):
            from products.services.facet_index import fold_changes

            generate(options.products)
            fold_changes()
            rows, notes = measure(options.products, options.share)
    except NotReady as error:
        print(error, file=sys.stderr)
        return 1
    publish("noon", "A sale of many products begins", rows, notes)
    return 0 if all(row.reached for row in rows) else 1


@dataclass
class Sale:
    """What products cost before and after the moment `starts` (seconds since 1970)."""

    starts: float
    before: dict[str, Decimal]
    after: dict[str, Decimal]


@dataclass
class Answer:
    """A page's answer: when it was asked for and was there, and the prices in it by slug."""

    page: str
    asked: float
    there: float
    prices: list[tuple[str, Decimal]] = field(repr=False)

    @property
    def took_ms(self) -> float:
        """How long it took."""
        return (self.there - self.asked) * 1000


def measure(products: int, share: float) -> tuple[list[Row], str]:
    """Let the sale begin, and return a row for each page and what was seen besides."""
    sale = plan_sale(products, share)
    pages = PAGES | {"a product": f"/api/products/{min(sale.after)}"}
    ended = threading.Event()
    with (
        services.web(env={"CACHE_ANSWERS": "0"}) as plain,
        services.web(env={"CACHE_ANSWERS": "1"}) as cached,
        ThreadPoolExecutor(READERS + 2) as pool,
    ):
        for path in pages.values():
            fetch(plain.url + path), fetch(cached.url + path)
        early = sale.starts - time.time()
        if early < _BEFORE_S:
            raise NotReady(
                f"The sale begins in {early:.0f} s; it took long to plan."
            )
        time.sleep(early - _BEFORE_S)
        writing = pool.submit(write_prices, sale.starts + _LEFT_ALONE_S, ended)
        many = [
            pool.submit(read, cached.url, pages, ended, pause_s=0.3)
            for _ in range(READERS)
        ]
        one = pool.submit(read, plain.url, pages, ended)
        began, took, count = writing.result()
        answers, others = one.result(), [a for each in many for a in each.result()]
    verdict = judge(sale, answers) + judge(sale, others)
    notes = (
        f"{len(sale.after):,} of {products:,} products; the prices of {count:,} were written in"
        f" {took:.1f} s. {verdict.total():,} prices in {len(answers) + len(others):,} answers:"
        f" {dict(sorted(verdict.items()))}."
    )
    phases = (sale.starts, began, began + took)
    rows = [row for page in pages for row in compare(page, answers, phases)]
    return [*rows, stale_row(verdict)], notes


def plan_sale(products: int, share: float) -> Sale:
    """Write a sale of a fifth off that begins soon, and one of as many others that began an hour
    ago, and return what the first changes. What beat would do meanwhile is done: the facets'
    bitmaps and the lists know of both.
    """
    from django.db import connection

    from products.services.facet_index import fold_changes
    from products.services.list_prices import refresh_ended_prices

    starts = time.time() + 60 + products * share / 100
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE products_product SET sale_price = round(base_price * 0.8, 2),
                sale_starts_at = to_timestamp(CASE
                    WHEN abs(hashtext(slug)) %% 1000 < %s THEN %s ELSE %s END),
                sale_ends_at = to_timestamp(%s)
            WHERE abs(hashtext(slug)) %% 1000 < %s""",
            [share * 1000, starts, starts - 3600, starts + 3600, 2 * share * 1000],
        )
        cursor.execute("VACUUM ANALYZE products_product")
        cursor.execute(
            """SELECT slug, base_price, sale_price, sale_starts_at < now()
            FROM products_product"""
        )
        rows = cursor.fetchall()
    fold_changes()
    refresh_ended_prices()
    before = {
        slug: sale if on_sale else price for slug, price, sale, on_sale in rows
    }
    after = {slug: sale for slug, _, sale, on_sale in rows if on_sale is False}
    return Sale(starts, before, after)


def write_prices(moment: float, ended: threading.Event) -> tuple[float, float, int]:
    """Wait for the moment, write the new list prices as beat lets a worker do, and let the readers
    end a little later. Return when it began, how many seconds it took, and of how many.
    """
    from django.db import connection

    from products.services.list_prices import refresh_ended_prices

    try:
        time.sleep(max(0, moment - time.time()))
        began = time.time()
        count = refresh_ended_prices()
        took = time.time() - began
        time.sleep(_AFTER_S)
    finally:
        ended.set()
        connection.close()
    return began, took, count


def read(
    url: str, pages: dict[str, str], ended: threading.Event, pause_s: float = 0
) -> list[Answer]:
    """Ask for one page after the other until it has ended."""
    seen: list[Answer] = []
    while not ended.is_set():
        for page, path in pages.items():
            asked = time.time()
            body = fetch(url + path)
            seen.append(
                Answer(page, asked, time.time(), list_prices(json.loads(body)))
            )
            time.sleep(pause_s)
    return seen


def list_prices(document: Any) -> list[tuple[str, Decimal]]:
    """Return the prices in a list of products, or of one product's variants, by slug."""
    if isinstance(document, list):
        return []
    if "slug" not in document:
        return [
            (each["slug"], Decimal(each["price"]))
            for each in document["items"]
            if "price" in each
        ]
    return [(document["slug"], Decimal(v["price"])) for v in document["variants"]]


def judge(sale: Sale, answers: list[Answer]) -> Counter[str]:
    """Count the prices that were right, that were stale, and those under way at the moment."""
    found: Counter[str] = Counter()
    for answer in answers:
        for slug, price in answer.prices:
            if answer.there < sale.starts:
                right = sale.before[slug]
            elif answer.asked >= sale.starts:
                right = sale.after.get(slug, sale.before[slug])
            else:
                found["under way"] += 1
                continue
            found["right" if price == right else "stale"] += 1
    return found


def compare(
    page: str, answers: list[Answer], phases: tuple[float, float, float]
) -> list[Row]:
    """Return how long the page took in each phase beside before the sale."""
    times: dict[str, list[float]] = {name: [] for name in ("before", *_PHASES)}
    for answer in answers:
        if answer.page == page and not answer.asked < phases[0] <= answer.there:
            phase = sum(answer.asked >= moment for moment in phases)
            times[("before", *_PHASES)[phase]].append(answer.took_ms)
    before = median(times["before"])
    rows = []
    for name in _PHASES:
        if times[name]:
            ratio = median(times[name]) / before
            rows.append(
                Row(
                    f"{page}: {name}",
                    f"{median(times[name]):.1f} ms, slowest {max(times[name]):.0f}",
                    "before the sale",
                    f"{before:.1f} ms, slowest {max(times['before']):.0f}",
                    f"{ratio:.2f}",
                    "-" if page == _WITHOUT else f"≤ {GOAL}",
                    page == _WITHOUT or ratio <= GOAL,
                )
            )
    return rows


def stale_row(verdict: Counter[str]) -> Row:
    """Return the row of prices that were not right."""
    what = f"stale of {verdict['stale'] + verdict['right']:,} prices"
    return Row(what, str(verdict["stale"]), "", "", "", "0", not verdict["stale"])


if __name__ == "__main__":
    sys.exit(main())
