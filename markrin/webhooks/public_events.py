"""The events that others may see, as the apps declare them."""

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from rest_framework.serializers import Serializer

from markrin.webhooks import hooks

Snapshot = Mapping[str, Any]  # as JSON


@dataclass(frozen=True, kw_only=True)
class PublicEvent:
    """An event of `celery_app.ON_EVENT` that others are told of.

    `find_subjects` returns the ids of what it is about, from the job's payload;
    `make_snapshots` what each of them is now, without those that are gone. `shape` is the
    serializer that the snapshots are made with; `group` of markrin.rights may read them.
    """

    event_type: str
    summary: str
    subject: str
    group: str
    shape: type[Serializer[Any]]
    find_subjects: Callable[[Mapping[str, Any]], Iterable[UUID]]
    make_snapshots: Callable[[Sequence[UUID]], Mapping[UUID, Snapshot]]
    version: int = (
        1  # of the snapshot's form: counts up when a field changes or goes
    )


@functools.cache
def load_public_events() -> dict[str, PublicEvent]:
    """Return all of them by their types, in the order of the types.

    Raises:
        ValueError: two have one type.
    """
    found: dict[str, PublicEvent] = {}
    for events in hooks.list_public_events():
        for event in events:
            if event.event_type in found:
                raise ValueError(f"two public events are named {event.event_type}")
            found[event.event_type] = event
    return dict(sorted(found.items()))


# What the test button sends; nobody's event, so the list has none.
PING = "webhook.test"
