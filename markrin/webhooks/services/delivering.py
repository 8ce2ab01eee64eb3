"""Sends one delivery: at least once, a few at a time to each endpoint, and none to one that
rests.

One endpoint that is slow must not take every worker: at most two of its deliveries are under way
at a time, and after three failures in a row it is left alone for a while. Deliveries that are
put off so do not use up their attempts. Source: Standard Webhooks specification 1.0, "Operational
considerations".
"""

import random
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import orjson
from django.conf import settings
from django.db.models import F
from django.utils import timezone

from markrin import __version__
from markrin.db import transactions
from markrin.outbound import client
from markrin.outbox import handlers
from markrin.outbox import services as outbox
from markrin.webhooks import secrets
from markrin.webhooks.events import EndpointFailing
from markrin.webhooks.models import (
    MAX_RESPONSE,
    DeliveryState,
    OffReason,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
)
from markrin.webhooks.public_events import load_public_events

TOTAL_S: Final = 10.0  # of one call
LIMIT_S: Final = 30  # of the job around it
AT_ONCE: Final = 2  # deliveries to one endpoint under way
BREAKER_AT: Final = 3  # failures in a row
PAUSE_S: Final = (30, 60, 120, 300, 600, 900)  # the longer the more of them
GIVE_UP: Final = timedelta(days=3)
WARN: Final = timedelta(days=1)
# The outbox waits 10 s to 8 h between them: these are more than three days have.
MAX_ATTEMPTS: Final = 30


@dataclass(frozen=True)
class _Plan:
    """What to send, and with what."""

    delivery_id: UUID
    url: str
    secrets: list[str]
    message_id: str
    body: str


@dataclass(frozen=True)
class _Outcome:
    status: int | None
    error: str
    response: str
    duration_ms: int

    @property
    def is_delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def deliver(*, delivery_id: UUID, turn: int) -> dict[str, object] | None:
    """Send an event to an endpoint, and return what came of it; None where nothing is to be done
    any more.

    Raises:
        handlers.Reschedule: the endpoint rests, or has enough under way.
        handlers.Retry: it was not delivered.
    """
    plan = _begin(delivery_id, turn)
    if plan is None:
        return None
    handlers.check_lease()
    outcome = _send(plan)
    state = _finish(plan.delivery_id, outcome)
    if state == DeliveryState.WAITING:
        raise handlers.Retry(outcome.error or f"answered {outcome.status}")
    return {"state": str(state), "status": outcome.status}


@transactions.durable
def _begin(delivery_id: UUID, turn: int) -> _Plan | None:
    """Locks: the endpoint, then the delivery."""
    delivery = WebhookDelivery.objects.filter(pk=delivery_id).first()
    if delivery is None:
        return None  # its event is deleted, or its endpoint
    endpoint = WebhookEndpoint.objects.locked().get(pk=delivery.endpoint_id)
    delivery = (
        WebhookDelivery.objects.select_for_update(of=("self",), no_key=True)
        .select_related("event")
        .get(pk=delivery_id)
    )
    if delivery.state != DeliveryState.WAITING or delivery.turn != turn:
        return None
    now = timezone.now()
    if refusal := _why_never(endpoint, delivery, now):
        _give_up(delivery, refusal)
        return None
    _refuse_too_early(endpoint, now)
    delivery.sending_until = now + timedelta(seconds=LIMIT_S)
    delivery.save(update_fields=["sending_until"])
    return _Plan(
        delivery.pk,
        endpoint.url,
        list_secrets(endpoint, now),
        message_id(delivery.event),
        make_body(delivery.event),
    )


def _why_never(
    endpoint: WebhookEndpoint, delivery: WebhookDelivery, now: datetime
) -> str:
    if not endpoint.is_on:
        return "The webhook is switched off."
    if now - delivery.due_at > GIVE_UP:
        return delivery.error or "It was not delivered in three days."
    return ""


def _refuse_too_early(endpoint: WebhookEndpoint, now: datetime) -> None:
    # jitter, so that what waits does not come back all at once
    if endpoint.paused_until and endpoint.paused_until > now:
        left_s = (endpoint.paused_until - now).total_seconds()
        raise handlers.Reschedule(left_s + random.uniform(0, 5))  # noqa: S311
    waiting = endpoint.deliveries.filter(state=DeliveryState.WAITING)
    under_way = waiting.filter(sending_until__gt=now).count()
    # One by one after failures, until one has arrived again.
    if under_way >= (1 if endpoint.failures >= BREAKER_AT else AT_ONCE):
        behind = min(waiting[:2_000].count(), 2_000)
        raise handlers.Reschedule(random.uniform(0.5, 1.5 + behind / 50))  # noqa: S311


def list_secrets(endpoint: WebhookEndpoint, now: datetime) -> list[str]:
    """Return the secrets that sign at this time, the newest first.

    Raises:
        secrets.SecretUnreadable: SECRET_KEY has changed without a fallback.
    """
    kept = [endpoint.secret]
    if endpoint.old_secret_until is not None and endpoint.old_secret_until > now:
        kept.append(endpoint.old_secret)
    return [secrets.decrypt_secret(one) for one in kept]


def message_id(event: WebhookEvent) -> str:
    """Return the header `webhook-id`: the same for each try, by which a receiver knows an event
    that it has had.
    """
    return f"evt_{event.pk.hex}"


def make_body(event: WebhookEvent) -> str:
    """Return the body: the same bytes for each try."""
    known = load_public_events().get(event.type)
    shown = {
        "type": event.type,
        "timestamp": event.at.isoformat().replace("+00:00", "Z"),
        "id": message_id(event),
        "version": known.version if known else 1,
        "sequence": event.position,
        "subject": event.subject,
        "subjectId": str(event.subject_id),
        "data": event.data,
    }
    return orjson.dumps(shown).decode()


def _send(plan: _Plan) -> _Outcome:
    now = timezone.now()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"Markrin/{__version__} (webhooks)",
        "webhook-id": plan.message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": secrets.sign(
            plan.secrets, message_id=plan.message_id, at=now, body=plan.body
        ),
    }
    began = time.monotonic()
    status, error, response = None, "", ""
    try:
        reply = client.send(
            "POST",
            plan.url,
            headers=headers,
            body=plan.body.encode(),
            total_s=TOTAL_S,
            max_bytes=MAX_RESPONSE,
        )
        status, response = reply.status, _readable(reply.body)
        if 300 <= status < 400:
            error = "It redirects, which is not followed."
        elif not 200 <= status < 300:
            error = f"It answered {status}."
    except (client.AddressRefused, client.CallFailed) as exc:
        error = str(exc)[:200]
    return _Outcome(
        status, error, response, round((time.monotonic() - began) * 1000)
    )


def _readable(body: bytes) -> str:
    text = body.decode("utf-8", "replace").replace("\0", "�")
    return text[:MAX_RESPONSE]


@transactions.durable
def _finish(delivery_id: UUID, outcome: _Outcome) -> DeliveryState | None:
    """Write down how a try went, and what it says of the endpoint. Locks: as _begin."""
    delivery = WebhookDelivery.objects.filter(pk=delivery_id).first()
    if delivery is None:
        return None
    endpoint = WebhookEndpoint.objects.locked().get(pk=delivery.endpoint_id)
    delivery = WebhookDelivery.objects.select_for_update(no_key=True).get(
        pk=delivery_id
    )
    now = timezone.now()
    WebhookAttempt.objects.create(
        delivery=delivery,
        status=outcome.status,
        error=outcome.error,
        response=outcome.response,
        duration_ms=outcome.duration_ms,
    )
    delivery.attempts = F("attempts") + 1
    delivery.sending_until, delivery.error = None, outcome.error
    if outcome.is_delivered:
        delivery.state, delivery.delivered_at = DeliveryState.DELIVERED, now
        _note_success(endpoint, now)
    else:
        _note_failure(endpoint, outcome, now)
        if outcome.status == 410 or now - delivery.due_at > GIVE_UP:
            delivery.state = DeliveryState.FAILED
    delivery.save()
    endpoint.save()
    return DeliveryState(delivery.state)


def _give_up(delivery: WebhookDelivery, reason: str) -> None:
    delivery.state, delivery.error = DeliveryState.FAILED, reason[:200]
    delivery.sending_until = None
    delivery.save(update_fields=["state", "error", "sending_until"])


def _note_success(endpoint: WebhookEndpoint, now: datetime) -> None:
    endpoint.failures, endpoint.failing_since = 0, None
    endpoint.warned_at = endpoint.paused_until = None
    endpoint.last_delivered_at = now


def _note_failure(
    endpoint: WebhookEndpoint, outcome: _Outcome, now: datetime
) -> None:
    endpoint.failures += 1
    endpoint.failing_since = endpoint.failing_since or now
    over = endpoint.failures - BREAKER_AT
    if over >= 0:
        pause_s = PAUSE_S[min(over, len(PAUSE_S) - 1)]
        endpoint.paused_until = now + timedelta(seconds=pause_s)
    if not endpoint.is_on:
        return
    reason = _why_off(endpoint, outcome, now)
    if reason is not None:
        endpoint.off_reason = reason
        _tell_staff(endpoint, is_off=True, now=now)
    elif now - endpoint.failing_since > WARN and endpoint.warned_at is None:
        endpoint.warned_at = now
        _tell_staff(endpoint, is_off=False, now=now)


def _why_off(
    endpoint: WebhookEndpoint, outcome: _Outcome, now: datetime
) -> OffReason | None:
    if outcome.status == 410:
        return OffReason.GONE
    since = endpoint.failing_since
    if since is not None and now - since > GIVE_UP:
        return OffReason.FAILING
    return None


def _tell_staff(endpoint: WebhookEndpoint, *, is_off: bool, now: datetime) -> None:
    told = now.strftime("%Y%m%dT%H%M%S")
    for recipient in range(len(settings.STAFF_MAIL)):
        outbox.add(
            EndpointFailing(
                endpoint.pk, is_off=is_off, told=told, recipient=recipient
            )
        )
