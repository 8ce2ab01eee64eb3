"""Whether background work goes on: relay, beat and workers are alive, and no job waits or
is dead.
"""

from collections.abc import Iterator

from django.db import DatabaseError

from celery_app import QUEUES
from markrin.ops.doctor.finding import Finding, fault, note, ok
from markrin.outbox import selectors as outbox
from markrin.webhooks.models import WebhookEndpoint

SILENT_S = 120.0
LATE_S = 120.0


def check_work() -> Iterator[Finding]:
    """Yield the findings about relay, workers and jobs, from the database."""
    try:
        ages = outbox.list_heartbeat_ages()
        counts = outbox.count_open_jobs()
        paused = outbox.list_paused_queues()
    except DatabaseError:
        yield note(
            "jobs", "not looked at: the database is away, or lacks migrations"
        )
        return
    starts = {"relay": "`manage.py relay`"} | {
        f"worker:{queue}": f"`celery -A celery_app worker -Q {queue}`, and beat"
        for queue in QUEUES
    }
    for name, start in starts.items():
        age = ages.get(name)
        last_seen = "never seen" if age is None else f"seen {age:.0f} s ago"
        if age is None or age > SILENT_S:
            yield fault(
                name,
                last_seen,
                f"Start {start}; if it runs, see its log and whether it reaches broker and"
                " database.",
            )
        else:
            yield ok(name, last_seen)
    for pause in paused:
        todo = f"When its reason is gone: `manage.py outbox resume {pause.queue}`."
        yield fault(
            "jobs", f"the queue {pause.queue} is paused: {pause.reason}", todo
        )
    for count in counts:
        if count.state == "dead":
            yield fault(
                "jobs",
                f"{count.rows} of the queue {count.queue} are dead",
                "See them in the admin, Background jobs.",
            )
        elif count.oldest_due_s > LATE_S:
            text = (
                f"{count.rows} of the queue {count.queue} wait, the oldest for"
                f" {count.oldest_due_s:.0f} s"
            )
            yield fault("jobs", text, "See docs/runbook.md, Jobs are late.")
    if not paused and all(
        count.state != "dead" and count.oldest_due_s <= LATE_S for count in counts
    ):
        yield ok("jobs", "none is dead or late")


def check_webhooks() -> Iterator[Finding]:
    """Yield the findings about endpoints of webhooks: those that take nothing."""
    try:
        endpoints = list(WebhookEndpoint.objects.order_by("name"))
    except DatabaseError:
        return
    bad = [one for one in endpoints if one.off_reason in ("gone", "failing")]
    for one in bad:
        yield fault(
            "webhooks",
            f"{one.name} is off: {one.get_off_reason_display()}",
            "Mend it, then in the admin: Webhooks, Switch on, Send again what was given up.",
        )
    for one in endpoints:
        if one.is_on and one.failing_since:
            yield fault(
                "webhooks",
                f"{one.name} has taken nothing since {one.failing_since:%d %b %H:%M} UTC",
                "See its log in the admin, Webhooks.",
            )
            bad.append(one)
    if endpoints and not bad:
        yield ok("webhooks", f"{len(endpoints)}, none fails")
