"""The zones with their methods, as staff see them."""

from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet

from markrin.api.errors import NotFound
from orders.models import ShippingMethod, ShippingZone


def list_zones() -> list[dict[str, object]]:
    """Return all zones in their order: four queries."""
    return [_describe_zone(zone) for zone in _read_zones()]


def get_zone(zone_id: UUID) -> dict[str, object]:
    """Return one zone: four queries.

    Raises:
        NotFound: there is none.
    """
    zone = _read_zones().filter(pk=zone_id).first()
    if zone is None:
        raise NotFound
    return _describe_zone(zone)


def _read_zones() -> QuerySet[ShippingZone]:
    related = ("methods__steps", "methods__customer_groups")
    zones = ShippingZone.objects.annotate(n_codes=Count("postcodes"))
    return zones.prefetch_related(*related).order_by("position", "name")


def _describe_zone(zone: Any) -> dict[str, object]:
    own = ("id", "name", "position", "is_active", "countries", "states")
    return {
        **{name: getattr(zone, name) for name in own},
        "postal_patterns": zone.postal_patterns,
        "postcodes": zone.n_codes,
        "methods": [_describe_method(method) for method in zone.methods.all()],
    }


def _describe_method(method: ShippingMethod) -> dict[str, object]:
    shown = {
        field.attname: getattr(method, field.attname)
        for field in method._meta.concrete_fields
    }
    cut_off = method.cut_off
    return {
        **shown,
        "cut_off": cut_off and cut_off.strftime("%H:%M"),
        "customer_group_ids": [group.pk for group in method.customer_groups.all()],
        "steps": list(method.steps.all()),
    }
