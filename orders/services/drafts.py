"""Orders by telephone: drafted by staff, and placed by the very `place_order` of the shop."""

import secrets
from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import Sum

from accounts.schemas import PostalAddress
from markrin.api.errors import NotFound
from markrin.db import transactions
from markrin.db.models import uuid7
from markrin.outbox import services as outbox
from orders import cart_lines, cart_summary, errors, events
from orders.buyers import find_buyer, find_destination
from orders.customer_identity import Customer, hash_token, new_token
from orders.models import Cart, CartLine, Coupon, DraftOrder, Order, Promotion
from orders.models.cart import MAX_LINES, MAX_PER_LINE
from orders.models.order_event import OrderEventKind
from orders.models.order_status import PaymentMethod
from orders.models.promotion import EffectKind
from orders.pricing.quote import Quote
from orders.promotion_terms import Person, read_promotions
from orders.quotes import price_items
from orders.schemas import Checkout
from orders.services import checkout, lifecycle
from orders.services.checkout import PlacedOrder
from orders.services.lifecycle import Actor
from orders.shipping_choice import ShippingWish, choose_shipping
from orders.shipping_offers import list_offered
from products.selectors import offers

if TYPE_CHECKING:
    from accounts.models import User

_LAST: Final = (
    32_767  # the priority of a discount of one's own: after all promotions
)
_ALPHABET: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


@transactions.requires_transaction
def save_draft(
    draft: DraftOrder, pieces: Mapping[UUID, int], *, actor: Actor
) -> None:
    """Write a draft with the pieces of each variant that it is about; its own discount is a
    coupon of a single use, so that the shop's one engine prices it.

    Raises:
        CartFull, QuantityLimit, VariantNotOnSale: nothing is saved.
    """
    if len(pieces) > MAX_LINES:
        raise errors.CartFull
    if any(number > MAX_PER_LINE for number in pieces.values()):
        raise errors.QuantityLimit
    known = offers.get_offers(pieces)
    if any(pk not in known or not known[pk].on_sale for pk in pieces):
        raise errors.VariantNotOnSale
    if draft._state.adding:
        draft.cart = Cart.objects.create(token_hash=hash_token(new_token()))
        draft.by_id = actor.user_id
    draft.user = _find_account(draft.email)
    cart = Cart.objects.locked().get(pk=draft.cart_id)
    cart.lines.all().delete()
    CartLine.objects.bulk_create(
        CartLine(
            cart=cart, variant_id=pk, quantity=number, price_at_add=known[pk].price
        )
        for pk, number in pieces.items()
    )
    _write_discount(cart, draft)
    draft.save()


def _find_account(email: str) -> "User | None":
    """Return the customer who has proved that the address is theirs."""
    users = get_user_model().objects
    return users.filter(
        email=email, email_verified_at__isnull=False, is_active=True
    ).first()


def _write_discount(cart: Cart, draft: DraftOrder) -> None:
    """Give the cart a coupon over the draft's discount, in the place of an earlier one."""
    Promotion.objects.filter(
        coupons__code__in=cart.coupon_codes, coupons__used=0
    ).delete()
    cart.coupon_codes = []
    if draft.discount:
        promotion = Promotion.objects.create(
            name=draft.discount_reason,
            needs_code=True,
            priority=_LAST,
            kind=EffectKind.AMOUNT,
            amount=draft.discount,
        )
        code = f"TEL-{''.join(secrets.choice(_ALPHABET) for _ in range(12))}"
        Coupon.objects.create(promotion=promotion, code=code, total_limit=1)
        cart.coupon_codes = [code]
    cart.save(update_fields=["coupon_codes", "updated_at"])


@transactions.requires_transaction
def discard_draft(draft: DraftOrder) -> None:
    """Delete a draft, its cart, and its discount where no order has used it."""
    Promotion.objects.filter(
        coupons__code__in=draft.cart.coupon_codes, coupons__used=0
    ).delete()
    draft.cart.delete()


def quote_draft(draft: DraftOrder) -> Quote:
    """Return what the draft costs now, sent the cheapest way. Five queries at most."""
    items = cart_lines.load_items(draft.cart)
    live = read_promotions(
        Person(draft.user_id, draft.email),
        draft.cart.coupon_codes,
        {item.offer.product_id for item in items},
    )
    address = _address(draft)
    buyer = find_buyer(address)
    offered = list_offered(
        find_destination(address, buyer),
        cart_summary.list_pieces(items),
        user_id=draft.user_id,
    )
    wish = ShippingWish(pays_cash=draft.payment_method == PaymentMethod.COD)
    pricing = price_items(items, buyer=buyer, live=live, user_id=draft.user_id)
    return choose_shipping(pricing, offered, wish).quote


def _address(draft: DraftOrder) -> PostalAddress:
    return PostalAddress(
        **{slot.name: getattr(draft, slot.name) for slot in fields(PostalAddress)}
    )


def place_draft(*, draft_id: UUID, staff: "User", base_url: str) -> PlacedOrder:
    """Place a draft, as any order is placed, and delete it. Sent twice, it is placed once. An
    online order's link to pay is mailed; it can be paid for ORDER_LINK_TTL_S.

    Raises:
        NotFound: there is no such draft.
        AddressUnknown: it has no address yet.
        As `checkout.place_order` does; then the draft stays.
    """
    draft = (
        DraftOrder.objects.select_related("cart", "user")
        .filter(pk=draft_id)
        .first()
    )
    if draft is None:
        raise NotFound
    if not draft.recipient or not draft.phone:
        raise errors.AddressUnknown
    placed = checkout.place_order(
        Checkout(
            shipping_address=_address(draft),
            payment_method=PaymentMethod(draft.payment_method),
            coupon_codes=tuple(draft.cart.coupon_codes),
            email=None if draft.user_id else draft.email or None,
        ),
        customer=Customer(
            user=draft.user,
            language=draft.user.language if draft.user else settings.LANGUAGE_CODE,
            staff=staff,
            cart_id=draft.cart_id,
        ),
        key=str(draft.pk),
        base_url=base_url,
    )
    _finish_draft(draft, placed.order, actor=Actor("staff", staff.pk))
    return placed


@transactions.durable
def _finish_draft(draft: DraftOrder, order: Order, *, actor: Actor) -> None:
    notes = ["By telephone."]
    if draft.discount:
        notes.append(f"Discount of {draft.discount}: {draft.discount_reason}")
    lifecycle.record_event(
        order,
        OrderEventKind.NOTE,
        actor=actor,
        note="\n".join([*notes, draft.note]).strip()[:1000],
        public=False,
    )
    if order.payment_method == PaymentMethod.ONLINE:
        outbox.add(events.PaymentLinkWanted(order_id=order.pk, wanted_id=uuid7()))
    draft.cart.delete()


def count_pieces(draft: DraftOrder) -> int:
    """Return how many pieces the draft is about. One query."""
    found = CartLine.objects.filter(cart=draft.cart_id).aggregate(n=Sum("quantity"))
    return found["n"] or 0
