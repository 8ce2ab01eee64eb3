"""A new order as rows: the order, its lines, its taxes and its first event, written in one
statement that each connection plans once.

Every sale waits for it, and most of the time that Django's own INSERTs take is spent on making
their SQL.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from uuid import UUID

import orjson
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model
from django.utils import timezone

from markrin.db import transactions
from markrin.db.sql import Query, Row
from orders.models import Order, OrderEvent, OrderLine, OrderTax


@dataclass(frozen=True)
class NewOrder:
    """An order that is not saved yet, with what belongs to it, and the cart that it empties."""

    order: Order
    lines: Sequence[OrderLine]
    taxes: Sequence[OrderTax]
    event: OrderEvent
    cart_id: UUID | None = None


@transactions.requires_transaction
def query_insert_order(new: NewOrder) -> Query[object]:
    """Return what writes the order with all that belongs to it, and empties its cart, which the
    caller has locked; what the database sets is set on them as well. One statement, for within
    the caller's transaction.
    """
    new.order.updated_at = timezone.now()
    params = {
        "cart": new.cart_id,
        "order": _to_json([new.order]),
        "lines": _to_json(new.lines),
        "taxes": _to_json(new.taxes),
        "event": _to_json([new.event]),
    }
    return Query(_insert_sql(), params, lambda rows: _note_written(new, rows))


def _note_written(new: NewOrder, rows: Sequence[Row]) -> None:
    [written] = rows
    new.order.created_at = written["created_at"]
    new.event.pk, new.event.at = written["event_id"], written["event_at"]
    for line in new.lines:
        line.line_total = line.unit_price * line.quantity
    for tax, tax_id in zip(new.taxes, written["tax_ids"], strict=True):
        tax.pk = tax_id
    for row in (new.order, new.event, *new.lines, *new.taxes):
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


# What the database sets, and gives back.
_SET_BY_DATABASE: dict[type[Model], set[str]] = {
    Order: {"created_at"},
    OrderEvent: {"id", "at"},
    OrderLine: {"line_total"},
    OrderTax: {"id"},
}


@functools.cache
def _read_columns(
    model: type[Model],
) -> tuple[list[str | None], Callable[[dict[str, object]], tuple[object, ...]]]:
    """Return the columns that are written, and what reads their values off a row's attributes."""
    written = [
        field
        for field in model._meta.concrete_fields
        if field.column not in _SET_BY_DATABASE[model]
    ]
    columns = [field.column for field in written]
    return columns, itemgetter(*[field.attname for field in written])


def _to_json(rows: Sequence[Model]) -> str:
    """Return the rows' columns as PostgreSQL reads them, which is quicker than a parameter each."""
    columns = []
    for row in rows:
        names, read = _read_columns(type(row))
        columns.append(dict(zip(names, read(vars(row)), strict=True)))
    return orjson.dumps(columns, default=_to_text).decode()


def _to_text(value: object) -> str:
    return f"\\x{value.hex()}" if isinstance(value, bytes) else str(value)


@functools.cache
def _insert_sql() -> str:
    return f"""
        WITH placed AS ({_insert(Order, "order")} RETURNING created_at),
        lines AS ({_insert(OrderLine, "lines")}),
        taxes AS ({_insert(OrderTax, "taxes")} RETURNING id, position),
        event AS ({_insert(OrderEvent, "event")} RETURNING id, at),
        emptied AS (DELETE FROM orders_cartline WHERE cart_id = %(cart)s::uuid),
        reset AS (
            UPDATE orders_cart SET coupon_codes = '{{}}', gift_card_ids = '{{}}',
                use_store_credit = false
            WHERE id = %(cart)s::uuid
            AND (coupon_codes <> '{{}}' OR gift_card_ids <> '{{}}' OR use_store_credit)
        )
        SELECT placed.created_at, event.id AS event_id, event.at AS event_at,
            ARRAY(SELECT id FROM taxes ORDER BY position) AS tax_ids
        FROM placed, event
    """  # noqa: S608 (our own names)


def _insert(model: type[Model], param: str) -> str:
    table = model._meta.db_table
    columns = ", ".join(f'"{column}"' for column in _read_columns(model)[0])
    return (
        f"INSERT INTO {table} ({columns}) SELECT {columns}"  # noqa: S608 (our own names)
        f" FROM jsonb_populate_recordset(NULL::{table}, %({param})s::jsonb)"
    )
