"""An invoice's PDF: rendered once, kept with its hash, and given out as it is ever after."""

import hashlib
from datetime import date, datetime
from typing import Final
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from markrin.api.errors import NotFound
from markrin.db import transactions
from orders.models import Invoice, InvoiceFile

BATCH: Final = 500

ERASED: Final = "—"


@transactions.durable
def anonymise_old(now: datetime) -> int:
    """Erase from invoices whose time is over the persons that were erased from their orders;
    return how many. Amounts and goods stay. Locks: the invoices, in order of their ids.

    INVOICE_KEEP_MONTHS count from the end of the invoice's financial year.
    """
    day = timezone.localtime(now).date()
    months = day.year * 12 + day.month - 1 - settings.INVOICE_KEEP_MONTHS
    first = settings.FINANCIAL_YEAR_STARTS - 1
    # the first day of the financial year that the earliest month to be kept lies in
    year = (months - first) // 12
    before = date(year, first + 1, 1)
    old = Invoice.objects.filter(
        issued_on__lt=before,
        anonymised_at=None,
        order__email="",
        order__recipient="",
    )
    rows = list(old.order_by("pk").select_for_update(of=("self",))[:BATCH])
    for invoice in rows:
        buyer = invoice.data["buyer"] | {
            "name": ERASED,
            "address": [],
            "phone": "",
            "tax_id": "",
        }
        Invoice.objects.filter(pk=invoice.pk).update(
            data={**invoice.data, "buyer": buyer},
            buyer_tax_id="",
            anonymised_at=now,
        )
    InvoiceFile.objects.filter(
        invoice__in=[invoice.pk for invoice in rows]
    ).delete()
    return len(rows)


def get_file(*, invoice_id: UUID) -> InvoiceFile:
    """Return the invoice's PDF; where the job has not rendered it yet, it is rendered now.

    Locks: the invoice, while it is rendered. Raises: NotFound, also where its time is over and
    the person is erased.
    """
    found = InvoiceFile.objects.filter(invoice=invoice_id).first()
    return found or _render_once(invoice_id)


@transactions.durable
def _render_once(invoice_id: UUID) -> InvoiceFile:
    invoice = (
        Invoice.objects.locked().filter(pk=invoice_id, anonymised_at=None).first()
    )
    if invoice is None:
        raise NotFound
    # Another may have rendered it while this one waited.
    if found := InvoiceFile.objects.filter(invoice=invoice).first():
        return found
    # A third of a second to import, which most processes never need.
    from orders.invoicing.pdf import render

    pdf = render(invoice)
    return InvoiceFile.objects.create(
        invoice=invoice, pdf=pdf, sha256=hashlib.sha256(pdf).hexdigest()
    )
