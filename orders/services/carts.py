"""Carts. Every change locks the cart's row first, so that two of them, or one and a
checkout, cannot mix.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import UUID

from django.utils import timezone

from markrin.api.errors import NotFound
from markrin.api.unset import UNSET
from markrin.db import transactions
from orders import cart_lines, cart_summary, code_tries, errors
from orders.cart_lines import CartItem
from orders.cart_lookup import find_cart, lock_cart
from orders.cart_summary import CartSummary
from orders.customer_identity import Customer, hash_token, new_token
from orders.models import Cart, CartLine, Order
from orders.models.cart import MAX_GIFT_CARDS, MAX_LINES, MAX_PER_LINE
from orders.schemas import CartAddition, CartLineChange
from orders.services import gift_cards
from products.errors import OutOfStock
from products.selectors import offers
from products.selectors.offers import Offer

if TYPE_CHECKING:
    from accounts.models import User


@transactions.durable(limits=False)  # the cart's lock sends them
def add_to_cart(addition: CartAddition, *, customer: Customer) -> CartSummary:
    """Put pieces of a variant into the cart, on top of what is in it; a guest without a
    cart gets one, with its token.

    Locks: the cart.

    Raises:
        VariantNotOnSale, QuantityLimit, CartFull, OutOfStock: and nothing has changed.
    """
    found, token = _open_shown_cart(customer, addition.variant_id)
    cart, items, line = found.cart, found.items, found.asked
    if line is None or not line.offer.on_sale:
        raise errors.VariantNotOnSale
    if not line.quantity:  # it is not among them
        if len(items) >= MAX_LINES:
            raise errors.CartFull
        items.append(line)
    wanted = addition.quantity + line.quantity
    _check_quantity(line.offer, wanted)
    _refuse_mixing(items)
    put = replace(line, quantity=wanted, price_at_add=line.offer.price)
    return _put_and_show(cart, token, items, put)


@dataclass(frozen=True)
class NotReordered:
    """A line of an earlier order of which fewer pieces are in the cart now than were wanted."""

    name: str
    sku: str
    wanted: int
    added: int
    reason: str


@dataclass(frozen=True)
class ReorderedCart:
    """The cart, and what could not be put into it."""

    cart: CartSummary
    not_added: list[NotReordered]


@transactions.durable(limits=False)  # the cart's lock sends them
def add_order_again(order: Order, *, customer: Customer) -> ReorderedCart:
    """Put an order's pieces into the cart once more, at today's prices: of each line as many as
    can be had. Pieces of it that were cancelled are not wanted again. Locks: the cart.
    """
    cart, token = _open_cart(customer)
    had = {line.variant_id: line for line in cart.lines.all()}
    wanted = [line for line in order.lines.all() if line.quantity > line.cancelled]
    wanted = wanted or list(order.lines.all())  # of a cancelled order: all of it
    found = offers.get_offers(line.variant_id for line in wanted)
    short: list[NotReordered] = []
    for line in wanted:
        asked = line.quantity - line.cancelled or line.quantity
        offer, own = found.get(line.variant_id), had.get(line.variant_id)
        added, reason = _fit_pieces(offer, asked, own, full=len(had) >= MAX_LINES)
        if added and offer is not None:
            had[line.variant_id] = _add_pieces(cart, own, offer, added)
        if added < asked:
            short.append(NotReordered(line.name, line.sku, asked, added, reason))
    return ReorderedCart(_save_changes(cart, token), short)


def _fit_pieces(
    offer: Offer | None, asked: int, own: CartLine | None, *, full: bool
) -> tuple[int, str]:
    """Return how many more pieces a cart takes, and the refusal's code for the rest."""
    if offer is None or not offer.on_sale:
        return 0, errors.VariantNotOnSale.code
    if own is None and full:
        return 0, errors.CartFull.code
    already = own.quantity if own else 0
    in_stock = max(0, offer.sellable - already)
    room = max(0, MAX_PER_LINE - already)
    code = OutOfStock.code if in_stock <= room else errors.QuantityLimit.code
    return min(asked, in_stock, room), code


def _add_pieces(
    cart: Cart, own: CartLine | None, offer: Offer, added: int
) -> CartLine:
    if own is None:
        return CartLine.objects.create(
            cart=cart,
            variant_id=offer.variant_id,
            quantity=added,
            price_at_add=offer.price,
        )
    own.quantity, own.price_at_add = own.quantity + added, offer.price
    own.save(update_fields=["quantity", "price_at_add", "updated_at"])
    return own


@transactions.durable(limits=False)  # the cart's lock sends them
def change_cart_line(
    change: CartLineChange, *, customer: Customer, line_id: UUID
) -> CartSummary:
    """Change a line's quantity, or its variant to another of the same product, or both.

    A variant that has a line of its own already takes this one's pieces over. Locks: the cart.

    Raises:
        NotFound: the cart has no such line.
        OtherProduct, VariantNotOnSale, QuantityLimit, OutOfStock: and nothing has changed.
    """
    cart, items, line = _lock_line(customer, line_id)
    wanted = change.quantity if change.quantity is not UNSET else line.quantity
    variant_id = (
        line.offer.variant_id if change.variant_id is UNSET else change.variant_id
    )
    if variant_id == line.offer.variant_id:
        if not line.offer.on_sale:
            raise errors.VariantNotOnSale
        _check_quantity(line.offer, wanted)
        put = replace(line, quantity=wanted)
        return _put_and_show(cart, customer.token, items, put)
    offer = offers.get_offers([variant_id]).get(variant_id)
    if offer is None or not offer.on_sale:
        raise errors.VariantNotOnSale
    if offer.product_id != line.offer.product_id:
        raise errors.OtherProduct
    for other in items:
        if other.offer.variant_id == variant_id:
            wanted += other.quantity
            cart_lines.query_remove_line(cart, other).fetch()
    _check_quantity(offer, wanted)
    cart.lines.filter(pk=line.id).update(
        variant=variant_id,
        quantity=wanted,
        price_at_add=offer.price,
        updated_at=timezone.now(),
    )
    return _save_changes(cart, customer.token)


@transactions.durable(limits=False)  # the cart's lock sends them
def remove_cart_line(*, customer: Customer, line_id: UUID) -> CartSummary:
    """Take a line out of the cart. Locks: the cart. Raises: NotFound."""
    cart, items, line = _lock_line(customer, line_id)
    return cart_summary.summarize_cart(
        cart,
        token=customer.token,
        items=[item for item in items if item.id != line.id],
        change=cart_lines.query_remove_line(cart, line),
    )


@transactions.durable(limits=False)  # the cart's lock sends them
def clear_cart(*, customer: Customer) -> CartSummary:
    """Empty the cart, its coupon included; a shopper without one has an empty cart all the
    same. Locks: the cart.
    """
    cart = _lock_cart(customer)
    if cart is None:
        return cart_summary.summarize_cart(None, token=None)
    cart.lines.all().delete()
    cart.coupon_codes, cart.gift_card_ids = [], []
    cart.use_store_credit = False
    return _save_changes(cart, customer.token)


@transactions.durable(limits=False)  # the cart's lock sends them
def put_coupons(codes: Sequence[str], *, customer: Customer) -> CartSummary:
    """Let the cart's quote count on these coupons instead of those that it had; whether their
    limits still allow them is decided at checkout.

    Locks: the cart.

    Raises:
        CouponUnknown, CouponNotNow, CouponExhausted, CouponUsedUp, CouponMinimumSpend,
            CouponNotApplicable: of a code that the cart did not have; it keeps what it had.
        RateLimited: too many codes were tried that are none.
    """
    cart, token = _open_cart(customer)
    new = set(codes) - set(cart.coupon_codes)
    code_tries.count_tries("coupon", len(new), customer=customer)
    cart.coupon_codes = list(codes)
    shown = _save_changes(cart, token)
    refusals = [each.refusal for each in shown.coupons if each.code in new]
    known = sum(not isinstance(each, errors.CouponUnknown) for each in refusals)
    code_tries.give_back_tries("coupon", known, customer=customer)
    if refused := next(filter(None, refusals), None):
        raise refused
    return shown


@transactions.durable(limits=False)  # the cart's lock sends them
def remove_coupon(*, customer: Customer) -> CartSummary:
    """Take the coupon off the cart; without one nothing changes. Locks: the cart."""
    cart = _lock_cart(customer)
    if cart is None:
        return cart_summary.summarize_cart(None, token=None)
    cart.coupon_codes = []
    return _save_changes(cart, customer.token)


# --- Gift cards ----------------------------------------------------------------------------------
@transactions.durable(limits=False)  # the cart's lock sends them
def add_gift_card(code: str, *, customer: Customer) -> CartSummary:
    """Let the cart be paid with a gift card, as far as it goes. Locks: the cart.

    Raises:
        GiftCardUnknown, GiftCardUnusable, TooManyGiftCards, RateLimited: and nothing has changed.
    """
    cart, token = _open_cart(customer)
    (card,) = gift_cards.find_cards([code], customer=customer)
    if not gift_cards.is_usable(card):
        raise errors.GiftCardUnusable
    if card.pk not in cart.gift_card_ids:
        # What has expired or is spent makes room.
        known = {usable.pk for usable in cart_summary.load_gift_cards(cart)}
        kept = [card_id for card_id in cart.gift_card_ids if card_id in known]
        if len(kept) >= MAX_GIFT_CARDS:
            raise errors.TooManyGiftCards
        cart.gift_card_ids = [*kept, card.pk]
    return _save_changes(cart, token)


@transactions.durable(limits=False)  # the cart's lock sends them
def remove_gift_card(card_id: UUID, *, customer: Customer) -> CartSummary:
    """Do not pay with this gift card. Locks: the cart. Raises: NotFound."""
    cart = _lock_cart(customer)
    if cart is None or card_id not in cart.gift_card_ids:
        raise NotFound
    cart.gift_card_ids.remove(card_id)
    return _save_changes(cart, customer.token)


@transactions.durable(limits=False)  # the cart's lock sends them
def use_store_credit(use: bool, *, customer: Customer) -> CartSummary:
    """Pay with the customer's store credit, or not; a guest has none. Locks: the cart."""
    cart, token = _open_cart(customer)
    cart.use_store_credit = use and customer.user is not None
    return _save_changes(cart, token)


@transactions.requires_transaction
def merge_guest_cart(*, user: "User", cart_token: str) -> None:
    """Put what a guest has in the cart into the customer's, at sign-in; the guest's cart is
    then gone.

    Quantities add up to at most 20 and to what can be sold; what is no longer on sale is
    left behind. A token that is nobody's is ignored. Part of the caller's transaction
    (settings.HOOKS). Locks: both carts, in key order."""
    if not cart_token:
        return
    guest = (
        Cart.objects.filter(token_hash=hash_token(cart_token))
        .values_list("pk", flat=True)
        .first()
    )
    if guest is None:
        return
    own = _create_customer_cart(user)
    locked = {
        cart.pk: cart for cart in Cart.objects.filter(pk__in=[guest, own]).locked()
    }
    if guest not in locked:  # another sign-in with the same token came first
        return
    _take_over_lines(
        locked[own],
        list(CartLine.objects.filter(cart=guest).order_by("created_at", "id")),
    )
    for name in ("coupon_codes", "gift_card_ids"):
        if getattr(locked[guest], name) and not getattr(locked[own], name):
            setattr(locked[own], name, getattr(locked[guest], name))
            locked[own].save(update_fields=[name, "updated_at"])
    locked[guest].delete()


def _take_over_lines(cart: Cart, arriving: Iterable[CartLine]) -> None:
    own = {line.variant_id: line for line in cart.lines.all()}
    arriving = list(arriving)
    found = offers.get_offers(line.variant_id for line in arriving)
    for line in arriving:
        offer, had = found[line.variant_id], own.get(line.variant_id)
        most = min(MAX_PER_LINE, offer.sellable) if offer.on_sale else 0
        quantity = min(line.quantity + (had.quantity if had else 0), most)
        if had is not None and quantity > had.quantity:
            had.quantity = quantity
            had.save(update_fields=["quantity", "updated_at"])
        elif had is None and quantity > 0 and len(own) < MAX_LINES:
            own[line.variant_id] = CartLine.objects.create(
                cart=cart,
                variant_id=line.variant_id,
                quantity=quantity,
                price_at_add=line.price_at_add,
            )


def _open_cart(customer: Customer) -> tuple[Cart, str | None]:
    """Return the shopper's cart, locked, and a guest's token; a new one if there is none."""
    cart = find_cart(customer, lock=True)
    return (cart, customer.token) if cart is not None else _create_cart(customer)


def _open_shown_cart(
    customer: Customer, variant_id: UUID
) -> tuple[cart_lines.FoundCart, str | None]:
    """Return what `_open_cart` does, with the cart's lines and this variant's."""
    found = cart_lines.find_shown(customer, variant_id, lock=True)
    if found is not None:
        return found, customer.token
    cart, token = _create_cart(customer)
    return cart_lines.load_shown(cart, variant_id), token


def _create_cart(customer: Customer) -> tuple[Cart, str | None]:
    """Return a new cart, locked, and its token, of a shopper who had none."""
    transactions.limit_waits()
    if customer.user is None:
        # A token that is nobody's is not adopted: who made it up might know it.
        token = new_token()
        return Cart.objects.create(token_hash=hash_token(token)), token
    own = _create_customer_cart(customer.user)
    locked = lock_cart(own)
    if locked is None:
        raise Cart.DoesNotExist
    return locked, None


def _create_customer_cart(user: "User") -> UUID:
    """Return the id of the customer's cart, made now if there is none; two at once make one."""
    Cart.objects.bulk_create([Cart(user_id=user.pk)], ignore_conflicts=True)
    return Cart.objects.values_list("pk", flat=True).get(user=user)


def _lock_cart(customer: Customer) -> Cart | None:
    """Return the shopper's cart, locked, or None. The transaction's waits are limited then."""
    cart = find_cart(customer, lock=True)
    if cart is None:
        transactions.limit_waits()
    return cart


def _lock_line(
    customer: Customer, line_id: UUID
) -> tuple[Cart, list[CartItem], CartItem]:
    """Return the shopper's cart, locked, with all its lines and this one. Raises: NotFound."""
    found = cart_lines.find_shown(customer, lock=True)
    for line in found.items if found else []:
        if found and line.id == line_id:
            return found.cart, found.items, line
    raise NotFound


def _refuse_mixing(items: Iterable[CartItem]) -> None:
    """Refuse gift cards beside other goods: they are paid, taxed and sent in other ways."""
    if len({item.offer.is_gift_card for item in items}) > 1:
        raise errors.GiftCardsAlone


def _check_quantity(offer: Offer, wanted: int) -> None:
    if wanted > MAX_PER_LINE:
        raise errors.QuantityLimit
    if wanted > offer.sellable:
        raise OutOfStock(
            lines=[
                {
                    "variantId": offer.variant_id,
                    "sku": offer.sku,
                    "requested": wanted,
                    "available": offer.sellable,
                }
            ]
        )


def _save_changes(cart: Cart, token: str | None) -> CartSummary:
    """Note that the cart is in use, and return it whole."""
    cart_lines.save_cart(cart)
    return cart_summary.summarize_cart(cart, token=token)


def _put_and_show(
    cart: Cart, token: str | None, items: Sequence[CartItem], put: CartItem
) -> CartSummary:
    """Write one of these lines, and return the cart whole."""
    return cart_summary.summarize_cart(
        cart,
        token=token,
        items=[put if item.id == put.id else item for item in items],
        change=cart_lines.query_put_line(cart, put),
    )
