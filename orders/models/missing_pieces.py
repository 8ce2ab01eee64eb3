"""How many pieces of an order's line are not there yet: the SQL, for the lines of an order and for
`orders.waiting_pieces`, which says what it means.
"""

from typing import Final

from django.db.models import IntegerField
from django.db.models.expressions import RawSQL

PACKED: Final = """(SELECT coalesce(sum(piece.quantity), 0) FROM orders_fulfilmentline AS piece
    JOIN orders_fulfilment AS parcel ON parcel.id = piece.fulfilment_id
    WHERE piece.line_id = {line}.id AND parcel.status = 'packed')"""
# How many pieces of the line `waiting`, of the order `{order}`, are not there for it. Pieces that
# an order, itself included, has a better right to are those of the older ones, and what is packed.
MISSING: Final = f"""least(
    waiting.quantity - waiting.cancelled - waiting.shipped - {PACKED.format(line="waiting")},
    (SELECT sum(CASE
            WHEN (placed.created_at, placed.id) <= ({{order}}.created_at, {{order}}.id)
            THEN claim.quantity - claim.cancelled - claim.shipped
            ELSE {PACKED.format(line="claim")} END)
        FROM orders_orderline AS claim JOIN orders_order AS placed ON placed.id = claim.order_id
        WHERE claim.variant_id = waiting.variant_id
        AND claim.quantity > claim.cancelled + claim.shipped
        AND (placed.id = {{order}}.id OR placed.status IN
                ('confirmed', 'processing', 'partially_shipped')
            AND (placed.payment_method = 'cod' OR placed.payment_status IN ('paid', 'refunded')))
    ) - level.on_hand)"""  # noqa: S608 (our own text)
# Most variants have all that is promised of them, and are not looked at further.
SHORT_LINES: Final = """orders_orderline AS waiting JOIN products_stocklevel AS level
    ON level.variant_id = waiting.variant_id AND level.reserved > level.on_hand"""
OPEN: Final = "waiting.quantity > waiting.cancelled + waiting.shipped"
_OF_LINE: Final = f"""coalesce((
    SELECT greatest({MISSING.format(order="own")}, 0)
    FROM {SHORT_LINES} JOIN orders_order AS own ON own.id = waiting.order_id
    WHERE waiting.id = orders_orderline.id AND {OPEN} AND own.status <> 'cancelled'
    ), 0)"""  # noqa: S608 (our own text)


def count_missing() -> RawSQL:
    """Return, for an annotation of lines, how many pieces of the line are not there yet."""
    return RawSQL(_OF_LINE, [], output_field=IntegerField())  # noqa: S611 (our own text)
