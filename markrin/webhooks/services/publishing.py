"""Writes an event down with a snapshot of what it is about, and queues it for each endpoint."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from markrin.api.renderers import JSONRenderer
from markrin.db import transactions
from markrin.outbox import services as outbox
from markrin.webhooks.events import DeliveryDue
from markrin.webhooks.models import (
    OffReason,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
)
from markrin.webhooks.public_events import (
    PublicEvent,
    Snapshot,
    load_public_events,
)

# Both locks last until the transaction ends.
_LOCK_SUBJECTS = """
SELECT pg_advisory_xact_lock(hashtextextended(subject, 0)) FROM unnest(%s::text[]) AS subject
"""
_LOCK_POSITIONS = "SELECT pg_advisory_xact_lock(hashtext('webhook positions'))"


@transactions.requires_transaction
def publish(event_type: str, payload: Mapping[str, object]) -> int:
    """Write down what happened to each subject of an event, and queue its deliveries. Return how
    many subjects there were.

    Locks, until the transaction ends: the subjects, in the order of their ids, so that a later
    snapshot of one never has an earlier position; then the positions.
    """
    event = load_public_events()[event_type]
    ids = sorted(set(event.find_subjects(payload)))
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_SUBJECTS, [[f"{event.subject}:{one}" for one in ids]])
    snapshots = event.make_snapshots(ids)
    if snapshots:
        queue_deliveries(_write_events(event, snapshots))
    return len(snapshots)


def _write_events(
    event: PublicEvent, snapshots: Mapping[UUID, Snapshot]
) -> list[WebhookEvent]:
    positions = _take_positions(len(snapshots))
    written = [
        WebhookEvent(
            position=position,
            type=event.event_type,
            subject=event.subject,
            subject_id=subject_id,
            data=to_plain_json(snapshots[subject_id]),
        )
        for position, subject_id in zip(positions, sorted(snapshots), strict=True)
    ]
    WebhookEvent.objects.bulk_create(written)
    return written


@transactions.requires_transaction
def write_event(
    *, event_type: str, subject: str, subject_id: UUID, data: Mapping[str, object]
) -> WebhookEvent:
    """Write one event down, and queue nothing: part of the caller's transaction."""
    (position,) = _take_positions(1)
    return WebhookEvent.objects.create(
        position=position,
        type=event_type,
        subject=subject,
        subject_id=subject_id,
        data=to_plain_json(data),
    )


def _take_positions(count: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_POSITIONS)
        cursor.execute(
            "SELECT nextval('webhook_event_position') FROM generate_series(1, %s)",
            [count],
        )
        return [row[0] for row in cursor.fetchall()]


def to_plain_json(value: object) -> Any:
    """Return what a serializer has made as JSON holds it, just as a response would have it."""
    return json.loads(JSONRenderer().render(value))


def queue_deliveries(
    events: list[WebhookEvent], *, only: WebhookEndpoint | None = None
) -> list[WebhookDelivery]:
    """Queue these events for the endpoints that want them, or for one; in the caller's
    transaction.
    """
    endpoints = [only] if only else list(_list_wanting(events[0].type))
    deliveries = [
        WebhookDelivery(event=event, endpoint=endpoint)
        for event in events
        for endpoint in endpoints
    ]
    WebhookDelivery.objects.bulk_create(deliveries)
    if deliveries:
        outbox.add(*(DeliveryDue(delivery.pk, 1) for delivery in deliveries))
    return deliveries


def _list_wanting(event_type: str) -> QuerySet[WebhookEndpoint]:
    wants = Q(event_types__len=0) | Q(event_types__contains=[event_type])
    return WebhookEndpoint.objects.filter(wants, off_reason=OffReason.ON).order_by(
        "pk"
    )


@transactions.requires_transaction
def forget_subjects(subject: str, ids: list[UUID]) -> None:
    """Delete the events about these, with their deliveries: part of the transaction that erases
    a person.
    """
    WebhookEvent.objects.filter(subject=subject, subject_id__in=ids).delete()
