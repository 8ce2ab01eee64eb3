"""`make bench-processes`: catalogue reads by two and four web processes beside one, on the same
cores as PostgreSQL, Valkey and the load.

What more processes bring is what one leaves of the cores: Python's lock lets it use little more
than one."""

import argparse
import sys
from contextlib import ExitStack

from benchmarks.harness import (
    Harness,
    Measured,
    NotReady,
    load,
    median,
    say,
    web,
)
from benchmarks.reads import list_pages, list_slugs, warm_cache
from benchmarks.report import Row, publish

SCALE = 1_000
PROCESSES = (1, 2, 4)
CONNECTIONS = 32  # the kernel gives each to one process, by chance
FILTERED = "list: category, 2 filters, by price"
Runs = dict[str, dict[int, list[Measured]]]  # what was asked for, by processes


def main() -> int:
    """Measure in turns and publish; return 1 where an answer failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4, help="of each load")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    try:
        with Harness() as harness:
            runs = measure(harness, options.seconds, options.rounds)
    except NotReady as error:
        print(error, file=sys.stderr)
        return 1
    rows = []
    for what, by_processes in runs.items():
        one = median(by_processes[1])
        for processes in PROCESSES[1:]:
            several = median(by_processes[processes])
            rows.append(
                Row(
                    f"{what}, {processes} web processes",
                    show(several),
                    "one",
                    show(one),
                    f"{several.requests_per_s / one.requests_per_s:.2f}",
                    "-",
                    reached=not several.failures + one.failures,
                )
            )
    notes = (
        f"{CONNECTIONS} connections, the middle of {options.rounds} rounds in turns."
        f" Rounds: {'; '.join(list_spread(runs))}.\n"
    )
    publish("processes", "Web processes on the same cores", rows, notes)
    return 0 if all(row.reached for row in rows) else 1


def measure(harness: Harness, seconds: float, rounds: int) -> Runs:
    """Return what each number of processes did: with hits, and with what is made anew."""
    cached = harness.environment(SCALE)
    anew = cached | {"CACHE_ANSWERS": "0"}
    detail = f"/api/products/{list_slugs(harness, SCALE, 1)[0]}"
    filtered, _goal = list_pages(harness, SCALE)[FILTERED]
    asked = {
        "product detail, hit": (cached, detail),
        "product detail, from the database": (anew, detail),
        FILTERED: (anew, filtered),
    }
    runs: Runs = {what: {count: [] for count in PROCESSES} for what in asked}
    for what, (env, path) in asked.items():
        with ExitStack() as stack:
            urls = {
                count: stack.enter_context(web(env, workers=count)) + path
                for count in PROCESSES
            }
            for url in urls.values():
                warm_cache(url)
                load(
                    url, seconds=1, connections=CONNECTIONS
                )  # every process's first
            for number in range(1, rounds + 1):
                say(f"{what}: round {number} of {rounds}")
                for count, url in urls.items():
                    runs[what][count].append(
                        load(url, seconds=seconds, connections=CONNECTIONS)
                    )
    return runs


def show(measured: Measured) -> str:
    """Return rate and latencies in words."""
    return (
        f"{measured.requests_per_s:,.0f}/s, {measured.p50_ms:.1f} ms,"
        f" 99th {measured.p99_ms:.1f} ms"
    )


def list_spread(runs: Runs) -> list[str]:
    """Return the lowest and highest rate of each."""
    spread = []
    for what, by_processes in runs.items():
        for count, found in by_processes.items():
            rates = [each.requests_per_s for each in found]
            spread.append(
                f"{what}, {count}: {min(rates):,.0f} to {max(rates):,.0f}"
            )
    return spread


if __name__ == "__main__":
    sys.exit(main())
