"""Every method of every URL of the API, with a request that it takes: what the table of bad
inputs starts from.
"""

from __future__ import annotations

import copy
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import TextChoices
from django.urls import URLResolver, get_resolver

from markrin.api import fields, operations
from markrin.api.schemas import Schema
from orders.schemas import ReturnUrl, TypedCode
from orders.shipping_staff_schemas import Clock, Weekdays
from tests.fuzz.sample_shop import WITHIN, Ids

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
DAY = "2026-11-23"


@dataclass(frozen=True)
class Endpoint:
    """One method of one URL."""

    method: str
    route: str  # as in the urlconf: /api/orders/<uid:id>
    stated: operations.Operation

    def __str__(self) -> str:
        path = re.sub(r"<(?:[a-z]+:)?([a-z_]+)>", r"{\1}", self.route)
        return f"{self.method} {path}"

    @cached_property
    def kinds(self) -> list[tuple[str, str]]:
        """Converter and name of each value in the path."""
        return re.findall(r"<([a-z]+):([a-z_]+)>", self.route)

    def path(self, ids: Ids, **given: str) -> str:
        """Return a path of rows that there are; `given` values stand as they are."""
        path = self.route
        values: dict[str, str] = {}
        for kind, name in self.kinds:
            known = ids.of(name, self.route) or (
                [str(uuid.uuid4())] if kind == "uid" else ["some-slug"]
            )
            values[name] = known[0]
            if name in WITHIN and (product := WITHIN[name](known[0])):
                values["id"] = str(product)  # two ids that belong together
        for kind, name in self.kinds:
            path = path.replace(f"<{kind}:{name}>", (values | given)[name])
        return path

    def body(self, ids: Ids) -> dict[str, Any]:
        """Return a body in which every field is given."""
        return (
            example(self.stated.body, ids, self.route) if self.stated.body else {}
        )


def every() -> list[Endpoint]:
    """Return all endpoints, in the order of the urlconf."""
    return list(_endpoints(get_resolver(), "/"))


def _endpoints(resolver: URLResolver, before: str) -> Iterator[Endpoint]:
    for one in resolver.url_patterns:
        route = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from _endpoints(one, route)
        elif route.startswith("/api/"):
            view = getattr(one.callback, "cls", None)
            for method in METHODS:
                stated = operations.operation_of(view, method)
                if stated is not None and hasattr(view, method.lower()):
                    yield Endpoint(method, route, stated)


def example(schema: type[Schema], ids: Ids, path: str) -> dict[str, Any]:
    """Return a value for every field of a schema, each within its limits."""
    made = schema()
    return {
        field.data_key or name: _value(field, ids, path)
        for name, field in made.fields.items()
    }


# Values with a form of their own, by the field's name.
FORMS: dict[str, Any] = {
    "country": "IN",
    "stateCode": "IN-KA",
    "postalCode": "560001",
    "taxId": "DE136695976",
    "refund": False,  # it goes with an exchange
    "expiresAt": "2099-12-31T00:00:00Z",  # not in the past
    "barcode": "4006381333931",
    "hsCode": "6109",
    "originCountry": "IN",
    "binLocation": "A-03-2",
    "salePrice": "0.50",  # below a base price of 1.00
    "eventTypes": ["order.paid"],
    "countries": ["IN"],
    "states": ["IN-KA"],
    "postalPatterns": ["4000*"],
}
# The statuses with which everything else may be given, by what the route begins with.
STATUSES = {
    "/api/staff/orders/": "shipped",  # carrier and tracking
    "/api/staff/fulfilments/": "undelivered",  # a reason
}


def _value(field: Any, ids: Ids, path: str) -> Any:  # noqa: C901 (a line for each type of field)
    name = str(field.data_key or field.name)
    if name in FORMS:
        return copy.deepcopy(FORMS[name])  # what is made of it may be changed
    if name == "saleEndsAt":
        return f"{DAY}T18:00:00Z"  # after its start
    if name == "status" and path.endswith("/transition"):
        return next(
            status for start, status in STATUSES.items() if path.startswith(start)
        )
    match field:
        case fields.Nested():
            return example(type(cast(Schema, field.schema)), ids, path)
        case fields.CommaSeparated():
            return str(_value(field.inner, ids, path))
        case fields.List():
            return [_value(field.inner, ids, path)]
        case fields.Image() | fields.File():
            return SimpleUploadedFile("a.bin", b"?", "application/octet-stream")
        case fields.Uuid():
            return (ids.of(name, path) or [str(uuid.uuid4())])[0]
        case fields.Enum():
            return _choice(field.choices)
        case fields.Bool():
            return "true" if field.from_text else True
        case fields.Int():
            number = max(field.min, min(1, field.max))
            return str(number) if field.from_text else number
        case fields.Timestamp():
            return f"{DAY}T09:00:00Z"
        case fields.Date():
            return DAY
        case fields.Email():
            return "asha@example.com"
        case fields.Phone():
            return "+919876543210"
        case Clock():
            return "14:30"
        case Weekdays():
            return "12345"
        case fields.HttpsUrl():
            return "https://shop.example/a"
        case fields.Money():
            return "1.00" if field.regex.fullmatch("1.00") else "1.0"
        case fields.Slug():
            return "a-slug"
        case fields.Secret():
            return "a quiet harbour at dawn"[: field.max]
        case TypedCode():
            return "A1"
        case ReturnUrl():
            return f"{settings.AUTH_ORIGINS[0]}/thanks"
        case fields.Token():
            return "t" * max(field.min, 20)
    return _text(field)


def _text(field: fields.Text) -> str:
    """Return a text that fits: with a capital, unless the field's pattern has none."""
    rest = "1" + "a" * max(field.min - 2, 0) if field.max > 1 else ""
    form = re.compile(field.pattern or "(?s:.*)")
    return next(
        (f"{a}{rest}" for a in "Aa" if form.fullmatch(f"{a}{rest}")), f"A{rest}"
    )


def _choice(choices: type[TextChoices]) -> str:
    return next(str(value) for value in choices.values if value)
