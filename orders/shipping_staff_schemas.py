"""What staff send about shipping: zones with their methods, and lists of postal codes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from typing import Final
from uuid import UUID

import marshmallow as ma

from accounts.schemas import Country
from accounts.state_codes import is_state_code
from markrin.api import fields
from markrin.api.fields.base import Pattern
from markrin.api.schemas import InputSchema, Loaded
from orders.models.shipping import MAX_DAYS, MAX_PATTERNS, ShippingPriceBy
from orders.pricing.shipping import POSTAL_PATTERN

MAX_METHODS: Final = 20
MAX_STEPS: Final = 50
MAX_LISTED: Final = (
    50_000  # postal codes in one call; the admin takes files of more
)
MAX_BYTES: Final = 1024 * 1024
MAX_NODES: Final = MAX_LISTED + 10_000  # one code too many is still told as that
_WEIGHT: Final = 1_000_000_000  # grams


@dataclass(frozen=True, kw_only=True)
class StepInput:
    """What it costs from so much on: grams, or what the goods cost in shop currency."""

    threshold: Decimal
    price: Decimal


class Step(InputSchema[StepInput]):
    threshold = fields.Money(required=True)
    price = fields.Money(required=True)


@dataclass(frozen=True, kw_only=True)
class MethodInput:
    """A whole method; with an id it is the zone's method of that id. Money is in shop currency."""

    id: UUID | None
    name: str
    is_active: bool
    customer_group_ids: Sequence[UUID]
    price_by: ShippingPriceBy
    price: Decimal
    steps: Sequence[StepInput]
    free_above: Decimal | None
    takes_free_shipping: bool
    default_weight_g: int
    max_weight_g: int | None
    min_days: int | None
    max_days: int | None
    cut_off: time | None
    weekdays: str
    cod_allowed: bool
    cod_fee: Decimal
    cod_max_total: Decimal | None
    cod_max_open: int | None


class Clock(Pattern[time]):
    """A time of the shop's day, such as 14:30."""

    regex = re.compile("(?:[01][0-9]|2[0-3]):[0-5][0-9]")
    message = "This must be a time such as 14:30."

    def _check(self, value: object) -> time:
        return time.fromisoformat(self._text(value))


class Weekdays(Pattern[str]):
    """Days of the week on which something is done, Monday first: "12345"."""

    regex = re.compile("(?=[1-7])1?2?3?4?5?6?7?")
    message = "Working days are some of 1234567, in this order."

    def _check(self, value: object) -> str:
        return self._text(value)

    def limits(self) -> fields.JSONSchema:
        return {**super().limits(), "minLength": 1, "maxLength": 7}


class Method(InputSchema[MethodInput]):
    id = fields.Uuid(allow_none=True, load_default=None)
    name = fields.Text(max=80, required=True)
    is_active = fields.Bool(load_default=True)
    customer_group_ids = fields.List(
        fields.Uuid(), max=20, unique=True, load_default=list
    )
    price_by = fields.Enum(ShippingPriceBy, load_default=ShippingPriceBy.FLAT)
    price = fields.Money(load_default=Decimal("0.00"))
    steps = fields.List(fields.Nested(Step), max=MAX_STEPS, load_default=list)
    free_above = fields.Money(allow_none=True, load_default=None)
    takes_free_shipping = fields.Bool(load_default=True)
    default_weight_g = fields.Int(min=0, max=1_000_000, load_default=0)
    max_weight_g = fields.Int(
        min=1, max=_WEIGHT, allow_none=True, load_default=None
    )
    min_days = fields.Int(min=0, max=MAX_DAYS, allow_none=True, load_default=None)
    max_days = fields.Int(min=0, max=MAX_DAYS, allow_none=True, load_default=None)
    cut_off = Clock(allow_none=True, load_default=None)
    weekdays = Weekdays(load_default="123456")
    cod_allowed = fields.Bool(load_default=True)
    cod_fee = fields.Money(load_default=Decimal("0.00"))
    cod_max_total = fields.Money(allow_none=True, load_default=None)
    cod_max_open = fields.Int(min=0, max=1000, allow_none=True, load_default=None)

    @ma.validates_schema
    def _check_rules(self, data: Loaded, **kwargs: object) -> None:
        """Refuse what the table would refuse."""
        low, high = data.get("min_days"), data.get("max_days")
        if (low is None) != (high is None) or (low is not None and low > high):
            raise fields.refuse(
                "days",
                "Give both numbers of days or none, the fewest first.",
                "minDays",
            )
        thresholds = [step.threshold for step in data.get("steps", [])]
        if len(set(thresholds)) < len(thresholds):
            raise fields.refuse("unique", "Two steps begin at the same.", "steps")


@dataclass(frozen=True, kw_only=True)
class ZoneInput:
    """A whole zone with its methods, in their order."""

    name: str
    position: int
    is_active: bool
    countries: Sequence[Country]
    states: Sequence[str]
    postal_patterns: Sequence[str]
    methods: Sequence[MethodInput]


class WriteZone(InputSchema[ZoneInput]):
    """A zone with its methods: one without an id is new, one that is left out is deleted."""

    name = fields.Text(max=80, required=True)
    position = fields.Int(min=0, max=32_767, load_default=0)
    is_active = fields.Bool(load_default=True)
    countries = fields.List(
        fields.Enum(Country), max=250, unique=True, load_default=list
    )
    states = fields.List(
        fields.Text(max=6), max=500, unique=True, load_default=list
    )
    postal_patterns = fields.List(
        fields.Text(max=30), max=MAX_PATTERNS, unique=True, load_default=list
    )
    methods = fields.List(fields.Nested(Method), max=MAX_METHODS, load_default=list)

    @ma.validates_schema
    def _check_rules(self, data: Loaded, **kwargs: object) -> None:
        """Refuse what the tables would refuse."""
        countries = [str(country) for country in data.get("countries", [])]
        for code in data.get("states", []):
            country = code.partition("-")[0]
            if country not in countries or not is_state_code(country, code):
                raise fields.refuse(
                    "state",
                    f"{code} is no state of the zone's countries: write IN-KA for Karnataka.",
                    "states",
                )
        patterns = data.get("postal_patterns", [])
        for pattern in patterns:
            if not re.fullmatch(POSTAL_PATTERN, pattern):
                raise fields.refuse(
                    "format",
                    "A pattern is 400050, 4000* or 400001...400104.",
                    "postalPatterns",
                )
        if patterns and len(countries) != 1:
            raise fields.refuse(
                "country",
                "Postal codes are those of one country: name it, and no other.",
                "countries",
            )
        names = [method.name for method in data.get("methods", [])]
        if len(set(names)) < len(names):
            raise fields.refuse(
                "unique", "Two methods have the same name.", "methods"
            )


@dataclass(frozen=True, kw_only=True)
class PostcodeList:
    """A zone's list of postal codes."""

    codes: Sequence[str]


class WritePostcodes(InputSchema[PostcodeList]):
    """All of a zone's postal codes, as people write them; none takes the list away."""

    codes = fields.List(fields.Text(max=20), max=MAX_LISTED, required=True)
