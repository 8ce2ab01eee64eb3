"""How many products the categories have that lists were asked for, as this process saw it last."""

import time
from collections.abc import Collection
from typing import Final

from products import facet_bitmaps
from products.selectors.filters import Filters

MOST_KNOWN: Final = 1_000  # choices of categories
_FOR_S: Final = 600.0
# With no others: there PostgreSQL goes along the index of a category, whatever the values.
_BY_INDEX: Final = {"category", "in_stock", "min_price", "max_price"}
_sizes: dict[tuple[str, ...], tuple[int, float]] = {}


def note_size(filters: Filters) -> None:
    """Note how many products prepared filters choose from. No query."""
    if filters.category_ids:  # a name that no category has is not kept
        size = facet_bitmaps.count_in_categories(filters.category_ids)
        if len(_sizes) >= MOST_KNOWN:
            _sizes.clear()
        _sizes[_name(filters.category)] = size, time.monotonic()


def are_few(filters: Filters) -> bool:
    """Return whether the filters choose from so few products of a large catalogue, as far as this
    process knows, that one statement finds and counts them sooner than bitmaps do. No query.
    """
    if not filters.category or not filters.given <= _BY_INDEX:
        return False
    size, noted_at = _sizes.get(_name(filters.category), (None, 0.0))
    return (
        size is not None
        and size <= facet_bitmaps.MANY_PRODUCTS // 2
        and time.monotonic() - noted_at < _FOR_S
    )


def _name(category: Collection[str]) -> tuple[str, ...]:
    return tuple(sorted(category))
