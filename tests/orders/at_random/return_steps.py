"""What staff do with returns and refunds."""

from __future__ import annotations

from decimal import Decimal
from uuid import uuid4

from orders.services import (
    refunds,
    return_requests,
    returns,
)
from orders.services.lifecycle import Actor
from orders.staff_schemas import (
    GoodsReturn,
    JudgedPieces,
    ReturnApproval,
    ReturnedPieces,
    ReturnJudgement,
)
from tests.orders.at_random.model import (
    PRICES,
    STAFF,
    AskedBack,
    NothingThere,
    Sale,
)
from tests.orders.at_random.world import World


class ReturnSteps(World):
    def approve_return(self) -> None:
        sale, one = self.choose_return("requested")
        allowed = one.status == "requested" and (
            not one.swaps or sale.pay == "paid"
        )
        made = self.attempt(
            "approve",
            allowed,
            lambda: return_requests.approve_request(
                ReturnApproval(), request_id=one.id, actor=STAFF
            ),
        )
        if not made:
            return
        one.status = "approved"
        if one.swaps:
            order = made.exchange
            assert order.total == one.pieces * PRICES[self.sizes[one.id]]
            one.replacement = Sale(
                order,
                sale.who,
                self.sizes[one.id],
                one.pieces,
                "online",
                order.total,
                order.lines.get().pk,
                is_swap=True,
            )
            self.sales.append(one.replacement)

    def reject_return(self) -> None:
        _, one = self.choose_return("requested")
        if self.attempt(
            "reject",
            one.status == "requested",
            lambda: return_requests.reject_request(
                "No.", request_id=one.id, actor=STAFF
            ),
        ):
            one.status = "rejected"

    def receive_return(self) -> None:
        _, one = self.choose_return("approved")
        if self.attempt(
            "receive",
            one.status == "approved",
            lambda: return_requests.receive_request(
                "", request_id=one.id, actor=STAFF
            ),
        ):
            one.status = "received"

    def judge_return(self) -> None:
        sale, one = self.choose_return("received")
        sellable, damaged, refused = (self.chance.randint(0, 2) for _ in range(3))
        judged = JudgedPieces(
            line_id=sale.line_id,
            sellable=sellable,
            damaged=damaged,
            refused=refused,
        )
        allowed = (
            one.status == "received" and sellable + damaged + refused <= one.pieces
        )
        if not self.attempt(
            "judge",
            allowed,
            lambda: return_requests.judge_request(
                ReturnJudgement(lines=[judged]),
                request_id=one.id,
                actor=Actor("staff", self.customer.pk),
                key=str(uuid4()),
            ),
        ):
            return
        one.status = "completed"
        accepted = sellable + damaged
        sale.returned += accepted
        sale.came_back += accepted
        self.shelf[sale.size] += sellable
        whole = accepted == sale.wanted
        if accepted and sale.pay in ("unpaid", "failed"):
            self.credit_pieces(sale, accepted, whole=whole, state="")
        made = one.replacement
        if made is not None and made.status == "pending":
            self.pay_replacement(sale, made, one, accepted)
        elif accepted and sale.pay == "paid":
            self.credit_pieces(sale, accepted, whole=whole, state="requested")

    def pay_replacement(
        self, sale: Sale, made: Sale, one: AskedBack, accepted: int
    ) -> None:
        worth = Decimal(0)
        if sale.pay == "paid":
            worth = min(accepted * sale.price, sale.left)
        before = worth
        if (
            worth > 0 and sale.goodwill
        ):  # as its refunds say: the rest went back as money
            worth = self.less_goodwill(sale, worth)
        if worth <= 0:
            self.drop_order(made)
            return
        assert before - sale.goodwill <= worth
        missing = one.pieces - accepted
        made.cancelled, made.waived = missing, missing * made.price
        price = max(worth + accepted * (made.price - sale.price), Decimal(0))
        made.goodwill = max(made.payable - price, Decimal(0))
        made.waived += made.goodwill
        moved = min(worth, made.payable)
        if moved < made.payable:
            made.part = moved
        else:
            made.pay, made.stage, made.collected = "paid", "confirmed", moved
        back = [(moved, "succeeded")] if moved else []
        if over := min(worth - moved, sale.left - moved):
            back.append((over, "requested"))
        self.note_refunds(sale, back)

    def take_back(self) -> None:
        sale = self.choose_sale("delivered", "partially_shipped")
        pieces, restock = self.chance.randint(1, 2), self.chance.random() < 0.5
        refund = self.chance.random() < 0.5
        allowed = (
            sale.status != "returned"
            and pieces <= sale.held - sale.asked_for
            and (not refund or sale.pay == "paid")
        )
        line = ReturnedPieces(
            line_id=sale.line_id, quantity=pieces, restock=restock
        )
        goods = GoodsReturn(reason="a", lines=[line], refund=refund)
        if not self.attempt(
            "take back",
            allowed,
            lambda: returns.take_back(goods, order_id=sale.order.pk, actor=STAFF),
        ):
            return
        sale.returned += pieces
        sale.came_back += pieces
        if restock:
            self.shelf[sale.size] += pieces
        if refund or sale.pay in ("unpaid", "failed"):
            whole = pieces == sale.wanted
            self.credit_pieces(
                sale, pieces, whole=whole, state=self.refund_state_by_staff(sale)
            )

    def refund_order(self) -> None:
        sale = self.choose_sale("delivered", "confirmed")
        amount = Decimal(self.chance.randint(1, 3000)) / 100
        left = min(sale.payable, sale.collected) - sale.refunded
        allowed = sale.pay == "paid" and amount <= left
        if self.attempt(
            "refund",
            allowed,
            lambda: refunds.refund_order(
                order_id=sale.order.pk,
                actor=STAFF,
                amount=amount,
                reason="a",
                idempotency_key=str(uuid4()),
            ),
        ):
            self.note_refunds(sale, [(amount, self.refund_state_by_staff(sale))])
            sale.goodwill += amount

    def settle_refund(self) -> None:
        every = [(sale, pk) for sale in self.sales for pk in sale.given]
        if not every:
            raise NothingThere
        sale, pk = self.chance.choice(every)
        amount, state = sale.given[pk]
        if self.attempt(
            "settle refund",
            state == "requested",
            lambda: refunds.settle_refund(
                refund_id=pk, actor=STAFF, succeeded=True
            ),
        ):
            sale.given[pk] = (amount, "succeeded")
            self.note_success(sale)
