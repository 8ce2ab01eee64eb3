"""Changes products that an earlier import made: all their columns in one statement, their
parts where they differ.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from markrin.cache.tags import invalidate
from products.importing.drafts import Draft
from products.importing.exporter import get_image_address
from products.models import Product, ProductImage, Variant
from products.schemas.products import ImageInput
from products.schemas.variants import ReplacedVariant
from products.services import images, slugs, variants
from products.services.variants import COLUMNS

Pairs = Sequence[tuple[Product, Draft]]


def update_products(
    pairs: Pairs, categories: dict[tuple[str, ...], UUID], hashes: dict[str, str]
) -> None:
    """Make these products what their drafts say. A step inside the caller's transaction,
    which has locked them.

    A slug stays as it is unless the file names another. A variant that the file leaves out
    is taken off sale; a new one gets its first pieces. Locks: as
    `variants.replace_variants`."""
    for product, draft in pairs:
        if slug := draft.data.get("slug"):
            slugs.set_slug(product, slug)
    _update_columns(pairs, categories, hashes)
    _set_images(pairs)
    _set_variants(pairs)
    invalidate("products", *(f"product:{product.pk}" for product, _ in pairs))


def _update_columns(
    pairs: Pairs, categories: dict[tuple[str, ...], UUID], hashes: dict[str, str]
) -> None:
    rows = [
        {
            **{name: draft.data[name] for name in _PLAIN},
            "id": product.pk,
            "slug": product.slug,
            "category_id": categories[tuple(draft.data["category"])],
            "seo_title": draft.data["seo"]["title"],
            "seo_description": draft.data["seo"]["description"],
            "source_hash": hashes[draft.ref],
        }
        for product, draft in pairs
    ]
    with connection.cursor() as cursor:
        cursor.execute(_UPDATE, [timezone.now(), json.dumps(rows, default=str)])


_PLAIN = (
    "name",
    "description",
    "brand",
    "collection",
    "gender",
    "material",
    "base_price",
    "sale_price",
    "sale_starts_at",
    "sale_ends_at",
    "tags",
    "is_featured",
    "is_new_arrival",
    "status",
)
_TYPES = dict.fromkeys(
    (*_PLAIN, "slug", "seo_title", "seo_description", "source_hash"), "text"
) | {
    "id": "uuid",
    "category_id": "uuid",
    "base_price": "numeric",
    "sale_price": "numeric",
    "sale_starts_at": "timestamptz",
    "sale_ends_at": "timestamptz",
    "tags": "varchar[]",
    "is_featured": "boolean",
    "is_new_arrival": "boolean",
}
_SET = ", ".join(f"{name} = change.{name}" for name in _TYPES if name != "id")
_READ = ", ".join(f"{name} {kind}" for name, kind in _TYPES.items())
_UPDATE = f"""UPDATE products_product AS product SET updated_at = %s, {_SET}
    FROM jsonb_to_recordset(%s) AS change ({_READ}) WHERE product.id = change.id"""  # noqa: S608


def _set_images(pairs: Pairs) -> None:
    have: dict[UUID, list[tuple[str, str]]] = defaultdict(list)
    rows = ProductImage.objects.filter(
        product__in=[product.pk for product, _ in pairs]
    ).order_by("position", "pk")
    for image in rows:
        have[image.product_id].append((get_image_address(image), image.alt_text))
    for product, draft in pairs:
        given = draft.data["images"]
        # A file without images says nothing of those that staff have uploaded.
        if given and have[product.pk] != [
            (image["url"], image["alt_text"]) for image in given
        ]:
            images.set_images(product, [ImageInput(**image) for image in given])


def _set_variants(pairs: Pairs) -> None:
    have: dict[UUID, list[Variant]] = defaultdict(list)
    rows = Variant.objects.filter(product__in=[product.pk for product, _ in pairs])
    for variant in rows.order_by("position", "pk"):
        have[variant.product_id].append(variant)
    for product, draft in pairs:
        known = {variant.sku: variant for variant in have[product.pk]}
        wanted = [
            _merge_variant(each, known.get(each["sku"]), draft.variant_fields)
            for each in draft.data["variants"]
        ]
        active = [variant for variant in have[product.pk] if variant.is_active]
        if [_columns_of(each) for each in active] != [
            _columns_of(each) for each in wanted
        ]:
            variants.replace_variants(product, wanted, actor_id=None)


def _merge_variant(
    row: Mapping[str, Any], there: Variant | None, stated: set[str]
) -> ReplacedVariant:
    """Return the variant as it is to be. Of one that is there, what the file has no column
    for is kept, and so is the stock: that moves by counts and orders alone.
    """
    if there is None:
        return ReplacedVariant(**row)
    kept = {name: getattr(there, name) for name in COLUMNS if name not in stated}
    return ReplacedVariant(**{**row, **kept, "stock": None})


def _columns_of(variant: Variant | ReplacedVariant) -> list[object]:
    return [getattr(variant, name) for name in COLUMNS]
