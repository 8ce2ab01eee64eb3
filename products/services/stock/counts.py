"""What a feed says of the stock, turned into movements: counts of the shelf, and changes of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from products.models import StockLevel, StockMovement
from products.models.feed import FeedRowResult
from products.models.stock import MAX_STOCK, InventoryPolicy, MovementKind
from products.services.stock import movements


@dataclass(frozen=True)
class FeedLine:
    """A feed's row: pieces counted, or the change. `ref` names its movement, so that it is
    made once.
    """

    row_id: int
    variant_id: UUID
    quantity: int
    ref: str


@dataclass(frozen=True)
class RowOutcome:
    """What became of a row, and why where that needs saying."""

    result: FeedRowResult
    reason: str = ""


APPLIED, UNCHANGED = (
    RowOutcome(FeedRowResult.APPLIED),
    RowOutcome(FeedRowResult.UNCHANGED),
)
UNTRACKED = RowOutcome(
    FeedRowResult.UNCHANGED, "The stock of this variant is not counted."
)


def apply_counts(
    rows: Sequence[FeedLine], *, counted_at: datetime
) -> dict[int, RowOutcome]:
    """Make the levels what was counted on the shelf at that moment, reserved pieces
    included; return what came of each.

    What has moved since then is added: on hand = counted + Σ d_on_hand of later movements,
    but those of feeds, and a variant's first pieces: an import writes down what lay there
    already when the feed was counted. No level falls below what is reserved, unless that may
    be promised before it is there: then the row is a conflict that states the shortfall. A
    level that was counted at that time or later stays. A step inside the caller's
    transaction, and its last.
    Locks: as `movements.move_stock`."""
    levels = movements.lock_levels(row.variant_id for row in rows)
    since = _sum_moves_since(levels, counted_at)
    done, moves, fresh = (
        dict[int, RowOutcome](),
        list[movements.StockMove](),
        list[UUID](),
    )
    for row in rows:
        level = levels.get(row.variant_id)
        if level is None:
            done[row.row_id] = RowOutcome(
                FeedRowResult.REJECTED, "The variant has no stock level."
            )
        elif level.inventory_policy == InventoryPolicy.UNTRACKED:
            done[row.row_id] = UNTRACKED
        elif level.counted_at is not None and level.counted_at >= counted_at:
            done[row.row_id] = RowOutcome(
                FeedRowResult.UNCHANGED, "It was counted later already."
            )
        else:
            delta, done[row.row_id] = _limit_change(
                level, row.quantity + since.get(row.variant_id, 0)
            )
            fresh.append(row.variant_id)
            if delta:
                moves.append(
                    movements.StockMove(
                        row.variant_id, MovementKind.FEED, row.ref, d_on_hand=delta
                    )
                )
    StockLevel.objects.filter(pk__in=fresh).update(counted_at=counted_at)
    movements.move_stock(moves)
    return done


def apply_changes(
    rows: Sequence[FeedLine], *, changed_at: datetime
) -> dict[int, RowOutcome]:
    """Change the levels by what came to the shelf or left it until that moment; return what
    came of each row.

    A change that is in the ledger already, or that a later count has seen, is left out. As
    for the floor and the locks, see `count`."""
    levels = movements.lock_levels(row.variant_id for row in rows)
    known = set(
        StockMovement.objects.filter(ref__in=[row.ref for row in rows]).values_list(
            "ref", flat=True
        )
    )
    done, moves = dict[int, RowOutcome](), list[movements.StockMove]()
    for row in rows:
        level = levels.get(row.variant_id)
        if level is None:
            done[row.row_id] = RowOutcome(
                FeedRowResult.REJECTED, "The variant has no stock level."
            )
        elif level.inventory_policy == InventoryPolicy.UNTRACKED:
            done[row.row_id] = UNTRACKED
        elif row.ref in known:
            done[row.row_id] = RowOutcome(
                FeedRowResult.UNCHANGED, "This change was made already."
            )
        elif level.counted_at is not None and level.counted_at >= changed_at:
            done[row.row_id] = RowOutcome(
                FeedRowResult.UNCHANGED, "A later count has seen it."
            )
        else:
            delta, done[row.row_id] = _limit_change(
                level, level.on_hand + row.quantity
            )
            level.on_hand += delta  # for the variant's next row; `move` writes it
            if delta:
                moves.append(
                    movements.StockMove(
                        row.variant_id, MovementKind.FEED, row.ref, d_on_hand=delta
                    )
                )
    movements.move_stock(moves)
    return done


def _limit_change(level: StockLevel, target: int) -> tuple[int, RowOutcome]:
    """Return by how many pieces the level can go there, and what that makes of the row."""
    if target > MAX_STOCK:
        return 0, RowOutcome(
            FeedRowResult.REJECTED, "More pieces than a shelf can hold."
        )
    if target < level.least_on_hand:
        short = level.least_on_hand - target
        reason = (
            f"{short} pieces fewer than the {level.least_on_hand} that are promised to"
            " orders."
        )
        return level.least_on_hand - level.on_hand, RowOutcome(
            FeedRowResult.CONFLICT, reason
        )
    return target - level.on_hand, UNCHANGED if target == level.on_hand else APPLIED


def _sum_moves_since(
    levels: Mapping[UUID, StockLevel], moment: datetime
) -> dict[UUID, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT variant_id, sum(d_on_hand) FROM products_stockmovement
            WHERE variant_id = ANY(%s) AND created_at > %s
                AND kind NOT IN ('feed', 'initial')
            GROUP BY variant_id""",
            [list(levels), moment],
        )
        return dict(cursor.fetchall())


def build_feed_lines(
    rows: Iterable[tuple[int, UUID | None, int | None, str]],
    *,
    feed_id: UUID,
    source: str,
) -> list[FeedLine]:
    """Return the rows (id, variant, quantity, own reference) with the refs of their movements.

    A change is known by its own reference at its source, in whichever feed it comes; a
    count by its feed and row."""
    return [
        FeedLine(
            row_id,
            variant_id,
            quantity,
            f"feed:{source}:{own}" if own else f"feed:{feed_id}:{row_id}",
        )
        for row_id, variant_id, quantity, own in rows
        if variant_id is not None
        and quantity is not None  # as a constraint of the table has it
    ]
