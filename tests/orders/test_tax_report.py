"""A month's tax report: its sheets, and that they equal plain SQL over the invoices."""

import csv
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from orders.services import transitions
from products.models import TaxClass
from tests.orders.test_invoices import (
    STAFF,
    deliver,
    karnataka,
    sell,
    send_back,
    ship,
)

__all__ = ["karnataka"]
pytestmark = pytest.mark.django_db
BERLIN = {
    "street": "Torstraße 1", "city": "Berlin", "state": "", "postalCode": "10119",
    "country": "DE", "phone": "+493012345678",
}  # fmt: skip
HOME = {"state": "Karnataka", "postalCode": "560001"}
GSTIN = "27AAPFU0939F1ZV"


def read_sheets(folder) -> dict[str, list[dict[str, str]]]:
    month = f"{timezone.localdate():%Y-%m}"
    call_command("tax_report", month=month, to=str(folder), verbosity=0)
    sheets = {}
    for path in folder.glob("*.csv"):
        with path.open(newline="", encoding="utf-8") as file:
            sheets[path.stem[len(month) + 1 :]] = list(csv.DictReader(file))
    return sheets


def take_back(order) -> None:
    deliver(order)
    transitions.mark_cash_paid(order_id=order.pk, actor=STAFF)
    send_back(order, order.lines.get())


def fetch_sum(sql: str) -> list[Decimal]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchone())


def total(rows, *names: str) -> list[Decimal]:
    return [sum((Decimal(row[name]) for row in rows), Decimal(0)) for name in names]


def test_the_indian_sheets_equal_plain_sql(customer, karnataka, settings, tmp_path):
    settings.SHOP_COUNTRIES = ["IN", "DE"]
    more: dict[str, Any] = {"tax_class": TaxClass.objects.get(code="apparel")}
    business, large, abroad, back, small = (
        sell(customer, "2999.00", quantity=2, tax_id=GSTIN, **more),
        sell(customer, "30000.00", quantity=4, **more),
        sell(customer, "2999.00", address=BERLIN, **more),
        sell(customer, "2499.00", address=HOME, **more),
        sell(customer, "2999.00", **more),
    )
    for order in (business, large, abroad, back, small):
        ship(order)
    for order in (business, large, back):
        take_back(order)
    sheets = read_sheets(tmp_path)
    counted = {name: len(rows) for name, rows in sheets.items()}
    assert counted == {
        "b2b": 1, "b2cl": 1, "b2cs": 2, "exp": 1, "cdnr": 1, "cdnur": 1, "hsn(b2b)": 1,
        "hsn(b2c)": 3, "docs": 2, "by_country": 4,
    }  # fmt: skip
    [b2b] = sheets["b2b"]
    assert (b2b["GSTIN/UIN of Recipient"], b2b["Place Of Supply"], b2b["Rate"]) == (
        GSTIN,
        "27-Maharashtra",
        "18",
    )
    assert (b2b["Invoice Value"], b2b["Taxable Value"]) == ("5998.00", "5083.05")
    assert sheets["exp"][0]["Export Type"] == "WOPAY"
    assert sheets["cdnur"][0]["UR Type"] == "B2CL"
    own = next(
        row for row in sheets["b2cs"] if row["Place Of Supply"] == "29-Karnataka"
    )
    assert Decimal(own["Taxable Value"]) == 0  # sold, and back
    hsn = [*sheets["hsn(b2b)"], *sheets["hsn(b2c)"]]
    sums = total(
        hsn,
        "Total Value",
        "Taxable Value",
        "Integrated Tax Amount",
        "Central Tax Amount",
    )
    assert sums == fetch_sum("""
        WITH rows AS (SELECT line.*, CASE kind WHEN 'invoice' THEN 1 ELSE -1 END AS sign
            FROM orders_invoiceline AS line JOIN orders_invoice AS made
                ON made.id = line.invoice_id WHERE kind IN ('invoice', 'credit_note'))
        SELECT sum(sign * charged), sum(sign * (charged - tax)),
            sum(sign * (SELECT coalesce(sum((part ->> 'amount')::numeric), 0)
                FROM jsonb_array_elements(taxes) AS part WHERE part ->> 'name' = 'IGST')),
            sum(sign * (SELECT coalesce(sum((part ->> 'amount')::numeric), 0)
                FROM jsonb_array_elements(taxes) AS part WHERE part ->> 'name' = 'CGST'))
        FROM rows""")
    supplies = [
        sum(total(sheets[name], "Taxable Value")[0] for name in names)
        for names in (("b2b", "b2cl", "b2cs", "exp"), ("cdnr", "cdnur"))
    ]
    assert supplies[0] - supplies[1] == sums[1]
    # … and what the ledger has of each tax
    assert total(sheets["by_country"], "Tax Amount") == fetch_sum("""
        SELECT -sum(amount) FROM orders_ledgerline WHERE account LIKE 'tax:%'""")


def test_a_month_is_written_as_one():
    with pytest.raises(CommandError, match="write it as 2026-11"):
        call_command("tax_report", month="11/2026")
