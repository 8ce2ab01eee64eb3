"""Changes products that an earlier import made: all their columns in one statement, their
parts where they differ.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
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
    have: dict[UUID, list[tuple[Any, ...]]] = defaultdict(list)
    rows = Variant.objects.filter(
        product__in=[product.pk for product, _ in pairs]
    ).order_by("position", "pk")
    for product_id, *variant in rows.values_list(
        "product_id", "sku", "size", "color", "is_active"
    ):
        have[product_id].append(tuple(variant))
    for product, draft in pairs:
        known = {sku for sku, *_ in have[product.pk]}
        active = [variant for variant in have[product.pk] if variant[3]]
        given = draft.data["variants"]
        if active != [
            (each["sku"], each["size"], each["color"], True) for each in given
        ]:
            # The stock of what is there moves by counts and orders alone.
            wanted = [
                ReplacedVariant(
                    **{**each, "stock": None if each["sku"] in known else each["stock"]}
                )
                for each in given
            ]
            variants.replace_variants(product, wanted, actor_id=None)
