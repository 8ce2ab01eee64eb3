"""Exports of a list as CSV: chosen columns of the filtered rows, streamed, with a limit."""

import copy
import csv
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from django import forms
from django.contrib.admin import ModelAdmin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import SuspiciousOperation
from django.db.models import Model, QuerySet
from django.http import HttpRequest, QueryDict, StreamingHttpResponse
from django.utils import timezone
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminTextInputWidget,
)

from markrin.admin.amounts import drop_zeros
from markrin.admin.forms import StrictForm
from markrin.admin.models import SavedExport
from markrin.admin.staff import get_staff
from markrin.csv_safety import escape_formula

MAX_ROWS = 100_000
MAX_SAVED = 50  # of one person for one page
_CHUNK = 2_000
_BYTE_ORDER_MARK = "\ufeff"  # without it spreadsheets take UTF-8 for something else


class ExportForm(StrictForm):
    """The columns to export, and a name if the export is to be saved."""

    columns = forms.MultipleChoiceField(
        widget=UnfoldAdminCheckboxSelectMultipleWidget
    )
    name = forms.CharField(
        max_length=80,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="to find it here again",
    )

    def __init__(
        self, names: Sequence[str], *args: object, **kwargs: object
    ) -> None:
        super().__init__(*args, **kwargs)
        choice: Any = self.fields["columns"]
        choice.choices, choice.initial = (
            [(name, name) for name in names],
            list(names),
        )


def list_filtered_rows(
    page: "ModelAdmin[Model]", request: HttpRequest, query: str
) -> QuerySet[Model]:
    """Return what an admin page (a ModelAdmin) lists for a query string.

    Raises:
        ValueError: a filter in it means nothing any more.
    """
    list_request = copy.copy(request)
    list_request.GET = QueryDict(query)
    try:
        rows: QuerySet[Model] = page.get_changelist_instance(list_request).queryset
        return rows
    except (IncorrectLookupParameters, SuspiciousOperation) as exc:
        raise ValueError("these filters are not known here") from exc


def has_too_many_rows(rows: QuerySet[Model]) -> bool:
    """Return whether there are more rows than one export takes. One bounded query."""
    return bool(rows.order_by()[: MAX_ROWS + 1].count() > MAX_ROWS)


def stream_csv(
    request: HttpRequest,
    rows: QuerySet[Model],
    columns: Mapping[str, str],
    *,
    name: str,
) -> StreamingHttpResponse:
    """Answer with the rows as CSV, newest first, at most MAX_ROWS; `columns` are headings
    with paths of fields.

    Read by key in chunks, so that neither memory nor a transaction grows with the table.
    Who took what is logged, as it may be customers' data."""
    model, actor_id = rows.model, cast(UUID, request.user.pk)
    LogEntry.objects.create(
        user_id=actor_id,
        content_type=ContentType.objects.get_for_model(model),
        object_repr=f"export of {model._meta.verbose_name_plural}"[:200],
        action_flag=CHANGE,
        change_message=f"Exported {', '.join(columns)}.",
    )
    day = timezone.localdate().isoformat()
    return StreamingHttpResponse(
        _csv_lines(rows, columns),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}-{day}.csv"',
            "Cache-Control": "no-store",
        },
    )


class _Echo:
    def write(self, line: str) -> str:
        """Hand the line back, as csv's writer returns what `write` does."""
        return line


def _csv_lines(rows: QuerySet[Model], columns: Mapping[str, str]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield _BYTE_ORDER_MARK + writer.writerow(columns)
    left, last = MAX_ROWS, None
    while left > 0:
        part = rows if last is None else rows.filter(pk__lt=last)
        chunk = list(
            part.order_by("-pk").values_list("pk", *columns.values())[
                : min(_CHUNK, left)
            ]
        )
        if not chunk:
            return
        for _, *values in chunk:
            yield writer.writerow([cell_text(value) for value in values])
        left, last = left - len(chunk), chunk[-1][0]


def cell_text(value: object) -> object:
    """Return a value as a cell: times in the shop's zone, and no text that a spreadsheet
    takes for a formula.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return timezone.localtime(value).isoformat(sep=" ", timespec="seconds")
    if isinstance(value, Decimal):
        return drop_zeros(value)
    return escape_formula(value) if isinstance(value, str) else value


def list_saved_exports(request: HttpRequest, page: str) -> QuerySet[SavedExport]:
    """Return the exports that the user has saved for a page."""
    return SavedExport.objects.filter(user_id=get_staff(request).pk, page=page)
