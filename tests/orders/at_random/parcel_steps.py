"""What staff do with orders, parcels and the cash that comes with them."""

from __future__ import annotations

from uuid import uuid4

from django.conf import settings

from orders.models.fulfilment import ParcelStatus
from orders.models.order_status import OrderStatus
from orders.services import (
    fulfilments,
    order_additions,
    transitions,
)
from orders.staff_schemas import (
    Move,
    Parcel,
    ParcelMove,
    ParcelPieces,
    PieceAddition,
    PiecesCancellation,
)
from tests.orders.at_random.model import (
    BEFORE_LEAVING,
    MAX_PIECES,
    STAFF,
    Box,
    NothingThere,
    Sale,
)
from tests.orders.at_random.world import World


class ParcelSteps(World):
    def confirm_order(self) -> None:
        sale = self.choose_sale("pending")
        allowed = sale.status == "pending" and not sale.waits_for_money
        if self.attempt(
            "confirm",
            allowed,
            lambda: transitions.move_order(
                Move(status=OrderStatus.CONFIRMED),
                order_id=sale.order.pk,
                actor=STAFF,
            ),
        ):
            sale.stage = "confirmed"

    def add_pieces(self) -> None:
        sale = self.choose_sale(*BEFORE_LEAVING)
        pieces = self.chance.randint(1, 3)
        quantity = sale.quantity + pieces
        # What is sent for nothing may cost less with one piece more.
        goods, shipping = (
            quantity * sale.price,
            sale.total - sale.quantity * sale.price,
        )
        total = goods + (0 if goods >= settings.SHIPPING_FREE_ABOVE else shipping)
        paid = sale.payable if sale.pay == "paid" else sale.part
        allowed = (
            sale.status in BEFORE_LEAVING
            and sale.pay != "refunded"
            and not sale.waived
            and not sale.refunded
            and not sale.is_swap
            and quantity <= MAX_PIECES
            and total >= paid
        )
        addition = PieceAddition(
            sku=self.variants[sale.size].sku, quantity=pieces, reason="a"
        )
        if not self.attempt(
            "add pieces",
            allowed,
            lambda: order_additions.add_pieces(
                addition, order_id=sale.order.pk, actor=STAFF, key=str(uuid4())
            ),
        ):
            return
        sale.quantity, sale.total = quantity, total
        if sale.pay == "paid" and total > paid:
            sale.pay, sale.part = "unpaid", paid

    def pack_parcel(self) -> None:
        sale = self.choose_sale("confirmed", "processing", "partially_shipped")
        pieces = self.chance.randint(1, 4)
        allowed = (
            sale.status in ("confirmed", "processing", "partially_shipped")
            and not sale.waits_for_money
            and pieces <= sale.free
        )
        parcel = Parcel(
            lines=[ParcelPieces(line_id=sale.line_id, quantity=pieces)], ship=False
        )
        made = self.attempt(
            "pack",
            allowed,
            lambda: fulfilments.create_parcel(
                parcel, order_id=sale.order.pk, actor=STAFF
            ),
        )
        if made:
            sale.boxes.append(Box(made.pk, pieces))
            if sale.stage == "confirmed":
                sale.stage = "processing"

    def take_parcel_further(self) -> None:
        """Take a parcel that is on its way, or ready, further: the way that most go."""
        ahead = {"packed": "shipped", "shipped": "delivered"}
        every = [
            (sale, box)
            for sale in self.sales
            for box in sale.boxes
            if box.status in ahead
        ]
        if not every:
            raise NothingThere
        sale, box = self.chance.choice(every)
        self._move_parcel(sale, box, ahead[box.status])

    def move_parcel_anywhere(self) -> None:
        sale, box = self.choose_box()
        self._move_parcel(
            sale,
            box,
            self.chance.choice(sorted(set(ParcelStatus.values) - {"packed"})),
        )

    def _move_parcel(self, sale: Sale, box: Box, to: str) -> None:
        follows = {
            "packed": ("shipped", "cancelled"),
            "shipped": ("delivered", "undelivered", "lost"),
            "undelivered": ("shipped", "delivered", "returned", "lost"),
        }
        before, restock = box.status, self.chance.random() < 0.7
        move = ParcelMove(status=ParcelStatus(to), restock=restock)
        if not self.attempt(
            f"parcel {to}",
            to in follows.get(before, ()),
            lambda: fulfilments.move_parcel(
                move, fulfilment_id=box.id, actor=STAFF
            ),
        ):
            return
        box.status = to
        if to == "delivered":
            sale.is_over = False  # of several parcels, the last one counts
        if before == "packed" and to == "shipped":
            sale.shipped += box.pieces
            self.shelf[sale.size] -= box.pieces
        if to in ("returned", "lost"):
            sale.returned += box.pieces
            if to == "returned" and restock:
                self.shelf[sale.size] += box.pieces
            gone = sale.cancelled + sale.returned == sale.quantity
            self.credit_pieces(
                sale, box.pieces, whole=gone, state=self.refund_state_by_staff(sale)
            )

    def cancel_pieces(self) -> None:
        sale = self.choose_sale(*BEFORE_LEAVING, "partially_shipped")
        pieces = self.chance.randint(1, 2)
        allowed = (
            sale.status in (*BEFORE_LEAVING, "partially_shipped")
            and (not sale.waits_for_money or sale.part > 0)
            and pieces <= sale.free
        )
        body = PiecesCancellation(
            lines=[ParcelPieces(line_id=sale.line_id, quantity=pieces)], reason="a"
        )
        if not self.attempt(
            "cancel pieces",
            allowed,
            lambda: transitions.cancel_pieces(
                body, order_id=sale.order.pk, actor=STAFF
            ),
        ):
            return
        if pieces == sale.wanted:
            self.drop_order(sale)
            return
        sale.cancelled += pieces
        gone = sale.cancelled + sale.returned == sale.quantity
        self.credit_pieces(
            sale, pieces, whole=gone, state=self.refund_state_by_staff(sale)
        )

    def take_cash(self) -> None:
        sale = self.choose_sale("delivered", "shipped")
        allowed = (
            sale.method == "cod"
            and sale.pay == "unpaid"
            and sale.status != "cancelled"
            and sale.due > 0
        )
        if self.attempt(
            "cash",
            allowed,
            lambda: transitions.mark_cash_paid(order_id=sale.order.pk, actor=STAFF),
        ):
            sale.pay, sale.collected = "paid", sale.payable
