"""Zones with their methods, as staff send them by the API."""

from collections.abc import Sequence
from uuid import UUID

from accounts.models import CustomerGroup
from markrin.api.errors import NotFound, Unprocessable
from markrin.db import transactions
from orders import errors
from orders.models import ShippingMethod, ShippingStep, ShippingZone
from orders.services.shipping import write_settings_zone
from orders.shipping_staff_schemas import MethodInput, ZoneInput

_COLUMNS = (
    *("name", "is_active", "price_by", "price", "free_above"),
    *("takes_free_shipping", "default_weight_g", "max_weight_g", "min_days"),
    *("max_days", "cut_off", "weekdays", "cod_allowed", "cod_fee"),
    *("cod_max_total", "cod_max_open"),
)


@transactions.durable
def create_zone(body: ZoneInput) -> UUID:
    """Make a zone with its methods, and return its id. The settings become the first zone before
    it, as in the admin.

    Raises:
        ShippingZoneTaken: another zone has the name.
        ShippingMethodUnknown, Unprocessable: a method, or a group of customers, is not there.
    """
    write_settings_zone()
    zone = ShippingZone()
    _write_zone(zone, body)
    return zone.pk


@transactions.durable
def replace_zone(body: ZoneInput, *, zone_id: UUID) -> UUID:
    """Give a zone all that `body` says, its methods too, and return its id. Its list of postal
    codes stays. Locks: the zone.

    Raises:
        NotFound: there is no such zone.
        As `create_zone`; Unprocessable too where its list is of another country.
    """
    zone = _lock_zone(zone_id)
    before = list(zone.countries)
    if zone.postcodes.exists() and before != [str(code) for code in body.countries]:
        raise Unprocessable(
            "The zone has a list of postal codes of its country: take that away first."
        )
    _write_zone(zone, body)
    return zone.pk


@transactions.durable
def delete_zone(*, zone_id: UUID) -> None:
    """Delete a zone with its methods and its list; orders keep what they were sent by. Locks: the
    zone.

    Raises:
        NotFound: there is no such zone.
    """
    _lock_zone(zone_id).delete()


def _lock_zone(zone_id: UUID) -> ShippingZone:
    zone = ShippingZone.objects.filter(pk=zone_id).locked().first()
    if zone is None:
        raise NotFound
    return zone


def _write_zone(zone: ShippingZone, body: ZoneInput) -> None:
    if ShippingZone.objects.filter(name=body.name).exclude(pk=zone.pk).exists():
        raise errors.ShippingZoneTaken
    zone.name, zone.position, zone.is_active = (
        body.name,
        body.position,
        body.is_active,
    )
    zone.countries = [str(code) for code in body.countries]
    zone.states = list(body.states)
    zone.postal_patterns = list(body.postal_patterns)
    zone.save()
    known = {method.pk: method for method in zone.methods.all()}
    kept = [each.id for each in body.methods if each.id is not None]
    if set(kept) - known.keys() or len(set(kept)) < len(kept):
        raise errors.ShippingMethodUnknown
    zone.methods.exclude(pk__in=kept).delete()
    for method in known.values():  # so that two may change names
        ShippingMethod.objects.filter(pk=method.pk).update(name=f"~{method.pk}")
    for position, each in enumerate(body.methods):
        method = known[each.id] if each.id else ShippingMethod(zone=zone)
        _write_method(method, each, position)


def _write_method(method: ShippingMethod, body: MethodInput, position: int) -> None:
    for name in _COLUMNS:
        setattr(method, name, getattr(body, name))
    method.position = position
    method.save()
    method.customer_groups.set(_find_groups(body.customer_group_ids))
    method.steps.all().delete()
    ShippingStep.objects.bulk_create(
        ShippingStep(method=method, threshold=step.threshold, price=step.price)
        for step in body.steps
    )


def _find_groups(ids: Sequence[UUID]) -> list[CustomerGroup]:
    found = list(CustomerGroup.objects.filter(pk__in=ids))
    if len(found) != len(ids):
        raise Unprocessable("There is no such group of customers.")
    return found
