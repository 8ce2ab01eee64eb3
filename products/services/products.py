"""Products: created, changed, archived; never deleted, so that old orders and links still
mean something.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from markrin.api.errors import NotFound
from products import errors
from products.models import Category, Product, ProductStatus
from products.services import images, slugs, variants
from products.services.search_words import add_search_words


@transaction.atomic(durable=True)
def create_product(
    *, actor_id: UUID | None, variants: Sequence[Mapping[str, Any]] = (), **data: Any
) -> UUID:
    """Create a product with its images and variants, and their first pieces; return its id.

    `data` is as `schemas.CreateProduct` reads it. Prices are in the shop's currency.
    Without `slug` the product gets one made from its name. Locks: the category; then as
    `movements.move_stock`.

    Raises:
        CategoryUnknown, SlugTaken, ImageUnknown, SkuTaken: what it refers to is not so.
    """
    return add_product(data, variants, actor_id=actor_id).pk


def add_product(
    data: Mapping[str, Any],
    variants: Sequence[Mapping[str, Any]] = (),
    *,
    actor_id: UUID | None,
) -> Product:
    """Do what `create_product` does: a step inside the caller's transaction. Locks and
    raises as that.
    """
    product = Product()
    _set_columns(product, data)
    product.save(force_insert=True)
    _save_related(product, data, variants, actor_id)
    return product


@transaction.atomic(durable=True)
def replace_product(
    *,
    key: UUID | str,
    actor_id: UUID | None,
    variants: Sequence[Mapping[str, Any]] | None = None,
    **data: Any,
) -> UUID:
    """Give the product, found by id or slug, all of `data`, as `schemas.ReplaceProduct`
    reads it; return its id.

    Its variants stay where they are if none are given; otherwise see `replace_variants`.
    Locks: the product, its category, its variants; then as `movements.move_stock`.

    Raises:
        NotFound: there is no such product.
        CategoryUnknown, SlugTaken, ImageUnknown: what it refers to is not so.
        SkuTaken, TooManyVariants, StockOnlyMoves: see `replace_variants`.
    """
    product = lock_product(key)
    _set_columns(product, data)
    product.save()
    _save_related(product, data, variants, actor_id)
    return product.pk


@transaction.atomic(durable=True)
def update_product(*, key: UUID | str, **changes: Any) -> UUID:
    """Change some fields of the product, found by id or slug, and return its id.

    Another name brings another slug, to which the old one leads, unless the caller names one.

    Locks: the product, and the category it goes to.

    Raises:
        NotFound: there is no such product.
        SalePriceNotBelow: the sale price would not be below the base price.
        CategoryUnknown, SlugTaken, ImageUnknown: what it refers to is not so.
    """
    return change_product(key, changes).pk


def change_product(key: UUID | str, changes: Mapping[str, Any]) -> Product:
    """Do what `update_product` does: a step inside the caller's transaction. Locks and
    raises as that.
    """
    product = lock_product(key)
    _set_columns(product, changes)
    if product.sale_price is not None and product.sale_price >= product.base_price:
        raise errors.SalePriceNotBelow
    product.save()
    _save_related(product, changes, None, None)
    return product


@transaction.atomic(durable=True)
def archive_product(*, key: UUID | str) -> None:
    """Take a product out of the shop: DELETE. Its orders, reviews and stock stay, and staff
    can publish it again.

    Locks: the product.

    Raises:
        NotFound: there is no such product, or it is archived.
    """
    product = lock_product(key)
    if product.status == ProductStatus.ARCHIVED:
        raise NotFound
    product.status = ProductStatus.ARCHIVED
    product.save(update_fields=["status", "updated_at"])


def lock_product(key: UUID | str) -> Product:
    found = (
        Product.objects.filter(pk=key)
        if isinstance(key, UUID)
        else Product.objects.filter(slug=key)
    )
    product = found.locked().first()
    if product is None:
        raise NotFound
    return product


_COLUMNS = (
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


def _set_columns(product: Product, data: Mapping[str, Any]) -> None:
    """Take over what `data` has; nothing is saved but a former slug."""
    renamed = data.get("name", product.name) != product.name
    for name in _COLUMNS:
        if name in data:
            setattr(product, name, data[name])
    if seo := data.get("seo"):
        product.seo_title, product.seo_description = seo["title"], seo["description"]
    if "category_id" in data:
        product.category = _lock_category(data["category_id"])
    if "slug" in data or renamed:
        _set_slug(product, data.get("slug"))


def _lock_category(category_id: UUID) -> Category:
    # Locked, so that it cannot be deleted before the product is there.
    category = Category.objects.filter(pk=category_id).locked().first()
    if category is None:
        raise errors.CategoryUnknown
    return category


def _set_slug(product: Product, chosen: str | None) -> None:
    others = slugs.filter_others(Product, product.pk)
    if chosen is not None:
        slug = slugs.check_slug(chosen, among=others)
    elif slugs.is_made_from(product.slug, product.name):
        return
    else:
        slug = slugs.find_free_slug(product.name, among=others, else_="product")
    slugs.set_slug(product, slug)


def _save_related(
    product: Product,
    data: Mapping[str, Any],
    given: Sequence[Mapping[str, Any]] | None,
    actor_id: UUID | None,
) -> None:
    """Save what stands in other tables; the stock last."""
    if "images" in data:
        images.set_images(product, data["images"])
    add_search_words([product.pk])
    if given is not None:
        variants.replace_variants(product, given, actor_id=actor_id)
