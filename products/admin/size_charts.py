"""The size-chart editor: a grid of sizes and measures, in centimetres or inches, written as
a whole by the service.
"""

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import TypeVar
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import PermissionDenied
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    QueryDict,
)
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from markrin.admin.base import ModelAdmin
from markrin.admin.forms import StrictForm
from markrin.api.errors import Invalid, ShopError
from products.models import Category, SizeChart
from products.schemas.size_charts import NewSizeChart, ReplaceSizeChart, SizeTable
from products.selectors import size_tables
from products.selectors.size_tables import build_table
from products.services import size_charts

MAX_ROWS, MAX_COLUMNS = 100, 20
T = TypeVar("T")
_CM = {
    "cm": Decimal(1),
    "in": Decimal("2.54"),
}  # an inch is exactly that, by agreement of 1959
_TENTH = Decimal("0.1")


@dataclass
class Grid:
    """What stands in the editor, as typed: each cell one length or two with a hyphen
    between them.
    """

    unit: str = "cm"
    measures: list[str] = field(default_factory=lambda: ["chest", "waist"])
    sizes: list[str] = field(default_factory=lambda: ["S", "M", "L"])
    cells: list[list[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make every row as wide as the grid."""
        self.cells = [
            [
                *(self.cells[row] if row < len(self.cells) else []),
                *[""] * len(self.measures),
            ][: len(self.measures)]
            for row in range(len(self.sizes))
        ]

    @classmethod
    def posted(cls, data: QueryDict) -> "Grid":
        """Return the grid that a form has sent; what is too large is cut off, where the
        schema still refuses it.
        """
        measures = data.getlist("measure")[: MAX_COLUMNS + 1]
        sizes = data.getlist("size")[: MAX_ROWS + 1]
        cells = [
            data.getlist(f"cell-{row}")[: len(measures)]
            for row in range(len(sizes))
        ]
        unit = data.get("unit") or ""
        return cls(unit if unit in _CM else "cm", measures, sizes, cells)

    @classmethod
    def of(cls, chart: SizeChart) -> "Grid":
        """Return the grid of a chart."""
        rows = list(
            chart.entries.order_by("row", "column").values(
                "size", "measure", "min_cm", "max_cm"
            )
        )
        table = build_table(
            {
                "entries": [
                    {
                        **row,
                        "min_cm": str(row["min_cm"]),
                        "max_cm": str(row["max_cm"]),
                    }
                    for row in rows
                ]
            }
        )
        cells = [
            [_format_range(each["cm"]) for each in row["values"]]
            for row in table["rows"]
        ]
        return cls(
            "cm", table["measures"], [row["size"] for row in table["rows"]], cells
        )

    def changed(self, action: str) -> "Grid":
        """Return the grid after one of the buttons: add-row, add-column, drop-row-1,
        drop-column-0, unit-in.
        """
        name, _, place = action.rpartition("-")
        number = (
            int(place)
            if place.isdecimal() and len(place) < 4
            else len(self.sizes) + len(self.measures)
        )
        match name, place:
            case "add", "row":
                return Grid(self.unit, self.measures, [*self.sizes, ""], self.cells)
            case "add", "column":
                return Grid(self.unit, [*self.measures, ""], self.sizes, self.cells)
            case "drop-row", _:
                return Grid(
                    self.unit,
                    self.measures,
                    _drop_index(self.sizes, number),
                    _drop_index(self.cells, number),
                )
            case "drop-column", _:
                cells = [_drop_index(row, number) for row in self.cells]
                return Grid(
                    self.unit, _drop_index(self.measures, number), self.sizes, cells
                )
            case "unit", ("cm" | "in") as unit if unit != self.unit:
                factor = _CM[self.unit] / _CM[unit]
                return Grid(
                    unit,
                    self.measures,
                    self.sizes,
                    [[_convert_cell(c, factor) for c in row] for row in self.cells],
                )
        return self

    def table(self) -> dict[str, object]:
        """Return the grid as the API's schema reads it: lengths in centimetres, to the tenth."""
        rows = [
            {"size": size, "values": [self._range(cell) for cell in row]}
            for size, row in zip(self.sizes, self.cells, strict=True)
        ]
        return {"measures": self.measures, "rows": rows}

    def _range(self, cell: str) -> dict[str, str]:
        low, _, high = cell.replace("–", "-").partition("-")
        lower = _parse_length(low, _CM[self.unit])
        return {
            "min": lower,
            "max": _parse_length(high, _CM[self.unit]) if high.strip() else lower,
        }


def _drop_index(rows: list[T], place: int) -> list[T]:
    return [*rows[:place], *rows[place + 1 :]] if len(rows) > 1 else rows


def _parse_length(text: str, factor: Decimal) -> str:
    """Return a length in centimetres as the schema takes it, or the text, for the schema to
    refuse.
    """
    try:
        number = Decimal(text.strip().replace(",", "."))
        return (
            str((number * factor).quantize(_TENTH, ROUND_HALF_UP))
            if abs(number) < 10_000
            else text
        )
    except InvalidOperation:
        return text


def _convert_cell(cell: str, factor: Decimal) -> str:
    return (
        "-".join(
            _parse_length(part, factor)
            for part in cell.replace("–", "-").split("-")
        )
        if cell.strip()
        else cell
    )


def _format_range(value: dict[str, str] | None) -> str:
    if value is None:
        return ""
    return (
        value["min"]
        if value["min"] == value["max"]
        else f"{value['min']}-{value['max']}"
    )


class HeadForm(StrictForm):
    """What stands above the grid."""

    category = forms.ModelChoiceField(
        queryset=Category.objects.all(),
        widget=AutocompleteSelect(
            SizeChart._meta.get_field("category"), admin.site
        ),
        help_text="and those below it that have no chart of their own",
    )
    title = forms.CharField(max_length=80, widget=UnfoldAdminTextInputWidget)
    note = forms.CharField(
        max_length=1000,
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
    )


@admin.register(SizeChart)
class SizeChartAdmin(ModelAdmin):
    list_display = ("title", "category")
    list_select_related = ("category",)
    search_fields = ("title__icontains", "category__name__icontains")

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: object = None
    ) -> HttpResponseBase:
        """Edit a new chart."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        return self._editor(request, None)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: object = None,
    ) -> HttpResponseBase:
        """Edit a chart, or look at it."""
        chart = _find_chart(object_id)
        if chart is None:
            return self._get_obj_does_not_exist_redirect(  # type: ignore[no-any-return]  # Django's
                request, self.opts, object_id
            )
        if not self.has_view_permission(request, chart):
            raise PermissionDenied
        if request.method == "POST" and not self.has_change_permission(
            request, chart
        ):
            raise PermissionDenied
        return self._editor(request, chart)

    def _editor(
        self, request: HttpRequest, chart: SizeChart | None
    ) -> HttpResponseBase:
        if request.method != "POST":
            grid = Grid.of(chart) if chart else Grid()
            return self._page(request, chart, _head_values(chart), grid)
        action = request.POST.get("do", "")
        grid = Grid.posted(request.POST).changed(action)
        if action not in ("preview", "save"):
            return self._page(
                request,
                chart,
                _head_values(chart, request.POST, validate=False),
                grid,
            )
        head, errors, read = (
            _head_values(chart, request.POST),
            dict[str, str](),
            None,
        )
        if head.is_valid():
            said = {name: head.cleaned_data[name] for name in ("title", "note")}
            try:
                read = ReplaceSizeChart().load({**grid.table(), **said})
                if action == "save":
                    return self._save(request, chart, head, read)
            except Invalid as exc:
                errors = {
                    error.get("pointer", ""): error["message"]
                    for error in exc.errors
                }
            except ShopError as refusal:
                head.add_error(None, refusal.detail)
        bad = errors or not head.is_valid()
        return self._page(
            request,
            chart,
            head,
            grid,
            errors,
            _preview_table(read),
            status=422 if bad else 200,
        )

    def _save(
        self,
        request: HttpRequest,
        chart: SizeChart | None,
        head: HeadForm,
        table: SizeTable,
    ) -> HttpResponseBase:
        if chart is None:
            category = head.cleaned_data["category"]
            size_charts.create_size_chart(
                NewSizeChart(
                    category_id=category.pk,
                    title=table.title,
                    note=table.note,
                    measures=table.measures,
                    rows=table.rows,
                )
            )
            chart = SizeChart.objects.get(category=category)
            self.log_addition(request, chart, [{"added": {}}])
        else:
            size_charts.replace_size_chart(table, key=chart.category_id)
            self.log_change(
                request, chart, [{"changed": {"fields": ["the table"]}}]
            )
        self.message_user(request, f"{chart.title} is saved.", messages.SUCCESS)
        return HttpResponseRedirect(
            reverse("admin:products_sizechart_change", args=[chart.pk])
        )

    def _page(
        self,
        request: HttpRequest,
        chart: SizeChart | None,
        head: HeadForm,
        grid: Grid,
        errors: dict[str, str] | None = None,
        preview: object = None,
        *,
        status: int = 200,
    ) -> HttpResponse:
        errors = errors or {}
        may = (
            self.has_change_permission(request, chart)
            if chart
            else self.has_add_permission(request)
        )
        context = {
            **self.admin_site.each_context(request),
            "title": str(chart) if chart else "Add size chart",
            "opts": self.opts,
            "original": chart,
            "head": head,
            "media": self.media + head.media,
            "may": may,
            "may_delete": chart is not None
            and self.has_delete_permission(request, chart),
            "unit": grid.unit,
            "columns": [
                (name, _under(errors, f"/measures/{at}"))
                for at, name in enumerate(grid.measures)
            ],
            "rows": _rows(grid, errors),
            "errors": sorted({*errors.values()}),
            "preview": preview
            or (
                _preview_chart(chart)
                if chart and not errors and request.method != "POST"
                else None
            ),
        }
        return TemplateResponse(
            request, "admin/products/size_chart.html", context, status=status
        )


def _find_chart(object_id: str) -> SizeChart | None:
    try:
        return (
            SizeChart.objects.select_related("category")
            .filter(pk=UUID(object_id))
            .first()
        )
    except ValueError:
        return None


def _head_values(
    chart: SizeChart | None, data: QueryDict | None = None, *, validate: bool = True
) -> HeadForm:
    """Return the form; on an existing chart, the category cannot be chosen; without
    `validate`, it only shows again.
    """
    initial: dict[str, object] = {}
    if chart:
        initial = {
            "category": chart.category_id,
            "title": chart.title,
            "note": chart.note,
        }
    if data is not None and not validate:
        initial |= {name: data.get(name, "") for name in ("title", "note")}
        initial.setdefault("category", data.get("category") or None)
    form = HeadForm(data if validate else None, initial=initial)
    form.fields["category"].disabled = chart is not None
    return form


def _rows(grid: Grid, errors: dict[str, str]) -> list[dict[str, object]]:
    return [
        {
            "size": size,
            "error": _under(errors, f"/rows/{at}/size"),
            "cells": [
                {
                    "text": cell,
                    "error": _under(errors, f"/rows/{at}/values/{place}"),
                    "measure": measure,
                }
                for place, (cell, measure) in enumerate(
                    zip(cells, grid.measures, strict=True)
                )
            ],
        }
        for at, (size, cells) in enumerate(zip(grid.sizes, grid.cells, strict=True))
    ]


def _under(errors: dict[str, str], pointer: str) -> str:
    """Return what is wrong at this place or within it."""
    return next(
        (
            text
            for at, text in errors.items()
            if at == pointer or at.startswith(f"{pointer}/")
        ),
        "",
    )


def _preview_table(table: SizeTable | None) -> object:
    """Return a table that the schema has read, as shoppers see it: in centimetres and in inches."""
    if table is None:
        return None
    entries = [
        {
            "size": row.size,
            "measure": name,
            "min_cm": str(cell.min),
            "max_cm": str(cell.max),
        }
        for row in table.rows
        for name, cell in zip(table.measures, row.values, strict=True)
    ]
    return build_table(
        {"title": table.title, "note": table.note, "entries": entries}
    )


def _preview_chart(chart: SizeChart) -> object:
    return size_tables.get_size_chart(key=chart.category_id)
