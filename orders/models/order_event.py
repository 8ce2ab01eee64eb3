"""The history of an order: every step that it took."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from markrin.db import constraints
from orders.models import triggers
from orders.models.order import Order


class OrderEventKind(models.TextChoices):
    STATUS = "status"
    PAYMENT = "payment"
    REFUND = "refund"
    NOTE = "note"
    MAIL = "mail"
    PARCEL = "parcel"
    EDIT = "edit", "Correction"
    RETURN = "return"


class OrderEvent(models.Model):
    """A step of an order: when, by whom, from where to where, why. Append-only (a trigger
    refuses UPDATE and DELETE, but for the author of an erased account)."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="events")
    kind = models.CharField(max_length=7, choices=OrderEventKind)
    at = models.DateTimeField(db_default=Now())
    from_status = models.CharField(max_length=17, blank=True, default="")
    to_status = models.CharField(max_length=17, blank=True, default="")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    actor = models.CharField(
        max_length=10, help_text="customer, staff, system or gateway"
    )
    note = models.CharField(max_length=1000, blank=True, default="")
    is_public = models.BooleanField(
        default=True, help_text="whether the customer sees it"
    )
    request_id = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        ordering = ["at", "id"]
        indexes = [
            models.Index(
                fields=["request_id"],
                name="order_event_of_request",
                condition=~Q(request_id=""),
            ),
            # Who of the staff changed what: few among the many steps that customers and the
            # shop itself take.
            models.Index(
                fields=["-at", "-id"],
                name="order_event_of_staff",
                condition=Q(actor="staff"),
            ),
        ]
        constraints = [
            constraints.check_choice("order_event", "kind", OrderEventKind),
            models.CheckConstraint(
                condition=Q(
                    actor__in=["customer", "guest", "staff", "system", "gateway"]
                ),
                name="order_event_actor_known",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=["status", "payment"]) | ~Q(to_status=""),
                name="order_event_status_has_target",
            ),
            *constraints.check_text("order_event", "note", blank=True, lines=True),
            triggers.ORDER_EVENTS_ONLY_GROW,
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.to_status}"
