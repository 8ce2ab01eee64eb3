"""Where payment providers tell what has happened."""

from collections.abc import Sequence

from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from markrin.api import parsers
from markrin.api.errors import NotFound, Unavailable
from markrin.api.operations import operation
from markrin.api.permissions import AllowAny
from markrin.api.serializers import Serializer
from orders import errors
from orders.services import provider_events
from orders.views.base import PrivateView

MAX_BYTES = 1_000_000


class Received(Serializer):
    """What came of the webhook, for the provider's log."""

    outcome = serializers.CharField()


class Webhook(PrivateView):
    """The signature over the very bytes is what lets one in."""

    permission_classes = [AllowAny]
    authentication_classes: Sequence[type[BaseAuthentication]] = ()

    @operation(
        raw=True,
        response=Received,
        errors=[NotFound, errors.SignatureInvalid, Unavailable],
        id="receiveWebhook",
        tag="payments",
        summary="A payment provider's webhook",
    )
    def post(self, request: Request, *, provider: str) -> Response:
        body = parsers.read_body(request._request, max_bytes=MAX_BYTES)
        outcome = provider_events.receive_webhook(
            provider_name=provider, body=body, headers=request.headers
        )
        return Response(Received({"outcome": outcome}).data)
