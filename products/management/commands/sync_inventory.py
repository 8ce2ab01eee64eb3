"""`manage.py sync_inventory`: take in a warehouse's count, or its changes, from a file."""

import re
import sys
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)

from markrin.api import fields
from markrin.api.errors import Invalid, ShopError
from markrin.api.schemas import QuerySchema
from products.csv_reader import FileRefused
from products.models import Feed
from products.models.feed import FeedMode, FeedState
from products.schemas.feeds import SOURCE
from products.selectors import feed_reports as selectors
from products.services.feeds import staging
from products.services.feeds.columns import PLAIN_FEED, load_feed_mapping


class Command(BaseCommand):
    help = (
        "Take in an inventory feed: CSV (columns sku, quantity), Shopify's inventory export, or"
        " JSON lines. A count is"
        " what lay on the shelf at --counted-at, reserved pieces included. A worker applies"
        " it, or this command does with --now."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--source",
            required=True,
            metavar="NAME",
            help="who counted, such as: warehouse",
        )
        parser.add_argument(
            "--sequence",
            required=True,
            type=int,
            metavar="N",
            help="grows with each of its feeds",
        )
        parser.add_argument(
            "--counted-at",
            metavar="TIME",
            help=(
                "when the pieces were counted, such as 2026-11-23T09:00:00Z (default: when"
                " the file was written last)"
            ),
        )
        parser.add_argument(
            "--mode",
            choices=FeedMode.values,
            default=FeedMode.COUNT,
            help=(
                "count: of the SKUs in the file; full: what the file leaves out is zero;"
                " delta: changes, each with an id (default: count)"
            ),
        )
        parser.add_argument(
            "--mapping",
            type=Path,
            metavar="FILE",
            help="which columns say what (TOML), see docs/inventory-feeds.md",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="check every row, change nothing"
        )
        parser.add_argument(
            "--now",
            action="store_true",
            help="apply it here and now, without a worker",
        )
        parser.add_argument(
            "--report",
            type=Path,
            metavar="FILE",
            help="write what was not applied, and why (CSV)",
        )

    def handle(
        self,
        *,
        file: Path,
        source: str,
        sequence: int,
        counted_at: str | None,
        mode: str,
        mapping: Path | None,
        dry_run: bool,
        now: bool,
        report: Path | None,
        verbosity: int,
        **_: object,
    ) -> None:
        if not re.fullmatch(SOURCE, source):
            raise CommandError(
                "--source takes 1 to 40 lower-case letters, digits and hyphens"
            )
        if not 0 <= sequence <= 2**62:
            raise CommandError("--sequence is a whole number from 0")
        try:
            columns = load_feed_mapping(mapping) if mapping else PLAIN_FEED
        except FileRefused as exc:
            raise CommandError(f"Nothing was taken in: {exc}.") from exc
        try:
            feed, new = staging.stage_feed(
                path=file,
                source=source,
                sequence=sequence,
                mode=FeedMode(mode),
                counted_at=_moment(file, counted_at),
                dry_run=dry_run,
                columns=columns,
            )
        except ShopError as exc:
            raise CommandError(f"Nothing was taken in: {exc.detail}") from exc
        if not new:
            self.stdout.write(
                "This feed was sent before; it is not taken in a second time."
            )
        if now:
            _apply(
                feed.pk,
                feed.total - feed.rejected,
                shown=verbosity > 0 and sys.stdout.isatty(),
            )
        feed = selectors.get_feed(feed_id=feed.pk)
        self.stdout.write(_summary(feed))
        if report:
            report.write_text(
                "".join(selectors.write_report(feed_id=feed.pk)), "utf-8"
            )
        if feed.state == FeedState.HELD:
            raise CommandError(
                "The feed is held for a person to look at: release or discard it.",
                returncode=2,
            )


class _Moment(QuerySchema):
    counted_at = fields.Timestamp(required=True)


def _moment(file: Path, text: str | None) -> datetime:
    if text is None:
        try:
            return datetime.fromtimestamp(file.stat().st_mtime, UTC)
        except OSError as exc:
            raise CommandError(f"{file}: {exc.strerror}") from exc
    try:
        found: datetime = _Moment().load({"countedAt": text})["counted_at"]
    except Invalid as exc:
        raise CommandError(f"--counted-at: {exc.errors[0]['message']}") from exc
    return found


def _apply(feed_id: UUID, rows: int, *, shown: bool) -> None:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(
        *columns, console=Console(file=sys.stdout), disable=not shown
    ) as bar:
        task = bar.add_task("applying", total=rows)
        while staging.apply_chunk(feed_id=feed_id):
            bar.advance(task, staging.CHUNK)


def _summary(feed: Feed) -> str:
    waiting = feed.total - feed.applied - feed.unchanged - feed.rejected
    counts = (
        f"{feed.applied:,} applied, {feed.unchanged:,} unchanged, {feed.rejected:,}"
        f" rejected, {waiting:,} waiting"
    )
    held = f" {feed.held_reason}" if feed.held_reason else ""
    return (
        f"Feed {feed.source} {feed.sequence} is {feed.state}: of {feed.total:,} rows"
        f" {counts}.{held}"
    )
