"""What orders have of a person: taken over by an account, exported, and erased (settings.HOOKS)."""

from typing import TYPE_CHECKING

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from markrin.db import transactions
from markrin.webhooks.services import publishing
from orders.models import (
    Cart,
    CartLine,
    CustomerRecord,
    Fulfilment,
    GiftCard,
    GiftCardEntry,
    Order,
    OrderAttachment,
    OrderDiscount,
    OrderLine,
    RefusedOrder,
    ReturnRequest,
)
from orders.models.fulfilment import ParcelStatus
from orders.services import gift_cards, past_orders
from products.services import purchases

if TYPE_CHECKING:
    from accounts.models import User

# What names or finds a person. Amounts, goods and the country stay: the books need them.
_TEXTS = (
    "email",
    "recipient",
    "phone",
    "street",
    "city",
    "state",
    "postal_code",
)
_EMPTY: dict[str, object] = {**dict.fromkeys(_TEXTS, ""), "guest_token_hash": None}

_ORDER = (
    *(
        "number",
        "email",
        "status",
        "payment_status",
        "payment_method",
        "coupon_code",
        "currency",
    ),
    *(
        "subtotal",
        "discount",
        "shipping",
        "cod_fee",
        "tax",
        "total",
        "refunded",
    ),
    *("shipping_name", "delivers_from", "delivers_until"),
    "tags",
    *("created_at", "paid_at", "shipped_at", "delivered_at", "closed_at"),
    *("recipient", "phone", "street", "city", "state", "postal_code", "country"),
)
_REFUSED = (
    "email",
    "phone",
    "recipient",
    "pieces",
    "tries",
    "created_at",
    "last_at",
)
_RETURN = ("number", "status", "reason", "note", "created_at", "closed_at")
_PARCEL = ("status", "carrier", "tracking_number", "shipped_at", "delivered_at")
_INVOICE = ("number", "kind", "issued_on", "currency", "total", "tax")
_LINE = ("name", "sku", "size", "color", "quantity", "unit_price")


@transactions.requires_transaction
def attach_guest_orders(*, user: "User") -> int:
    """Give the customer, who has proved that the address is theirs, the orders made with it
    as a guest.

    Part of the caller's transaction. Locks: these orders, in key order. Returns how many.
    """
    ids = [
        order.pk
        for order in Order.objects.filter(user=None, email=user.email)
        .exclude(email="")
        .locked()
    ]
    if ids:
        OrderDiscount.objects.filter(order__in=ids).update(user=user)
        Order.objects.filter(pk__in=ids).update(
            user=user, updated_at=timezone.now()
        )
        received = OrderLine.objects.filter(
            order__in=ids,
            fulfilments__fulfilment__status=ParcelStatus.DELIVERED,
            shipped__gt=F("returned"),
        )
        bought = set(received.values_list("product", flat=True))
        purchases.record_purchase(user_id=user.pk, product_ids=bought)
    return len(ids) + past_orders.attach_past_orders(user=user)


def export_customer(*, user: "User") -> dict[str, object]:
    """Return what is known of the customer here, as JSON: the cart, and every order with
    its lines and steps.
    """
    orders = (
        Order.objects.for_customer(user).with_lines().order_by("created_at", "id")
    )
    lines = CartLine.objects.filter(cart__user=user).order_by("created_at", "id")
    return {
        "cart": list(
            lines.values("variant__sku", "quantity", "price_at_add", "created_at")
        ),
        "orders": [_export_order(order) for order in orders],
        "refused_orders": list(
            _refused_orders_of(user).order_by("created_at", "id").values(*_REFUSED)
        ),
        "store_credit": list(
            GiftCardEntry.objects.filter(card__user=user)
            .order_by("id")
            .values("kind", "amount", "card__currency", "reason", "at")
        ),
        "past_orders": past_orders.export_past_orders(user=user),
        "kept_by_staff": list(
            CustomerRecord.objects.filter(user=user).values("tags", "note")
        ),
    }


def _refused_orders_of(user: "User") -> QuerySet[RefusedOrder]:
    """Return what the person tried to order beyond a limit, signed in or as a guest."""
    return RefusedOrder.objects.filter(
        Q(user=user) | Q(user=None, email=user.email)
    )


def _export_order(order: Order) -> dict[str, object]:
    return {
        **{name: getattr(order, name) for name in _ORDER},
        "lines": [
            {name: getattr(line, name) for name in _LINE}
            for line in order.lines.all()
        ],
        "parcels": [
            {name: getattr(parcel, name) for name in _PARCEL}
            for parcel in order.fulfilments.all()
        ],
        "returns": [
            {name: getattr(asked, name) for name in _RETURN}
            for asked in order.return_requests.all()
        ],
        "invoices": [
            {name: getattr(invoice, name) for name in _INVOICE}
            | {"data": invoice.data}
            for invoice in order.invoices.filter(anonymised_at=None).order_by("id")
        ],
        "history": [
            {
                "at": event.at,
                "kind": event.kind,
                "to": event.to_status,
                "note": event.note,
            }
            for event in order.events.all()
            if event.is_public
        ],
    }


@transactions.requires_transaction
def erase_customer(*, user: "User") -> None:
    """Empty what names the customer in orders, and delete the cart; amounts and goods stay
    for the books.

    Part of the caller's transaction. Locks: the customer's orders, then the store credit, in key
    order. Notes of staff may hold names: the history cannot be changed, so such notes are not
    for names.
    """
    Cart.objects.filter(user=user).delete()
    theirs = Q(draft__user=user) | Q(draft__email=user.email)
    Cart.objects.filter(theirs).delete()
    _refused_orders_of(user).delete()
    past_orders.erase_past_orders(user=user)
    ids = [order.pk for order in Order.objects.for_customer(user).locked()]
    Order.objects.filter(pk__in=ids).update(**_EMPTY, updated_at=timezone.now())
    publishing.forget_subjects("order", ids)
    OrderAttachment.objects.filter(order__in=ids).delete()
    CustomerRecord.objects.filter(user=user).delete()
    # In words of the customer's own, and a label of a carrier's with the address on it.
    ReturnRequest.objects.filter(order__in=ids).update(
        reason="erased",
        tracking_number="",
        tracking_url="",
        label_url="",
        updated_at=timezone.now(),
    )
    # A tracking number leads to the name and the address at the carrier's.
    Fulfilment.objects.filter(order__in=ids).update(
        tracking_number="", tracking_url="", updated_at=timezone.now()
    )
    for card in GiftCard.objects.filter(user=user).locked():
        if card.balance:
            gift_cards.empty_card(card, reason="The account was erased.")
    GiftCard.objects.filter(user=user).update(user=None)
    GiftCard.objects.filter(
        Q(email=user.email) | Q(order_line__order__in=ids)
    ).exclude(email="").update(email="")
