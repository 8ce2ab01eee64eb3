"""Gives up what no job will send any more."""

from typing import Final

from django.db import connection

# A job dies where its worker was lost too often, or where the shop itself fails at each try: it
# cannot say so of its delivery. One without any job is a breach, which `verify` reports.
_GIVE_UP: Final = """
UPDATE webhook_delivery d SET state = 'failed', sending_until = NULL,
       error = left('Its job has failed for good: ' || e.error, 200)
FROM outbox_event e
WHERE d.state = 'waiting' AND e.state = 'dead' AND e.task = 'webhooks.deliver'
AND e.key = format('webhooks.deliver:%s:%s', d.id, d.turn)
"""


def give_up_unsendable() -> int:
    """Let a delivery whose job is dead be failed, as any other that was given up, so that it
    shows as such and can be sent again; return how many there were.
    """
    with connection.cursor() as cursor:
        cursor.execute(_GIVE_UP)
        return int(cursor.rowcount)
