"""Inventory feeds: staged whole, looked at, then applied in small transactions. See
docs/inventory-feeds.md.
"""

import hashlib
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import Max
from django.utils import timezone

from markrin.api.errors import NotFound
from markrin.db import transactions
from markrin.outbox import services as outbox
from products import errors, events
from products.csv_reader import FileRefused
from products.models import Feed, FeedRow
from products.models.feed import FeedMode, FeedRowResult, FeedState
from products.schemas.feeds import UploadedFeed
from products.services.feeds import rows
from products.services.feeds.columns import PLAIN_FEED, FeedColumns
from products.services.stock import counts

MAX_REJECTED_PERCENT: Final = 20  # percent of rows: above it a person has to look
MAX_SOLD_OUT_PERCENT: Final = 30  # percent of a feed's SKUs that would sell out
CHUNK: Final = 500  # rows a transaction
MAX_CLOCK_SKEW: Final = timedelta(minutes=5)  # that another clock may run fast


def stage_feed(
    *,
    path: Path,
    source: str,
    sequence: int,
    mode: FeedMode = FeedMode.COUNT,
    counted_at: datetime,
    dry_run: bool = False,
    columns: FeedColumns = PLAIN_FEED,
) -> tuple[Feed, bool]:
    """Take a feed in: check every row, then hold it for staff, let it be applied, or (a dry
    run) only report.

    Return the feed and whether it is new: the same delivery (content, mode and time) again
    is the first one's feed. A feed whose sequence is not above its source's last is
    superseded, but for changes, which count in any order. Locks: the source's feeds against
    each other.

    Raises:
        FeedUnreadable: it is not a feed, or its time lies ahead.
        FeedSequenceTaken: the source has sent something else under this sequence.
    """
    if counted_at > timezone.now() + MAX_CLOCK_SKEW:
        raise errors.FeedUnreadable("countedAt lies in the future.")
    try:
        return _stage_file(
            path, source, sequence, mode, counted_at, dry_run, columns
        )
    except FileRefused as exc:
        raise errors.FeedUnreadable(f"{exc}.") from exc


def stage_upload(body: UploadedFeed) -> tuple[Feed, bool]:
    """Take in a feed that was uploaded. Returns, locks and raises as `stage_feed`."""
    with tempfile.NamedTemporaryFile(prefix="feed-") as kept:
        for block in body.file.chunks():
            kept.write(block)
        kept.flush()
        return stage_feed(
            path=Path(kept.name),
            source=body.source,
            sequence=body.sequence,
            mode=body.mode,
            counted_at=body.counted_at,
            dry_run=body.dry_run,
        )


@transactions.durable(limits=False)  # a feed has as many rows as there are SKUs
def _stage_file(
    path: Path,
    source: str,
    sequence: int,
    mode: FeedMode,
    counted_at: datetime,
    dry_run: bool,
    columns: FeedColumns,
) -> tuple[Feed, bool]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"feed:{source}"],
        )
    sha256 = _hash_delivery(path, mode, counted_at)
    sent = Feed.objects.filter(source=source, dry_run=False)
    if not dry_run:
        if known := sent.filter(sha256=sha256).first():
            return known, False
        if sent.filter(sequence=sequence).exists():
            raise errors.FeedSequenceTaken
    last = sent.exclude(sequence=sequence).aggregate(last=Max("sequence"))["last"]
    feed = Feed.objects.create(
        source=source,
        sequence=sequence,
        sha256=sha256,
        mode=mode,
        counted_at=counted_at,
        dry_run=dry_run,
    )
    _insert_rows(feed, path, columns)
    _decide_state(
        feed, stale=mode != FeedMode.DELTA and last is not None and last >= sequence
    )
    feed.save()
    return feed, True


def _hash_delivery(path: Path, mode: FeedMode, counted_at: datetime) -> str:
    """Return what tells deliveries apart: a count that finds the same pieces a day later is
    another one.
    """
    digest = hashlib.sha256(f"{mode}\n{counted_at.timestamp()}\n".encode())
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as exc:
        raise FileRefused(f"{path}: {exc.strerror}") from exc
    return digest.hexdigest()


def _insert_rows(feed: Feed, path: Path, columns: FeedColumns) -> None:
    """Stream the file into a table without rules, then its rows into theirs, in the order
    they will be applied in.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE feed_stage (line int, sku text, quantity int, row_ref"
            " text, reason text)"
        )
        with cursor.copy("COPY feed_stage FROM STDIN") as copy:
            for row in rows.read_rows(path, FeedMode(feed.mode), columns):
                copy.write_row(
                    (row.line, row.sku, row.quantity, row.ref, row.reason)
                )
        cursor.execute("ANALYZE feed_stage")
        cursor.execute(
            _RESOLVE, {"feed": feed.pk, "delta": feed.mode == FeedMode.DELTA}
        )
        if feed.mode == FeedMode.FULL:
            cursor.execute(_ABSENT, {"feed": feed.pk})
        cursor.execute("DROP TABLE feed_stage")


_RESOLVE = """
    INSERT INTO products_feedrow (feed_id, line, sku, variant_id, quantity, row_ref, result, reason)
    SELECT %(feed)s, line, sku, variant_id, quantity, row_ref,
        CASE WHEN reason = '' THEN 'waiting' ELSE 'rejected' END, reason
    FROM (
        SELECT line, stage.sku, variant.id AS variant_id, quantity, row_ref, CASE
            WHEN stage.reason <> '' THEN stage.reason
            WHEN variant.id IS NULL THEN 'sku: There is no such SKU.'
            WHEN NOT %(delta)s AND count(*) OVER (PARTITION BY stage.sku) > 1
                THEN 'sku: The feed has this SKU more than once.'
            WHEN %(delta)s AND count(*) OVER (PARTITION BY row_ref) > 1 THEN
                'id: The feed has this id more than once.'
            ELSE '' END AS reason
        FROM feed_stage AS stage LEFT JOIN products_variant AS variant ON variant.sku = stage.sku
    ) AS rows
    ORDER BY reason <> '', variant_id, line"""
# A full feed says of what it leaves out that there is none. Only if the feed names the SKU
# nowhere, not even wrongly.
_ABSENT = """
    INSERT INTO products_feedrow (feed_id, line, sku, variant_id, quantity, row_ref, result, reason)
    SELECT %(feed)s, (SELECT coalesce(max(line), 0)
        FROM feed_stage) + row_number() OVER (ORDER BY variant.id),
        variant.sku, variant.id, 0, '', 'waiting', 'The full feed leaves it out.'
    FROM products_variant AS variant JOIN products_stocklevel AS level ON level.variant_id =
        variant.id
    WHERE level.on_hand > 0 AND NOT EXISTS (SELECT FROM feed_stage
        WHERE feed_stage.sku = variant.sku)
    ORDER BY variant.id"""


def _decide_state(feed: Feed, *, stale: bool) -> None:
    """Decide what happens with a feed whose rows are known."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(*), count(*) FILTER (WHERE result = 'rejected'),
                count(*) FILTER (WHERE result = 'waiting' AND on_hand > 0
                    AND CASE WHEN %s THEN on_hand ELSE 0 END + quantity <= 0)
            FROM products_feedrow AS row LEFT JOIN products_stocklevel AS level USING (variant_id)
            WHERE feed_id = %s""",
            [feed.mode == FeedMode.DELTA, feed.pk],
        )
        feed.total, feed.rejected, zero = cursor.fetchone()
    good = feed.total - feed.rejected
    if feed.rejected * 100 > feed.total * MAX_REJECTED_PERCENT:
        feed.held_reason = (
            f"{feed.rejected} of {feed.total} rows are rejected, more than"
            f" {MAX_REJECTED_PERCENT} %."
        )
    elif zero * 100 > good * MAX_SOLD_OUT_PERCENT:
        feed.held_reason = (
            f"{zero} of {good} SKUs would sell out, more than"
            f" {MAX_SOLD_OUT_PERCENT} %."
        )
    if feed.dry_run:
        _close_feed(feed, FeedState.REPORTED)
    elif stale:
        _close_feed(feed, FeedState.SUPERSEDED)
    elif feed.held_reason:
        feed.state = FeedState.HELD
    else:
        _queue_feed(feed)


def _queue_feed(feed: Feed) -> None:
    feed.state = FeedState.STAGED
    outbox.add(events.FeedStaged(feed_id=feed.pk))


def _close_feed(feed: Feed, state: FeedState) -> None:
    feed.state, feed.finished_at = state, timezone.now()


@transactions.durable
def release_feed(*, feed_id: UUID) -> None:
    """Let a held feed be applied after all. Locks: the feed.

    Raises:
        NotFound: there is no such feed.
        FeedNotHeld: it is not held.
    """
    feed = _lock_held_feed(feed_id)
    _queue_feed(feed)
    feed.save(update_fields=["state", "updated_at"])


@transactions.durable
def discard_feed(*, feed_id: UUID) -> None:
    """Close a held feed without applying it. Locks: the feed.

    Raises:
        NotFound: there is no such feed.
        FeedNotHeld: it is not held.
    """
    feed = _lock_held_feed(feed_id)
    _close_feed(feed, FeedState.DISCARDED)
    feed.save(update_fields=["state", "finished_at", "updated_at"])


def _lock_held_feed(feed_id: UUID) -> Feed:
    feed = Feed.objects.filter(pk=feed_id).select_for_update(no_key=True).first()
    if feed is None:
        raise NotFound
    if feed.state != FeedState.HELD:
        raise errors.FeedNotHeld
    return feed


def apply_feed(*, feed_id: UUID, budget_s: float) -> bool:
    """Apply the feed, CHUNK rows a transaction, until it is done or the time is up; return
    whether it is done.

    It goes on behind its cursor, so it may be killed, run again, or run twice at once:
    every row counts once."""
    until = time.monotonic() + budget_s
    while apply_chunk(feed_id=feed_id):
        if time.monotonic() >= until:
            return False
    return True


@transactions.durable
def apply_chunk(*, feed_id: UUID) -> bool:
    """Apply the feed's next rows; return whether there may be more. Locks: the feed, then
    as `movements.move_stock`.

    Raises:
        NotFound: there is no such feed.
    """
    feed = Feed.objects.filter(pk=feed_id).select_for_update(no_key=True).first()
    if feed is None:
        raise NotFound
    if feed.state not in (FeedState.STAGED, FeedState.APPLYING):
        return False
    waiting = FeedRow.objects.filter(
        feed=feed, pk__gt=feed.cursor, result=FeedRowResult.WAITING
    ).order_by("pk")
    rows = list(
        waiting.values_list("pk", "variant_id", "quantity", "row_ref")[:CHUNK]
    )
    feed.state = FeedState.APPLYING
    if not rows:
        _close_feed(feed, FeedState.APPLIED)
        feed.save()
        return False
    feed.cursor = rows[-1][0]
    said = counts.build_feed_lines(rows, feed_id=feed.pk, source=feed.source)
    if feed.mode == FeedMode.DELTA:
        done = counts.apply_changes(said, changed_at=feed.counted_at)
    else:
        done = counts.apply_counts(said, counted_at=feed.counted_at)
    _record_outcomes(feed, done)
    return True


def _record_outcomes(feed: Feed, done: dict[int, counts.RowOutcome]) -> None:
    results = [each.result for each in done.values()]
    feed.applied += results.count(FeedRowResult.APPLIED) + results.count(
        FeedRowResult.CONFLICT
    )
    feed.unchanged += results.count(FeedRowResult.UNCHANGED)
    feed.rejected += results.count(FeedRowResult.REJECTED)
    feed.save()
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE products_feedrow AS row SET result = done.result,
                reason = CASE WHEN done.reason = '' THEN row.reason ELSE done.reason END
            FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS done (id, result, reason)
                WHERE row.id = done.id""",
            [
                list(done),
                [result.value for result in results],
                [each.reason for each in done.values()],
            ],
        )
