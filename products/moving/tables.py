"""What an archive of the catalogue holds: tables with their columns, in the order of their
references.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import models

from products.models import (
    Category,
    Collection,
    CollectionProduct,
    Color,
    FormerSlug,
    IgnoredWord,
    Product,
    ProductImage,
    SearchPin,
    SizeChart,
    SizeChartEntry,
    SynonymGroup,
    TaxClass,
    Variant,
)

FORMAT: Final = "markrin-catalogue"
VERSION: Final = 1


@dataclass(frozen=True, kw_only=True)
class ArchiveTable:
    """A table of the archive. `left_out` are columns that the shop computes by itself. With `key`,
    rows are known by that column and not by their ids, as the other shop may have some already.
    `identity` is what tells one row from another. `files` are columns that name files of the
    storage.
    """

    name: str
    model: type[models.Model]
    order: Sequence[str]
    left_out: frozenset[str] = frozenset()
    key: str = ""
    identity: Sequence[str] = ("id",)
    files: Sequence[str] = ()
    columns: list[models.Field[Any, Any]] = field(init=False)

    def __post_init__(self) -> None:
        columns = [
            column
            for column in self.model._meta.concrete_fields
            if column.name not in self.left_out | _NEVER
            and not isinstance(column, models.GeneratedField)
            and not getattr(column, "auto_now_add", False)
            and not (column.primary_key and (self.key or _counts_up(column)))
        ]
        object.__setattr__(self, "columns", columns)


def _counts_up(column: models.Field[Any, Any]) -> bool:
    return isinstance(column, models.AutoField)


# When a row was changed in this shop says nothing in another one.
_NEVER: Final = frozenset({"updated_at"})
_COUNTED: Final = frozenset(
    {
        *("price", "price_max", "price_until", "next_price", "next_price_max"),
        *("next_until", "lowest_prior_price", "priced_at", "in_stock", "colors"),
        *("sizes", "stocked_colors", "stocked_sizes", "popularity", "search"),
        *(f"rated_{stars}" for stars in range(1, 6)),
        *("fit_small", "fit_true", "fit_large"),
    }
)
TABLES: Final = (
    ArchiveTable(name="tax_classes", model=TaxClass, order=("code",), key="code"),
    ArchiveTable(
        name="colors", model=Color, order=("name",), key="name", files=("picture",)
    ),
    ArchiveTable(
        name="categories",
        model=Category,
        order=("ancestors__len", "id"),  # parents first
        left_out=frozenset({"ancestors"}),
        files=("image",),
    ),
    ArchiveTable(name="size_charts", model=SizeChart, order=("id",)),
    ArchiveTable(
        name="size_chart_entries",
        model=SizeChartEntry,
        order=("chart", "row", "column"),
        identity=("chart_id", "row", "column"),
    ),
    ArchiveTable(name="products", model=Product, order=("id",), left_out=_COUNTED),
    ArchiveTable(
        name="further_categories",
        model=Product.also_in.through,
        order=("product_id", "category_id"),
        identity=("product_id", "category_id"),
    ),
    ArchiveTable(name="collections", model=Collection, order=("id",)),
    ArchiveTable(
        name="collection_products",
        model=CollectionProduct,
        order=("collection_id", "position"),
        identity=("collection_id", "product_id"),
    ),
    ArchiveTable(
        name="former_slugs", model=FormerSlug, order=("slug",), identity=("slug",)
    ),
    ArchiveTable(
        name="images", model=ProductImage, order=("id",), files=("file", "thumbnails")
    ),
    ArchiveTable(
        name="variants",
        model=Variant,
        order=("id",),
        left_out=frozenset({"lowest_prior_price", "priced_at"}),
    ),
    ArchiveTable(name="synonyms", model=SynonymGroup, order=("id",)),
    ArchiveTable(name="ignored_words", model=IgnoredWord, order=("word",), key="word"),
    ArchiveTable(name="search_pins", model=SearchPin, order=("id",)),
)
STOCK: Final = (
    "stock"  # pieces on hand: not a copy of rows, but movements of the ledger
)
