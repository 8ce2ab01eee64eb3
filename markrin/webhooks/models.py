"""Events as others see them, the endpoints that they are sent to, and how each sending went."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from markrin.db import constraints
from markrin.db.declared import SqlSequence
from markrin.db.models import Model, QuerySet, uuid7

MAX_RESPONSE = 1_000  # characters of an answer that are kept


class OffReason(models.TextChoices):
    """Why an endpoint gets nothing."""

    ON = "", "on"
    STAFF = "staff", "switched off by staff"
    GONE = "gone", "it answered 410"
    FAILING = "failing", "nothing has arrived for days"


class DeliveryState(models.TextChoices):
    WAITING = "waiting", "waiting"
    DELIVERED = "delivered", "delivered"
    FAILED = "failed", "given up"


class WebhookEndpoint(Model):
    """A server of somebody else's that is told of events."""

    name = models.CharField(max_length=60, unique=True)
    url = models.CharField(max_length=2000)
    event_types = ArrayField(
        models.CharField(max_length=60),
        default=list,
        blank=True,
        help_text="none: all of them",
    )
    secret = models.TextField(editable=False, help_text="encrypted")
    old_secret = models.TextField(
        blank=True, default="", editable=False, help_text="encrypted; signs as well"
    )
    old_secret_until = models.DateTimeField(null=True, blank=True, editable=False)
    off_reason = models.CharField(
        max_length=10, choices=OffReason.choices, default=OffReason.ON, blank=True
    )
    failures = models.IntegerField(
        db_default=0, editable=False, help_text="in a row, of all its events"
    )
    failing_since = models.DateTimeField(null=True, editable=False)
    warned_at = models.DateTimeField(null=True, editable=False)
    paused_until = models.DateTimeField(
        null=True, editable=False, help_text="left alone until then, after failures"
    )
    last_delivered_at = models.DateTimeField(null=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
    )

    objects = QuerySet["WebhookEndpoint"].as_manager()

    class Meta:
        db_table = "webhook_endpoint"
        ordering = ["-created_at", "-id"]
        verbose_name = "webhook"
        constraints = [
            *constraints.check_text("webhook_endpoint", "name"),
            constraints.check_choice("webhook_endpoint", "off_reason", OffReason),
            *constraints.check_not_negative("webhook_endpoint", "failures"),
            models.CheckConstraint(
                name="webhook_endpoint_failing_since_a_failure",
                condition=Q(failures=0, failing_since=None)
                | Q(failures__gt=0, failing_since__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_on(self) -> bool:
        """Return whether it is sent anything."""
        return self.off_reason == OffReason.ON


class WebhookEvent(models.Model):
    """Something that happened, with what it happened to as it was then.

    `position` grows in the order in which events become visible, so that whoever has read up to
    one has missed none.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    position = models.BigIntegerField(unique=True)
    type = models.CharField(max_length=60)
    subject = models.CharField(max_length=20, help_text="order, variant, user")
    subject_id = models.UUIDField()
    at = models.DateTimeField(db_default=Now())
    data = models.JSONField(help_text="the subject when the event was written down")

    class Meta:
        db_table = "webhook_event"
        ordering = ["-position"]
        verbose_name = "event"
        constraints = [
            models.CheckConstraint(
                name="webhook_event_position_counts", condition=Q(position__gt=0)
            ),
            SqlSequence(name="webhook_event_position"),
        ]
        indexes = [
            models.Index(fields=["at"], name="webhook_event_at"),
            models.Index(
                fields=["subject", "subject_id"], name="webhook_event_subject"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.position}"


class WebhookDelivery(models.Model):
    """An event on its way to an endpoint."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    event = models.ForeignKey(
        WebhookEvent, models.CASCADE, related_name="deliveries"
    )
    endpoint = models.ForeignKey(
        WebhookEndpoint, models.CASCADE, related_name="deliveries", db_index=False
    )
    state = models.CharField(
        max_length=10, choices=DeliveryState.choices, default=DeliveryState.WAITING
    )
    turn = models.IntegerField(
        db_default=1, help_text="counts up when it is sent again by hand"
    )
    due_at = models.DateTimeField(
        db_default=Now(),
        help_text="when its turn began; three days later it is over",
    )
    sending_until = models.DateTimeField(
        null=True, help_text="it is being sent; later, whoever sent it has died"
    )
    attempts = models.IntegerField(db_default=0)
    error = models.CharField(max_length=200, blank=True, default="")
    delivered_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "webhook_delivery"
        ordering = ["-id"]
        verbose_name = "delivery"
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["event", "endpoint"], name="webhook_delivery_once"
            ),
            constraints.check_choice("webhook_delivery", "state", DeliveryState),
            models.CheckConstraint(
                name="webhook_delivery_delivered_at_a_time",
                condition=Q(
                    state=DeliveryState.DELIVERED, delivered_at__isnull=False
                )
                | ~Q(state=DeliveryState.DELIVERED) & Q(delivered_at=None),
            ),
            models.CheckConstraint(
                name="webhook_delivery_counts",
                condition=Q(turn__gte=1, attempts__gte=0),
            ),
        ]
        indexes = [
            models.Index(
                F("endpoint"),
                F("id").desc(),
                name="webhook_delivery_endpoint",
            ),
            models.Index(
                fields=["endpoint", "sending_until"],
                name="webhook_delivery_waiting",
                condition=Q(state=DeliveryState.WAITING),
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class WebhookAttempt(models.Model):
    """One try of a delivery, and what came back."""

    id = models.BigAutoField(primary_key=True)
    delivery = models.ForeignKey(
        WebhookDelivery, models.CASCADE, related_name="tries"
    )
    at = models.DateTimeField(db_default=Now())
    status = models.IntegerField(null=True, help_text="of HTTP; none: no answer")
    error = models.CharField(max_length=200, blank=True, default="")
    response = models.TextField(
        blank=True, default="", help_text="the beginning of the answer's body"
    )
    duration_ms = models.IntegerField()

    class Meta:
        db_table = "webhook_attempt"
        ordering = ["id"]
        verbose_name = "attempt"
        constraints = [
            *constraints.check_not_negative("webhook_attempt", "duration_ms"),
            constraints.check_max_length(
                "webhook_attempt", "response", MAX_RESPONSE
            ),
        ]

    def __str__(self) -> str:
        return str(self.status or self.error)
