"""The catalogue as staff keep it: a file per noun."""

from products.admin import (
    bulk_changes,
    categories,
    collections,
    feeds,
    import_jobs,
    product,
    reviews,
    search,
    size_charts,
    stock,
    tax_classes,
)

__all__ = [
    "bulk_changes",
    "categories",
    "collections",
    "feeds",
    "import_jobs",
    "product",
    "reviews",
    "search",
    "size_charts",
    "stock",
    "tax_classes",
]
