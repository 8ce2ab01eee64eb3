"""Zones, methods and lists of postal codes, for staff and their programs."""

from http import HTTPStatus
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from markrin.api.errors import NotFound, Unprocessable
from markrin.api.operations import operation
from orders import errors, shipping_zones
from orders import shipping_staff_schemas as schemas
from orders import shipping_staff_serializers as serializers
from orders.services import shipping
from orders.services import shipping_zones as services
from orders.views.base import StaffView

_REFUSED = [errors.ShippingZoneTaken, errors.ShippingMethodUnknown, Unprocessable]


class ZoneList(StaffView):
    @operation(
        response=serializers.StaffShippingZones,
        id="listShippingZones",
        tag="staff-shipping",
        summary="List the zones with their methods",
    )
    def get(self, request: Request) -> Response:
        found = {"items": shipping_zones.list_zones()}
        return Response(serializers.StaffShippingZones(found).data)

    @operation(
        body=schemas.WriteZone,
        response=serializers.StaffShippingZone,
        status=HTTPStatus.CREATED,
        errors=_REFUSED,
        id="createShippingZone",
        tag="staff-shipping",
        summary="Make a zone with its methods",
    )
    def post(self, request: Request, *, body: schemas.ZoneInput) -> Response:
        return _show(services.create_zone(body), HTTPStatus.CREATED)


class ZoneDetail(StaffView):
    @operation(
        response=serializers.StaffShippingZone,
        errors=[NotFound],
        id="getShippingZone",
        tag="staff-shipping",
        summary="Show a zone with its methods",
    )
    def get(self, request: Request, *, zone_id: UUID) -> Response:
        return _show(zone_id)

    @operation(
        body=schemas.WriteZone,
        response=serializers.StaffShippingZone,
        errors=[NotFound, *_REFUSED],
        id="replaceShippingZone",
        tag="staff-shipping",
        summary="Replace a zone and its methods; its list of postal codes stays",
    )
    def put(
        self, request: Request, *, zone_id: UUID, body: schemas.ZoneInput
    ) -> Response:
        return _show(services.replace_zone(body, zone_id=zone_id))

    @operation(
        status=HTTPStatus.NO_CONTENT,
        errors=[NotFound],
        id="deleteShippingZone",
        tag="staff-shipping",
        summary="Delete a zone with its methods",
    )
    def delete(self, request: Request, *, zone_id: UUID) -> Response:
        services.delete_zone(zone_id=zone_id)
        return Response(status=HTTPStatus.NO_CONTENT)


class ZonePostcodes(StaffView):
    @operation(
        body=schemas.WritePostcodes,
        max_bytes=schemas.MAX_BYTES,
        max_nodes=schemas.MAX_NODES,
        response=serializers.PostcodesWritten,
        errors=[NotFound, Unprocessable],
        id="replaceShippingPostcodes",
        tag="staff-shipping",
        summary="Replace a zone's list of postal codes; none takes it away",
    )
    def put(
        self, request: Request, *, zone_id: UUID, body: schemas.PostcodeList
    ) -> Response:
        change = shipping.replace_postcodes(zone_id=zone_id, codes=body.codes)
        return Response(serializers.PostcodesWritten(change).data)


def _show(zone_id: UUID, status: int = HTTPStatus.OK) -> Response:
    found = shipping_zones.get_zone(zone_id)
    return Response(serializers.StaffShippingZone(found).data, status)
