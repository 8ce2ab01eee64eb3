"""A row's run: claimed, finished, failed, put off, lost."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now

from markrin.outbox import handlers, rows, services
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
    assert not rows.finish_outside(late, {}, queue=row.queue)
    assert rows.fail_row(late, ValueError(), final=True) is None
    assert rows.reschedule_row(late, 1, None) is None
    assert rows.finish_outside(second, {}, queue=row.queue)


def test_a_late_database_effect_is_rolled_back():
    row = make_row("test.database")
    known = handlers.registry[row.task]
    claimed = claim(row)
    pass_time(row, 36)
    claim(row)
    with pytest.raises(handlers.LeaseLost), transaction.atomic():
        handlers._run_inside(known, claimed)
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
