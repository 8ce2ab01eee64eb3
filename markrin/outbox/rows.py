"""What happens to a row, one statement each: claimed, finished, failed, put off; and a
queue, paused.

Every statement but a claim names the lease, so that a run which lost its row changes
nothing. Times are the database's."""

import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import LiteralString, NamedTuple
from uuid import UUID, uuid4

import orjson
from psycopg.types.json import Jsonb

from markrin.db.sql import Query, Row, execute_prepared, fetch_prepared
from markrin.observe import redact

# How long a row waits after its first, second, … failed attempt, in seconds; ± 20 % is added.
DELAYS_S = (10, 30, 60, 300, 900, 1800, 3600, 7200, 14_400, 28_800)
# a killed run is surely gone, and a finished one surely written, when the lease ends
LEASE_MARGIN_S = 15
UNREACHABLE_IN_A_ROW = 5
UNREACHABLE_PAUSE_S = 30

_ADDRESS = re.compile(r"[^\s<>@,;:\"'()]+@[^\s<>@,;:\"'()]+")


class NewRow(NamedTuple):
    """A row as it is added, in the order of `_ADD`."""

    event: str
    event_id: UUID
    task: str
    queue: str
    key: str
    payload: dict[str, object]
    trace: dict[str, str]
    max_attempts: int


# By hand, as every sale waits for it: what the model would set besides are defaults of the
# database. The rows are one JSON, which is quicker than an array for each column.
_ADD = """\
INSERT INTO outbox_event (event, event_id, task, queue, key, payload, trace, max_attempts, error)
SELECT *, '' FROM jsonb_to_recordset(%s::jsonb) AS new (event text, event_id uuid, task text,
    queue text, key text, payload jsonb, trace jsonb, max_attempts smallint)
ON CONFLICT DO NOTHING
"""


def query_insert_rows(new: Sequence[NewRow]) -> Query[object]:
    """Return what inserts these rows, leaving out those whose key exists; for within the caller's
    transaction.
    """
    rows = [row._asdict() for row in new]
    return Query(_ADD, [Jsonb(rows, dumps=orjson.dumps)], len)


@dataclass(frozen=True)
class ClaimedRow:
    """A row as its run sees it: `state` is running, or dead where it was lost too often or
    is useless by now.
    """

    id: int
    event: str
    key: str
    state: str
    payload: dict[str, object]
    trace: dict[str, str]
    attempts: int
    lost: int
    lease: UUID | None
    waited_ms: int
    error: str


_FIELDS = [field.name for field in fields(ClaimedRow)]

# Attempt n's lease is longer by attempt n's delay from the second on, so that a job which
# keeps killing its worker backs off like one which keeps failing.
# The state is asked for by CASE, from which PostgreSQL cannot tell that an index of open rows
# would do: where statistics are from a time when few were open, it would walk all that wait.
_CLAIMED: LiteralString = """mine AS MATERIALIZED (
    SELECT id, state = 'running' AS was_lost,
           now() + make_interval(secs => %(lease_s)s + CASE WHEN attempts = 0 THEN 0
               ELSE (array[DELAYS])[least(attempts + 1, cardinality(array[DELAYS]))] END) AS ends,
           CASE WHEN attempts >= max_attempts THEN 'RunsLost: lost too often'
                WHEN created_at < now() - make_interval(secs => %(useless_after_s)s)
                    THEN 'Useless: it is too late'
           END AS over
    FROM outbox_event e
    WHERE id = %(claim)s AND task = %(task)s
      AND CASE state WHEN 'waiting' THEN run_after <= now()
                     WHEN 'running' THEN leased_until < now() END
      AND NOT EXISTS (SELECT FROM outbox_pause p WHERE p.queue = e.queue AND p.until > now())
    FOR UPDATE OF e SKIP LOCKED
), claimed AS (UPDATE outbox_event e SET
    wakeups = 0,
    lost = e.lost + mine.was_lost::int,
    state = CASE WHEN over IS NULL THEN 'running' ELSE 'dead' END,
    attempts = e.attempts + (over IS NULL)::int,
    started_at = CASE WHEN over IS NULL THEN now() ELSE e.started_at END,
    lease = CASE WHEN over IS NULL THEN %(new_lease)s::uuid END,
    leased_until = CASE WHEN over IS NULL THEN mine.ends END,
    wake_at = CASE WHEN over IS NULL THEN mine.ends END,
    finished_at = CASE WHEN over IS NULL THEN NULL ELSE now() END,
    error = coalesce(over, e.error)
FROM mine WHERE e.id = mine.id
RETURNING e.id, e.event::text, e.key::text, e.state::text, e.payload, e.trace, e.attempts,
    e.lost, e.lease, (extract(epoch FROM now() - e.run_after) * 1000)::bigint AS waited_ms,
    e.error::text
)""".replace("DELAYS", ", ".join(str(delay) for delay in DELAYS_S))
# A claim of a job in the database is not waited for until it is on the disk: a crash of the server
# takes it back, and it is made again. One of a job outside is: then all that was committed before
# is on the disk too, such as the gift card whose code a mail is about to tell.
_CLAIM: LiteralString = f"""
WITH {_CLAIMED} SELECT claimed.*, set_config('synchronous_commit', CASE WHEN %(outside)s::boolean
    THEN current_setting('synchronous_commit') ELSE 'off' END, true) AS synced FROM claimed
"""  # noqa: S608 (constants)


class Next(NamedTuple):
    """The row to claim when another is finished; its handler's terms are those of `claim_row`."""

    row_id: int
    task: str
    time_limit_s: int
    useless_after_s: int | None


def claim_row(
    row_id: int,
    *,
    task: str,
    time_limit_s: int,
    useless_after_s: int | None,
    outside: bool = True,
) -> ClaimedRow | None:
    """Begin a run of the row, committed at once, and on the disk if its effect is `outside`;
    None when it is done, not due, paused, or another run's.

    Locks: the row, without waiting for whoever holds it.
    """
    row = _one(
        _CLAIM,
        outside=outside,
        **_claim_params(Next(row_id, task, time_limit_s, useless_after_s)),
    )
    return None if row is None else _claimed_row(row)


def _claim_params(then: Next) -> dict[str, object]:
    return {
        "claim": then.row_id,
        "task": then.task,
        "new_lease": uuid4(),
        "lease_s": then.time_limit_s + LEASE_MARGIN_S,
        "useless_after_s": then.useless_after_s,
    }


def _claimed_row(row: Row) -> ClaimedRow | None:
    """Return the claimed row, in whose columns the statement's answer begins; None without one."""
    if row["id"] is None:
        return None
    fields = {name: row[name] for name in _FIELDS}
    fields["payload"] = json.loads(fields["payload"])
    fields["trace"] = json.loads(fields["trace"])
    return ClaimedRow(**fields)


def holds_lease(claimed: ClaimedRow) -> bool:
    """Return whether the run's lease is still its own and has not ended."""
    sql: LiteralString = (
        "SELECT 1 FROM outbox_event WHERE id = %(id)s AND lease = %(lease)s"
        " AND leased_until > now()"
    )
    return _one(sql, id=claimed.id, lease=claimed.lease) is not None


_FINISH: LiteralString = """
    UPDATE outbox_event SET state = 'done', finished_at = now(),
        result = coalesce(%(result)s, result),
        lease = NULL, leased_until = NULL, wake_at = NULL
    WHERE id = %(id)s AND lease = %(lease)s RETURNING id"""
# The job's effect and `done` are one commit, so nobody waits until it is on the disk: a crash of
# the server takes back both or none, and the job runs again. A process that hangs in its
# transaction keeps the row's lock; PostgreSQL ends such a session by these limits.
_LIMITS: LiteralString = (
    "set_config('statement_timeout', %(limit_ms)s, true),"
    " set_config('idle_in_transaction_session_timeout', %(limit_ms)s, true),"
    " set_config('synchronous_commit', 'off', true)"
)
# What is outside answers, too, so its queue's connection failures are forgotten.
_ANSWERED: LiteralString = (
    "UPDATE outbox_pause SET failures = 0 WHERE queue = %(queue)s AND failures > 0"
)
_FINISH_INSIDE: LiteralString = (
    f"WITH finished AS ({_FINISH}) SELECT {_LIMITS} FROM finished"  # noqa: S608 (constants)
)
_FINISH_OUTSIDE: LiteralString = (
    f"WITH finished AS ({_FINISH}), answered AS ({_ANSWERED})"  # noqa: S608 (constants)
    " SELECT id FROM finished"
)
# The same, and the next row is claimed: one round trip, one commit, and one wait for the disk
# instead of two.
_FINISH_INSIDE_THEN: LiteralString = (
    f"WITH finished AS ({_FINISH}), {_CLAIMED}"  # noqa: S608 (constants)
    f" SELECT claimed.*, {_LIMITS} FROM finished LEFT JOIN claimed ON true"
)
_FINISH_OUTSIDE_THEN: LiteralString = (
    f"WITH finished AS ({_FINISH}), answered AS ({_ANSWERED}), {_CLAIMED}"  # noqa: S608 (constants)
    " SELECT claimed.*, finished.id AS finished FROM (SELECT) AS one"
    " LEFT JOIN claimed ON true LEFT JOIN finished ON true"
)


def finish_inside(
    claimed: ClaimedRow, *, time_limit_s: int, then: Next | None = None
) -> tuple[bool, ClaimedRow | None]:
    """Mark the row done within the transaction of its effect, and limit that to its time. Return
    False when the row is no longer this run's; and the row `then`, if it could be claimed, as
    `claim_row` says: its run begins when this transaction has been committed.
    """
    row = _one(
        _FINISH_INSIDE if then is None else _FINISH_INSIDE_THEN,
        id=claimed.id,
        lease=claimed.lease,
        result=None,
        limit_ms=str(time_limit_s * 1000),
        **({} if then is None else _claim_params(then)),
    )
    if row is None or then is None:
        return row is not None, None
    return True, _claimed_row(row)


def finish_outside(
    claimed: ClaimedRow,
    result: dict[str, object] | None,
    *,
    queue: str,
    then: Next | None = None,
) -> tuple[bool, ClaimedRow | None]:
    """Mark the row done, and forget the queue's connection failures: what is outside answers.
    Return False when the row is no longer this run's; and the row `then`, if it could be
    claimed, as `claim_row` says.
    """
    row = _one(
        _FINISH_OUTSIDE if then is None else _FINISH_OUTSIDE_THEN,
        id=claimed.id,
        lease=claimed.lease,
        result=_json(result),
        queue=queue,
        **({} if then is None else _claim_params(then)),
    )
    if row is None or then is None:
        return row is not None, None
    return row["finished"] is not None, _claimed_row(row)


_POSTPONE_WAKEUP: LiteralString = """
    UPDATE outbox_event SET wakeups = greatest(wakeups - 1, 0),
        wake_at = greatest(now() + make_interval(secs => %(wait_s)s), run_after)
    WHERE id IN (SELECT id FROM outbox_event WHERE id = ANY ((SELECT %(ids)s::bigint[])::bigint[])
        AND CASE state WHEN 'waiting' THEN true END FOR UPDATE SKIP LOCKED)
"""


def postpone_wakeup(ids: Sequence[int], *, wait_s: float) -> None:
    """Let the relay tell of those of these rows that still wait again when so many seconds are
    over: a worker was told of them and has not come to them, or was not told after all.

    Locks: the rows, without waiting for whoever holds one, and is about to claim it.
    """
    execute_prepared(_POSTPONE_WAKEUP, {"ids": list(ids), "wait_s": wait_s})


def store_result(claimed: ClaimedRow, result: dict[str, object]) -> None:
    """Keep what a run did that has marked its row done in this transaction already."""
    _one(
        "UPDATE outbox_event SET result = %(result)s WHERE id = %(id)s RETURNING id",
        id=claimed.id,
        result=_json(result),
    )


def fail_row(
    claimed: ClaimedRow, error: BaseException, *, final: bool
) -> str | None:
    """Put the row back to wait, or mark it dead if final or out of attempts. Return its
    state; None if not ours.
    """
    # jitter
    delay_s = DELAYS_S[min(claimed.attempts, len(DELAYS_S)) - 1] * random.uniform(  # noqa: S311
        0.8, 1.2
    )
    sql: LiteralString = """
        WITH verdict AS (SELECT id, %(final)s OR attempts >= max_attempts AS dead FROM outbox_event
            WHERE id = %(id)s)
        UPDATE outbox_event e SET state = CASE WHEN dead THEN 'dead' ELSE 'waiting' END,
               error = %(error)s,
               lease = NULL, leased_until = NULL,
               run_after = CASE WHEN dead THEN run_after
                   ELSE now() + make_interval(secs => %(delay_s)s) END,
               wake_at = CASE WHEN dead THEN NULL
                   ELSE now() + make_interval(secs => %(delay_s)s) END,
               finished_at = CASE WHEN dead THEN now() END
        FROM verdict WHERE e.id = verdict.id AND lease = %(lease)s RETURNING state"""
    row = _one(
        sql,
        id=claimed.id,
        lease=claimed.lease,
        final=final,
        error=describe_error(error),
        delay_s=delay_s,
    )
    return None if row is None else row["state"]


def reschedule_row(
    claimed: ClaimedRow, seconds: float, result: dict[str, object] | None
) -> str | None:
    """Put the row back to wait this long, its attempt given back. Return its state; None if
    not ours.
    """
    sql: LiteralString = """
        UPDATE outbox_event SET state = 'waiting', attempts = attempts - 1,
            result = coalesce(%(result)s, result),
               lease = NULL, leased_until = NULL,
               run_after = now() + make_interval(secs => %(seconds)s),
               wake_at = now() + make_interval(secs => %(seconds)s)
        WHERE id = %(id)s AND lease = %(lease)s RETURNING state"""
    row = _one(
        sql,
        id=claimed.id,
        lease=claimed.lease,
        seconds=seconds,
        result=_json(result),
    )
    return None if row is None else row["state"]


def count_failure(queue: str) -> bool:
    """Count a connection failure of the queue; return whether it made the queue pause (for
    30 s).
    """
    sql: LiteralString = """
        INSERT INTO outbox_pause AS p (queue, until, reason, "by", failures)
            VALUES (%(queue)s, now(), '', '', 1)
        ON CONFLICT (queue) DO UPDATE SET failures = p.failures + 1,
            until = CASE WHEN p.failures + 1 >= %(limit)s
                AND p.until < now() + make_interval(secs => %(pause_s)s)
                         THEN now() + make_interval(secs => %(pause_s)s) ELSE p.until END,
            reason = CASE WHEN p.failures + 1 >= %(limit)s AND p.until <= now()
                          THEN 'connection failures in a row' ELSE p.reason END,
            "by" = CASE WHEN p.failures + 1 >= %(limit)s AND p.until <= now() THEN '' ELSE p.by END
        RETURNING failures >= %(limit)s AS paused"""
    row = _one(
        sql, queue=queue, limit=UNREACHABLE_IN_A_ROW, pause_s=UNREACHABLE_PAUSE_S
    )
    return row is not None and row["paused"]


def pause_queue(queue: str, *, seconds: float, reason: str, by: str = "") -> None:
    """Let the queue rest for this many seconds, or longer where it rests longer already."""
    sql: LiteralString = """
        INSERT INTO outbox_pause AS p (queue, until, reason, "by")
        VALUES (%(queue)s, now() + make_interval(secs => %(seconds)s), %(reason)s, %(by)s)
        ON CONFLICT (queue) DO UPDATE SET until = greatest(p.until, excluded.until),
            reason = excluded.reason,
            "by" = excluded.by
        RETURNING queue"""
    _one(sql, queue=queue, seconds=seconds, reason=reason, by=by)


def describe_error(error: BaseException) -> str:
    """Return class and message of the error, redacted, at most 500 characters: what a row keeps."""
    text = f"{type(error).__name__}: {error}".replace("\x00", "")
    return redact.redact_text(_ADDRESS.sub("[address]", text))[:500]


def _json(value: dict[str, object] | None) -> Jsonb | None:
    return None if value is None else Jsonb(value)


def _one(sql: LiteralString, **params: object) -> Row | None:
    found = fetch_prepared(sql, params)
    return found[0] if found else None
