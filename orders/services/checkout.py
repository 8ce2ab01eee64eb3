"""Placing an order: one transaction from the cart to the reserved stock."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import OperationalError, connection
from django.utils import timezone

from accounts.schemas import PostalAddress
from markrin.api.errors import ShopError
from markrin.db import transactions
from markrin.db.models import uuid7
from markrin.db.sql import Query, fetch_prepared, new_instance
from markrin.outbox import services as outbox
from orders import (
    cart_lines,
    cart_summary,
    code_tries,
    coupon_rules,
    errors,
    events,
    gateways,
    gift_card_lookup,
    quotes,
    waiting_pieces,
)
from orders.buyers import find_buyer, find_destination
from orders.cart_lines import CartItem
from orders.cart_lookup import find_cart
from orders.customer_identity import Customer
from orders.gateways.base import Started
from orders.models import (
    Cart,
    GiftCard,
    Order,
    OrderEvent,
    OrderLine,
    Payment,
)
from orders.models.order_event import OrderEventKind
from orders.models.order_status import OrderStatus, PaymentMethod, PaymentStatus
from orders.order_rows import NewOrder, query_insert_order
from orders.order_taxes import list_order_taxes
from orders.pricing.quote import Quote
from orders.promotion_terms import (
    NO_PROMOTIONS,
    LivePromotions,
    Person,
    may_have_promotions,
    read_promotions,
)
from orders.promotion_uses import take_promotions
from orders.rule_versions import versions_with
from orders.schemas import Checkout
from orders.services import (
    gift_cards,
    idempotency,
    invoices,
    lifecycle,
    order_limits,
    payments,
    refused_orders,
)
from orders.services.idempotency import KeyClaim
from orders.services.lifecycle import SYSTEM, Actor
from orders.shipping_choice import CashSender, ShippingWish, take_shipping
from orders.shipping_offers import OfferedMethod, list_offered
from orders.turns import Turns
from products.errors import OutOfStock
from products.services.stock import movements

_turns = Turns(settings.CHECKOUTS_AT_ONCE)


@dataclass(frozen=True)
class _Buyer:
    """Who buys, where their mails go, and in which language; `address` is a snapshot."""

    customer: Customer
    email: str
    address: PostalAddress

    @property
    def person(self) -> Person:
        """Whose uses of promotions are counted."""
        user = self.customer.user
        return Person(user.pk if user else None, self.email)

    @property
    def sender(self) -> refused_orders.Sender:
        """Whom staff ask where a limit has refused the order. One query."""
        user = self.customer.user
        return refused_orders.Sender(
            email=self.email,
            phone=self.address.phone,
            recipient=self.address.recipient,
            user_id=user.pk if user else None,
            cart=find_cart(self.customer),
        )


@dataclass(frozen=True)
class PlacedOrder:
    """The order, loaded as it is shown; how to pay, if it is to be paid online; a guest's
    token; whether it was placed before."""

    order: Order
    payment: Started | None
    token: str | None
    replayed: bool


def place_order(
    checkout: Checkout, *, customer: Customer, key: str | None, base_url: str
) -> PlacedOrder:
    """Turn the customer's cart into an order, reserve its stock and, for an online order,
    open its payment.

    `key` is the idempotency key that the client sent. Amounts are in the shop's currency. The
    payment provider is called after the commit: if it does not answer, the order stands
    without a way to pay, until `start_payment` asks again.

    Locks: the key, the cart, gift cards in key order, the coupon, then stock in variant order.

    Raises:
        IdempotencyKeyMissing, IdempotencyKeyReused, IdempotencyKeyInUse: see `idempotency`.
        CartEmpty, AddressUnknown, EmailNeeded, EmailUnexpected, GuestCheckoutOff,
        PaymentMethodUnavailable. CouponUnknown and the coupon's other refusals; RateLimited, too.
        NotDeliveredThere, ShippingMethodUnknown, CashNotAllowed.
        GiftCardUnknown, GiftCardUnusable, RateLimited: a code that was sent is no card's, nothing
            is left on it, or too many such codes were tried. GiftCardsAlone: the cart has gift
            cards and other goods, or they are not paid online.
        QuoteChanged: the cart does not cost what was expected; `quote` says what it costs.
        OutOfStock: fewer pieces are left than asked for; `lines` says of what. After any
            refusal nothing has changed.
    """
    claim = idempotency.build_claim(
        scope=customer.scope, key=key, route="POST /api/orders", body=checkout
    )
    try:
        buyer = _identify_buyer(checkout, customer)
        order, replayed = _place_in_turn(checkout, buyer, claim)
    except ShopError:
        # The pieces may be missing because this very request has bought them, the address
        # deleted since.
        if (known := idempotency.find_result(claim)) is None:
            raise
        order, replayed = Order.objects.with_lines().get(pk=known), True
    if not replayed:
        _count_back_orders(order)
    return PlacedOrder(
        order,
        payments.open_payment(order, base_url=base_url),
        customer.token,
        replayed,
    )


def _count_back_orders(order: Order) -> None:
    """Say of each line how many of its pieces are not there yet, as later answers do. One query,
    where the cart had any that were not.
    """
    lines: list[Any] = list(order.list_related("lines"))
    if any(line.on_back_order for line in lines):
        missing = waiting_pieces.list_missing_pieces([order.pk])
        for line in lines:
            line.on_back_order = missing.get(line.pk, 0)


def _place_in_turn(
    checkout: Checkout, buyer: _Buyer, claim: KeyClaim
) -> tuple[Order, bool]:
    """Place the order, a few at a time in this process and first come, first served: more would
    only wait for one another's rows, against the clock.

    Raises:
        OutOfStock: also where the wait for a row was in vain, and the last piece is gone by now.
    """
    if not _turns.acquire(blocking=False):
        _check_stock(buyer.customer)
        _turns.acquire()
    try:
        return _place_order(checkout, buyer, claim)
    except order_limits.OrderLimitReached as refusal:
        refused_orders.record_refusal(refusal, buyer.sender)
        raise
    except OperationalError:
        _check_stock(buyer.customer)
        raise
    finally:
        _turns.release()


def _identify_buyer(checkout: Checkout, customer: Customer) -> _Buyer:
    user, email = customer.user, checkout.email
    if (
        user is None and customer.staff is None
    ):  # on the telephone one needs no e-mail
        if not settings.GUEST_CHECKOUT:
            raise errors.GuestCheckoutOff
        if not email:
            raise errors.EmailNeeded
    if user is not None and email:
        raise errors.EmailUnexpected
    if (
        checkout.payment_method == PaymentMethod.ONLINE
        and gateways.current() is None
    ):
        raise errors.PaymentMethodUnavailable
    return _Buyer(
        customer=customer,
        email=user.email if user is not None else email or "",
        address=checkout.shipping_address or _get_address(checkout, customer),
    )


def _get_address(checkout: Checkout, customer: Customer) -> PostalAddress:
    """Return the entry of the address book that the customer has chosen."""
    if customer.user is not None and checkout.address_id is not None:
        of_user = [checkout.address_id, customer.user.pk]
        for row in fetch_prepared(_ADDRESS, of_user):
            return PostalAddress(**row)
    raise errors.AddressUnknown


# The casts keep a column's type when a migration widens it, as a prepared statement needs.
_ADDRESS: Final = f"""
    SELECT {", ".join(f"{slot.name}::text" for slot in fields(PostalAddress))}
    FROM accounts_address WHERE id = %s::uuid AND user_id = %s::uuid
"""  # noqa: S608 (our own names)


def _check_stock(customer: Customer) -> None:
    """Refuse what is sold out without queueing for the rows that everybody wants.

    Only a look: the transaction decides. One query.
    """
    _refuse_missing(cart_lines.load_customer_items(customer))


def _refuse_missing(items: Sequence[CartItem]) -> None:
    short = [item for item in items if not item.available]
    if short:
        raise OutOfStock(
            lines=[
                {
                    "variantId": item.offer.variant_id,
                    "sku": item.offer.sku,
                    "requested": item.quantity,
                    "available": item.count_in_stock,
                }
                for item in short
            ]
        )


@transactions.durable(limits=False)  # begin_order sends them
def _place_order(
    checkout: Checkout, buyer: _Buyer, claim: KeyClaim
) -> tuple[Order, bool]:
    order_id = uuid7()
    number, known = idempotency.begin_order(claim, order_id)
    if known is not None:
        return Order.objects.with_lines().get(pk=known), True
    found = cart_lines.lock_with_items(buyer.customer)
    if found is None or not found.items:
        raise errors.CartEmpty
    cart, items = found.cart, found.items
    _refuse_missing(items)
    if any(item.offer.is_gift_card for item in items):
        _check_gift_card_sale(checkout, items)
    draft = _price_cart(checkout, buyer, cart, items)
    _enforce_limits(buyer, items)
    order, insertion = _insert_order(checkout, buyer, draft, order_id, number)
    lines = list(order.list_related("lines"))
    _take_promotions(order, lines, draft, buyer)
    _pay_by_cards(order, draft, buyer)
    # Last: the busiest rows are locked for the shortest time.
    movements.reserve_stock(
        {line.pk: (line.variant_id, line.quantity) for line in lines},
        with_events=[events.OrderPlaced(order_id=order.pk)],
        after=insertion,
    )
    return order, False


def _check_gift_card_sale(checkout: Checkout, items: Sequence[CartItem]) -> None:
    """Raise GiftCardsAlone where gift cards are not bought by themselves, or not paid online."""
    if checkout.payment_method != PaymentMethod.ONLINE or not all(
        item.offer.is_gift_card for item in items
    ):
        raise errors.GiftCardsAlone


def _enforce_limits(buyer: _Buyer, items: Sequence[CartItem]) -> None:
    """Raise OrderLimitReached where this sender holds as much as one may without having paid,
    and staff have not allowed one order more. Staff who take an order have spoken with a person.
    """
    if buyer.customer.staff is not None:
        return
    user = buyer.customer.user
    try:
        order_limits.enforce_order_limits(
            {item.offer.variant_id: item.quantity for item in items},
            email=buyer.email,
            phone=buyer.address.phone,
            address=buyer.customer.address,
            account=user.pk if user is not None and user.email_verified else None,
        )
    except order_limits.OrderLimitReached:
        phone = buyer.address.phone
        if not refused_orders.use_allowance(email=buyer.email, phone=phone):
            raise


@dataclass(frozen=True)
class _PricedCart:
    """An order before it is written."""

    items: Sequence[CartItem]
    quote: Quote
    live: LivePromotions
    method: (
        OfferedMethod | None
    )  # None: as a replacement, or gift cards; for nothing
    cards: Sequence[GiftCard] = ()
    cart_id: UUID | None = None  # the cart that it empties
    now: datetime = field(default_factory=timezone.now)
    replaces: Order | None = None  # whose pieces come back for it, and pay it


def _price_cart(
    checkout: Checkout, buyer: _Buyer, cart: Cart, items: Sequence[CartItem]
) -> _PricedCart:
    """Return the priced cart.

    A coupon that was named must apply. One that only lies in the cart may have ceased to:
    then the shopper either expects the higher total already, or is told."""
    named = checkout.all_coupon_codes
    codes = named or cart.coupon_codes
    live = _read_promotions(buyer, cart, codes, items)
    cards = _lock_gift_cards(checkout, buyer, cart)
    quote, method = _quote_shipped(checkout, buyer, cart, items, live, cards)
    refused = coupon_rules.find_first_refusal(codes, quote, live)
    if refused is not None and (named or checkout.expected_total is None):
        raise refused
    if checkout.expected_total not in (None, quote.money(quote.total)):
        raise errors.QuoteChanged(quote=quote.to_json())
    if checkout.expected_amount_due not in (None, quote.money(quote.amount_due)):
        raise errors.QuoteChanged(quote=quote.to_json())
    return _PricedCart(items, quote, live, method, cards, cart.pk)


def _read_promotions(
    buyer: _Buyer, cart: Cart, codes: Sequence[str], items: Sequence[CartItem]
) -> LivePromotions:
    """Return what may apply. Codes that the cart did not have are counted as tries."""
    if not may_have_promotions(cart, codes):
        return NO_PROMOTIONS
    new = set(codes) - set(cart.coupon_codes)
    code_tries.count_tries("coupon", len(new), customer=buyer.customer)
    live = read_promotions(
        buyer.person, codes, {item.offer.product_id for item in items}
    )
    code_tries.give_back_tries(
        "coupon", len(new & live.codes), customer=buyer.customer
    )
    return live


def _quote_shipped(
    checkout: Checkout,
    buyer: _Buyer,
    cart: Cart,
    items: Sequence[CartItem],
    live: LivePromotions,
    cards: Sequence[GiftCard],
) -> tuple[Quote, OfferedMethod | None]:
    """Return what it costs, and how it is sent; gift cards that are bought are mailed."""
    taxed = find_buyer(buyer.address, checkout.tax_id)
    versions = versions_with(cart)
    pricing = quotes.price_items(
        items,
        buyer=taxed,
        live=live,
        user_id=buyer.person.user_id,
        needs_state=True,
        gift_cards=gift_card_lookup.as_payment_means(cards),
        tax_version=versions.tax,
    )
    if items[0].offer.is_gift_card:
        return pricing.quote_with(None), None
    return take_shipping(
        pricing,
        list_offered(
            find_destination(buyer.address, taxed),
            cart_summary.list_pieces(items),
            user_id=buyer.person.user_id,
            version=versions.shipping,
        ),
        ShippingWish(
            checkout.shipping_method_id,
            checkout.payment_method == PaymentMethod.COD,
        ),
        CashSender(
            buyer.person,
            buyer.address.phone,
            buyer.address.street,
            buyer.address.postal_code,
        ),
    )


def _lock_gift_cards(
    checkout: Checkout, buyer: _Buyer, cart: Cart
) -> Sequence[GiftCard]:
    """Return the cards to pay with, locked: those whose codes were sent, else the cart's. One
    whose code was sent must be usable; one that only lies in the cart may have ceased to be.
    """
    if checkout.use_store_credit is not None:
        cart.use_store_credit = checkout.use_store_credit
    if not checkout.gift_card_codes:
        return cart_summary.load_gift_cards(cart, lock=True)
    named = gift_cards.find_cards(checkout.gift_card_codes, customer=buyer.customer)
    cart.gift_card_ids = list(dict.fromkeys(card.pk for card in named))
    usable = cart_summary.load_gift_cards(cart, lock=True)
    if not set(cart.gift_card_ids) <= {card.pk for card in usable}:
        raise errors.GiftCardUnusable
    return usable


def _pay_by_cards(order: Order, draft: _PricedCart, buyer: _Buyer) -> None:
    """Take what the quote says off the gift cards; an order that they cover is paid."""
    customer = buyer.customer
    actor = Actor(customer.actor, customer.user.pk if customer.user else None)
    order.card_payments = gift_cards.redeem(  # type: ignore[attr-defined]  # as with_lines
        order, draft.quote.gift_cards, draft.cards, actor=actor
    )
    if draft.quote.gift_cards and not draft.quote.amount_due:
        if settings.INVOICE_AT == "paid":
            invoices.issue_for_payment(order, order.card_payments[-1])  # type: ignore[attr-defined]
        lifecycle.set_status(order, OrderStatus.CONFIRMED, actor=SYSTEM)
        outbox.add(events.OrderPaid(order_id=order.pk))
        order._prefetched_objects_cache.pop("events")  # type: ignore[attr-defined]


def _take_promotions(
    order: Order, lines: Sequence[OrderLine], draft: _PricedCart, buyer: _Buyer
) -> None:
    """Write what promotions took off, and count their uses."""
    # Django's own
    order._prefetched_objects_cache["discounts"] = take_promotions(  # type: ignore[attr-defined]
        order,
        draft.quote,
        draft.live,
        person=buyer.person,
        lines={
            item.id: line.pk for item, line in zip(draft.items, lines, strict=True)
        },
    )


def _insert_order(
    checkout: Checkout,
    buyer: _Buyer,
    draft: _PricedCart,
    order_id: UUID,
    number: int,
) -> tuple[Order, Query[object] | None]:
    """Write the order, its lines, its first event and its payment, and return it as it is
    shown, without reading. Where no other rows need it before its stock's, it is written by the
    query that is returned.
    """
    quote, customer = draft.quote, buyer.customer
    owed = quote.amount_due > 0  # nothing is paid already
    online = (
        checkout.payment_method == PaymentMethod.ONLINE
        and owed
        and draft.replaces is None
    )
    order = new_instance(
        Order,
        id=order_id,
        number=f"MK-{timezone.localtime(draft.now).year}-{number:06d}",
        user=customer.user,
        email=buyer.email,
        guest_token_hash=draft.replaces.guest_token_hash
        if draft.replaces
        else customer.token_hash,
        language=customer.language,
        payment_method=checkout.payment_method,
        payment_status=PaymentStatus.UNPAID if owed else PaymentStatus.PAID,
        paid_at=None if owed else draft.now,
        coupon_code=next(
            (
                each.promotion.code
                for each in quote.discounts
                if each.promotion.code
            ),
            "",
        ),
        expires_at=draft.now + timedelta(seconds=_unpaid_ttl_s(customer))
        if online
        else None,
        currency=quote.currency,
        subtotal=quote.money(quote.subtotal),
        discount=quote.money(quote.discount),
        shipping=quote.money(quote.shipping),
        cod_fee=quote.money(quote.fee_total),
        **_snapshot_shipping(draft.method),
        tax=quote.money(quote.tax),
        tax_included=quote.tax_included,
        tax_id=checkout.tax_id,
        supply_country=quote.supply.place.country,
        supply_state=quote.supply.place.state,
        zero_rated=quote.supply.zero_rated or "",
        total=quote.money(quote.total),
        gift_card_amount=quote.money(quote.total - quote.amount_due),
        sells_gift_cards=draft.items[0].offer.is_gift_card,
        **vars(buyer.address),
    )
    lines = [
        _build_line(order, position, item, quote)
        for position, item in enumerate(draft.items)
    ]
    for line, item in zip(lines, draft.items, strict=True):
        line.slug = item.offer.slug  # type: ignore[attr-defined]  # as with_lines
        line.on_back_order = item.on_back_order  # type: ignore[attr-defined]  # as above
    taxes = list_order_taxes(order, lines, quote)
    event = new_instance(
        OrderEvent,
        order=order,
        kind=OrderEventKind.STATUS,
        to_status=OrderStatus.PENDING,
        by=customer.staff or customer.user,
        actor=customer.actor,
        request_id=lifecycle.current_request_id(),
    )
    insertion = query_insert_order(
        NewOrder(order, lines, taxes, event, draft.cart_id)
    )
    is_needed = online or draft.replaces or quote.discounts or quote.gift_cards
    if is_needed:
        insertion.fetch()
    if online:
        Payment.objects.create(
            order=order,
            provider=settings.ONLINE_PROVIDER,
            amount=quote.money(quote.amount_due),
            currency=quote.currency,
            return_url=checkout.return_url,
        )
    # Django's own
    order._prefetched_objects_cache = {  # type: ignore[attr-defined]
        "lines": lines,
        "taxes": taxes,
        "events": [event],
        "fulfilments": [],
        "returns": [],
        "return_requests": [],
    }
    order._state.fields_cache["exchange_of"] = None  # Django's own, as above
    order.card_payments = []  # type: ignore[attr-defined]  # as with_lines
    return order, None if is_needed else insertion


def _unpaid_ttl_s(customer: Customer) -> int:
    """Return how long an order may wait for its payment: longer where a link is mailed."""
    if customer.staff is not None:
        return int(settings.ORDER_LINK_TTL_S)
    return int(settings.ORDER_UNPAID_TTL_S)


def _snapshot_shipping(method: OfferedMethod | None) -> dict[str, object]:
    """Return an order's columns of how it is sent, and what was promised."""
    if method is None:
        return {"shipping_name": ""}
    promise = method.promise
    return {
        "shipping_method_id": method.terms.id if method.terms.is_stored else None,
        "shipping_name": method.terms.name,
        "delivers_from": promise.first if promise else None,
        "delivers_until": promise.last if promise else None,
    }


@transactions.requires_transaction
def place_replacements(items: Sequence[CartItem], original: Order) -> Order:
    """Write the order of what a customer gets in exchange for pieces of `original`: to the same
    place, at the prices of `items`, without promotions and shipping. It waits for the pieces to
    come back, not for a provider; reserving its stock is the caller's.
    """
    address = PostalAddress(
        **{
            slot.name: getattr(original, slot.name)
            for slot in fields(PostalAddress)
        }
    )
    buyer = _Buyer(
        Customer(user=original.user, language=original.language),
        original.email,
        address,
    )
    taxed = find_buyer(address, original.tax_id)
    priced = quotes.price_items(
        items, buyer=taxed, live=NO_PROMOTIONS, user_id=original.user_id
    )
    quote = priced.quote_with(None)
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('orders_order_number')")
        number = int(cursor.fetchone()[0])
    chosen = Checkout(payment_method=PaymentMethod.ONLINE, tax_id=original.tax_id)
    draft = _PricedCart(items, quote, NO_PROMOTIONS, None, replaces=original)
    order, _ = _insert_order(chosen, buyer, draft, uuid7(), number)
    return order


def _build_line(
    order: Order, position: int, item: CartItem, quote: Quote
) -> OrderLine:
    offer, priced = item.offer, quote.lines[position]
    return new_instance(
        OrderLine,
        id=uuid7(),
        order=order,
        position=position,
        variant_id=offer.variant_id,
        product_id=offer.product_id,
        category_id=offer.category_id,
        name=offer.name,
        sku=offer.sku,
        size=offer.size,
        color=offer.color,
        image=offer.image.url if offer.image else "",
        quantity=item.quantity,
        unit_price=quote.money(priced.line.unit_price),
        discount=quote.money(priced.discount),
        tax_class=priced.line.tax_class,
        tax_percent=sum((part.percent for part in priced.taxed.parts), Decimal(0)),
        tax=quote.money(priced.taxed.amount),
    )
