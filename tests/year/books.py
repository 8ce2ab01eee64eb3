"""What must be equal at the end of a year: provider, ledger, invoices, reports."""

from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Max, Min, Sum

from analytics.models import DailySales
from markrin.ops.verify import rules
from orders.models import Invoice, Payout
from orders.services import ledger
from orders.tax_sheets import build_tax_sheets, next_month
from tests.orders.test_money_at_random import at_provider

ZERO = Decimal(0)
SOLD = """SELECT coalesce(sum(CASE kind WHEN 'invoice' THEN {column} ELSE -{column} END), 0)
    FROM orders_invoice WHERE kind IN ('invoice', 'credit_note')"""
BOOKED = """SELECT coalesce(-sum(amount), 0) FROM orders_ledgerline WHERE {where}"""


def list_differences(
    stand_ins: dict[str, Any],
) -> dict[str, tuple[Decimal, Decimal]]:
    """Return by what they are the amounts that should be equal, in shop currency."""
    held = ledger.balances()
    found = {}
    for name, stand_in in stand_ins.items():
        out = sum(
            (one.amount + one.fees for one in Payout.objects.filter(provider=name)),
            ZERO,
        )
        booked = held.get((f"provider:{name}", "INR"), ZERO)
        found[f"{name} = ledger"] = at_provider(stand_in) - out, booked
    sales = "account IN ('revenue', 'shipping', 'fees')"
    found["invoices without tax = ledger"] = (
        _fetch(SOLD.format(column="taxable")),
        _fetch(BOOKED.format(where=sales)),
    )
    found["taxes on invoices = ledger"] = (
        _fetch(SOLD.format(column="tax")),
        _fetch(BOOKED.format(where="account LIKE 'tax:%'")),
    )
    sheets = sum_tax_sheets()
    found["tax reports of all months = taxes on invoices"] = (
        sheets["Tax Amount"],
        _fetch(SOLD.format(column="tax")),
    )
    found["sheets of goods (HSN) = invoices"] = (
        sheets["Total Value"],
        _fetch(SOLD.format(column="total")),
    )
    found["revenue by day = invoices"] = (
        DailySales.objects.aggregate(sum=Sum("revenue"))["sum"] or ZERO,
        _fetch(SOLD.format(column="total")),
    )
    return found


def sum_tax_sheets() -> dict[str, Decimal]:
    """Add up the tax report of each month."""
    days = Invoice.objects.aggregate(first=Min("issued_on"), last=Max("issued_on"))
    month = days["first"].replace(day=1)
    sums: dict[str, Decimal] = {"Tax Amount": ZERO, "Total Value": ZERO}
    while month <= days["last"]:
        for sheet in build_tax_sheets(month):
            for column in sums.keys() & set(sheet.columns):
                at = list(sheet.columns).index(column)
                sums[column] += sum((Decimal(row[at]) for row in sheet.rows), ZERO)
        month = next_month(month)
    return sums


def list_breaches() -> list[Any]:
    """Return what `manage.py verify` would find in the rows of all apps."""
    of_rows = [
        breach for rule in rules.list_row_rules() for breach in rule.find_breaches()
    ]
    return of_rows + [
        breach for _, ask in rules.list_table_rules() for breach in ask()
    ]


def _fetch(sql: str) -> Decimal:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return Decimal(cursor.fetchone()[0])
