"""Inventory feeds and their reports, for staff."""

import csv
from collections.abc import Iterator
from uuid import UUID

from markrin.api import errors
from markrin.api.pagination import CursorPage, Page, fetch_page
from markrin.csv_safety import escape_formula
from products.models import Feed, FeedRow
from products.models.feed import FeedRowResult
from products.schemas.feeds import FeedFilter

_SHOWN = (FeedRowResult.REJECTED, FeedRowResult.CONFLICT)


def list_feeds(
    query: FeedFilter,
) -> Page[Feed] | CursorPage[Feed]:
    """Return the feeds, the newest first."""
    feeds = Feed.objects.all()
    if query.source:
        feeds = feeds.filter(source=query.source)
    if query.state:
        feeds = feeds.filter(state=query.state)
    return fetch_page(
        feeds,
        order=("-created_at", "-id"),
        page=query.page,
        limit=query.limit,
        cursor=query.cursor,
    )


def get_feed(*, feed_id: UUID) -> Feed:
    """Return a feed.

    Raises:
        errors.NotFound: there is none.
    """
    feed = Feed.objects.filter(pk=feed_id).first()
    if feed is None:
        raise errors.NotFound
    return feed


def write_report(*, feed_id: UUID) -> Iterator[str]:
    """Yield the lines of a CSV of the rows that were rejected, or applied only in part,
    with the reasons.
    """
    writer = csv.writer(_LineBuffer())
    yield writer.writerow(["line", "sku", "quantity", "id", "result", "reason"])
    rows = FeedRow.objects.filter(feed=feed_id, result__in=_SHOWN).order_by("line")
    for row in rows.iterator(chunk_size=2000):
        quantity = "" if row.quantity is None else row.quantity
        yield writer.writerow(
            [
                row.line,
                escape_formula(row.sku),
                quantity,
                escape_formula(row.row_ref),
                row.result,
                row.reason,
            ]
        )


class _LineBuffer:
    """A file whose `write` hands the text back."""

    def write(self, text: str) -> str:
        return text
