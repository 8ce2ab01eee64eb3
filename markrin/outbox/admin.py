"""Background jobs as staff see them: what waits, what is dead and why, and *Run again* and
*Discard*.
"""

import json
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action, display
from unfold.forms import ActionForm
from unfold.widgets import UnfoldAdminTextInputWidget

from celery_app import QUEUES
from markrin.admin.base import ModelAdmin, known_values
from markrin.admin.forms import Strict, StrictModelForm
from markrin.outbox import handlers, services
from markrin.outbox.models import Heartbeat, OutboxEvent, OutboxPause, State


class JobActionForm(Strict, ActionForm):
    """The list's actions, and the reason that *Discard* asks for."""

    reason = forms.CharField(
        required=False, max_length=200, label="", widget=UnfoldAdminTextInputWidget
    )
    reason.widget.attrs["placeholder"] = "reason (to discard)"


class JobForm(StrictModelForm):
    """A job's page changes nothing but by its two buttons."""

    reason = forms.CharField(
        required=False,
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        help_text="needed to discard",
    )

    class Meta:
        model = OutboxEvent
        fields = ()


class Machinery(ModelAdmin):
    """What only the machinery writes: staff look at it, and act through services."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: object = None
    ) -> bool:
        return False


@admin.register(OutboxEvent)
class JobAdmin(Machinery):
    form = JobForm
    action_form = JobActionForm
    list_display = (
        "key",
        "queue",
        "state_label",
        "attempts_of",
        "error",
        "created_at",
    )
    list_filter = (
        "state",
        known_values("queue", lambda: QUEUES),
        known_values("task", lambda: handlers.registry),
    )
    search_fields = ("key__startswith",)
    search_help_text = (
        "the beginning of a key, such as orders.confirm_by_mail:0190…"
    )
    ordering = ("-id",)
    export_columns = {
        "Key": "key",
        "Task": "task",
        "Queue": "queue",
        "State": "state",
        "Attempts": "attempts",
        "Lost": "lost",
        "Error": "error",
        "Made at": "created_at",
        "Finished at": "finished_at",
    }
    actions = ("run_selected_again", "discard_selected")
    actions_submit_line = ("run_again", "discard")
    actions_list = ("see_mails",)
    fields = (
        ("key", "state_label"),
        ("event", "event_id"),
        ("task", "queue"),
        ("shown_payload", "shown_trace", "shown_result"),
        ("attempts_of", "lost", "wakeups"),
        ("created_at", "run_after", "started_at", "finished_at"),
        ("wake_at", "leased_until"),
        "error",
        "reason",
    )

    def get_readonly_fields(
        self, request: HttpRequest, obj: object = None
    ) -> list[str]:
        shown = [
            name
            for line in self.fields
            for name in (line if isinstance(line, tuple) else (line,))
        ]
        return [name for name in shown if name != "reason"]

    @action(description="What the mails look like", url_path="see-mails")
    def see_mails(self, request: HttpRequest) -> HttpResponseBase:
        return redirect("admin:mails")

    @display(
        description="state",
        ordering="state",
        label={
            State.DEAD: "danger",
            State.DONE: "success",
            State.RUNNING: "info",
            State.WAITING: "warning",
        },
    )
    def state_label(self, job: OutboxEvent) -> str:
        return job.state

    @display(description="attempts")
    def attempts_of(self, job: OutboxEvent) -> str:
        return f"{job.attempts} of {job.max_attempts}"

    @display(description="payload")
    def shown_payload(self, job: OutboxEvent) -> SafeString:
        return _shown(job.payload)

    @display(description="trace")
    def shown_trace(self, job: OutboxEvent) -> SafeString:
        return _shown(job.trace)

    @display(description="result")
    def shown_result(self, job: OutboxEvent) -> SafeString:
        return _shown(job.result)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponseBase:
        only_ours = {
            "show_save": False,
            "show_save_and_continue": False,
            "show_save_and_add_another": False,
        }
        shown: HttpResponseBase = super().changeform_view(
            request, object_id, form_url, {**(extra_context or {}), **only_ours}
        )
        return shown

    def get_actions_submit_line(
        self, request: HttpRequest, object_id: str
    ) -> list[Any]:
        dead = OutboxEvent.objects.filter(pk=object_id, state=State.DEAD).exists()
        buttons: list[Any] = (
            super().get_actions_submit_line(request, object_id) if dead else []
        )
        return buttons

    def save_model(
        self, request: HttpRequest, obj: OutboxEvent, form: forms.Form, change: bool
    ) -> None:
        """Press the button, and save nothing else: by now the row may have moved on."""
        for button in self.get_actions_submit_line(request, str(obj.pk)):
            if button.action_name in request.POST:
                button.method(request, obj)

    def construct_change_message(  # type: ignore[override]  # the log takes a text as well
        self,
        request: HttpRequest,
        form: forms.Form,
        formsets: object,
        add: bool = False,
    ) -> str:
        return (
            f"discard: {request.POST.get('reason')}"
            if request.POST.get("reason")
            else "run again"
        )

    @action(description="Run again", permissions=["change"])
    def run_again(self, request: HttpRequest, job: OutboxEvent) -> None:
        self._run_again(request, [job])

    @action(description="Discard", permissions=["change"])
    def discard(self, request: HttpRequest, job: OutboxEvent) -> None:
        self._discard(request, [job])

    @admin.action(description="Run again", permissions=["change"])
    def run_selected_again(
        self, request: HttpRequest, jobs: QuerySet[OutboxEvent]
    ) -> None:
        self._run_again(request, list(jobs))
        for job in jobs:
            self.log_change(request, job, "run again")

    @admin.action(description="Discard", permissions=["change"])
    def discard_selected(
        self, request: HttpRequest, jobs: QuerySet[OutboxEvent]
    ) -> None:
        if self._discard(request, list(jobs)):
            for job in jobs:
                self.log_change(request, job, f"discard: {request.POST['reason']}")

    def _run_again(self, request: HttpRequest, jobs: list[OutboxEvent]) -> None:
        count = services.retry_jobs([job.pk for job in jobs])
        self.message_user(
            request,
            f"{count} of {len(jobs)} will run again; the others were not dead.",
        )

    def _discard(self, request: HttpRequest, jobs: list[OutboxEvent]) -> bool:
        reason = request.POST.get("reason", "").strip()[:200]
        if not reason:
            self.message_user(
                request, "Say why: a discarded job is never done.", messages.ERROR
            )
            return False
        count = services.discard_jobs(
            [job.pk for job in jobs], reason=reason, by=str(request.user.pk)
        )
        self.message_user(
            request, f"{count} of {len(jobs)} discarded; the others were not dead."
        )
        return True


@admin.register(OutboxPause)
class PauseAdmin(Machinery):
    list_display = ("queue", "until", "reason", "by", "failures")
    readonly_fields = ("queue", "until", "reason", "by", "failures")
    actions = ("resume",)

    @admin.action(description="Resume", permissions=["change"])
    def resume(self, request: HttpRequest, pauses: QuerySet[OutboxPause]) -> None:
        resumed = [
            pause.queue for pause in pauses if services.resume_queue(pause.queue)
        ]
        self.message_user(
            request, f"Working again: {', '.join(resumed) or 'none was paused'}."
        )


@admin.register(Heartbeat)
class HeartbeatAdmin(Machinery):
    list_display = ("name", "at")

    def has_change_permission(
        self, request: HttpRequest, obj: object = None
    ) -> bool:
        return False


def _shown(value: object) -> SafeString:
    return format_html(
        "<pre>{}</pre>", json.dumps(value, indent=2, ensure_ascii=False)
    )
