"""The catalogue as a CSV file: django-import-export's pages, with the reader, the rules and
the writer of the imports.

The library asks for the file, keeps it until it is confirmed, and offers the download; what
a row means, and what is wrong with it, is for `products.importing` alone, so that a file is
judged here as it is by `manage.py import_products`."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast
from uuid import UUID, uuid4

from django import forms
from django.contrib import messages
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import (
    HttpRequest,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from import_export import resources
from import_export.admin import ImportExportMixin
from import_export.formats.base_formats import CSV
from import_export.forms import ConfirmImportForm
from import_export.results import Error, Result, RowResult
from import_export.tmp_storages import BaseStorage
from unfold.contrib.import_export.forms import ImportForm

from markrin.admin.forms import Strict
from markrin.admin.widgets import PlainFile
from products.csv_reader import CsvShape, FileRefused
from products.importing import exporter, formats, importer
from products.models import ImportFile, Product

MAX_BYTES = 5 * 1024 * 1024
MAX_LINES = 10_000
_STORED_FOR = timedelta(days=1)


@dataclass(frozen=True)
class UploadedFile:
    """A file as it was sent, and of which kind: reading it is the importer's."""

    content: bytes
    kind: str


class NativeCSV(CSV):
    """The shop's own CSV, handed on unread."""

    kind, title = "own", "the shop's own CSV"

    def get_title(self) -> str:
        return self.title

    def is_binary(self) -> bool:
        # so that nothing decodes it before the reader that names the line which is not
        # UTF-8
        return True

    def get_read_mode(self) -> str:
        return "rb"

    def create_dataset(self, in_stream: bytes, **kwargs: object) -> UploadedFile:
        return UploadedFile(in_stream, self.kind)


class ShopifyCSV(NativeCSV):
    """Shopify's product export."""

    kind, title = "shopify", "Shopify's product export"


class WooCommerceCSV(NativeCSV):
    """WooCommerce's product export."""

    kind, title = "woocommerce", "WooCommerce's product export"


_FORMATS = (NativeCSV, ShopifyCSV, WooCommerceCSV)


class DatabaseStorage(BaseStorage):
    """Keeps the file between preview and import where every web process finds it."""

    def save(self, data: bytes) -> None:
        self.name = uuid4().hex
        ImportFile.objects.filter(
            created_at__lt=timezone.now() - _STORED_FOR
        ).delete()
        ImportFile.objects.create(name=self.name, content=data)

    def read(self) -> bytes:
        return bytes(ImportFile.objects.get(name=self.name).content)

    def remove(self) -> None:
        ImportFile.objects.filter(name=self.name).delete()


class ProductResource(resources.Resource):
    """Products, as the importer reads and writes them."""

    def import_data(
        self, dataset: UploadedFile, dry_run: bool = False, **kwargs: object
    ) -> Result:
        """Import the file whole, or say what is wrong with it; `result.report` is the
        importer's own.
        """
        result = Result()
        try:
            format_ = formats.make_format(
                dataset.kind, None, "Imported", CsvShape(delimiter="")
            )
            result.report = report = importer.import_all_or_nothing(
                dataset.content, format_, dry_run=dry_run
            )
        except FileRefused as refused:
            result.append_base_error(Error(refused))
            return result
        if report.rejected:
            result.append_base_error(
                Error(
                    ValueError(
                        f"{report.rejected} of {report.products} products are refused."
                    )
                )
            )
        result.totals[RowResult.IMPORT_TYPE_NEW] = report.created
        result.totals[RowResult.IMPORT_TYPE_UPDATE] = report.updated
        result.totals[RowResult.IMPORT_TYPE_SKIP] = report.unchanged
        return result

    @classmethod
    def get_display_name(cls) -> str:
        return "Products"

    def get_user_visible_fields(self) -> list[object]:
        return []


class FileForm(Strict, ImportForm):
    """Asks for a file that one request can import."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["import_file"].widget = PlainFile(".csv,text/csv")
        kinds = cast(forms.ChoiceField, self.fields["format"])
        kinds.choices = [
            (str(number), kind.title) for number, kind in enumerate(_FORMATS)
        ]
        kinds.initial = "0"
        kinds.widget.attrs["class"] = (
            "border border-base-300 rounded-default px-3 py-2 bg-white dark:bg-base-900"
            " dark:border-base-700"
        )

    def clean_import_file(self) -> object:
        """Refuse what is too large, and say what to do with it."""
        file = self.cleaned_data["import_file"]
        lines = 0
        if file.size <= MAX_BYTES:
            lines = sum(block.count(b"\n") for block in file.chunks())
            file.seek(0)
        if file.size > MAX_BYTES or lines > MAX_LINES:
            raise forms.ValidationError(
                f"This takes at most {MAX_BYTES // 1024**2} MB and {MAX_LINES:,} lines;"
                " larger files are for Imports, in the menu."
            )
        return file


class ConfirmForm(Strict, ConfirmImportForm):
    """Names the file that was previewed, and its kind. There is one resource: whatever is
    posted, it is that.
    """

    def clean_format(self) -> str:
        given = str(self.cleaned_data.get("format"))
        return given if given in map(str, range(len(_FORMATS))) else "0"

    def clean_resource(self) -> str:
        return "0"


class CatalogueTransfer(ImportExportMixin):
    """Mixed into the product's ModelAdmin: Import and Export in its list, and an export of
    selected rows.
    """

    resource_classes = (ProductResource,)
    formats = _FORMATS
    import_form_class = FileForm
    confirm_form_class = ConfirmForm
    tmp_storage_class = DatabaseStorage
    skip_export_form = True
    import_template_name = "admin/products/import.html"
    import_export_change_list_template = "admin/products/product_list.html"

    def has_import_permission(self, request: HttpRequest) -> bool:
        """Return whether the user may both add and change products."""
        return bool(
            self.has_add_permission(request) and self.has_change_permission(request)
        )

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Return whether the user may look at products."""
        return bool(self.has_view_permission(request))

    def process_import(
        self, request: HttpRequest, **kwargs: object
    ) -> HttpResponseBase:
        """Import what was previewed; the file may have been thrown away meanwhile."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        if request.method != "POST" or self.create_confirm_form(request).is_valid():
            with suppress(ImportFile.DoesNotExist):
                # it has no types
                return super().process_import(request, **kwargs)  # type: ignore[no-any-return]
        messages.error(request, "The file is no longer here. Upload it again.")
        return HttpResponseRedirect(reverse("admin:products_product_import"))

    def process_result(
        self, result: Result, request: HttpRequest
    ) -> HttpResponseBase:
        """Say what was imported; if something has come in between since the preview, that
        nothing was.
        """
        if not result.has_errors():
            # it has no types
            return super().process_result(result, request)  # type: ignore[no-any-return]
        context = {
            **self.admin_site.each_context(request),
            "title": "Import",
            "form": self.create_import_form(request),
            "opts": self.opts,
            "media": self.media,
            "result": result,
        }
        return TemplateResponse(
            request, self.import_template_name, context, status=409
        )

    def generate_log_entries(self, result: Result, request: HttpRequest) -> None:
        """Note each product that was made or changed, with what is otherwise now."""
        kind = ContentType.objects.get_for_model(Product)
        LogEntry.objects.bulk_create(
            LogEntry(
                user_id=request.user.pk,  # type: ignore[misc]  # signed in
                content_type=kind,
                object_id=str(change.product_id),
                object_repr=change.name[:200],
                action_flag=ADDITION if change.is_new else CHANGE,
                change_message=f"Import, line {change.line}: {change.says or 'new'}",
            )
            for change in result.report.changes
        )

    def add_success_message(self, result: Result, request: HttpRequest) -> None:
        """Say how much it was."""
        report = result.report
        messages.success(
            request,
            f"Imported: {report.created} new, {report.updated} changed, {report.unchanged}"
            " unchanged products.",
        )

    def _do_file_export(
        self,
        file_format: Any,
        request: HttpRequest,
        queryset: Any,
        export_form: Any = None,
    ) -> Any:
        return send_file(queryset)


def send_file(products: QuerySet[Product]) -> StreamingHttpResponse:
    """Answer with a CSV of these products, written while it is sent."""
    ids: Sequence[UUID] = list(products.values_list("pk", flat=True))
    name = f"products-{timezone.localdate()}.csv"
    return StreamingHttpResponse(
        exporter.export_csv(ids),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
        },
    )
