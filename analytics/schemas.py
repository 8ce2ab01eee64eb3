"""What may come in: shape and range. Whatever needs the clock or the database is the service's."""

from typing import Any

import marshmallow as ma
from django.db import models

from analytics.models import EventType
from markrin.api import fields
from markrin.api.schemas import InputSchema, QuerySchema

MAX_DAYS = 1096


class Interval(models.TextChoices):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Format(models.TextChoices):
    JSON = "json"
    CSV = "csv"


class Event(InputSchema):
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
    def fields_fit_type(self, data: dict[str, Any], **kwargs: Any) -> None:
        """Refuse a field that the type does not have, or lacks."""
        kind = data.get("type")
        if kind is None:
            return
        wanted = {
            EventType.VIEW: {"product_id"},
            EventType.ADD_TO_CART: {"product_id"},
            EventType.SEARCH: {"query"},
        }
        needed = wanted.get(kind, set())
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


class RecordEvents(InputSchema):
    events = fields.List(fields.Nested(Event), min=1, max=50, required=True)


class Period(QuerySchema):
    """Days of the shop's time zone, both included. Without them: the last 30 days."""

    from_ = fields.Date(data_key="from")
    to = fields.Date()

    @ma.validates_schema
    def in_order(self, data: dict[str, Any], **kwargs: Any) -> None:
        """Refuse a period that ends before it begins, or that is too long."""
        first, last = data.get("from_"), data.get("to")
        if first and last and first > last:
            raise fields.refuse("range", "This must not be before `from`.", "to")
        if first and last and (last - first).days >= MAX_DAYS:
            raise fields.refuse("range", f"A period has at most {MAX_DAYS} days.", "to")


class Report(Period):
    interval = fields.Enum(Interval)
    format = fields.Enum(Format)
