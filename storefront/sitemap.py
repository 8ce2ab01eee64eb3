"""The paths in the sitemap, in parts that fit into a file each."""

from collections.abc import Iterator
from datetime import datetime
from math import ceil
from typing import Any

from django.conf import settings
from django.db.models import Max, QuerySet

from products.models import Category, Collection, Product
from storefront.models import Page, PageKind

MAX_ADDRESSES = 50_000  # of one file. Source: sitemaps.org
Entries = Iterator[tuple[str, datetime]]


def list_parts() -> list[tuple[str, datetime | None]]:
    """Return the name of each part and when something in it changed last. Five queries."""
    products = Product.objects.published()
    parts = [
        ("pages", _get_last_change(_list_help_pages())),
        ("categories", _get_last_change(Category.objects.all())),
        ("collections", _get_last_change(Collection.objects.published())),
    ]
    changed = _get_last_change(products)
    count = ceil(products.count() / _products_per_part())
    return parts + [
        (f"products-{number}", changed) for number in range(1, count + 1)
    ]


def read_part(name: str) -> Entries | None:
    """Return paths and times of change of a part, or None where there is no such part."""
    if name == "pages":
        return _read_pages()
    if name == "categories":
        return _read_categories()
    if name == "collections":
        return _read_collections()
    kind, _, number = name.partition("-")
    if (
        kind != "products"
        or not number.isdecimal()
        or not 1 <= int(number) <= 10_000
    ):
        return None
    return _read_products(int(number))


def _list_help_pages() -> QuerySet[Page]:
    return Page.objects.published().filter(kind=PageKind.HELP)


def _read_pages() -> Entries:
    newest = _get_last_change(Product.objects.published())
    if newest:
        yield "/", newest
        yield "/shop", newest
    pages = _list_help_pages().order_by("slug", "id")
    for slug, changed in pages.values_list("slug", "updated_at").distinct("slug"):
        yield f"/pages/{slug}", changed


def _read_categories() -> Entries:
    rows = Category.objects.order_by("id").values_list("slug", "updated_at")
    for slug, changed in rows:
        yield f"/shop/{slug}", changed


def _read_collections() -> Entries:
    rows = Collection.objects.published().order_by("id")
    for slug, changed in rows.values_list("slug", "updated_at"):
        yield f"/collections/{slug}", changed


def _read_products(number: int) -> Entries:
    size = _products_per_part()
    rows = (
        Product.objects.published().order_by("id").values_list("slug", "updated_at")
    )
    first = (number - 1) * size
    for slug, changed in rows[first : first + size].iterator(chunk_size=2_000):
        yield f"/p/{slug}", changed


def _products_per_part() -> int:
    """Return how many products fit into a file, where each is listed once a language."""
    return MAX_ADDRESSES // len(settings.SHOP_LANGUAGES)


def _get_last_change(rows: QuerySet[Any]) -> datetime | None:
    changed: datetime | None = rows.aggregate(at=Max("updated_at"))["at"]
    return changed
