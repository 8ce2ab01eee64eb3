"""What the previews of the mails about orders show: an order that nobody has placed."""

from datetime import date, timedelta
from decimal import Decimal

from django.conf import settings
from django.utils import timezone

from markrin import localized
from markrin.db.models import uuid7
from orders.models import (
    Fulfilment,
    FulfilmentLine,
    GiftCard,
    GiftCardEntry,
    Invoice,
    Order,
    OrderLine,
    ReturnRequest,
    ReturnRequestLine,
)
from orders.models.fulfilment import ParcelStatus, UndeliveredReason
from orders.models.order_status import OrderStatus, PaymentMethod, PaymentStatus
from orders.models.return_request import ReturnStatus
from orders.services import gift_card_mails, mails
from products.models import Variant

_LINES = (
    ("Linen shirt", "M", "Indigo", 2, "1299.00"),
    ("Canvas belt", "", "", 1, "499.00"),
)


def _sample_order(**columns: object) -> Order:
    placed = Order(
        number="MK-2026-000123",
        email="asha@example.com",
        payment_method=PaymentMethod.COD,
        currency=settings.SHOP_CURRENCY,
        subtotal=Decimal("3097.00"),
        discount=Decimal("309.70"),
        shipping=Decimal("0.00"),
        cod_fee=Decimal("0.00"),
        shipping_name="Standard delivery",
        delivers_from=date(2026, 11, 30),
        delivers_until=date(2026, 12, 2),
        tax=Decimal("425.17"),
        tax_included=settings.TAX_INCLUDED,
        total=Decimal("2787.30") if settings.TAX_INCLUDED else Decimal("3212.47"),
        coupon_code="SUMMER10",
        recipient="Asha Rao",
        phone="+919876543210",
        street="12 Linking Road",
        city="Mumbai",
        state="Maharashtra",
        postal_code="400050",
        country="IN",
    )
    for name, value in columns.items():
        setattr(placed, name, value)
    lines = [
        OrderLine(
            id=uuid7(),
            order=placed,
            position=position,
            name=name,
            size=size,
            color=color,
            quantity=quantity,
            unit_price=Decimal(price),
            line_total=quantity * Decimal(price),
        )
        for position, (name, size, color, quantity, price) in enumerate(_LINES)
    ]
    # Django's own
    placed._prefetched_objects_cache = {"lines": lines}  # type: ignore[attr-defined]
    return placed


def _sample_placed() -> dict[str, object]:
    return mails.build_context(_sample_order())


def _order_on_back_order(**columns: object) -> Order:
    """Return the sample order, with a shirt that is not there yet."""
    order = _sample_order(**columns)
    order.lines.all()[0].on_back_order = 1  # type: ignore[attr-defined]  # as with_lines
    return order


def _sample_placed_on_back_order() -> dict[str, object]:
    return mails.build_context(_order_on_back_order())


def _sample_placed_online() -> dict[str, object]:
    """Return a confirmation of an order that waits for what a gift card has left to pay."""
    return mails.build_context(
        _sample_order(
            payment_method=PaymentMethod.ONLINE, gift_card_amount=Decimal("1000.00")
        )
    )


def _sample_exchange_placed() -> dict[str, object]:
    order = _sample_order(payment_method=PaymentMethod.ONLINE)
    return {
        **mails.build_context(order),
        "is_exchange": True,
        "waits_for_payment": False,
    }


def _sample_parcel(**columns: object) -> dict[str, object]:
    """Return what a mail about a parcel with all of the sample order shows."""
    order = _sample_order(status=OrderStatus.SHIPPED)
    parcel = Fulfilment(
        order=order,
        position=1,
        carrier="Blue Dart",
        tracking_number="BD123456789IN",
        tracking_url="https://www.bluedart.com/tracking/BD123456789IN",
        **columns,
    )
    rows = [
        FulfilmentLine(line=line, quantity=line.quantity)
        for line in order.lines.all()
    ]
    # Django's own
    parcel._prefetched_objects_cache = {"lines": rows}  # type: ignore[attr-defined]
    return {**mails.build_context(order), **mails.describe_parcel(parcel)}


def _sample_shipped() -> dict[str, object]:
    return _sample_parcel(status=ParcelStatus.SHIPPED)


def _sample_delivered() -> dict[str, object]:
    return _sample_parcel(status=ParcelStatus.DELIVERED)


def _sample_undelivered() -> dict[str, object]:
    return _sample_parcel(
        status=ParcelStatus.UNDELIVERED,
        undelivered_reason=UndeliveredReason.NOT_FOUND,
    )


def _sample_cancelled() -> dict[str, object]:
    return {
        **mails.build_context(_sample_order(status=OrderStatus.CANCELLED)),
        "why": "The last piece was damaged.",
    }


def _sample_pieces_cancelled() -> dict[str, object]:
    order = _sample_order(waived=Decimal("499.00"))
    order.lines.all()[1].cancelled = 1
    return {**mails.build_context(order), **mails.describe_cancelled(order)}


def _sample_refunded() -> dict[str, object]:
    back = localized.format_money(Decimal("499.00"), settings.SHOP_CURRENCY)
    return {
        **mails.build_context(
            _sample_order(
                payment_status=PaymentStatus.PAID, refunded=Decimal("499.00")
            )
        ),
        "back": back,
    }


def _sample_gift_card() -> dict[str, object]:
    card = GiftCard(
        balance=Decimal("1000.00"),
        currency=settings.SHOP_CURRENCY,
        expires_at=timezone.now() + timedelta(days=365),
    )
    return gift_card_mails.build_card_context(card, "ABCD-EFGH-JKLM-NPQR")


def _sample_store_credit() -> dict[str, object]:
    card = GiftCard(balance=Decimal("750.00"), currency=settings.SHOP_CURRENCY)
    return gift_card_mails.build_credit_context(
        GiftCardEntry(
            card=card, amount=Decimal("250.00"), reason="For the long wait."
        )
    )


def _sample_return(**columns: object) -> dict[str, object]:
    """Return what a mail about a return of one shirt for money and a belt for another shows."""
    order = _sample_order(status=OrderStatus.DELIVERED)
    shirt, belt = order.lines.all()
    asked = ReturnRequest(
        order=order,
        number=f"{order.number}-R1",
        reason="too_small",
        created_at=timezone.now(),
        send_by=timezone.now() + timedelta(days=21),
        **columns,
    )
    rows = [
        ReturnRequestLine(line=shirt, quantity=1, sellable=1),
        ReturnRequestLine(
            line=belt, quantity=1, refused=1, variant=Variant(size="L", color="Tan")
        ),
    ]
    # Django's own
    asked._prefetched_objects_cache = {"lines": rows}  # type: ignore[attr-defined]
    return {**mails.build_context(order), **mails.describe_return(asked)}


def _sample_approved() -> dict[str, object]:
    return _sample_return(
        status=ReturnStatus.APPROVED,
        note="Please leave the tags on.",
        carrier="Blue Dart",
        tracking_number="BD987654321IN",
        label_url="https://www.bluedart.com/label/BD987654321IN",
    )


def _sample_withdrawn() -> dict[str, object]:
    return _sample_return(status=ReturnStatus.APPROVED, is_withdrawal=True)


def _sample_rejected() -> dict[str, object]:
    return _sample_return(
        status=ReturnStatus.REJECTED, note="The tags of both have been cut off."
    )


def _person_needed() -> dict[str, object]:
    why = "Paid after it was cancelled: the payment is being refunded."
    return mails.build_context(
        _sample_order(
            status=OrderStatus.CANCELLED,
            payment_status=PaymentStatus.PAID,
            attention=why,
        )
    )


def _sample_payment_link() -> dict[str, object]:
    order = _sample_order(payment_method=PaymentMethod.ONLINE)
    return {**mails.build_context(order), "link": "https://pay.example/c/4f1x"}


def _sample_rest_to_pay() -> dict[str, object]:
    """Return the mail after pieces were added to an order that is paid."""
    order = _sample_order(
        payment_method=PaymentMethod.ONLINE, part_paid=Decimal("1488.30")
    )
    return {**mails.build_context(order), "link": "https://pay.example/c/4f1x"}


def _sample_exchange_to_pay() -> dict[str, object]:
    return {**_sample_rest_to_pay(), "is_exchange": True}


def _sample_credit_note() -> dict[str, object]:
    order = _sample_order(status=OrderStatus.DELIVERED)
    note = Invoice(number="CN2627-000007", order=order)
    return {**mails.build_context(order), "invoice": note, "is_note": True}


def _sample_dearer() -> dict[str, object]:
    more = localized.format_money(Decimal("200.00"), settings.SHOP_CURRENCY)
    return {**_sample_approved(), "costs_more": more}


def _sample_completed_dearer() -> dict[str, object]:
    return {**_sample_return(), "waits_for_rest": True}


def _sample_invoice() -> dict[str, object]:
    order = _sample_order(status=OrderStatus.SHIPPED)
    invoice = Invoice(number="INV2627-000123", order=order)
    return {**mails.build_context(order), "invoice": invoice, "is_note": False}


SAMPLES = {
    "orders/invoice": _sample_invoice,
    "orders/invoice:credit-note": _sample_credit_note,
    "orders/payment_link": _sample_payment_link,
    "orders/payment_link:exchange": _sample_exchange_to_pay,
    "orders/payment_link:rest": _sample_rest_to_pay,
    "orders/pieces_cancelled": _sample_pieces_cancelled,
    "orders/placed": _sample_placed,
    "orders/placed:back-order": _sample_placed_on_back_order,
    "orders/placed:exchange": _sample_exchange_placed,
    "orders/placed:online": _sample_placed_online,
    "orders/shipped": _sample_shipped,
    "orders/delivered": _sample_delivered,
    "orders/undelivered": _sample_undelivered,
    "orders/tracking_corrected": _sample_shipped,
    "orders/cancelled": _sample_cancelled,
    "orders/refunded": _sample_refunded,
    "orders/return_requested": _sample_return,
    "orders/return_approved": _sample_approved,
    "orders/return_approved:dearer": _sample_dearer,
    "orders/return_withdrawn": _sample_withdrawn,
    "orders/return_received": _sample_return,
    "orders/return_completed": _sample_return,
    "orders/return_completed:rest": _sample_completed_dearer,
    "orders/return_rejected": _sample_rejected,
    "orders/return_cancelled": _sample_return,
    "orders/gift_card": _sample_gift_card,
    "orders/store_credit": _sample_store_credit,
    "orders/person_needed": _person_needed,
}
