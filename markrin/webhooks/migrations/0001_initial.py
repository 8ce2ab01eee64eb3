import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
import django.db.models.lookups
from django.conf import settings
from django.db import migrations, models

import markrin.db.declared
import markrin.db.models
import markrin.db.operations


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "__first__"),
        ("markrin", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="WebhookEndpoint",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=markrin.db.models.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                    ),
                ),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("name", models.CharField(max_length=60, unique=True)),
                ("url", models.CharField(max_length=2000)),
                (
                    "event_types",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=60),
                        blank=True,
                        default=list,
                        help_text="none: all of them",
                        size=None,
                    ),
                ),
                ("secret", models.TextField(editable=False, help_text="encrypted")),
                (
                    "old_secret",
                    models.TextField(
                        blank=True,
                        default="",
                        editable=False,
                        help_text="encrypted; signs as well",
                    ),
                ),
                (
                    "old_secret_until",
                    models.DateTimeField(blank=True, editable=False, null=True),
                ),
                (
                    "off_reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "on"),
                            ("staff", "switched off by staff"),
                            ("gone", "it answered 410"),
                            ("failing", "nothing has arrived for days"),
                        ],
                        default="",
                        max_length=10,
                    ),
                ),
                (
                    "failures",
                    models.IntegerField(
                        db_default=0,
                        editable=False,
                        help_text="in a row, of all its events",
                    ),
                ),
                ("failing_since", models.DateTimeField(editable=False, null=True)),
                ("warned_at", models.DateTimeField(editable=False, null=True)),
                (
                    "paused_until",
                    models.DateTimeField(
                        editable=False,
                        help_text="left alone until then, after failures",
                        null=True,
                    ),
                ),
                (
                    "last_delivered_at",
                    models.DateTimeField(editable=False, null=True),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "webhook",
                "db_table": "webhook_endpoint",
                "ordering": ["-created_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="WebhookEvent",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=markrin.db.models.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("position", models.BigIntegerField(unique=True)),
                ("type", models.CharField(max_length=60)),
                (
                    "subject",
                    models.CharField(
                        help_text="order, variant, user", max_length=20
                    ),
                ),
                ("subject_id", models.UUIDField()),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
                (
                    "data",
                    models.JSONField(
                        help_text="the subject when the event was written down"
                    ),
                ),
            ],
            options={
                "verbose_name": "event",
                "db_table": "webhook_event",
                "ordering": ["-position"],
                "indexes": [
                    models.Index(fields=["at"], name="webhook_event_at"),
                    models.Index(
                        fields=["subject", "subject_id"],
                        name="webhook_event_subject",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("position__gt", 0)),
                        name="webhook_event_position_counts",
                    ),
                    markrin.db.declared.SqlSequence(name="webhook_event_position"),
                ],
            },
        ),
        migrations.CreateModel(
            name="WebhookDelivery",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=markrin.db.models.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting"),
                            ("delivered", "delivered"),
                            ("failed", "given up"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                (
                    "turn",
                    models.IntegerField(
                        db_default=1,
                        help_text="counts up when it is sent again by hand",
                    ),
                ),
                (
                    "due_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        help_text="when its turn began; three days later it is over",
                    ),
                ),
                (
                    "sending_until",
                    models.DateTimeField(
                        help_text="it is being sent; later, whoever sent it has died",
                        null=True,
                    ),
                ),
                ("attempts", models.IntegerField(db_default=0)),
                ("error", models.CharField(blank=True, default="", max_length=200)),
                ("delivered_at", models.DateTimeField(null=True)),
                (
                    "endpoint",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="webhooks.webhookendpoint",
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="webhooks.webhookevent",
                    ),
                ),
            ],
            options={
                "verbose_name": "delivery",
                "verbose_name_plural": "deliveries",
                "db_table": "webhook_delivery",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="WebhookAttempt",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
                (
                    "status",
                    models.IntegerField(
                        help_text="of HTTP; none: no answer", null=True
                    ),
                ),
                ("error", models.CharField(blank=True, default="", max_length=200)),
                (
                    "response",
                    models.TextField(
                        blank=True,
                        default="",
                        help_text="the beginning of the answer's body",
                    ),
                ),
                ("duration_ms", models.IntegerField()),
                (
                    "delivery",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tries",
                        to="webhooks.webhookdelivery",
                    ),
                ),
            ],
            options={
                "verbose_name": "attempt",
                "db_table": "webhook_attempt",
                "ordering": ["id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("duration_ms__gte", 0)),
                        name="webhook_attempt_duration_ms_not_negative",
                        violation_error_message="duration_ms must not be negative.",
                    ),
                    models.CheckConstraint(
                        condition=django.db.models.lookups.LessThanOrEqual(
                            django.db.models.functions.text.Length(
                                models.F("response")
                            ),
                            1000,
                        ),
                        name="webhook_attempt_response_length",
                        violation_error_message="response takes at most 1000 characters.",
                    ),
                ],
            },
        ),
        markrin.db.operations.AddConstraints(
            model_name="webhookendpoint",
            constraints=[
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "name__regex",
                            "\\A[^\\u0001-\\u001F\\u007F-\\u009F\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069]*\\Z",
                        ),
                        ("name__regex", "\\A(\\S(.*\\S)?)?\\Z"),
                        models.Q(("name", ""), _negated=True),
                    ),
                    name="webhook_endpoint_name_text",
                    violation_error_message="name must be trimmed text without control characters, and not be empty.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("off_reason__in", ["", "staff", "gone", "failing"])
                    ),
                    name="webhook_endpoint_off_reason_known",
                    violation_error_message="off_reason must be one of: (empty), staff, gone, failing.",
                ),
                models.CheckConstraint(
                    condition=models.Q(("failures__gte", 0)),
                    name="webhook_endpoint_failures_not_negative",
                    violation_error_message="failures must not be negative.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(("failing_since", None), ("failures", 0)),
                        models.Q(
                            ("failing_since__isnull", False), ("failures__gt", 0)
                        ),
                        _connector="OR",
                    ),
                    name="webhook_endpoint_failing_since_a_failure",
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                models.F("endpoint"),
                models.OrderBy(models.F("id"), descending=True),
                name="webhook_delivery_endpoint",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                condition=models.Q(("state", "waiting")),
                fields=["endpoint", "sending_until"],
                name="webhook_delivery_waiting",
            ),
        ),
        markrin.db.operations.AddConstraints(
            model_name="webhookdelivery",
            constraints=[
                models.UniqueConstraint(
                    fields=("event", "endpoint"), name="webhook_delivery_once"
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("state__in", ["waiting", "delivered", "failed"])
                    ),
                    name="webhook_delivery_state_known",
                    violation_error_message="state must be one of: waiting, delivered, failed.",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(
                            ("delivered_at__isnull", False), ("state", "delivered")
                        ),
                        models.Q(
                            models.Q(("state", "delivered"), _negated=True),
                            ("delivered_at", None),
                        ),
                        _connector="OR",
                    ),
                    name="webhook_delivery_delivered_at_a_time",
                ),
                models.CheckConstraint(
                    condition=models.Q(("attempts__gte", 0), ("turn__gte", 1)),
                    name="webhook_delivery_counts",
                ),
            ],
        ),
    ]
