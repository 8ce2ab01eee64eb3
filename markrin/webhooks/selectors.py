"""What is read of webhooks and events."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from markrin import rights
from markrin.api.errors import NotFound
from markrin.api.pagination import CursorPage, Page, fetch_page
from markrin.webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookEvent
from markrin.webhooks.public_events import load_public_events
from markrin.webhooks.schemas import DeliveryFilter, EventsAfter
from markrin.webhooks.services import delivering


@dataclass(frozen=True)
class EventList:
    """A part of the list of events, with where the next one begins."""

    items: list[dict[str, object]]
    next: int
    more: bool


def list_endpoints() -> list[WebhookEndpoint]:
    """Return all, the newest first: one query."""
    return list(WebhookEndpoint.objects.order_by("-created_at", "-id"))


def get_endpoint(*, endpoint_id: UUID) -> WebhookEndpoint:
    """Return one. Raises: NotFound."""
    found = WebhookEndpoint.objects.filter(pk=endpoint_id).first()
    if found is None:
        raise NotFound
    return found


def list_deliveries(
    query: DeliveryFilter, *, endpoint_id: UUID
) -> Page[WebhookDelivery] | CursorPage[WebhookDelivery]:
    """Return the log of an endpoint, the newest first: three queries. Raises: NotFound."""
    endpoint = get_endpoint(endpoint_id=endpoint_id)
    found = endpoint.deliveries.select_related("event")
    if query.state is not None:
        found = found.filter(state=query.state)
    return fetch_page(
        found,
        order=("-id",),
        page=query.page,
        limit=query.limit,
        cursor=query.cursor,
    )


def get_delivery(*, endpoint_id: UUID, delivery_id: UUID) -> WebhookDelivery:
    """Return a delivery with its body and tries: two queries. Raises: NotFound."""
    found = (
        WebhookDelivery.objects.filter(pk=delivery_id, endpoint=endpoint_id)
        .select_related("event")
        .prefetch_related("tries")
        .first()
    )
    if found is None:
        raise NotFound
    found.body = delivering.make_body(found.event)  # type: ignore[attr-defined]  # shown
    return found


def list_events(query: EventsAfter, *, groups: Iterable[str] | None) -> EventList:
    """Return the events after a position that these groups of staff may read (None: all), and of
    the types that are asked for, in their order: one query.

    Whoever goes on from `next` misses none: positions become visible in their order.
    """
    allowed = [
        event.event_type
        for event in load_public_events().values()
        if groups is None or event.group in groups
    ]
    types = [one for one in allowed if not query.type or one in query.type]
    rows = list(
        WebhookEvent.objects.filter(
            position__gt=query.after, type__in=types
        ).order_by("position")[: query.limit + 1]
    )
    shown = rows[: query.limit]
    return EventList(
        items=[_show(event) for event in shown],
        next=shown[-1].position if shown else query.after,
        more=len(rows) > query.limit,
    )


def _show(event: WebhookEvent) -> dict[str, object]:
    return {
        "id": delivering.message_id(event),
        "type": event.type,
        "timestamp": event.at,
        "version": load_public_events()[event.type].version,
        "sequence": event.position,
        "subject": event.subject,
        "subject_id": event.subject_id,
        "data": event.data,
    }


def list_groups_of(user: Any) -> set[str] | None:
    """Return the groups of rights that a member of staff is in; None: an admin, who is in all."""
    if user.role == "admin":
        return None
    found = user.groups.filter(name__in=rights.GROUPS).values_list(
        "name", flat=True
    )
    return set(found)
