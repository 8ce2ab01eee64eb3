"""What a feed's worker does to itself: it dies in each chunk, before its COMMIT and after
it, or takes its time.
"""

import os
import signal
import time
from pathlib import Path
from typing import Any

from products.models import Feed
from products.services.feeds import staging

_note = staging._record_outcomes
_apply_chunk = staging.apply_chunk


def in_each_chunk(marks: Path) -> None:
    """Die once in each chunk's transaction, and once after each; files in `marks` remember
    where it was.
    """

    def note(feed: Any, done: Any) -> None:
        _note(feed, done)
        _die_once(marks / f"{feed.cursor}-in")

    def apply_chunk(*, feed_id: Any) -> bool:
        more = _apply_chunk(feed_id=feed_id)
        cursor = Feed.objects.values_list("cursor", flat=True).get(pk=feed_id)
        if more:
            _die_once(marks / f"{cursor}-after")
        return more

    staging._record_outcomes, staging.apply_chunk = note, apply_chunk


def slow_chunks(seconds: float) -> None:
    """Wait in each chunk's transaction."""

    def note(feed: Any, done: Any) -> None:
        _note(feed, done)
        time.sleep(seconds)

    staging._record_outcomes = note


def _die_once(mark: Path) -> None:
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
