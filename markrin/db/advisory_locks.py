"""A lock across processes and machines, for work that takes longer than a transaction may."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import Error, connection


@contextmanager
def advisory_lock(name: str) -> Iterator[bool]:
    """Give True to one block of this name at a time, False to the others; nobody waits.
    Ends with the process, too.

    Locks: an advisory one in an idle transaction, on a connection of its own, until the
    block ends. A session's lock would be simpler, but behind a pooler in transaction mode
    (docs/scaling.md) nobody has a session: the next statement, the unlock too, may run on
    another one. Such a transaction holds no snapshot, so vacuum goes on."""
    own = connection.copy()
    try:
        own.set_autocommit(False)
        with own.cursor() as cursor:
            cursor.execute(
                "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [name]
            )
            (locked,) = cursor.fetchone()
        yield locked
    finally:
        with suppress(Error):  # a server that is gone holds nothing
            # closing alone is not waited for: whoever comes next could find the lock held
            own.rollback()
        own.close()
