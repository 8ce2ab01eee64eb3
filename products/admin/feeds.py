"""Inventory feeds: uploaded, looked at, let through or not."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Max, QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from markrin.admin.base import (
    FirstRows,
    ReadOnly,
    ReadOnlyAdmin,
    Step,
    SteppedAdmin,
)
from markrin.admin.forms import StrictForm
from markrin.admin.widgets import PlainFile
from markrin.api.errors import ShopError
from products.models import Feed, FeedPull, FeedRow
from products.models.feed import FeedMode, FeedState
from products.schemas.feeds import MAX_UPLOAD_BYTES, SOURCE, UploadedFeed
from products.selectors import feed_reports as selectors
from products.services.feeds import staging

_MODES = [
    (FeedMode.COUNT.value, "a count of these SKUs"),
    (FeedMode.FULL.value, "a full count: what it leaves out is zero"),
    (FeedMode.DELTA.value, "changes: pieces that came or went"),
]


class RejectedRows(FirstRows):
    most = 200
    model = FeedRow
    fields = ("line", "sku", "quantity", "result", "reason")
    readonly_fields = fields
    verbose_name_plural = (
        "rows rejected or in conflict (the first 200; the report has all)"
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[FeedRow]:
        found: QuerySet[FeedRow] = super().get_queryset(request)
        return found.filter(result__in=["rejected", "conflict"])


def _release_feed(
    request: HttpRequest, feed: Feed, data: Mapping[str, object]
) -> str:
    staging.release_feed(feed_id=feed.pk)
    return "The feed will be applied."


def _discard_feed(
    request: HttpRequest, feed: Feed, data: Mapping[str, object]
) -> str:
    staging.discard_feed(feed_id=feed.pk)
    return "The feed is discarded."


class UploadForm(StrictForm):
    """A feed as a person has it: a file, where it is from, and when its pieces were counted."""

    file = forms.FileField(
        label="CSV or JSON lines",
        widget=PlainFile(".csv,.jsonl,.json,text/csv"),
        help_text="with the columns sku and quantity; changes also have an id",
    )
    source = forms.RegexField(
        regex=rf"\A{SOURCE}\Z",
        max_length=40,
        widget=UnfoldAdminTextInputWidget,
        initial="warehouse",
        help_text="who counted: lower-case letters, digits and hyphens",
    )
    mode = forms.ChoiceField(choices=_MODES, widget=UnfoldAdminSelectWidget)
    counted_at = forms.DateTimeField(
        label="Counted at",
        widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"}),
        help_text=(
            "in the shop's time; what was sold after it is taken off the counted pieces"
        ),
    )
    sequence = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=2**62,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="empty: the next of this source; a lower one than the last is old news",
    )
    dry_run = forms.BooleanField(
        label="Only check it",
        required=False,
        widget=UnfoldBooleanWidget,
        help_text="reports, and changes no stock",
    )

    def clean_file(self) -> object:
        """Refuse what is too large for an upload."""
        file = self.cleaned_data["file"]
        if file.size > MAX_UPLOAD_BYTES:
            raise forms.ValidationError(
                f"An upload has at most {MAX_UPLOAD_BYTES // 1024**2} MB."
            )
        return file

    def uploaded_feed(self) -> UploadedFeed:
        """Return the feed; without a number, the next one of its source."""
        data = dict(self.cleaned_data)
        data["mode"] = FeedMode(data["mode"])
        if data["sequence"] is None:
            last = Feed.objects.filter(source=data["source"]).aggregate(
                last=Max("sequence")
            )["last"]
            data["sequence"] = 0 if last is None else last + 1
        return UploadedFeed(**data)


@admin.register(Feed)
class FeedAdmin(ReadOnly, SteppedAdmin):
    list_display = (
        "source",
        "sequence",
        "mode",
        "state",
        "progress",
        "applied",
        "unchanged",
        "rejected",
        "held_reason",
        "created_at",
    )
    list_filter = ("state", "source", "mode")
    ordering = ("-created_at", "-id")
    fields = (
        ("source", "sequence"),
        "kind",
        ("state", "progress"),
        "next_steps",
        ("applied", "unchanged", "rejected"),
        "report",
        "counted_at",
        ("created_at", "finished_at"),
    )
    inlines = (RejectedRows,)
    change_list_template = "admin/products/feed_list.html"
    steps = {
        "release": Step(
            "Apply it",
            _release_feed,
            offered=lambda feed: feed.state == FeedState.HELD,
        ),
        "discard": Step(
            "Discard",
            _discard_feed,
            offered=lambda feed: feed.state == FeedState.HELD,
            danger=True,
        ),
    }

    def get_urls(self) -> list[URLPattern]:
        """Return the pages, with those to upload a feed and to download its report."""
        view = self.admin_site.admin_view
        return [
            path("upload/", view(self.upload_view), name="products_feed_upload"),
            path(
                "<uuid:feed_id>/report/",
                view(self.report_view),
                name="products_feed_report",
            ),
            *super().get_urls(),
        ]

    def get_readonly_fields(
        self, request: HttpRequest, obj: object = None
    ) -> list[str]:
        return ["next_steps", "progress", "report", "created_at", "kind", "held"]

    def get_fields(
        self, request: HttpRequest, obj: Feed | None = None
    ) -> Sequence[object]:
        """Return the fields; why it is held, if it is, stands above what to do about it."""
        if obj is None or not obj.held_reason:
            return self.fields
        at = self.fields.index("next_steps")
        return (*self.fields[:at], "held", *self.fields[at:])

    @admin.display(description="what it is")
    def kind(self, feed: Feed) -> str:
        said = dict(_MODES)[feed.mode]
        return f"{said}; only checked" if feed.dry_run else said

    @admin.display(description="held, because")
    def held(self, feed: Feed) -> str:
        return feed.held_reason

    def progress(self, feed: Feed) -> str:
        done = feed.applied + feed.unchanged + feed.rejected
        return f"{done} of {feed.total}"

    def report(self, feed: Feed) -> SafeString:
        address = reverse("admin:products_feed_report", args=[feed.pk])
        return format_html(
            '<a class="underline" href="{}">Download the report (CSV)</a>', address
        )

    def changelist_view(
        self,
        request: HttpRequest,
        extra_context: Mapping[str, object] | None = None,
    ) -> HttpResponseBase:
        """Show the list, with the way to upload."""
        context = {"may_upload": self.may_step(request), **(extra_context or {})}
        answer: HttpResponseBase = super().changelist_view(request, context)
        return answer

    def report_view(self, request: HttpRequest, feed_id: UUID) -> HttpResponseBase:
        """Answer the rows that were rejected or conflict, with their reasons, as a CSV."""
        feed = Feed.objects.filter(pk=feed_id).first()
        if not self.has_view_permission(request, feed):
            raise PermissionDenied
        if feed is None:
            raise Http404
        disposition = f'attachment; filename="{feed.source}-{feed.sequence}.csv"'
        return StreamingHttpResponse(
            selectors.write_report(feed_id=feed_id),
            content_type="text/csv; charset=utf-8",
            headers={
                "Content-Disposition": disposition,
                "X-Content-Type-Options": "nosniff",
            },
        )

    def upload_view(self, request: HttpRequest) -> HttpResponseBase:
        """Ask for a feed and take it in; its page says what has become of it."""
        if not self.may_step(request):
            raise PermissionDenied
        now = timezone.localtime().strftime("%Y-%m-%dT%H:%M")
        posted = request.method == "POST"
        form = (
            UploadForm(request.POST, request.FILES)
            if posted
            else UploadForm(initial={"counted_at": now})
        )
        if posted and form.is_valid():
            try:
                feed, new = staging.stage_upload(form.uploaded_feed())
            except ShopError as refusal:
                form.add_error(None, refusal.detail)
            else:
                said = (
                    "The feed is taken in."
                    if new
                    else "The same feed was taken in before: this is it."
                )
                if new:
                    self.log_addition(request, feed, [{"added": {}}])
                self.message_user(
                    request, said, messages.SUCCESS if new else messages.WARNING
                )
                return HttpResponseRedirect(
                    reverse("admin:products_feed_change", args=[feed.pk])
                )
        context = {
            **self.admin_site.each_context(request),
            "title": "Upload feed",
            "opts": self.opts,
            "form": form,
            "back": reverse("admin:products_feed_changelist"),
        }
        return TemplateResponse(
            request,
            "admin/products/feed_upload.html",
            context,
            status=422 if form.errors else 200,
        )


@admin.register(FeedPull)
class FeedPullAdmin(ReadOnlyAdmin):
    list_display = ("source", "checked_at", "last_modified", "error")
