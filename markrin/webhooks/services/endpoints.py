"""Endpoints as admins set them up, and events that they have sent again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import IntegrityError, connection
from django.utils import timezone

from markrin.api.errors import NotFound
from markrin.api.unset import UNSET, Unset
from markrin.db import transactions
from markrin.db.models import uuid7
from markrin.outbound.addresses import AddressRefused, parse_url, resolve_public
from markrin.outbox import services as outbox
from markrin.webhooks import errors, secrets
from markrin.webhooks.events import DeliveryDue
from markrin.webhooks.models import (
    DeliveryState,
    OffReason,
    WebhookDelivery,
    WebhookEndpoint,
)
from markrin.webhooks.public_events import PING
from markrin.webhooks.services import publishing

MAX_ENDPOINTS: Final = 50
MAX_AGAIN: Final = 10_000  # deliveries that one call sends again


@dataclass(frozen=True, kw_only=True)
class NewWebhook:
    """An endpoint; no event types: all of them."""

    name: str
    url: str
    event_types: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class WebhookChange:
    name: str | Unset = UNSET
    url: str | Unset = UNSET
    event_types: Sequence[str] | Unset = UNSET
    is_on: bool | Unset = UNSET


def check_address(url: str) -> None:
    """Return if the shop would call this address today; each call asks anew.

    Raises:
        errors.WebhookAddressRefused: it would not.
    """
    try:
        parts = parse_url(url)
        resolve_public(
            parts.hostname or "", parts.port or 443, scheme=parts.scheme or "https"
        )
    except AddressRefused as exc:
        raise errors.WebhookAddressRefused(str(exc)) from exc


def create_endpoint(
    new: NewWebhook, *, by_id: UUID | None
) -> tuple[WebhookEndpoint, str]:
    """Return a new endpoint and its secret, which is shown this once.

    Raises:
        errors.WebhookAddressRefused, errors.WebhookNameTaken, errors.TooManyWebhooks.
    """
    check_address(new.url)
    secret = secrets.make_secret()
    try:
        return _insert_endpoint(new, secret, by_id), secret
    except IntegrityError as exc:
        if WebhookEndpoint.objects.filter(name=new.name).exists():
            raise errors.WebhookNameTaken from exc
        raise


@transactions.durable
def _insert_endpoint(
    new: NewWebhook, secret: str, by_id: UUID | None
) -> WebhookEndpoint:
    return insert_endpoint(new, secret=secret, by_id=by_id)


@transactions.requires_transaction
def insert_endpoint(
    new: NewWebhook, *, secret: str, by_id: UUID | None
) -> WebhookEndpoint:
    """Add an endpoint, as part of the caller's transaction. Raises: errors.TooManyWebhooks."""
    if WebhookEndpoint.objects.count() >= MAX_ENDPOINTS:
        raise errors.TooManyWebhooks
    made = WebhookEndpoint.objects.create(
        name=new.name,
        url=new.url,
        event_types=sorted(set(new.event_types)),
        secret=secrets.encrypt_secret(secret),
        created_by_id=by_id,
    )
    made.refresh_from_db()
    return made


def change_endpoint(change: WebhookChange, *, endpoint_id: UUID) -> WebhookEndpoint:
    """Change some of an endpoint. Switched on, it begins with a clean record; what was given up
    meanwhile is sent by `send_again`.

    Raises:
        NotFound, errors.WebhookAddressRefused, errors.WebhookNameTaken.
    """
    if not isinstance(change.url, Unset):
        check_address(change.url)
    try:
        return _update_endpoint(change, endpoint_id)
    except IntegrityError as exc:
        if "webhook_endpoint_name" in str(exc):
            raise errors.WebhookNameTaken from exc
        raise


@transactions.durable
def _update_endpoint(change: WebhookChange, endpoint_id: UUID) -> WebhookEndpoint:
    endpoint = get_locked(endpoint_id)
    if not isinstance(change.name, Unset):
        endpoint.name = change.name
    if not isinstance(change.url, Unset):
        endpoint.url = change.url
    if not isinstance(change.event_types, Unset):
        endpoint.event_types = sorted(set(change.event_types))
    if not isinstance(change.is_on, Unset) and change.is_on != endpoint.is_on:
        endpoint.off_reason = OffReason.ON if change.is_on else OffReason.STAFF
        endpoint.failures, endpoint.failing_since = 0, None
        endpoint.paused_until = endpoint.warned_at = None
    endpoint.save()
    return endpoint


def get_locked(endpoint_id: UUID) -> WebhookEndpoint:
    """Return the endpoint, locked until the transaction ends. Raises: NotFound."""
    endpoint = WebhookEndpoint.objects.locked().filter(pk=endpoint_id).first()
    if endpoint is None:
        raise NotFound
    return endpoint


@transactions.durable
def delete_endpoint(*, endpoint_id: UUID) -> None:
    """Delete an endpoint with the log of its deliveries; once done, again changes nothing.

    Raises: NotFound.
    """
    remove_endpoint(endpoint_id)


@transactions.requires_transaction
def remove_endpoint(endpoint_id: UUID) -> None:
    """Delete an endpoint, as part of the caller's transaction. Raises: NotFound."""
    endpoint = get_locked(endpoint_id)
    # Django's cascade would load every row of the log.
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM webhook_attempt USING webhook_delivery d"
            " WHERE delivery_id = d.id AND d.endpoint_id = %(id)s",
            {"id": endpoint.pk},
        )
        cursor.execute(
            "DELETE FROM webhook_delivery WHERE endpoint_id = %(id)s",
            {"id": endpoint.pk},
        )
    endpoint.delete()


@transactions.durable
def rotate_secret(
    *, endpoint_id: UUID, keep_old: timedelta
) -> tuple[WebhookEndpoint, str]:
    """Give an endpoint a new secret, and return both. The old one signs as well for as long as
    is asked; an older one ends at once.

    Raises: NotFound.
    """
    endpoint = get_locked(endpoint_id)
    secret = secrets.make_secret()
    endpoint.old_secret = endpoint.secret if keep_old else ""
    endpoint.old_secret_until = timezone.now() + keep_old if keep_old else None
    endpoint.secret = secrets.encrypt_secret(secret)
    endpoint.save()
    return endpoint, secret


@transactions.durable
def send_test(*, endpoint_id: UUID) -> WebhookDelivery:
    """Queue a test event for one endpoint and return its delivery.

    Raises: NotFound, errors.WebhookOff.
    """
    endpoint = get_locked(endpoint_id)
    if not endpoint.is_on:
        raise errors.WebhookOff
    if endpoint.failures:  # somebody has mended it and wants to see
        endpoint.paused_until = None
        endpoint.save(update_fields=["paused_until", "updated_at"])
    event = publishing.write_event(
        event_type=PING,
        subject="webhook",
        subject_id=endpoint.pk,
        data={"id": str(endpoint.pk), "name": endpoint.name, "nonce": str(uuid7())},
    )
    return publishing.queue_deliveries([event], only=endpoint)[0]


@transactions.durable
def redeliver(
    *, delivery_id: UUID, endpoint_id: UUID | None = None
) -> WebhookDelivery:
    """Queue a delivery once more, whatever became of it; one that waits is sent now.

    Raises: NotFound, errors.WebhookOff.
    """
    found = WebhookDelivery.objects.filter(pk=delivery_id)
    if endpoint_id is not None:
        found = found.filter(endpoint=endpoint_id)
    delivery = found.first()
    if delivery is None:
        raise NotFound
    endpoint = get_locked(delivery.endpoint_id)
    if not endpoint.is_on:
        raise errors.WebhookOff
    _queue_again([delivery.pk])
    delivery.refresh_from_db()
    return delivery


@transactions.durable
def send_again(*, endpoint_id: UUID, since: datetime) -> int:
    """Queue all that was given up since then, up to 10,000; return how many.

    Raises: NotFound, errors.WebhookOff.
    """
    endpoint = get_locked(endpoint_id)
    if not endpoint.is_on:
        raise errors.WebhookOff
    failed = endpoint.deliveries.filter(
        state=DeliveryState.FAILED, event__at__gte=since
    ).order_by("event__position")
    ids = list(failed.values_list("pk", flat=True)[:MAX_AGAIN])
    _queue_again(ids)
    return len(ids)


def _queue_again(ids: list[UUID]) -> None:
    rows = WebhookDelivery.objects.select_for_update(no_key=True).filter(pk__in=ids)
    now = timezone.now()
    due = []
    for delivery in rows.order_by("pk"):
        delivery.state, delivery.turn = DeliveryState.WAITING, delivery.turn + 1
        delivery.due_at, delivery.delivered_at, delivery.sending_until = (
            now,
            None,
            None,
        )
        due.append(delivery)
    WebhookDelivery.objects.bulk_update(
        due, ["state", "turn", "due_at", "delivered_at", "sending_until"]
    )
    outbox.add(*(DeliveryDue(delivery.pk, delivery.turn) for delivery in due))
