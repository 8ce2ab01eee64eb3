"""Who changed what: one list, read from the logs that the apps keep. Each app registers its
own.
"""

import heapq
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.contrib.admin.models import ADDITION, DELETION, LogEntry

AT_ONCE = 50


@dataclass(frozen=True)
class Entry:
    """A change that somebody made. `values` are rows of field, value before, value after."""

    at: datetime
    who: str
    what: str
    subject: str
    kind: str
    link: str = ""
    values: list[list[str]] = field(default_factory=list)
    note: str = ""


@dataclass(frozen=True)
class Wanted:
    """Which entries: older than `before`, of one person or of all, whose subject's kind is
    one or any; at most `most`.

    `since` is the first moment of the first day asked for.
    """

    before: datetime
    since: datetime | None = None
    who_id: UUID | None = None
    most: int = AT_ONCE + 1


Reader = Callable[[Wanted], Iterable[Entry]]
_sources: dict[str, Reader] = {}


def register_log_reader(name: str) -> Callable[[Reader], Reader]:
    """Register what reads an app's log, the newest first, in a bounded number of queries;
    `name` is a filter.
    """

    def register(reader: Reader) -> Reader:
        _sources[name] = reader
        return reader

    return register


def log_names() -> list[str]:
    """Return the names of the logs."""
    return list(_sources)


def read_entries(wanted: Wanted, *, kind: str = "") -> list[Entry]:
    """Return the newest entries of one log or of all, at most `wanted.most`."""
    readers = [_sources[kind]] if kind else list(_sources.values())
    merged = heapq.merge(
        *(reader(wanted) for reader in readers),
        key=lambda entry: entry.at,
        reverse=True,
    )
    return [entry for entry, _ in zip(merged, range(wanted.most), strict=False)]


def cut_page(entries: list[Entry]) -> list[Entry]:
    """Return the first AT_ONCE, or some fewer: what happened at one moment, in a
    transaction, stays together.
    """
    shown = entries[:AT_ONCE]
    if len(entries) > AT_ONCE:
        border = entries[AT_ONCE].at
        return [entry for entry in shown if entry.at > border] or shown
    return shown


@register_log_reader("admin")
def _admin_log(wanted: Wanted) -> Iterable[Entry]:
    rows = LogEntry.objects.select_related("user", "content_type").filter(
        action_time__lt=wanted.before
    )
    if wanted.since:
        rows = rows.filter(action_time__gte=wanted.since)
    if wanted.who_id:
        rows = rows.filter(user_id=wanted.who_id)
    for row in rows.order_by("-id")[: wanted.most]:
        yield Entry(
            at=row.action_time,
            who=str(row.user),
            what={ADDITION: "added", DELETION: "deleted"}.get(
                row.action_flag, "changed"
            ),
            subject=(
                f"{row.content_type.name if row.content_type else ''} {row.object_repr}".strip()
            ),
            kind="admin",
            link=row.get_admin_url() or "" if row.action_flag != DELETION else "",
            values=_change_values(row.change_message),
            note=row.get_change_message(),
        )


def _change_values(message: str) -> list[list[str]]:
    """Return the values before and after that `changes.describe` has put into the message."""
    if not message.startswith("["):
        return []
    try:
        parts = json.loads(message)
    except json.JSONDecodeError:
        return []
    values = []
    for part in parts:
        changed = part.get("changed") or {}
        whose = f"{changed['object']}: " if "object" in changed else ""
        values += [
            [f"{whose}{name}", before, after]
            for name, before, after in changed.get("values", [])
        ]
    return values
