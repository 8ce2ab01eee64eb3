"""The list of events as a document, made from what the apps declare.

Source: AsyncAPI 3.0.0.
"""

import functools
from typing import Any

from django.conf import settings
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from markrin import __version__
from markrin.webhooks.public_events import PublicEvent, load_public_events

Document = dict[str, Any]
_HEADERS = {
    "type": "object",
    "required": ["webhook-id", "webhook-timestamp", "webhook-signature"],
    "properties": {
        "webhook-id": {
            "type": "string",
            "description": "The event's: the same however often it is sent.",
        },
        "webhook-timestamp": {
            "type": "string",
            "description": "Seconds since 1970.",
        },
        "webhook-signature": {
            "type": "string",
            "description": "Standard Webhooks, v1: HMAC-SHA-256 by the endpoint's secret.",
        },
    },
}


@functools.cache
def make_document() -> Document:
    """Return the AsyncAPI document of the shop's webhooks."""
    events = load_public_events()
    return {
        "asyncapi": "3.0.0",
        "id": "urn:markrin:events",
        "info": {
            "title": f"{settings.SHOP_NAME}: events",
            "version": __version__,
            "description": (
                "Sent to the webhooks of the shop, at least once each, and listed at"
                " /api/staff/events. Of two about one subject, the one with the higher"
                " sequence is newer, whichever arrives first."
            ),
        },
        "defaultContentType": "application/json",
        "channels": {
            "webhooks": {
                "address": None,
                "description": "An endpoint of yours.",
                "messages": {name: _ref("messages", name) for name in events},
            }
        },
        "operations": {
            "sendEvent": {
                "action": "send",
                "channel": {"$ref": "#/channels/webhooks"},
            }
        },
        "components": {
            "messages": {
                name: _make_message(event) for name, event in events.items()
            },
            "schemas": _make_schemas(events),
        },
    }


def _ref(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}


def _make_message(event: PublicEvent) -> Document:
    return {
        "name": event.event_type,
        "title": event.summary,
        "contentType": "application/json",
        "headers": _HEADERS,
        "payload": {
            "type": "object",
            "required": [
                *("type", "timestamp", "id", "version"),
                *("sequence", "subject", "subjectId", "data"),
            ],
            "properties": {
                "type": {"const": event.event_type},
                "timestamp": {"type": "string", "format": "date-time"},
                "id": {"type": "string"},
                "version": {"const": event.version},
                "sequence": {"type": "integer", "minimum": 1},
                "subject": {"const": event.subject},
                "subjectId": {"type": "string", "format": "uuid"},
                "data": _ref("schemas", event.shape.__name__),
            },
        },
    }


def _make_schemas(events: dict[str, PublicEvent]) -> Document:
    registry, schema = ComponentRegistry(), AutoSchema()
    schema.registry, schema.method, schema.path = registry, "GET", ""
    schema.view = APIView()  # it asks for one; ours has nothing to say
    schema.view.request = None  # type: ignore[assignment]  # nobody asks
    shapes: dict[str, type[Serializer[Any]]] = {
        event.shape.__name__: event.shape for event in events.values()
    }
    for shape in shapes.values():
        schema.resolve_serializer(shape, "response")
    schemas: Document = registry.build({})["schemas"]
    return schemas
