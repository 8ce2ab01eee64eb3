"""The API as a way in: what breaks a rule of the database, sent in a body that is else taken."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass, field
from typing import Any

from django.urls import resolve

from markrin.api import casing, errors, fields, operations
from tests.client import Client
from tests.constraints.database import Rule
from tests.fuzz.endpoints import example
from tests.fuzz.sample_shop import Ids

A_DAY = "1850-01-01"


@dataclass(frozen=True)
class Operation:
    """A call that writes a table: `at` is where in the body its columns stand, `called`
    those with another name.
    """

    method: str
    path: str
    at: str = ""
    called: dict[str, str] = field(default_factory=dict)
    without: tuple[str, ...] = ()  # members that exclude the rest


OPERATIONS: dict[str, list[Operation]] = {
    "accounts_user": [
        Operation("PATCH", "/api/auth/profile", called={"pending_email": "email"}),
        Operation("POST", "/api/staff/users"),
    ],
    "accounts_address": [
        Operation("POST", "/api/addresses"),
        Operation("PATCH", "/api/addresses/{address}"),
    ],
    "products_product": [
        Operation(
            "POST",
            "/api/products",
            called={"seo_title": "seo/title", "seo_description": "seo/description"},
        ),
    ],
    "products_category": [Operation("POST", "/api/categories")],
    "products_variant": [
        Operation("POST", "/api/products/{product}/variants"),
        Operation("PATCH", "/api/products/{product}/variants/{variant}"),
    ],
    "products_productimage": [
        Operation("PATCH", "/api/products/{product}/images/{image}"),
        Operation("POST", "/api/products", "images/0", {"external_url": "url"}),
    ],
    "products_review": [
        Operation("POST", "/api/products/{product}/reviews"),
        Operation("PATCH", "/api/staff/reviews/{review}"),
    ],
    "products_sizechart": [Operation("POST", "/api/size-charts")],
    "products_sizechartentry": [
        Operation(
            "POST",
            "/api/size-charts",
            "rows/0",
            {"min_cm": "values/0/min", "max_cm": "values/0/max"},
        ),
        Operation("POST", "/api/size-charts", "", {"measure": "measures/0"}),
    ],
    "products_stockmovement": [
        Operation(
            "POST",
            "/api/staff/variants/{variant}/adjust",
            called={"d_on_hand": "delta"},
        )
    ],
    "products_backinstockrequest": [
        Operation("POST", "/api/products/{product}/variants/{variant}/notify")
    ],
    "orders_cartline": [Operation("POST", "/api/cart/items")],
    "orders_promotion": [
        Operation("POST", "/api/staff/coupons"),
        Operation("PATCH", "/api/staff/coupons/{coupon}"),
    ],
    "orders_order": [
        Operation("POST", "/api/orders", "shippingAddress", without=("addressId",)),
        Operation("POST", "/api/orders", without=("addressId",)),
        Operation("POST", "/api/staff/orders/{order}/transition"),
    ],
    "orders_orderevent": [Operation("POST", "/api/staff/orders/{order}/notes")],
    "orders_refund": [Operation("POST", "/api/staff/orders/{order}/refunds")],
    "orders_return": [Operation("POST", "/api/staff/orders/{order}/returns")],
    "orders_returnline": [
        Operation("POST", "/api/staff/orders/{order}/returns", "lines/0")
    ],
    "analytics_event": [
        Operation(
            "POST", "/api/analytics/events", "events/0", {"occurred_at": "at"}
        )
    ],
}


@dataclass
class Api:
    """Calls as an admin, with an address of everything that a path may name."""

    client: Client
    named: dict[str, str]

    def refuses(self, rule: Rule, values: dict[str, str]) -> str | None:
        """Break the rule from the API; return how that was refused, or None if no body has
        the columns.

        Raises:
            AssertionError: it was not refused, or not as it should be.
        """
        for operation in OPERATIONS.get(rule.table, ()):
            path = operation.path.format(**self.named)
            # Django's as_view
            view = resolve(path).func.cls  # type: ignore[attr-defined]
            stated = operations.operation_of(view, operation.method)
            assert stated is not None
            assert stated.body is not None
            body = {
                name: value
                for name, value in example(stated.body, Ids(), path).items()
                if name not in operation.without
            }
            if operation.path.endswith("/transition"):
                body["status"] = "shipped"
            placed = {
                column: _place(stated.body, operation, column) for column in values
            }
            if all(placed.values()):
                return self._send(
                    operation,
                    path,
                    body,
                    {
                        str(placed[name]): (name, value)
                        for name, value in values.items()
                    },
                )
        return None

    def _send(
        self,
        operation: Operation,
        path: str,
        body: Any,
        bad: dict[str, tuple[str, str]],
    ) -> str:
        for place, (_column, value) in bad.items():
            *steps, last = place.split("/")
            inner = body
            for step in steps:
                inner = inner[int(step) if step.isdigit() else step]
            inner[int(last) if last.isdigit() else last] = _as_json(
                value, inner[int(last) if last.isdigit() else last]
            )
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        answer = self.client.send(
            operation.method,
            path,
            json.dumps(body).encode(),
            "application/json",
            headers=headers,
        )
        if answer.status_code < 300 and [value for _, value in bad.values()] == [
            "NULL"
        ]:
            return (
                f"{operation.method} {operation.path}: null at /{next(iter(bad))} is kept as"
                " an empty text"
            )
        assert answer.status_code in (400, 409, 422), (
            f"{operation.method} {path} {body} → {answer.status_code}"
        )
        assert answer.headers["Content-Type"] == errors.PROBLEM_TYPE
        places = [
            found.get("pointer", "") for found in answer.json().get("errors", [])
        ]
        assert any(at.startswith("/" + place) for at in places for place in bad), (
            places,
            bad,
        )
        return f"{operation.method} {operation.path}: {answer.status_code} at /{next(iter(bad))}"


def _place(schema: Any, operation: Operation, column: str) -> str | None:
    """Return where in the body a column stands, or None."""
    name = operation.called.get(column) or casing.to_camel(
        column.removesuffix("_id") + "_id" * column.endswith("_id")
    )
    place = f"{operation.at}/{name}".strip("/")
    found: Any = schema()
    for step in place.split("/"):
        if isinstance(found, fields.Nested):
            found = found.schema
        if isinstance(found, fields.List) and step.isdigit():
            found = found.inner
            continue
        inner = {
            one.data_key or key: one
            for key, one in getattr(found, "fields", {}).items()
        }
        if step not in inner:
            return None
        found = inner[step]
    return place


def _as_json(value: str, usual: Any) -> Any:
    """Return an SQL value as a client would have to send it, in the type of what usually
    stands there.
    """
    if value == "NULL":
        return None
    if quoted := re.fullmatch(r"E?'(.*)'", value):
        return quoted[1].encode().decode("unicode_escape")
    if value.startswith("repeat("):
        return "x" * int(re.sub(r"\D", "", value))
    if value.startswith("array_fill("):
        return [f"x{number}" for number in range(21)]
    if value.startswith("now()"):
        return "2026-01-01T00:00:00Z" if "-" in value else "2026-01-02T00:00:00Z"
    if isinstance(usual, str) and re.fullmatch(r"[0-9.]+", usual):
        return f"{value}.00" if usual.endswith(".00") else f"{value}.0"
    return int(value) if re.fullmatch(r"-?[0-9]+", value) else value == "true"
