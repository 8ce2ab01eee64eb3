"""What comes in about webhooks and events."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import marshmallow as ma
from django.conf import settings

from markrin.api import fields
from markrin.api.schemas import (
    InputSchema,
    Loaded,
    PageParams,
    PageQuery,
    PatchSchema,
    QuerySchema,
    T,
)
from markrin.webhooks.models import DeliveryState
from markrin.webhooks.public_events import load_public_events
from markrin.webhooks.services.endpoints import NewWebhook, WebhookChange

_TYPE: Final = r"[a-z_]{1,30}\.[a-z_]{1,29}"
MAX_TYPES: Final = 60
MAX_KEEP_HOURS: Final = 7 * 24


class EndpointUrl(fields.HttpsUrl):
    """An https address; while OUTBOUND_NETWORKS opens some, also one of those, over http."""

    regex = (
        re.compile(
            rf"{fields.HttpsUrl.regex.pattern}"
            r"|https?://(?:127\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}|localhost)"
            r"(?::[1-9][0-9]{0,4})?(?:/[A-Za-z0-9._/-]{0,200})?"
        )
        if settings.DEBUG
        else fields.HttpsUrl.regex
    )


def _check_types(given: Loaded) -> None:
    known = load_public_events()
    unknown = [one for one in given.get("event_types", ()) if one not in known]
    if unknown:
        message = f"There is no event {unknown[0]}. There are: {', '.join(known)}."
        raise fields.refuse("unknown_event", message, "event_types")


class EndpointFields(InputSchema[T]):
    name = fields.Text(max=60, required=True)
    url = EndpointUrl(max=2000, required=True)
    event_types = fields.List(
        fields.Text(max=60, pattern=_TYPE), max=MAX_TYPES, unique=True
    )

    @ma.validates_schema
    def _known_types(self, data: Loaded, **kwargs: object) -> None:
        _check_types(data)


class CreateWebhook(EndpointFields[NewWebhook]):
    """An endpoint; without `eventTypes` it gets all events."""


class UpdateWebhook(PatchSchema[WebhookChange], EndpointFields[WebhookChange]):
    """Some of an endpoint; `isOn` switches it off, or on again with a clean record."""

    is_on = fields.Bool()


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """For how long the secret of before signs as well."""

    keep_old_hours: int


class RotateSecret(InputSchema[Rotation]):
    keep_old_hours = fields.Int(min=0, max=MAX_KEEP_HOURS, load_default=24)


@dataclass(frozen=True, kw_only=True)
class Since:
    since: datetime


class SendAgain(InputSchema[Since]):
    """What was given up of the events since then."""

    since = fields.Timestamp(required=True)


@dataclass(frozen=True, kw_only=True)
class DeliveryFilter(PageParams):
    state: DeliveryState | None = None


class ListDeliveries(PageQuery[DeliveryFilter]):
    state = fields.Enum(DeliveryState)


@dataclass(frozen=True, kw_only=True)
class EventsAfter:
    """Where to go on in the list of events, and which ones."""

    after: int
    limit: int
    type: Sequence[str] = ()


class ListEvents(QuerySchema[EventsAfter]):
    """`after` is 0 for the oldest event that is kept, then `next` of the answer before."""

    after = fields.Int(min=0, max=2**53, load_default=0)
    limit = fields.Int(min=1, max=500, load_default=100)
    type = fields.CommaSeparated(fields.Text(max=60, pattern=_TYPE), max=MAX_TYPES)
