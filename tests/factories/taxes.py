"""Makers of tax classes and rates."""

from orders.models import TaxPart, TaxRate, TaxSettings, TaxZone
from orders.models.tax import SETTINGS_KEY
from orders.pricing.tax_presets import read_preset
from orders.services import tax_rates
from products.models import TaxClass


def make_tax(
    code: str, percent: str, *, default: bool = False, part: str = "Tax"
) -> TaxClass:
    """Make a class that carries this percentage, in one part, everywhere in India."""
    TaxSettings.objects.get_or_create(pk=SETTINGS_KEY, defaults={"country": "IN"})
    zone, _ = TaxZone.objects.get_or_create(name="India", country="IN")
    tax_class = TaxClass.objects.create(code=code, name=code, is_default=default)
    rate = TaxRate.objects.create(tax_class=tax_class, zone=zone)
    TaxPart.objects.create(rate=rate, name=part, percent=percent)
    return tax_class


def use_tax_preset(name: str, *, state: str = "", country: str = "IN") -> None:
    """Set up one of the presets, as `manage.py tax_preset` does."""
    preset = read_preset(name, state=state, country=country)
    state_code = f"IN-{state}" if state else ""
    tax_rates.write_tax_preset(
        preset, country=country, state_code=state_code, replace=True
    )
