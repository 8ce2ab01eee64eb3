"""What staff see of a dead job, and what they may do about it."""

from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from markrin.outbox import handlers, rows, services
from markrin.outbox.models import OutboxEvent, OutboxPause
from tests.factories import make_user
from tests.outbox import jobs
from tests.outbox.helpers import drain

pytestmark = pytest.mark.django_db
LIST = "admin:outbox_outboxevent_changelist"


@pytest.fixture
def dead() -> OutboxEvent:
    services.add(jobs.Alone(uuid4()))
    with jobs.failing(handlers.Permanent("550 no such user ann@example.com")):
        drain()
    return OutboxEvent.objects.get()


def signed_in(*permissions: str) -> Client:
    user = make_user(role="staff")
    user.user_permissions.add(*Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(get_user_model().objects.get(pk=user.pk))
    return client


def page(job: OutboxEvent) -> str:
    return reverse("admin:outbox_outboxevent_change", args=[job.pk])


def act(client: Client, action: str, *jobs: OutboxEvent, reason: str = ""):
    form = {
        "action": action,
        "_selected_action": [job.pk for job in jobs],
        "reason": reason,
    }
    return client.post(reverse(LIST), form, follow=True)


def test_shows_why_it_died_without_the_address(dead):
    answer = signed_in("view_outboxevent").get(
        reverse(LIST), {"state__exact": "dead"}
    )
    assert answer.status_code == 200
    assert "Permanent: 550 no such user [address]" in answer.content.decode()
    shown = signed_in("view_outboxevent").get(page(dead)).content.decode()
    assert dead.key in shown
    assert "Run again" not in shown


def test_runs_again_from_its_page(dead):
    client = signed_in("view_outboxevent", "change_outboxevent")
    assert "Run again" in client.get(page(dead)).content.decode()
    answer = client.post(
        page(dead), {"outbox_outboxevent_run_again": "1"}, follow=True
    )
    assert "1 of 1 will run again" in answer.content.decode()
    assert drain() == [("test.outside", "done")]
    dead.refresh_from_db()
    assert (dead.state, dead.attempts) == ("done", 1)
    assert "run again" in LogEntry.objects.get().get_change_message()
    assert "Run again" not in client.get(page(dead)).content.decode()


def test_runs_again_from_the_list(dead):
    answer = act(
        signed_in("view_outboxevent", "change_outboxevent"),
        "run_selected_again",
        dead,
    )
    assert "1 of 1 will run again" in answer.content.decode()
    assert drain() == [("test.outside", "done")]
    assert LogEntry.objects.count() == 1


def test_discards_with_a_reason(dead):
    client = signed_in("view_outboxevent", "change_outboxevent")
    assert "Say why" in act(client, "discard_selected", dead).content.decode()
    assert OutboxEvent.objects.filter(state="dead").exists()
    client.post(
        page(dead),
        {"outbox_outboxevent_discard": "1", "reason": "customer was told"},
    )
    dead.refresh_from_db()
    assert (dead.state, dead.result["discarded"]) == ("done", "customer was told")
    assert drain() == []


def test_discards_from_the_list(dead):
    act(
        signed_in("view_outboxevent", "change_outboxevent"),
        "discard_selected",
        dead,
        reason="customer was told",
    )
    dead.refresh_from_db()
    assert (dead.state, dead.result["discarded"]) == ("done", "customer was told")


def test_only_looking_changes_nothing(dead):
    client = signed_in("view_outboxevent")
    act(client, "run_selected_again", dead)
    act(client, "discard_selected", dead, reason="no right to")
    assert (
        client.post(page(dead), {"outbox_outboxevent_run_again": "1"}).status_code
        == 403
    )
    dead.refresh_from_db()
    assert dead.state == "dead"


def test_a_page_left_open_saves_nothing_old(dead):
    client = signed_in("view_outboxevent", "change_outboxevent")
    client.get(page(dead))
    services.retry_jobs([dead.pk])
    drain()
    client.post(page(dead), {"outbox_outboxevent_run_again": "1"})
    dead.refresh_from_db()
    assert (dead.state, dead.attempts) == ("done", 1)


def test_nobody_adds_or_deletes(dead):
    client = signed_in(
        "view_outboxevent",
        "add_outboxevent",
        "change_outboxevent",
        "delete_outboxevent",
    )
    assert client.get(reverse("admin:outbox_outboxevent_add")).status_code == 403
    assert (
        client.post(
            reverse("admin:outbox_outboxevent_delete", args=[dead.pk]),
            {"post": "yes"},
        ).status_code
        == 403
    )


def test_resumes_a_queue():
    rows.pause_queue("email", seconds=600, reason="by hand", by="ann")
    client = signed_in("view_outboxpause", "change_outboxpause")
    form = {"action": "resume", "_selected_action": ["email"]}
    answer = client.post(
        reverse("admin:outbox_outboxpause_changelist"), form, follow=True
    )
    assert "Working again: email." in answer.content.decode()
    services.add(jobs.Alone(uuid4()))
    assert drain() == [("test.outside", "done")]
    assert OutboxPause.objects.get().by == ""
