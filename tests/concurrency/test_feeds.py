"""Feeds that several workers apply at once, while the shop sells, cancels and ships."""

import random
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from products.models import Feed, StockLevel, StockMovement, Variant
from products.models.feed import FeedRowResult, FeedState
from products.services.feeds import staging
from products.services.stock import movements
from tests.chaos.table import Record
from tests.concurrency.threads import run_concurrently
from tests.factories import make_product, make_variant

pytestmark = pytest.mark.django_db(transaction=True)

PIECES, SELLERS, SALES, WORKERS = 50, 4, 40, 3


Kept = dict[str, tuple[UUID, int]]


def deal(
    dice: random.Random, variants: list[Variant], kept: Kept
) -> tuple[UUID, int, int]:
    """Reserve a piece, and then ship it, give it back, or keep it reserved; return what
    that does to the shelf.
    """
    variant, line, what = dice.choice(variants), uuid4(), dice.randrange(3)
    pieces = {line: (variant.pk, 1)}
    by_ref = {str(line): (variant.pk, 1)}
    with transaction.atomic():
        movements.reserve_stock(pieces)
    if what < 2:
        with transaction.atomic():
            if what:
                movements.ship_stock(pieces)
            else:
                movements.release_stock(by_ref)
    else:
        kept |= by_ref
    return variant.pk, -int(what == 1), int(what == 2)


def test_a_feed_is_applied_by_many_while_the_shop_sells(
    hold: Record, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(staging, "CHUNK", 5)
    product = make_product()
    variants = [make_variant(product=product, stock=PIECES) for _ in range(30)]
    counts = {variant.sku: 200 + number for number, variant in enumerate(variants)}
    path = tmp_path / "feed.csv"
    path.write_text(
        "sku,quantity\n"
        + "".join(f"{sku},{count}\n" for sku, count in counts.items())
    )
    feed, _ = staging.stage_feed(
        path=path, source="warehouse", sequence=1, counted_at=timezone.now()
    )

    kept: Kept = {}

    def sell_pieces(number: int) -> list[tuple[UUID, int, int]]:
        if number < WORKERS:
            staging.apply_feed(feed_id=feed.pk, budget_s=60)
            return []
        dice = random.Random(number)
        return [deal(dice, variants, kept) for _ in range(SALES)]

    done = run_concurrently(WORKERS + SELLERS, sell_pieces)
    deals = [each for found in done if isinstance(found, list) for each in found]
    assert [found for found in done if not isinstance(found, list)] == []
    assert Feed.objects.get().state == FeedState.APPLIED
    shelf = {variant.pk: [counts[variant.sku], 0] for variant in variants}
    for pk, on_hand, reserved in deals:
        shelf[pk][0] += on_hand
        shelf[pk][1] += reserved
    found = {
        level.pk: [level.on_hand, level.reserved]
        for level in StockLevel.objects.all()
    }
    assert found == shelf
    moves = StockMovement.objects.filter(kind="feed").count()
    assert moves == feed.rows.exclude(result=FeedRowResult.UNCHANGED).count()
    with transaction.atomic():
        movements.release_stock(
            kept
        )  # there are no orders that want them, as `verify` would say
    counted = (
        f"{len(deals)} sales, {WORKERS} workers, {moves} movements for 30 rows"
    )
    hold(
        "feed during sales, by 3 workers at once",
        1,
        "levels as computed by hand",
        counted,
        0,
    )


def test_the_same_delivery_by_many_at_once_is_one_feed(tmp_path: Path) -> None:
    variant = make_variant(stock=5)
    path = tmp_path / "feed.csv"
    path.write_text(f"sku,quantity\n{variant.sku},9\n")
    send = partial(
        staging.stage_feed,
        path=path,
        source="warehouse",
        sequence=1,
        counted_at=timezone.now(),
    )
    sent = run_concurrently(10, lambda _: send())
    # an exception among them fails the test too
    assert sum(new for _, new in sent) == 1  # type: ignore[misc]
    assert Feed.objects.count() == 1
