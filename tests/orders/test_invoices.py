"""Invoices, credit notes and vouchers: their numbers, their amounts, their files."""

import hashlib
import os
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction

from markrin.db import transactions
from orders.invoicing import document
from orders.invoicing.document import (
    EXPORT_WORDS,
    INTRA_COMMUNITY_WORDS,
    financial_year,
)
from orders.models import (
    ConfirmedTaxId,
    Invoice,
    InvoiceFile,
    Order,
    OrderLine,
    TaxPart,
    TaxRate,
    TaxSettings,
)
from orders.models.fulfilment import ParcelStatus
from orders.models.order_status import OrderStatus
from orders.services import (
    fulfilments,
    invoice_files,
    invoices,
    ledger,
    lifecycle,
    mails,
    privacy,
    refunds,
    returns,
    transitions,
)
from orders.services.lifecycle import Actor
from orders.staff_schemas import (
    GoodsReturn,
    Move,
    Parcel,
    ParcelMove,
    ParcelPieces,
    PiecesCancellation,
    ReturnedPieces,
    Tracking,
)
from products.errors import OutOfStock
from products.models import TaxClass
from tests.client import Client
from tests.factories import (
    key,
    make_cart_line,
    make_order,
    make_product,
    make_promotion,
    make_user,
    make_variant,
    move_to,
)
from tests.factories.orders import SHIPPING_ADDRESS
from tests.factories.taxes import use_tax_preset
from tests.orders.provider_orders import assert_clean

pytestmark = pytest.mark.django_db
STAFF = Actor("staff")
NO_TRACKING = Tracking(carrier="", tracking_number="", tracking_url="")


@pytest.fixture
def karnataka(settings):
    """Return a shop that is registered in Karnataka, with free shipping."""
    settings.SHOP_TAX_ID = "29AAGCB7383J1Z4"
    settings.SHOP_ADDRESS = "1 Bazaar Road\nBengaluru 560001"
    settings.SHIPPING_FEE = Decimal(0)
    use_tax_preset("in", state="KA")


def sell(
    customer, price: str, *, quantity: int = 1, address=None, tax_id="", **more
) -> Order:
    """Return a confirmed order of so many kurtas, to Mumbai unless an address says otherwise."""
    variant = make_variant(
        product=make_product(base_price=price, **more), stock=50, hs_code="62114290"
    )
    return _place(customer, [(variant, quantity)], address, tax_id)


def _place(customer, pieces, address, tax_id) -> Order:
    for variant, quantity in pieces:
        make_cart_line(customer=customer, variant=variant, quantity=quantity)
    body = {
        "shippingAddress": {**SHIPPING_ADDRESS, **(address or {})},
        "paymentMethod": "cod",
        **({"taxId": tax_id} if tax_id else {}),
    }
    placed = Client().as_user(customer).post("/api/orders", body, headers=key())
    assert placed.status_code == 201, placed.content
    order = Order.objects.get(pk=placed.json()["id"])
    move_to(order, "confirmed")
    return order


def ship(order: Order, pieces: dict[OrderLine, int] | None = None) -> Invoice:
    """Send a parcel of these pieces, or of all, and return its invoice."""
    lines = [
        ParcelPieces(line_id=one.pk, quantity=n)
        for one, n in (pieces or {}).items()
    ]
    parcel = fulfilments.create_parcel(
        Parcel(lines=lines or None, tracking=NO_TRACKING, ship=True),
        order_id=order.pk,
        actor=STAFF,
    )
    return Invoice.objects.get(fulfilment=parcel, kind="invoice")


def deliver(order: Order) -> None:
    for parcel in order.fulfilments.filter(status="shipped"):
        fulfilments.move_parcel(
            ParcelMove(status=ParcelStatus.DELIVERED),
            fulfilment_id=parcel.pk,
            actor=STAFF,
        )


def send_back(order: Order, line: OrderLine, quantity: int = 1) -> list[Invoice]:
    """Take pieces back with their money, and return the credit notes of that."""
    before = set(order.invoices.values_list("pk", flat=True))
    returns.take_back(
        GoodsReturn(
            lines=[
                ReturnedPieces(line_id=line.pk, quantity=quantity, restock=True)
            ],
            reason="Too small.",
            refund=True,
        ),
        order_id=order.pk,
        actor=STAFF,
    )
    return list(order.invoices.exclude(pk__in=before).order_by("serial"))


def serials(*made: Invoice) -> list[int | None]:
    return [invoice.serial for invoice in made]


def keep_files(made: dict[str, Invoice]) -> None:
    """Write the PDFs into the folder INVOICE_PICTURES, if there is one, to be looked at."""
    if folder := os.environ.get("INVOICE_PICTURES"):
        for name, invoice in made.items():
            kept = invoice_files.get_file(invoice_id=invoice.pk)
            Path(folder, f"{name}.pdf").write_bytes(bytes(kept.pdf))


def parts_of(invoice: Invoice) -> list[tuple[str, str]]:
    return [
        (p["name"], p["amount"]) for line in invoice.lines.all() for p in line.taxes
    ]


# --- What they charge ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("price", "state", "parts"),
    [
        ("2999.00", "Maharashtra", [("IGST", "457.47")]),
        ("2999.00", "Karnataka", [("CGST", "228.74"), ("SGST", "228.74")]),
        ("2499.00", "Karnataka", [("CGST", "59.50"), ("SGST", "59.50")]),
    ],
)
def test_the_worked_numbers_of_gst_stand_on_the_invoice(
    customer, karnataka, price, state, parts
):
    postal_code = {"Maharashtra": "400050", "Karnataka": "560001"}[state]
    order = sell(
        customer,
        price,
        tax_class=TaxClass.objects.get(code="apparel"),
        address={"state": state, "postalCode": postal_code},
    )
    invoice = ship(order)
    assert parts_of(invoice) == parts
    assert invoice.total == order.total == Decimal(price)
    assert re.fullmatch(r"INV\d{4}-\d{6}", str(invoice.number))
    row = invoice.lines.get()
    assert (row.hs_code, row.unit, row.quantity) == ("62114290", "PCS", 1)
    assert invoice.data["seller"]["state"] == "29-Karnataka"
    code = "27" if state == "Maharashtra" else "29"
    assert invoice.data["place_of_supply"] == f"{code}-{state}"
    keep_files({f"gst-{state}-{price}": invoice})
    assert_clean()


def test_two_parcels_have_two_invoices_and_shipping_on_the_first(
    customer, settings
):
    settings.SHIPPING_FEE = Decimal("49.00")
    order = sell(customer, "100.00", quantity=3)
    line = order.lines.get()
    first, second = ship(order, {line: 1}), ship(order)
    assert [row.of for row in first.lines.all()] == ["line", "shipping"]
    assert [row.of for row in second.lines.all()] == ["line"]
    assert first.total + second.total == order.total
    assert serials(first, second) == [1, 2]
    assert -sum_of("revenue") + -sum_of("shipping") == order.total
    assert_clean()


def sum_of(account: str) -> Decimal:
    found = ledger.balances()
    return sum((n for (name, _), n in found.items() if name == account), Decimal(0))


def test_the_ledger_books_each_parcels_part_when_it_leaves(customer, karnataka):
    order = sell(customer, "2999.00", quantity=2)
    line = order.lines.get()
    ship(order, {line: 1})
    assert sum_of("receivable") == Decimal("2999.00")
    assert sum_of("tax:IGST") == Decimal("-457.47")
    ship(order)
    assert sum_of("receivable") == order.total
    assert_clean()


# --- What they give back -------------------------------------------------------------------------
def test_pieces_that_come_back_one_by_one_give_back_what_was_charged(
    customer, settings
):
    settings.SHIPPING_FEE = Decimal(0)
    make_promotion(percent="10")
    order = sell(customer, "33.33", quantity=3)
    line = order.lines.get()
    ship(order)
    deliver(order)
    transitions.mark_cash_paid(order_id=order.pk, actor=STAFF)
    notes = [note for _ in range(3) for note in send_back(order, line)]
    assert sum(note.total for note in notes) == Decimal("89.99")
    assert [note.lines.get().quantity for note in notes] == [1, 1, 1]
    assert {note.original for note in notes} == {order.invoices.get(kind="invoice")}
    assert set(ledger.balances().values()) == {Decimal(0)}
    assert_clean()


def test_a_note_for_pieces_of_two_parcels_is_one_for_each_invoice(
    customer, karnataka
):
    order = sell(customer, "2999.00", quantity=2)
    line = order.lines.get()
    one, other = ship(order, {line: 1}), ship(order)
    deliver(order)
    transitions.mark_cash_paid(order_id=order.pk, actor=STAFF)
    notes = send_back(order, line, 2)
    assert [note.original for note in notes] == [one, other]
    keep_files({"gst-credit-note": notes[0]})
    assert parts_of(notes[0]) == parts_of(one)
    assert set(ledger.balances().values()) == {Decimal(0)}
    assert_clean()


def test_a_parcel_that_is_refused_or_lost_is_credited(customer, karnataka):
    for step in ("returned", "lost"):
        order = sell(customer, "2999.00", quantity=1)
        invoice = ship(order)
        parcel = order.fulfilments.get()
        for status in ("undelivered", step):
            fulfilments.move_parcel(
                ParcelMove(status=ParcelStatus(status)),
                fulfilment_id=parcel.pk,
                actor=STAFF,
            )
        note = order.invoices.get(kind="credit_note")
        assert (note.original, note.total) == (invoice, invoice.total)
        assert parts_of(note) == parts_of(invoice)
    assert set(ledger.balances().values()) == {Decimal(0)}
    assert_clean()


def test_money_given_back_lowers_the_price_of_what_was_invoiced(
    customer, karnataka
):
    order = sell(customer, "2999.00", quantity=1)
    ship(order)
    deliver(order)
    transitions.mark_cash_paid(order_id=order.pk, actor=STAFF)
    for amount, reason in (("100.00", "A stain."), (None, "And a hole.")):
        refunds.refund_order(
            order_id=order.pk,
            actor=STAFF,
            amount=Decimal(amount) if amount else None,
            reason=reason,
            idempotency_key=f"k-{amount}",
        )
    notes = list(order.invoices.filter(kind="credit_note").order_by("serial"))
    assert [note.total for note in notes] == [Decimal("100.00"), Decimal("2899.00")]
    assert [note.lines.get().quantity for note in notes] == [0, 0]
    assert [note.tax for note in notes] == [Decimal("15.25"), Decimal("442.22")]
    assert set(ledger.balances().values()) == {Decimal(0)}
    assert_clean()


def test_pieces_cancelled_before_they_left_are_never_invoiced(customer, karnataka):
    order = sell(customer, "99.99", quantity=3)
    line = order.lines.get()
    ship(order, {line: 1})
    transitions.cancel_pieces(
        PiecesCancellation(
            lines=[ParcelPieces(line_id=line.pk, quantity=1)], reason="x"
        ),
        order_id=order.pk,
        actor=STAFF,
    )
    ship(order)
    assert not order.invoices.filter(kind="credit_note").exists()
    order.refresh_from_db()
    assert (
        sum(one.total for one in order.invoices.all()) == order.total - order.waived
    )
    assert_clean()


def test_a_refund_that_fails_is_credited_once(customer, karnataka):
    order = sell(customer, "2999.00")
    ship(order)
    deliver(order)
    transitions.mark_cash_paid(order_id=order.pk, actor=STAFF)
    with transaction.atomic():
        locked = Order.objects.select_for_update().get(pk=order.pk)
        (refund,) = refunds.request_refund(
            locked, amount=Decimal("100.00"), reason="x", actor=STAFF
        )
    refunds.settle_refund(refund_id=refund.pk, actor=STAFF, succeeded=False)
    refunds.refund_order(
        order_id=order.pk,
        actor=STAFF,
        amount=Decimal("100.00"),
        reason="again",
        idempotency_key="2",
    )
    assert order.invoices.filter(kind="credit_note").count() == 1
    assert sum_of("receivable") == 0
    assert_clean()


# --- When the order is paid ----------------------------------------------------------------------
def test_invoiced_when_it_is_paid_and_not_again_when_it_leaves(
    customer, karnataka, settings
):
    settings.INVOICE_AT = "paid"
    order = sell(customer, "2999.00", quantity=2)
    line = order.lines.get()
    transitions.mark_cash_paid(order_id=order.pk, actor=STAFF)
    invoice = order.invoices.get()
    assert (invoice.kind, invoice.total, invoice.fulfilment) == (
        "invoice",
        order.total,
        None,
    )
    fulfilments.create_parcel(
        Parcel(
            lines=[ParcelPieces(line_id=line.pk, quantity=1)],
            tracking=NO_TRACKING,
            ship=True,
        ),
        order_id=order.pk,
        actor=STAFF,
    )
    transitions.cancel_pieces(
        PiecesCancellation(lines=None, reason="None left."),
        order_id=order.pk,
        actor=STAFF,
    )
    note = order.invoices.get(kind="credit_note")
    assert (note.original, note.total) == (invoice, Decimal("2999.00"))
    assert note.lines.get().quantity == 1
    assert_clean()


def test_an_order_that_is_paid_and_cancelled_is_credited_as_a_whole(
    customer, karnataka, settings
):
    settings.INVOICE_AT, settings.SHIPPING_FEE = "paid", Decimal("49.00")
    order = sell(customer, "99.00", quantity=2)
    transitions.mark_cash_paid(order_id=order.pk, actor=STAFF)
    invoice = order.invoices.get()
    transitions.move_order(
        Move(status=OrderStatus.CANCELLED), order_id=order.pk, actor=STAFF
    )
    note = order.invoices.get(kind="credit_note")
    assert (note.original, note.total) == (invoice, order.total)
    assert [(row.of, row.quantity) for row in note.lines.all()] == [
        ("line", 2),
        ("shipping", 0),
    ]
    refunds.settle_refund(
        refund_id=order.refunds.get().pk, actor=STAFF, succeeded=True
    )
    assert set(ledger.balances().values()) == {Decimal(0)}
    assert_clean()


def test_money_ahead_has_a_receipt_voucher_and_its_return_a_refund_voucher(
    customer, karnataka
):
    order = sell(customer, "2999.00", quantity=2)
    transitions.mark_cash_paid(order_id=order.pk, actor=STAFF)
    receipt = order.invoices.get()
    assert (receipt.kind, receipt.total) == ("receipt_voucher", order.total)
    assert str(receipt.number).startswith("RCV")
    ship(order, {order.lines.get(): 1})
    transitions.cancel_pieces(
        PiecesCancellation(lines=None, reason="None left."),
        order_id=order.pk,
        actor=STAFF,
    )
    voucher = order.invoices.get(kind="refund_voucher")
    assert (voucher.original, voucher.total) == (receipt, Decimal("2999.00"))
    assert voucher.tax == Decimal("457.48")  # half of 914.95
    assert not order.invoices.filter(kind="credit_note").exists()
    assert_clean()


# --- Tax at supply -------------------------------------------------------------------------------
def test_paid_before_and_sent_after_a_change_of_rates_is_taxed_as_of_supply(
    customer, karnataka
):
    apparel = TaxClass.objects.get(code="apparel")
    order = sell(customer, "2999.00", quantity=2, tax_class=apparel)
    transitions.mark_cash_paid(order_id=order.pk, actor=STAFF)
    line = order.lines.get()
    before = ship(order, {line: 1})
    TaxPart.objects.filter(
        rate__in=TaxRate.objects.filter(tax_class=apparel, up_to=None), name="IGST"
    ).update(percent=Decimal(28))
    after = ship(order)
    assert parts_of(before) == [("IGST", "457.47")]
    assert parts_of(after) == [("IGST", "656.03")]  # 2999 * 28 / 128
    assert after.total == before.total == Decimal("2999.00")
    deliver(order)
    notes = send_back(order, line, 2)  # what is invoiced keeps its tax
    assert [parts_of(note) for note in notes] == [parts_of(before), parts_of(after)]
    assert_clean()


# --- Numbers -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("day", "first_month", "year"),
    [
        (date(2026, 3, 31), 4, "2526"),
        (date(2026, 4, 1), 4, "2627"),
        (date(2099, 12, 1), 4, "9900"),
        (date(2026, 1, 1), 1, "2026"),
        (date(2026, 6, 30), 7, "2526"),
    ],
)
def test_a_financial_year_begins_in_its_month(day, first_month, year):
    assert financial_year(day, first_month) == year


def test_what_fails_leaves_no_gap(customer):
    order = sell(customer, "10.00", quantity=3)
    line = order.lines.get()
    first = ship(order, {line: 1})
    with pytest.raises(
        OutOfStock
    ):  # the very last step, after the number was given
        _fail_at_last(order, line)
    assert serials(first, ship(order, {line: 1})) == [1, 2]
    assert_clean()


def _fail_at_last(order: Order, line: OrderLine) -> None:
    @transactions.durable
    def send_and_fail() -> None:
        locked = lifecycle.lock_order(order.pk)
        pieces = [ParcelPieces(line_id=line.pk, quantity=1)]
        parcel = fulfilments.pack_parcel(
            locked, pieces, tracking=NO_TRACKING, actor=STAFF
        )
        fulfilments.send_parcel(locked, parcel, actor=STAFF)
        invoices.number_invoices()
        raise OutOfStock

    send_and_fail()


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE orders_invoice SET total = total",
        "UPDATE orders_invoice SET number = NULL, serial = NULL",
        "UPDATE orders_invoice SET anonymised_at = now(), total = total + 1",
        "DELETE FROM orders_invoice",
        "UPDATE orders_invoiceline SET name = 'x'",
        "UPDATE orders_invoicefile SET pdf = ''",
        "DELETE FROM orders_invoicefile",
    ],
)
def test_nobody_changes_an_invoice(customer, sql):
    invoice_files.get_file(invoice_id=ship(sell(customer, "10.00")).pk)
    with (
        pytest.raises(IntegrityError, match="only grows"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)


# --- Files ---------------------------------------------------------------------------------------
def test_the_pdf_is_rendered_once_and_kept_as_it_is(customer, karnataka, settings):
    invoice = ship(sell(customer, "2999.00"))
    kept = invoice_files.get_file(invoice_id=invoice.pk)
    assert bytes(kept.pdf).startswith(b"%PDF-")
    assert hashlib.sha256(kept.pdf).hexdigest() == kept.sha256
    settings.SHOP_NAME = "Another name"
    again = invoice_files.get_file(invoice_id=invoice.pk)
    assert bytes(again.pdf) == bytes(kept.pdf)
    assert InvoiceFile.objects.count() == 1


@pytest.mark.asvs("5.4.1")
def test_its_customer_and_staff_get_it_and_nobody_else(api, customer):
    order = make_order(customer=customer)
    mine, desk = (
        api.as_user(customer),
        api.as_user(make_user(role="staff", groups=("orders",))),
    )
    for client, path in ((mine, "orders"), (desk, "staff/orders")):
        base = f"/api/{path}/{order.pk}"
        assert client.get(f"{base}/invoices").json() == {"invoices": []}
        assert client.get(f"{base}/invoice").status_code == 404
    move_to(order, "shipped")
    made = order.invoices.get()
    for client, path in ((mine, "orders"), (desk, "staff/orders")):
        base = f"/api/{path}/{order.pk}"
        [shown] = client.get(f"{base}/invoices").json()["invoices"]
        assert (shown["number"], shown["total"]) == (made.number, str(order.total))
        one, other = (
            client.get(f"{base}/{page}")
            for page in (f"invoices/{made.pk}", "invoice")
        )
        assert one.headers["Content-Type"] == "application/pdf"
        name = f'inline; filename="{made.number}.pdf"'
        assert one.headers["Content-Disposition"] == name
        assert one.content == other.content
        assert one.content.startswith(b"%PDF-")
    stranger = api.as_user(make_user())
    for page in ("invoices", f"invoices/{made.pk}", "invoice"):
        assert stranger.get(f"/api/orders/{order.pk}/{page}").status_code == 404
    foreign = make_order(customer=customer, status="shipped").invoices.get()
    assert (
        mine.get(f"/api/orders/{order.pk}/invoices/{foreign.pk}").status_code == 404
    )


def test_it_goes_by_mail_where_the_shop_wants_that(customer, settings, mailoutbox):
    invoice = ship(sell(customer, "2999.00"))
    ids = {"order_id": invoice.order_id, "invoice_id": invoice.pk}
    assert mails.mail_invoice(**ids) is None
    settings.INVOICE_BY_MAIL = True
    mails.mail_invoice(**ids)
    [mail] = mailoutbox
    assert str(invoice.number) in mail.subject
    [(name, content, media_type)] = mail.attachments
    assert (name, media_type) == (f"{invoice.number}.pdf", "application/pdf")
    assert content == bytes(InvoiceFile.objects.get().pdf)


def test_an_erased_person_stays_on_invoices_until_their_time_is_over(
    customer, settings
):
    invoice = ship(sell(customer, "2999.00"))
    invoice_files.get_file(invoice_id=invoice.pk)
    with transaction.atomic():
        privacy.erase_customer(user=customer)
    year = invoice.issued_on.year + (
        invoice.issued_on.month >= 4
    )  # it ends in March
    settings.FINANCIAL_YEAR_STARTS = 4
    kept_until = datetime(year + 6, 4, 1, tzinfo=UTC)
    assert invoice_files.anonymise_old(kept_until - timedelta(days=2)) == 0
    assert invoice_files.anonymise_old(kept_until + timedelta(days=2)) == 1
    invoice.refresh_from_db()
    assert invoice.data["buyer"]["name"] == "—"
    assert "Asha" not in str(invoice.data)
    assert not InvoiceFile.objects.exists()
    assert invoice.total == Decimal("2999.00")
    assert_clean()


WRITTEN = {
    "hi": ("आशा क्षत्रिय", "रेशमी साड़ी, हाथ से बुनी हुई", "१२ लिंकिंग रोड"),
    "ta": ("செல்வி மீனாட்சி", "கைத்தறி புடவை", "12 அண்ணா சாலை"),
    "bn": ("শ্রীমতী চৌধুরী", "জামদানি শাড়ি", "12 পার্ক স্ট্রিট"),
    "ar": ("فاطمة الزهراء", "ثوب قطني مطرز", "شارع الملك فهد 12"),
}


@pytest.mark.parametrize("language", WRITTEN)
def test_letters_are_shaped_by_fonts_that_come_along(customer, language, caplog):
    name, product, street = WRITTEN[language]
    order = sell(customer, "2999.00", name=product)
    Order.objects.filter(pk=order.pk).update(
        recipient=name, street=street, language=language
    )
    invoice = ship(order)
    pdf = bytes(invoice_files.get_file(invoice_id=invoice.pk).pdf)
    assert "missing" not in caplog.text
    assert SCRIPT_FONTS[language] in pdf
    keep_files({language: invoice})


SCRIPT_FONTS = {
    "hi": b"NotoSansDevanagari",
    "ta": b"NotoSansTamil",
    "bn": b"NotoSansBengali",
    "ar": b"NotoSansArabic",
}


def test_a_business_buyer_and_an_export_have_the_words_of_the_rules(
    customer, karnataka, settings
):
    settings.SHOP_COUNTRIES = ["IN", "DE"]
    business = sell(
        customer, "2999.00", quantity=2, tax_class=TaxClass.objects.get(code="apparel"),
        tax_id="27AAPFU0939F1ZV",
    )  # fmt: skip
    made = ship(business)
    assert made.buyer_tax_id == made.data["buyer"]["tax_id"] == "27AAPFU0939F1ZV"
    assert made.data["place_of_supply"] == "27-Maharashtra"
    abroad = {
        "street": "Torstraße 1", "city": "Berlin", "state": "", "postalCode": "10119",
        "country": "DE", "phone": "+493012345678",
    }  # fmt: skip
    export = ship(sell(customer, "2999.00", address=abroad))
    assert (export.zero_rated, export.tax) == ("export", Decimal(0))
    assert export.data["words"] == [EXPORT_WORDS]
    assert export.data["place_of_supply"] == "Germany"
    keep_files({"business": made, "export": export})


def test_a_confirmed_business_in_another_member_state_owes_the_tax_itself(
    customer, settings
):
    settings.SHOP_CURRENCY = "EUR"
    settings.SHOP_TAX_ID = "DE136695976"
    settings.SHOP_ADDRESS = "Torstraße 1\n10119 Berlin"
    settings.SHOP_COUNTRIES = ["DE", "FR"]
    use_tax_preset("eu", country="DE")
    ConfirmedTaxId.objects.create(tax_id="FR40303265045", note="VIES: valid")
    paris = {
        "recipient": "Boutique Élan SARL", "street": "12 rue de Rivoli", "city": "Paris",
        "state": "", "postalCode": "75001", "country": "FR", "phone": "+33142601234",
    }  # fmt: skip
    order = sell(customer, "119.00", address=paris, tax_id="FR40303265045")
    made = ship(order)
    assert (made.zero_rated, made.tax) == ("intra_community", Decimal(0))
    assert made.data["buyer"]["tax_id"] == "FR40303265045"
    assert made.data["seller"]["tax_id"] == "DE136695976"
    assert made.data["words"] == [INTRA_COMMUNITY_WORDS]
    deliver(order)
    transitions.mark_cash_paid(order_id=order.pk, actor=STAFF)
    [note] = send_back(order, order.lines.get())
    assert (note.original, note.tax, note.total) == (made, Decimal(0), order.total)
    keep_files({"eu-business": made, "eu-credit-note": note})


def test_a_seller_whose_state_is_not_known_prints_none():
    nowhere = TaxSettings(country="IN", state_code="")
    assert document.describe_seller(nowhere).state == ""
    assert document.describe_seller(None).state == ""
