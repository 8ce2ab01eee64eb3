"""What of a draft only somebody who knows the shop's products can find wrong."""

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from django.db import connection

from markrin.api.unset import UNSET
from products.errors import ImageUnknown, SkuTaken, SlugTaken
from products.importing.drafts import Draft, Rejection
from products.models import Product
from products.services import slugs


class Conflicts:
    """Finds what another product stands in the way of. With `keep`, it knows what an earlier
    batch would have taken, which a dry run has rolled back.
    """

    def __init__(self, *, keep: bool) -> None:
        self._keep = keep
        self._taken_skus: dict[str, object] = {}

    def find(
        self, drafts: Sequence[Draft], there: Mapping[str, Product]
    ) -> list[Rejection]:
        """Return why drafts cannot be taken, one reason a draft; `there` are the products that
        they mean.
        """
        return list(self._find(drafts, there))

    def _find(
        self, drafts: Sequence[Draft], there: Mapping[str, Product]
    ) -> Iterator[Rejection]:
        owners = _find_sku_owners(
            [each.sku for draft in drafts for each in draft.product.given_variants]
        )
        slug_owners = _find_slug_owners(
            [
                draft.product.given_slug
                for draft in drafts
                if draft.product.given_slug
            ]
        )
        named: set[object] = set()
        for draft in drafts:
            own = there[draft.ref].pk if draft.ref in there else draft.ref
            if own in named:
                text = "The file has this product already, by its other name."
                yield draft.reject("twice", text, column="product")
                continue
            problem = None if draft.ref in there else _find_missing(draft)
            problem = problem or _check_slug(draft, own, slug_owners)
            problem = problem or self._check_skus(draft, own, owners)
            if problem:
                yield problem
            else:
                named.add(own)

    def _check_skus(
        self, draft: Draft, own: object, owners: dict[str, object]
    ) -> Rejection | None:
        variants = draft.product.given_variants
        for place, variant in enumerate(variants):
            sku = variant.sku
            if owners.get(sku, self._taken_skus.get(sku, own)) != own:
                return draft.reject(
                    SkuTaken.code,
                    f"{SkuTaken.message} {sku}",
                    column=draft.column_of("sku", variant=True),
                    line=draft.lines[place],
                )
        mine = dict.fromkeys((each.sku for each in variants), own)
        owners |= mine
        if self._keep:
            self._taken_skus |= mine
        return None


def _check_slug(
    draft: Draft, own: object, owners: dict[str, object]
) -> Rejection | None:
    slug = draft.product.given_slug
    if not slug:
        return None
    if owners.setdefault(slug, own) == own and not slugs.is_reserved(slug):
        return None
    return draft.reject(
        SlugTaken.code, SlugTaken.message, column=draft.column_of("slug")
    )


def _find_missing(draft: Draft) -> Rejection | None:
    """Return what a new product lacks, if anything."""
    product = draft.product
    needed = {
        "name": product.name,
        "category": product.category or draft.fallback_category or UNSET,
        "basePrice": product.base_price,
    }
    for name, value in needed.items():
        if value is UNSET:
            text = "This is required: the shop does not have this product yet."
            return draft.reject("required", text, column=draft.column_of(name))
    if not product.variants:
        column = draft.column_of("sku", variant=True)
        return draft.reject("required", "This is required.", column=column)
    looks: set[tuple[str, str]] = set()
    for place, variant in enumerate(product.given_variants):
        look = (str(variant.size or ""), str(variant.color or ""))
        if look in looks:
            return draft.reject(
                "unique",
                "The product has this size and colour twice.",
                column=draft.column_of("size", variant=True),
                line=draft.lines[place],
            )
        looks.add(look)
    for image in product.given_images:
        if not image.url.startswith("https://"):
            text = f"{ImageUnknown.message} {image.url}"
            return draft.reject(
                ImageUnknown.code, text, column=draft.column_of("images")
            )
    return None


def _find_sku_owners(skus: list[str]) -> dict[str, object]:
    """Return which products have these SKUs: thousands, hence one parameter instead of as many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sku, product_id FROM products_variant WHERE sku = ANY(%s)",
            [skus],
        )
        return dict(cursor.fetchall())


def _find_slug_owners(named: Sequence[object]) -> dict[str, object]:
    if not named:
        return {}
    found: dict[str, UUID] = dict(
        Product.objects.filter(slug__in=named).values_list("slug", "pk")
    )
    return dict(found)
