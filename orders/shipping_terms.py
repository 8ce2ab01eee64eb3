"""The shop's zones and methods as `orders/pricing` takes them, for one destination: one query
or none."""

from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from functools import lru_cache
from typing import Final
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from markrin.cache.data_versions import KeptByVersion
from markrin.db.sql import Row, fetch_prepared
from orders.customer_groups import is_for_customer
from orders.pricing.money import to_units
from orders.pricing.quote import PriceStep
from orders.pricing.shipping import (
    Calendar,
    CashTerms,
    Destination,
    MethodTerms,
    PriceBy,
    ZoneTerms,
    find_zone,
)
from orders.rule_versions import SHIPPING_VERSION

# The method that stands for the settings while a shop has no zones; seeding gives it this id.
SETTINGS_METHOD_ID: Final = UUID("5e771265-0000-7000-8000-000000000001")
_DAYS_AHEAD: Final = 400  # of holidays: longer than any promise

# A method with its steps, as `_read_method` takes it.
_METHOD: Final = """json_build_object('id', method.id, 'name', method.name,
            'price_by', price_by, 'price', price::text, 'free_above', free_above::text,
            'takes_free_shipping', takes_free_shipping, 'default_weight_g', default_weight_g,
            'max_weight_g', max_weight_g, 'min_days', min_days, 'max_days', max_days,
            'cut_off', cut_off, 'weekdays', weekdays, 'cod_allowed', cod_allowed,
            'cod_fee', cod_fee::text, 'cod_max_total', cod_max_total::text,
            'cod_max_open', cod_max_open, 'steps', (
                SELECT json_agg(json_build_array(threshold::text, step.price::text)
                    ORDER BY threshold)
                FROM orders_shippingstep AS step WHERE step.method_id = method.id))"""
_IS_FOR_THEM: Final = is_for_customer(
    "orders_shippingmethod_customer_groups", "shippingmethod_id", "method.id"
)
# Only what can be about the destination. A shop without any zone has one row, whose zone is null.
_ZONES: Final = f"""
    SELECT {SHIPPING_VERSION} AS version,
        EXISTS (SELECT FROM orders_shippingzone) AS has_zones,
        ARRAY(SELECT day FROM orders_holiday WHERE day BETWEEN %(day)s::date
            AND %(day)s::date + {_DAYS_AHEAD}) AS holidays,
        zone.name::text, zone.position::bigint, zone.countries::text[], zone.states::text[],
        zone.postal_patterns::text[],
        CASE WHEN EXISTS (SELECT FROM orders_shippingpostcode WHERE zone_id = zone.id)
            THEN EXISTS (SELECT FROM orders_shippingpostcode
                WHERE zone_id = zone.id AND code = %(postal_code)s::text)
        END AS is_listed,
        (SELECT json_agg({_METHOD}
            ORDER BY method.position, method.name, method.id)
        FROM orders_shippingmethod AS method
        WHERE method.zone_id = zone.id AND method.is_active AND {_IS_FOR_THEM}) AS methods
    FROM (SELECT) AS once LEFT JOIN orders_shippingzone AS zone ON zone.is_active
        AND (zone.countries = '{{}}' OR %(country)s::text = ANY (zone.countries))
"""  # noqa: S608 (constants)
_ALL_METHODS: Final = (
    # a constant
    f"SELECT {_METHOD} AS method FROM orders_shippingmethod AS method"  # noqa: S608 (our own text)
)


@dataclass(frozen=True)
class ShippingTerms:
    """The methods that hold for a destination, and the shop's holidays. Where nothing is
    delivered there are none.
    """

    methods: tuple[MethodTerms, ...]
    calendar: Calendar


@dataclass(frozen=True)
class _CountryTerms:
    """The zones that a country's addresses may be in, and the holidays; no zones: None. Where some
    zone has a list of postal codes, they are those of one postal code.
    """

    zones: tuple[ZoneTerms, ...] | None
    calendar: Calendar

    @property
    def has_lists(self) -> bool:
        return any(zone.is_listed is not None for zone in self.zones or ())


kept_terms: Final[KeptByVersion[_CountryTerms]] = KeptByVersion()


def read_shipping(
    place: Destination,
    *,
    today: date,
    user_id: UUID | None = None,
    version: UUID | None = None,
) -> ShippingTerms:
    """Return by which methods goods may go to this place, for this customer: one query, or none
    where `version` is the shipping's of just now, and they were read under it before.

    A shop without zones delivers everywhere, at the price of SHIPPING_FEE and
    SHIPPING_FREE_ABOVE. `today` is the shop's.
    """
    terms = _read_country(place, today, user_id, version)
    if terms.zones is None:
        return ShippingTerms((read_settings_method(),), terms.calendar)
    zone = find_zone(terms.zones, place)
    return ShippingTerms(zone.methods if zone else (), terms.calendar)


def _read_country(
    place: Destination, today: date, user_id: UUID | None, version: UUID | None
) -> _CountryTerms:
    of_country = (place.country, "", today, settings.SHOP_CURRENCY)
    of_code = (place.country, place.postal_code, today, settings.SHOP_CURRENCY)
    known = kept_terms.find(of_country, version) or kept_terms.find(
        of_code, version
    )
    if known is not None:
        return known
    rows = fetch_prepared(
        _ZONES,
        {
            "country": place.country,
            "postal_code": place.postal_code,
            "day": today,
            "user": user_id,
        },
    )
    terms = _CountryTerms(
        tuple(_read_zone(row) for row in rows if row["name"] is not None)
        if rows[0]["has_zones"]
        else None,
        Calendar(frozenset(rows[0]["holidays"])),
    )
    key = of_code if terms.has_lists else of_country
    kept_terms.keep(key, rows[0]["version"], terms)
    return terms


def read_all_methods() -> dict[UUID, MethodTerms]:
    """Return every method that there is, by its id: one query."""
    rows = fetch_prepared(_ALL_METHODS, {})
    return {
        method.id: method
        for method in (_read_method(row["method"]) for row in rows)
    }


def read_settings_method() -> MethodTerms:
    """Return the method that the settings mean."""
    return _build_settings_method(
        _("Standard delivery"),
        settings.SHIPPING_FEE,
        settings.SHIPPING_FREE_ABOVE,
        settings.SHOP_CURRENCY,
    )


@lru_cache(maxsize=64)  # a name for each language
def _build_settings_method(
    name: str, fee: Decimal, free_above: Decimal, currency: str
) -> MethodTerms:
    return MethodTerms(
        id=SETTINGS_METHOD_ID,
        name=name,
        price=to_units(fee, currency),
        free_above=to_units(free_above, currency),
        cash=CashTerms(),
        is_stored=False,
    )


def _read_zone(row: Row) -> ZoneTerms:
    return ZoneTerms(
        name=row["name"],
        position=row["position"],
        countries=frozenset(row["countries"]),
        states=frozenset(row["states"]),
        postal_patterns=tuple(row["postal_patterns"]),
        is_listed=row["is_listed"],
        methods=tuple(_read_method(method) for method in row["methods"] or ()),
    )


def _read_method(method: Row) -> MethodTerms:
    by = PriceBy(method["price_by"])
    fewest, most = method["min_days"], method["max_days"]
    return MethodTerms(
        id=UUID(method["id"]),
        name=method["name"],
        price=_units(method["price"]),
        price_by=by,
        steps=tuple(_read_step(by, *step) for step in method["steps"] or ()),
        free_above=_units_or_none(method["free_above"]),
        takes_free_shipping=method["takes_free_shipping"],
        default_weight_g=method["default_weight_g"],
        max_weight_g=method["max_weight_g"],
        days=None if fewest is None else (fewest, most),
        cut_off=_read_time(method["cut_off"]),
        weekdays=frozenset(map(int, method["weekdays"])),
        cash=_read_cash(method) if method["cod_allowed"] else None,
    )


def _read_step(by: PriceBy, threshold: str, price: str) -> PriceStep:
    reached = int(Decimal(threshold)) if by == PriceBy.WEIGHT else _units(threshold)
    return PriceStep(reached, _units(price))


def _read_cash(method: Row) -> CashTerms:
    return CashTerms(
        fee=_units(method["cod_fee"]),
        max_total=_units_or_none(method["cod_max_total"]),
        max_open=method["cod_max_open"],
    )


def _read_time(text: str | None) -> time | None:
    return None if text is None else time.fromisoformat(text)


def _units(amount: str | Decimal) -> int:
    return to_units(Decimal(amount), settings.SHOP_CURRENCY)


def _units_or_none(amount: str | None) -> int | None:
    return None if amount is None else _units(amount)
