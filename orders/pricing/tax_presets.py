"""The tax rates that the shop ships with: readable files in `orders/tax_presets/`, read into
rules.
"""

import tomllib
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from orders.pricing.money import to_units
from orders.pricing.tax import (
    EU_COUNTRIES,
    INDIA,
    Levy,
    LevyKind,
    Rate,
    RatePart,
    Regime,
    Zone,
)

_FILES: Final = Path(__file__).parents[1] / "tax_presets"
PRESETS: Final = ("in", "eu", "none")


@dataclass(frozen=True, slots=True)
class PresetClass:
    """A class of goods. `hsn` holds the beginnings of the codes that usually belong to it."""

    code: str
    name: str
    hsn: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TaxPreset:
    """What a preset sets up. Limits of bands are in the smallest unit of the file's currency."""

    title: str
    regime: Regime
    currency: str
    default_class: str
    classes: tuple[PresetClass, ...]
    zones: tuple[Zone, ...]
    rates: tuple[Rate, ...]
    shipping: Levy
    fees: Levy


def read_preset(name: str, *, state: str = "", country: str = "") -> TaxPreset:
    """Return a preset for a seller in `state` (`KA`, for "in") or `country` (`DE`, for "eu").

    Raises:
        ValueError: there is no such preset, or it needs a state or a country that was not named.
    """
    if name not in PRESETS:
        raise ValueError(
            f"There is no preset {name!r}; there are {', '.join(PRESETS)}."
        )
    data = tomllib.loads((_FILES / f"{name}.toml").read_text())
    zones: tuple[Zone, ...] = ()
    rates: tuple[Rate, ...] = ()
    if name == "in":
        zones, rates = _read_indian_rates(data, state)
    elif name == "eu":
        zones, rates = _read_eu_rates(data, country)
    return TaxPreset(
        title=data["title"],
        regime=Regime(data["regime"]),
        currency=data.get("currency", ""),
        default_class=data["default_class"],
        classes=tuple(
            PresetClass(each["code"], each["name"], tuple(each.get("hsn", ())))
            for each in data["classes"]
        ),
        zones=zones,
        rates=rates,
        shipping=Levy(LevyKind(data["shipping"])),
        fees=Levy(LevyKind(data["fees"])),
    )


def _read_indian_rates(
    data: dict[str, Any], state: str
) -> tuple[tuple[Zone, ...], tuple[Rate, ...]]:
    if len(state) != 2 or not state.isalpha():
        raise ValueError(
            "Name the state the shop is registered in by its two letters: KA."
        )
    code = f"{INDIA}-{state.upper()}"
    inside = Zone(code, INDIA, frozenset({code}))
    outside = Zone(f"{INDIA}, other states", INDIA)
    special = code in data["inside"]["union_territories"]
    names = data["inside"]["union_territory_parts" if special else "parts"]
    parts = ((inside.name, names), (outside.name, data["outside"]["parts"]))
    rates = [
        Rate(
            tax_class=each["class"],
            zone=zone,
            parts=tuple(
                RatePart(name, Decimal(band["percent"]) / len(names))
                for name in names
            ),
            valid_from=each.get("from"),
            valid_until=each.get("until"),
            up_to=to_units(Decimal(band["up_to"]), data["currency"])
            if "up_to" in band
            else None,
        )
        for each in data["rates"]
        for band in each["bands"]
        for zone, names in parts
    ]
    return (inside, outside), tuple(rates)


def _read_eu_rates(
    data: dict[str, Any], country: str
) -> tuple[tuple[Zone, ...], tuple[Rate, ...]]:
    if country.upper() not in EU_COUNTRIES:
        raise ValueError(
            "Name the country of the Union the shop is registered in: DE."
        )
    standard = data["percent"]["standard"]
    rates = [
        Rate(
            tax_class=each["code"],
            zone=code,
            parts=(
                RatePart(
                    data["part"],
                    Decimal(
                        data["percent"][each["code"]].get(code, standard[code])
                    ),
                ),
            ),
        )
        for each in data["classes"]
        for code in sorted(EU_COUNTRIES)
    ]
    return tuple(Zone(code, code) for code in sorted(EU_COUNTRIES)), tuple(rates)
