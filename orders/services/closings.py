"""Closing a month: its figures are frozen, and what corrects it later is told beside them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from django.db.models import Min
from django.utils import timezone

from markrin.db import transactions
from orders import errors
from orders.models import Invoice, LedgerEntry, MonthClosing
from orders.models.invoice import InvoiceKind
from orders.pricing.money import with_decimals
from orders.services.lifecycle import Actor
from orders.tax_sheets import Sheet, build_tax_sheets, next_month

# One closing at a time: the next one finds the month closed.
_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtext('month_closing'))"
_BALANCES: Final = """
SELECT account, currency,
    coalesce(sum(amount) FILTER (WHERE amount > 0), 0)::numeric(16, 3) AS debit,
    coalesce(-sum(amount) FILTER (WHERE amount < 0), 0)::numeric(16, 3) AS credit
FROM orders_ledgerline AS line JOIN orders_ledgerentry AS entry ON entry.id = line.entry_id
WHERE at >= %s AND at < %s GROUP BY account, currency ORDER BY account, currency
"""
CORRECTION_COLUMNS: Final = (
    "Note", "Note date", "Corrects", "Invoice date", "Taxable value", "Tax", "Total", "Reason",
)  # fmt: skip


@dataclass(frozen=True)
class LateAmount:
    """What came onto an account of a closed month after it was closed."""

    account: str
    currency: str
    amount: Decimal


@transactions.durable(limits=False)
def close_month(*, month: date, actor: Actor) -> MonthClosing:
    """Freeze the figures of the month that begins on this day. Locks: an advisory lock.

    Raises:
        MonthNotOver: it is not over yet by the shop's calendar.
        MonthClosed: somebody has closed it.
        MonthBeforeOpen: an earlier month with entries is open: close that one first.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCK)
    if next_month(month) > timezone.localdate():
        raise errors.MonthNotOver
    if MonthClosing.objects.filter(month=month).exists():
        raise errors.MonthClosed
    if (earlier := find_open_month()) is not None and earlier < month:
        raise errors.MonthBeforeOpen(
            f"{earlier:%Y-%m} is open: close that one first.",
            month=f"{earlier:%Y-%m}",
        )
    return MonthClosing.objects.create(
        month=month,
        closed_by_id=actor.user_id,
        balances=read_balances(month),
        sheets=[_freeze_sheet(sheet) for sheet in build_tax_sheets(month)],
        documents=Invoice.objects.filter(
            issued_on__gte=month, issued_on__lt=next_month(month)
        ).count(),
    )


def find_open_month() -> date | None:
    """Return the first month with entries of the ledger that is not closed; None without any."""
    closed = set(MonthClosing.objects.values_list("month", flat=True))
    first = LedgerEntry.objects.aggregate(at=Min("at"))["at"]
    if first is None:
        return None
    month: date = timezone.localtime(first, _zone()).date().replace(day=1)
    while month in closed:
        month = next_month(month)
    return month


def read_balances(month: date) -> list[dict[str, str]]:
    """Return what the ledger's entries of a month add up to by account, as a closing keeps it."""
    with connection.cursor() as cursor:
        cursor.execute(_BALANCES, get_bounds(month))
        return [
            {
                "account": account,
                "currency": currency,
                "debit": f"{with_decimals(debit, currency):f}",
                "credit": f"{with_decimals(credit, currency):f}",
            }
            for account, currency, debit, credit in cursor.fetchall()
        ]


def get_bounds(month: date) -> tuple[datetime, datetime]:
    """Return the moments between which the month lies in the shop's time zone."""
    return (
        datetime.combine(month, time(), _zone()),
        datetime.combine(next_month(month), time(), _zone()),
    )


def get_sheets(month: date) -> list[Sheet]:
    """Return the tax report of a month: as it was closed with `corrections` beside it, else as
    it stands now.
    """
    closing = MonthClosing.objects.filter(month=month).first()
    if closing is None:
        return build_tax_sheets(month)
    frozen = [
        Sheet(one["name"], one["columns"], one["rows"]) for one in closing.sheets
    ]
    return [*frozen, build_corrections(month)]


def build_corrections(month: date) -> Sheet:
    """Return the credit notes of later months that correct invoices of this one."""
    notes = Invoice.objects.filter(
        kind=InvoiceKind.CREDIT_NOTE,
        issued_on__gte=next_month(month),
        original__issued_on__gte=month,
        original__issued_on__lt=next_month(month),
    ).select_related("original")
    return Sheet(
        "corrections",
        CORRECTION_COLUMNS,
        [_write_correction(note) for note in notes.order_by("issued_on", "serial")],
    )


def _write_correction(note: Invoice) -> list[Any]:
    original = note.original
    amounts = [
        with_decimals(amount, note.currency)
        for amount in (note.taxable, note.tax, note.total)
    ]
    return [
        note.number, note.issued_on.isoformat(),
        original.number if original else "", original.issued_on.isoformat() if original else "",
        *amounts, note.reason,
    ]  # fmt: skip


def list_late_amounts(closing: MonthClosing) -> Iterator[LateAmount]:
    """Yield what has been booked into a closed month since, by account."""
    now = _sum_up(read_balances(closing.month))
    then = _sum_up(closing.balances)
    for key in sorted(now.keys() | then.keys()):
        late = now.get(key, Decimal(0)) - then.get(key, Decimal(0))
        if late:
            yield LateAmount(*key, late)


def _sum_up(
    balances: Sequence[Mapping[str, str]],
) -> dict[tuple[str, str], Decimal]:
    return {
        (one["account"], one["currency"]): Decimal(one["debit"])
        - Decimal(one["credit"])
        for one in balances
    }


def _freeze_sheet(sheet: Sheet) -> dict[str, Any]:
    return {
        "name": sheet.name,
        "columns": list(sheet.columns),
        "rows": [[_freeze_cell(value) for value in row] for row in sheet.rows],
    }


def _freeze_cell(value: Any) -> Any:
    return f"{value:f}" if isinstance(value, Decimal) else value


def _zone() -> ZoneInfo:
    return ZoneInfo(settings.SHOP_TIME_ZONE)
