"""Orders from another shop: kept as history. They count as bought for reviews; they move no stock
and no money, and nobody is mailed.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from markrin.api import errors, fields
from markrin.api.schemas import InputSchema
from markrin.db import transactions
from orders.models import PastOrder
from orders.services import past_order_files
from products.csv_reader import Line
from products.importing import conversions
from products.importing.row_files import (
    Row,
    RowReport,
    handle_unit,
    line_of,
)
from products.importing.run import ImportRun, JobOptions
from products.selectors import offers
from products.services import purchases

_NOT_BOUGHT: Final = {"cancelled", "canceled", "failed", "refunded", "voided"}
_NOT_PLACED: Final = {
    "pending",
    "pending payment",
    "on hold",
    "draft",
    "checkout draft",
    "trash",
}
"""WooCommerce's, of orders that nobody has paid or meant."""
_Rows = Sequence[Row]


class _EmailField(InputSchema):
    email = fields.Email(required=True)


def import_past_orders(
    path: Path,
    report: RowReport,
    *,
    source: str,
    dry_run: bool = False,
    run: ImportRun | None = None,
) -> None:
    """Take in a CSV of orders: Shopify's export, WooCommerce's or a plugin's, or one line an item
    with the order's own columns in the first. A hundred orders are a transaction; one that is
    there stays as it is.

    Raises:
        FileRefused: it is no such file.
    """

    def import_order(order: list[Row]) -> None:
        number = order[0][1]["number"]

        def work(found: RowReport) -> None:
            _import_order(source, number, order, found)

        handle_unit(report, line_of(order[0]), number, work, dry_run=dry_run)

    run = run or ImportRun()
    with past_order_files.open_orders(path) as orders:
        run.handle_units(orders, lambda order: line_of(order[0]), import_order)


def _import_order(source: str, number: str, rows: _Rows, report: RowReport) -> None:
    line, first = rows[0][0], _merge_lines(rows)
    given_total = first["total"] if "total" in first else first["net_total"]
    total = conversions.parse_number(given_total)
    placed_at = past_order_files.read_moment(first["placed_at"])
    problem = next((each.problem for each, _ in rows if each.problem), "")
    if not problem and not 0 < len(number) <= 40:
        problem = "An order needs a number of at most 40 characters."
    elif not problem and total is None:
        problem = f"Its total {given_total!r} is no amount such as 1299.00."
    elif not problem and placed_at is None:
        moment = f"{first['placed_at']!r} is no moment such as 2026-05-31 14:05:00"
        problem = f"When it was placed, {moment}."
    if problem or total is None or placed_at is None:
        report.note(line.number, number, "refused", problem)
        return
    if PastOrder.objects.filter(source=source, number=number).exists():
        report.unchanged += 1
        return
    email = _read_email(line, number, first.get("email", ""), report)
    items, unread = past_order_files.read_items(rows)
    for at, text in unread:
        report.note(at, number, "ignored", f"This is no item: {text[:100]}")
    if "total" not in first:
        told = "Its total is without tax and shipping: the file has no other."
        report.note(line.number, number, "converted", told)
    order = PastOrder.objects.create(
        source=source,
        number=number,
        email=email,
        user=_find_owner(email),
        placed_at=placed_at,
        status=_describe_status(first)[:40],
        currency=(first.get("currency", "") or settings.SHOP_CURRENCY).upper()[:3],
        total=abs(total),
        lines=items,
    )
    report.created += 1
    if order.user_id is not None:
        _record_purchases(order.user_id, [order])


def _merge_lines(rows: _Rows) -> dict[str, str]:
    """Return the order's own values: each from the first line that has it, whatever line a
    spreadsheet has put first.
    """
    merged: dict[str, str] = {}
    for _, values in rows:
        merged |= {key: text for key, text in values.items() if not merged.get(key)}
    return merged


def _describe_status(values: Mapping[str, str]) -> str:
    if values.get("cancelled"):
        return "cancelled"
    payment = values.get("payment", "").lower()
    if payment in _NOT_BOUGHT:
        return payment
    return values.get("status", "").lower().removeprefix("wc-").replace("-", " ")


def _read_email(line: Line, number: str, text: str, report: RowReport) -> str:
    if not text:
        told = "It has no e-mail: it is no customer's, and counts for no review."
        report.note(line.number, number, "ignored", told)
        return ""
    try:
        return str(_EmailField().load({"email": text})["email"])
    except errors.Invalid as exc:
        report.note(
            line.number, number, "ignored", f"{text}: {exc.errors[0]['message']}"
        )
        return ""


def _find_owner(email: str) -> User | None:
    """Return whose order it is: who has proved the address, or has been imported with it and can
    only enter by it.
    """
    if not email:
        return None
    proved = Q(email_verified_at__isnull=False) | Q(password__startswith="!")  # noqa: S106 (none)
    return User.objects.filter(proved, email=email, is_active=True).first()


@transactions.requires_transaction
def attach_past_orders(*, user: User) -> int:
    """Give the customer, who has proved that the address is theirs, the past orders made with it.
    Return how many. Part of the caller's transaction.
    """
    found = list(
        PastOrder.objects.filter(user=None, email=user.email).exclude(email="")
    )
    PastOrder.objects.filter(pk__in=[order.pk for order in found]).update(user=user)
    _record_purchases(user.pk, found)
    return len(found)


def _record_purchases(user_id: UUID, orders: Sequence[PastOrder]) -> None:
    skus = {
        line["sku"]
        for order in orders
        if order.status not in _NOT_BOUGHT | _NOT_PLACED
        for line in order.lines
        if line["sku"] and line["quantity"]
    }
    if skus:
        products = offers.find_products_of_skus(skus)
        purchases.record_purchase(user_id=user_id, product_ids=products)


def export_past_orders(*, user: User) -> list[dict[str, object]]:
    """Return the customer's past orders for their export."""
    rows = PastOrder.objects.filter(user=user).order_by("placed_at", "id")
    columns = (
        "number",
        "placed_at",
        "status",
        "currency",
        "total",
        "lines",
        "email",
    )
    return list(rows.values(*columns))


@transactions.requires_transaction
def erase_past_orders(*, user: User) -> None:
    """Empty what names the customer; amounts and goods stay. Part of the caller's transaction."""
    theirs = PastOrder.objects.filter(Q(user=user) | Q(email=user.email))
    theirs.update(email="", user=None, updated_at=timezone.now())


def import_rows(
    *,
    kind: str,
    path: Path,
    report: RowReport,
    options: JobOptions,
    dry_run: bool,
    run: ImportRun,
) -> None:
    """Import a file of past orders for a job of the admin: the hook `import_rows`.

    Raises: FileRefused.
    """
    if kind == "orders":
        source = options.get("source") or "shopify"
        import_past_orders(path, report, source=source, dry_run=dry_run, run=run)
