"""Zones, their lists of postal codes, and the zone that the settings become."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import connection

from accounts import postal_codes
from markrin.api.errors import NotFound, Unprocessable
from markrin.db import transactions
from orders.models import ShippingMethod, ShippingPostcode, ShippingZone
from orders.shipping_terms import SETTINGS_METHOD_ID

MAX_CODES: Final = 200_000


@transactions.requires_transaction
def write_settings_zone() -> bool:
    """Make the first zone, for everywhere, of what the settings say; False where there is a zone
    already. From then on the settings are not looked at.
    """
    with connection.cursor() as cursor:  # two at once make one
        cursor.execute("LOCK TABLE orders_shippingzone IN SHARE ROW EXCLUSIVE MODE")
    if ShippingZone.objects.exists():
        return False
    zone = ShippingZone.objects.create(name="Everywhere", position=100)
    ShippingMethod.objects.create(
        pk=SETTINGS_METHOD_ID,
        zone=zone,
        name="Standard delivery",
        price=settings.SHIPPING_FEE,
        free_above=settings.SHIPPING_FREE_ABOVE,
    )
    return True


@transactions.durable
def seed_from_settings() -> bool:
    """Do what `write_settings_zone` does, in a transaction of its own. Locks: the zones."""
    return write_settings_zone()


# --- Lists of postal codes -----------------------------------------------------------------------
@dataclass(frozen=True)
class ListChange:
    """What a list of postal codes becomes: how many it has then, and what comes and goes."""

    total: int
    added: int
    removed: int


def read_list_country(zone: ShippingZone) -> str:
    """Return the country whose postal codes the zone's list has.

    Raises:
        Unprocessable: the zone names none, or several.
    """
    if len(zone.countries) != 1:
        raise Unprocessable(
            "A list of postal codes is of one country: name it, and no other."
        )
    return str(zone.countries[0])


def compare_postcodes(*, zone: ShippingZone, codes: Iterable[str]) -> ListChange:
    """Return what `replace_postcodes` would change. Raises as that does."""
    wanted = _normalize(zone, codes)
    known = set(zone.postcodes.values_list("code", flat=True))
    return ListChange(len(wanted), len(wanted - known), len(known - wanted))


@transactions.durable
def replace_postcodes(*, zone_id: UUID, codes: Iterable[str]) -> ListChange:
    """Make these codes the zone's list; none takes the list away. Locks: the zone.

    Raises:
        NotFound: there is no such zone.
        Unprocessable: it is not one of one country, a code is none of that country, or there are
            more than MAX_CODES. Nothing has changed.
    """
    zone = ShippingZone.objects.filter(pk=zone_id).locked().first()
    if zone is None:
        raise NotFound
    wanted = _normalize(zone, codes)
    known = set(zone.postcodes.values_list("code", flat=True))
    ShippingPostcode.objects.filter(zone=zone, code__in=known - wanted).delete()
    _insert(zone_id, wanted - known)
    return ListChange(len(wanted), len(wanted - known), len(known - wanted))


def _normalize(zone: ShippingZone, codes: Iterable[str]) -> set[str]:
    country = read_list_country(zone)
    wanted: set[str] = set()
    for code in codes:
        normal = postal_codes.normalize_postal_code(country, code)
        if not normal:
            message = postal_codes.describe_postal_code(country)
            raise Unprocessable(f"{code[:40]}: {message}")
        wanted.add(normal)
    if len(wanted) > MAX_CODES:
        raise Unprocessable(f"A list has at most {MAX_CODES:,} postal codes.")
    return wanted


def _insert(zone_id: UUID, codes: Iterable[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO orders_shippingpostcode (zone_id, code)"
            " SELECT %s, unnest(%s::text[])",
            [zone_id, sorted(codes)],
        )
