"""How the services that move stock or money run: short waits for locks, and another try
where two got entangled.
"""

import random
import time
from collections.abc import Callable
from typing import Final, TypeVar

import psycopg
from django.db import OperationalError, connection

T = TypeVar("T")
LOCK_TIMEOUT_MS: Final = 2000
STATEMENT_TIMEOUT_MS: Final = 5000
TRIES: Final = 3


def limit_waits() -> None:
    """Let the current transaction wait 2 s for a lock and 5 s for a statement; what is
    longer is answered 503.
    """
    with connection.cursor() as cursor:
        cursor.execute(LIMITS_SQL)


LIMITS_SQL: Final = (
    f"SELECT set_config('lock_timeout', '{LOCK_TIMEOUT_MS}', true),"
    f" set_config('statement_timeout', '{STATEMENT_TIMEOUT_MS}', true)"
)


def retry_deadlocks(run: Callable[[], T]) -> T:
    """Return what `run`, a whole transaction, returns; a deadlock or serialization failure
    is tried twice more.
    """
    for attempt in range(1, TRIES):
        try:
            return run()
        except OperationalError as exc:
            if not isinstance(
                exc.__cause__,
                psycopg.errors.DeadlockDetected | psycopg.errors.SerializationFailure,
            ):
                raise
            # jitter, so that the two part ways
            time.sleep(random.uniform(0.02, 0.08) * attempt)  # noqa: S311
    return run()
