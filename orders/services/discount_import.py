"""Discounts from another shop: codes that take off a percentage or an amount."""

from datetime import datetime
from pathlib import Path
from typing import Final

from django.utils import timezone

from orders.models import Coupon
from orders.services import coupons
from orders.staff_schemas import CreateCoupon
from products.importing import conversions
from products.importing.row_files import (
    Row,
    RowReport,
    handle_unit,
    line_of,
    open_rows,
)
from products.importing.run import ImportRun, JobOptions

_NAMES: Final = {
    "code": ("name", "code", "coupon code", "title"),
    "value": ("value", "amount", "coupon amount"),
    "kind": ("value type", "type", "discount type"),
    "status": ("status",),
    "class": ("discount class",),
    "per_customer": ("applies once per customer", "usage limit per user"),
    "limit": ("usage limit per code", "usage limit"),
    "minimum": ("minimum purchase requirements", "minimum spend", "minimum amount"),
    "starts": ("start", "starts", "starts at"),
    "ends": ("end", "ends", "ends at", "expiry date"),
}
_KINDS: Final = {
    "percentage": "percent",
    "percent": "percent",
    "fixed_amount": "fixed",
    "fixed_cart": "fixed",
    "fixed": "fixed",
    "amount": "fixed",
}


def import_discounts(
    path: Path,
    report: RowReport,
    *,
    dry_run: bool = False,
    run: ImportRun | None = None,
) -> None:
    """Take in a CSV of discounts: Shopify's export, or columns `code`, `type`, `value`. A
    hundred rows are a transaction; a code that is there stays as it is.

    Raises:
        FileRefused: it is no such file.
    """

    def import_row(row: Row) -> None:
        def work(found: RowReport) -> None:
            _import_row(row, found)

        handle_unit(report, line_of(row), row[1]["code"], work, dry_run=dry_run)

    with open_rows(path, _NAMES, ["code", "value", "kind"]) as rows:
        (run or ImportRun()).handle_units(rows, line_of, import_row)


def _import_row(row: Row, report: RowReport) -> None:
    line, values = line_of(row), row[1]
    code = values["code"]
    if row[0].problem:
        report.note(line, code, "refused", row[0].problem)
        return
    kind = _KINDS.get(values["kind"].lower().replace(" ", "_"))
    if kind is None:
        text = f"There is no discount of the kind {values['kind']!r} that a code gives here."
        report.note(line, code, "refused", text)
        return
    amount = conversions.convert_amount(values["value"].lstrip("-"))
    data: dict[str, object] = {"code": code, "kind": kind, "value": amount}
    minimum = values.get("minimum", "")
    spend = conversions.parse_number(minimum) if minimum else None
    if spend:
        data["minSpend"] = conversions.convert_amount(minimum)
    if values.get("limit", "").isdecimal() and int(values["limit"]):
        data["totalLimit"] = int(values["limit"])
    once = values.get("per_customer", "").lower()
    if once in ("true", "yes") or (once.isdecimal() and int(once)):
        data["perCustomerLimit"] = int(once) if once.isdecimal() else 1
    for name, field in (("startsAt", "starts"), ("endsAt", "ends")):
        if moment := _read_moment(values.get(field, "")):
            data[name] = moment
    status = values.get("status", "").lower()
    if status in ("expired", "disabled", "inactive", "draft"):
        data["isActive"] = False
    new = CreateCoupon().load(data)
    if Coupon.objects.filter(code=new.code).exists():
        report.unchanged += 1
        return
    coupons.insert_coupon(new)
    report.created += 1


def _read_moment(text: str) -> str:
    """Return a moment as the API writes it: with its offset, else in the shop's time zone."""
    if not text:
        return ""
    try:
        moment = datetime.fromisoformat(text.replace(" UTC", "+00:00"))
    except ValueError:
        return text
    if moment.tzinfo is None:
        moment = timezone.make_aware(moment)
    return moment.isoformat()


def import_rows(
    *,
    kind: str,
    path: Path,
    report: RowReport,
    options: JobOptions,
    dry_run: bool,
    run: ImportRun,
) -> None:
    """Import a file of discounts for a job of the admin: the hook `import_rows`.

    Raises: FileRefused.
    """
    if kind == "discounts":
        import_discounts(path, report, dry_run=dry_run, run=run)
