"""Gift cards that are sold: a product like others, but without tax, shipping and promotions, as
the card is only a means of payment (a multi-purpose voucher). Source: Directive 2006/112/EC
art. 30b(2); CGST Act s.12(4)(b) for India: taxed when it is redeemed.

Once the order is paid, a job makes a card for every piece, mails the codes, and closes the order.
"""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from markrin.db import transactions
from orders.models import Fulfilment, GiftCard, Order, OrderLine
from orders.models.fulfilment import ParcelStatus
from orders.models.order_status import BEFORE_SHIPPING, OrderStatus, PaymentStatus
from orders.services import fulfilments, gift_cards, ledger, lifecycle
from orders.services.lifecycle import SYSTEM
from orders.staff_schemas import Tracking


@transactions.requires_transaction
def issue_sold_cards(*, order_id: UUID) -> None:
    """Make and mail the cards of an order that is paid, once: the body of a job. An order of
    other goods, or one that was cancelled meanwhile, is left alone. Part of the job's transaction.

    Locks: the order, stock in variant order.
    """
    order = lifecycle.lock_order(order_id)
    if (
        not order.sells_gift_cards
        or order.payment_status != PaymentStatus.PAID
        or order.status not in BEFORE_SHIPPING
    ):
        return
    cards = [
        card for line in order.lines.all() for card in _make_cards(order, line)
    ]
    if order.status == OrderStatus.PENDING:
        lifecycle.set_status(order, OrderStatus.CONFIRMED, actor=SYSTEM)
    ledger.book_gift_card_sale(order)
    # The pieces leave as others do, so that stock, status and ledger are those of a sale.
    fulfilments.pack_parcel(order, None, tracking=Tracking(), actor=SYSTEM)
    for parcel in Fulfilment.objects.filter(
        order=order, status=ParcelStatus.PACKED
    ):
        fulfilments.send_parcel(order, parcel, actor=SYSTEM)
        fulfilments.deliver_parcel(order, parcel, actor=SYSTEM)
    for card in cards:
        gift_cards.request_mail(card)


def _make_cards(order: Order, line: OrderLine) -> list[GiftCard]:
    life = settings.GIFT_CARD_LIFE_DAYS
    expires_at = timezone.now() + timedelta(days=life) if life else None
    cards = []
    for _ in range(line.to_ship):
        card = gift_cards.create_card(
            email=order.email,
            language=order.language,
            expires_at=expires_at,
            order_line_id=line.pk,
        )
        gift_cards.put_sold_money(card, order, line.unit_price)
        cards.append(card)
    return cards
