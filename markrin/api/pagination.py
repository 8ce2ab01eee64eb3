"""Pages of long lists: by number near the front, by cursor however long the list is."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Generic, TypeVar, cast
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import DateTimeField, Field, Model, Q, QuerySet

from markrin.api import errors

MAX_OFFSET = 10_000
T = TypeVar("T")
M = TypeVar("M", bound=Model)
Other = TypeVar("Other")


@dataclass(frozen=True)
class Page(Generic[T]):
    """One numbered page: beyond the last it has no items, and the right totals."""

    items: list[T]
    page: int
    pages: int
    total: int
    limit: int

    @classmethod
    def of(
        cls,
        queryset: QuerySet[M],
        page: int = 1,
        limit: int = 12,
        *,
        total: int | None = None,
    ) -> Page[M]:
        """Return page `page` of `limit` rows, in two queries, or in one if the caller knows
        how many rows there are.

        The query set's order ends in a unique column.

        Raises:
            errors.PageTooDeep: more than 10,000 rows lie before it; `CursorPage` reaches them.
        """
        offset = (page - 1) * limit
        if offset > MAX_OFFSET:
            raise errors.PageTooDeep
        total = queryset.count() if total is None else total
        items = list(queryset[offset : offset + limit]) if offset < total else []
        return cast(
            "Page[M]",
            cls(cast(list[T], items), page, -(-total // limit), total, limit),
        )

    def with_items(self, items: list[Other]) -> Page[Other]:
        """Return the page with what is shown for its rows."""
        return Page(items, self.page, self.pages, self.total, self.limit)


@dataclass(frozen=True)
class CursorPage(Generic[T]):
    """One stretch of a list, and where the next begins; None at the end."""

    items: list[T]
    next: str | None

    @classmethod
    def of(
        cls,
        queryset: QuerySet[M],
        *,
        order: Sequence[str] = ("-created_at", "-id"),
        cursor: str | None = None,
        limit: int = 12,
    ) -> CursorPage[M]:
        """Return `limit` rows after `cursor` (None or "" for the start), in one query:
        equally fast at any depth.

        `order` names columns or annotations that are never NULL, the last of them unique.

        Raises:
            errors.Invalid: the cursor is not one of this order's.
        """
        keys = [_Key.of(queryset, name) for name in order]
        rows = list(list_after(queryset, order, cursor)[: limit + 1])
        more = _encode_cursor(rows[limit - 1], keys) if len(rows) > limit else None
        return cast("CursorPage[M]", cls(cast(list[T], rows[:limit]), more))

    def with_items(self, items: list[Other]) -> CursorPage[Other]:
        """Return the stretch with what is shown for its rows."""
        return CursorPage(items, self.next)


def list_after(
    queryset: QuerySet[M], order: Sequence[str], cursor: str | None
) -> QuerySet[M]:
    """Return in this order the rows after the cursor of a list whose order has columns of the
    same kinds; all of them for None or "".

    Raises:
        errors.Invalid: the cursor is not one of this order's.
    """
    if cursor:
        keys = [_Key.of(queryset, name) for name in order]
        queryset = queryset.filter(_rows_after(keys, _decode_cursor(cursor, keys)))
    return queryset.order_by(*order)


@dataclass(frozen=True)
class _Key:
    name: str
    descending: bool
    field: Field[Any, Any]

    @classmethod
    def of(cls, queryset: QuerySet[Any], name: str) -> _Key:
        bare = name.removeprefix("-")
        annotation = queryset.query.annotations.get(bare)
        field = (
            annotation.output_field
            if annotation is not None
            else queryset.model._meta.get_field(bare)
        )
        field = getattr(
            field, "output_field", field
        )  # a generated column's own type reads no text
        return cls(bare, name.startswith("-"), cast("Field[Any, Any]", field))

    def write(self, row: object) -> str:
        value = getattr(row, self.name)
        if isinstance(value, datetime):
            return value.astimezone(UTC).isoformat()
        if isinstance(value, bool) or not isinstance(
            value, str | int | float | Decimal | UUID | date
        ):
            raise TypeError(
                f"{self.name}: a list is not walked by {type(value).__name__}"
            )
        return str(value)

    def read(self, text: str) -> Any:
        """Return the value; whatever PostgreSQL could not compare with the column is refused."""
        if isinstance(self.field, DateTimeField):
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is None or not 1900 <= moment.year <= 2100:
                raise ValueError("no time of this shop's")
            return moment
        value = self.field.clean(text, None)
        if isinstance(value, float | Decimal) and not abs(float(value)) < 1e15:
            raise ValueError("no number of this shop's")
        return value


def _rows_after(keys: Sequence[_Key], values: Sequence[object]) -> Q:
    """Return the condition of the rows after `values`: greater in the first key, or equal there
    and greater in the next, and so on.
    """
    first, *rest = zip(keys, values, strict=True)
    key, value = first
    side = "lt" if key.descending else "gt"
    beyond = Q(**{f"{key.name}__{side}": value})
    if not rest:
        return beyond
    # The first condition is implied by the second; it is what an index can be entered by.
    return Q(**{f"{key.name}__{side}e": value}) & (
        beyond | Q(**{key.name: value}) & _rows_after(keys[1:], values[1:])
    )


def _encode_cursor(row: object, keys: Sequence[_Key]) -> str:
    written = json.dumps(
        [key.write(row) for key in keys], separators=(",", ":"), ensure_ascii=False
    )
    return base64.urlsafe_b64encode(written.encode()).decode().rstrip("=")


def _decode_cursor(cursor: str, keys: Sequence[_Key]) -> list[object]:
    try:
        raw = base64.b64decode(
            cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True
        ).decode()
        written = json.loads(raw)
        if (
            not isinstance(written, list)
            or len(written) != len(keys)
            or "\0" in raw
            or "\\u" in raw
        ):
            raise ValueError("not of this order")
        if not all(isinstance(text, str) for text in written):
            raise ValueError("not text")
        return [key.read(text) for key, text in zip(keys, written, strict=True)]
    except (
        ValueError,
        ValidationError,
        InvalidOperation,
        OverflowError,
        RecursionError,
    ) as exc:
        raise errors.Invalid.parameter(
            "cursor", "cursor", "This is not a cursor of this list."
        ) from exc


def fetch_page(
    queryset: QuerySet[M],
    *,
    order: Sequence[str],
    page: int = 1,
    limit: int = 12,
    cursor: str | None = None,
    total: int | None = None,
) -> Page[M] | CursorPage[M]:
    """Return what a `PageQuery` asked for: by cursor where one (or "" for the start) was
    given, else by number.

    Raises:
        errors.PageTooDeep, errors.Invalid: see `Page.of` and `CursorPage.of`.
    """
    if cursor is not None:
        return CursorPage[M].of(queryset, order=order, cursor=cursor, limit=limit)
    return Page[M].of(
        queryset.order_by(*order), page=page, limit=limit, total=total
    )
