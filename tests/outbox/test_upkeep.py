"""Pruning, heartbeats, once-a-period tasks, commands, the system check, and who may publish."""

import json
import re
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django_celery_results.models import TaskResult

import celery_app
from markrin.outbox import checks, handlers, selectors, services, tasks
from markrin.outbox.models import OutboxEvent, OutboxPause
from tests.outbox import jobs
from tests.outbox.helpers import drain

ROOT = Path(celery_app.__file__).parent


def call(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def make_dead() -> OutboxEvent:
    with jobs.failing(handlers.Permanent("the address does not exist")):
        services.add(jobs.Alone(uuid4()))
        drain()
    return OutboxEvent.objects.get(state="dead")


@pytest.mark.django_db
def test_prune_deletes_what_is_old_and_finished_in_batches(monkeypatch):
    monkeypatch.setattr(tasks, "PRUNE_BATCH", 3)
    services.add(*(jobs.Alone(uuid4()) for _ in range(20)))
    ids = list(OutboxEvent.objects.values_list("id", flat=True))
    ages = {
        "done": (ids[:7], 15),
        "dead": (ids[7:9], 91),
        "done ": (ids[9:11], 13),
        "dead ": (ids[11:13], 89),
    }
    with connection.cursor() as cursor:
        for state, (some, days) in ages.items():
            cursor.execute(
                "UPDATE outbox_event SET state = %s, wake_at = NULL, finished_at = now() -"
                " make_interval(days => %s)"
                " WHERE id = ANY(%s)",
                [state.strip(), days, some],
            )
    tasks.prune_jobs()
    assert set(OutboxEvent.objects.values_list("id", flat=True)) == set(ids[9:])


@pytest.mark.django_db
def test_prune_of_results(monkeypatch):
    monkeypatch.setattr(tasks, "PRUNE_BATCH", 2)
    for days in (1, 6, 8, 9, 10):
        one = TaskResult.objects.create(task_id=str(uuid4()))
        TaskResult.objects.filter(pk=one.pk).update(
            date_done=datetime.now(UTC) - timedelta(days=days)
        )
    tasks.prune_results()
    assert TaskResult.objects.count() == 2


@pytest.mark.django_db
def test_a_pulse_makes_its_worker_alive():
    with pytest.raises(CommandError, match="email was last seen never"):
        call("worker_alive", "--queue", "email")
    tasks.heartbeat("email")
    assert (
        call("worker_alive", "--queue", "email")
        == "the worker of email was seen 0 s ago\n"
    )
    with connection.cursor() as cursor:
        cursor.execute("UPDATE heartbeat SET at = now() - interval '121 s'")
    with pytest.raises(CommandError, match="last seen 121 s ago"):
        call("worker_alive", "--queue", "email")
    assert selectors.list_heartbeat_ages() == {"worker:email": 121.0}


@pytest.mark.django_db
def test_commands_show_a_dead_job_and_let_it_run_again():
    job = make_dead()
    assert re.search(r"email\s+dead\s+1 ", call("outbox", "stats"))
    shown = json.loads(call("outbox", "show", job.key))
    assert (shown["state"], shown["error"]) == (
        "dead",
        "Permanent: the address does not exist",
    )
    assert json.loads(call("outbox", "show", str(job.pk)))["key"] == job.key
    assert call("outbox", "retry", job.key) == "1 will run again\n"
    with pytest.raises(CommandError, match="is not dead"):
        call("outbox", "retry", job.key)
    assert drain() == [("test.outside", "done")]
    with pytest.raises(CommandError, match="there is no job nobody:1"):
        call("outbox", "show", "nobody:1")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "which", [("--task", "test.outside"), ("--queue", "email")]
)
def test_retry_takes_all_dead_jobs_of_a_task_or_queue(which):
    make_dead()
    assert call("outbox", "retry", *which) == "1 will run again\n"


@pytest.mark.django_db
def test_commands_pause_and_resume_a_queue():
    services.add(jobs.Alone(uuid4()))
    call("outbox", "pause", "email", "--reason", "the provider moves")
    assert drain() == []
    assert "paused until" in call("outbox", "stats")
    assert call("outbox", "resume", "email") == "email works again\n"
    assert call("outbox", "resume", "email") == "email was not paused\n"
    assert drain() == [("test.outside", "done")]
    call("outbox", "pause", "email", "--reason", "short", "--seconds", "60")
    assert OutboxPause.objects.get().until < datetime.now(UTC) + timedelta(
        seconds=61
    )
    with pytest.raises(CommandError, match="--seconds"):
        call("outbox", "pause", "email", "--reason", "short", "--seconds", "0")


@pytest.mark.django_db
def test_figures_for_the_metrics():
    make_dead()
    services.add(jobs.Alone(uuid4()), jobs.Alone(uuid4()))
    OutboxEvent.objects.filter(state="waiting").order_by("id")[:1].get()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE outbox_event SET run_after = now() - interval '90 s' WHERE state = 'waiting'"
        )
    assert selectors.count_open_jobs() == [
        selectors.Count("email", "dead", 1, 0.0),
        selectors.Count("email", "waiting", 2, 90.0),
    ]
    drain()
    assert [
        (one.outcome, one.rows, one.lost) for one in selectors.count_outcomes()
    ] == [
        ("dead", 1, 0),
        ("done", 2, 0),
    ]
    assert selectors.measure_waits()["email"][1] > 0


def test_the_check_names_what_is_nobodys(monkeypatch):
    assert checks.check_event_map() == []
    assert checks.check_queues() == []
    monkeypatch.setitem(
        celery_app.ON_EVENT, "order.placed", ["orders.conform_by_mail"]
    )
    monkeypatch.delitem(celery_app.ON_EVENT, "stock.changed")
    strange = handlers.Handler(
        "strange", "mail", "outside", 1, 1, None, lambda: None
    )
    monkeypatch.setitem(handlers.registry, "strange", strange)
    messages = [
        error.msg for error in (*checks.check_event_map(), *checks.check_queues())
    ]
    assert any("orders.conform_by_mail" in text for text in messages)
    assert any("stock.changed" in text for text in messages)
    assert any("'mail'" in text for text in messages)
    assert len(messages) == 3


@pytest.mark.parametrize("backend", checks.OVER_SMTP)
def test_the_check_asks_for_a_mail_server(settings, backend):
    settings.EMAIL_URL, settings.EMAIL_BACKEND = "", backend
    assert [found.id for found in checks.check_mail_server()] == ["outbox.W001"]
    settings.EMAIL_URL = "smtp://mail.example:587"
    assert checks.check_mail_server() == []


def test_two_handlers_cannot_share_a_name():
    with pytest.raises(ValueError, match=r"test\.outside"):
        handlers.handler(
            "test.outside",
            queue="email",
            effect="outside",
            time_limit_s=1,
            max_attempts=1,
        )(print)


def test_nobody_but_the_relay_publishes():
    """A request that talked to the broker would fail with it, and a task sent after the
    commit can be lost.
    """
    publishing = re.compile(
        r"\.delay\(|\.apply_async\(|delay_on_commit|apply_async_on_commit|send_task\("
    )
    folders = [
        "markrin",
        "products",
        "accounts",
        "orders",
        "analytics",
        "celery_app.py",
    ]
    files = [
        path
        for name in folders
        for path in (
            [ROOT / name] if name.endswith(".py") else (ROOT / name).rglob("*.py")
        )
    ]
    assert len(files) > 50
    found = {
        path.relative_to(ROOT).as_posix()
        for path in files
        if publishing.search(path.read_text())
    }
    assert found == {"markrin/outbox/relay.py"}


def test_nobody_leaves_a_retry_to_the_broker():
    retrying = re.compile(
        r"autoretry_for|self\.retry\(|countdown=|\beta=|acks_late=True"
    )
    found = [
        path
        for name in ("products", "accounts", "orders", "analytics", "markrin")
        for path in (ROOT / name).rglob("*.py")
        if retrying.search(path.read_text())
    ]
    assert found == []


def test_every_entry_of_beat_expires_with_its_period():
    for name, entry in celery_app.app.conf.beat_schedule.items():
        schedule = entry["schedule"]
        period = 86_400 if hasattr(schedule, "hour") else schedule
        assert entry["options"]["expires"] <= period, name
        assert entry["task"] in celery_app.app.tasks, (
            f"{name}: nobody has the task {entry['task']}"
        )
