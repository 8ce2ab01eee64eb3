"""What runs a row: `@handler` names a function, `run` claims the row, runs it and writes
down how it went.

    from markrin.outbox import handlers as outbox

    @outbox.handler(
        "orders.confirm_by_mail",
        queue="email",
        effect="outside",
        time_limit_s=30,
        max_attempts=11,
    )
    def confirm_by_mail(*, order_id: str, **later) -> None:
        mails.mail_confirmation(order_id=UUID(order_id))

`later` takes the fields that a newer sender has added.

A handler gets the row's payload as keywords and reads the present state of what they name,
so that the order in which rows run does not matter. It may run twice. What it returns (a
JSON object, or None) is kept as the row's result."""

import time
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import structlog
from django.db import (
    OperationalError,
    close_old_connections,
    connection,
    transaction,
)

from celery_app import app
from markrin import reporting
from markrin.outbox import rows, trace_context

log = structlog.get_logger(__name__)

Effect = Literal["outside", "database"]
Result = dict[str, Any] | None
_T = TypeVar("_T")
MISCONFIGURED_PAUSE_S = 300
RUN_ON_S = 1  # how long a worker begins further rows of one message
# What the world outside does to a job now and then: the next try is the answer to it, not a report.
FORESEEN = (ConnectionError, TimeoutError, OperationalError)
# Waits, in seconds, when the database is away just as a run ends: together less than the
# lease's margin.
FINISH_WAITS_S = (0.2, 0.5, 1, 2, 4, 4)


class Retry(Exception):
    """It failed and may work later: the row waits, longer each time. Any unexpected
    exception counts as this.
    """


class Unreachable(Retry):
    """A connection failure or timeout outside: a Retry, and five in a row in a queue pause
    it for 30 s.
    """


class Permanent(Exception):
    """It failed and will fail again: the row is dead at once, and waits for a person."""


class Reschedule(Exception):
    """Not ready, or not finished: run again in this many seconds. The attempt is given back."""

    def __init__(self, seconds: float, result: Result = None) -> None:
        super().__init__(seconds)
        self.seconds = seconds
        self.result = result


class Misconfigured(Exception):
    """Nothing in this queue can work until a person acts (wrong credentials): it pauses for
    5 minutes, loudly.
    """


class LeaseLost(Exception):
    """The run took longer than its lease, and the row is another run's now: this one must
    leave no trace.
    """


@dataclass(frozen=True)
class Handler:
    """A registered handler. Times are seconds."""

    name: str
    queue: str
    effect: Effect
    time_limit_s: int
    max_attempts: int
    useless_after_s: int | None
    function: Callable[..., Result]
    keyed_by_event: bool = False


registry: dict[str, Handler] = {}
_current: ContextVar[rows.ClaimedRow | None] = ContextVar(
    "outbox_run", default=None
)


def handler(
    name: str,
    *,
    queue: str,
    effect: Effect,
    time_limit_s: int,
    max_attempts: int,
    useless_after_s: int | None = None,
    keyed_by_event: bool = False,
) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """Register the function as what does the rows of this task.

    effect="database": it runs inside the transaction that marks the row done, so its effect
    happens exactly once; it must not commit by itself (no durable services) nor touch
    anything but the database. Its commit does not wait for the disk, so it must not change what
    the catalogue shows: a standby could answer without it. effect="outside": it runs outside any
    transaction, at least once: a mail, a call, or several transactions.

    Past time_limit_s, and RUN_ON_S at most, its process is killed, and the row comes back when
    the lease ends. A row older than useless_after_s is not begun any more, but dead.

    keyed_by_event is for what follows several events that may name the same thing: each of them
    then has a row of its own."""

    def register(function: Callable[..., Result]) -> Callable[..., Result]:
        if name in registry:
            raise ValueError(f"two outbox handlers are named {name}")
        known = Handler(
            name,
            queue,
            effect,
            time_limit_s,
            max_attempts,
            useless_after_s,
            function,
            keyed_by_event,
        )
        registry[name] = known

        def work(*row_ids: int) -> None:
            # the worker's task: all it is told is which rows to look at
            close_old_connections()
            run_jobs(known, row_ids)

        app.task(name=name, time_limit=time_limit_s + RUN_ON_S)(work)
        return function

    return register


class _Ahead:
    """A message's next row, to claim with the end of the one that runs, while there is time."""

    claimed: rows.ClaimedRow | None = None

    def __init__(self, known: Handler, row_id: int | None, ends: float) -> None:
        self._known, self._row_id, self._ends = known, row_id, ends

    def take(self) -> rows.Next | None:
        """Return it, but once: it may be claimed already where a first try's answer was lost."""
        row_id, self._row_id = self._row_id, None
        if row_id is None or time.monotonic() >= self._ends:
            return None
        known = self._known
        return rows.Next(
            row_id, known.name, known.time_limit_s, known.useless_after_s
        )


def run_jobs(known: Handler, row_ids: Sequence[int]) -> None:
    """Run these rows one after the other, each on its own. After RUN_ON_S none is begun any more:
    the rest goes back, for whoever is free.

    A message costs a worker more than a short job does, so it brings several.
    """
    ends = time.monotonic() + RUN_ON_S
    claimed: rows.ClaimedRow | None = None
    for at, row_id in enumerate(row_ids):
        late = at > 0 and time.monotonic() >= ends
        if late and (claimed is None or claimed.state == "running"):
            if claimed is not None:  # the row before took all the time
                _postponed(claimed, 0, None)
            rows.postpone_wakeup(row_ids[at:], wait_s=0)
            return
        claimed = claimed or _claim(known, row_id)
        if claimed is not None:
            later = row_ids[at + 1] if at + 1 < len(row_ids) else None
            ahead = _Ahead(known, later, ends)
            _run(known, claimed, ahead)
            claimed = ahead.claimed


def run_job(known: Handler, row_id: int) -> str | None:
    """Claim the row, run it and record the outcome, which is returned; None when there was
    nothing to do.
    """
    claimed = _claim(known, row_id)
    return _run(known, claimed, _Ahead(known, None, 0)) if claimed else None


def _claim(known: Handler, row_id: int) -> rows.ClaimedRow | None:
    return rows.claim_row(
        row_id,
        task=known.name,
        time_limit_s=known.time_limit_s,
        useless_after_s=known.useless_after_s,
        outside=known.effect == "outside",
    )


def _run(known: Handler, claimed: rows.ClaimedRow, ahead: _Ahead) -> str:
    if claimed.state == "dead":
        with trace_context.bind_trace(known.name, claimed.trace):
            log.error(
                "job_dead",
                task=known.name,
                row_id=claimed.id,
                key=claimed.key,
                error=claimed.error,
            )
            trace_context.report_dead(known.name, claimed.key, claimed.error)
        return "dead"
    started = time.monotonic()
    token = _current.set(claimed)
    try:
        with trace_context.bind_trace(known.name, claimed.trace):
            outcome = _attempt(known, claimed, ahead)
            log.info(
                "job",
                task=known.name,
                row_id=claimed.id,
                key=claimed.key,
                attempt=claimed.attempts,
                outcome=outcome,
                duration_ms=round((time.monotonic() - started) * 1000),
                waited_ms=claimed.waited_ms,
            )
            return outcome
    finally:
        _current.reset(token)


def get_current_event() -> str:
    """Return the name of the event whose row is being run.

    Raises:
        LookupError: none is.
    """
    claimed = _current.get()
    if claimed is None:
        raise LookupError("no job is being run")
    return claimed.event


def check_lease() -> None:
    """Return if this run still holds its row's lease, or if no row is being run. Call it
    just before an effect outside.

    Raises:
        LeaseLost: another run has begun, or may begin at any moment.
    """
    claimed = _current.get()
    if claimed is not None and not rows.holds_lease(claimed):
        raise LeaseLost(claimed.key)


def _attempt(known: Handler, claimed: rows.ClaimedRow, ahead: _Ahead) -> str:
    try:
        if known.effect == "database":
            ahead.claimed = _run_inside(known, claimed, ahead)
        else:
            ahead.claimed = _run_outside(known, claimed, ahead)
    except LeaseLost:
        log.warning(
            "job_lease_lost", task=known.name, row_id=claimed.id, key=claimed.key
        )
        return "lease_lost"
    except Reschedule as later:
        return _postponed(claimed, later.seconds, later.result)
    except Misconfigured as exc:
        rows.pause_queue(
            known.queue,
            seconds=MISCONFIGURED_PAUSE_S,
            reason=rows.describe_error(exc),
        )
        _tell_of_pause(known, exc)
        return _postponed(claimed, 0, None)
    except Permanent as exc:
        return _failed(known, claimed, exc, final=True)
    except Exception as exc:
        if isinstance(
            exc, (Unreachable, ConnectionError, TimeoutError)
        ) and rows.count_failure(known.queue):
            _tell_of_pause(known, exc)
        return _failed(known, claimed, exc, final=False)
    return "done"


def _tell_of_pause(known: Handler, exc: Exception) -> None:
    log.error(
        "queue_paused",
        queue=known.queue,
        task=known.name,
        error=rows.describe_error(exc),
    )


def _run_inside(
    known: Handler, claimed: rows.ClaimedRow, ahead: _Ahead
) -> rows.ClaimedRow | None:
    """Run the job, and return the next row if it was claimed: in the same transaction, so that a
    job which fails or kills its process takes no other's attempt.
    """
    with transaction.atomic():
        ours, following = rows.finish_inside(
            claimed, time_limit_s=known.time_limit_s, then=ahead.take()
        )
        if not ours:
            raise LeaseLost(claimed.key)
        result = known.function(**claimed.payload)
        if result is not None:
            rows.store_result(claimed, result)
    return following


def _run_outside(
    known: Handler, claimed: rows.ClaimedRow, ahead: _Ahead
) -> rows.ClaimedRow | None:
    """Run the job, and return the next row if it was claimed: with this one's end."""
    result = known.function(**claimed.payload)
    ours, following = _patiently(
        lambda: rows.finish_outside(
            claimed, result, queue=known.queue, then=ahead.take()
        )
    )
    if not ours:
        ahead.claimed = following
        raise LeaseLost(claimed.key)
    return following


def _patiently(write: Callable[[], _T]) -> _T:
    """Write, and retry for some seconds while the database is away: giving up would repeat an
    effect.
    """
    for wait_s in FINISH_WAITS_S:
        try:
            return write()
        except OperationalError:
            if connection.in_atomic_block:
                raise
            connection.close()
            time.sleep(wait_s)
    return write()


def _postponed(claimed: rows.ClaimedRow, seconds: float, result: Result) -> str:
    state = _patiently(lambda: rows.reschedule_row(claimed, seconds, result))
    return "later" if state else "lease_lost"


def _failed(
    known: Handler, claimed: rows.ClaimedRow, exc: Exception, *, final: bool
) -> str:
    state = _patiently(lambda: rows.fail_row(claimed, exc, final=final))
    fields = {
        "task": known.name,
        "row_id": claimed.id,
        "key": claimed.key,
        "error": rows.describe_error(exc),
    }
    foreseen = isinstance(exc, (*FORESEEN, Retry, Permanent))
    if state == "dead":
        log.error("job_dead", **fields, exc_info=None if foreseen else exc)
        if foreseen:
            trace_context.report_dead(
                known.name, claimed.key, rows.describe_error(exc)
            )
        else:
            reporting.report_error(exc)
    elif foreseen:
        log.warning("job_failed", **fields)
    else:
        log.warning("job_failed", **fields, exc_info=exc)
        if (
            claimed.attempts == 1
        ):  # a fault of ours: known in a minute, not when the last of its tries has failed
            reporting.report_error(exc)
    return {"dead": "dead", "waiting": "retry"}.get(state or "", "lease_lost")
