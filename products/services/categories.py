"""Categories: created, moved, deleted while empty."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from PIL import Image

from markrin.api.errors import NotFound
from products import errors
from products.models import Category, Product
from products.models.category import CategoryQuerySet
from products.services import media_files, slugs

_COLUMNS = ("name", "description", "position", "tax_percent")


@transaction.atomic(durable=True)
def create_category(**data: Any) -> UUID:
    """Create a category and return its id; `data` is as `schemas.CreateCategory` reads it.

    Raises:
        CategoryUnknown: there is no such parent.
        CategoryNameTaken, CategoryTooDeep, SlugTaken: it cannot stand there under that name.
    """
    category = Category()
    _set_columns(category, data)
    category.save(force_insert=True)
    return category.pk


@transaction.atomic(durable=True)
def update_category(*, key: UUID | str, **changes: Any) -> UUID:
    """Change a category, found by id or slug, and return its id; with another parent, all
    below it moves along.

    Its slug stays unless one is given.

    Locks: the category.

    Raises:
        NotFound: there is no such category.
        CategoryUnknown: there is no such parent.
        CategoryCycle, CategoryTooDeep, CategoryNameTaken, SlugTaken: it cannot stand there
            under that name.
    """
    category = _lock_category(key)
    _set_columns(category, changes)
    category.save(
        update_fields=[
            *(name for name in _COLUMNS if name in changes),
            "slug",
            "parent",
            "updated_at",
        ]
    )
    return category.pk


@transaction.atomic(durable=True)
def delete_category(*, key: UUID | str) -> None:
    """Delete a category, with its size chart.

    Locks: the category, against products and categories that would come in meanwhile.

    Raises:
        NotFound: there is no such category.
        CategoryNotEmpty: it has categories or products, archived ones too.
    """
    category = _filter_by_key(key).select_for_update().first()
    if category is None:
        raise NotFound
    children = category.children.count()
    products = Product.objects.filter(category=category).count()
    if children or products:
        raise errors.CategoryNotEmpty(categories=children, products=products)
    media_files.remove_on_commit([category.image.name])
    category.delete()


def set_category_image(*, key: UUID | str, file: Image.Image) -> None:
    """Give the category a picture, encoded anew, in place of the one it has. Locks: the category.

    Raises:
        NotFound: there is no such category.
    """
    with (
        media_files.store_picture(file, "categories", small=False) as stored,
        transaction.atomic(durable=True),
    ):
        category = _lock_category(key)
        media_files.remove_on_commit([category.image.name])
        category.image = stored.name
        category.save(update_fields=["image", "updated_at"])


@transaction.atomic(durable=True)
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


def _set_columns(category: Category, data: Mapping[str, Any]) -> None:
    for name in _COLUMNS:
        if name in data:
            setattr(category, name, data[name])
    if "parent_id" in data:
        category.parent = (
            None if data["parent_id"] is None else _lock_parent(data["parent_id"])
        )
    beside = Category.objects.filter(
        parent=category.parent_id, name=category.name
    ).exclude(pk=category.pk)
    if beside.exists():
        raise errors.CategoryNameTaken
    others = slugs.filter_others(Category, category.pk)
    if "slug" in data:
        category.slug = slugs.check_slug(data["slug"], among=others)
    elif not category.slug:
        category.slug = slugs.find_free_slug(
            category.name, among=others, else_="category"
        )


def _lock_parent(parent_id: UUID) -> Category:
    # Locked, so that it cannot be deleted before its child is there.
    parent = Category.objects.filter(pk=parent_id).locked().first()
    if parent is None:
        raise errors.CategoryUnknown
    return parent
