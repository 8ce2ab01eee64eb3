"""System checks of the catalogue's settings."""

import re
from collections.abc import Iterator

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from products.models.feed import FeedMode
from products.schemas.feeds import SOURCE

_URL = re.compile(r"https://[^\s/@?#]+(?:[/?][^\s#]*)?")


@register()
def check_feeds(app_configs: object = None, **kwargs: object) -> list[CheckMessage]:
    """Refuse a FEEDS that could not be fetched, or not safely."""
    return [
        Error(f"FEEDS: {said}", id="products.E001")
        for said in _find_faults(settings.FEEDS)
    ]


@register()
def check_slug_letters(
    app_configs: object = None, **kwargs: object
) -> list[CheckMessage]:
    """Refuse a SLUG_LETTERS that there is not."""
    if settings.SLUG_LETTERS in ("ascii", "own"):
        return []
    return [Error("SLUG_LETTERS: this takes ascii or own", id="products.E002")]


def _find_faults(feeds: object) -> Iterator[str]:
    if not isinstance(feeds, dict):
        yield "this must be an object: source to address"
        return
    for source, where in feeds.items():
        if not re.fullmatch(SOURCE, source):
            yield f"{source!r} takes 1 to 40 lower-case letters, digits and hyphens"
        if not isinstance(where, dict) or not all(
            isinstance(value, str) for value in where.values()
        ):
            yield f"{source} must be an object of texts"
            continue
        if unknown := where.keys() - {"url", "mode", "authorization"}:
            yield f"{source} has no {', '.join(sorted(unknown))}"
        if not _URL.fullmatch(where.get("url", "")):
            yield f"{source} needs a url that begins with https:// and holds no password"
        # A delta is a change since the one before it: an address that shows the present
        # cannot say that.
        if where.get("mode", "count") not in (FeedMode.COUNT, FeedMode.FULL):
            yield f"{source}: mode must be count or full"
