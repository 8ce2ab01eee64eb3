"""Forgets what is old."""

from typing import Final

from django.conf import settings
from django.db import connection

_BATCH: Final = 1_000
# The rows that point to an event first: Django's cascade would load them all.
_DELETE: Final = """
WITH old AS MATERIALIZED (
        SELECT id FROM webhook_event WHERE at < now() - make_interval(days => %(days)s)
        ORDER BY at LIMIT %(limit)s),
    tries AS (
        DELETE FROM webhook_attempt t USING webhook_delivery d, old
        WHERE t.delivery_id = d.id AND d.event_id = old.id),
    deliveries AS (DELETE FROM webhook_delivery d USING old WHERE d.event_id = old.id)
DELETE FROM webhook_event e USING old WHERE e.id = old.id
"""


def delete_old_events() -> int:
    """Delete the events of more than WEBHOOK_KEEP_DAYS ago, with their deliveries, in batches,
    each a transaction; return how many.
    """
    count = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                _DELETE, {"days": settings.WEBHOOK_KEEP_DAYS, "limit": _BATCH}
            )
            deleted = int(cursor.rowcount)
            count += deleted
            if deleted < _BATCH:
                return count
