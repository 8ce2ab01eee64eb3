"""Size charts, written as whole tables."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from markrin.api.errors import NotFound
from markrin.cache.tags import invalidate
from products import errors
from products.models import Category, SizeChart, SizeChartEntry


@transaction.atomic(durable=True)
def create_size_chart(*, category_id: UUID, **table: Any) -> None:
    """Give a category its own chart; `table` is as `schemas.ReplaceSizeChart` reads it,
    lengths in centimetres.

    Locks: the category.

    Raises:
        CategoryUnknown: there is no such category.
        SizeChartExists: it has one.
    """
    category = Category.objects.filter(pk=category_id).locked().first()
    if category is None:
        raise errors.CategoryUnknown
    if SizeChart.objects.filter(category=category).exists():
        raise errors.SizeChartExists
    _write_chart(SizeChart(category=category), **table)


@transaction.atomic(durable=True)
def replace_size_chart(*, key: UUID | str, **table: Any) -> None:
    """Put this table in the place of the chart that the category itself has. Locks: the chart.

    Raises:
        NotFound: it has none of its own.
    """
    _write_chart(_lock_own_chart(key), **table)


@transaction.atomic(durable=True)
def delete_size_chart(*, key: UUID | str) -> None:
    """Delete the category's own chart; the next one above it then holds. Locks: the chart.

    Raises:
        NotFound: it has none of its own.
    """
    _lock_own_chart(key).delete()


def _lock_own_chart(key: UUID | str) -> SizeChart:
    of = {"category": key} if isinstance(key, UUID) else {"category__slug": key}
    chart = SizeChart.objects.filter(**of).select_for_update(of=("self",)).first()
    if chart is None:
        raise NotFound
    return chart


def _write_chart(
    chart: SizeChart,
    *,
    title: str,
    note: str,
    measures: Sequence[str],
    rows: Sequence[dict[str, Any]],
) -> None:
    chart.title, chart.note = title, note
    chart.save()
    chart.entries.all().delete()
    SizeChartEntry.objects.bulk_create(
        SizeChartEntry(
            chart=chart,
            size=row["size"],
            measure=measure,
            min_cm=value["min"],
            max_cm=value["max"],
            row=place,
            column=column,
        )
        for place, row in enumerate(rows)
        for column, (measure, value) in enumerate(
            zip(measures, row["values"], strict=True)
        )
    )
    invalidate("size-charts")
