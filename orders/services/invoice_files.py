"""An invoice's PDF: rendered once, kept with its hash, and given out as it is ever after."""

import hashlib
from uuid import UUID

from markrin.api.errors import NotFound
from markrin.db import transactions
from orders.invoicing.pdf import render
from orders.models import Invoice, InvoiceFile


def get_file(*, invoice_id: UUID) -> InvoiceFile:
    """Return the invoice's PDF; where the job has not rendered it yet, it is rendered now.

    Locks: the invoice, while it is rendered. Raises: NotFound, also where its time is over and
    the person is erased.
    """
    found = InvoiceFile.objects.filter(invoice=invoice_id).first()
    return found or _render_once(invoice_id)


@transactions.durable
def _render_once(invoice_id: UUID) -> InvoiceFile:
    invoice = Invoice.objects.locked().filter(pk=invoice_id, anonymised_at=None).first()
    if invoice is None:
        raise NotFound
    # Another may have rendered it while this one waited.
    if found := InvoiceFile.objects.filter(invoice=invoice).first():
        return found
    pdf = render(invoice)
    return InvoiceFile.objects.create(
        invoice=invoice, pdf=pdf, sha256=hashlib.sha256(pdf).hexdigest()
    )
