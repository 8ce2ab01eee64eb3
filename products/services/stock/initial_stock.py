"""The first pieces of variants that an import has just made: levels and ledger in two COPYs."""

from collections.abc import Mapping
from uuid import UUID

from markrin.db import copy
from products.models.stock import MovementKind
from products.services.stock.movements import FirstStock


def insert_initial_stock(first: Mapping[UUID, FirstStock]) -> None:
    """Give variants that the caller's transaction has inserted their level and first
    movement, by variant.

    What `stock.set_initial` does, for thousands at a time: nobody else sees these variants
    yet, so there is nothing to lock, nobody to tell, and no level that could have moved.
    The caller sets `Product.in_stock`. Locks: none."""
    copy.copy_rows(
        "products_stocklevel",
        ("variant_id", "on_hand", "reserved", "inventory_policy"),
        ((pk, each.pieces, 0, each.policy.value) for pk, each in first.items()),
    )
    copy.copy_rows(
        "products_stockmovement",
        ("variant_id", "kind", "d_on_hand", "d_reserved", "ref"),
        (
            (pk, MovementKind.INITIAL.value, each.pieces, 0, f"initial:{pk}")
            for pk, each in first.items()
        ),
    )
