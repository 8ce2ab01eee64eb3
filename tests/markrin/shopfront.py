"""A small API of the tests' own, with one of everything that `operation` can state
(ROOT_URLCONF of these tests).
"""

from functools import partial
from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import IntegrityError, OperationalError
from django.db.models import TextChoices
from django.http import Http404, HttpResponse
from django.urls import path
from drf_spectacular.views import SpectacularAPIView
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from markrin.api import (
    converters,
    errors,
    fields,
    images,
    permissions,
    problems,
    schemas,
    views,
)
from markrin.api.operations import operation
from markrin.api.serializers import Money, Serializer, Timestamp, page_of
from markrin.rights import Right

handler400, handler403, handler404, handler500 = (
    problems.handler400,
    problems.handler403,
    problems.handler404,
    problems.handler500,
)
__all__ = ["converters"]


class Method(TextChoices):
    COD = "cod"
    ONLINE = "online"


class Line(schemas.InputSchema):
    quantity = fields.Int(min=1, max=20, required=True)
    note = fields.Text(max=20, min=0)


class PlaceOrder(schemas.InputSchema):
    """An order as the tests place it."""

    address_id = fields.Uuid(required=True)
    payment_method = fields.Enum(Method, required=True)
    expected_total = fields.Money(min="0.01")
    gift = fields.Bool(load_default=False)
    at = fields.Timestamp(allow_none=True)
    day = fields.Date()
    name = fields.Text(max=10)
    lines = fields.List(fields.Nested(Line), max=3, min=1, unique=True)


class ChangeOrder(schemas.PatchSchema):
    gift = fields.Bool(required=True)
    name = fields.Text(max=10, allow_none=True)


class ListOrders(schemas.PageQuery):
    color = fields.CommaSeparated(fields.Text(max=20), max=3)
    in_stock = fields.Bool()
    min_price = fields.Money()


class Picture(schemas.UploadSchema):
    file = fields.Image(max_bytes=50_000, max_pixels=10_000, required=True)
    alt_text = fields.Text(max=50)


class OrderShape(Serializer):
    id = serializers.UUIDField()
    grand_total = Money()
    created_at = Timestamp()
    line_count = serializers.SerializerMethodField()

    def get_line_count(self, order: Any) -> int:
        return len(order.lines)


class Echo(Serializer):
    said = serializers.JSONField()


def said(**parts: Any) -> Response:
    """Answer with what arrived, as Python shows it."""
    return Response({"said": repr(parts)})


class Orders(views.View):
    permission_classes = (permissions.AllowAny,)

    @operation(
        id="listOrders",
        tag="orders",
        summary="List",
        query=ListOrders,
        response=page_of(OrderShape),
    )
    def get(self, request: Request, *, query: dict[str, Any]) -> Response:
        return said(**query)

    @operation(
        id="placeOrder",
        tag="orders",
        summary="Place",
        body=PlaceOrder,
        headers=schemas.IdempotencyHeaders,
        response=Echo,
    )
    def post(
        self, request: Request, *, body: dict[str, Any], headers: schemas.KeyHeader
    ) -> Response:
        return said(**body, idempotency_key=headers.idempotency_key)

    @operation(id="deleteOrders", tag="orders", summary="Clear", status=204)
    def delete(self, request: Request) -> Response:
        return Response(status=204)


class OneOrder(views.View):
    permission_classes = (permissions.AllowAny,)

    @operation(
        id="getOrder",
        tag="orders",
        summary="One",
        response=["file:application/pdf"],
    )
    def get(self, request: Request, id: Any) -> HttpResponse:  # noqa: A002
        return HttpResponse(b"%PDF", content_type="application/pdf")

    @operation(
        id="changeOrder",
        tag="orders",
        summary="Change",
        body=ChangeOrder,
        response=Echo,
    )
    def patch(self, request: Request, id: Any, *, body: dict[str, Any]) -> Response:  # noqa: A002
        return said(**body)


class ByKey(views.View):
    permission_classes = (permissions.AllowAny,)

    @operation(id="byKey", tag="orders", summary="By key", response=Echo)
    def get(self, request: Request, key: Any) -> Response:
        return said(key=key)


class Beacon(views.View):
    permission_classes = (permissions.AllowAny,)

    @operation(
        id="beacon",
        tag="x",
        summary="Beacon",
        body=Line,
        response=Echo,
        media_types=("application/json", "text/plain"),
        max_bytes=200,
    )
    def post(self, request: Request, *, body: dict[str, Any]) -> Response:
        return said(**body)


class Pictures(views.View):
    permission_classes = (permissions.AllowAny,)

    @operation(
        id="upload", tag="x", summary="Upload", upload=Picture, response=Echo
    )
    def post(self, request: Request, *, upload: dict[str, Any]) -> Response:
        kept = images.encode_image(upload["file"])
        return Response(
            {"size": [kept.width, kept.height], "altText": upload.get("alt_text")}
        )


class Mine(views.View):
    @operation(id="mine", tag="x", summary="Mine", response=Echo)
    def get(self, request: Request) -> Response:
        return said(user=request.user.pk)


class Staff(views.View):
    permission_classes = (permissions.AllowAny,)

    @operation(
        id="staffOnly",
        tag="x",
        summary="Staff",
        response=Echo,
        permissions=[
            partial(
                permissions.MayCall, Right(area="A test", groups=("catalogue",))
            )
        ],
    )
    def get(self, request: Request) -> Response:
        return said()


class Raw(views.View):
    """Reads `request.data`, as a view of somebody else's would."""

    permission_classes = (permissions.AllowAny,)

    @operation(id="raw", tag="x", summary="Raw", body=schemas.Empty, response=Echo)
    def put(self, request: Request, *, body: dict[str, Any]) -> Response:
        return said(data=request.data)


RAISED: dict[str, Exception] = {
    "shop": errors.Conflict("Twice.", headers={"X-Why": "race"}, new_total="1.00"),
    "http404": Http404("secret"),
    "denied": PermissionDenied("secret"),
    "suspicious": SuspiciousOperation("secret"),
    "throttled": exceptions.Throttled(wait=2.1),
    "unauthenticated": exceptions.NotAuthenticated("secret"),
    "authentication": exceptions.AuthenticationFailed("secret"),
    "drf404": exceptions.NotFound("secret"),
    "drf-validation": exceptions.ValidationError("secret"),
    "drf-parse": exceptions.ParseError("secret"),
    "drf-500": exceptions.APIException("secret"),
    "database": OperationalError("secret"),
    "integrity": IntegrityError("secret"),
    "bug": ZeroDivisionError("secret"),
}


class Raising(views.View):
    permission_classes = (permissions.AllowAny,)

    @operation(id="raising", tag="x", summary="Raise", response=Echo)
    def get(self, request: Request, key: str) -> Response:
        raise RAISED[key]


def middleware_like(request: Any) -> HttpResponse:
    """Stand for a page that is not the API's own, with a status of its choice."""
    answer = HttpResponse("<h1>secret</h1>", status=int(request.GET["status"]))
    answer.headers["Allow"] = "GET"
    return answer


def breaking(request: Any) -> HttpResponse:
    raise RuntimeError("secret")


urlpatterns = [
    path("api/orders", Orders.as_view()),
    path("api/orders/<uid:id>", OneOrder.as_view()),
    path("api/keys/<idorslug:key>", ByKey.as_view()),
    path("api/beacon", Beacon.as_view()),
    path("api/pictures", Pictures.as_view()),
    path("api/mine", Mine.as_view()),
    path("api/staff", Staff.as_view()),
    path("api/raw", Raw.as_view()),
    path("api/raise/<slugid:key>", Raising.as_view()),
    path("api/schema", SpectacularAPIView.as_view()),
    path("api/plain", middleware_like),
    path("api/breaking", breaking),
    path("plain", middleware_like),
]
