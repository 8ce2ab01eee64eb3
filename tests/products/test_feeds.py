"""Inventory feeds: what is taken, what is held, and what the stock is afterwards."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.core import mail
from django.db import transaction
from django.utils import timezone

from markrin.outbox.models import OutboxEvent
from products import errors
from products.models import (
    BackInStockRequest,
    Feed,
    FeedRow,
    StockLevel,
    StockMovement,
    Variant,
)
from products.models.feed import FeedMode, FeedState
from products.models.stock import MovementKind
from products.services.feeds import staging
from products.services.stock import movements
from tests.factories import make_product, make_variant
from tests.outbox.helpers import drain
from tests.products.feed_files import NOW, age_movements, level, write

__all__ = ["write"]


def send(
    path: Path,
    *,
    sequence: int = 1,
    mode: FeedMode = FeedMode.COUNT,
    counted_at=None,
    source="wms",
    **rest,
) -> Feed:
    feed, _new = staging.stage_feed(
        path=path,
        source=source,
        sequence=sequence,
        mode=mode,
        counted_at=counted_at or timezone.now(),
        **rest,
    )
    return feed


def finish(feed: Feed) -> Feed:
    assert staging.apply_feed(feed_id=feed.pk, budget_s=60)
    feed.refresh_from_db()
    return feed


def reserve(variant: Variant, pieces: int, ref: str) -> None:
    with transaction.atomic():
        movements.move_stock(
            [
                movements.StockMove(
                    variant.pk,
                    MovementKind.RESERVE,
                    f"reserve:{ref}",
                    d_reserved=pieces,
                )
            ]
        )


def ship(variant: Variant, pieces: int, ref: str) -> None:
    with transaction.atomic():
        movements.move_stock(
            [
                movements.StockMove(
                    variant.pk,
                    MovementKind.SHIP,
                    f"ship:{ref}",
                    d_on_hand=-pieces,
                    d_reserved=-pieces,
                )
            ]
        )


@pytest.mark.django_db
def test_a_count_becomes_the_level(write) -> None:
    one, two, alone = (
        make_variant(stock=5),
        make_variant(stock=5),
        make_variant(stock=5),
    )
    feed = send(write(f"{one.sku},8", f"{two.sku},5"))
    assert (feed.state, feed.total, feed.rejected) == (FeedState.STAGED, 2, 0)
    assert level(one) == (5, 0), "staging alone changes nothing"
    feed = finish(feed)
    assert (feed.state, feed.applied, feed.unchanged, feed.rejected) == (
        FeedState.APPLIED,
        1,
        1,
        0,
    )
    assert (level(one), level(two), level(alone)) == ((8, 0), (5, 0), (5, 0))
    assert StockLevel.objects.get(pk=one.pk).counted_at == feed.counted_at


@pytest.mark.django_db
def test_what_moved_since_the_count_is_added(write) -> None:
    variant = make_variant(stock=10)
    reserve(variant, 2, "before")
    age_movements(variant, timezone.now() - timedelta(hours=2))
    counted_at = timezone.now() - timedelta(hours=1)
    ship(variant, 2, "before")  # after the count
    reserve(variant, 3, "after")
    finish(send(write(f"{variant.sku},9"), counted_at=counted_at))
    # Nine lay there, two of them have been shipped since; three are promised.
    assert level(variant) == (7, 3)


@pytest.mark.django_db
def test_a_count_from_before_the_import_replaces_the_first_pieces(write) -> None:
    """As in a move: both files are exported, then the products are imported, then the count."""
    variant = make_variant(stock=7)
    reserve(variant, 2, "o1")
    ship(variant, 2, "o1")
    counted_at = timezone.now() - timedelta(hours=1)
    finish(send(write(f"{variant.sku},9"), counted_at=counted_at))
    assert level(variant) == (7, 0), "nine lay there, and two have left since"


@pytest.mark.django_db(transaction=True)
def test_an_earlier_feed_is_not_a_movement_since(write) -> None:
    variant = make_variant(stock=10)
    age_movements(variant, timezone.now() - timedelta(days=1))
    later = timezone.now() - timedelta(minutes=10)
    finish(
        send(
            write(f"{variant.sku},4"),
            sequence=1,
            counted_at=later - timedelta(minutes=10),
        )
    )
    finish(send(write(f"{variant.sku},6"), sequence=2, counted_at=later))
    assert level(variant) == (6, 0)


@pytest.mark.django_db
def test_never_falls_below_what_is_promised(write) -> None:
    variant = make_variant(stock=10)
    reserve(variant, 4, "order")
    age_movements(variant, timezone.now() - timedelta(days=1))
    feed = finish(send(write(f"{variant.sku},1")))
    assert level(variant) == (4, 4)
    row = FeedRow.objects.get(feed=feed)
    assert (row.result, row.reason) == (
        "conflict",
        "3 pieces fewer than the 4 that are promised to orders.",
    )
    assert (feed.applied, feed.unchanged) == (1, 0)


@pytest.mark.django_db
def test_an_older_count_changes_nothing(write) -> None:
    variant = make_variant(stock=10)
    age_movements(variant, NOW)
    finish(
        send(
            write(f"{variant.sku},7"),
            sequence=5,
            counted_at=NOW + timedelta(days=2),
        )
    )
    late = send(
        write(f"{variant.sku},3"), sequence=4, counted_at=NOW + timedelta(days=1)
    )
    assert late.state == FeedState.SUPERSEDED
    assert not staging.apply_chunk(feed_id=late.pk)
    other = finish(
        send(
            write(f"{variant.sku},2"),
            source="shop",
            counted_at=NOW + timedelta(days=1),
        )
    )
    assert (other.applied, other.unchanged) == (0, 1)
    assert level(variant) == (7, 0)


@pytest.mark.django_db
def test_the_same_delivery_twice_is_one(write) -> None:
    variant = make_variant(stock=1)
    path = write(f"{variant.sku},4")
    when = timezone.now()
    first, new = staging.stage_feed(
        path=path, source="wms", sequence=1, counted_at=when
    )
    again, new_again = staging.stage_feed(
        path=path, source="wms", sequence=2, counted_at=when
    )
    assert (first.pk, new, new_again) == (again.pk, True, False)
    with pytest.raises(errors.FeedSequenceTaken):
        staging.stage_feed(
            path=write(f"{variant.sku},5"),
            source="wms",
            sequence=1,
            counted_at=when,
        )
    assert OutboxEvent.objects.filter(event="feed.staged").count() == 1
    finish(first)
    assert level(variant) == (4, 0)


@pytest.mark.django_db
def test_the_same_count_a_day_later_is_another_one(write) -> None:
    variant = make_variant(stock=10)
    path = write(f"{variant.sku},5")
    age_movements(variant, NOW)
    finish(send(path, sequence=1, counted_at=NOW + timedelta(hours=1)))
    reserve(variant, 2, "x")
    ship(variant, 2, "x")
    assert level(variant) == (3, 0)
    finish(send(path, sequence=2, counted_at=timezone.now() + timedelta(minutes=1)))
    assert level(variant) == (5, 0), "somebody has restocked it"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("NOPE,1", "sku: There is no such SKU."),
        ("GOOD-0,-1", "quantity: This must be from 0 to 1000000."),
        ("GOOD-0,1.5", "quantity: This must be a whole number."),
        ("GOOD-0,", "quantity: This must be a whole number."),
        ("GOOD-0,1000001", "quantity: This must be from 0 to 1000000."),
        ("GOOD-0,٣", "quantity: This must be a whole number."),
        (",1", "sku: This has the wrong form."),
        ("GOOD-0", "This line has 1 fields, the header 2."),
        ("GOOD-0,1,2", "This line has 3 fields, the header 2."),
        ("'; DROP TABLE,1", "sku: This has the wrong form."),
    ],
)
def test_a_bad_row_is_rejected_and_the_others_go(
    write, line: str, reason: str
) -> None:
    product = make_product()
    good = [
        make_variant(product=product, sku=f"GOOD-{n}", size=str(n), stock=1)
        for n in range(1, 10)
    ]
    make_variant(product=product, sku="GOOD-0", size="0", stock=1)
    feed = finish(send(write(*(f"{variant.sku},3" for variant in good), line)))
    bad = FeedRow.objects.get(feed=feed, line=11)
    assert (bad.result, bad.reason) == ("rejected", reason)
    assert (feed.state, feed.applied, feed.rejected) == (FeedState.APPLIED, 9, 1)
    assert level(good[0]) == (3, 0)
    assert level(Variant.objects.get(sku="GOOD-0")) == (1, 0)


@pytest.mark.django_db
def test_a_sku_twice_rejects_all_its_rows(write) -> None:
    product = make_product()
    variants = [
        make_variant(product=product, size=str(n), stock=1) for n in range(12)
    ]
    lines = [f"{variant.sku},2" for variant in variants]
    feed = finish(send(write(*lines, f"{variants[0].sku},9")))
    assert (feed.applied, feed.rejected) == (11, 2)
    assert level(variants[0]) == (1, 0)


@pytest.mark.django_db
def test_many_rejected_rows_hold_it(write, staff_client) -> None:
    variants = [make_variant(stock=1) for _ in range(3)]
    feed = send(write(*(f"{variant.sku},2" for variant in variants), "NOPE,1"))
    assert (feed.state, feed.held_reason) == (
        FeedState.HELD,
        "1 of 4 rows are rejected, more than 20 %.",
    )
    assert not staging.apply_chunk(feed_id=feed.pk)
    assert not OutboxEvent.objects.filter(event="feed.staged").exists()
    assert level(variants[0]) == (1, 0)
    assert (
        staff_client.post(f"/api/staff/feeds/{feed.pk}/release").json()["state"]
        == "staged"
    )
    finish(feed)
    assert level(variants[0]) == (2, 0)
    assert (
        staff_client.post(f"/api/staff/feeds/{feed.pk}/discard").json()["code"]
        == "feed_not_held"
    )


@pytest.mark.django_db
def test_a_feed_that_empties_the_shop_is_held(write, staff_client) -> None:
    variants = [make_variant(stock=3) for _ in range(3)]
    feed = send(
        write(
            f"{variants[0].sku},0", f"{variants[1].sku},3", f"{variants[2].sku},3"
        )
    )
    assert feed.held_reason == "1 of 3 SKUs would sell out, more than 30 %."
    assert (
        staff_client.post(f"/api/staff/feeds/{feed.pk}/discard").json()["state"]
        == "discarded"
    )
    assert not staging.apply_chunk(feed_id=feed.pk)
    assert level(variants[0]) == (3, 0)


@pytest.mark.django_db
def test_a_full_feed_zeroes_what_it_leaves_out(write) -> None:
    variants = [make_variant(stock=3) for _ in range(5)]
    empty = make_variant(stock=0)
    feed = finish(
        send(
            write(*(f"{variant.sku},4" for variant in variants[1:])),
            mode=FeedMode.FULL,
        )
    )
    assert (feed.total, feed.applied) == (5, 5)
    assert level(variants[0]) == (0, 0)
    assert not FeedRow.objects.filter(feed=feed, variant=empty).exists()


@pytest.mark.django_db
def test_a_full_feed_leaves_alone_what_it_names_wrongly(write) -> None:
    variants = [make_variant(stock=3) for _ in range(6)]
    feed = finish(
        send(
            write(*(f"{v.sku},4" for v in variants[1:]), f"{variants[0].sku},many"),
            mode=FeedMode.FULL,
        )
    )
    assert (feed.applied, feed.rejected) == (5, 1)
    assert level(variants[0]) == (3, 0)


@pytest.mark.django_db
def test_changes_count_once_whichever_feed_they_come_in(write) -> None:
    variant = make_variant(stock=10)
    header = "id,sku,quantity"
    first = write(f"a1,{variant.sku},5", f"a2,{variant.sku},-2", header=header)
    finish(send(first, mode=FeedMode.DELTA, sequence=2))
    assert level(variant) == (13, 0)
    second = write(
        f"a2,{variant.sku},-2",
        f"a3,{variant.sku},1",
        header=header,
        name="second.csv",
    )
    feed = finish(
        send(second, mode=FeedMode.DELTA, sequence=1)
    )  # late, but a change is a change
    assert (feed.applied, feed.unchanged) == (1, 1)
    assert level(variant) == (14, 0)


@pytest.mark.django_db
def test_a_change_that_a_count_has_seen_is_not_made_again(write) -> None:
    variant = make_variant(stock=10)
    age_movements(variant, NOW)
    finish(send(write(f"{variant.sku},12"), counted_at=NOW + timedelta(hours=2)))
    change = write(f"a1,{variant.sku},2", header="id,sku,quantity", name="d.csv")
    feed = finish(
        send(
            change,
            mode=FeedMode.DELTA,
            sequence=2,
            counted_at=NOW + timedelta(hours=1),
        )
    )
    assert (feed.unchanged, level(variant)) == (1, (12, 0))


@pytest.mark.django_db
def test_a_dry_run_reports_and_changes_nothing(write) -> None:
    variant = make_variant(stock=1)
    path, when = write(f"{variant.sku},9"), timezone.now()
    feed = send(path, dry_run=True, counted_at=when)
    assert (feed.state, feed.total) == (FeedState.REPORTED, 1)
    assert not staging.apply_chunk(feed_id=feed.pk)
    assert level(variant) == (1, 0)
    assert send(path, counted_at=when).state == FeedState.STAGED, (
        "the real one is not the dry run's repetition"
    )


@pytest.mark.django_db
def test_reads_json_lines(write) -> None:
    one, two = make_variant(stock=1), make_variant(stock=1)
    rows = [
        json.dumps({"sku": one.sku, "quantity": 4}),
        "",
        json.dumps({"sku": two.sku, "quantity": 2.0}),
    ]
    feed = finish(send(write(*rows, header="", name="feed.jsonl")))
    assert (feed.applied, level(one), level(two)) == (2, (4, 0), (2, 0))


@pytest.mark.django_db
def test_json_lines_say_what_is_wrong(write) -> None:
    variant = make_variant(stock=1)
    bad = [
        '{"sku": 5, "quantity": 1}',
        '{"sku": "A", "quantity": "1"}',
        '{"sku": "A", "quantity": true}',
        "{broken",
        '{"sku": "A", "quantity": 1, "extra": 1}',
        '{"sku": "A"}',
    ]
    feed = send(
        write(
            json.dumps({"sku": variant.sku, "quantity": 4}),
            *bad,
            header="",
            name="feed.jsonl",
        )
    )
    reasons = dict(
        FeedRow.objects.filter(feed=feed, result="rejected").values_list(
            "line", "reason"
        )
    )
    assert set(reasons) == {2, 3, 4, 5, 6, 7}
    assert reasons[2] == "sku: This must be a string."
    assert reasons[3] == "quantity: This must be a whole number."
    assert reasons[6] == "extra: There is no such field here."
    assert reasons[7] == "quantity: This is required."


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no header"),
        (b"sku\nA\n", "the column quantity is missing"),
        (b"sku,quantity\nA,1\n\xff\xfe,2\n", "line 3: this is not UTF-8"),
        (b'sku,quantity\nA,"1\n', "not CSV"),
        (b"\x00\x01", "missing"),
    ],
)
def test_refuses_what_is_no_feed(tmp_path, content: bytes, says: str) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    with pytest.raises(errors.FeedUnreadable, match=says):
        send(path)
    assert not Feed.objects.exists()


@pytest.mark.django_db
def test_refuses_a_count_from_the_future(write) -> None:
    with pytest.raises(errors.FeedUnreadable, match="future"):
        send(write("A,1"), counted_at=timezone.now() + timedelta(minutes=6))


@pytest.mark.django_db
def test_goes_on_behind_its_cursor(write, monkeypatch) -> None:
    monkeypatch.setattr(staging, "CHUNK", 2)
    variants = [make_variant(stock=1) for _ in range(5)]
    feed = send(write(*(f"{variant.sku},3" for variant in variants)))
    assert staging.apply_chunk(feed_id=feed.pk)
    feed.refresh_from_db()
    assert (feed.state, feed.applied) == (FeedState.APPLYING, 2)
    assert not staging.apply_feed(feed_id=feed.pk, budget_s=0)
    feed = finish(feed)
    assert (feed.state, feed.applied) == (FeedState.APPLIED, 5)
    assert {level(variant) for variant in variants} == {(3, 0)}
    assert not staging.apply_chunk(feed_id=feed.pk)
    assert StockMovement.objects.filter(kind="feed").count() == 5


@pytest.mark.django_db
def test_a_failed_chunk_leaves_nothing_half_done(write, monkeypatch) -> None:
    variants = [make_variant(stock=1) for _ in range(3)]
    feed = send(write(*(f"{variant.sku},3" for variant in variants)))

    def broken(*_: object) -> None:
        raise OSError("the cable")

    with monkeypatch.context() as patch:
        patch.setattr(staging, "_record_outcomes", broken)
        with pytest.raises(OSError, match="cable"):
            staging.apply_chunk(feed_id=feed.pk)
    assert level(variants[0]) == (1, 0)
    finish(feed)
    assert level(variants[0]) == (3, 0)


@pytest.mark.django_db(transaction=True)
def test_the_worker_applies_it(write) -> None:
    variant = make_variant(stock=0)
    BackInStockRequest.objects.create(variant=variant, email="waiting@example.com")
    feed = send(write(f"{variant.sku},2"))
    assert {outcome for _task, outcome in drain()} == {"done"}
    feed.refresh_from_db()
    assert (feed.state, level(variant)) == (FeedState.APPLIED, (2, 0))
    assert [message.to for message in mail.outbox] == [["waiting@example.com"]]
    assert drain() == []
    assert len(mail.outbox) == 1
