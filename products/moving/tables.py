"""What an archive of the catalogue holds: tables with their columns, in the order of their
references.
"""

from typing import Final

from products import hooks
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
from products.moving.archive_table import ArchiveTable

FORMAT: Final = "markrin-catalogue"
VERSION: Final = 1


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
        name="images",
        model=ProductImage,
        order=("id",),
        files=("file", "thumbnails"),
    ),
    ArchiveTable(
        name="variants",
        model=Variant,
        order=("id",),
        left_out=frozenset({"lowest_prior_price", "priced_at"}),
    ),
    ArchiveTable(name="synonyms", model=SynonymGroup, order=("id",)),
    ArchiveTable(
        name="ignored_words", model=IgnoredWord, order=("word",), key="word"
    ),
    ArchiveTable(name="search_pins", model=SearchPin, order=("id",)),
)
STOCK: Final = (
    "stock"  # pieces on hand: not a copy of rows, but movements of the ledger
)


def list_tables() -> list[ArchiveTable]:
    """Return the tables of an archive: the catalogue's, then those of the apps above it."""
    others = [table for tables in hooks.list_archive_tables() for table in tables]
    return [*TABLES, *others]
