"""Collections: made, changed, filled and put into an order."""

from collections.abc import Sequence
from uuid import UUID

from markrin.api.errors import NotFound
from markrin.api.unset import UNSET, sent_fields
from markrin.cache.tags import invalidate
from markrin.db import transactions
from products import errors, hooks
from products.models import Category, Collection, CollectionProduct, Product
from products.models.collection import CollectionQuerySet
from products.schemas.collections import (
    CollectionChange,
    CollectionInput,
    PlacedProducts,
)
from products.services import slugs

_RULE = {
    *("tags", "labels", "min_price", "max_price"),
    *("in_stock", "on_sale", "max_age_days", "min_sold"),
}
_COLUMNS = _RULE | {
    *("name", "description", "is_published", "position", "sort", "by_rule"),
}


@transactions.durable
def create_collection(body: CollectionInput) -> UUID:
    """Make a collection, and return its id. Without a slug it gets one made from its name.

    Raises:
        CategoryUnknown, SlugTaken: what it refers to is not so.
        CollectionRuleEmpty, CollectionPricesWrong: its rule says nothing, or nonsense.
    """
    collection = Collection()
    _set_fields(collection, {name: getattr(body, name) for name in _COLUMNS})
    collection.seo_title = body.seo.title
    collection.seo_description = body.seo.description
    collection.category = _find_category(body.category_id)
    _set_slug(collection, body.slug)
    _check_rule(collection)
    collection.save(force_insert=True)
    return collection.pk


@transactions.durable
def update_collection(body: CollectionChange, *, key: UUID | str) -> UUID:
    """Change some fields of a collection, found by id or slug, and return its id. Locks: it.

    Raises:
        NotFound: there is none.
        As `create_collection`.
    """
    collection = _lock_collection(key)
    _set_fields(
        collection,
        {
            name: value
            for name, value in sent_fields(body).items()
            if name in _COLUMNS
        },
    )
    if body.seo is not UNSET:
        collection.seo_title = body.seo.title
        collection.seo_description = body.seo.description
    if body.category_id is not UNSET:
        collection.category = _find_category(body.category_id)
    if body.slug is not UNSET:
        _set_slug(collection, body.slug)
    _check_rule(collection)
    collection.save()
    return collection.pk


@transactions.durable
def delete_collection(*, key: UUID | str) -> None:
    """Delete a collection; its products stay. Locks: it.

    Raises:
        NotFound: there is none.
        CollectionInUse: a promotion goes by it.
    """
    collection = _lock_collection(key)
    if any(hooks.list_promotions(category_id=None, collection_id=collection.pk)):
        raise errors.CollectionInUse
    collection.delete()


@transactions.durable
def place_products(body: PlacedProducts, *, key: UUID | str) -> UUID:
    """Put these products first, in this order, and no others; return the collection's id. Of a
    collection by hand they are all that it has. Locks: the collection.

    Raises:
        NotFound: there is no such collection.
        ProductUnknown: there is no such product.
    """
    collection = _lock_collection(key)
    set_places(collection, body.product_ids)
    return collection.pk


@transactions.requires_transaction
def set_places(collection: Collection, product_ids: Sequence[UUID]) -> None:
    """Do the work of `place_products` for a collection that the caller has locked. Raises as
    that.
    """
    if Product.objects.filter(pk__in=product_ids).count() != len(product_ids):
        raise errors.ProductUnknown
    CollectionProduct.objects.filter(collection=collection).delete()
    CollectionProduct.objects.bulk_create(
        CollectionProduct(collection=collection, product_id=id_, position=position)
        for position, id_ in enumerate(product_ids)
    )
    invalidate("collections", "products")


def _set_fields(collection: Collection, values: dict[str, object]) -> None:
    for name, value in values.items():
        setattr(collection, name, value)


def _set_slug(collection: Collection, chosen: str | None) -> None:
    others = slugs.filter_others(Collection, collection.pk)
    if chosen is not None:
        collection.slug = slugs.check_slug(chosen, among=others)
    elif not collection.slug:
        collection.slug = slugs.find_free_slug(
            collection.name, among=others, else_="collection"
        )


def _check_rule(collection: Collection) -> None:
    """Refuse what the table would refuse."""
    low, high = collection.min_price, collection.max_price
    if low is not None and high is not None and low > high:
        raise errors.CollectionPricesWrong
    conditions = [getattr(collection, name) for name in [*_RULE, "category"]]
    if collection.by_rule and all(
        value is None or value == [] for value in conditions
    ):
        raise errors.CollectionRuleEmpty


def _find_category(category_id: UUID | None) -> Category | None:
    if category_id is None:
        return None
    category = Category.objects.filter(pk=category_id).locked().first()
    if category is None:
        raise errors.CategoryUnknown
    return category


def _lock_collection(key: UUID | str) -> Collection:
    rows: CollectionQuerySet = Collection.objects.all()
    found = rows.filter(pk=key) if isinstance(key, UUID) else rows.filter(slug=key)
    collection = found.locked().first()
    if collection is None:
        raise NotFound
    return collection
