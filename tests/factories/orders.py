"""Makers of carts, orders and coupons. An order made here went through the shop's own
services, so its stock, ledger and history are as in life."""

from decimal import Decimal
from itertools import count
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from accounts.schemas import PostalAddress
from orders import gift_card_codes
from orders.customer_identity import Customer, hash_token, new_token
from orders.models import (
    Cart,
    CartLine,
    Coupon,
    DraftOrder,
    GiftCard,
    Order,
    Promotion,
)
from orders.models.order_status import OrderStatus, PaymentMethod
from orders.schemas import Checkout
from orders.services import checkout, drafts, gift_cards, transitions
from orders.services.gift_cards import NewGiftCard
from orders.services.lifecycle import Actor
from orders.staff_schemas import Move
from tests.factories.accounts import make_address, make_user
from tests.factories.products import make_variant

_numbers = count(1)
SHIPPING_ADDRESS = {
    "recipient": "Asha Rao",
    "phone": "+919876543210",
    "street": "12 Linking Road",
    "city": "Mumbai",
    "state": "Maharashtra",
    "postalCode": "400050",
    "country": "IN",
}


def make_cart_line(
    *,
    customer: Any = None,
    token: str | None = None,
    variant: Any = None,
    quantity: int = 1,
) -> CartLine:
    """Put pieces into the cart of a customer, or of the guest who holds `token`."""
    variant = variant or make_variant()
    if token is not None:
        cart, _ = Cart.objects.get_or_create(token_hash=hash_token(token))
    else:
        cart, _ = Cart.objects.get_or_create(user=customer or make_user())
    variant.product.refresh_from_db()
    return CartLine.objects.create(
        cart=cart,
        variant=variant,
        quantity=quantity,
        price_at_add=variant.product.price,
    )


def make_promotion(**overrides: Any) -> Promotion:
    """Make a promotion of 10 percent that applies by itself; `products`, `categories`,
    `collections` and `customer_groups` take rows.
    """
    many = {
        name: overrides.pop(name)
        for name in ("products", "categories", "collections", "customer_groups")
        if name in overrides
    }
    defaults = {"name": f"Promotion {next(_numbers)}", "kind": "percent"}
    if overrides.get("kind", "percent") == "percent":
        defaults["percent"] = "10"
    promotion = Promotion.objects.create(**defaults | overrides)
    for name, rows in many.items():
        getattr(promotion, name).set(rows)
    return promotion


def make_coupon(
    *,
    code: str | None = None,
    kind: str = "percent",
    value: str = "10.00",
    total_limit: int | None = None,
    **overrides: Any,
) -> Coupon:
    """Make a coupon of 10 percent without limits, with the promotion that it stands for."""
    code = code or f"CODE-{next(_numbers)}"
    effect = {"kind": "percent", "percent": value}
    if kind == "fixed":
        effect = {"kind": "amount", "amount": value}
    promotion = make_promotion(name=code, needs_code=True, **effect | overrides)
    return Coupon.objects.create(
        promotion=promotion, code=code, total_limit=total_limit
    )


def make_gift_card(amount: str = "500.00", **more: Any) -> tuple[GiftCard, str]:
    """Issue a gift card as staff do, and return it with its code."""
    new = NewGiftCard(amount=Decimal(amount), reason="A present.", **more)
    card = gift_cards.issue_card(new, actor=Actor("staff"))
    return card, gift_card_codes.decrypt(card.code_encrypted)


def order_body(customer: Any = None, **more: Any) -> dict[str, Any]:
    """Return the body of a checkout: to the customer's address, which is made, or a guest's."""
    if customer is None:
        return {
            "shippingAddress": SHIPPING_ADDRESS,
            "email": "guest@example.com",
            "paymentMethod": "cod",
            **more,
        }
    return {
        "addressId": str(make_address(user=customer).pk),
        "paymentMethod": "cod",
        **more,
    }


def key() -> dict[str, str]:
    """Return the headers of a new Idempotency-Key."""
    return {"Idempotency-Key": str(uuid4())}


def make_order(
    *,
    customer: Any = None,
    guest_email: str | None = None,
    variant: Any = None,
    quantity: int = 1,
    status: str = "pending",
    method: str = "cod",
    token: str | None = None,
    paid: bool = False,
    coupon_code: str | None = None,
) -> Order:
    """Place an order of one line, and take it to `status`, cash received if it is `paid`; a
    guest holds `token`.
    """
    token = token or new_token() if guest_email else None
    customer = None if guest_email else customer or make_user()
    make_cart_line(
        customer=customer, token=token, variant=variant, quantity=quantity
    )
    placed = checkout.place_order(
        Checkout(
            shipping_address=PostalAddress(
                recipient="Asha Rao",
                phone="+919876543210",
                street="12 Linking Road",
                city="Mumbai",
                state="Maharashtra",
                postal_code="400050",
                country="IN",
            ),
            payment_method=PaymentMethod(method),
            email=guest_email,
            coupon_code=coupon_code,
        ),
        customer=Customer(user=customer, token=token, language="en"),
        key=str(uuid4()),
        base_url="http://testserver/",
    )
    move_to(placed.order, status)
    if paid:
        transitions.mark_cash_paid(order_id=placed.order.pk, actor=Actor("staff"))
    return Order.objects.get(pk=placed.order.pk)


def make_draft(
    *, variant: Any = None, quantity: int = 1, **columns: Any
) -> DraftOrder:
    """Take down an order by telephone, of pieces of one variant, that is not placed yet."""
    variant = variant or make_variant()
    columns = {
        "recipient": "Asha Rao",
        "phone": "+919876543210",
        "street": "12 Linking Road",
        "city": "Mumbai",
        "state": "Maharashtra",
        "state_code": "IN-MH",
        "postal_code": "400050",
        "country": "IN",
    } | columns
    draft = DraftOrder(**columns)
    with transaction.atomic():
        drafts.save_draft(draft, {variant.pk: quantity}, actor=Actor("staff"))
    return draft


def move_to(order: Order, status: str) -> None:
    """Take a placed order along its way, up to `status`."""
    if status == "cancelled":
        transitions.move_order(
            Move(status=OrderStatus.CANCELLED),
            order_id=order.pk,
            actor=Actor("staff"),
        )
        return
    path = ("pending", "confirmed", "processing", "shipped", "delivered")
    now = path.index(
        Order.objects.values_list("status", flat=True).get(pk=order.pk)
    )
    for step in path[now + 1 : path.index(status) + 1]:
        transitions.move_order(
            Move(status=OrderStatus(step)), order_id=order.pk, actor=Actor("staff")
        )


def age(order: Order, **columns: Any) -> None:
    """Set columns that only time changes, such as `expires_at`."""
    Order.objects.filter(pk=order.pk).update(
        **columns or {"expires_at": timezone.now()}
    )
