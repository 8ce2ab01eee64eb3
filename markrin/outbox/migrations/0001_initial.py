"""The outbox, pauses and heartbeats."""

import django.contrib.postgres.functions
from django.db import migrations, models

import markrin.db.models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Heartbeat",
            fields=[
                (
                    "name",
                    models.TextField(
                        help_text="for example worker:email, relay",
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.contrib.postgres.functions.TransactionNow()
                    ),
                ),
                (
                    "slot",
                    models.BigIntegerField(
                        db_default=0,
                        help_text="number of the last period claimed (since 1970)",
                    ),
                ),
            ],
            options={
                "db_table": "heartbeat",
            },
        ),
        migrations.CreateModel(
            name="OutboxPause",
            fields=[
                ("queue", models.TextField(primary_key=True, serialize=False)),
                (
                    "until",
                    models.DateTimeField(
                        db_default=django.contrib.postgres.functions.TransactionNow(),
                        help_text="relay and workers leave the queue alone until then",
                    ),
                ),
                ("reason", models.TextField(blank=True, default="")),
                (
                    "by",
                    models.TextField(
                        blank=True,
                        default="",
                        help_text="who paused it; empty: the worker did",
                    ),
                ),
                (
                    "failures",
                    models.IntegerField(
                        db_default=0,
                        help_text="connection failures or timeouts in a row",
                    ),
                ),
            ],
            options={
                "verbose_name": "paused queue",
                "db_table": "outbox_pause",
            },
        ),
        migrations.CreateModel(
            name="OutboxEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "event",
                    models.TextField(
                        help_text="what happened, for example order.placed"
                    ),
                ),
                (
                    "event_id",
                    models.UUIDField(
                        default=markrin.db.models.uuid7,
                        help_text="shared by the rows of one event",
                    ),
                ),
                ("task", models.TextField(help_text="the handler that does it")),
                ("queue", models.TextField(help_text="the worker that runs it")),
                (
                    "key",
                    models.TextField(
                        help_text="task:natural id; adding it again does nothing",
                        unique=True,
                    ),
                ),
                (
                    "payload",
                    models.JSONField(
                        default=dict, help_text="ids, never addresses, names or tokens"
                    ),
                ),
                ("result", models.JSONField(help_text="what it did", null=True)),
                (
                    "trace",
                    models.JSONField(
                        default=dict,
                        help_text="request id and trace headers of whoever asked",
                    ),
                ),
                (
                    "state",
                    models.TextField(
                        choices=[
                            ("waiting", "waiting"),
                            ("running", "running"),
                            ("done", "done"),
                            ("dead", "dead"),
                        ],
                        db_default="waiting",
                    ),
                ),
                (
                    "attempts",
                    models.SmallIntegerField(db_default=0, help_text="runs begun"),
                ),
                ("max_attempts", models.SmallIntegerField()),
                (
                    "rings",
                    models.SmallIntegerField(
                        db_default=0, help_text="doorbells since it was last picked up"
                    ),
                ),
                (
                    "lost",
                    models.SmallIntegerField(
                        db_default=0,
                        help_text="runs whose lease ran out: the worker died or hung",
                    ),
                ),
                (
                    "run_after",
                    models.DateTimeField(
                        db_default=django.contrib.postgres.functions.TransactionNow(),
                        help_text="earliest start",
                    ),
                ),
                (
                    "wake_at",
                    models.DateTimeField(
                        db_default=django.contrib.postgres.functions.TransactionNow(),
                        help_text="when the relay looks next",
                        null=True,
                    ),
                ),
                (
                    "started_at",
                    models.DateTimeField(
                        help_text="when its last run began", null=True
                    ),
                ),
                ("leased_until", models.DateTimeField(null=True)),
                ("lease", models.UUIDField(help_text="whose run it is", null=True)),
                (
                    "error",
                    models.TextField(
                        blank=True,
                        default="",
                        help_text="class and message of the last failure, redacted",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.contrib.postgres.functions.TransactionNow()
                    ),
                ),
                ("finished_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "job",
                "db_table": "outbox_event",
                "indexes": [
                    models.Index(
                        condition=models.Q(("wake_at__isnull", False)),
                        fields=["wake_at"],
                        name="outbox_event_due",
                    ),
                    models.Index(
                        condition=models.Q(("state", "done"), _negated=True),
                        fields=["queue", "state", "created_at"],
                        name="outbox_event_open",
                    ),
                    models.Index(
                        condition=models.Q(("finished_at__isnull", False)),
                        fields=["finished_at"],
                        name="outbox_event_finished",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["waiting", "running", "done", "dead"])
                        ),
                        name="outbox_event_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("state__in", ["waiting", "running"]),
                                ("wake_at__isnull", False),
                            ),
                            models.Q(
                                ("state__in", ["done", "dead"]),
                                ("wake_at__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="outbox_event_wakes_while_open",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("lease__isnull", False),
                                ("leased_until__isnull", False),
                                ("state", "running"),
                            ),
                            models.Q(
                                ("lease__isnull", True),
                                ("leased_until__isnull", True),
                                models.Q(("state", "running"), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="outbox_event_leased_while_running",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("finished_at__isnull", False),
                                ("state__in", ["done", "dead"]),
                            ),
                            models.Q(
                                ("finished_at__isnull", True),
                                ("state__in", ["waiting", "running"]),
                            ),
                            _connector="OR",
                        ),
                        name="outbox_event_finished_when_closed",
                    ),
                ],
            },
        ),
        # Rows are updated a few times each and soon gone: room for HOT updates, and vacuum
        # before bloat.
        migrations.RunSQL(
            "ALTER TABLE outbox_event SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.01)",
            "ALTER TABLE outbox_event RESET (fillfactor, autovacuum_vacuum_scale_factor)",
        ),
    ]
