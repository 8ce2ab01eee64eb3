"""A row's run: claimed, finished, failed, put off, lost."""

import time
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now

from markrin.outbox import handlers, relay, rows, services
from markrin.outbox.models import OutboxEvent, OutboxPause
from tests.outbox import jobs
from tests.outbox.helpers import drain

pytestmark = pytest.mark.django_db


def make_row(task="test.outside", **values) -> OutboxEvent:
    event = jobs.Happened(uuid4())
    services.add(event)
    rows = OutboxEvent.objects.filter(payload__order_id=str(event.order_id))
    rows.exclude(task=task).delete()
    rows.update(**values)
    return rows.get()


def run(row: OutboxEvent) -> str | None:
    return handlers.run_job(handlers.registry[row.task], row.pk)


def claim(row: OutboxEvent, *, time_limit_s: int = 20) -> rows.ClaimedRow:
    claimed = rows.claim_row(
        row.pk, task=row.task, time_limit_s=time_limit_s, useless_after_s=None
    )
    assert claimed is not None
    return claimed


def pass_time(row: OutboxEvent, seconds: float) -> None:
    """Move the row into the past, which for it is the same as waiting."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE outbox_event SET (run_after, wake_at, leased_until, created_at) ="
            " (SELECT run_after - s, wake_at - s, leased_until - s, created_at - s FROM"
            " make_interval(secs => %s) s)"
            " WHERE id = %s",
            [seconds, row.pk],
        )


def seconds_left(row: OutboxEvent, column: str) -> float:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT extract(epoch FROM {column} - now()) FROM outbox_event WHERE id = %s",
            [row.pk],
        )
        return float(cursor.fetchone()[0])


def test_a_message_with_several_rows_runs_each():
    several = [make_row() for _ in range(3)]
    handlers.run_jobs(
        handlers.registry["test.outside"], [row.pk for row in several]
    )
    assert set(OutboxEvent.objects.values_list("state", flat=True)) == {"done"}


def test_when_its_time_is_over_the_rest_of_a_message_is_due_at_once(monkeypatch):
    monkeypatch.setattr(handlers, "RUN_ON_S", 0)
    several = [make_row(wakeups=1) for _ in range(3)]
    OutboxEvent.objects.filter(pk=several[2].pk).update(
        run_after=Now() + timedelta(hours=1)
    )
    handlers.run_jobs(
        handlers.registry["test.outside"], [row.pk for row in several]
    )
    first, second, third = OutboxEvent.objects.order_by("pk")
    assert (first.state, second.state, third.state) == (
        "done",
        "waiting",
        "waiting",
    )
    assert (second.wakeups, third.wakeups) == (0, 0)
    assert seconds_left(second, "wake_at") <= 0
    assert seconds_left(third, "wake_at") > 3000, "it is not to run before"


def test_does_the_work_once():
    row = make_row()
    assert (run(row), run(row)) == ("done", None)
    row.refresh_from_db()
    assert jobs.ran == [row.payload]
    assert (row.state, row.attempts, row.result, row.wake_at, row.lease) == (
        "done",
        1,
        {"sent": True},
        None,
        None,
    )
    assert row.finished_at is not None
    assert row.started_at is not None


def test_a_database_effect_and_done_are_one():
    row = make_row("test.database")
    with jobs.failing(ValueError("no")):
        assert run(row) == "retry"
    assert not OutboxEvent.objects.filter(event="effect").exists()
    pass_time(row, 60)
    assert run(row) == "done"
    row.refresh_from_db()
    assert OutboxEvent.objects.filter(event="effect").count() == 1
    assert row.result == {"written": row.payload["order_id"]}


@pytest.mark.parametrize(
    ("attempts", "delay_s"),
    [(1, 10), (2, 30), (3, 60), (4, 300), (7, 3600), (10, 28_800), (14, 28_800)],
)
def test_waits_longer_after_each_failure(attempts, delay_s):
    row = make_row(attempts=attempts - 1, max_attempts=20)
    with jobs.failing(ValueError("the server said no to ann@example.com")):
        assert run(row) == "retry"
    row.refresh_from_db()
    assert (row.state, row.attempts, row.wake_at) == (
        "waiting",
        attempts,
        row.run_after,
    )
    assert 0.8 * delay_s <= seconds_left(row, "run_after") <= 1.2 * delay_s
    assert row.error == "ValueError: the server said no to [address]"
    assert run(row) is None, "it is not due"


@pytest.mark.parametrize(
    ("attempts", "error"),
    [(2, handlers.Retry("again")), (0, handlers.Permanent("never"))],
)
def test_is_dead_when_its_attempts_are_used_up_or_it_says_so(attempts, error):
    row = make_row(attempts=attempts)
    with jobs.failing(error):
        assert run(row) == "dead"
    row.refresh_from_db()
    assert (row.state, row.attempts, row.error) == (
        "dead",
        attempts + 1,
        rows.describe_error(error),
    )
    assert row.finished_at is not None
    assert row.wake_at is None


def test_later_gives_the_attempt_back_and_keeps_what_was_done():
    row = make_row()
    with jobs.failing(handlers.Reschedule(40, {"rows": 500})):
        assert run(row) == "later"
    row.refresh_from_db()
    assert (
        row.state,
        row.attempts,
        row.result,
        round(seconds_left(row, "wake_at")),
    ) == (
        "waiting",
        0,
        {"rows": 500},
        40,
    )


def test_a_run_whose_lease_is_over_changes_nothing_any_more():
    row = make_row()
    late = claim(row)
    pass_time(row, 36)
    second = claim(row)
    assert second.lost == 1
    assert second.lease != late.lease
    assert not rows.holds_lease(late)
    assert rows.holds_lease(second)
    assert rows.finish_outside(late, {}, queue=row.queue) == (False, None)
    assert rows.fail_row(late, ValueError(), final=True) is None
    assert rows.reschedule_row(late, 1, None) is None
    assert rows.finish_outside(second, {}, queue=row.queue) == (True, None)


def test_a_late_database_effect_is_rolled_back():
    row = make_row("test.database")
    known = handlers.registry[row.task]
    claimed = claim(row)
    pass_time(row, 36)
    claim(row)
    with pytest.raises(handlers.LeaseLost), transaction.atomic():
        handlers._run_inside(known, claimed, handlers._Ahead(known, None, 0))
    assert not OutboxEvent.objects.filter(event="effect").exists()


def test_a_lease_is_the_time_limit_and_a_margin_and_grows_with_the_attempts():
    row = make_row(max_attempts=20)
    lengths = []
    for _ in range(4):
        claim(row, time_limit_s=20)
        lengths.append(round(seconds_left(row, "leased_until")))
        pass_time(row, 100_000)
    assert lengths == [35, 35 + 30, 35 + 60, 35 + 300]


def test_what_keeps_killing_its_worker_ends_dead():
    row = make_row()
    for _ in range(row.max_attempts):
        claim(row)
        pass_time(row, 100_000)
    assert run(row) == "dead"
    row.refresh_from_db()
    assert (row.state, row.attempts, row.lost, row.error) == (
        "dead",
        3,
        3,
        "RunsLost: lost too often",
    )
    assert jobs.ran == []


def test_a_mail_that_is_useless_by_now_is_not_sent():
    row = make_row()
    pass_time(row, 3601)
    assert run(row) == "dead"
    row.refresh_from_db()
    assert jobs.ran == []
    assert row.error == "Useless: it is too late"


def test_five_connection_failures_in_a_row_pause_the_queue():
    with jobs.failing(handlers.Unreachable("no route")):
        assert [run(make_row()) for _ in range(4)] == ["retry"] * 4
        jobs._raising[-1] = TimeoutError(
            "no answer"
        )  # the system's own errors count as well
        assert run(make_row()) == "retry"
        jobs._raising[-1] = handlers.Unreachable("no route")
    waiting = make_row()
    assert run(waiting) is None
    pause = OutboxPause.objects.get()
    assert (pause.queue, pause.failures, pause.reason) == (
        "email",
        5,
        "connection failures in a row",
    )
    assert services.resume_queue("email")
    assert run(waiting) == "done"
    pause.refresh_from_db()
    assert pause.failures == 0


def test_one_success_ends_the_row_of_failures():
    with jobs.failing(handlers.Unreachable("no route")):
        for _ in range(4):
            run(make_row())
    assert run(make_row()) == "done"
    with jobs.failing(handlers.Unreachable("no route")):
        run(make_row())
    assert run(make_row()) == "done"


def test_wrong_credentials_pause_the_queue_and_cost_no_attempt():
    row = make_row()
    with jobs.failing(handlers.Misconfigured("535 bad password")):
        assert run(row) == "later"
    row.refresh_from_db()
    pause = OutboxPause.objects.get()
    assert (row.state, row.attempts, pause.reason) == (
        "waiting",
        0,
        "Misconfigured: 535 bad password",
    )
    assert run(row) is None


def test_a_pause_is_not_cut_short_by_a_shorter_one():
    services.pause_queue("email", seconds=None, reason="provider moves", by="ann")
    until = OutboxPause.objects.get().until
    services.pause_queue("email", seconds=5, reason="short", by="ann")
    assert OutboxPause.objects.get().until == until
    with pytest.raises(ValueError, match="no queue 'mail'"):
        services.pause_queue("mail", seconds=5, reason="", by="ann")


def test_drain_runs_what_is_due_and_what_that_adds():
    services.add(jobs.Happened(uuid4()))
    OutboxEvent.objects.filter(task="test.database").update(queue="inventory")
    assert drain(queue="email") == [("test.outside", "done")]


@pytest.mark.parametrize(
    "values",
    [
        {"state": "asleep"},
        {"wake_at": None},
        {"state": "done", "wake_at": None},
        {"state": "running"},
        {"lease": "0190a000-0000-7000-8000-000000000000"},
        {"finished_at": "2026-01-01T00:00:00Z"},
    ],
)
def test_the_table_refuses_a_row_that_contradicts_itself(values):
    row = make_row()
    with pytest.raises(IntegrityError), transaction.atomic():
        OutboxEvent.objects.filter(pk=row.pk).update(**values)


@pytest.mark.parametrize(
    ("task", "setting"), [("test.database", "off"), ("test.outside", "on")]
)
def test_what_has_an_effect_outside_waits_for_the_disk_before_it(task, setting):
    row, seen = make_row(task), list[str]()

    def look(**payload):
        with connection.cursor() as cursor:
            cursor.execute("SHOW synchronous_commit")
            seen.append(cursor.fetchone()[0])

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = on")
    assert (
        handlers.run_job(replace(handlers.registry[task], function=look), row.pk)
        == "done"
    )
    assert seen == [setting]


def run_message(rows_of_it: list[OutboxEvent]) -> None:
    handlers.run_jobs(
        handlers.registry[rows_of_it[0].task], [row.pk for row in rows_of_it]
    )


@pytest.mark.parametrize(
    ("task", "statements"), [("test.outside", 4), ("test.database", 16)]
)
def test_the_next_row_of_a_message_is_claimed_with_the_end_of_the_last(
    task, statements, django_assert_num_queries
):
    """A claim, and one statement for each row; in the database its effect, its result and two for
    the savepoint, too.
    """
    several = [make_row(task) for _ in range(3)]
    with django_assert_num_queries(statements):
        run_message(several)
    assert {
        *OutboxEvent.objects.filter(task=task).values_list("state", "attempts")
    } == {("done", 1)}


@pytest.mark.parametrize("task", ["test.outside", "test.database"])
def test_a_row_whose_job_fails_claims_no_other(task):
    first, second = make_row(task), make_row(task)
    with jobs.failing(ValueError("no")):
        assert run(first) == "retry"
    pass_time(first, 60)
    seen = []

    def fail(**payload):
        seen.append(payload)
        raise ValueError("no")

    handlers.run_jobs(
        replace(handlers.registry[task], function=fail), [first.pk, second.pk]
    )
    assert len(seen) == 2, "each was claimed for itself, and tried"
    attempts = OutboxEvent.objects.filter(task=task).order_by("pk")
    assert [*attempts.values_list("attempts", "state")] == [
        (2, "waiting"),
        (1, "waiting"),
    ]


@pytest.mark.parametrize("task", ["test.outside", "test.database"])
def test_a_job_that_takes_all_the_time_takes_no_attempt_of_the_next(
    task, monkeypatch
):
    monkeypatch.setattr(handlers, "RUN_ON_S", 0.5)
    first, second, third = (make_row(task, wakeups=1) for _ in range(3))

    def take_long(**payload):
        time.sleep(0.6)

    handlers.run_jobs(
        replace(handlers.registry[task], function=take_long),
        [first.pk, second.pk, third.pk],
    )
    for row in (second, third):
        row.refresh_from_db()
        assert (row.state, row.attempts, row.lease, row.wakeups) == (
            "waiting",
            0,
            None,
            0,
        )
        assert seconds_left(row, "wake_at") <= 0
    first.refresh_from_db()
    assert first.state == "done"


@pytest.mark.parametrize("task", ["test.outside", "test.database"])
def test_a_next_row_that_is_not_to_be_run_is_left_alone(task):
    first, paused, lost, last = (make_row(task) for _ in range(4))
    OutboxEvent.objects.filter(pk=paused.pk).update(
        run_after=Now() + timedelta(hours=1)
    )
    OutboxEvent.objects.filter(pk=lost.pk).update(attempts=lost.max_attempts)
    run_message([first, paused, lost, last])
    states = OutboxEvent.objects.filter(task=task).order_by("pk")
    assert [*states.values_list("state", "error")] == [
        ("done", ""),
        ("waiting", ""),
        ("dead", "RunsLost: lost too often"),
        ("done", ""),
    ]


def test_a_late_end_claims_the_next_row_all_the_same():
    first, second = make_row(), make_row()

    def lose_the_lease(**payload):
        if payload == first.payload:
            OutboxEvent.objects.filter(pk=first.pk).update(lease=uuid4())
        return jobs.outside(**payload)

    handlers.run_jobs(
        replace(handlers.registry["test.outside"], function=lose_the_lease),
        [first.pk, second.pk],
    )
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.state == "running", "another's now"
    assert len(jobs.ran) == 2


@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_a_row_that_is_claimed_while_a_job_runs():
    """The claim of the next row is locked for as long as the job before it takes."""
    with transaction.atomic():
        first, second = (make_row("test.database", wakeups=1) for _ in range(2))
    known = handlers.registry["test.database"]
    waited = []

    def look(**payload):
        if payload != first.payload:
            return
        other = connection.copy()
        try:
            with other.cursor() as cursor:
                cursor.execute("SET statement_timeout = '5s'")
                for sql in (rows._POSTPONE_WAKEUP, relay._DUE):
                    cursor.execute(
                        sql,
                        {
                            "ids": [first.pk, second.pk],
                            "wait_s": 2,
                            "queues": ["analytics"],
                            "full": [],
                            "limit": 10,
                        },
                    )
                    waited.append(cursor.rowcount)
                cursor.execute(
                    "SELECT count(*) FROM outbox_event WHERE state = 'running'"
                )
                waited.append(cursor.fetchone()[0])
        finally:
            other.close()

    handlers.run_jobs(replace(known, function=look), [first.pk, second.pk])
    assert waited == [0, 0, 1], "nothing changed; the second is not claimed yet"
    assert not OutboxEvent.objects.exclude(state="done").exists()


@pytest.mark.parametrize(
    "sql",
    [
        rows._CLAIM,
        rows._FINISH_INSIDE_THEN,
        rows._FINISH_OUTSIDE_THEN,
        rows._POSTPONE_WAKEUP,
    ],
)
def test_a_row_is_found_by_its_id_and_not_among_all_that_wait(sql):
    """A partial index of open rows looks empty to PostgreSQL after a quiet time, and cheaper than
    the key: with 4,000 jobs waiting each claim walked them all. Without key and with anything
    better than reading the whole table, such an index is taken if the statement allows it.
    """
    params: dict[str, Any] = {
        **rows._claim_params(rows.Next(1, "test.database", 20, None)),
        "id": 1,
        "lease": uuid4(),
        "result": None,
        "limit_ms": "1",
        "queue": "analytics",
        "outside": True,
        "ids": [1],
        "wait_s": 0,
    }
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE outbox_event DROP CONSTRAINT outbox_event_pkey")
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {sql}", params)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Seq Scan on outbox_event" in plan
    assert "Scan using outbox_event_" not in plan
