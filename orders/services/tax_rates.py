"""Tax rates, as a preset sets them up; staff edit them in the admin afterwards."""

from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from markrin.api.errors import Conflict
from orders.models import TaxPart, TaxRate, TaxSettings, TaxZone
from orders.models.tax import SETTINGS_KEY
from orders.pricing.money import from_units
from orders.pricing.tax import Rate
from orders.pricing.tax_presets import TaxPreset
from products.models import TaxClass


@dataclass(frozen=True)
class PresetApplied:
    """What a preset has set up, and how many zones of before it has replaced."""

    classes: int
    zones: int
    rates: int
    replaced: int


@transaction.atomic(durable=True)
def apply_tax_preset(
    preset: TaxPreset, *, country: str, state_code: str = "", replace: bool = False
) -> PresetApplied:
    """Set up a preset's classes, zones and rates, for a shop registered in `country`.

    Classes are kept, as products name them: those of the preset are added, or renamed. Zones and
    rates that are there already are replaced only with `replace`, all of them. Orders keep what
    they were charged. Locks: all zones.

    Raises:
        ValueError: the preset's limits are in another currency than the shop's.
        Conflict: there are zones already, and `replace` is not given.
    """
    return write_tax_preset(
        preset, country=country, state_code=state_code, replace=replace
    )


def write_tax_preset(
    preset: TaxPreset, *, country: str, state_code: str = "", replace: bool = False
) -> PresetApplied:
    """Do what `apply_tax_preset` does: a step inside the caller's transaction. Locks and raises
    as that.
    """
    if preset.currency not in ("", settings.SHOP_CURRENCY):
        raise ValueError(
            f"{preset.title} has limits in {preset.currency};"
            f" SHOP_CURRENCY is {settings.SHOP_CURRENCY}."
        )
    old = TaxZone.objects.locked()
    replaced = len(old)
    if replaced and not replace:
        raise Conflict(f"There are {replaced} tax zones already.")
    TaxZone.objects.all().delete()
    classes = _write_classes(preset)
    _write_rates(preset, classes)
    TaxSettings.objects.update_or_create(
        pk=SETTINGS_KEY,
        defaults={
            "scheme": preset.regime.value,
            "country": country,
            "state_code": state_code,
            "shipping_levy": preset.shipping.kind.value,
            "shipping_class": classes.get(preset.shipping.tax_class),
            "fees_levy": preset.fees.kind.value,
            "fees_class": classes.get(preset.fees.tax_class),
        },
    )
    return PresetApplied(
        len(preset.classes), len(preset.zones), len(preset.rates), replaced
    )


def _write_classes(preset: TaxPreset) -> dict[str, TaxClass]:
    """Write the preset's classes, and make its default the shop's where there is none."""
    classes = {}
    for each in preset.classes:
        classes[each.code], _ = TaxClass.objects.update_or_create(
            code=each.code, defaults={"name": each.name, "hsn": list(each.hsn)}
        )
    if not TaxClass.objects.filter(is_default=True).exists():
        TaxClass.objects.filter(code=preset.default_class).update(is_default=True)
    return classes


def _write_rates(preset: TaxPreset, classes: dict[str, TaxClass]) -> None:
    zones = {
        zone.name: TaxZone.objects.create(
            name=zone.name, country=zone.country, states=sorted(zone.states)
        )
        for zone in preset.zones
    }
    rows = [
        TaxRate(
            tax_class=classes[rate.tax_class],
            zone=zones[rate.zone],
            valid_from=rate.valid_from,
            valid_until=rate.valid_until,
            up_to=None
            if rate.up_to is None
            else from_units(rate.up_to, preset.currency),
        )
        for rate in preset.rates
    ]
    TaxRate.objects.bulk_create(rows)
    TaxPart.objects.bulk_create(
        part
        for row, rate in zip(rows, preset.rates, strict=True)
        for part in _parts(row, rate)
    )


def _parts(row: TaxRate, rate: Rate) -> list[TaxPart]:
    return [
        TaxPart(rate=row, position=position, name=part.name, percent=part.percent)
        for position, part in enumerate(rate.parts)
    ]
