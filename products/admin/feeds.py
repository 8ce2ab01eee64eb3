"""Inventory feeds: uploaded, looked at, let through or not."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from markrin.admin_base import FirstRows, ReadOnly, ReadOnlyAdmin, Step, SteppedAdmin
from products.models import (
    Feed,
    FeedPull,
    FeedRow,
)
from products.models.feed import FeedState
from products.services import feeds


class RejectedRows(FirstRows):
    most = 200
    model = FeedRow
    fields = ("line", "sku", "quantity", "result", "reason")
    readonly_fields = fields
    verbose_name_plural = "rows that were rejected or in conflict (the first 200; the report has them all)"

    def get_queryset(self, request: HttpRequest) -> QuerySet[FeedRow]:
        found: QuerySet[FeedRow] = super().get_queryset(request)
        return found.filter(result__in=["rejected", "conflict"])


def _release(request: HttpRequest, feed: Feed, data: Mapping[str, Any]) -> str:
    feeds.release(feed_id=feed.pk)
    return "The feed will be applied."


def _discard(request: HttpRequest, feed: Feed, data: Mapping[str, Any]) -> str:
    feeds.discard(feed_id=feed.pk)
    return "The feed is discarded."


@admin.register(Feed)
class FeedAdmin(ReadOnly, SteppedAdmin):
    list_display = (
        "source", "sequence", "mode", "state", "progress", "applied", "unchanged", "rejected", "held_reason",
        "created_at",
    )  # fmt: skip
    list_filter = ("state", "source", "mode")
    ordering = ("-created_at", "-id")
    inlines = (RejectedRows,)
    steps = {
        "release": Step("Apply it", _release, offered=lambda feed: feed.state == FeedState.HELD),
        "discard": Step("Discard", _discard, offered=lambda feed: feed.state == FeedState.HELD, danger=True),
    }

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["next_steps", "created_at"]

    def progress(self, feed: Feed) -> str:
        done = feed.applied + feed.unchanged + feed.rejected
        return f"{done} of {feed.total}"


@admin.register(FeedPull)
class FeedPullAdmin(ReadOnlyAdmin):
    list_display = ("source", "checked_at", "last_modified", "error")
