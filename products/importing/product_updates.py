"""Changes products that are there: all their columns in one statement, their parts where they
differ.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast
from uuid import UUID

from django.db import connection
from django.utils import timezone

from markrin.cache.tags import invalidate
from products.importing.merging import Merge, ShopState
from products.models import Category, Product
from products.schemas.products import ImageInput
from products.services import images, prices, search_words, slugs, variants


@dataclass(frozen=True)
class Change:
    """What changes of a product, which the caller has locked, and the hash of the file's state."""

    product: Product
    merge: Merge
    before: ShopState
    source_hash: str


def update_products(
    changes: Sequence[Change], categories: Mapping[tuple[str, ...], UUID]
) -> None:
    """Make these products what their merges say. A step inside the caller's transaction,
    which has locked them.

    A variant that the file leaves out is taken off sale; a new one gets its first pieces.
    Locks: as `variants.replace_variants`.

    Raises:
        ShopError: what comes together does not fit.
    """
    if not changes:
        return
    for change in changes:
        if slug := change.merge.fields.get("slug"):
            slugs.set_slug(change.product, slug)
    rows = [_describe_row(change, categories) for change in changes]
    with connection.cursor() as cursor:
        cursor.execute(_UPDATE, [timezone.now(), json.dumps(rows, default=str)])
    for change in changes:
        if "also_in" in change.merge.fields:
            paths = change.merge.fields["also_in"]
            further = Category.objects.filter(
                pk__in=[categories[path] for path in paths]
            )
            change.product.also_in.set(further)
        if "images" in change.merge.fields:
            given = change.merge.fields["images"]
            rows_ = [
                ImageInput(url=each.url, alt_text=each.alt_text, color=each.color)
                for each in given
            ]
            images.set_images(change.product, rows_)
        if change.merge.variants is not None:
            for row in change.merge.variants:
                prices.check_prices(row)
            variants.replace_variants(
                change.product, change.merge.variants, actor_id=None
            )
    if moved := [c.product.pk for c in changes if "also_in" in c.merge.fields]:
        search_words.renew_documents(moved)
    changed = [each.product.pk for each in changes if each.merge.is_change]
    if changed:
        invalidate("products", *(f"product:{pk}" for pk in changed))


def _describe_row(
    change: Change, categories: Mapping[tuple[str, ...], UUID]
) -> dict[str, Any]:
    product, fields = change.product, change.merge.fields
    after = replace(change.before.product, **fields)
    prices.check_prices(cast(prices.Priced, after))  # every field of it is set
    category = product.category_id
    if "category" in fields:
        category = categories[tuple(fields["category"])]
    return {
        **{name: getattr(after, name) for name in _PLAIN},
        "gender": getattr(after.gender, "value", ""),
        "status": getattr(after.status, "value", ""),
        "id": product.pk,
        "slug": product.slug,
        "category_id": category,
        "source_hash": change.source_hash,
    }


_PLAIN = (
    "name",
    "description",
    "brand",
    "collection",
    "material",
    "base_price",
    "sale_price",
    "sale_starts_at",
    "sale_ends_at",
    "tags",
    "is_gift_card",
    "is_featured",
    "is_new_arrival",
    "seo_title",
    "seo_description",
)
_TYPES = dict.fromkeys(
    (*_PLAIN, "slug", "gender", "status", "source_hash"), "text"
) | {
    "id": "uuid",
    "category_id": "uuid",
    "base_price": "numeric",
    "sale_price": "numeric",
    "sale_starts_at": "timestamptz",
    "sale_ends_at": "timestamptz",
    "tags": "varchar[]",
    "is_gift_card": "boolean",
    "is_featured": "boolean",
    "is_new_arrival": "boolean",
}
_SET = ", ".join(f"{name} = change.{name}" for name in _TYPES if name != "id")
_READ = ", ".join(f"{name} {kind}" for name, kind in _TYPES.items())
_UPDATE = f"""UPDATE products_product AS product SET updated_at = %s, {_SET}
    FROM jsonb_to_recordset(%s) AS change ({_READ}) WHERE product.id = change.id"""  # noqa: S608 (our own text)
