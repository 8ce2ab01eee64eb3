"""Imports of files of any size: staff say what a file is, it is sent in parts, tried, looked at,
and imported by a job.
"""

import csv
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
    StreamingHttpResponse,
)
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from markrin.admin.base import ModelAdmin, ReadOnly
from markrin.admin.forms import CleanedData, StrictForm
from markrin.admin.widgets import PlainFile
from markrin.api.errors import ShopError
from markrin.csv_safety import escape_formula
from products.csv_reader import FileRefused
from products.importing.run import JobOptions
from products.models import ImportJob, ImportLine
from products.models.import_job import PRODUCT_KINDS, ImportKind, ImportState
from products.services import import_jobs
from products.services.import_jobs import PART_BYTES, NewImport

ROWS_A_PAGE: Final = 100
MAX_MAPPING_BYTES: Final = 64 * 1024
_PRODUCTS = ("products.add_product", "products.change_product")
# What somebody must be able to do by hand who imports, or looks at imports of, such a file.
PERMISSIONS: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(PRODUCT_KINDS, _PRODUCTS),
    ImportKind.CUSTOMERS: ("accounts.add_user",),
    ImportKind.ORDERS: ("orders.add_order",),
    ImportKind.DISCOUNTS: ("orders.add_coupon",),
    ImportKind.REVIEWS: ("products.add_review",),
    ImportKind.REDIRECTS: ("storefront.add_redirect",),
}


def find_kinds(request: HttpRequest) -> list[str]:
    """Return the kinds of files that the person may import."""
    return [
        kind
        for kind, needed in PERMISSIONS.items()
        if all(request.user.has_perm(name) for name in needed)
    ]


class ImportForm(StrictForm):
    """What the file is, and how it is to be read; the file itself comes on the next page."""

    kind = forms.ChoiceField(
        label="What is in the file", widget=UnfoldAdminSelectWidget
    )
    mapping = forms.FileField(
        label="Mapping (TOML)",
        required=False,
        widget=PlainFile(".toml"),
        help_text="only for any other CSV: which of its columns is what",
    )
    source = forms.CharField(
        max_length=40,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=(
            "where it is from: by that and their references products and past orders are known"
            " again; empty: the kind of file, or what the mapping says"
        ),
    )
    encoding = forms.CharField(
        max_length=20,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="of products, such as cp1252; empty: the file says, else UTF-8",
    )
    category = forms.CharField(
        max_length=80,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="for products that come without one; empty: Imported",
    )
    strict = forms.BooleanField(
        label="Refuse what does not fit, instead of trimming it",
        required=False,
        widget=UnfoldBooleanWidget,
    )
    theirs = forms.BooleanField(
        label="The file wins where staff and the file have changed the same",
        required=False,
        widget=UnfoldBooleanWidget,
    )
    partial = forms.BooleanField(
        label="Variants that the file leaves out stay on sale",
        required=False,
        widget=UnfoldBooleanWidget,
    )
    fetch_images = forms.BooleanField(
        label="Copy linked pictures into the shop",
        required=False,
        widget=UnfoldBooleanWidget,
    )
    invite = forms.BooleanField(
        label="Mail each new customer a link to set a password",
        required=False,
        widget=UnfoldBooleanWidget,
    )

    def __init__(self, kinds: list[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices: Any = self.fields["kind"]
        choices.choices = [
            each for each in ImportKind.choices if ImportKind(each[0]) in kinds
        ]

    def clean(self) -> CleanedData:
        """Read the mapping, which one kind of file needs."""
        data = super().clean()
        file, kind = data.get("mapping"), data.get("kind")
        data["mapping"] = ""
        if kind == ImportKind.MAPPED and file is None:
            self.add_error("mapping", "Such a file needs a mapping.")
        elif kind == ImportKind.MAPPED and file is not None:
            data["mapping"] = self._read_mapping(file)
        return data

    def _read_mapping(self, file: Any) -> str:
        if file.size > MAX_MAPPING_BYTES:
            self.add_error(
                "mapping", f"A mapping has at most {MAX_MAPPING_BYTES:,} bytes."
            )
            return ""
        try:
            return str(file.read().decode())
        except UnicodeDecodeError:
            self.add_error("mapping", "A mapping is UTF-8.")
            return ""

    def new_import(self) -> NewImport:
        """Return the import that was asked for."""
        data = self.cleaned_data
        options: JobOptions = {
            "source": data["source"],
            "encoding": data["encoding"],
            "category": data["category"],
            "strict": data["strict"],
            "theirs": data["theirs"],
            "partial": data["partial"],
            "fetch_images": data["fetch_images"],
            "invite": data["invite"],
        }
        return NewImport(
            kind=ImportKind(data["kind"]), mapping=data["mapping"], options=options
        )


@admin.register(ImportJob)
class ImportJobAdmin(ReadOnly, ModelAdmin):
    """The imports of the last month; each has one page, from its file to its report."""

    list_display = (
        *(
            "__str__",
            "state",
            "actor",
            "created",
            "changed",
            "unchanged",
            "refused",
        ),
        "created_at",
    )
    list_filter = ("state", "kind")
    list_select_related = ("actor",)
    ordering = ("-id",)

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Return whether there is a kind of file that the person may import."""
        allowed = request.user.has_perm("products.add_importjob")
        return allowed and bool(find_kinds(request))

    def get_queryset(self, request: HttpRequest) -> QuerySet[ImportJob]:
        """Return the imports of what the person may import."""
        found: QuerySet[ImportJob] = super().get_queryset(request)
        return found.filter(kind__in=find_kinds(request))

    def get_urls(self) -> list[URLPattern]:
        """Return the pages, with the file's parts and the report's download."""
        view = self.admin_site.admin_view
        return [
            path(
                "<uuid:job_id>/parts/<int:number>/",
                view(self.part_view),
                name="products_importjob_part",
            ),
            path(
                "<uuid:job_id>/report/",
                view(self.report_view),
                name="products_importjob_report",
            ),
            *super().get_urls(),
        ]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: object = None
    ) -> HttpResponseBase:
        """Ask what the file is; then lead to the page where it is chosen."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        kinds = find_kinds(request)
        form = ImportForm(kinds)
        if request.method == "POST":
            form = ImportForm(kinds, request.POST, request.FILES)
            if form.is_valid():
                actor_id: UUID = request.user.pk  # type: ignore[assignment]  # signed in
                try:
                    job_id = import_jobs.create_import(
                        form.new_import(), actor_id=actor_id
                    )
                except FileRefused as refused:
                    form.add_error(None, f"{str(refused).rstrip('.')}.")
                else:
                    job = ImportJob.objects.get(pk=job_id)
                    self.log_addition(request, job, [{"added": {}}])
                    return HttpResponseRedirect(_address_of(job_id))
        context = {
            **self.admin_site.each_context(request),
            "title": "Import a file",
            "opts": self.opts,
            "form": form,
            "back": reverse("admin:products_importjob_changelist"),
        }
        return TemplateResponse(
            request,
            "admin/products/import_new.html",
            context,
            status=422 if form.errors else 200,
        )

    def _find(self, request: HttpRequest, job_id: UUID) -> ImportJob:
        job = (
            self.get_queryset(request)
            .select_related("actor")
            .filter(pk=job_id)
            .first()
        )
        if not self.has_view_permission(request, job):
            raise PermissionDenied
        if job is None:
            raise Http404
        return job

    def part_view(
        self, request: HttpRequest, job_id: UUID, number: int
    ) -> HttpResponseBase:
        """Take a part of the file, which the page's script sends as it is."""
        if request.method != "POST":
            return HttpResponse(status=HTTPStatus.METHOD_NOT_ALLOWED)
        if not self.has_add_permission(request):
            raise PermissionDenied
        job = self._find(request, job_id)
        try:
            come = import_jobs.add_part(request.body, job_id=job.pk, number=number)
        except ShopError as refusal:
            return JsonResponse({"detail": refusal.detail}, status=refusal.status)
        return JsonResponse({"bytes": come})

    def report_view(self, request: HttpRequest, job_id: UUID) -> HttpResponseBase:
        """Answer the whole report as a CSV."""
        job = self._find(request, job_id)
        return StreamingHttpResponse(
            _write_report(job),
            content_type="text/csv; charset=utf-8",
            headers={
                "Content-Disposition": 'attachment; filename="import-report.csv"',
                "X-Content-Type-Options": "nosniff",
            },
        )

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: object = None,
    ) -> HttpResponseBase:
        """Show the import; on POST go on with it as the button says. Services have their
        transactions.
        """
        try:
            job = self._find(request, UUID(object_id))
        except (ValueError, Http404):
            return self._get_obj_does_not_exist_redirect(  # type: ignore[no-any-return]  # Django's
                request, self.opts, object_id
            )
        may = self.has_add_permission(request)
        if request.method != "POST":
            return self._page(request, job, may=may)
        if not may:
            raise PermissionDenied
        try:
            self._do(request, job)
        except ShopError as refusal:
            self.message_user(request, refusal.detail, messages.ERROR)
        return HttpResponseRedirect(_address_of(job.pk))

    def _do(self, request: HttpRequest, job: ImportJob) -> None:
        match request.POST.get("do"):
            case "preview":
                size = request.POST.get("size", "")[
                    :20
                ]  # int() refuses 4,300 digits
                import_jobs.begin_preview(
                    job_id=job.pk,
                    file_name=request.POST.get("name", ""),
                    size=int(size) if size.isdecimal() else 0,
                )
            case "import":
                import_jobs.begin_import(job_id=job.pk)
                self.log_change(request, job, "The import begins.")
            case "discard":
                import_jobs.discard_import(job_id=job.pk)
                self.log_change(request, job, "The import is discarded.")

    def _page(
        self, request: HttpRequest, job: ImportJob, *, may: bool
    ) -> HttpResponse:
        show = request.GET.get("show", "")
        lines = job.report_lines.order_by("pk")
        if show in job.kinds:
            lines = lines.filter(kind=show)
        shown = job.kinds.get(show, sum(job.kinds.values()))
        page = _CountedPaginator(lines, shown).get_page(request.GET.get("p"))
        context = {
            **self.admin_site.each_context(request),
            "title": str(job),
            "opts": self.opts,
            "job": job,
            "may": may,
            "page": page,
            "show": show if show in job.kinds else "",
            "part_bytes": PART_BYTES,
            "come": import_jobs.count_bytes(job)
            if job.state == ImportState.UPLOADING
            else 0,
            "parts_url": reverse("admin:products_importjob_part", args=[job.pk, 0]),
        }
        return TemplateResponse(request, "admin/products/import_job.html", context)


class _CountedPaginator(Paginator):  # type: ignore[type-arg]  # it takes no parameter when it runs
    """Pages of lines whose number the import itself has counted."""

    def __init__(self, lines: QuerySet[ImportLine], number: int) -> None:
        super().__init__(lines, ROWS_A_PAGE)
        self.__dict__["count"] = number


def _address_of(job_id: UUID) -> str:
    return reverse("admin:products_importjob_change", args=[job_id])


class _Echo:
    """A file that gives back what is written."""

    def write(self, text: str) -> str:
        return text


def _write_report(job: ImportJob) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow(("line", "row", "column", "kind", "reason", "message"))
    for each in job.report_lines.order_by("pk").iterator(chunk_size=1000):
        yield writer.writerow(
            (
                *(each.line, escape_formula(each.ref), escape_formula(each.column)),
                *(each.kind, each.code, escape_formula(each.message)),
            )
        )
