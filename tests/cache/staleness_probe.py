"""Readers and writers at once, and what each read showed beside what had been committed
before it was sent.

Versions are written into products' names, one writer a product, so that an answer tells
which version it shows. A read is stale if its request was sent after the commit of a newer
version had returned to its writer; by how much is the time since that return."""

import http.client
import random
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from django.db import connection, transaction

from dev.processes import wait_for
from products.models import Product

_VERSION = re.compile(rb'"name":"v(\d+)"')


@dataclass(frozen=True)
class Read:
    """One answer: of which product, when it was asked for (s), which version it showed, and
    where it came from.
    """

    slug: str
    asked_at: float
    version: int
    tier: str  # "memory", "shared", "waited", "rendered", "bypass"


@dataclass
class Seen:
    """What a run saw. `returned_at[slug][n]` is when the commit of version n returned to
    its writer (s).
    """

    returned_at: dict[str, list[float]]
    reads: list[Read] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def writes(self) -> int:
        return sum(len(times) - 1 for times in self.returned_at.values())

    def lag_s(self, read: Read) -> float:
        """Return how long the read's version had been outdated when it was asked for; 0 if
        it was not.
        """
        times = self.returned_at.get(read.slug, [])
        if read.version + 1 >= len(times):
            return 0.0
        return max(0.0, read.asked_at - times[read.version + 1])

    def stale(self, *, memory: bool) -> list[tuple[Read, float]]:
        """Return the stale reads that came from a process's memory, or those that did not,
        each with its lag.
        """
        lags = [
            (read, self.lag_s(read))
            for read in self.reads
            if (read.tier == "memory") == memory
        ]
        return [(read, lag) for read, lag in lags if lag > 0]

    def tiers(self) -> dict[str, int]:
        """Return how many reads were answered from where."""
        found: dict[str, int] = {}
        for read in self.reads:
            found[read.tier] = found.get(read.tier, 0) + 1
        return found


def watch_staleness(
    urls: Sequence[str],
    products: Sequence[Product],
    *,
    seconds: float,
    pause_s: float,
    others: Sequence[str] = (),
    readers: int = 4,
    enough: Callable[[Seen], bool] = lambda seen: True,
) -> Seen:
    """Write each product by a thread of its own while `readers` threads read all of them
    from all the servers.

    `pause_s` is what a reader rests after each read, and four times that a writer after
    each write. `others` are slugs of products that are read as often and never written.
    What is not `enough` after so many seconds goes on for a minute at most."""
    slugs = [*(product.slug for product in products), *others]
    seen = Seen({product.slug: [] for product in products})
    over = threading.Event()
    ready = threading.Barrier(len(products) + 1)
    threads = [
        threading.Thread(target=_write, args=(product, seen, over, pause_s, ready))
        for product in products
    ]
    for thread in threads:
        thread.start()
    ready.wait(timeout=30)
    for number in range(readers):
        threads.append(
            threading.Thread(
                target=_read, args=(urls, slugs, seen, over, number, pause_s)
            )
        )
        threads[-1].start()
    time.sleep(seconds)
    wait_for(lambda: enough(seen), seconds=60)
    over.set()
    for thread in threads:
        thread.join(timeout=60)
    return seen


def _write(
    product: Product,
    seen: Seen,
    over: threading.Event,
    pause_s: float,
    ready: threading.Barrier,
) -> None:
    times = seen.returned_at[product.slug]
    try:
        while not over.is_set():
            product.name = f"v{len(times)}"
            with transaction.atomic():
                product.save(update_fields=["name"])
            times.append(time.monotonic())
            if len(times) == 1:
                ready.wait(timeout=30)
            time.sleep(max(pause_s * 4, 0.002))
    except Exception as error:
        seen.failures.append(f"writer: {error!r}")
        raise
    finally:
        connection.close()


def _read(
    urls: Sequence[str],
    slugs: Sequence[str],
    seen: Seen,
    over: threading.Event,
    number: int,
    pause_s: float,
) -> None:
    dice = random.Random(number)
    lines = [
        http.client.HTTPConnection(urlsplit(url).netloc, timeout=20) for url in urls
    ]
    try:
        while not over.is_set():
            line, slug = dice.choice(lines), dice.choice(slugs)
            asked_at = time.monotonic()
            line.request("GET", f"/api/products/{slug}")
            answer = line.getresponse()
            body = answer.read()
            version = _VERSION.search(body) or (b"", b"-1")
            if answer.status != 200 or (
                slug in seen.returned_at and int(version[1]) < 0
            ):
                seen.failures.append(f"{answer.status}: {body[:200]!r}")
                continue
            seen.reads.append(
                Read(
                    slug,
                    asked_at,
                    int(version[1]),
                    _tier(answer.headers.get("Cache-Status", "")),
                )
            )
            time.sleep(pause_s)
    except Exception as error:
        seen.failures.append(f"reader: {error!r}")
        raise
    finally:
        for line in lines:
            line.close()


def _tier(status: str) -> str:
    if "hit" in status:
        return status.rpartition("detail=")[2]
    return "bypass" if "bypass" in status else "rendered"
