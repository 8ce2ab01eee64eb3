"""Collects rows by table, and copies them into the database while the next ones are made."""

from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

from django.db import DEFAULT_DB_ALIAS, connections

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
# Batches, of about 15 MB each, that wait for the database before the caller does.
_WAITING = 12
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

    A thread copies, on the caller's own connection, so the caller asks the database for nothing
    between `add` or `run_after` and `flush`. Leaving the context ends the thread; what it has not
    begun is left out. `counts` says how many rows each table got.
    """

    def __init__(self) -> None:
        self._rows: dict[str, list[Row]] = {}
        self._held = 0
        self._thread = ThreadPoolExecutor(1, "copy")
        self._jobs: deque[Future[object]] = deque()
        self._into: Mapping[str, str] = {}
        self.counts: dict[str, int] = {}

    def __enter__(self) -> "RowWriter":
        ours = connections[DEFAULT_DB_ALIAS]
        ours.inc_thread_sharing()
        self._thread.submit(
            connections.__setitem__, DEFAULT_DB_ALIAS, ours
        ).result()
        return self

    def __exit__(self, *exc: object) -> None:
        self._thread.shutdown(cancel_futures=True)
        connections[DEFAULT_DB_ALIAS].dec_thread_sharing()

    def add(self, table: str, row: Row) -> None:
        """Take a row whose values are in the order of COLUMNS; other columns get their
        model's default.
        """
        self._rows.setdefault(table, []).append(row)
        self._held += 1
        if self._held >= _BATCH:
            self._hand_over()

    def run_after(self, work: Callable[[], object]) -> None:
        """Have this done on the connection after all that was added, while the caller goes on."""
        self._hand_over()
        self._jobs.append(self._thread.submit(work))

    def flush(self) -> None:
        """Copy what is held, and return when all is done. Part of the caller's transaction.

        Raises: whatever the database refused.
        """
        self._hand_over()
        self._wait_for_jobs(until=0)

    def redirect(self, into: Mapping[str, str]) -> None:
        """Have rows of these tables that are added from here on copied into others, which `counts`
        leaves out. Those have the same columns."""
        self._hand_over()
        self._into = into

    def _hand_over(self) -> None:
        self._wait_for_jobs(until=_WAITING)
        self._jobs.append(
            self._thread.submit(self._copy_batch, self._rows, self._into)
        )
        self._rows, self._held = {}, 0

    def _wait_for_jobs(self, *, until: int) -> None:
        """Wait until no more jobs than these are left. Raises: whatever one of them did first."""
        while self._jobs and (len(self._jobs) > until or self._jobs[0].done()):
            self._jobs.popleft().result()

    def _copy_batch(
        self, held: Mapping[str, list[Row]], redirected: Mapping[str, str]
    ) -> None:
        for table in sorted(
            held,
            key=lambda table: _ORDERED.index(table) if table in _ORDERED else -1,
        ):
            into = redirected.get(table, table)
            copy.copy_rows(table, COLUMNS[table], held[table], into=into)
            if into != table:
                continue
            self.counts[table] = self.counts.get(table, 0) + len(held[table])
