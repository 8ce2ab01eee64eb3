"""What a process keeps of rows that rarely change, and never shows once they have changed.

A subject (the taxes, the shipping) has a version, a UUID in the table `data_version`. Triggers
on all tables of the subject write another one, in the transaction of the change. Whoever
wants to use what was kept reads the version in a statement that is sent anyway, and compares.

- A change and its version are committed at once, so the next statement of any process sees both.
- What is kept was read by one statement together with its version, so the two belong together.
- A version is drawn at random: one that was rolled back never comes again for other rows.
- Two transactions that change one subject come one after the other: the version's row is locked.
"""

from collections.abc import Hashable
from threading import Lock
from typing import Final, Generic, TypeVar
from uuid import UUID

from markrin.db.triggers import Trigger

T = TypeVar("T")
MAX_KEPT: Final = 500


def watch_table(table: str, *, subject: str) -> Trigger:
    """Return the trigger that gives the subject a new version whenever a statement changes rows
    of its table.
    """
    return Trigger(
        name=f"{table}_version",
        when="AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE",
        for_each="STATEMENT",
        body=f"""
BEGIN
    INSERT INTO data_version (subject) VALUES ('{subject}')
        ON CONFLICT (subject) DO UPDATE SET version = gen_random_uuid();
    RETURN NULL;
END""",  # noqa: S608 (our own names)
    )


def version_sql(subject: str, *, unless: str) -> str:
    """Return SQL of the subject's version; NULL, by which nothing is kept, while `unless` is
    true: the condition under which rows depend on who asks.
    """
    # constants
    return (
        f"(SELECT version FROM data_version WHERE subject = '{subject}'"  # noqa: S608 (our own text)
        f" AND NOT {unless})"
    )


class KeptByVersion(Generic[T]):
    """What this process keeps of one subject, by key: MAX_KEPT values, each with the version that
    it was read with. None is no version: nothing is found or kept under it.
    """

    def __init__(self) -> None:
        self._kept: dict[Hashable, tuple[UUID, T]] = {}
        self._lock = Lock()

    def find(self, key: Hashable, version: UUID | None) -> T | None:
        """Return what is kept for the key and still holds, or None."""
        known = self._kept.get(key)
        return known[1] if known is not None and known[0] == version else None

    def keep(self, key: Hashable, version: UUID | None, value: T) -> None:
        """Keep a value that one statement has read together with its version."""
        if version is None:
            return
        with self._lock:
            if len(self._kept) >= MAX_KEPT and key not in self._kept:
                del self._kept[next(iter(self._kept))]  # the oldest key
            self._kept[key] = (version, value)

    def clear(self) -> None:
        """Forget all of it."""
        with self._lock:
            self._kept.clear()
