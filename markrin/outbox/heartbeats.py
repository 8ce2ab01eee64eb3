"""When beat, broker and each worker were last seen working together; and tasks that run
once in a period.
"""

from django.db import connection


def record_heartbeat(name: str) -> None:
    """Write that the part of this name is alive now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO heartbeat (name, at) VALUES (%s, now()) ON CONFLICT (name) DO UPDATE SET at = now()",
            [name],
        )


def heartbeat_age_s(name: str) -> float | None:
    """Return the seconds since the part was last seen alive; None if it never was."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT extract(epoch FROM now() - at) FROM heartbeat WHERE name = %s",
            [name],
        )
        row = cursor.fetchone()
    return None if row is None else float(row[0])


def claim_slot(name: str, *, period_s: int) -> bool:
    """Return whether the caller is the first to run this task in the present period of so
    many seconds.

    For beat tasks that must not repeat within a period, such as a mail to staff. Call it in
    the transaction of the task's effect, so that a failed run leaves the slot free. Locks:
    the name's row, until that transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO heartbeat AS h (name, slot) VALUES (%(name)s, extract(epoch FROM now())::bigint / %(period)s)"
            " ON CONFLICT (name) DO UPDATE SET at = now(), slot = excluded.slot WHERE h.slot < excluded.slot"
            " RETURNING name",
            {"name": name, "period": period_s},
        )
        return cursor.fetchone() is not None
