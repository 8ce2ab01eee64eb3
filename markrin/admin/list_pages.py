"""What every list page of the admin gets: filters that stick, exports, and a log of values
before and after.
"""

from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite as Site
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.db.models.options import Options
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from markrin.admin import changes, exports, filters
from markrin.admin.models import QUERY_MAX, SavedExport
from markrin.admin.staff import get_staff


class ListPages:
    """Mixed into a ModelAdmin. `export_columns` (heading → path of a field) is what may be
    exported; none: nothing.

    Of the fields in `unlogged` the log names no values: what a person may ask to be
    forgotten must not live on there."""

    export_columns: Mapping[str, str] = {}
    unlogged: Collection[str] = ()
    opts: "Options[Model]"
    admin_site: Site

    def get_urls(self) -> list[URLPattern]:
        """Return the pages, with those of the exports."""
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        view = self.admin_site.admin_view
        own = [
            path("export/", view(self.export_view), name=name),
            path(
                "export/<uuid:pk>/",
                view(self.saved_export_view),
                name=f"{name}_saved",
            ),
        ]
        # the ModelAdmin's
        return [*(own if self.export_columns else ()), *super().get_urls()]  # type: ignore[misc]

    def changelist_view(
        self,
        request: HttpRequest,
        extra_context: Mapping[str, object] | None = None,
    ) -> HttpResponseBase:
        """Show the list, with the filters that were left."""
        if (
            request.method == "GET"
            and "_popup" not in request.GET
            and self._may_look(request)
        ):
            kept = filters.restore_or_save_filter(request)
            if kept is not None:
                return kept
        context = {
            "kept_query": filters.filter_query(request)
            if request.method == "GET"
            else "",
            "reset_link": f"{request.path}?{filters.RESET}=1",
            "export_link": self._export_link(request)
            if self.export_columns
            else "",
            **(extra_context or {}),
        }
        # the ModelAdmin's
        return super().changelist_view(request, context)  # type: ignore[misc,no-any-return]

    def construct_change_message(
        self,
        request: HttpRequest,
        form: forms.Form,
        formsets: Iterable[changes.Formset],
        add: bool = False,
    ) -> list[dict[str, object]]:
        """Return what the log keeps of a change: the fields, with their values before and after."""
        return changes.describe_changes(form, formsets, add, hidden=self.unlogged)

    def _may_look(self, request: HttpRequest) -> bool:
        # the ModelAdmin's
        return bool(self.has_view_or_change_permission(request))  # type: ignore[attr-defined]

    def _filtered_list(self) -> str:
        return reverse(
            f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"
        )

    def _export_link(self, request: HttpRequest) -> str:
        link = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_export")
        query = request.GET.urlencode()
        return f"{link}?{query}" if query else link

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """Ask for the columns, and answer with the file; or put the export aside under a
        name; or throw one away.
        """
        if not self._may_look(request):
            raise PermissionDenied
        saved = exports.list_saved_exports(request, self._filtered_list())
        if request.method == "POST" and "delete" in request.POST:
            saved.filter(pk__in=_read_key(request.POST["delete"])).delete()
            return HttpResponseRedirect(request.get_full_path())
        form = exports.ExportForm(
            list(self.export_columns),
            request.POST if request.method == "POST" else None,
        )
        if request.method == "POST" and form.is_valid():
            answer = (
                self._save_export(request, form)
                if "save" in request.POST
                else self._send_export(request, form)
            )
            if answer is not None:
                return answer
        context = {
            **self.admin_site.each_context(request),
            "title": f"Export {self.opts.verbose_name_plural}",
            "form": form,
            "filtered": filters.filter_query(request) or "q" in request.GET,
            "saved": saved,
            "back": f"{self._filtered_list()}?{request.GET.urlencode()}",
            "most": exports.MAX_ROWS,
        }
        status = 200 if request.method == "GET" else 422
        return TemplateResponse(
            request, "shop_admin/export.html", context, status=status
        )

    def saved_export_view(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """Answer with the file of a saved export."""
        saved: SavedExport | None = (
            exports.list_saved_exports(request, self._filtered_list())
            .filter(pk=pk)
            .first()
        )
        if not self._may_look(request):
            raise PermissionDenied
        if saved is None:
            raise Http404
        columns = {
            name: self.export_columns[name]
            for name in saved.columns
            if name in self.export_columns
        }
        message, answer = self._export_file(request, saved.query, columns)
        if answer is None:
            messages.error(request, f"{saved.name}: {message}")
            return HttpResponseRedirect(
                reverse(
                    f"admin:{self.opts.app_label}_{self.opts.model_name}_export"
                )
            )
        return answer

    def _save_export(
        self, request: HttpRequest, form: exports.ExportForm
    ) -> HttpResponseBase | None:
        name, query = form.cleaned_data["name"], filters.filter_query(request)
        page = self._filtered_list()
        if not name:
            form.add_error("name", "Say under which name.")
        elif (
            len(query) > QUERY_MAX
            or exports.list_saved_exports(request, page).count()
            >= exports.MAX_SAVED
        ):
            form.add_error(
                None, "That is too much to keep: throw another export away first."
            )
        else:
            saved = {"query": query, "columns": form.cleaned_data["columns"]}
            SavedExport.objects.update_or_create(
                user_id=get_staff(request).pk, page=page, name=name, defaults=saved
            )
            messages.success(
                request,
                f"{name} is kept: the filters and columns, not what you searched for.",
            )
            return HttpResponseRedirect(request.get_full_path())
        return None

    def _send_export(
        self, request: HttpRequest, form: exports.ExportForm
    ) -> HttpResponseBase | None:
        columns = {
            name: self.export_columns[name] for name in form.cleaned_data["columns"]
        }
        message, answer = self._export_file(
            request, request.GET.urlencode(), columns
        )
        if answer is None:
            form.add_error(None, message)
        return answer

    def _export_file(
        self, request: HttpRequest, query: str, columns: Mapping[str, str]
    ) -> tuple[str, HttpResponseBase | None]:
        """Return the file, or why there is none."""
        try:
            # mixed into a ModelAdmin
            rows = exports.list_filtered_rows(self, request, query)  # type: ignore[arg-type]
        except ValueError as exc:
            return f"Nothing was exported: {exc}.", None
        if exports.has_too_many_rows(rows):
            return (
                f"These are more than {exports.MAX_ROWS:,} rows: narrow the filters.",
                None,
            )
        return "", exports.stream_csv(
            request, rows, columns, name=str(self.opts.model_name)
        )


def _read_key(text: str) -> list[UUID]:
    try:
        return [UUID(text)]
    except ValueError:
        return []
