"""Prices, or the category, of many products at once: chosen, previewed, applied, and if
need be undone.

The work goes through a change's rows in the order of their products, CHUNK rows a
transaction: within the caller's request where one chunk is all there is, else by the
outbox. A product that has changed since it was looked at is left as it is, and its row says
so."""

import time
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from markrin.api.errors import NotFound
from markrin.db import transactions
from markrin.outbox import services as outbox
from products import errors, events
from products.models import BulkChange, Category, Product
from products.models.bulk_change import (
    BulkEnding,
    BulkHow,
    BulkKind,
    BulkResult,
    BulkState,
)
from products.services import bulk_change_rows

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
    if (
        by_category
        and not Category.objects.filter(pk__in=[rule.category_id]).exists()
    ):
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
    while _process_next_chunk(change_id):
        if time.monotonic() >= until:
            return False
    return True


def delete_unapplied() -> int:
    """Delete changes that nobody has applied within KEEP_UNAPPLIED; return how many."""
    left = BulkChange.objects.filter(
        state__in=[BulkState.CHOSEN, BulkState.PREVIEWED]
    )
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
def _process_next_chunk(change_id: UUID) -> bool:
    """Do one chunk of the change; return whether there is more to do."""
    change = (
        BulkChange.objects.filter(pk=change_id)
        .select_for_update(no_key=True)
        .first()
    )
    if change is None or not change.is_at_work:
        return False
    _process_chunk(change)
    change.save()
    return change.is_at_work


def _lock_change(change_id: UUID, *states: BulkState) -> BulkChange:
    change = (
        BulkChange.objects.filter(pk=change_id)
        .select_for_update(no_key=True)
        .first()
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


def _process_chunk(change: BulkChange) -> None:
    """Do the next CHUNK rows of what the change is at; behind the last, end its state. The
    caller saves the change.
    """
    step, results = bulk_change_rows.STEPS[BulkState(change.state)]
    rows = change.rows.filter(result__in=results) if results else change.rows.all()
    if change.cursor is not None:
        rows = rows.filter(product__gt=change.cursor)
    next_rows = list(rows.order_by("product_id")[: CHUNK + 1])
    chunk = next_rows[:CHUNK]
    if chunk:
        before = (
            Counter(_COUNT_OF[BulkResult(row.result)] for row in chunk)
            if results
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
    if len(next_rows) <= CHUNK:
        change.state = _END_OF[BulkState(change.state)]
