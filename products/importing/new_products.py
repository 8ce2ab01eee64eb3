"""Inserts products that an import brings, hundreds at a time, by COPY."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from markrin.api.unset import UNSET, sent_fields
from markrin.db import copy
from markrin.db.models import uuid7
from products.importing import memory, merging
from products.importing.drafts import Draft, ProductChange
from products.models import FormerSlug, Gender, InventoryPolicy, ProductStatus
from products.schemas.variants import ReplacedVariant
from products.services import search_words, slugs
from products.services.stock import initial_stock
from products.services.stock.movements import FirstStock
from products.services.variants import COLUMNS as VARIANT_COLUMNS
from products.transliteration import ascii_slug

# What a new product has where the file says nothing.
_DEFAULTS: dict[str, Any] = {
    "description": "",
    "brand": "",
    "collection": "",
    "gender": Gender.UNISEX,
    "material": "",
    "sale_price": None,
    "sale_starts_at": None,
    "sale_ends_at": None,
    "tags": [],
    "is_gift_card": False,
    "is_featured": False,
    "is_new_arrival": False,
    "status": ProductStatus.PUBLISHED,
    "seo_title": "",
    "seo_description": "",
}
_PLAIN = ("name", *_DEFAULTS, "base_price")
_PRODUCT = (
    "id",
    "updated_at",
    *_PLAIN,
    "slug",
    "category_id",
    "in_stock",
    "colors",
    "sizes",
    "stocked_colors",
    "stocked_sizes",
    "source",
    "source_ref",
    "source_hash",
)
_VARIANT = ("id", "updated_at", "product_id", *VARIANT_COLUMNS, "position")
_ALSO_IN = ("product_id", "category_id")
_IMAGE = (
    *("id", "updated_at", "product_id", "external_url", "alt_text", "color"),
    "position",
)


_SOLD_WITHOUT_STOCK = (InventoryPolicy.CONTINUE, InventoryPolicy.UNTRACKED)


class NewProducts:
    """Inserts the new products of one source. With `keep_slugs`, it knows what an earlier batch
    would have taken, which a dry run has rolled back.
    """

    def __init__(self, source: str, *, keep_slugs: bool) -> None:
        self.source, self._keep = source, keep_slugs
        self._taken: set[str] = set()

    def insert(
        self,
        drafts: Sequence[Draft],
        categories: Mapping[tuple[str, ...], UUID],
        hashes: Mapping[str, str],
    ) -> list[ProductChange]:
        """Insert the drafts' products with their variants, first pieces and images. A step inside
        the caller's transaction. Locks: none.
        """
        now, slug_of = timezone.now(), self._choose_slugs(drafts)
        ids = {draft.ref: uuid7() for draft in drafts}
        variants = {
            draft.ref: [
                merging.new_row(each) for each in draft.product.given_variants
            ]
            for draft in drafts
        }
        FormerSlug.objects.filter(slug__in=list(slug_of.values())).delete()
        copy.copy_rows(
            "products_product",
            _PRODUCT,
            (
                (
                    ids[draft.ref],
                    now,
                    *_plain_values(draft),
                    slug_of[draft.ref],
                    categories[get_path(draft)],
                    *_collect_options(variants[draft.ref]),
                    self.source,
                    draft.ref,
                    hashes[draft.ref],
                )
                for draft in drafts
            ),
        )
        first: dict[UUID, FirstStock] = {}
        copy.copy_rows(
            "products_variant",
            _VARIANT,
            _variant_rows(drafts, ids, variants, first, now),
        )
        initial_stock.insert_initial_stock(first)
        if images := list(_image_rows(drafts, ids, now)):
            copy.copy_rows("products_productimage", _IMAGE, images)
        further = [
            (ids[draft.ref], categories[path])
            for draft in drafts
            for path in draft.product.further_paths
        ]
        if further:
            copy.copy_rows("products_product_also_in", _ALSO_IN, further)
            search_words.renew_documents({product for product, _ in further})
        memory.insert_memory(
            self.source,
            ((ids[draft.ref], merging.describe_stated(draft)) for draft in drafts),
        )
        return [
            ProductChange(
                draft.line,
                ids[draft.ref],
                str(draft.product.name),
                True,
                "",
                draft.ref,
            )
            for draft in drafts
        ]

    def _choose_slugs(self, drafts: Sequence[Draft]) -> dict[str, str]:
        """Return a slug for each draft: the one the file names, else the name's; where that
        is taken, with the ref.
        """
        tries = {draft.ref: _suggest_slugs(draft) for draft in drafts}
        asked = {slug for candidates in tries.values() for slug in candidates}
        named = {
            draft.product.given_slug for draft in drafts if draft.product.given_slug
        }
        taken = _find_taken_slugs(asked, but_former=named) | self._taken
        found = {}
        for ref, candidates in tries.items():
            free = (
                slug
                for slug in candidates
                if slug not in taken and not slugs.is_reserved(slug)
            )
            # The id's last part is as good as unique: for a third of the same name whose
            # ref does not tell it apart.
            found[ref] = (
                next(free, None) or f"{candidates[0][:100]}-{uuid7().hex[-12:]}"
            )
            taken.add(found[ref])
        if self._keep:
            self._taken |= set(found.values())
        return found


def get_path(draft: Draft) -> tuple[str, ...]:
    """Return the names of a new product's category, from the root down."""
    path = draft.product.category
    return draft.fallback_category if path is UNSET else tuple(path)


def _plain_values(draft: Draft) -> list[object]:
    said = _DEFAULTS | sent_fields(draft.product)
    values = [said[name] for name in _PLAIN]
    return [getattr(value, "value", value) for value in values]


def _variant_rows(
    drafts: Sequence[Draft],
    ids: Mapping[str, UUID],
    variants: Mapping[str, Sequence[ReplacedVariant]],
    first: dict[UUID, FirstStock],
    now: datetime,
) -> Iterator[tuple[object, ...]]:
    for draft in drafts:
        for position, each in enumerate(variants[draft.ref]):
            pk = uuid7()
            policy = each.inventory_policy or InventoryPolicy.DENY
            first[pk] = FirstStock(each.stock or 0, policy)
            columns = (getattr(each, name) for name in VARIANT_COLUMNS)
            yield (pk, now, ids[draft.ref], *columns, position)


def _image_rows(
    drafts: Sequence[Draft], ids: Mapping[str, UUID], now: datetime
) -> Iterator[tuple[object, ...]]:
    for draft in drafts:
        for position, each in enumerate(draft.product.given_images):
            own = (each.url, each.alt_text, each.color)
            yield (uuid7(), now, ids[draft.ref], *own, position)


def _collect_options(
    variants: Sequence[ReplacedVariant],
) -> tuple[bool, list[str], list[str], list[str], list[str]]:
    """Return whether any can be bought, and the colours and sizes of all and of what can be bought,
    as the triggers of the variants and their stock would write them: already there, they need no
    second version of the product's row."""
    stocked = [
        each
        for each in variants
        if each.stock or each.inventory_policy in _SOLD_WITHOUT_STOCK
    ]
    return (
        bool(stocked),
        sorted({each.color for each in variants} - {""}),
        sorted({each.size for each in variants} - {""}),
        sorted({each.color for each in stocked} - {""}),
        sorted({each.size for each in stocked} - {""}),
    )


def _find_taken_slugs(asked: set[str], *, but_former: set[str]) -> set[str]:
    """Return which of these slugs a product has, or has had; a slug that the file names may
    have been another's.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT slug FROM products_product WHERE slug = ANY(%s)
            UNION SELECT slug FROM products_formerslug WHERE slug = ANY(%s)""",
            [list(asked), list(asked - but_former)],
        )
        return {slug for (slug,) in cursor.fetchall()}


def _suggest_slugs(draft: Draft) -> list[str]:
    if slug := draft.product.given_slug:
        return [slug]
    base = slugs.slug_from_name(str(draft.product.name), else_="product")
    return [base, f"{base[:60]}-{ascii_slug(draft.ref)[:50]}".strip("-")]
