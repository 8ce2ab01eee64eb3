"""Fetches the inventory feeds that the setting FEEDS names, and no other address."""

import hashlib
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import IO, Final

import requests
import structlog
from django.conf import settings
from django.utils import timezone

from markrin.api.errors import ShopError
from markrin.db import advisory_locks
from products.models import Feed, FeedPull
from products.models.feed import FeedMode
from products.services.feeds import staging

log = structlog.get_logger(__name__)

CONNECT_S: Final = 5
READ_S: Final = 30  # between two pieces of the answer
TOTAL_S: Final = 300
_BLOCK: Final = 1 << 16


class PullFailed(Exception):
    """The feed could not be fetched; the text says why."""


def pull_feeds() -> None:
    """Fetch every feed of FEEDS that has changed, and stage it. One that fails is logged
    and stops no other.
    """
    for source in settings.FEEDS:
        try:
            feed = pull_feed(source)
        except (PullFailed, ShopError) as exc:
            FeedPull.objects.update_or_create(
                source=source, defaults={"error": str(exc)[:200]}
            )
            log.warning("feed_pull_failed", source=source, error=str(exc))
        else:
            log.info(
                "feed_pulled", source=source, feed_id=str(feed.pk) if feed else None
            )


def pull_feed(source: str) -> Feed | None:
    """Fetch one feed and stage it; return it, or None where the address has nothing new or
    is being fetched already.

    Its pieces count as of the address's Last-Modified, else of now; without that header,
    content that is the same as last time is nothing new, as it may be an old count.
    Redirects are not followed.

    Raises:
        PullFailed: there is no 200 or 304 in time, or the answer is larger than FEED_MAX_BYTES.
        ShopError: what came is no feed.
    """
    with advisory_locks.advisory_lock(f"feed pull:{source}") as mine:
        return _fetch_and_stage(source, settings.FEEDS[source]) if mine else None


def _fetch_and_stage(source: str, where: Mapping[str, str]) -> Feed | None:
    last, _made = FeedPull.objects.get_or_create(source=source)
    headers = {"If-None-Match": last.etag} if last.etag else {}
    if last.last_modified:
        headers["If-Modified-Since"] = last.last_modified
    if token := where.get("authorization"):
        headers["Authorization"] = token
    asked_at = timezone.now()
    with tempfile.NamedTemporaryFile(prefix="feed-") as file:
        answered = _fetch_file(where["url"], headers, file)
        if answered is None:
            FeedPull.objects.filter(pk=source).update(checked_at=asked_at, error="")
            return None
        file.flush()
        feed = _stage_answer(
            source, where, last, answered, Path(file.name), asked_at
        )
    last.etag = answered.get("ETag", "")[:200]
    last.last_modified = answered.get("Last-Modified", "")[:60]
    last.sha256, last.error = answered["sha256"], ""
    last.save()
    return feed


def _stage_answer(
    source: str,
    where: Mapping[str, str],
    last: FeedPull,
    answered: Mapping[str, str],
    path: Path,
    asked_at: datetime,
) -> Feed | None:
    changed_at = _parse_http_date(answered.get("Last-Modified", ""))
    if changed_at is None and answered["sha256"] == last.sha256:
        return None
    counted_at = min(changed_at or asked_at, asked_at)
    sequence = int(asked_at.timestamp() * 1000)
    mode = FeedMode(where.get("mode", "count"))
    return staging.stage_feed(
        path=path,
        source=source,
        sequence=sequence,
        mode=mode,
        counted_at=counted_at,
    )[0]


def _fetch_file(
    url: str, headers: Mapping[str, str], file: IO[bytes]
) -> dict[str, str] | None:
    """Write the answer's body into the file; return its headers, with its `sha256`, or None
    if nothing has changed.
    """
    until, digest, size = time.monotonic() + TOTAL_S, hashlib.sha256(), 0
    try:
        with requests.get(
            url,
            headers=dict(headers),
            timeout=(CONNECT_S, READ_S),
            stream=True,
            allow_redirects=False,
        ) as answer:
            if answer.status_code == 304:
                return None
            if answer.status_code != 200:
                raise PullFailed(f"the address answered {answer.status_code}")
            for block in answer.iter_content(_BLOCK):
                size += len(block)
                if size > settings.FEED_MAX_BYTES:
                    raise PullFailed(
                        f"the feed has more than {settings.FEED_MAX_BYTES:,} bytes (FEED_MAX_BYTES)"
                    )
                if time.monotonic() > until:
                    raise PullFailed(f"the feed took longer than {TOTAL_S} s")
                digest.update(block)
                file.write(block)
            found = {
                name: answer.headers[name]
                for name in ("ETag", "Last-Modified")
                if name in answer.headers
            }
            return {**found, "sha256": digest.hexdigest()}
    except requests.RequestException as exc:
        raise PullFailed(f"{type(exc).__name__}: {exc}") from exc


def _parse_http_date(text: str) -> datetime | None:
    """Return what an HTTP date says. Source: RFC 9110 section 5.6.7."""
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
