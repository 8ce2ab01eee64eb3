"""Size charts, written as whole tables."""

from uuid import UUID

from markrin.api.errors import NotFound
from markrin.cache.tags import invalidate
from markrin.db import transactions
from products import errors
from products.models import Category, SizeChart, SizeChartEntry
from products.schemas.size_charts import NewSizeChart, SizeTable


@transactions.durable
def create_size_chart(body: NewSizeChart) -> None:
    """Give a category its own chart, in centimetres.

    Locks: the category.

    Raises:
        CategoryUnknown: there is no such category.
        SizeChartExists: it has one.
    """
    category = Category.objects.filter(pk=body.category_id).locked().first()
    if category is None:
        raise errors.CategoryUnknown
    if SizeChart.objects.filter(category=category).exists():
        raise errors.SizeChartExists
    _write_chart(SizeChart(category=category), body)


@transactions.durable
def replace_size_chart(body: SizeTable, *, key: UUID | str) -> None:
    """Put this table in the place of the chart that the category itself has. Locks: the chart.

    Raises:
        NotFound: it has none of its own.
    """
    _write_chart(_lock_own_chart(key), body)


@transactions.durable
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


def _write_chart(chart: SizeChart, table: SizeTable) -> None:
    chart.title, chart.note = table.title, table.note
    chart.save()
    chart.entries.all().delete()
    SizeChartEntry.objects.bulk_create(
        SizeChartEntry(
            chart=chart,
            size=row.size,
            measure=measure,
            min_cm=value.min,
            max_cm=value.max,
            row=place,
            column=column,
        )
        for place, row in enumerate(table.rows)
        for column, (measure, value) in enumerate(
            zip(table.measures, row.values, strict=True)
        )
    )
    invalidate("size-charts")
