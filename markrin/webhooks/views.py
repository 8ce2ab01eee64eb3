"""Webhooks as admins set them up, and the list of events."""

from datetime import timedelta
from http import HTTPStatus
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from markrin.api.errors import NotFound
from markrin.api.operations import operation
from markrin.api.permissions import AllowAny
from markrin.api.schemas import Empty
from markrin.api.views import View
from markrin.webhooks import asyncapi, errors, schemas, selectors, serializers
from markrin.webhooks.models import WebhookEndpoint
from markrin.webhooks.services import endpoints
from markrin.webhooks.services.endpoints import NewWebhook, WebhookChange

_REFUSED = [errors.WebhookAddressRefused, errors.WebhookNameTaken]


def _show_secret(
    endpoint: WebhookEndpoint, secret: str, status: HTTPStatus
) -> Response:
    endpoint.secret = secret  # for the serializer, this once; nothing saves it
    return Response(
        serializers.WebhookWithSecret(endpoint).data,
        status,
        headers={"Cache-Control": "no-store"},
    )


class WebhookList(View):
    @operation(
        id="listWebhooks",
        tag="staff-webhooks",
        summary="The endpoints that are told of events",
        response=serializers.Webhooks,
    )
    def get(self, request: Request) -> Response:
        return Response(
            serializers.Webhooks({"items": selectors.list_endpoints()}).data
        )

    @operation(
        id="createWebhook",
        tag="staff-webhooks",
        summary="Add an endpoint; its secret is in this answer and nowhere else",
        body=schemas.CreateWebhook,
        response=serializers.WebhookWithSecret,
        status=HTTPStatus.CREATED,
        errors=[*_REFUSED, errors.TooManyWebhooks],
    )
    def post(self, request: Request, *, body: NewWebhook) -> Response:
        made, secret = endpoints.create_endpoint(body, by_id=request.user.pk)
        return _show_secret(made, secret, HTTPStatus.CREATED)


class WebhookDetail(View):
    @operation(
        id="getWebhook",
        tag="staff-webhooks",
        summary="Show an endpoint",
        response=serializers.Webhook,
        errors=[NotFound],
    )
    def get(self, request: Request, *, webhook_id: UUID) -> Response:
        found = selectors.get_endpoint(endpoint_id=webhook_id)
        return Response(serializers.Webhook(found).data)

    @operation(
        id="updateWebhook",
        tag="staff-webhooks",
        summary="Change an endpoint, or switch it off or on",
        body=schemas.UpdateWebhook,
        response=serializers.Webhook,
        errors=[NotFound, *_REFUSED],
    )
    def patch(
        self, request: Request, *, webhook_id: UUID, body: WebhookChange
    ) -> Response:
        changed = endpoints.change_endpoint(body, endpoint_id=webhook_id)
        return Response(serializers.Webhook(changed).data)

    @operation(
        id="deleteWebhook",
        tag="staff-webhooks",
        summary="Delete an endpoint and its log",
        status=HTTPStatus.NO_CONTENT,
        errors=[NotFound],
    )
    def delete(self, request: Request, *, webhook_id: UUID) -> Response:
        endpoints.delete_endpoint(endpoint_id=webhook_id)
        return Response(status=HTTPStatus.NO_CONTENT)


class WebhookSecret(View):
    @operation(
        id="rotateWebhookSecret",
        tag="staff-webhooks",
        summary="Give an endpoint a new secret; the old one signs as well for a while",
        body=schemas.RotateSecret,
        response=serializers.WebhookWithSecret,
        errors=[NotFound],
    )
    def post(
        self, request: Request, *, webhook_id: UUID, body: schemas.Rotation
    ) -> Response:
        endpoint, secret = endpoints.rotate_secret(
            endpoint_id=webhook_id, keep_old=timedelta(hours=body.keep_old_hours)
        )
        return _show_secret(endpoint, secret, HTTPStatus.OK)


class WebhookTest(View):
    @operation(
        id="testWebhook",
        tag="staff-webhooks",
        summary="Send an endpoint an event of the type webhook.test",
        body=Empty,
        response=serializers.Delivery,
        status=HTTPStatus.ACCEPTED,
        errors=[NotFound, errors.WebhookOff],
    )
    def post(self, request: Request, *, webhook_id: UUID, body: object) -> Response:
        delivery = endpoints.send_test(endpoint_id=webhook_id)
        return Response(serializers.Delivery(delivery).data, HTTPStatus.ACCEPTED)


class DeliveryList(View):
    @operation(
        id="listWebhookDeliveries",
        tag="staff-webhooks",
        summary="The log of an endpoint, newest first",
        query=schemas.ListDeliveries,
        response=serializers.DeliveryPage,
        errors=[NotFound],
    )
    def get(
        self, request: Request, *, webhook_id: UUID, query: schemas.DeliveryFilter
    ) -> Response:
        found = selectors.list_deliveries(query, endpoint_id=webhook_id)
        return Response(serializers.DeliveryPage(found).data)


class DeliveriesAgain(View):
    @operation(
        id="redeliverWebhookFailures",
        tag="staff-webhooks",
        summary="Send again what was given up since a time, 10,000 at most",
        body=schemas.SendAgain,
        response=serializers.SentAgain,
        status=HTTPStatus.ACCEPTED,
        errors=[NotFound, errors.WebhookOff],
    )
    def post(
        self, request: Request, *, webhook_id: UUID, body: schemas.Since
    ) -> Response:
        count = endpoints.send_again(endpoint_id=webhook_id, since=body.since)
        return Response(
            serializers.SentAgain({"queued": count}).data, HTTPStatus.ACCEPTED
        )


class DeliveryDetail(View):
    @operation(
        id="getWebhookDelivery",
        tag="staff-webhooks",
        summary="A delivery with its body and each try",
        response=serializers.DeliveryDetail,
        errors=[NotFound],
    )
    def get(
        self, request: Request, *, webhook_id: UUID, delivery_id: UUID
    ) -> Response:
        found = selectors.get_delivery(
            endpoint_id=webhook_id, delivery_id=delivery_id
        )
        return Response(serializers.DeliveryDetail(found).data)


class DeliveryAgain(View):
    @operation(
        id="redeliverWebhook",
        tag="staff-webhooks",
        summary="Send a delivery once more",
        body=Empty,
        response=serializers.Delivery,
        status=HTTPStatus.ACCEPTED,
        errors=[NotFound, errors.WebhookOff],
    )
    def post(
        self, request: Request, *, webhook_id: UUID, delivery_id: UUID, body: object
    ) -> Response:
        again = endpoints.redeliver(delivery_id=delivery_id, endpoint_id=webhook_id)
        return Response(serializers.Delivery(again).data, HTTPStatus.ACCEPTED)


class EventList(View):
    @operation(
        id="listEvents",
        tag="staff-events",
        summary="What has happened, in its order, after a position",
        query=schemas.ListEvents,
        response=serializers.Events,
    )
    def get(self, request: Request, *, query: schemas.EventsAfter) -> Response:
        groups = selectors.list_groups_of(request.user)
        found = selectors.list_events(query, groups=groups)
        return Response(
            serializers.Events(found).data, headers={"Cache-Control": "no-store"}
        )


class EventsDocument(View):
    permission_classes = [AllowAny]

    @operation(
        id="getEventsDocument",
        tag="events",
        summary="The events of webhooks, as an AsyncAPI document",
        response=serializers.EventsDocument,
    )
    def get(self, request: Request) -> Response:
        return Response(asyncapi.make_document())
