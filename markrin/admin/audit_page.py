"""The page of who changed what."""

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from markrin.admin import audit
from markrin.admin.base import ReadOnlyAdmin
from markrin.admin.forms import StrictForm


class AuditForm(StrictForm):
    """The page's filter: who, which log, which days."""

    who = forms.EmailField(
        max_length=254,
        required=False,
        label="Who (e-mail)",
        widget=UnfoldAdminTextInputWidget,
    )
    kind = forms.ChoiceField(
        required=False, label="Where", widget=UnfoldAdminSelectWidget
    )
    first = forms.DateField(
        required=False,
        label="From",
        widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}),
    )
    last = forms.DateField(
        required=False,
        label="To",
        widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        kind: Any = self.fields["kind"]
        kind.choices = [
            ("", "everywhere"),
            *((name, name) for name in audit.log_names()),
        ]

    def clean_who(self) -> UUID | None:
        """Return the user's id."""
        if not (email := self.cleaned_data["who"]):
            return None
        user_id: UUID | None = (
            get_user_model()
            .objects.filter(email=email.lower())
            .values_list("pk", flat=True)
            .first()
        )
        if user_id is None:
            raise forms.ValidationError("There is nobody with this address.")
        return user_id


@admin.register(LogEntry)
class LogEntryAdmin(ReadOnlyAdmin):
    list_display = (
        "action_time",
        "user",
        "content_type",
        "object_repr",
        "action_flag",
        "get_change_message",
    )
    list_filter = (
        "action_flag",
        ("content_type", admin.RelatedOnlyFieldListFilter),
    )
    list_select_related = ("user", "content_type")
    ordering = ("-id",)
    export_columns = {
        "At": "action_time",
        "Who": "user__email",
        "What": "object_repr",
        "Model": "content_type__model",
        "Message": "change_message",
    }

    def get_urls(self) -> list[URLPattern]:
        """Return the pages, with the one of all logs."""
        return [
            path(
                "all/",
                self.admin_site.admin_view(self.audit_view),
                name="audit_log",
            ),
            *super().get_urls(),
        ]

    def audit_view(self, request: HttpRequest) -> HttpResponse:
        """Show who changed what, the newest first; older ones by their time."""
        if not request.user.has_perm("admin.view_logentry"):
            raise PermissionDenied
        form = AuditForm(request.GET)
        data = form.cleaned_data if form.is_valid() else {}
        filters = audit.Wanted(
            before=_end_of_range(request, data.get("last")),
            since=_start_of_day(data["first"]) if data.get("first") else None,
            who_id=data.get("who"),
        )
        entries = (
            audit.read_entries(filters, kind=data.get("kind", ""))
            if form.is_valid()
            else []
        )
        shown = audit.cut_page(entries)
        older = request.GET.copy()
        if len(shown) < len(entries):
            older["before"] = shown[-1].at.isoformat()
        context = {
            **self.admin_site.each_context(request),
            "title": "Who changed what",
            "form": form,
            "entries": shown,
            "older": f"?{older.urlencode()}" if len(shown) < len(entries) else "",
            "zone": settings.SHOP_TIME_ZONE,
        }
        status = 200 if form.is_valid() else 422
        answer: HttpResponse = TemplateResponse(
            request, "shop_admin/audit.html", context, status=status
        )
        return answer


def _end_of_range(request: HttpRequest, last: date | None) -> datetime:
    """Return the moment before which entries are wanted: of the link to older ones, or the
    end of the last day.
    """
    text = request.GET.get("before", "")
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is not None and timezone.is_aware(moment):
        return moment
    return (
        _start_of_day(last + timedelta(days=1))
        if last
        else timezone.now() + timedelta(minutes=1)
    )


def _start_of_day(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
