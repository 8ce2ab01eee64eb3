"""The only writer of stock: every piece that comes, goes or is promised is a movement in
the ledger.

Lock order: whatever the caller has locked already (idempotency key, cart, order), then
levels in variant order, then, when a product sells out or comes back, its row in product
order. Nothing else is locked while stock is."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import orjson
from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from psycopg.types.json import Jsonb

from markrin.cache.tags import invalidate
from markrin.db.sql import Query, Row, fetch_prepared, fetch_together
from markrin.outbox import services as outbox
from markrin.outbox.services import Event
from products import errors, events
from products.models import Product, StockLevel, StockMovement, Variant
from products.models.stock import InventoryPolicy, MovementKind


@dataclass(frozen=True)
class StockMove:
    """One entry for the ledger, in pieces. `ref` names the effect: what has been done under
    it is not done again.
    """

    variant_id: UUID
    kind: MovementKind
    ref: str
    d_on_hand: int = 0
    d_reserved: int = 0
    actor_id: UUID | None = None
    note: str = ""


def reserve_stock(
    pieces: Mapping[UUID, tuple[UUID, int]],
    *,
    with_events: Sequence[Event] = (),
    after: Query[object] | None = None,
) -> None:
    """Promise pieces to an order's lines: `{line id: (variant id, quantity)}`. Locks and
    raises as `move_stock`, which writes the events and what must stand before them, too.
    """
    move_stock(
        [
            StockMove(
                variant, MovementKind.RESERVE, f"reserve:{line}", d_reserved=n
            )
            for line, (variant, n) in pieces.items()
        ],
        with_events=with_events,
        after=after,
    )


def release_stock(pieces: Mapping[str, tuple[UUID, int]]) -> None:
    """Give back pieces that were promised and will not be sent: `{the release's own name:
    (variant id, quantity)}`. Locks as `move_stock`.
    """
    move_stock(
        [
            StockMove(
                variant, MovementKind.RELEASE, f"release:{line}", d_reserved=-n
            )
            for line, (variant, n) in pieces.items()
        ]
    )


def ship_stock(
    pieces: Mapping[UUID, tuple[UUID, int]], *, actor_id: UUID | None = None
) -> None:
    """Take reserved pieces from the shelf. Locks and raises as `move_stock`."""
    move_stock(
        [
            StockMove(
                variant,
                MovementKind.SHIP,
                f"ship:{line}",
                d_on_hand=-n,
                d_reserved=-n,
                actor_id=actor_id,
            )
            for line, (variant, n) in pieces.items()
        ]
    )


def return_stock(
    pieces: Mapping[str, tuple[UUID, int]], *, actor_id: UUID | None = None
) -> None:
    """Put returned pieces on the shelf: `{the return's own name: (variant id, quantity)}`.
    Locks as `move_stock`.
    """
    move_stock(
        [
            StockMove(
                variant,
                MovementKind.RETURN,
                f"return:{name}",
                d_on_hand=n,
                actor_id=actor_id,
            )
            for name, (variant, n) in pieces.items()
        ]
    )


def record_adjustment(
    *, variant_id: UUID, delta: int, ref: str, actor_id: UUID | None, note: str
) -> None:
    """Correct a variant's pieces on hand by `delta`, as staff counted. Locks and raises as
    `move_stock`.
    """
    move_stock(
        [
            StockMove(
                variant_id,
                MovementKind.ADJUST,
                f"adjust:{ref}",
                d_on_hand=delta,
                actor_id=actor_id,
                note=note,
            )
        ]
    )


@dataclass(frozen=True)
class FirstStock:
    """What a new variant begins with. An untracked one has no pieces."""

    pieces: int = 0
    policy: InventoryPolicy = InventoryPolicy.DENY


def set_initial_stock(
    first: Mapping[UUID, FirstStock], *, actor_id: UUID | None = None
) -> None:
    """Give new variants their level and their first pieces, by variant. Locks as `move_stock`."""
    StockLevel.objects.bulk_create(
        [
            StockLevel(variant_id=variant, inventory_policy=each.policy)
            for variant, each in first.items()
        ],
        ignore_conflicts=True,
    )
    move_stock(
        [
            StockMove(
                variant,
                MovementKind.INITIAL,
                f"initial:{variant}",
                d_on_hand=each.pieces,
                actor_id=actor_id,
            )
            for variant, each in first.items()
        ]
    )
    if sold_anyway := [
        variant
        for variant, each in first.items()
        if each.policy != InventoryPolicy.DENY
    ]:
        of = Variant.objects.filter(pk__in=sold_anyway)
        refresh_in_stock(of.values_list("product_id", flat=True))


def lock_levels(variant_ids: Iterable[UUID]) -> dict[UUID, StockLevel]:
    """Return the levels by variant, with their variants, locked until the transaction ends,
    in variant order.
    """
    rows = StockLevel.objects.filter(pk__in=set(variant_ids)).select_related(
        "variant"
    )
    return {level.pk: level for level in rows.locked()}


@dataclass(frozen=True)
class _Level:
    """A level that is locked, with what a refusal or a cached answer names it by."""

    variant_id: UUID
    product_id: UUID
    sku: str
    on_hand: int
    reserved: int
    sellable: int
    inventory_policy: InventoryPolicy


# Of its own and not a model's, as every sale waits for it. The casts keep a column's type when a
# migration widens it, as a prepared statement needs.
_LOCK_LEVELS: Final = """
    SELECT level.variant_id, variant.product_id, variant.sku::text, level.on_hand::bigint,
        level.reserved::bigint, level.sellable::bigint, level.inventory_policy::text
    FROM products_stocklevel AS level JOIN products_variant AS variant
        ON variant.id = level.variant_id
    WHERE level.variant_id = ANY ((SELECT %s::uuid[])::uuid[])
    ORDER BY level.variant_id FOR NO KEY UPDATE OF level
"""


def _read_levels(rows: Iterable[Row]) -> dict[UUID, _Level]:
    return {row["variant_id"]: _Level(**row) for row in rows}


def move_stock(
    moves: Sequence[StockMove],
    *,
    with_events: Sequence[Event] = (),
    after: Query[object] | None = None,
) -> None:
    """Enter the moves into the ledger and change the levels by them: all of them or, on a
    refusal, none.

    A step inside the caller's transaction, and its last, so that the rows which every
    checkout wants are held for the shortest time. A move whose `ref` is in the ledger
    already is left out; so is what orders do to a variant whose stock is not counted.
    Answers that show the stock are dropped from the cache on commit, and `stock.changed`
    follows by the outbox, in one statement `with_events` of the caller. Three statements,
    the first two of them sent at once, `after` one of the caller's where it is given; and three
    more when a product sells out or comes back.

    Locks: the levels, in variant order; then the products whose `in_stock` flips.

    Raises:
        OutOfStock: fewer pieces can be sold than are to be reserved; `lines` says how many are.
        StockTooLow: a correction would leave fewer pieces than are promised to orders.
        PiecesNotThere: pieces are to leave that are not counted in.
        StockUntracked: a correction is of a variant whose stock is not counted.
        LookupError: a variant has no stock level.
        TransactionManagementError: there is no transaction.
    """
    if not moves:
        if after is not None:
            after.fetch()
        return
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            "movements.move_stock needs the transaction of what moves the stock"
        )
    ids = sorted({each.variant_id for each in moves})
    jobs = outbox.query_add(
        *with_events, events.StockChanged(variant_ids=tuple(ids))
    )
    lock = Query(_LOCK_LEVELS, [ids], _read_levels)
    if after is None:
        _, levels = fetch_together(jobs, lock)
    else:
        _, _, levels = fetch_together(after, jobs, lock)
    if missing := set(ids) - levels.keys():
        raise LookupError(
            f"no stock level for the variants {sorted(map(str, missing))}"
        )
    moves = _leave_out_uncounted(levels, moves)
    if not moves:
        return
    if _find_short(levels, _sum_moves(moves)):
        done = set(
            StockMovement.objects.filter(
                ref__in=[each.ref for each in moves]
            ).values_list("ref", flat=True)
        )
        moves = [each for each in moves if each.ref not in done]
        if short := _find_short(levels, _sum_moves(moves)):
            _raise_refusal(levels, moves, short)
    new = _enter_moves(moves)
    sums = _sum_moves([each for each in moves if each.ref in new])
    invalidate(
        *{f"product:{levels[variant_id].product_id}" for variant_id in sums},
        durably=False,
    )
    if flipped := [
        v
        for v, (on_hand, reserved) in sums.items()
        if _flips_in_stock(levels[v], on_hand, reserved)
    ]:
        refresh_in_stock({levels[v].product_id for v in flipped})


_OF_ORDERS: Final = frozenset(
    {
        MovementKind.RESERVE,
        MovementKind.RELEASE,
        MovementKind.SHIP,
        MovementKind.RETURN,
    }
)


def _leave_out_uncounted(
    levels: Mapping[UUID, _Level], moves: Sequence[StockMove]
) -> list[StockMove]:
    counted, refused = list[StockMove](), set[UUID]()
    for each in moves:
        level = levels[each.variant_id]
        if level.inventory_policy != InventoryPolicy.UNTRACKED:
            counted.append(each)
        elif each.kind not in _OF_ORDERS and each.d_on_hand:
            refused.add(each.variant_id)
    if refused:
        raise errors.StockUntracked(
            lines=[{"variantId": v, "sku": levels[v].sku} for v in sorted(refused)]
        )
    return counted


def _sum_moves(moves: Iterable[StockMove]) -> dict[UUID, tuple[int, int]]:
    sums: dict[UUID, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for each in moves:
        on_hand, reserved = sums[each.variant_id]
        sums[each.variant_id] = (
            on_hand + each.d_on_hand,
            reserved + each.d_reserved,
        )
    return sums


def _find_short(
    levels: Mapping[UUID, _Level], sums: Mapping[UUID, tuple[int, int]]
) -> list[UUID]:
    """Return the variants that would have fewer pieces than none, or of which more would be
    promised than may be. Promises from before stay, and may be kept.
    """
    return [
        v
        for v, (on_hand, reserved) in sums.items()
        if levels[v].on_hand + on_hand < 0
        or (on_hand < reserved and levels[v].sellable + on_hand - reserved < 0)
    ]


def _raise_refusal(
    levels: Mapping[UUID, _Level], moves: Sequence[StockMove], short: list[UUID]
) -> None:
    kinds = {each.kind for each in moves}
    sums = _sum_moves(moves)
    if MovementKind.SHIP in kinds:
        raise errors.PiecesNotThere(
            lines=[
                {
                    "variantId": v,
                    "sku": levels[v].sku,
                    "requested": -sums[v][0],
                    "onHand": levels[v].on_hand,
                }
                for v in short
            ]
        )
    if MovementKind.RESERVE not in kinds:
        raise errors.StockTooLow(
            lines=[
                {
                    "variantId": v,
                    "sku": levels[v].sku,
                    "reserved": levels[v].reserved,
                }
                for v in short
            ]
        )
    raise errors.OutOfStock(
        lines=[
            {
                "variantId": v,
                "sku": levels[v].sku,
                "requested": sums[v][1],
                "available": max(0, levels[v].sellable),
            }
            for v in short
        ]
    )


_ENTER: Final = """
    WITH entered AS (
        INSERT INTO products_stockmovement (variant_id, kind, d_on_hand, d_reserved, ref, actor_id,
            note)
        SELECT * FROM jsonb_to_recordset(%s::jsonb) AS new (variant_id uuid, kind text,
            d_on_hand int, d_reserved int, ref text, actor_id uuid, note text)
        ON CONFLICT (ref) DO NOTHING RETURNING variant_id, d_on_hand, d_reserved, ref
    ), changed AS (
        UPDATE products_stocklevel AS level
        SET on_hand = on_hand + change.d_on_hand, reserved = reserved + change.d_reserved,
            overpromised = least(overpromised, greatest(0,
                reserved + change.d_reserved - on_hand - change.d_on_hand))
        FROM (SELECT variant_id, sum(d_on_hand)::int AS d_on_hand,
                sum(d_reserved)::int AS d_reserved FROM entered GROUP BY variant_id) AS change
        WHERE level.variant_id = change.variant_id
    )
    SELECT ref::text FROM entered
"""


def _enter_moves(moves: Sequence[StockMove]) -> set[str]:
    """Insert the moves, leaving out those whose `ref` is taken, change the levels by them, and
    return the refs that are new. One statement.
    """
    rows = [
        {
            "variant_id": each.variant_id,
            "kind": each.kind.value,
            "d_on_hand": each.d_on_hand,
            "d_reserved": each.d_reserved,
            "ref": each.ref,
            "actor_id": each.actor_id,
            "note": each.note,
        }
        for each in moves
    ]
    return {
        row["ref"]
        for row in fetch_prepared(_ENTER, [Jsonb(rows, dumps=orjson.dumps)])
    }


def _flips_in_stock(level: _Level, d_on_hand: int, d_reserved: int) -> bool:
    return (level.sellable > 0) != (level.sellable + d_on_hand - d_reserved > 0)


def refresh_in_stock(product_ids: Iterable[UUID]) -> None:
    """Make `in_stock` of these products what their active variants' levels say, within the
    caller's transaction.

    Locks: the products, in key order, and only then reads the levels: a sale of the
    product's other variant that commits meanwhile is seen."""
    ids = set(product_ids)
    list(Product.objects.filter(pk__in=ids).only("pk").locked())
    sellable = StockLevel.objects.sellable().filter(
        variant__product=OuterRef("pk"), variant__is_active=True
    )
    truth = Exists(sellable)
    flipped = list(
        Product.objects.filter(pk__in=ids)
        .annotate(truth=truth)
        .exclude(in_stock=truth)
        .values_list("pk", "truth")
    )
    for value in (True, False):
        if changed := [pk for pk, now in flipped if now is value]:
            Product.objects.filter(pk__in=changed).update(in_stock=value)
    if flipped:
        invalidate("products", *(f"product:{pk}" for pk, _ in flipped))
