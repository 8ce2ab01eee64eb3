"""`make bench-memory`: what a web process takes after 100,000 mixed requests, beside what
it took after 1,000.
"""

import argparse
import http.client
import random
import sys
import threading
import time
from urllib.parse import quote, urlsplit

import psutil

from benchmarks.harness import Harness, NotReady, say, web
from benchmarks.report import Row, publish, within

SCALE = 1_000
CLIENTS = 4


def main() -> int:
    """Measure and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000)
    options = parser.parse_args()
    try:
        with Harness() as harness:
            env = harness.environment(SCALE)
            with harness.connect(SCALE) as connection:
                query = (
                    "SELECT slug, name FROM products_product WHERE status = 'published'"
                    " ORDER BY slug LIMIT 300"
                )
                products = connection.execute(query).fetchall()
            paths = list_mixed_paths(products)
            with web(env) as shop:
                send_requests(shop, paths, 1_000)
                first = resident_mb(shop)
                say(f"{options.requests:,} mixed requests …")
                start = time.perf_counter()
                codes = send_requests(shop, paths, options.requests - 1_000)
                taken = time.perf_counter() - start
                last = resident_mb(shop)
    except NotReady as error:
        print(error, file=sys.stderr)
        return 1
    ratio = last / first
    wanted, reached = within(ratio, at_most=1.1)
    what = f"memory of the web process after {options.requests:,} mixed requests"
    rows = [
        Row(
            what,
            f"{last:.0f} MB",
            "after 1,000",
            f"{first:.0f} MB",
            f"{ratio:.2f}",
            wanted,
            reached,
        )
    ]
    told = ", ".join(f"{count:,} × {code}" for code, count in sorted(codes.items()))
    publish("memory", "Memory", rows, f"Answers: {told}, in {taken:.0f} s.")
    return 0 if reached and not any(code >= 500 for code in codes) else 1


def list_mixed_paths(products: list[tuple[str, ...]]) -> list[str]:
    """Return paths as shoppers ask for them: details, lists, searches, the tree; some not
    there, some refused.
    """
    details = [f"/api/products/{slug}" for slug, _ in products]
    lists = [f"/api/products?limit=12&page={page}" for page in range(1, 20)]
    searches = [
        f"/api/products?search={quote(name.split()[-1])}"
        for _, name in products[:60]
    ]
    rest = [
        "/api/categories",
        "/api/size-charts",
        "/api/products/featured",
        "/api/products?facets=true&maxPrice=900.00",
    ]
    wrong = [
        "/api/products/nothing-here",
        "/api/products?page=0",
        "/api/nowhere",
        "/api/cart",
        "/api/orders",
    ]
    return details * 3 + lists * 5 + searches + rest * 10 + wrong * 10


def send_requests(shop: str, paths: list[str], count: int) -> dict[int, int]:
    """Send so many requests from a few clients; return how many answers had which status."""
    codes: dict[int, int] = {}
    lock = threading.Lock()

    def run_client(number: int) -> None:
        dice = random.Random(number)
        line = http.client.HTTPConnection(urlsplit(shop).netloc, timeout=60)
        own: dict[int, int] = {}
        for _ in range(count // CLIENTS):
            line.request("GET", dice.choice(paths))
            answer = line.getresponse()
            answer.read()
            own[answer.status] = own.get(answer.status, 0) + 1
        with lock:
            for code, seen in own.items():
                codes[code] = codes.get(code, 0) + seen

    threads = [
        threading.Thread(target=run_client, args=(number,))
        for number in range(CLIENTS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return codes


def resident_mb(shop: str) -> float:
    """Return the resident memory of the server's busiest process, in megabytes."""
    port = urlsplit(shop).port
    for process in psutil.process_iter(["cmdline"]):
        if str(port) in (process.info["cmdline"] or []):
            children = [process, *process.children(recursive=True)]
            return float(
                max(child.memory_info().rss for child in children) / 1024**2
            )
    raise NotReady("the web process is not to be found")


if __name__ == "__main__":
    sys.exit(main())
