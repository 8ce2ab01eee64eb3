"""`make bench-freshness`: is anybody shown a price that is no longer true, and what if the
cache server dies?

Two web processes, writers that change products as fast as they can, readers that compare
what they are shown with what had been committed before they asked (tests/cache/staleness_probe.py).
Then the same while the cache server is killed and started again. Exits 1 if a goal is
missed."""

import argparse
import logging
import math
import os
import sys
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmarks.harness import Harness, NotReady, say, web
from benchmarks.report import Row, publish

if TYPE_CHECKING:
    from tests.cache.staleness_probe import Read, Seen

SCALE = 1_000
WRITERS = 4  # products that change all the time, each by a writer of its own
OTHERS = 60  # products that are read besides


def main() -> int:
    """Measure and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--seconds",
        type=float,
        default=20,
        help="of the first part; the second takes as long",
    )
    options = parser.parse_args()
    try:
        with Harness() as harness:
            env = harness.copy(SCALE, "benchfresh")  # its products get other names
            os.environ.update(env, DJANGO_SETTINGS_MODULE="markrin.settings")
            import django

            django.setup()
            logging.disable(
                logging.WARNING
            )  # of each change that a dead cache server did not hear of
            with web(env) as one, web(env) as other:
                rows = measure_undisturbed([one, other], options.seconds)
                publish(
                    "freshness",
                    "What readers were shown, beside what had been committed",
                    rows,
                )
                broken, curve = measure_outage(
                    harness, [one, other], options.seconds
                )
                publish(
                    "outage",
                    "The cache server killed and started again under load",
                    broken,
                    curve,
                    "freshness",
                )
    except NotReady as error:
        print(error, file=sys.stderr)
        return 1
    return 0 if all(row.reached for row in [*rows, *broken]) else 1


def run(urls: Sequence[str], seconds: float) -> "Seen":
    """Read and write for so long."""
    from products.models import Product
    from tests.cache import staleness_probe

    products = list(
        Product.objects.filter(status="published").order_by("slug")[
            : WRITERS + OTHERS
        ]
    )
    others = [product.slug for product in products[WRITERS:]]
    return staleness_probe.watch_staleness(
        urls, products[:WRITERS], seconds=seconds, pause_s=0.005, others=others
    )


def measure_undisturbed(urls: Sequence[str], seconds: float) -> list[Row]:
    """Count stale answers, and measure how long a process's memory outlives a change made
    elsewhere.
    """
    say(f"Readers and writers for {seconds:g} s …")
    seen = run(urls, seconds)
    from_memory = sorted(
        seen.lag_s(read) * 1000 for read in seen.reads if read.tier == "memory"
    )
    late = percentile(from_memory, 0.999)
    told = ", ".join(
        f"{count:,} {tier}" for tier, count in sorted(seen.tiers().items())
    )
    return [
        make_row("answers", f"{len(seen.reads):,}: {told}"),
        make_row("versions committed meanwhile", f"{seen.writes:,}"),
        make_row(
            "answers other than 200",
            f"{len(seen.failures)}",
            "0",
            not seen.failures,
        ),
        make_stale_row(seen),
        make_row(
            "stale from a process's memory",
            f"{len(seen.stale(memory=True))} of {len(from_memory):,}",
        ),
        make_row(
            "lag of memory, 99.9th percentile of answers",
            f"{late:.2f} ms",
            "< 10 ms",
            late < 10,
        ),
        make_row(
            "lag of memory, the longest", f"{max(from_memory, default=0):.2f} ms"
        ),
    ]


def measure_outage(
    harness: Harness, urls: Sequence[str], seconds: float
) -> tuple[list[Row], str]:
    """Kill the cache server for a third of the time; give the rows, and what each second saw."""
    say(
        f"The cache server dies after {seconds / 3:.0f} s and is back {seconds / 3:.0f} s later …"
    )
    times: dict[str, float] = {"begun": time.monotonic()}

    def restart_cache() -> None:
        time.sleep(seconds / 3)
        times["killed"] = time.monotonic()
        harness.valkey.stop()
        time.sleep(seconds / 3)
        harness.valkey.start()
        times["back"] = time.monotonic()

    thread = threading.Thread(target=restart_cache)
    thread.start()
    seen = run(urls, seconds)
    thread.join()
    hits = {
        name: hit_rate([read for read in seen.reads if low <= read.asked_at < high])
        for name, low, high in (
            ("before", times["begun"], times["killed"]),
            ("during", times["killed"] + 0.5, times["back"]),
            ("after", times["back"] + 2, math.inf),
        )
    }
    recovered = hits["after"] > 0.8 * hits["before"]
    rows = [
        make_row("answers", f"{len(seen.reads):,}"),
        make_row(
            "answers other than 200",
            f"{len(seen.failures)}",
            "0",
            not seen.failures,
        ),
        make_stale_row(seen),
        make_row(
            "longest lag from memory",
            f"{max((lag for _, lag in seen.stale(memory=True)), default=0) * 1000:.0f} ms",
        ),
        make_row(
            "hits before, during, after",
            " · ".join(f"{rate:.0%}" for rate in hits.values()),
        ),
        make_row(
            "the hit rate recovers by itself",
            f"{hits['after']:.0%}",
            "> 0.8 of before",
            recovered,
        ),
    ]
    return rows, curve(seen.reads, times)


def curve(reads: Sequence["Read"], times: dict[str, float]) -> str:
    """Return a table of each second: answers, share of hits, and the 99th percentile of
    staleness.
    """
    lines = [
        "",
        "| second | answers | hits | cache server |",
        "| --- | --- | --- | --- |",
    ]
    for second in range(
        int(max(read.asked_at for read in reads) - times["begun"]) + 1
    ):
        at = times["begun"] + second
        of = [read for read in reads if at <= read.asked_at < at + 1]
        state = "away" if times["killed"] < at + 1 and at < times["back"] else "up"
        lines.append(f"| {second} | {len(of)} | {hit_rate(of):.0%} | {state} |")
    return "\n".join(lines)


def hit_rate(reads: Sequence["Read"]) -> float:
    """Return the share that came from a tier of the cache."""
    return sum(read.tier in ("memory", "shared", "waited") for read in reads) / max(
        len(reads), 1
    )


def make_stale_row(seen: "Seen") -> Row:
    """Return the row that counts stale answers from anywhere but a process's memory."""
    stale = len(seen.stale(memory=False))
    return make_row(
        "stale from the shared tier or the database", f"{stale}", "0", stale == 0
    )


def make_row(what: str, found: str, goal: str = "-", reached: bool = True) -> Row:
    """Return a row that compares with nothing."""
    return Row(what, found, "", "", "", goal, reached)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of the sorted values does not exceed."""
    return (
        values[min(len(values) - 1, math.ceil(share * len(values)) - 1)]
        if values
        else 0.0
    )


if __name__ == "__main__":
    sys.exit(main())
