"""Size charts as tables, in centimetres and inches."""

from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from markrin.api import errors
from markrin.db.sql import Row, fetch_all

_CM_PER_INCH = Decimal(
    "2.54"
)  # exactly, by the international yard and pound agreement of 1959
_TENTH = Decimal("0.1")
_MISSING: Row = {"cm": None, "inches": None}

_CHARTS = """
    SELECT chart.id, chart.title, chart.note, json_build_object('id', c.id, 'slug', c.slug,
        'name', c.name) AS category,
        (SELECT json_agg(json_build_object('size', size, 'measure', measure, 'min_cm', min_cm::text,
            'max_cm', max_cm::text) ORDER BY "row", "column") FROM products_sizechartentry
         WHERE chart_id = chart.id) AS entries
    FROM products_sizechart chart JOIN products_category c ON c.id = chart.category_id
"""


def list_size_charts() -> list[Row]:
    """Return all charts, by title: one query."""
    return [
        build_table(row)
        for row in fetch_all(f"{_CHARTS} ORDER BY chart.title, chart.id")
    ]


def get_size_chart(*, key: UUID | str) -> Row:
    """Return the chart that holds for a category, by its id or slug: its own, or the
    nearest above it; one query.

    Raises:
        errors.NotFound: there is no such category, or no chart on its path.
    """
    column = "id" if isinstance(key, UUID) else "slug"
    rows = fetch_all(
        f"""{_CHARTS} JOIN products_category asked ON c.id = ANY (asked.ancestors)
        WHERE asked.{column} = %s ORDER BY cardinality(c.ancestors) DESC LIMIT 1""",
        [key],
    )
    if not rows:
        raise errors.NotFound
    return build_table(rows[0])


def build_table(chart: dict[str, Any]) -> Row:
    """Return the chart with its cells, which come row by row, as `measures` and `rows`."""
    cells = chart.pop("entries") or []
    measures = list(dict.fromkeys(cell["measure"] for cell in cells))
    sizes: dict[str, dict[str, Row]] = {}
    for cell in cells:
        sizes.setdefault(cell["size"], {})[cell["measure"]] = _build_range(
            cell["min_cm"], cell["max_cm"]
        )
    rows = [
        {
            "size": size,
            "values": [row.get(measure, _MISSING) for measure in measures],
        }
        for size, row in sizes.items()
    ]
    return {**chart, "measures": measures, "rows": rows}


def _build_range(low: str, high: str) -> Row:
    return {
        "cm": {"min": low, "max": high},
        "inches": {"min": cm_to_inches(low), "max": cm_to_inches(high)},
    }


@lru_cache(
    maxsize=10_000
)  # of a few hundred lengths, each in every product's chart
def cm_to_inches(cm: str) -> str:
    """Return a length in inches, to the nearest tenth."""
    return str((Decimal(cm) / _CM_PER_INCH).quantize(_TENTH, ROUND_HALF_UP))
