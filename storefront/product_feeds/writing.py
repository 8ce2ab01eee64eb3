"""Writes the feeds into the storage, and finds them again under addresses that nobody guesses."""

import hashlib
import hmac
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from typing import IO, Final

import structlog
from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.utils import timezone

from markrin.db import advisory_locks
from markrin.db.models import uuid7
from products.selectors.feed_items import iterate_feed_items
from storefront.models import ProductFeed
from storefront.product_feeds.formats import FORMATS, FeedFormat, ItemLeftOut

log = structlog.get_logger(__name__)

FOLDER: Final = "product-feeds"


@dataclass(frozen=True)
class FeedCount:
    """How many variants a feed has, and why others are not in it."""

    items: int
    left_out: Counter[str]


def make_token(name: str) -> str:
    """Return what stands in a feed's address: it follows from SECRET_KEY and changes with it."""
    mac = hmac.new(
        settings.SECRET_KEY.encode(),
        f"product feed {name}".encode(),
        hashlib.sha256,
    )
    return mac.hexdigest()[:32]


def make_path(name: str) -> str:
    """Return the path of a feed's address."""
    return f"/feeds/{make_token(name)}/{FORMATS[name].file_name}"


def write_feeds() -> None:
    """Write every feed anew. One that fails is logged, keeps its last file, and stops no other."""
    for name in FORMATS:
        try:
            write_feed(name)
        except Exception:
            log.exception("product_feed_failed", feed=name)


def write_feed(name: str) -> ProductFeed | None:
    """Write one feed and return it; None while another process writes it.

    It is written beside the last one, an item at a time, and takes its place when it is whole;
    what is killed in the middle leaves the last one.
    """
    with advisory_locks.advisory_lock(f"product feed:{name}") as mine:
        return _write(FORMATS[name]) if mine else None


def _write(form: FeedFormat) -> ProductFeed:
    began = time.monotonic()
    with tempfile.TemporaryFile(prefix="product-feed-") as file:
        count = write_items(form, file)
        size = file.tell()
        file.seek(0)
        stored = default_storage.save(
            f"{FOLDER}/{uuid7().hex}-{form.file_name}", File(file)
        )
    before = ProductFeed.objects.filter(name=form.name).first()
    feed, _ = ProductFeed.objects.update_or_create(
        name=form.name,
        defaults={
            "file": stored,
            "items": count.items,
            "left_out": dict(count.left_out),
            "bytes": size,
            "written_at": timezone.now(),
        },
    )
    if before is not None and before.file:
        default_storage.delete(before.file)
    log.info(
        "product_feed_written",
        feed=form.name,
        items=count.items,
        left_out=sum(count.left_out.values()),
        seconds=round(time.monotonic() - began, 1),
    )
    return feed


def write_items(form: FeedFormat, file: IO[bytes]) -> FeedCount:
    """Write the whole feed to a file, an item at a time."""
    items, left_out = 0, Counter[str]()
    file.write(form.head())
    for item in iterate_feed_items():
        try:
            file.write(form.item(item))
            items += 1
        except ItemLeftOut as exc:
            left_out[str(exc)] += 1
    file.write(form.tail)
    return FeedCount(items, left_out)
