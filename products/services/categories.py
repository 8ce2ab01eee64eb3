"""Categories: created, moved, deleted while empty."""

from uuid import UUID

from django.db import transaction
from django.db.models import Q

from markrin.api.errors import NotFound
from markrin.api.unset import UNSET, sent_fields
from markrin.db import transactions
from products import errors, hooks
from products.models import Category, Collection, Product
from products.models.category import CategoryQuerySet
from products.schemas.categories import (
    CategoryChange,
    CategoryInput,
    CategoryPicture,
)
from products.services import media_files, slugs
from products.services.tax_classes import find_tax_class

_COLUMNS = {"name", "description", "position"}


@transactions.durable
def create_category(body: CategoryInput) -> UUID:
    """Create a category and return its id.

    Raises:
        CategoryUnknown, TaxClassUnknown: there is no such parent, or class.
        CategoryNameTaken, CategoryTooDeep, SlugTaken: it cannot stand there under that name.
    """
    category = Category()
    _set_input(category, body)
    category.save(force_insert=True)
    return category.pk


@transactions.durable
def update_category(body: CategoryChange, *, key: UUID | str) -> UUID:
    """Change a category, found by id or slug, and return its id; with another parent, all
    below it moves along.

    Its slug stays unless one is given.

    Locks: the category.

    Raises:
        NotFound: there is no such category.
        CategoryUnknown, TaxClassUnknown: there is no such parent, or class.
        CategoryCycle, CategoryTooDeep, CategoryNameTaken, SlugTaken: it cannot stand there
            under that name.
    """
    category = _lock_category(key)
    changes = sent_fields(body)
    for name in _COLUMNS & changes.keys():
        setattr(category, name, changes[name])
    if body.tax_class is not UNSET:
        category.tax_class = find_tax_class(body.tax_class)
    if body.parent_id is not UNSET:
        category.parent = _lock_parent(body.parent_id)
    _check_place(category, None if body.slug is UNSET else body.slug)
    category.save(
        update_fields=[
            *_COLUMNS & changes.keys(),
            "slug",
            "parent",
            "tax_class",
            "updated_at",
        ]
    )
    return category.pk


@transactions.durable
def replace_category(body: CategoryInput, *, key: UUID | str) -> UUID:
    """Give a category, found by id or slug, all that `body` says, and return its id. Locks
    and raises as `update_category`.
    """
    category = _lock_category(key)
    _set_input(category, body)
    category.save()
    return category.pk


@transactions.durable
def delete_category(*, key: UUID | str) -> None:
    """Delete a category, with its size chart.

    Locks: the category, against products and categories that would come in meanwhile.

    Raises:
        NotFound: there is no such category.
        CategoryNotEmpty: it has categories or products, archived ones too.
        CategoryInUse: a promotion or a collection goes by it.
    """
    category = _filter_by_key(key).select_for_update().first()
    if category is None:
        raise NotFound
    children = category.children.count()
    listed = Q(category=category) | Q(also_in=category)
    products = Product.objects.filter(listed).distinct().count()
    if children or products:
        raise errors.CategoryNotEmpty(categories=children, products=products)
    if (
        any(hooks.list_promotions(category_id=category.pk, collection_id=None))
        or Collection.objects.filter(category=category).exists()
    ):
        raise errors.CategoryInUse
    media_files.remove_on_commit([category.image.name])
    category.delete()


def set_category_image(body: CategoryPicture, *, key: UUID | str) -> None:
    """Give the category a picture, encoded anew, in place of the one it has. Locks: the category.

    Raises:
        NotFound: there is no such category.
    """
    with (
        media_files.store_picture(body.file, "categories", small=False) as stored,
        transaction.atomic(durable=True),
    ):
        category = _lock_category(key)
        media_files.remove_on_commit([category.image.name])
        category.image = stored.name
        category.save(update_fields=["image", "updated_at"])


@transactions.durable
def delete_category_image(*, key: UUID | str) -> None:
    """Take the category's picture away, if it has one. Locks: the category.

    Raises:
        NotFound: there is no such category.
    """
    category = _lock_category(key)
    media_files.remove_on_commit([category.image.name])
    category.image = ""
    category.save(update_fields=["image", "updated_at"])


def _filter_by_key(key: UUID | str) -> CategoryQuerySet:
    return (
        Category.objects.filter(pk=key)
        if isinstance(key, UUID)
        else Category.objects.filter(slug=key)
    )


def _lock_category(key: UUID | str) -> Category:
    category = _filter_by_key(key).locked().first()
    if category is None:
        raise NotFound
    return category


def _set_input(category: Category, body: CategoryInput) -> None:
    for name in _COLUMNS:
        setattr(category, name, getattr(body, name))
    category.tax_class = find_tax_class(body.tax_class)
    category.parent = _lock_parent(body.parent_id)
    _check_place(category, body.slug)


def _check_place(category: Category, slug: str | None) -> None:
    """Refuse a name or a slug that is taken; without one, make it from the name."""
    beside = Category.objects.filter(parent=category.parent_id, name=category.name)
    if beside.exclude(pk=category.pk).exists():
        raise errors.CategoryNameTaken
    others = slugs.filter_others(Category, category.pk)
    if slug is not None:
        category.slug = slugs.check_slug(slug, among=others)
    elif not category.slug:
        category.slug = slugs.find_free_slug(
            category.name, among=others, else_="category"
        )


def _lock_parent(parent_id: UUID | None) -> Category | None:
    if parent_id is None:
        return None
    # Locked, so that it cannot be deleted before its child is there.
    parent = Category.objects.filter(pk=parent_id).locked().first()
    if parent is None:
        raise errors.CategoryUnknown
    return parent
