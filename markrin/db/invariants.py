"""One rule of the data, as a query for what breaks it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

BATCH = 5_000
LOWEST_KEYS = {  # below every key of the type
    "uuid": "00000000-0000-0000-0000-000000000000",
    "bigint": -(2**63),
    "integer": -(2**31),
    "character varying": "",
    "text": "",
    "date": "-infinity",
    "timestamp with time zone": "-infinity",
}


@dataclass(frozen=True)
class Breach:
    """A row that breaks a rule."""

    rule: str
    table: str
    key: str
    what: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.table} {self.key}: {self.what}"


@dataclass(frozen=True, kw_only=True)
class Invariant:
    """A rule about the rows of a table.

    `query` selects the key and what is wrong, of the rows whose key is above `%(after)s`
    and up to `%(upto)s`; the batches walk `key` of `table`. `repair`, for what is derived
    only, is a statement that makes the rows with `%(keys)s` (an array) right again;
    `{table}` and `{key}` may stand in both."""

    rule: str
    table: str
    query: str
    key: str = "id"
    repair: str = ""
    # what the repair takes first, so that no writer is between its reading and its writing
    lock: str = ""

    def find_breaches(
        self, on_rows: Callable[[int], None] = lambda count: None
    ) -> Iterator[Breach]:
        """Yield what breaks the rule, a read-only statement a batch; tell how many rows
        were walked as it goes.
        """
        after: Any = LOWEST_KEYS[self._key_type()]
        while (upto := self._end_of_batch(after)) is not None:
            for key, what in self.find_in_batch(after, upto[0]):
                yield Breach(self.rule, self.table, str(key), what)
            on_rows(upto[1])
            after = upto[0]

    def find_in_batch(self, after: Any, upto: Any) -> Sequence[tuple[Any, str]]:
        """Return the keys of one batch whose rows break the rule, and what is wrong."""
        with open_read_only() as cursor:
            cursor.execute(self._filled(self.query), {"after": after, "upto": upto})
            return list(cursor.fetchall())

    def repair_rows(self, keys: list[str]) -> int:
        """Make these rows right again, in one transaction; return how many were written."""
        with transaction.atomic(), connection.cursor() as cursor:
            if self.lock:
                cursor.execute(self._filled(self.lock), {"keys": keys})
            cursor.execute(self._filled(self.repair), {"keys": keys})
            return int(cursor.rowcount)

    def _filled(self, sql: str) -> str:
        return sql.replace("{table}", self.table).replace("{key}", self.key)

    def _end_of_batch(self, after: Any) -> tuple[Any, int] | None:
        """Return the last key of the next batch and how many rows it has, or None after the
        last one.
        """
        with open_read_only() as cursor:
            cursor.execute(
                f"""SELECT {self.key}, count(*) OVER () FROM
                (SELECT {self.key} FROM {self.table} WHERE {self.key} > %s ORDER BY {self.key}
                    LIMIT {BATCH}) AS batch
                ORDER BY {self.key} DESC LIMIT 1""",  # noqa: S608 (our own text)
                [after],
            )
            row = cursor.fetchone()
            return None if row is None else (row[0], row[1])

    def _key_type(self) -> str:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT format_type(atttypid, NULL) FROM pg_attribute"
                " WHERE attrelid = %s::regclass AND attname = %s",
                [self.table, self.key],
            )
            row = cursor.fetchone()
            if row is None:
                raise LookupError(f"there is no column {self.table}.{self.key}")
            return str(row[0])


@contextmanager
def open_read_only() -> Iterator[Any]:
    """Open a read-only transaction, all of one moment, and give a cursor; within another
    transaction, as in tests, just the cursor.
    """
    outermost = not connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        if outermost:
            cursor.execute(
                "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
            )
        yield cursor
