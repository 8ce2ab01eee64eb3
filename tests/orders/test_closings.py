"""Closing a month: its figures are frozen, and what corrects them later is told beside them."""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from orders import errors
from orders.models import Invoice, LedgerEntry, MonthClosing, Order
from orders.models.ledger import REVENUE, EntryKind
from orders.services import closings, ledger, transitions
from orders.services.lifecycle import Actor
from orders.tax_sheets import next_month
from products.models import TaxClass
from tests.orders.provider_orders import assert_clean
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


def sell_apparel(customer, quantity: int = 1) -> Order:
    """Return an order to Mumbai of shirts of 2,499, of which 119 are tax."""
    apparel = TaxClass.objects.get(code="apparel")
    return sell(customer, "2499.00", quantity=quantity, tax_class=apparel)


def next_month_day() -> datetime:
    """Return noon of the second day of the month after this one."""
    first = next_month(timezone.localdate().replace(day=1))
    return datetime(first.year, first.month, 2, 12, tzinfo=UTC)


@pytest.fixture
def sold(customer, karnataka):
    """Return an order that was sold and paid this month, its month, and that month's closing."""
    order = sell_apparel(customer, quantity=2)
    ship(order)
    deliver(order)
    transitions.mark_cash_paid(order_id=order.pk, actor=STAFF)
    month = timezone.localdate().replace(day=1)
    with time_machine.travel(next_month_day(), tick=False):
        closing = closings.close_month(month=month, actor=Actor("staff"))
    return order, month, closing


def balance_of(closing, account: str) -> Decimal:
    [one] = [one for one in closing.balances if one["account"] == account]
    return Decimal(one["debit"]) - Decimal(one["credit"])


def test_a_closed_month_keeps_its_figures_and_tells_of_later_corrections(
    sold, tmp_path
):
    order, month, closing = sold
    assert balance_of(closing, REVENUE) == Decimal("-4760.00")
    assert closing.documents == 1
    before = read(tmp_path / "before", month)
    send_back(order, order.lines.get())
    # The credit note is of a later month.
    _date_notes(order, next_month_day())
    after = read(tmp_path / "after", month)
    assert {name: after[name] for name in before if name != "corrections"} == {
        name: rows for name, rows in before.items() if name != "corrections"
    }
    assert before["corrections"] == []
    [correction] = after["corrections"]
    note = Invoice.objects.get(kind="credit_note")
    assert (correction["Note"], correction["Corrects"], correction["Total"]) == (
        note.number,
        Invoice.objects.get(kind="invoice").number,
        "2499.00",
    )


def _date_notes(order, moment: datetime) -> None:
    """Let the order's credit note be of a later day, which the database's clock is not."""
    with transaction.atomic():
        cursor = transaction.get_connection().cursor()
        cursor.execute("SET LOCAL session_replication_role = replica")
        order.invoices.filter(kind="credit_note").update(
            issued_on=moment.date(), issued_at=moment
        )
        LedgerEntry.objects.filter(order=order, kind=EntryKind.CREDIT).update(
            at=moment
        )
        cursor.execute("SET LOCAL session_replication_role = origin")


def read(folder, month) -> dict[str, list[dict[str, str]]]:
    call_command("tax_report", month=f"{month:%Y-%m}", to=str(folder), verbosity=0)
    return {
        path.stem[8:]: list(
            csv.DictReader(io.StringIO(path.read_text(), newline=""))
        )
        for path in folder.glob("*.csv")
    }


def test_what_is_booked_into_a_closed_month_is_shown_and_found_by_verify(sold):
    _, _, closing = sold
    assert list(closings.list_late_amounts(closing)) == []
    assert_clean()
    late = {REVENUE: Decimal(5), "losses": Decimal(-5)}
    ledger.book(EntryKind.CORRECTION, "correction:late", late, currency="INR")
    found = {one.account: one.amount for one in closings.list_late_amounts(closing)}
    assert found == late
    with pytest.raises(AssertionError, match="as it was closed"):
        assert_clean()


def test_months_are_closed_once_in_their_order_and_not_before_they_are_over(sold):
    month = sold[1]
    with pytest.raises(errors.MonthNotOver):
        closings.close_month(month=next_month(month), actor=STAFF)
    with time_machine.travel(next_month_day() + timedelta(days=70), tick=False):
        with pytest.raises(errors.MonthClosed):
            closings.close_month(month=month, actor=STAFF)
        following = next_month(month)
        with pytest.raises(
            errors.MonthBeforeOpen, match=f"{following:%Y-%m} is open"
        ):
            closings.close_month(month=next_month(following), actor=STAFF)
    for change in (
        lambda: MonthClosing.objects.update(documents=7),
        lambda: MonthClosing.objects.all().delete(),
    ):
        with (
            pytest.raises(IntegrityError, match="only grows"),
            transaction.atomic(),
        ):
            change()


def test_the_command_says_what_it_closes_or_why_not(customer, karnataka):
    order = sell_apparel(customer)
    ship(order)
    month = f"{timezone.localdate():%Y-%m}"
    with pytest.raises(CommandError, match="not over yet"):
        call_command("close_month", month=month)
    out = io.StringIO()
    call_command("close_month", month=month, dry_run=True, stdout=out)
    assert "revenue INR: debit 0.00, credit 2380.00" in out.getvalue()
    assert not MonthClosing.objects.exists()
    with time_machine.travel(next_month_day(), tick=False):
        call_command("close_month", month=month, stdout=out)
    assert f"{month} is closed: 1 invoices and notes." in out.getvalue()


def test_the_admin_shows_a_months_sheets_and_closes_it(
    admin_client, admin_user, customer, karnataka
):
    order = sell_apparel(customer)
    ship(order)
    month = f"{timezone.localdate():%Y-%m}"
    page = "/admin/orders/monthclosing/tax-report/"
    shown = admin_client.get(page, {"month": month})
    assert shown.status_code == 200
    assert b"b2cs" in shown.content
    assert b"2380.00" in shown.content
    file = admin_client.get(page, {"month": month, "sheet": "hsn(b2c)"})
    assert (
        file["Content-Disposition"]
        == f'attachment; filename="{month}-hsn(b2c).csv"'
    )
    [row] = csv.DictReader(io.StringIO(file.content.decode()))
    assert (row["HSN"], row["Total Value"]) == ("62114290", "2499.00")
    with time_machine.travel(next_month_day(), tick=False):
        admin_client.force_login(admin_user)  # the first session has ended by then
        admin_client.post(page, {"month": month})
        assert (
            not MonthClosing.objects.exists()
        )  # without the box nothing is frozen
        admin_client.post(page, {"month": month, "compared": "on"})
        closing = MonthClosing.objects.get()
        url = f"/admin/orders/monthclosing/{closing.pk}/change/"
        detail = admin_client.get(url)
    assert closing.closed_by is not None
    assert b"2,380.00" in detail.content
