"""Inventory feeds whose worker dies or is stopped, that come twice, late or cut in half,
and while the shop sells.
"""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone

from products.models import Feed, StockLevel, StockMovement, Variant
from products.models.feed import FeedState
from products.services.feeds import staging
from products.services.stock import initial_stock, movements
from products.services.stock.movements import FirstStock
from tests.chaos.shop_processes import ShopProcesses, await_
from tests.chaos.table import Record
from tests.factories import make_product

pytestmark = pytest.mark.slow

CHUNK, CHUNKS = 40, 5
ROWS = CHUNK * CHUNKS


@pytest.fixture
def variants() -> list[Variant]:
    """Return variants with 10 pieces each."""
    product = make_product()
    made = Variant.objects.bulk_create(
        [
            Variant(
                product=product,
                sku=f"FEED-{number}",
                size=f"S{number}",
                color="Black",
            )
            for number in range(ROWS)
        ]
    )
    with transaction.atomic():
        initial_stock.insert_initial_stock(
            {variant.pk: FirstStock(10) for variant in made}
        )
    type(product).objects.filter(pk=product.pk).update(in_stock=True)
    return made


def write(path: Path, counts: dict[str, int], *, half: bool = False) -> Path:
    """Write a feed, or the first half of its bytes."""
    text = "sku,quantity\n" + "".join(
        f"{sku},{count}\n" for sku, count in counts.items()
    )
    path.write_text(text[: len(text) // 2] if half else text)
    return path


def send(path: Path, sequence: int, counted_at: datetime | None = None) -> Feed:
    return staging.stage_feed(
        path=path,
        source="warehouse",
        sequence=sequence,
        counted_at=counted_at or timezone.now(),
    )[0]


def on_hand() -> dict[UUID, int]:
    return dict(StockLevel.objects.values_list("pk", "on_hand"))


def end_lease() -> None:
    """Let the time pass that a lost run's lease has left: minutes, as the feed's time limit
    is generous.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE outbox_event SET leased_until = now(), wake_at = now()"
            " WHERE state = 'running' AND task = 'products.apply_feed'"
        )


def sell(variants: list[Variant], until: Path, shipped: dict[UUID, int]) -> None:
    """Reserve and ship single pieces until the file is there, and count what was shipped."""
    dice = random.Random(4)
    try:
        while not until.exists():
            variant = dice.choice(variants)
            line = uuid4()
            with transaction.atomic():
                movements.reserve_stock({line: (variant.pk, 1)})
            with transaction.atomic():
                movements.ship_stock({line: (variant.pk, 1)})
            shipped[variant.pk] = shipped.get(variant.pk, 0) + 1
            time.sleep(0.2)  # each sale is a job of the same queue
    finally:
        connection.close()


@pytest.mark.timeout(1500)
def test_killed_in_each_chunk_while_the_shop_sells(
    processes: ShopProcesses, hold: Record, variants: list[Variant], tmp_path: Path
) -> None:
    marks, over = tmp_path / "marks", tmp_path / "over"
    marks.mkdir()
    counts = {variant.sku: 100 + number for number, variant in enumerate(variants)}
    path = write(tmp_path / "feed.csv", counts)
    shipped: dict[UUID, int] = {}
    with ThreadPoolExecutor(1) as pool:
        counted_at = (
            timezone.now()
        )  # what is sold from here on comes off what was counted
        selling = pool.submit(sell, variants, over, shipped)
        time.sleep(1)
        feed = send(path, 1, counted_at)
        processes.relay()
        processes.worker("analytics")  # tells webhooks of changes of stock
        processes.worker(
            "inventory",
            concurrency=1,
            CHAOS_FEED_CHUNK=str(CHUNK),
            CHAOS_FEED_KILLS=str(marks),
        )

        def applied() -> bool:
            end_lease()
            feed.refresh_from_db()
            return feed.state == FeedState.APPLIED

        await_(applied, within_s=900, why=processes.explain)
        over.touch()
        selling.result(timeout=30)
    processes.finish(within_s=180)
    by_hand = {
        variant.pk: counts[variant.sku] - shipped.get(variant.pk, 0)
        for variant in variants
    }
    wrong = sum(by_hand[pk] != pieces for pk, pieces in on_hand().items())
    kills = len(list(marks.iterdir()))
    moves = StockMovement.objects.filter(kind="feed").count()
    counted = (
        f"{kills} kills, {sum(shipped.values())} pieces sold meanwhile, {moves} movements"
        f" for {ROWS} rows"
    )
    fault = "feed's worker killed in and after each chunk"
    hold(
        fault,
        kills,
        "levels as computed by hand, each row once",
        counted,
        wrong + (moves != ROWS),
    )
    hold(
        fault,
        kills,
        "every chunk was tried",
        f"{kills} of {2 * CHUNKS}",
        int(kills != 2 * CHUNKS),
    )


@pytest.mark.timeout(600)
def test_sigterm_in_the_middle_of_a_feed(
    processes: ShopProcesses, hold: Record, variants: list[Variant], tmp_path: Path
) -> None:
    feed = send(
        write(tmp_path / "feed.csv", {variant.sku: 7 for variant in variants}), 1
    )
    processes.relay()
    processes.worker("analytics")  # tells webhooks of changes of stock
    name = processes.worker(
        "inventory", concurrency=1, CHAOS_FEED_CHUNK="10", CHAOS_FEED_PAUSE_S="0.4"
    )

    def begun() -> bool:
        feed.refresh_from_db()
        return feed.applied > 0

    await_(begun, within_s=120, why=processes.explain)
    began = time.monotonic()
    code = processes.running[name].stop(seconds=45)
    seconds = time.monotonic() - began
    feed.refresh_from_db()
    done = feed.applied
    processes.restart(name)
    processes.finish(within_s=180)
    wrong = sum(pieces != 7 for pieces in on_hand().values())
    moves = StockMovement.objects.filter(kind="feed").count()
    counted = (
        f"exit code {code} after {seconds:.1f} s with {done} of {ROWS} rows done; {moves}"
        " movements in the end"
    )
    hold(
        "SIGTERM in the middle of a feed",
        1,
        "stopped in 45 s, resumed, each row once",
        counted,
        wrong
        + (moves != ROWS)
        + (code != 0)
        + (not 0 < done < ROWS)
        + processes.lost(),
    )


@pytest.mark.timeout(600)
def test_twice_out_of_order_and_cut_in_half(
    processes: ShopProcesses, hold: Record, variants: list[Variant], tmp_path: Path
) -> None:
    dice = random.Random(11)
    start = (
        timezone.now()
    )  # after the pieces were entered, or they would count as come since
    by_hand = {variant.pk: 10 for variant in variants}
    deliveries = []
    for sequence in range(1, 7):
        some = dice.sample(variants, 120)
        counts = {variant.sku: dice.randint(1, 500) for variant in some}
        path = write(tmp_path / f"{sequence}.csv", counts)
        deliveries += [
            (path, sequence, start + timedelta(seconds=sequence), counts)
        ] * 2
    whole = deliveries[-1]
    dice.shuffle(deliveries)
    processes.relay()
    processes.worker("analytics")  # tells webhooks of changes of stock
    processes.worker("inventory", concurrency=2, CHAOS_FEED_CHUNK=str(CHUNK))
    last = 0
    for path, sequence, counted_at, counts in deliveries:
        before = Feed.objects.count()
        feed = send(path, sequence, counted_at)
        if Feed.objects.count() == before:
            continue  # the same delivery again
        if sequence > last:
            last = sequence
            by_hand |= {
                variant.pk: counts[variant.sku]
                for variant in variants
                if variant.sku in counts
            }
        assert (feed.state == FeedState.SUPERSEDED) == (sequence < last)
    processes.finish(within_s=180)
    wrong = sum(by_hand[pk] != pieces for pk, pieces in on_hand().items())
    states = sorted(Feed.objects.values_list("sequence", "state"))
    counted = f"12 deliveries of 6 feeds, {states}"
    hold(
        "feeds twice and out of order",
        12,
        "levels as computed by hand",
        counted,
        wrong,
    )

    half = write(tmp_path / "half.csv", whole[3], half=True)
    cut = send(half, 7, start + timedelta(seconds=8))
    processes.finish(within_s=180)
    send(write(tmp_path / "whole.csv", whole[3]), 8, start + timedelta(seconds=9))
    processes.finish(within_s=180)
    by_hand |= {
        variant.pk: whole[3][variant.sku]
        for variant in variants
        if variant.sku in whole[3]
    }
    wrong = sum(by_hand[pk] != pieces for pk, pieces in on_hand().items())
    cut.refresh_from_db()
    counted = f"cut: {cut.total} of 120 rows came, {cut.rejected} rejected; then the whole"
    hold(
        "feed cut in half, then sent whole",
        1,
        "levels as computed by hand",
        counted,
        wrong + (cut.total == 120),
    )
