"""The outbox: a row is a job. What the broker carries is only a message with the row's id."""

from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.db.models import Q

from markrin.db.declared import StorageParameters
from markrin.db.models import uuid7


class State(models.TextChoices):
    WAITING = "waiting", "waiting"
    RUNNING = "running", "running"
    DONE = "done", "done"
    DEAD = "dead", "dead"


class OutboxEvent(models.Model):
    """One task that one event asked for.

    Every time in it is the database's `now()`, the start of the transaction, and never a
    process's clock."""

    event = models.TextField(help_text="what happened, for example order.placed")
    event_id = models.UUIDField(
        default=uuid7, help_text="shared by the rows of one event"
    )
    task = models.TextField(help_text="the handler that does it")
    queue = models.TextField(help_text="the worker that runs it")
    key = models.TextField(
        unique=True, help_text="task:natural id; adding it again does nothing"
    )
    payload = models.JSONField(
        default=dict, help_text="ids, never addresses, names or tokens"
    )
    result = models.JSONField(null=True, help_text="what it did")
    trace = models.JSONField(
        default=dict, help_text="request id and trace headers of whoever asked"
    )

    state = models.TextField(choices=State.choices, db_default=State.WAITING)
    attempts = models.SmallIntegerField(db_default=0, help_text="runs begun")
    max_attempts = models.SmallIntegerField()
    wakeups = models.SmallIntegerField(
        db_default=0, help_text="messages since it was last picked up"
    )
    lost = models.SmallIntegerField(
        db_default=0, help_text="runs whose lease ran out: the worker died or hung"
    )

    run_after = models.DateTimeField(
        db_default=TransactionNow(), help_text="earliest start"
    )
    wake_at = models.DateTimeField(
        null=True,
        db_default=TransactionNow(),
        help_text="when the relay looks next",
    )
    started_at = models.DateTimeField(
        null=True, help_text="when its last run began"
    )
    leased_until = models.DateTimeField(null=True)
    lease = models.UUIDField(null=True, help_text="whose run it is")
    error = models.TextField(
        blank=True,
        default="",
        help_text="class and message of the last failure, redacted",
    )
    created_at = models.DateTimeField(db_default=TransactionNow())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "outbox_event"
        verbose_name = "job"
        constraints = [
            models.CheckConstraint(
                name="outbox_event_state", condition=Q(state__in=State.values)
            ),
            models.CheckConstraint(
                name="outbox_event_wakes_while_open",
                condition=Q(
                    wake_at__isnull=False, state__in=[State.WAITING, State.RUNNING]
                )
                | Q(wake_at__isnull=True, state__in=[State.DONE, State.DEAD]),
            ),
            models.CheckConstraint(
                name="outbox_event_leased_while_running",
                condition=Q(
                    lease__isnull=False,
                    leased_until__isnull=False,
                    state=State.RUNNING,
                )
                | (
                    Q(lease__isnull=True, leased_until__isnull=True)
                    & ~Q(state=State.RUNNING)
                ),
            ),
            models.CheckConstraint(
                name="outbox_event_finished_when_closed",
                condition=Q(
                    finished_at__isnull=False, state__in=[State.DONE, State.DEAD]
                )
                | Q(
                    finished_at__isnull=True,
                    state__in=[State.WAITING, State.RUNNING],
                ),
            ),
            StorageParameters(
                name="outbox_event_storage",
                autovacuum_vacuum_scale_factor=0.01,
                fillfactor=80,
            ),
        ]
        indexes = [
            models.Index(
                fields=["queue", "wake_at"],
                name="outbox_event_due",
                condition=Q(wake_at__isnull=False),
            ),
            models.Index(
                fields=["queue", "state", "created_at"],
                name="outbox_event_open",
                condition=~Q(state=State.DONE),
            ),
            models.Index(
                fields=["finished_at"],
                name="outbox_event_finished",
                condition=Q(finished_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.key


class OutboxPause(models.Model):
    """A queue that rests until a time, and how many connection failures in a row it has seen."""

    queue = models.TextField(primary_key=True)
    until = models.DateTimeField(
        db_default=TransactionNow(),
        help_text="relay and workers leave the queue alone until then",
    )
    reason = models.TextField(blank=True, default="")
    by = models.TextField(
        blank=True, default="", help_text="who paused it; empty: the worker did"
    )
    failures = models.IntegerField(
        db_default=0, help_text="connection failures or timeouts in a row"
    )

    class Meta:
        db_table = "outbox_pause"
        verbose_name = "paused queue"

    def __str__(self) -> str:
        return self.queue


class Heartbeat(models.Model):
    """When a part was last seen alive."""

    name = models.TextField(
        primary_key=True, help_text="for example worker:email, relay"
    )
    at = models.DateTimeField(db_default=TransactionNow())

    class Meta:
        db_table = "heartbeat"

    def __str__(self) -> str:
        return self.name
