"""How a service runs: as one transaction of its own, or as a step of somebody else's.

@transactions.durable
def place_order(...): ...           # an entry point: the transaction begins and ends here

@transactions.requires_transaction
def record_event(...): ...          # a step: the caller's transaction holds it
"""

import functools
import random
import time
from collections.abc import Callable, Hashable
from contextvars import ContextVar
from typing import Final, ParamSpec, TypeVar, overload

import psycopg
from django.db import OperationalError, connection, transaction

P = ParamSpec("P")
T = TypeVar("T")
LOCK_TIMEOUT_MS: Final = 2000
STATEMENT_TIMEOUT_MS: Final = 5000
# A process that is cut off in the middle says nothing: the server would hold its locks for hours.
IDLE_TIMEOUT_MS: Final = 15_000
TRIES: Final = 3
LIMITS_SQL: Final = (
    f"SELECT set_config('lock_timeout', '{LOCK_TIMEOUT_MS}', true),"
    f" set_config('statement_timeout', '{STATEMENT_TIMEOUT_MS}', true),"
    f" set_config('idle_in_transaction_session_timeout', '{IDLE_TIMEOUT_MS}', true)"
)
# What the running transaction does last, once each; None outside of a durable one.
_last_steps: ContextVar[dict[Hashable, Callable[[], None]] | None] = ContextVar(
    "last_steps", default=None
)


@overload
def durable(service: Callable[P, T], /) -> Callable[P, T]: ...
@overload
def durable(
    *, limits: bool = True
) -> Callable[[Callable[P, T]], Callable[P, T]]: ...
def durable(
    service: Callable[P, T] | None = None, /, *, limits: bool = True
) -> Callable[P, T] | Callable[[Callable[P, T]], Callable[P, T]]:
    """Run a service as one transaction of its own: what it returns has been committed.

    - It is the outermost one. Called within another transaction, Django raises RuntimeError.
    - It waits 2 s at most for a lock, and 5 s for a statement. Longer is answered 503. Whoever
      sends nothing for 15 s, such as a process that is cut off, is rolled back by the server.
    - A deadlock or a serialization failure has it run again from the start, twice at most. So
      nothing in it may reach outside of the database; that belongs to a job of the outbox.

    With `limits=False` the service sends LIMITS_SQL itself, together with its first statement.
    """

    def decorate(run: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(run)
        def in_transaction(*args: P.args, **kwargs: P.kwargs) -> T:
            def attempt() -> T:
                with transaction.atomic(durable=True):
                    if limits:
                        limit_waits()
                    return _run_with_last_steps(run, *args, **kwargs)

            return retry_deadlocks(attempt)

        return in_transaction

    return decorate if service is None else decorate(service)


def _run_with_last_steps(
    run: Callable[P, T], *args: P.args, **kwargs: P.kwargs
) -> T:
    steps: dict[Hashable, Callable[[], None]] = {}
    token = _last_steps.set(steps)
    try:
        result = run(*args, **kwargs)
    finally:
        _last_steps.reset(token)
    for step in steps.values():
        step()
    return result


def run_last(key: Hashable, step: Callable[[], None]) -> None:
    """Have a step run as the last one of the `durable` transaction, once for each key; at once
    where there is none.

    It is for rows that everybody wants: locked last, they are locked shortly, and always after
    all others.
    """
    steps = _last_steps.get()
    if steps is None:
        step()
    else:
        steps[key] = step


def requires_transaction(step: Callable[P, T]) -> Callable[P, T]:
    """Refuse to run a step outside of a transaction: what it writes must stand or fall with
    the rest of the use case.

    Raises:
        TransactionManagementError: there is none.
    """

    @functools.wraps(step)
    def checked(*args: P.args, **kwargs: P.kwargs) -> T:
        if not connection.in_atomic_block:
            raise transaction.TransactionManagementError(
                f"{step.__module__}.{step.__qualname__} needs its caller's transaction"
            )
        return step(*args, **kwargs)

    return checked


def limit_waits() -> None:
    """Let the current transaction wait 2 s for a lock, 5 s for a statement, 15 s for the next."""
    with connection.cursor() as cursor:
        cursor.execute(LIMITS_SQL)


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
                psycopg.errors.DeadlockDetected
                | psycopg.errors.SerializationFailure,
            ):
                raise
            # jitter, so that the two part ways
            time.sleep(random.uniform(0.02, 0.08) * attempt)  # noqa: S311
    return run()
