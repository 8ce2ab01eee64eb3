"""Collects rows by table, then copies them into the database."""

from accounts import published_tables as accounts
from analytics import published_tables as analytics
from markrin.db import copy
from markrin.outbox import published_tables as outbox
from orders import published_tables as orders
from products import published_tables as products

Row = tuple[object, ...]

# Each app says which columns of its tables a load may fill, and in which order.
COLUMNS = {
    table: columns.split()
    for app in (accounts, products, orders, analytics, outbox)
    for table, columns in app.LOADABLE.items()
}
_BATCH = 20_000  # rows held before they are copied
# A product comes with its ratings, so its reviews must not find it there to be counted
# again; its variants and their stock must, or it stays without their colours and sizes.
_ORDERED = (
    "products_review",
    "products_product",
    "products_variant",
    "products_stocklevel",
)


class RowWriter:
    """Takes rows table by table and copies them. Foreign keys are deferred, so the order of
    tables does not matter, but for those whose triggers write to the product: _ORDERED.

    `counts` says how many rows each table got.
    """

    def __init__(self) -> None:
        self._rows: dict[str, list[Row]] = {}
        self._held = 0
        self.counts: dict[str, int] = {}

    def add(self, table: str, row: Row) -> None:
        """Take a row whose values are in the order of COLUMNS; other columns get their
        model's default.
        """
        self._rows.setdefault(table, []).append(row)
        self._held += 1
        if self._held >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Copy what is held. Part of the caller's transaction."""
        for table in sorted(
            self._rows,
            key=lambda table: _ORDERED.index(table) if table in _ORDERED else -1,
        ):
            rows = self._rows[table]
            copy.copy_rows(table, COLUMNS[table], rows)
            self.counts[table] = self.counts.get(table, 0) + len(rows)
        self._rows.clear()
        self._held = 0
