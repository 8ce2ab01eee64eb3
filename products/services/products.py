"""Products: created, changed, archived; never deleted, so that old orders and links still
mean something.
"""

from collections.abc import Sequence
from uuid import UUID

from markrin.api.errors import NotFound
from markrin.api.unset import UNSET, sent_fields
from markrin.db import transactions
from products import errors
from products.models import Category, Product, ProductStatus
from products.schemas.products import (
    NewProduct,
    ProductChange,
    ProductInput,
    ReplacedProduct,
    SeoTexts,
)
from products.services import images, prices, search_words, slugs, variants
from products.services.tax_classes import find_tax_class


@transactions.durable
def create_product(body: NewProduct, *, actor_id: UUID | None) -> UUID:
    """Create a product with its images and variants, and their first pieces; return its id.

    Without a slug the product gets one made from its name. Locks: the category; then as
    `movements.move_stock`.

    Raises:
        CategoryUnknown, SlugTaken, ImageUnknown, SkuTaken: what it refers to is not so.
    """
    return insert_product(body, actor_id=actor_id).pk


@transactions.requires_transaction
def insert_product(body: NewProduct, *, actor_id: UUID | None) -> Product:
    """Do the work of `create_product` within the caller's transaction. Locks and raises as
    that.
    """
    product = Product()
    _set_input(product, body)
    product.save(force_insert=True)
    _set_others(product, body.also_in_ids)
    images.set_images(product, body.images)
    variants.replace_variants(product, body.variants, actor_id=actor_id)
    return product


@transactions.durable
def replace_product(
    body: ReplacedProduct, *, key: UUID | str, actor_id: UUID | None
) -> UUID:
    """Give the product, found by id or slug, all that `body` says; return its id.

    Locks: the product, its category, its variants; then as `movements.move_stock`.

    Raises:
        NotFound: there is no such product.
        CategoryUnknown, SlugTaken, ImageUnknown: what it refers to is not so.
        SkuTaken, TooManyVariants, StockOnlyMoves: see `variants.replace_variants`.
    """
    product = lock_product(key)
    _set_input(product, body)
    product.save()
    _set_others(product, body.also_in_ids)
    if body.images is not None:
        images.set_images(product, body.images)
    if body.variants is not None:
        variants.replace_variants(product, body.variants, actor_id=actor_id)
    return product.pk


@transactions.durable
def update_product(body: ProductChange, *, key: UUID | str) -> UUID:
    """Change some fields of the product, found by id or slug, and return its id.

    Another name brings another slug, to which the old one leads, unless `body` names one.

    Locks: the product, and the category it goes to.

    Raises:
        NotFound: there is no such product.
        SalePriceNotBelow, SaleDatesWrong: the prices would not fit each other.
        CategoryUnknown, SlugTaken, ImageUnknown: what it refers to is not so.
    """
    return change_product(body, key=key).pk


@transactions.requires_transaction
def change_product(body: ProductChange, *, key: UUID | str) -> Product:
    """Do the work of `update_product` within the caller's transaction. Locks and raises as
    that.
    """
    product = lock_product(key)
    renamed = body.name is not UNSET and body.name != product.name
    sent = sent_fields(body)
    if body.sale_price is None:  # a sale that ends has no dates either
        sent = {"sale_starts_at": None, "sale_ends_at": None, **sent}
    for name in _COLUMNS & sent.keys():
        setattr(product, name, sent[name])
    if body.seo is not UNSET:
        _set_seo(product, body.seo)
    if body.category_id is not UNSET:
        product.category = _lock_category(body.category_id)
    if body.tax_class is not UNSET:
        product.tax_class = find_tax_class(body.tax_class)
    if body.slug is not UNSET:
        _set_slug(product, body.slug)
    elif renamed:
        _set_slug(product, None)
    prices.check_prices(product)
    product.save()
    if body.also_in_ids is not UNSET:
        _set_others(product, body.also_in_ids)
    if body.images is not UNSET:
        images.set_images(product, body.images)
    return product


@transactions.durable
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


@transactions.requires_transaction
def lock_product(key: UUID | str) -> Product:
    """Return the product with this id or slug, locked.

    Raises:
        NotFound: there is none.
    """
    found = (
        Product.objects.filter(pk=key)
        if isinstance(key, UUID)
        else Product.objects.filter(slug=key)
    )
    product = found.locked().first()
    if product is None:
        raise NotFound
    return product


_COLUMNS = {
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
    "is_gift_card",
    "is_featured",
    "is_new_arrival",
    "status",
}


def _set_input(product: Product, body: ProductInput) -> None:
    """Take over all of `body`; nothing is saved but a former slug."""
    renamed = body.name != product.name
    for name in _COLUMNS:
        setattr(product, name, getattr(body, name))
    _set_seo(product, body.seo)
    product.category = _lock_category(body.category_id)
    product.tax_class = find_tax_class(body.tax_class)
    if body.slug is not None or renamed:
        _set_slug(product, body.slug)


def _set_seo(product: Product, seo: SeoTexts) -> None:
    product.seo_title, product.seo_description = seo.title, seo.description


def _lock_category(category_id: UUID) -> Category:
    # Locked, so that it cannot be deleted before the product is there.
    category = Category.objects.filter(pk=category_id).locked().first()
    if category is None:
        raise errors.CategoryUnknown
    return category


def _set_others(product: Product, category_ids: Sequence[UUID]) -> None:
    """List the product in further categories, and in no others."""
    found = list(Category.objects.filter(pk__in=category_ids).locked())
    if len(found) != len(category_ids):
        raise errors.CategoryUnknown
    product.also_in.set(found)
    search_words.renew_documents([product.pk])


def _set_slug(product: Product, chosen: str | None) -> None:
    others = slugs.filter_others(Product, product.pk)
    if chosen is not None:
        slug = slugs.check_slug(chosen, among=others)
    elif slugs.is_made_from(product.slug, product.name):
        return
    else:
        slug = slugs.find_free_slug(product.name, among=others, else_="product")
    slugs.set_slug(product, slug)
