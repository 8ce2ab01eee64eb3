"""Prices, or the category, of many products at once: chosen, previewed, applied, and if
need be undone.

The work goes through a change's rows in the order of their products, CHUNK rows a
transaction: within the caller's request where one chunk is all there is, else by the
outbox. A product that has changed since it was looked at is left as it is, and its row says
so."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from markrin.api.errors import NotFound
from markrin.cache.tags import invalidate
from markrin.db import transactions
from markrin.outbox import services as outbox
from products import errors, events
from products.models import BulkChange, BulkChangeRow, Category, Product
from products.models.bulk_change import (
    BulkEnding,
    BulkHow,
    BulkKind,
    BulkResult,
    BulkState,
)
from products.repricing import RepricingRule, apply_rule

CHUNK: Final = 500  # products a transaction
UNAPPLIED_TTL: Final = timedelta(days=7)
_COUNTED: Final = (
    "ready",
    "problems",
    "unchanged",
    "applied",
    "skipped",
    "undone",
    "kept",
)
_COUNT_OF: Final = {
    BulkResult.READY: "ready",
    BulkResult.PROBLEM: "problems",
    BulkResult.UNCHANGED: "unchanged",
    BulkResult.APPLIED: "applied",
    BulkResult.SKIPPED: "skipped",
    BulkResult.UNDONE: "undone",
    BulkResult.KEPT: "kept",
}
_END_OF: Final = {
    BulkState.PREVIEWING: BulkState.PREVIEWED,
    BulkState.APPLYING: BulkState.APPLIED,
    BulkState.UNDOING: BulkState.UNDONE,
}


@dataclass(frozen=True, kw_only=True)
class ChangeRule:
    """What changes, by how much (percent, or the shop's currency), and how it is rounded."""

    kind: BulkKind
    how: BulkHow = BulkHow.UNSAID
    value: Decimal | None = None
    ending: BulkEnding = BulkEnding.UNSAID
    category_id: UUID | None = None


@transactions.durable(limits=False)  # as many products as a list has
def choose_products(*, products: QuerySet[Product], actor_id: UUID) -> UUID:
    """Begin a change of these products, as they are found now, and return its id. Four
    statements for any number.

    Raises:
        NothingChosen: there are none.
    """
    try:
        sql, params = products.order_by().values("pk").query.sql_with_params()
    except EmptyResultSet as exc:  # a filter that nothing can match
        raise errors.NothingChosen from exc
    change = BulkChange.objects.create(actor_id=actor_id)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO products_bulkchangerow (change_id, product_id, result, reason)
            SELECT DISTINCT %s::uuid, chosen.id, 'chosen', ''
            FROM ({sql}) AS chosen (id) ORDER BY chosen.id""",  # noqa: S608 (the ORM's own)
            [change.pk, *params],
        )
        change.total = cursor.rowcount
    if not change.total:
        raise errors.NothingChosen
    change.save(update_fields=["total", "updated_at"])
    return change.pk


@transactions.durable
def preview_change(rule: ChangeRule, *, change_id: UUID) -> None:
    """Work out what the change would make of each product; nothing of them changes. May be
    asked again and again.

    Locks: the change.

    Raises:
        NotFound: there is no such change.
        BulkChangeTooLate: it has been applied.
        CategoryUnknown: there is no such category.
    """
    change = _lock_change(
        change_id, BulkState.CHOSEN, BulkState.PREVIEWING, BulkState.PREVIEWED
    )
    by_category = rule.kind == BulkKind.CATEGORY
    if by_category and not Category.objects.filter(pk__in=[rule.category_id]).exists():
        raise errors.CategoryUnknown
    change.kind, change.how = rule.kind, rule.how
    change.value, change.ending = rule.value, rule.ending
    change.category_id = rule.category_id if by_category else None
    for name in _COUNTED:
        setattr(change, name, 0)
    _begin_state(change, BulkState.PREVIEWING)


@transactions.durable
def apply_change(*, change_id: UUID) -> None:
    """Make the previewed change, where the products still are what the preview saw.

    Locks: the change, then its products in key order, CHUNK at a time.

    Raises:
        NotFound: there is no such change.
        BulkChangeTooLate: it is not, or no longer, a finished preview.
    """
    change = _lock_change(change_id, BulkState.PREVIEWED)
    change.applied_at = timezone.now()
    _begin_state(change, BulkState.APPLYING)


@transactions.durable
def undo_change(*, change_id: UUID) -> None:
    """Give the products back what they had before the change, but for those that have
    changed since.

    Locks: as `apply_change`.

    Raises:
        NotFound: there is no such change.
        BulkChangeTooLate: it is not applied, or undone already.
    """
    change = _lock_change(change_id, BulkState.APPLIED)
    change.undone_at = timezone.now()
    _begin_state(change, BulkState.UNDOING)


def continue_change(*, change_id: UUID, budget_s: float) -> bool:
    """Go on with the change's work until it is done or the time is up; return whether it is done.

    It goes on behind its cursor, so it may be killed, run again, or run twice at once.
    """
    until = time.monotonic() + budget_s
    while _continue_change(change_id):
        if time.monotonic() >= until:
            return False
    return True


def delete_unapplied() -> int:
    """Delete changes that nobody has applied within KEEP_UNAPPLIED; return how many."""
    left = BulkChange.objects.filter(state__in=[BulkState.CHOSEN, BulkState.PREVIEWED])
    old = list(
        left.filter(updated_at__lt=timezone.now() - UNAPPLIED_TTL).values_list(
            "pk", flat=True
        )
    )
    for change_id in old:
        with transaction.atomic():
            BulkChange.objects.filter(pk=change_id).delete()
    return len(old)


@transactions.durable
def _continue_change(change_id: UUID) -> bool:
    change = (
        BulkChange.objects.filter(pk=change_id).select_for_update(no_key=True).first()
    )
    if change is None or not change.is_at_work:
        return False
    _process_chunk(change)
    change.save()
    return change.is_at_work


def _lock_change(change_id: UUID, *states: BulkState) -> BulkChange:
    change = (
        BulkChange.objects.filter(pk=change_id).select_for_update(no_key=True).first()
    )
    if change is None:
        raise NotFound
    if change.state not in states:
        raise errors.BulkChangeTooLate
    return change


def _begin_state(change: BulkChange, state: BulkState) -> None:
    change.state, change.cursor = state, None
    if change.total <= CHUNK:
        _process_chunk(change)
    else:
        outbox.add(events.BulkChangeStarted(change_id=change.pk))
    change.save()


@dataclass
class _RowOutcome:
    """What has become of a row: its result and why; in a preview also what its product was
    and would be.
    """

    row_id: int
    result: BulkResult
    reason: str = ""
    old: tuple[Decimal | None, Decimal | None, UUID | None] = (None, None, None)
    new: tuple[Decimal | None, Decimal | None] = (None, None)


_ProductState = tuple[Decimal, Decimal | None, UUID]  # base price, sale price, category


def _process_chunk(change: BulkChange) -> None:
    """Do the next CHUNK rows of what the change is at; behind the last, end its state. The
    caller saves the change.
    """
    step, wanted = _STEPS[BulkState(change.state)]
    rows = change.rows.filter(result__in=wanted) if wanted else change.rows.all()
    if change.cursor is not None:
        rows = rows.filter(product__gt=change.cursor)
    found = list(rows.order_by("product_id")[: CHUNK + 1])
    chunk = found[:CHUNK]
    if chunk:
        before = (
            Counter(_COUNT_OF[BulkResult(row.result)] for row in chunk)
            if wanted
            else Counter[str]()
        )
        done = step(change, chunk)
        for name, number in (
            Counter(_COUNT_OF[each.result] for each in done) - Counter()
        ).items():
            setattr(change, name, getattr(change, name) + number)
        for name, number in before.items():
            setattr(change, name, getattr(change, name) - number)
        change.cursor = chunk[-1].product_id
    if len(found) <= CHUNK:
        change.state = _END_OF[BulkState(change.state)]


def _preview_rows(
    change: BulkChange, rows: Sequence[BulkChangeRow]
) -> list[_RowOutcome]:
    products = Product.objects.filter(pk__in=[row.product_id for row in rows])
    seen: dict[UUID, list[Any]] = {
        pk: rest
        for pk, *rest in products.values_list(
            "pk", "base_price", "sale_price", "category_id"
        )
    }
    rule = RepricingRule(
        BulkKind(change.kind),
        BulkHow(change.how),
        change.value or Decimal(0),
        BulkEnding(change.ending),
    )
    done = []
    for row in rows:
        base, sale, category_id = seen[row.product_id]
        if change.kind == BulkKind.CATEGORY:
            same = category_id == change.category_id
            result, reason, new = (
                BulkResult.UNCHANGED if same else BulkResult.READY,
                "",
                (base, sale),
            )
        else:
            prices = apply_rule(rule, base, sale)
            new, reason = (prices.base, prices.sale), prices.problem
            result = BulkResult.READY
            if reason:
                result = BulkResult.PROBLEM
            elif new == (base, sale):
                result = BulkResult.UNCHANGED
        done.append(_RowOutcome(row.pk, result, reason, (base, sale, category_id), new))
    _record_preview(done)
    return done


def _apply_rows(change: BulkChange, rows: Sequence[BulkChangeRow]) -> list[_RowOutcome]:
    if (
        change.kind == BulkKind.CATEGORY and change.category_id is None
    ):  # set so when it was deleted
        done = [
            _RowOutcome(row.pk, BulkResult.SKIPPED, "The category is gone.")
            for row in rows
        ]
        _record_outcomes(done)
        return done
    return _switch_products(
        change,
        rows,
        _get_old_state,
        _get_new_state,
        BulkResult.APPLIED,
        BulkResult.SKIPPED,
        "since the preview",
    )


def _undo_rows(change: BulkChange, rows: Sequence[BulkChangeRow]) -> list[_RowOutcome]:
    if change.kind == BulkKind.CATEGORY:
        gone = [
            row for row in rows if row.old_category_id is None
        ]  # set so when it was deleted
        done = [
            _RowOutcome(row.pk, BulkResult.KEPT, "The category it had is gone.")
            for row in gone
        ]
        _record_outcomes(done)
        rows = [row for row in rows if row.old_category_id is not None]
    else:
        done = []
    return done + _switch_products(
        change,
        rows,
        _get_new_state,
        _get_old_state,
        BulkResult.UNDONE,
        BulkResult.KEPT,
        "since the change",
    )


_STEPS: Final[
    Mapping[
        BulkState,
        tuple[
            Callable[[BulkChange, Sequence[BulkChangeRow]], list[_RowOutcome]],
            list[str],
        ],
    ]
] = {
    BulkState.PREVIEWING: (_preview_rows, []),
    BulkState.APPLYING: (_apply_rows, [BulkResult.READY]),
    BulkState.UNDOING: (_undo_rows, [BulkResult.APPLIED]),
}


def _get_old_state(change: BulkChange, row: BulkChangeRow) -> _ProductState:
    # a previewed row has them
    return row.old_base_price, row.old_sale_price, row.old_category_id  # type: ignore[return-value]


def _get_new_state(change: BulkChange, row: BulkChangeRow) -> _ProductState:
    # a previewed row has them
    return row.new_base_price, row.new_sale_price, change.category_id  # type: ignore[return-value]


def _switch_products(
    change: BulkChange,
    rows: Sequence[BulkChangeRow],
    from_: Callable[[BulkChange, BulkChangeRow], _ProductState],
    to: Callable[[BulkChange, BulkChangeRow], _ProductState],
    moved: BulkResult,
    left: BulkResult,
    since: str,
) -> list[_RowOutcome]:
    """Take the products from one state to the other, but for those that are in neither; six
    statements.
    """
    locked = Product.objects.filter(pk__in=[row.product_id for row in rows]).locked()
    products = {
        product.pk: product
        for product in locked.only("name", "base_price", "sale_price", "category_id")
    }
    by_category = change.kind == BulkKind.CATEGORY
    done, goals = [], dict[UUID, _ProductState]()
    for row in rows:
        product = products[row.product_id]
        seen = (product.base_price, product.sale_price, product.category_id)
        if _relevant_part(seen, by_category) == _relevant_part(
            from_(change, row), by_category
        ):
            goals[product.pk] = to(change, row)
            done.append(_RowOutcome(row.pk, moved))
        else:
            done.append(
                _RowOutcome(
                    row.pk,
                    left,
                    f"Changed {since}: {_describe_state(seen, by_category)}",
                )
            )
    _update_products(goals, by_category)
    _log_changes(
        change, products, goals, by_category, undone=moved == BulkResult.UNDONE
    )
    _record_outcomes(done)
    return done


def _relevant_part(seen: _ProductState, by_category: bool) -> object:
    return seen[2] if by_category else seen[:2]


def _describe_state(seen: _ProductState, by_category: bool) -> str:
    if by_category:
        return "it is in another category now."
    return f"the base price is {seen[0]} now, the sale price {seen[1] or 'none'}."


def _update_products(goals: Mapping[UUID, _ProductState], by_category: bool) -> None:
    if not goals:
        return
    columns = (
        "category_id = goal.category_id"
        if by_category
        else (
            "base_price = goal.base, sale_price = goal.sale,"
            " sale_starts_at = CASE WHEN goal.sale IS NOT NULL THEN sale_starts_at END,"
            " sale_ends_at = CASE WHEN goal.sale IS NOT NULL THEN sale_ends_at END"
        )
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"""UPDATE products_product AS product SET updated_at = %s, {columns}
            FROM unnest(%s::uuid[], %s::numeric[], %s::numeric[], %s::uuid[]) AS goal (id, base,
                sale, category_id)
            WHERE product.id = goal.id""",  # noqa: S608 (one of two texts above)
            [
                timezone.now(),
                list(goals),
                *map(list, zip(*goals.values(), strict=True)),
            ],
        )
    invalidate("products", *(f"product:{pk}" for pk in goals))


def _log_changes(
    change: BulkChange,
    products: Mapping[UUID, Product],
    goals: Mapping[UUID, _ProductState],
    by_category: bool,
    *,
    undone: bool,
) -> None:
    """Note it in the history of each product, as done by whoever began the change."""
    if change.actor_id is None or not goals:
        return
    kind = ContentType.objects.get_for_model(Product)
    verb = "Bulk change undone" if undone else "Bulk change"
    LogEntry.objects.bulk_create(
        LogEntry(
            user_id=change.actor_id,
            content_type=kind,
            object_id=str(pk),
            object_repr=products[pk].name[:200],
            action_flag=CHANGE,
            change_message=f"{verb}: {_describe_step(products[pk], goal, by_category)}",
        )
        for pk, goal in goals.items()
    )


def _describe_step(product: Product, goal: _ProductState, by_category: bool) -> str:
    if by_category:
        return "category"
    base = f"base price {product.base_price} → {goal[0]}"
    return f"{base}, sale price {product.sale_price or 'none'} → {goal[1] or 'none'}"


def _record_outcomes(done: Iterable[_RowOutcome]) -> None:
    rows = list(done)
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE products_bulkchangerow AS row SET result = done.result, reason = done.reason
            FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS done (id, result, reason)
                WHERE row.id = done.id""",
            [
                [each.row_id for each in rows],
                [each.result.value for each in rows],
                [each.reason for each in rows],
            ],
        )


def _record_preview(rows: Sequence[_RowOutcome]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE products_bulkchangerow AS row SET result = done.result, reason = done.reason,
                old_base_price = done.old_base, old_sale_price = done.old_sale,
                    old_category_id = done.old_category,
                new_base_price = done.new_base, new_sale_price = done.new_sale
            FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::numeric[], %s::numeric[],
                %s::uuid[], %s::numeric[],
                %s::numeric[])
                AS done (id, result, reason, old_base, old_sale, old_category, new_base, new_sale)
            WHERE row.id = done.id""",
            [
                [each.row_id for each in rows],
                [each.result.value for each in rows],
                [each.reason for each in rows],
                *([each.old[place] for each in rows] for place in range(3)),
                # A price that cannot be is shown by the reason; its column may not hold it.
                *([_storable_prices(each)[place] for each in rows] for place in (0, 1)),
            ],
        )


def _storable_prices(each: _RowOutcome) -> tuple[Decimal | None, Decimal | None]:
    return (None, None) if each.result == BulkResult.PROBLEM else each.new
