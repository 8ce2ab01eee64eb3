"""Slugs: a page's name in its address."""

import re
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Model, QuerySet

from products import errors
from products.models import FormerSlug, Product
from products.transliteration import ascii_slug, own_slug

MAX_LENGTH = 100  # characters of a slug of our making, which leaves room for a number behind it
# What stands where a product's slug would: /api/products/featured. An address that looks
# like an id is one.
_RESERVED = frozenset({"new-arrivals", "featured", "suggestions"})
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def slug_from_name(name: str, *, else_: str) -> str:
    """Return a slug of the name, in ASCII or by SLUG_LETTERS in its own letters; `else_` for a
    name that has no letter and no digit.
    """
    make_slug = own_slug if settings.SLUG_LETTERS == "own" else ascii_slug
    return make_slug(name)[:MAX_LENGTH].strip("-") or else_


def find_free_slug(name: str, *, among: QuerySet[Any], else_: str) -> str:
    """Return a slug for the name that none of the rows has or had, if need be with a number
    behind it.

    Locks: until the transaction ends, nobody else gets a slug that begins the same.
    """
    base = slug_from_name(name, else_=else_)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"slug:{base}"],
        )
    taken = (
        set(among.filter(slug__startswith=base).values_list("slug", flat=True))
        | _RESERVED
    )
    taken |= set(
        FormerSlug.objects.filter(slug__startswith=base).values_list(
            "slug", flat=True
        )
    )
    number, slug = 1, base
    while slug in taken or _ID.fullmatch(slug):
        number += 1
        slug = f"{base}-{number}"
    return slug


def is_reserved(slug: str) -> bool:
    """Return whether the slug would mean something else where a product's stands in an address."""
    return slug in _RESERVED or _ID.fullmatch(slug) is not None


def is_made_from(slug: str, name: str) -> bool:
    """Return whether the slug is the name's already, with or without a number."""
    base = slug_from_name(name, else_="")
    return (
        bool(base)
        and re.fullmatch(f"{re.escape(base)}(-[0-9]+)?", slug) is not None
    )


def check_slug(slug: str, *, among: QuerySet[Any]) -> str:
    """Return the slug that staff chose.

    Raises:
        SlugTaken: one of the rows has it, or it means something else in an address.
    """
    if is_reserved(slug) or among.filter(slug=slug).exists():
        raise errors.SlugTaken
    return slug


def set_slug(product: Product, slug: str) -> None:
    """Give the product, new or locked by the caller, a slug; the one it had leads to it
    from now on.
    """
    if slug == product.slug:
        return
    FormerSlug.objects.filter(slug=slug).delete()
    if product.slug:
        FormerSlug.objects.update_or_create(
            slug=product.slug, defaults={"product": product}
        )
    product.slug = slug


def filter_others(model: type[Model], own_id: UUID | None = None) -> QuerySet[Any]:
    """Return the rows among which a slug must be unique."""
    return (
        model._default_manager.exclude(pk=own_id)
        if own_id
        else model._default_manager.all()
    )
