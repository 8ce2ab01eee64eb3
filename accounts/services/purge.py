"""Forget what has served its time: expired tokens, sessions long ended, the old end of the
sign-in log.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection

from markrin.db import transactions

BATCH = 5000
TOKEN_MARGIN = timedelta(
    hours=1
)  # a refresh that is under way must still find the row of its token
EVENT_KEEP = timedelta(
    days=180
)  # the trigger of auth_event refuses earlier deletion

_STEPS = {
    # The library's blacklist points at its list of tokens; the reference is checked when
    # the transaction ends.
    "tokens": (
        "WITH old AS (SELECT id FROM token_blacklist_outstandingtoken WHERE expires_at < %(before)s"
        " ORDER BY expires_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED),"
        " spent AS (DELETE FROM token_blacklist_blacklistedtoken WHERE token_id IN "
        "(SELECT id FROM old))"
        " DELETE FROM token_blacklist_outstandingtoken WHERE id IN (SELECT id FROM old)"
    ),
    "sessions": (
        "DELETE FROM auth_session WHERE id IN (SELECT id FROM auth_session WHERE "
        "revoked_at < %(before)s"
        " OR expires_at < %(before)s LIMIT %(limit)s FOR UPDATE SKIP LOCKED)"
    ),
    "mail_tokens": (
        "DELETE FROM auth_mail_token WHERE id IN (SELECT id FROM auth_mail_token WHERE "
        "expires_at < %(before)s"
        " LIMIT %(limit)s FOR UPDATE SKIP LOCKED)"
    ),
    "events": (
        "DELETE FROM auth_event WHERE id IN (SELECT id FROM auth_event WHERE at < %(before)s"
        " ORDER BY at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)"
    ),
}


def purge_expired(*, now: datetime) -> dict[str, int]:
    """Delete what is past its time, in transactions of at most BATCH rows; return how many
    rows of each kind.
    """
    ended = now - timedelta(seconds=settings.SESSION_KEEP_ENDED_S)
    before = {
        "tokens": now - TOKEN_MARGIN,
        "sessions": ended,
        "mail_tokens": now,
        "events": now - EVENT_KEEP,
    }
    return {
        kind: _delete_in_batches(statement, before[kind])
        for kind, statement in _STEPS.items()
    }


def _delete_in_batches(statement: str, before: datetime) -> int:
    deleted = 0
    while True:
        count = _delete_batch(statement, before)
        deleted += count
        if count < BATCH:
            return deleted


@transactions.durable(limits=False)  # a batch of a large table may take its time
def _delete_batch(statement: str, before: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"before": before, "limit": BATCH})
        return int(cursor.rowcount)
