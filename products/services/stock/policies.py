"""Whether a variant may be sold without stock: changed so that what is promised stays promised."""

from collections.abc import Mapping
from uuid import UUID

from django.db.models import F
from django.db.models.functions import Greatest

from markrin.cache.tags import invalidate
from markrin.db import transactions
from markrin.db.models import uuid7
from markrin.outbox import services as outbox
from products import events, hooks
from products.models import InventoryPolicy, StockLevel
from products.models.stock import MovementKind
from products.services.stock import movements
from products.services.stock.movements import StockMove


@transactions.requires_transaction
def set_policies(
    wanted: Mapping[UUID, InventoryPolicy], *, actor_id: UUID | None
) -> None:
    """Give these variants their policies, by variant; one that has it already is left alone.

    Back to `deny`, what is promised beyond the shelf stays promised, and no more is. A variant that
    is not to be counted any more has no pieces and no reservations from then on; one that is
    counted again begins with none on the shelf, and with a reservation for all that its open
    orders wait for.

    A step inside the caller's transaction. Locks: the levels in variant order, then as
    `movements.move_stock`.
    """
    levels = movements.lock_levels(wanted)
    new = {
        pk: wanted[pk]
        for pk, level in levels.items()
        if level.inventory_policy != wanted[pk]
    }
    if not new:
        return
    change_id, moves = uuid7(), list[StockMove]()
    counted_again = [
        pk for pk in new if levels[pk].inventory_policy == InventoryPolicy.UNTRACKED
    ]
    StockLevel.objects.filter(pk__in=counted_again).update(
        inventory_policy=InventoryPolicy.CONTINUE
    )
    if counted_again:
        moves += _reserve_waiting(counted_again, change_id)
    for pk, policy in new.items():
        if policy == InventoryPolicy.UNTRACKED:
            moves += _empty_level(levels[pk], change_id, actor_id)
    movements.move_stock(moves)
    for policy in InventoryPolicy:
        StockLevel.objects.filter(
            pk__in=[pk for pk, one in new.items() if one == policy]
        ).update(
            inventory_policy=policy,
            overpromised=Greatest(F("reserved") - F("on_hand"), 0)
            if policy == InventoryPolicy.DENY
            else 0,
        )
    products = {levels[pk].variant.product_id for pk in new}
    invalidate(*(f"product:{pk}" for pk in products))
    movements.refresh_in_stock(products)
    outbox.add(
        events.StockChanged(variant_ids=tuple(sorted(new)), policy_changed=True)
    )


def _reserve_waiting(variant_ids: list[UUID], change_id: UUID) -> list[StockMove]:
    """Return the moves that promise what open orders wait for; the levels are locked, so no order
    comes between.
    """
    waiting = dict[UUID, int]()
    for counts in hooks.count_waiting_pieces(variant_ids=variant_ids):
        for pk, pieces in counts.items():
            waiting[pk] = waiting.get(pk, 0) + pieces
    return [
        StockMove(
            pk, MovementKind.RESERVE, f"counted:{change_id}:{pk}", d_reserved=pieces
        )
        for pk, pieces in waiting.items()
        if pieces
    ]


def _empty_level(
    level: StockLevel, change_id: UUID, actor_id: UUID | None
) -> list[StockMove]:
    ref, pk = f"uncounted:{change_id}:{level.pk}", level.pk
    note = "not counted any more"
    moves = []
    if level.on_hand:
        moves.append(
            StockMove(
                pk,
                MovementKind.ADJUST,
                f"{ref}:on hand",
                d_on_hand=-level.on_hand,
                actor_id=actor_id,
                note=note,
            )
        )
    if level.reserved:
        moves.append(
            StockMove(
                pk,
                MovementKind.RELEASE,
                f"{ref}:reserved",
                d_reserved=-level.reserved,
                actor_id=actor_id,
                note=note,
            )
        )
    return moves
