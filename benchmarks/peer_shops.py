"""`make bench-peers`: Markrin beside other shops on the same machine, on the same PostgreSQL
and Valkey: Vendure and Medusa, each with 1,000 products of 6 variants.

Reads without a cache of answers, spread over the products; then the second line into a cart
and the completing call of checkout. One web process each, no worker, 8 connections, in
turns."""

import argparse
import shutil
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Protocol

from benchmarks import harness
from benchmarks.harness import Harness, Measured, NotReady, say
from benchmarks.peers import load
from benchmarks.peers.load import Shop
from benchmarks.peers.markrin_shop import Markrin
from benchmarks.peers.medusa_shop import Medusa
from benchmarks.peers.vendure_shop import Vendure
from benchmarks.report import Row, publish, within

P99_AT_MOST = 3  # times the median, of our own reads
ADD, BUY = "second line into the cart", "completing call of checkout"
Turns = list[tuple[Measured, Measured]]  # ours and theirs, of each round


class Peer(Shop, Protocol):
    """A shop that is installed, seeded and run here."""

    def prepare(self) -> None: ...

    def serve(self) -> AbstractContextManager[Shop]: ...


@dataclass(frozen=True)
class Contest:
    """A peer, what our rates are to be of its, and its share of the checkouts: getting a
    cart ready takes long where each call does, and a turn of few carts that is over in a second
    would say more of its first calls than of a rate.
    """

    open: Callable[[Harness], Peer]
    goals: dict[str, float]
    share: float = 1


CONTESTS = {
    "vendure": Contest(
        Vendure,
        {
            "product detail": 8,
            "list of 12": 3,
            "category list": 2,
            "category tree": 2,
            ADD: 4,
            BUY: 4,
        },
    ),
    "medusa": Contest(Medusa, {BUY: 25}, share=0.2),
}


def main() -> int:
    """Prepare, measure in turns, publish; return 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=6, help="of each load")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--checkouts", type=int, default=400, help="of each shop in each round"
    )
    parser.add_argument("--only", choices=CONTESTS, help="one of the other shops")
    parser.add_argument(
        "--prepare",
        action="store_true",
        help="install and load, but measure nothing",
    )
    options = parser.parse_args()
    names = [options.only] if options.only else list(CONTESTS)
    try:
        if shutil.which("wrk") is None:
            raise NotReady("wrk makes the load: apt-get install wrk")
        with Harness() as servers:
            peers = {name: CONTESTS[name].open(servers) for name in names}
            for peer in peers.values():
                peer.prepare()
            ours = Markrin(servers)
            if options.prepare:
                return 0
            reached = [
                measure(servers.home, ours, peer, CONTESTS[name], options)
                for name, peer in peers.items()
            ]
    except NotReady as error:
        print(error, file=sys.stderr)
        return 1
    return 0 if all(reached) else 1


def measure(
    folder: Path,
    ours: Markrin,
    peer: Peer,
    contest: Contest,
    options: argparse.Namespace,
) -> bool:
    """Measure against one peer and publish; return whether each goal is reached."""
    few = max(40, round(options.checkouts * contest.share))
    carts = max(40, options.checkouts), few
    with peer.serve() as theirs:
        with ours.serve(kept=False) as uncached:
            reads = measure_reads(folder, uncached, theirs, options)
        with ours.serve(kept=True) as shop:
            purchases = measure_purchases(shop, theirs, carts, options.rounds)
    rows = []
    for what, turns in (reads | purchases).items():
        rows.append(compare(what, turns, peer.name, contest.goals.get(what)))
        if what in reads and what in contest.goals:
            rows.append(evenness(what, turns))
    notes = (
        f"Rounds in turns: {options.rounds}; the middle rates (median / 99th percentile in"
        " ms), and the middle ratio with the least and the most. One web process each and"
        f" no worker; 1,000 products. Reads: {options.seconds:g} s a turn by wrk, 8"
        " connections, CACHE_ANSWERS=0, details of 500 products. Purchases: "
        f"{carts[0]} and {few} carts of two lines a turn, 8 at a time, both sides by the same"
        " client in Node.\n" + describe_failures(reads | purchases, peer.name)
    )
    publish(
        f"peers-{peer.name.split()[0].lower()}",
        f"Beside {peer.name} on the same machine",
        rows,
        notes,
        "peers",
    )
    return all(row.reached for row in rows)


def measure_reads(
    folder: Path, ours: Shop, theirs: Shop, options: argparse.Namespace
) -> dict[str, Turns]:
    """Return what wrk saw of each kind of read in each round, after a warm-up of each."""
    found: dict[str, Turns] = {}
    for shop in (ours, theirs):
        load.check_reads(shop)
    for what in ours.reads():
        say(f"Reads beside {theirs.name}: {what}")

        def turn(seconds: float, what: str = what) -> tuple[Measured, Measured]:
            one, other = (
                load.read(shop, what, folder=folder, seconds=seconds)
                for shop in (ours, theirs)
            )
            return one, other

        turn(min(2, options.seconds))
        found[what] = [turn(options.seconds) for _ in range(options.rounds)]
    return found


def measure_purchases(
    ours: Shop, theirs: Shop, counts: tuple[int, int], rounds: int
) -> dict[str, Turns]:
    """Return what the client saw of each call in each round, with so many carts of either side;
    the first one, a warm-up of 40, is left out.
    """
    found: dict[str, Turns] = {ADD: [], BUY: []}
    for number in range(rounds + 1):
        say(f"Purchases beside {theirs.name}: round {number} of {rounds}")
        for shop, count in zip((ours, theirs), counts, strict=True):
            shop.start_carts(count if number else min(40, count))
        added = [
            load.send(shop, shop.second_lines(), expect=shop.added)
            for shop in (ours, theirs)
        ]
        bought = [
            load.send(shop, shop.checkouts(), expect=shop.bought)
            for shop in (ours, theirs)
        ]
        if number:
            found[ADD].append((added[0], added[1]))
            found[BUY].append((bought[0], bought[1]))
    return found


def compare(what: str, turns: Turns, beside: str, at_least: float | None) -> Row:
    """Return the row of our rate beside theirs; a request of ours that fails misses the
    goal.
    """
    ratios = [one.requests_per_s / other.requests_per_s for one, other in turns]
    ours, theirs = (harness.median(side) for side in zip(*turns, strict=True))
    goal, reached = within(median(ratios), at_least=at_least)
    return Row(
        what,
        show_rate(ours),
        beside,
        show_rate(theirs),
        show_spread(ratios),
        goal,
        reached and not ours.failures,
    )


def evenness(what: str, turns: Turns) -> Row:
    """Return the row of our 99th percentile beside our median."""
    ratios = [ours.p99_ms / ours.p50_ms for ours, _ in turns]
    p99, p50 = (
        median(getattr(ours, name) for ours, _ in turns)
        for name in ("p99_ms", "p50_ms")
    )
    goal, reached = within(median(ratios), at_most=P99_AT_MOST)
    return Row(
        f"{what}, 99th percentile",
        f"{p99:.1f} ms",
        "our own median",
        f"{p50:.1f} ms",
        show_spread(ratios),
        goal,
        reached,
    )


def show_rate(seen: Measured) -> str:
    """Return a rate with its latencies."""
    return f"{seen.requests_per_s:,.1f}/s ({seen.p50_ms:.1f} / {seen.p99_ms:.1f})"


def show_spread(ratios: Sequence[float]) -> str:
    """Return the middle ratio, and from where to where the rounds went."""
    return f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def describe_failures(found: dict[str, Turns], beside: str) -> str:
    """Say which requests failed, if any: they count in no rate of purchases."""
    failed = [
        f"{what}: {sum(each.failures for each in side)} of {name}'s"
        for what, turns in found.items()
        for name, side in zip(
            ("Markrin", beside), zip(*turns, strict=True), strict=True
        )
        if any(each.failures for each in side)
    ]
    return f"Failed requests: {'; '.join(failed)}.\n" if failed else ""


if __name__ == "__main__":
    say(
        "Other shops: about five minutes each, and once as long to install and load."
    )
    sys.exit(main())
