"""`make bench-feeds`: the feeds of 100,000 products: seconds, memory, and whether their readers'
published rules hold for every item.

The command runs as an operator would run it; its memory is compared with that for a shop of a
hundredth of the products, so that what grows with the catalogue shows.
"""

import argparse
import re
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.harness import Harness, NotReady, say
from benchmarks.report import Row, publish, within
from dev.stack import ROOT
from tests.storefront.feed_rules import RULES, find_faults

MAX_SECONDS = 120.0


@dataclass(frozen=True)
class Written:
    """A feed as it was written. `faults` are what its reader would refuse, with how often."""

    items: int
    megabytes: float
    seconds: float
    peak_mb: float
    faults: Counter[str]


def main() -> int:
    """Write, check, publish; return 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=int, default=100_000)
    options = parser.parse_args()
    few = max(1, options.products // 100)
    try:
        with Harness() as harness:
            written = {
                (name, scale): _write(harness.environment(scale), name)
                for scale in (few, options.products)
                for name in RULES
            }
    except NotReady as error:
        print(error, file=sys.stderr)
        return 1
    return _publish_results(options.products, few, written)


def _write(env: dict[str, str], name: str) -> Written:
    say(f"Writing {name} …")
    command = [sys.executable, "manage.py", "write_product_feeds", name]
    began = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True
    )
    watched, peak = psutil.Process(process.pid), 0
    while process.poll() is None:
        try:
            peak = max(peak, watched.memory_info().rss)
        except psutil.NoSuchProcess:
            break
        time.sleep(0.02)
    out = process.communicate()[0]
    seconds = time.perf_counter() - began
    found = re.search(rf"^{name}: (\d+) rows", out, re.MULTILINE)
    if process.returncode or found is None:
        raise NotReady(f"write_product_feeds said: {out}")
    media = Path(env.get("MEDIA_ROOT") or Path(env["LOCAL_DIR"]) / "media")
    file = max(
        (media / "product-feeds").iterdir(), key=lambda path: path.stat().st_mtime
    )
    read, rules, needed = RULES[name]
    faults, items, ids = Counter[str](), 0, set[str]()
    with file.open("rb") as opened:
        for item in read(opened):
            items += 1
            faults.update(find_faults(item, rules, needed))
            ids.add(item.get("id", item.get("item_id", [""]))[0])
    if len(ids) != items:
        faults["an id stands there twice"] += items - len(ids)
    if items != int(found[1]):
        faults["the command counts other rows than the file has"] += 1
    megabytes = file.stat().st_size / 2**20
    return Written(items, megabytes, seconds, peak / 2**20, faults)


def _publish_results(
    products: int, few: int, written: dict[tuple[str, int], Written]
) -> int:
    rows, notes = [], []
    for name in RULES:
        small, large = written[name, few], written[name, products]
        wanted, reached = within(large.peak_mb / small.peak_mb, at_most=1.25)
        rows += [
            Row(
                f"feed {name} of {products:,} products: memory",
                f"{large.peak_mb:.0f} MB",
                f"of {few:,} products",
                f"{small.peak_mb:.0f} MB",
                f"{large.peak_mb / small.peak_mb:.2f}",
                wanted,
                reached,
            ),
            Row(
                f"feed {name} of {products:,} products: faults by its reader's rules",
                f"{large.faults.total()}",
                "rows",
                f"{large.items:,}",
                "-",
                "0",
                not large.faults,
            ),
            Row(
                f"feed {name} of {products:,} products: time",
                f"{large.seconds:.1f} s",
                f"of {few:,} products",
                f"{small.seconds:.1f} s",
                f"{large.seconds / small.seconds:.1f}",
                f"≤ {MAX_SECONDS:g} s",
                large.seconds <= MAX_SECONDS,
            ),
        ]
        faults = ", ".join(
            f"{what} ({n})" for what, n in large.faults.most_common(10)
        )
        notes.append(
            f"{name}: {large.items:,} rows, {large.megabytes:.0f} MB;"
            f" faults: {faults or 'none'}."
        )
    publish(
        "feeds",
        "Product feeds: seconds, memory, and their readers' rules",
        rows,
        "\n".join(notes) + "\n",
    )
    return 0 if all(row.reached for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
