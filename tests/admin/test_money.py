"""Money in the admin: differences and who settled them, disputes at the parcel, the ledger."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from markrin.admin.amounts import AmountField
from markrin.admin.base import ReadOnly
from markrin.admin.exports import cell_text
from orders.models import Difference, Dispute, LedgerEntry, Reconciliation
from orders.models.ledger import EntryKind
from orders.services import ledger
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
MAX_QUERIES = 20


def list_columns(page: Any) -> list[str]:
    """Return the names of fields that a page shows as they are."""
    places = [getattr(page, "list_display", ()), page.readonly_fields]
    if issubclass(page if isinstance(page, type) else type(page), ReadOnly):
        places.append(flatten_fieldsets([(None, {"fields": page.fields or ()})]))
    return [name for place in places for name in place if isinstance(name, str)]


def test_no_page_shows_the_three_decimals_that_amounts_have_in_the_database():
    shown = []
    for model, page in admin.site._registry.items():
        inlines = [(each.model, each) for each in page.inlines]
        for of, part in [(model, page), *inlines]:
            fields = {field.name: field for field in of._meta.get_fields()}
            shown += [
                f"{of.__name__}.{name}"
                for name in list_columns(part)
                if getattr(fields.get(name), "decimal_places", None) == 3
            ]
    assert shown == []
    assert len(admin.site._registry) > 50


def test_amounts_are_shown_with_their_currencys_decimals(bookkeeper):
    lines = {"cash": Decimal("499.5"), "receivable": Decimal("-499.5")}
    with transaction.atomic():
        ledger.book(EntryKind.CORRECTION, "cash:1", lines, currency="INR")
    made = LedgerEntry.objects.get(key="cash:1")
    page = bookkeeper.get(
        reverse("admin:orders_ledgerentry_change", args=[made.pk])
    )
    assert "₹499.50" in page.content.decode()
    assert "499.500" not in page.content.decode()


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("499.000", "499.00"),
        ("499.125", "499.125"),
        ("18", "18"),
        ("18.0000", "18.00"),
    ],
)
def test_forms_and_exports_drop_zeros_that_say_nothing(amount, shown):
    assert str(cell_text(Decimal(amount))) == shown
    assert str(AmountField().prepare_value(Decimal(amount))) == shown


@pytest.fixture
def staff_user():
    return factories.make_user(role="staff", groups=("orders",))


@pytest.fixture
def bookkeeper(staff_user):
    client = Client()
    client.force_login(staff_user)
    return client


@pytest.fixture
def difference():
    now = timezone.now()
    run = Reconciliation.objects.create(
        provider="stripe",
        since=now - timedelta(days=1),
        until=now,
        charges=3,
        found=1,
    )
    return Difference.objects.create(
        reconciliation=run,
        provider="stripe",
        kind="charge",
        ref="pi_1",
        theirs=Decimal("7.77"),
        currency="INR",
        cause="The money is of no payment of the shop.",
    )


def dispute(order):
    payment = order.payments.create(
        provider="stripe",
        provider_ref="cs_1",
        charge_ref="pi_1",
        amount=order.total,
        currency="INR",
        state="succeeded",
        succeeded_at=timezone.now(),
    )
    return Dispute.objects.create(
        order=order,
        payment=payment,
        provider_ref="du_1",
        amount=order.total,
        currency="INR",
        status="open",
        opened_at=timezone.now(),
    )


def test_a_person_says_how_a_difference_was_settled(
    bookkeeper, staff_user, difference
):
    open_ones = reverse("admin:orders_difference_changelist") + "?open=1"
    assert b"of no payment" in bookkeeper.get(open_ones).content
    path = reverse("admin:orders_difference_step", args=[difference.pk, "settle"])
    assert bookkeeper.post(path, {"how": ""}).status_code == 422
    assert bookkeeper.post(path, {"how": "A test of the bank."}).status_code == 302
    difference.refresh_from_db()
    assert (difference.settled_by, difference.settled_how) == (
        staff_user,
        "A test of the bank.",
    )
    assert b"of no payment" not in bookkeeper.get(open_ones).content
    assert bookkeeper.post(path, {"how": "Again."}).status_code == 422


def test_shipping_despite_a_dispute_is_asked_for(bookkeeper):
    order = factories.make_order(status="processing")
    dispute(order)
    path = reverse("admin:orders_order_step", args=[order.pk, "ship"])
    assert b"asks the payment back" in bookkeeper.get(path).content
    assert bookkeeper.post(path, {"note": ""}).status_code == 422
    order.refresh_from_db()
    assert order.status == "processing"
    sent = bookkeeper.post(path, {"note": "", "despite_dispute": "on"})
    assert sent.status_code == 302
    order.refresh_from_db()
    assert order.status == "shipped"


def test_the_pages_of_money_open_in_few_queries(bookkeeper, difference):
    order = factories.make_order(status="delivered", paid=True)
    rows = [difference, difference.reconciliation, dispute(order)]
    rows.append(LedgerEntry.objects.filter(order=order)[0])
    for row in rows:
        name = f"admin:orders_{row._meta.model_name}"
        for path in (
            reverse(f"{name}_changelist"),
            reverse(f"{name}_change", args=[row.pk]),
        ):
            bookkeeper.get(path)  # content types and the like are asked for once
            with CaptureQueriesContext(connection) as queries:
                page = bookkeeper.get(path)
            assert page.status_code == 200, path
            assert len(queries) <= MAX_QUERIES, path
    found = reverse("admin:orders_ledgerentry_changelist") + f"?q={order.number}"
    assert (
        f"sale:{order.invoices.get().pk}".encode() in bookkeeper.get(found).content
    )
