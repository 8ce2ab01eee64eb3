"""What `manage.py trace` tells of accounts: the log of signing in."""

from collections.abc import Iterator

from accounts.models import AuthEvent
from markrin.ops.trace.timeline import TimelineEntry, TraceSearch


def tell(*, clues: TraceSearch) -> dict[str, Iterator[TimelineEntry]]:
    """Return the events of signing in that the requests led to. They have no index by
    request: the table is walked.
    """
    return {"sign-in events": _list_events(clues)}


def find_addresses(*, requests: list[str]) -> dict[str, str | None]:
    """Return the client's address of each request that tried to sign in, by its id."""
    recent = AuthEvent.objects.order_by("-id")[
        :1000
    ]  # there is no index by request
    return {
        event.request_id: event.ip
        for event in recent
        if event.request_id in requests
    }


def _list_events(clues: TraceSearch) -> Iterator[TimelineEntry]:
    for event in AuthEvent.objects.filter(request_id__in=clues.requests).order_by(
        "at", "id"
    ):
        user = f", user {event.user_id}" if event.user_id else ""
        session = f", session {event.sid}" if event.sid else ""
        yield TimelineEntry(
            event.at,
            "sign-in",
            f"{event.type} {event.outcome}{user}{session}",
            event.request_id,
        )
