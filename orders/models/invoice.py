"""Invoices, credit notes and vouchers: numbered without gaps, frozen once they are written."""

from typing import Final

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from markrin.db import constraints
from markrin.db.models import QuerySet, uuid7
from orders.models import triggers
from orders.models.order_status import ZeroRating
from orders.models.tax import TaxedThing

# Source: CGST Rules 2017, rule 46(b).
MAX_NUMBER_LENGTH: Final = 16


class InvoiceKind(models.TextChoices):
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note", "credit note"
    RECEIPT_VOUCHER = "receipt_voucher", "receipt voucher"
    REFUND_VOUCHER = "refund_voucher", "refund voucher"


class InvoiceSeries(models.Model):
    """The last number of a series, such as `INV2627`: its row is locked while a number is given,
    and a transaction that fails gives its number back.
    """

    prefix = models.CharField(max_length=12, primary_key=True)
    last = models.PositiveIntegerField()

    class Meta:
        verbose_name_plural = "invoice series"
        constraints = [
            *constraints.check_text("invoice_series", "prefix"),
            models.CheckConstraint(
                condition=Q(last__gte=1), name="invoice_series_last"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}-{self.last:06d}"


class Invoice(models.Model):
    """An invoice, a credit note, or a voucher for money ahead of the goods.

    `cause` is what it was written for, once: `parcel:<id>`, `payment:<id>`. `data` is what stands
    on it (orders/invoicing/document.py), without the lines, which are rows. Amounts are in
    `currency`; `total` is with tax. Only erasing a person whose invoices have been kept long
    enough changes it (`anonymised_at`).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=15, choices=InvoiceKind)
    series = models.CharField(max_length=12)
    serial = models.PositiveIntegerField(null=True)
    number = models.CharField(max_length=MAX_NUMBER_LENGTH, null=True, unique=True)
    issued_at = models.DateTimeField(db_default=Now())
    issued_on = models.DateField(help_text="a day of the shop's calendar")
    order = models.ForeignKey(
        "orders.Order", models.PROTECT, related_name="invoices"
    )
    fulfilment = models.ForeignKey(
        "orders.Fulfilment",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="invoices",
    )
    original = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="notes",
        help_text="the invoice that a credit note corrects, or a refund's receipt voucher",
    )
    cause = models.CharField(max_length=160, unique=True)
    reason = models.CharField(max_length=200, blank=True, default="")
    language = models.CharField(max_length=8, blank=True, default="")
    currency = models.CharField(max_length=3)
    taxable = models.DecimalField(max_digits=14, decimal_places=3)
    tax = models.DecimalField(max_digits=14, decimal_places=3)
    total = models.DecimalField(max_digits=14, decimal_places=3)
    buyer_tax_id = models.CharField(max_length=20, blank=True, default="")
    supply_country = models.CharField(max_length=2, blank=True, default="")
    supply_state = models.CharField(max_length=6, blank=True, default="")
    zero_rated = models.CharField(
        max_length=15, choices=ZeroRating, blank=True, default=""
    )
    data = models.JSONField()
    anonymised_at = models.DateTimeField(null=True, blank=True, editable=False)
    objects = QuerySet["Invoice"].as_manager()

    class Meta:
        ordering = ["-issued_at", "-id"]
        indexes = [
            models.Index(fields=["-issued_at", "-id"], name="invoice_newest"),
            models.Index(fields=["issued_on", "kind"], name="invoice_of_a_day"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["series", "serial"], name="invoice_serial_once_per_series"
            ),
            constraints.check_choice("invoice", "kind", InvoiceKind),
            constraints.check_choice("invoice", "zero_rated", ZeroRating),
            *constraints.check_text("invoice", "series", "cause"),
            *constraints.check_text("invoice", "reason", blank=True),
            constraints.check_pattern(
                "invoice",
                "currency",
                "[A-Z]{3}",
                "currency must be an ISO 4217 code.",
            ),
            *constraints.check_not_negative("invoice", "tax", "total"),
            models.CheckConstraint(
                condition=Q(total=models.F("taxable") + models.F("tax")),
                name="invoice_total_adds_up",
                violation_error_message="The total is the taxable value and the tax.",
            ),
            models.CheckConstraint(
                condition=Q(number=None, serial=None)
                | Q(number__isnull=False, serial__isnull=False, serial__gte=1),
                name="invoice_number_with_serial",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["credit_note", "refund_voucher"])
                & Q(original__isnull=False)
                | Q(kind__in=["invoice", "receipt_voucher"], original=None),
                name="invoice_notes_name_their_original",
            ),
            triggers.INVOICE_HAS_NUMBER,
            triggers.INVOICE_EQUALS_LINES,
            triggers.INVOICES_ONLY_GROW,
        ]

    def __str__(self) -> str:
        return self.number or f"{self.kind} without a number"


class InvoiceLine(models.Model):
    """What an invoice charges, or a credit note gives back. `charged` is with tax; `taxes` are its
    parts: `[{"name": "CGST", "percent": "2.5", "amount": "59.50"}]`.

    `quantity` is 0 for shipping, fees, and where only the price is lowered.
    """

    id = models.BigAutoField(primary_key=True)
    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="lines")
    position = models.PositiveSmallIntegerField()
    of = models.CharField(max_length=8, choices=TaxedThing)
    line = models.ForeignKey(
        "orders.OrderLine", models.PROTECT, null=True, related_name="invoiced"
    )
    original = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="credited"
    )
    name = models.CharField(max_length=200)
    hs_code = models.CharField(max_length=10, blank=True, default="")
    unit = models.CharField(
        max_length=8, help_text="a UQC of the GST portal: PCS, PRS"
    )
    quantity = models.PositiveIntegerField()
    percent = models.DecimalField(
        max_digits=7, decimal_places=4, help_text="all parts together"
    )
    charged = models.DecimalField(max_digits=14, decimal_places=3)
    tax = models.DecimalField(max_digits=14, decimal_places=3)
    taxes = models.JSONField(default=list)

    class Meta:
        ordering = ["invoice", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["invoice", "position"], name="invoice_line_one_per_position"
            ),
            constraints.check_choice("invoice_line", "of", TaxedThing),
            models.CheckConstraint(
                condition=Q(of="line", line__isnull=False)
                | Q(of__in=["shipping", "fees"], line=None),
                name="invoice_line_of_a_line_or_not",
            ),
            constraints.check_range("invoice_line", "percent", 0, 100),
            *constraints.check_not_negative("invoice_line", "charged", "tax"),
            triggers.INVOICE_LINES_ONLY_GROW,
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.name}"


class InvoiceFile(models.Model):
    """An invoice's PDF, rendered once and kept as it is."""

    invoice = models.OneToOneField(
        Invoice, models.PROTECT, primary_key=True, related_name="file"
    )
    pdf = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    rendered_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            constraints.check_pattern(
                "invoice_file",
                "sha256",
                "[0-9a-f]{64}",
                "sha256 is 64 hexadecimal digits.",
            ),
            triggers.INVOICE_FILES_STAY,
        ]

    def __str__(self) -> str:
        return self.sha256
