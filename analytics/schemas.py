"""What may come in: shape and range. Whatever needs the clock or the database is the service's."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime

import marshmallow as ma
from django.db import models

from analytics.models import EventType
from markrin.api import fields
from markrin.api.schemas import InputSchema, Loaded, QuerySchema, T

MAX_DAYS = 1096


class Interval(models.TextChoices):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Format(models.TextChoices):
    JSON = "json"
    CSV = "csv"


@dataclass(frozen=True, kw_only=True)
class ShopperEvent:
    id: uuid.UUID
    type: EventType
    at: datetime
    product_id: uuid.UUID | None = None
    query: str = ""
    results: int | None = None  # how many products a search found
    session_key: str


class Event(InputSchema[ShopperEvent]):
    """One thing a shopper did; which of the optional fields it has follows from its type."""

    id = fields.Uuid(required=True)
    type = fields.Enum(EventType, required=True)
    at = fields.Timestamp(required=True)
    product_id = fields.Uuid()
    query = fields.Text(max=200)
    results = fields.Int(min=0, max=1_000_000)
    session_key = fields.Text(
        min=8, max=64, pattern="[A-Za-z0-9_-]{8,64}", required=True
    )

    @ma.validates_schema
    def check_fields_fit_type(self, data: Loaded, **kwargs: object) -> None:
        """Refuse a field that the type does not have, or lacks."""
        kind = data.get("type")
        if kind is None:
            return
        required = {
            EventType.VIEW: {"product_id"},
            EventType.ADD_TO_CART: {"product_id"},
            EventType.SEARCH: {"query"},
        }
        needed = required.get(kind, set())
        allowed = needed | ({"results"} if kind == EventType.SEARCH else set())
        for name in ("product_id", "query", "results"):
            if name in data and name not in allowed:
                raise fields.refuse(
                    "unexpected",
                    f"An event of type {kind.value} does not have this.",
                    name,
                )
            if name in needed and name not in data:
                raise fields.refuse(
                    "required", f"An event of type {kind.value} needs this.", name
                )


@dataclass(frozen=True, kw_only=True)
class EventBatch:
    events: list[ShopperEvent]


class RecordEvents(InputSchema[EventBatch]):
    events = fields.List(fields.Nested(Event), min=1, max=50, required=True)


@dataclass(frozen=True, kw_only=True)
class AskedPeriod:
    """Days of the shop's time zone; None for an end that was not given."""

    first: date | None = None
    last: date | None = None


class PeriodSchema(QuerySchema[T]):
    """Days of the shop's time zone, both included. Without them: the last 30 days."""

    first = fields.Date(data_key="from")
    last = fields.Date(data_key="to")

    @ma.validates_schema
    def check_order(self, data: Loaded, **kwargs: object) -> None:
        """Refuse a period that ends before it begins, or that is too long."""
        first, last = data.get("first"), data.get("last")
        if first and last and first > last:
            raise fields.refuse("range", "This must not be before `from`.", "last")
        if first and last and (last - first).days >= MAX_DAYS:
            message = f"A period has at most {MAX_DAYS} days."
            raise fields.refuse("range", message, "last")


class Period(PeriodSchema[AskedPeriod]):
    """The period of the numbers."""


@dataclass(frozen=True, kw_only=True)
class AskedReport(AskedPeriod):
    interval: Interval = Interval.DAY
    format: Format = Format.JSON


class Report(PeriodSchema[AskedReport]):
    interval = fields.Enum(Interval)
    format = fields.Enum(Format)
