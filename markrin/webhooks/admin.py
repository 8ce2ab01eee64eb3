"""Webhooks in the admin: set up, tested, switched off and on; their log; the events."""

import json
from datetime import timedelta
from typing import Any

import marshmallow as ma
from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
)

from markrin.admin.base import (
    FirstRows,
    ReadOnly,
    ReadOnlyAdmin,
    Step,
    SteppedAdmin,
    TabularInline,
    known_values,
    render_once,
)
from markrin.admin.forms import CleanedData, StrictForm, StrictModelForm
from markrin.webhooks import errors, secrets
from markrin.webhooks.models import (
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
)
from markrin.webhooks.public_events import load_public_events
from markrin.webhooks.schemas import MAX_KEEP_HOURS, EndpointUrl
from markrin.webhooks.services import delivering, endpoints
from markrin.webhooks.services.endpoints import NewWebhook, WebhookChange


class EndpointForm(StrictModelForm):
    event_types = forms.MultipleChoiceField(
        required=False,
        label="Events",
        choices=lambda: [
            (event.event_type, f"{event.event_type}: {event.summary}")
            for event in load_public_events().values()
        ],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="none: all of them",
    )

    class Meta:
        model = WebhookEndpoint
        fields = ("name", "url", "event_types")
        labels = {"url": "Address"}

    def clean_url(self) -> str:
        """Return the address, if the shop would call it."""
        url: str = self.cleaned_data["url"]
        try:
            EndpointUrl().deserialize(url)
            endpoints.check_address(url)
        except ma.ValidationError as exc:
            raise ValidationError(EndpointUrl.message) from exc
        except errors.WebhookAddressRefused as exc:
            raise ValidationError(exc.detail) from exc
        return url


class RotateForm(StrictForm):
    keep_old_hours = forms.IntegerField(
        min_value=0,
        max_value=MAX_KEEP_HOURS,
        initial=24,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="for so many hours the old secret signs as well",
    )


def _rotate(
    request: HttpRequest, endpoint: WebhookEndpoint, form: CleanedData
) -> str:
    keep_old = timedelta(hours=form["keep_old_hours"])
    _, secret = endpoints.rotate_secret(endpoint_id=endpoint.pk, keep_old=keep_old)
    return f"The new secret is {secret} It is shown this once."


def _test(
    request: HttpRequest, endpoint: WebhookEndpoint, form: CleanedData
) -> str:
    endpoints.send_test(endpoint_id=endpoint.pk)
    return "A test event is on its way: see the log below."


def _switch_off(
    request: HttpRequest, endpoint: WebhookEndpoint, form: CleanedData
) -> str:
    endpoints.change_endpoint(WebhookChange(is_on=False), endpoint_id=endpoint.pk)
    return (
        "It gets nothing now. What waits is given up, and can be sent again later."
    )


def _switch_on(
    request: HttpRequest, endpoint: WebhookEndpoint, form: CleanedData
) -> str:
    endpoints.change_endpoint(WebhookChange(is_on=True), endpoint_id=endpoint.pk)
    return "It gets events again, from now on."


def _send_again(
    request: HttpRequest, endpoint: WebhookEndpoint, form: CleanedData
) -> str:
    since = timezone.now() - timedelta(days=30)
    count = endpoints.send_again(endpoint_id=endpoint.pk, since=since)
    return f"{count} events that were given up are on their way."


class DeliveryInline(FirstRows):
    model = WebhookDelivery
    most = 20
    fields = ("event", "state", "attempts", "error", "delivered_at")
    readonly_fields = fields
    ordering = ("-id",)
    show_change_link = True


@admin.register(WebhookEndpoint)
class EndpointAdmin(SteppedAdmin):
    form = EndpointForm
    inlines = (DeliveryInline,)
    steps = {
        "test": Step("Send a test", _test, offered=lambda row: row.is_on),
        "again": Step(
            "Send again what was given up",
            _send_again,
            offered=lambda row: row.is_on,
        ),
        "rotate": Step("Change the secret", _rotate, form=RotateForm),
        "on": Step("Switch on", _switch_on, offered=lambda row: not row.is_on),
        "off": Step(
            "Switch off", _switch_off, offered=lambda row: row.is_on, danger=True
        ),
    }
    list_display = ("name", "url", "works", "failures", "last_delivered_at")
    list_filter = ("off_reason",)
    search_fields = ("name__startswith",)
    readonly_fields = (
        *("next_steps", "works", "failures", "failing_since", "paused_until"),
        *("last_delivered_at", "old_secret_until", "created_by", "created_at"),
    )

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        own = EndpointForm.Meta.fields
        return own if obj is None else (*own, *self.readonly_fields)

    def get_inlines(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.inlines if obj is not None else ()

    def save_model(
        self, request: HttpRequest, obj: WebhookEndpoint, form: Any, change: bool
    ) -> None:
        """Add the endpoint and show its secret, this once; or save what was changed."""
        if change:
            super().save_model(request, obj, form, change)
            return
        secret = secrets.make_secret()
        new = NewWebhook(
            name=obj.name, url=obj.url, event_types=form.cleaned_data["event_types"]
        )
        made = endpoints.insert_endpoint(new, secret=secret, by_id=request.user.pk)
        obj.__dict__.update(made.__dict__)
        self.message_user(request, f"Its secret is {secret} It is shown this once.")

    def delete_model(self, request: HttpRequest, obj: WebhookEndpoint) -> None:
        endpoints.remove_endpoint(obj.pk)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Write down what staff did, and never a secret that they were shown."""
        title = self.steps["rotate"].title
        if str(message).startswith(title):
            message = f"{title}."
        return super().log_change(request, obj, message)

    @admin.display(description="state", ordering="off_reason")
    def works(self, endpoint: WebhookEndpoint) -> str:
        if not endpoint.is_on:
            return endpoint.get_off_reason_display()
        return "rests after failures" if endpoint.failures >= 3 else "on"


class AttemptInline(ReadOnly, TabularInline):
    model = WebhookAttempt
    extra = 0
    fields = ("at", "status", "error", "duration_ms", "response")
    readonly_fields = fields


def _redeliver(
    request: HttpRequest, delivery: WebhookDelivery, form: CleanedData
) -> str:
    endpoints.redeliver(delivery_id=delivery.pk)
    return "It is on its way once more."


@admin.register(WebhookDelivery)
class DeliveryAdmin(SteppedAdmin):
    inlines = (AttemptInline,)
    steps = {"again": Step("Send again", _redeliver)}
    list_display = (
        "event",
        "endpoint",
        "state",
        "attempts",
        "error",
        "delivered_at",
    )
    list_filter = ("state", "endpoint")
    list_select_related = ("event", "endpoint")
    ordering = ("-id",)
    fields = (
        *("next_steps", "event", "endpoint", "state", "attempts", "error"),
        *("delivered_at", "body"),
    )
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: object = None
    ) -> bool:
        return False

    @admin.display(description="what is sent")
    @render_once
    def body(self, delivery: WebhookDelivery) -> SafeString:
        return _show_json(json.loads(delivering.make_body(delivery.event)))


@admin.register(WebhookEvent)
class EventAdmin(ReadOnlyAdmin):
    list_display = ("position", "type", "subject", "subject_id", "at")
    list_filter = (known_values("type", load_public_events),)
    ordering = ("-position",)
    fields = ("position", "type", "subject", "subject_id", "at", "shown_data")
    readonly_fields = fields

    @admin.display(description="data")
    def shown_data(self, event: WebhookEvent) -> SafeString:
        return _show_json(event.data)


def _show_json(value: object) -> SafeString:
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return format_html("<pre class='whitespace-pre-wrap'>{}</pre>", text)
