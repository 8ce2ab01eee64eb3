"""Pieces that staff add to an order that has not left: at the prices and with the promotions that
it was placed with.
"""

from collections.abc import Sequence
from dataclasses import fields, replace
from decimal import Decimal
from uuid import UUID

from django.utils import timezone

from accounts.schemas import PostalAddress
from markrin.db import transactions
from markrin.db.models import uuid7
from markrin.outbox import services as outbox
from orders import cart_summary, errors, events
from orders.buyers import find_buyer, find_destination
from orders.cart_lines import CartItem
from orders.models import Invoice, Order, OrderLine, OrderTax, ReturnRequest
from orders.models.cart import MAX_LINES, MAX_PER_LINE
from orders.models.invoice import InvoiceKind
from orders.models.order_event import OrderEventKind
from orders.models.order_status import BEFORE_SHIPPING, PaymentMethod, PaymentStatus
from orders.order_taxes import list_order_taxes
from orders.pricing.quote import Quote
from orders.promotion_terms import read_taken_promotions
from orders.promotion_uses import rewrite_discounts
from orders.quotes import price_items
from orders.services import idempotency, lifecycle, rest_payments
from orders.services.lifecycle import Actor
from orders.shipping_choice import ShippingWish, choose_shipping
from orders.shipping_offers import list_offered
from orders.staff_schemas import PieceAddition
from products.models import Variant
from products.models.stock import MovementKind
from products.selectors import offers, past_prices
from products.services.stock.movements import StockMove, move_stock


@transactions.durable
def add_pieces(
    addition: PieceAddition, *, order_id: UUID, actor: Actor, key: str | None
) -> tuple[Order, bool]:
    """Add pieces of a variant to an order which nothing has left of yet. Return it, and whether the
    key had added them before.

    A piece costs what it cost when the order was placed. The promotions that took something off
    then count for the added pieces too, whether or not they still run; shipping and taxes are
    reckoned anew. The customer gets the confirmation again, with the new total. Of an order that is
    paid the difference is owed: at the door, or by a link that is mailed, and before it is packed.

    Locks: the key, the order, stock.

    Raises:
        IdempotencyKeyMissing, IdempotencyKeyReused, IdempotencyKeyInUse: see `idempotency`.
        NotFound: there is no such order.
        OrderNotIn: something has left, was cancelled, given back or invoiced, or it would cost less
            than is paid: the rest is an order of its own.
        VariantNotOnSale, QuantityLimit, CartFull, OutOfStock: and nothing has changed.
    """
    claim = idempotency.build_claim(
        scope=f"staff:{actor.user_id}",
        key=key,
        route=f"POST /api/staff/orders/{order_id}/items",
        body=addition,
    )
    addition_id = uuid7()
    if idempotency.claim_key(claim, addition_id) is not None:
        return Order.objects.with_lines().get(pk=order_id), True
    order = lifecycle.lock_order(order_id)
    _refuse_settled(order)
    variant = Variant.objects.filter(sku=addition.sku).first()
    if variant is None:
        raise errors.VariantNotOnSale(f"There is no SKU {addition.sku}.")
    lines = list(order.lines.order_by("position"))
    line = _grow_line(order, lines, variant.pk, addition.quantity)
    if line not in lines:
        lines.append(line)
    quote = _quote_lines(order, lines)
    paid, is_paid = order.amount_paid, order.payment_status == PaymentStatus.PAID
    if quote.money(quote.total) < paid:
        raise errors.OrderNotIn(
            "With these pieces it would cost less than is paid. Take them as an order by"
            " telephone.",
            order_status=order.status,
        )
    _write_amounts(order, lines, quote)
    note = f"Added: {addition.quantity} × {line.sku}. {addition.reason}".strip()
    lifecycle.record_event(order, OrderEventKind.EDIT, actor=actor, note=note)
    if is_paid and order.payable > paid:
        earlier = paid - order.gift_card_amount
        has_link = rest_payments.owe_rest(order, earlier, actor=actor)
    else:
        has_link = rest_payments.renew_page(order)
    if not has_link:  # whose mail says all of it
        outbox.add(
            events.MailWanted(
                order_id=order.pk, mail_name="placed", wanted_id=addition_id
            )
        )
    ref = f"reserve:{line.pk}:{addition_id}"
    move_stock(
        [
            StockMove(
                variant.pk, MovementKind.RESERVE, ref, d_reserved=addition.quantity
            )
        ]
    )
    return order, False


def can_take_more(order: Order) -> bool:
    """Return whether pieces may be added, as far as the order's own row says. No query."""
    return (
        order.status in BEFORE_SHIPPING
        and order.payment_status != PaymentStatus.REFUNDED
        and not order.waived
        and not order.refunded
        and not order.sells_gift_cards
    )


def _refuse_settled(order: Order) -> None:
    if (
        not can_take_more(order)
        or ReturnRequest.objects.filter(exchange=order).exists()
        or Invoice.objects.filter(order=order, kind=InvoiceKind.INVOICE).exists()
    ):
        raise errors.OrderNotIn(
            "An order takes more pieces before any has left, was cancelled, given back or"
            " invoiced; a replacement takes none. Take the rest as an order by telephone.",
            order_status=order.status,
        )


def _grow_line(
    order: Order, lines: Sequence[OrderLine], variant_id: UUID, quantity: int
) -> OrderLine:
    """Return the variant's line with the pieces added, or a new one; not saved."""
    offer = offers.get_offers([variant_id])[variant_id]
    if not offer.on_sale or offer.is_gift_card:  # those are sold by themselves
        raise errors.VariantNotOnSale
    line = next((each for each in lines if each.variant_id == variant_id), None)
    if line is None:
        if len(lines) >= MAX_LINES:
            raise errors.CartFull
        line = OrderLine(
            id=uuid7(),
            order=order,
            position=max(each.position for each in lines) + 1,
            variant_id=variant_id,
            product_id=offer.product_id,
            category_id=offer.category_id,
            name=offer.name,
            sku=offer.sku,
            size=offer.size,
            color=offer.color,
            image=offer.image.url if offer.image else "",
            quantity=0,
            unit_price=past_prices.get_price_at(
                variant_id=variant_id, moment=order.created_at
            ),
            tax_class=offer.tax_class,
        )
    line.quantity += quantity
    if line.quantity > MAX_PER_LINE:
        raise errors.QuantityLimit
    return line


def _quote_lines(order: Order, lines: Sequence[OrderLine]) -> Quote:
    """Return what the lines cost, as the order was priced: four queries."""
    known = offers.get_offers(line.variant_id for line in lines)
    items = [
        CartItem(
            line.pk,
            replace(
                known[line.variant_id],
                price=line.unit_price,
                is_reduced=line.unit_price < known[line.variant_id].base_price,
                tax_class=line.tax_class,
            ),
            line.quantity,
            line.unit_price,
        )
        for line in lines
    ]
    address = PostalAddress(
        **{slot.name: getattr(order, slot.name) for slot in fields(PostalAddress)}
    )
    buyer = find_buyer(address, order.tax_id)
    offered = list_offered(
        find_destination(address, buyer),
        cart_summary.list_pieces(items),
        user_id=order.user_id,
    )
    pays_cash = order.payment_method == PaymentMethod.COD
    wish = ShippingWish(order.shipping_method_id, pays_cash=pays_cash)
    pricing = price_items(
        items, buyer=buyer, live=read_taken_promotions(order), user_id=order.user_id
    )
    return choose_shipping(pricing, offered, wish).quote


def _write_amounts(order: Order, lines: Sequence[OrderLine], quote: Quote) -> None:
    """Write the quote into the order, its lines, taxes and discounts."""
    for line, priced in zip(lines, quote.lines, strict=True):
        line.discount = quote.money(priced.discount)
        line.tax = quote.money(priced.taxed.amount)
        line.tax_percent = sum(
            (part.percent for part in priced.taxed.parts), Decimal(0)
        )
        line.save()
    columns = {
        "subtotal": quote.money(quote.subtotal),
        "discount": quote.money(quote.discount),
        "shipping": quote.money(quote.shipping),
        "cod_fee": quote.money(sum(fee.amount for fee in quote.fees)),
        "tax": quote.money(quote.tax),
        "total": quote.money(quote.total),
        "updated_at": timezone.now(),
    }
    Order.objects.filter(pk=order.pk).update(**columns)
    for name, value in columns.items():
        setattr(order, name, value)
    OrderTax.objects.filter(order=order).delete()
    OrderTax.objects.bulk_create(list_order_taxes(order, lines, quote))
    rewrite_discounts(order, quote, lines={line.pk: line.pk for line in lines})
