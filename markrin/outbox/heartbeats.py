"""When beat, broker and each worker were last seen working together."""

from django.db import connection


def record_heartbeat(name: str) -> None:
    """Write that the part of this name is alive now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO heartbeat (name, at) VALUES (%s, now()) ON CONFLICT (name) DO UPDATE"
            " SET at = now()",
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
