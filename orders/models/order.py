"""Orders: a snapshot of what was bought, at what price, for where; and every step they took."""

from decimal import Decimal
from typing import Any, Final

from django.apps import apps
from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Prefetch, Q
from django.db.models.functions import Upper

from accounts.models import AddressFields, User
from markrin.db import constraints
from markrin.db.declared import SqlSequence, StorageParameters
from markrin.db.models import Model, QuerySet
from markrin.db.triggers import allow_steps
from orders.models import missing_pieces, triggers
from orders.models.gift_card import PROVIDER_NAME
from orders.models.order_status import (
    NEXT_PAYMENT_STATUS,
    NEXT_STATUS,
    PARTIALLY_PAID,
    OrderStatus,
    PaymentMethod,
    PaymentStatus,
    ZeroRating,
)
from orders.models.paperwork import tags_field
from orders.models.payment import Payment

# Cash on delivery that nobody has paid yet.
OPEN_CASH: Final = Q(
    payment_method="cod",
    payment_status__in=["unpaid", "failed"],
    closed_at=None,
)
_WITHOUT_TAX: Final = F("subtotal") - F("discount") + F("shipping") + F("cod_fee")


class OrderQuerySet(QuerySet["Order"]):
    def for_customer(self, customer: User | None) -> "OrderQuerySet":
        """Return the customer's; nobody's are none, and not those of guests."""
        return self.filter(user=customer) if customer else self.none()

    def with_lines(self) -> "OrderQuerySet":
        """Load what the order's serializer shows, in a fixed number of queries."""
        # by name: the lines' own module imports this one
        lines = apps.get_model("orders", "OrderLine")._default_manager
        return self.prefetch_related(
            Prefetch(
                "lines",
                lines.annotate(
                    slug=F("product__slug"),
                    on_back_order=missing_pieces.count_missing(),
                ),
            ),
            "taxes",
            "discounts",
            "events__by",
            "fulfilments__lines",
            "returns__lines",
            "return_requests__lines",
            "exchange_of",
            Prefetch(
                "payments",
                Payment.objects.filter(provider=PROVIDER_NAME)
                .select_related("gift_card")
                .order_by("id"),
                to_attr="card_payments",
            ),
        )


class Order(AddressFields, Model):
    """What somebody bought. Amounts are in `currency`; the address and the lines are snapshots.

    An unpaid online order is a reservation until `expires_at`. `email` is a guest's
    address, or the customer's at the time of ordering; with the rest of the person's data
    it is emptied when the customer is erased."""

    number = models.CharField(
        max_length=20, unique=True, help_text="for people: MK-2026-000123"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="orders",
    )
    email = models.CharField(max_length=254, blank=True, default="")
    guest_token_hash = models.BinaryField(
        max_length=32, null=True, blank=True, editable=False
    )
    language = models.CharField(max_length=8, blank=True, default="")
    status = models.CharField(
        max_length=17, choices=OrderStatus, default=OrderStatus.PENDING
    )
    payment_status = models.CharField(
        max_length=8, choices=PaymentStatus, default=PaymentStatus.UNPAID
    )
    payment_method = models.CharField(max_length=6, choices=PaymentMethod)
    currency = models.CharField(max_length=3)
    subtotal = models.DecimalField(max_digits=12, decimal_places=2)
    discount = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    shipping = models.DecimalField(max_digits=12, decimal_places=2)
    cod_fee = models.DecimalField(
        "fee for cash on delivery", max_digits=12, decimal_places=2, db_default=0
    )
    tax = models.DecimalField(max_digits=12, decimal_places=2)
    tax_included = models.BooleanField(
        help_text="whether subtotal and shipping already contain the tax"
    )
    tax_id = models.CharField(
        max_length=20, blank=True, default="", help_text="a business buyer's"
    )
    supply_country = models.CharField(
        max_length=2, blank=True, default="", help_text="the place of supply"
    )
    supply_state = models.CharField(max_length=6, blank=True, default="")
    zero_rated = models.CharField(
        max_length=15,
        choices=ZeroRating,
        blank=True,
        default="",
        help_text="why no tax was charged",
    )
    total = models.DecimalField(max_digits=12, decimal_places=2)
    refunded = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    waived = models.DecimalField(
        max_digits=12,
        decimal_places=2,
        default=0,
        help_text="not owed any more: pieces that were cancelled or came back unpaid",
    )
    gift_card_amount = models.DecimalField(
        max_digits=12,
        decimal_places=2,
        default=0,
        db_default=0,
        help_text="what gift cards and store credit paid of it",
    )
    part_paid = models.DecimalField(
        max_digits=12,
        decimal_places=2,
        default=0,
        db_default=0,
        help_text="what cash, a provider or an exchange had paid before the rest was owed",
    )
    sells_gift_cards = models.BooleanField(default=False, db_default=False)
    coupon_code = models.CharField(max_length=32, blank=True, default="")
    # How it is sent, and what was promised: a snapshot.
    shipping_method = models.ForeignKey(
        "orders.ShippingMethod",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="none: by the settings, or a method that is gone",
    )
    shipping_name = models.CharField(max_length=80, blank=True, db_default="")
    delivers_from = models.DateField(null=True, blank=True)
    delivers_until = models.DateField(null=True, blank=True)
    attention = models.CharField(
        max_length=200,
        blank=True,
        default="",
        help_text="why a person should look at it; emptied by staff",
    )
    tags = tags_field()
    expires_at = models.DateTimeField(
        null=True, blank=True, help_text="when it is cancelled unless it is paid"
    )
    paid_at = models.DateTimeField(null=True, blank=True)
    shipped_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(
        null=True, blank=True, help_text="when it was cancelled or returned"
    )
    objects = OrderQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(
                fields=["user", "-created_at", "-id"], name="order_of_user_newest"
            ),
            models.Index(fields=["-created_at", "-id"], name="order_newest"),
            models.Index(
                fields=["status", "-created_at", "-id"], name="order_by_status"
            ),
            models.Index(fields=["updated_at"], name="order_by_change"),
            models.Index(
                fields=["email"], name="order_of_guest", condition=Q(user=None)
            ),
            # What staff search by: a number, an address, a telephone, part of a name.
            models.Index(fields=["email"], name="order_by_email"),
            models.Index(fields=["phone"], name="order_by_phone"),
            GinIndex(
                OpClass(Upper("recipient"), name="gin_trgm_ops"),
                name="order_by_recipient",
            ),
            models.Index(Upper("city"), name="order_by_city"),
            GinIndex(fields=["tags"], name="order_by_tag"),
            models.Index(fields=["postal_code"], name="order_by_postal_code"),
            models.Index(
                fields=["-created_at", "-id"],
                name="order_needing_attention",
                condition=~Q(attention=""),
            ),
            models.Index(  # the packing queue, the oldest first
                fields=["created_at", "id"],
                name="order_to_pack",
                condition=Q(
                    status__in=["confirmed", "processing", "partially_shipped"]
                ),
            ),
            models.Index(  # what waits for staff, and not for a payment
                fields=["created_at", "id"],
                name="order_to_confirm",
                condition=Q(status="pending")
                & (
                    Q(payment_method="cod")
                    | Q(payment_status__in=["paid", "refunded"])
                ),
            ),
            models.Index(
                fields=["closed_at"],
                name="order_cancelled_but_paid",
                condition=Q(status="cancelled", payment_status="paid"),
            ),
            models.Index(  # cash that may still be owed, by where it goes
                fields=["postal_code"],
                name="order_open_cash",
                condition=OPEN_CASH,
            ),
            models.Index(
                fields=["expires_at"],
                name="order_to_expire",
                condition=Q(
                    status="pending", payment_status__in=["unpaid", "failed"]
                ),
            ),
        ]
        constraints = [
            *AddressFields.rules("order", erasable=True),
            constraints.check_pattern(
                "order",
                "number",
                "[A-Z0-9-]{1,20}",
                "number takes upper-case letters, digits and hyphens.",
            ),
            constraints.check_choice("order", "status", OrderStatus),
            constraints.check_choice("order", "payment_status", PaymentStatus),
            constraints.check_choice("order", "payment_method", PaymentMethod),
            constraints.check_choice("order", "zero_rated", ZeroRating),
            constraints.check_pattern(
                "order",
                "tax_id",
                "[A-Z0-9]{0,20}",
                "taxId takes up to 20 upper-case letters and digits.",
            ),
            models.CheckConstraint(
                condition=Q(zero_rated="") | Q(tax=0),
                name="order_zero_rated_has_no_tax",
            ),
            constraints.check_pattern(
                "order",
                "currency",
                "[A-Z]{3}",
                "currency must be an ISO 4217 code.",
            ),
            *constraints.check_not_negative(
                "order",
                "subtotal",
                "discount",
                "shipping",
                "cod_fee",
                "tax",
                "total",
                "refunded",
                "waived",
                "gift_card_amount",
                "part_paid",
            ),
            *constraints.check_text(
                "order",
                "coupon_code",
                "shipping_name",
                "attention",
                blank=True,
            ),
            models.CheckConstraint(
                condition=Q(cod_fee=0) | Q(payment_method="cod"),
                name="order_cod_fee_of_cash",
                violation_error_message="Only cash on delivery has its fee.",
            ),
            models.CheckConstraint(
                condition=Q(delivers_from=None, delivers_until=None)
                | Q(
                    delivers_from__isnull=False,
                    delivers_until__isnull=False,
                    delivers_until__gte=F("delivers_from"),
                ),
                name="order_delivery_dates_in_order",
                violation_error_message="The last day is not before the first.",
            ),
            models.CheckConstraint(
                condition=Q(discount__lte=F("subtotal")),
                name="order_discount_within_subtotal",
                violation_error_message="The discount cannot exceed the subtotal.",
            ),
            models.CheckConstraint(
                condition=Q(tax_included=True, total=_WITHOUT_TAX)
                | Q(tax_included=False, total=_WITHOUT_TAX + F("tax")),
                name="order_total_adds_up",
                violation_error_message=(
                    "The total must be subtotal - discount + shipping + fees, plus tax"
                    " unless included."
                ),
            ),
            models.CheckConstraint(
                condition=Q(refunded__lte=F("total") - F("waived")),
                name="order_refunded_within_total",
                violation_error_message="No more can be refunded than was paid.",
            ),
            models.CheckConstraint(
                # Before the rest is paid, only what is paid in part can go back.
                condition=Q(
                    paid_at=None,
                    payment_status__in=["unpaid", "failed"],
                    refunded__lte=F("gift_card_amount") + F("part_paid"),
                )
                | Q(paid_at__isnull=False, payment_status__in=["paid", "refunded"]),
                name="order_paid_at_fits_payment_status",
            ),
            models.CheckConstraint(
                condition=Q(
                    gift_card_amount__lte=F("total") - F("waived") - F("part_paid")
                ),
                name="order_part_payments_within_total",
            ),
            models.CheckConstraint(
                condition=Q(
                    shipped_at=None,
                    status__in=["pending", "confirmed", "processing", "cancelled"],
                )
                | Q(
                    shipped_at__isnull=False,
                    status__in=[
                        "partially_shipped",
                        "shipped",
                        "undelivered",
                        "delivered",
                        "returned",
                    ],
                ),
                name="order_shipped_at_fits_status",
            ),
            models.CheckConstraint(
                # What was refused at the door came back without ever having arrived.
                condition=Q(delivered_at=None) & ~Q(status="delivered")
                | Q(
                    delivered_at__isnull=False, status__in=["delivered", "returned"]
                ),
                name="order_delivered_at_fits_status",
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None)
                & ~Q(status__in=["cancelled", "returned"])
                | Q(closed_at__isnull=False, status__in=["cancelled", "returned"]),
                name="order_closed_at_fits_status",
            ),
            models.CheckConstraint(
                condition=~Q(status="delivered")
                | Q(payment_status__in=["paid", "refunded"])
                | Q(payment_method="cod"),
                name="order_delivered_online_is_paid",
            ),
            StorageParameters(name="orders_order_storage", fillfactor=80),
            SqlSequence(name="orders_order_number"),
            allow_steps(
                name="orders_order_status_transition",
                column="status",
                steps=NEXT_STATUS,
                constraint="order_status_transition",
                noun="an order",
            ),
            allow_steps(
                name="orders_order_payment_transition",
                column="payment_status",
                steps=NEXT_PAYMENT_STATUS,
                constraint="order_payment_transition",
                noun="a payment",
            ),
            triggers.ORDER_EQUALS_LINES,
            triggers.ORDER_EQUALS_TAXES,
            triggers.ORDER_EQUALS_DISCOUNTS,
        ]

    def sum_taxes(self) -> list[dict[str, Any]]:
        """Return what was charged of each tax by name and percentage, from `taxes`."""
        sums: dict[tuple[str, Any], dict[str, Any]] = {}
        for part in self.list_related("taxes"):
            found = sums.setdefault(
                (part.name, part.percent),
                {
                    "name": part.name,
                    "rate": f"{part.percent.normalize():f}",
                    "taxable": 0,
                    "amount": 0,
                },
            )
            found["taxable"] += part.taxable
            found["amount"] += part.amount
        return list(sums.values())

    @property
    def fees(self) -> list[dict[str, object]]:
        """What is charged besides goods and shipping, each with its kind."""
        return [{"kind": "cod", "amount": self.cod_fee}] if self.cod_fee else []

    @property
    def payable(self) -> Decimal:
        """What is to be paid for it, or was: the total without what is not owed any more."""
        return self.total - self.waived

    @property
    def due(self) -> Decimal:
        """What is left to be paid in cash or online, or was: without what gift cards and earlier
        payments gave.
        """
        return self.payable - self.gift_card_amount - self.part_paid

    @property
    def amount_paid(self) -> Decimal:
        """What was paid for it, before refunds; what came on top does not count."""
        part = self.gift_card_amount + self.part_paid
        return self.payable if self.paid_at is not None else part

    @property
    def amount_due(self) -> Decimal:
        """What is still to be paid; nothing of an order that was cancelled."""
        waits = self.paid_at is None and self.status != OrderStatus.CANCELLED
        return self.due if waits else Decimal(0)

    @property
    def shown_payment_status(self) -> str:
        """The payment's status as the API says it: `partially_paid` where a part is paid that has
        not gone back.
        """
        part = self.paid_at is None and self.amount_paid > self.refunded
        return PARTIALLY_PAID if part else self.payment_status

    def __str__(self) -> str:
        return self.number
