"""The shop's tax rules as `orders/pricing` takes them, in one query or none."""

from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.conf import settings

from markrin.cache.data_versions import KeptByVersion
from markrin.db.sql import Row, fetch_prepared
from orders.customer_groups import IS_MEMBER
from orders.models.tax import SETTINGS_KEY
from orders.pricing.money import to_units
from orders.pricing.tax import (
    Levy,
    LevyKind,
    Place,
    Rate,
    RatePart,
    Regime,
    TaxRules,
    Zone,
)
from orders.rule_versions import TAX_VERSION

kept_rules: Final[KeptByVersion[TaxRules]] = KeptByVersion()

# Only the rates of the countries that a quote can be about: where the goods go, where the shop is,
# and where a business buyer is registered.
_RULES: Final = f"""
    SELECT {TAX_VERSION} AS version,
        own.scheme::text, own.country::text, own.state_code::text, own.one_stop_shop,
        own.exports_zero_rated, EXISTS (SELECT FROM orders_taxsettings_exempt_groups AS named
            JOIN accounts_customergroup AS named_group ON named_group.id = named.customergroup_id
            WHERE {IS_MEMBER}) AS exempts_buyer, own.shipping_levy::text, own.fees_levy::text,
        shipping.code::text AS shipping_class, fees.code::text AS fees_class,
        (SELECT json_agg(json_build_object('zone', zone.name, 'country', zone.country,
            'states', zone.states, 'rates', (
                SELECT json_agg(json_build_object('class', class.code, 'from', rate.valid_from,
                    'until', rate.valid_until, 'up_to', rate.up_to::text, 'parts', (
                        SELECT json_agg(json_build_array(part.name, part.percent::text)
                            ORDER BY part.position, part.id)
                        FROM orders_taxpart AS part WHERE part.rate_id = rate.id)))
                FROM orders_taxrate AS rate
                JOIN products_taxclass AS class ON class.id = rate.tax_class_id
                WHERE rate.zone_id = zone.id)))
            FROM orders_taxzone AS zone
            WHERE zone.country = ANY (%(countries)s::text[]) OR zone.country = own.country
        ) AS zones
    FROM (SELECT) AS once LEFT JOIN orders_taxsettings AS own ON own.id = {SETTINGS_KEY}
    LEFT JOIN products_taxclass AS shipping ON shipping.id = own.shipping_class_id
    LEFT JOIN products_taxclass AS fees ON fees.id = own.fees_class_id
"""  # noqa: S608 (constants)


def read_tax_rules(
    *countries: str, user_id: UUID | None = None, version: UUID | None = None
) -> TaxRules:
    """Return the rules for goods that go to one of these countries, for this customer: one query,
    or none where `version` is the taxes' of just now, and they were read under it before.

    A shop without tax settings taxes nothing.
    """
    key = (
        frozenset(countries),
        settings.SHOP_CURRENCY,
        settings.SHOP_COUNTRY,
        settings.TAX_INCLUDED,
    )
    if (known := kept_rules.find(key, version)) is not None:
        return known
    [row] = fetch_prepared(_RULES, {"countries": list(countries), "user": user_id})
    rules = _read_rules(row)
    kept_rules.keep(key, row["version"], rules)
    return rules


def _read_rules(row: Row) -> TaxRules:
    if row["country"] is None:
        return TaxRules(settings.TAX_INCLUDED, Place(settings.SHOP_COUNTRY))
    zones = row["zones"] or []
    return TaxRules(
        included=settings.TAX_INCLUDED,
        origin=Place(row["country"], row["state_code"]),
        zones=tuple(
            Zone(zone["zone"], zone["country"], frozenset(zone["states"]))
            for zone in zones
        ),
        rates=tuple(
            _read_rate(zone["zone"], rate)
            for zone in zones
            for rate in zone["rates"] or []
        ),
        regime=Regime(row["scheme"]),
        one_stop_shop=row["one_stop_shop"],
        exports_zero_rated=row["exports_zero_rated"],
        exempts_buyer=row["exempts_buyer"],
        shipping=Levy(LevyKind(row["shipping_levy"]), row["shipping_class"] or ""),
        fees=Levy(LevyKind(row["fees_levy"]), row["fees_class"] or ""),
    )


def _read_rate(zone: str, rate: Row) -> Rate:
    up_to = rate["up_to"]
    return Rate(
        tax_class=rate["class"],
        zone=zone,
        parts=tuple(
            RatePart(name, Decimal(percent))
            for name, percent in rate["parts"] or []
        ),
        valid_from=date.fromisoformat(rate["from"]) if rate["from"] else None,
        valid_until=date.fromisoformat(rate["until"]) if rate["until"] else None,
        up_to=to_units(Decimal(up_to), settings.SHOP_CURRENCY) if up_to else None,
    )
