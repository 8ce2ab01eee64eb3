"""Pieces that were sold and have not left, and which of them are not there yet.

A variant that is sold on back order may be promised before it is there. What lies on the shelf is
for what is packed already, then for the oldest order that could be packed: what is left over
waits. Where the stock is not counted, nothing waits.
"""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from django.db.models import BooleanField, F, Sum
from django.db.models.expressions import RawSQL

from markrin.db.sql import fetch_all
from orders.models import OrderLine
from orders.models.missing_pieces import MISSING, OPEN, PACKED, SHORT_LINES

_LINES: Final = f"""
    SELECT waiting.id, {MISSING.format(order="own")} AS missing
    FROM orders_order AS own JOIN {SHORT_LINES} ON waiting.order_id = own.id
    WHERE own.id = ANY(%s) AND {OPEN} AND {MISSING.format(order="own")} > 0
        AND own.status <> 'cancelled'
"""  # noqa: S608 (our own text)
_PACKABLE: Final = f"""
    SELECT level.variant_id, level.on_hand - coalesce(sum(
        {PACKED.format(line="line")}), 0)::bigint AS pieces
    FROM products_stocklevel AS level LEFT JOIN orders_orderline AS line
        ON line.variant_id = level.variant_id AND line.quantity > line.cancelled + line.shipped
    WHERE level.variant_id = ANY(%s) AND level.inventory_policy <> 'untracked'
    GROUP BY level.variant_id, level.on_hand
"""  # noqa: S608 (our own text)


def waits_for_stock() -> RawSQL:
    """Return the condition, for a filter of orders, that some of its pieces are not there yet."""
    return RawSQL(  # noqa: S611 (our own text)
        f"""EXISTS (SELECT FROM {SHORT_LINES}
            WHERE waiting.order_id = orders_order.id AND {OPEN}
            AND {MISSING.format(order="orders_order")} > 0)""",
        [],
        output_field=BooleanField(),
    )


def list_missing_pieces(order_ids: Collection[UUID]) -> dict[UUID, int]:
    """Return how many pieces are not there yet, by line; lines that are whole are left out. One
    query.
    """
    return {
        row["id"]: row["missing"] for row in fetch_all(_LINES, [list(order_ids)])
    }


def count_packable(variant_ids: Collection[UUID]) -> dict[UUID, int]:
    """Return how many pieces lie on the shelf and in no packed parcel, by variant; what is not
    counted is left out. One query.
    """
    rows = fetch_all(_PACKABLE, [list(variant_ids)])
    return {row["variant_id"]: row["pieces"] for row in rows}


def count_waiting_pieces(*, variant_ids: Collection[UUID]) -> dict[UUID, int]:
    """Return how many pieces of these variants were sold, not cancelled, and have not left
    (settings.HOOKS). One query.
    """
    open_lines = OrderLine.objects.filter(
        variant__in=variant_ids, quantity__gt=F("cancelled") + F("shipped")
    )
    rows = open_lines.order_by().values_list("variant_id")
    waiting = rows.annotate(
        pieces=Sum(F("quantity") - F("cancelled") - F("shipped"))
    )
    return {variant_id: pieces for variant_id, pieces in waiting if variant_id}
