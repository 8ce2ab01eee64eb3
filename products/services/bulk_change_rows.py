"""One chunk of a bulk change's rows: previewed, applied, undone."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.utils import timezone

from markrin.cache.tags import invalidate
from products.models import BulkChange, BulkChangeRow, Product
from products.models.bulk_change import (
    BulkEnding,
    BulkHow,
    BulkKind,
    BulkResult,
    BulkState,
)
from products.repricing import RepricingRule, apply_rule


@dataclass
class RowOutcome:
    """The outcome of one row: its result and why; in a preview also the product's values
    before and after.
    """

    row_id: int
    result: BulkResult
    reason: str = ""
    old: tuple[Decimal | None, Decimal | None, UUID | None] = (None, None, None)
    new: tuple[Decimal | None, Decimal | None] = (None, None)


_ProductState = tuple[
    Decimal, Decimal | None, UUID
]  # base price, sale price, category


def _preview_rows(
    change: BulkChange, rows: Sequence[BulkChangeRow]
) -> list[RowOutcome]:
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
        done.append(
            RowOutcome(row.pk, result, reason, (base, sale, category_id), new)
        )
    _record_preview(done)
    return done


def _apply_rows(
    change: BulkChange, rows: Sequence[BulkChangeRow]
) -> list[RowOutcome]:
    if (
        change.kind == BulkKind.CATEGORY and change.category_id is None
    ):  # set so when it was deleted
        done = [
            RowOutcome(row.pk, BulkResult.SKIPPED, "The category is gone.")
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


def _undo_rows(
    change: BulkChange, rows: Sequence[BulkChangeRow]
) -> list[RowOutcome]:
    if change.kind == BulkKind.CATEGORY:
        gone = [
            row for row in rows if row.old_category_id is None
        ]  # set so when it was deleted
        done = [
            RowOutcome(row.pk, BulkResult.KEPT, "The category it had is gone.")
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


STEPS: Final[
    Mapping[
        BulkState,
        tuple[
            Callable[[BulkChange, Sequence[BulkChangeRow]], list[RowOutcome]],
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
) -> list[RowOutcome]:
    """Take the products from one state to the other, but for those that are in neither; six
    statements.
    """
    locked = Product.objects.filter(
        pk__in=[row.product_id for row in rows]
    ).locked()
    products = {
        product.pk: product
        for product in locked.only(
            "name", "base_price", "sale_price", "category_id"
        )
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
            done.append(RowOutcome(row.pk, moved))
        else:
            done.append(
                RowOutcome(
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


def _update_products(
    goals: Mapping[UUID, _ProductState], by_category: bool
) -> None:
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
    return (
        f"{base}, sale price {product.sale_price or 'none'} → {goal[1] or 'none'}"
    )


def _record_outcomes(done: Iterable[RowOutcome]) -> None:
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


def _record_preview(rows: Sequence[RowOutcome]) -> None:
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
                *(
                    [_storable_prices(each)[place] for each in rows]
                    for place in (0, 1)
                ),
            ],
        )


def _storable_prices(each: RowOutcome) -> tuple[Decimal | None, Decimal | None]:
    return (None, None) if each.result == BulkResult.PROBLEM else each.new
