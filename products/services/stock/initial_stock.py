"""The first pieces of variants that an import has just made: levels and ledger in two COPYs."""

from collections.abc import Mapping
from uuid import UUID

from markrin.db import copy
from products.models.stock import MovementKind


def insert_initial_stock(pieces: Mapping[UUID, int]) -> None:
    """Give variants that the caller's transaction has inserted their level and first
    movement: `{variant id: pieces}`.

    What `stock.set_initial` does, for thousands at a time: nobody else sees these variants
    yet, so there is nothing to lock, nobody to tell, and no level that could have moved.
    The caller sets `Product.in_stock`. Locks: none."""
    copy.copy_rows(
        "products_stocklevel",
        ("variant_id", "on_hand", "reserved"),
        ((pk, n, 0) for pk, n in pieces.items()),
    )
    copy.copy_rows(
        "products_stockmovement",
        ("variant_id", "kind", "d_on_hand", "d_reserved", "ref"),
        (
            (pk, MovementKind.INITIAL.value, n, 0, f"initial:{pk}")
            for pk, n in pieces.items()
        ),
    )
