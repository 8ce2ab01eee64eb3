"""What customers do, and what the gateway tells of their money."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from orders.customer_identity import Customer
from orders.gateways.base import Notice, Outcome
from orders.models import Payment
from orders.schemas import ReturnAsked, ReturnPieces
from orders.services import (
    provider_events,
    return_requests,
    transitions,
)
from tests.factories import make_order
from tests.orders.at_random.model import (
    BEFORE_LEAVING,
    PRICES,
    AskedBack,
    NothingThere,
    Sale,
)
from tests.orders.at_random.world import World


class ShopperSteps(World):
    # --- Customers ---
    def place_order(self) -> None:
        guest = self.chance.random() < 0.4
        token = uuid4().hex if guest else None
        size, quantity = self.chance.choice("SMLX"), self.chance.randint(1, 4)
        method = self.chance.choice(["cod", "online"])
        order = make_order(
            customer=None if guest else self.customer,
            guest_email=f"{uuid4().hex}@example.com" if guest else None,
            token=token,
            variant=self.variants[size],
            quantity=quantity,
            method=method,
        )
        who = Customer(user=None if guest else self.customer, token=token)
        line = order.lines.get()
        assert line.line_total == quantity * PRICES[size]
        self.sales.append(
            Sale(order, who, size, quantity, method, order.total, line.pk)
        )
        self.done[f"place {method}"] += 1

    def cancel_order(self) -> None:
        sale = self.choose_sale(*BEFORE_LEAVING)
        allowed = sale.status in BEFORE_LEAVING
        if self.attempt(
            "cancel",
            allowed,
            lambda: transitions.cancel_order(
                customer=sale.who, order_id=sale.order.pk
            ),
        ):
            self.drop_order(sale)

    def ask_for_return(self) -> None:
        self._ask_back(withdraws=False)

    def withdraw_order(self) -> None:
        self._ask_back(withdraws=True)

    def _ask_back(self, *, withdraws: bool) -> None:
        sale = self.choose_sale("delivered", "partially_shipped", "shipped")
        pieces = self.chance.randint(1, 3)
        arrived = any(box.status == "delivered" for box in sale.boxes)
        others = [size for size in self.variants if size != sale.size]
        size = self.chance.choice(others)
        swaps = not withdraws and self.chance.random() < 0.5
        allowed = (
            arrived and not sale.is_over and pieces <= sale.held - sale.asked_for
        )
        variant_id = self.variants[size].pk if swaps else None
        line = ReturnPieces(
            line_id=sale.line_id, quantity=pieces, exchange_variant_id=variant_id
        )
        how: dict[str, Any] = {
            "order_id": sale.order.pk,
            "customer": sale.who,
            "key": str(uuid4()),
        }
        if withdraws:
            made = self.attempt(
                "withdraw",
                allowed,
                lambda: return_requests.withdraw(lines=[line], **how),
            )
        else:
            asked = ReturnAsked(reason="too_small", lines=[line])
            made = self.attempt(
                "ask", allowed, lambda: return_requests.request_return(asked, **how)
            )
        if made:
            status = "approved" if withdraws else "requested"
            one = AskedBack(made[0].pk, pieces, swaps, status)
            sale.asked.append(one)
            self.sizes[one.id] = size

    def cancel_return(self) -> None:
        sale, one = self.choose_return("requested", "approved")
        if self.attempt(
            "cancel return",
            one.status in ("requested", "approved"),
            lambda: return_requests.cancel_request(
                order_id=sale.order.pk, request_id=one.id, customer=sale.who
            ),
        ):
            one.status = "cancelled"
            self.drop_replacement(one)

    # --- The gateway ---
    def choose_page(self) -> tuple[Sale, Payment]:
        pages = Payment.objects.filter(provider="test").order_by("id")
        known = {sale.order.pk: sale for sale in self.sales}
        found = [(known[page.order_id], page) for page in pages]
        if not found:
            raise NothingThere
        return self.chance.choice(found)

    def tell_outcome(self, page: Payment, outcome: Outcome) -> str:
        return provider_events.record_notice(
            Notice(
                provider="test",
                event_id=uuid4().hex,
                type=str(outcome),
                outcome=outcome,
                ref=page.provider_ref,
                payment_id=page.pk,
                amount=page.amount,
                currency=page.currency,
            )
        )

    def pay_page(self) -> None:
        sale, page = self.choose_page()
        said = self.tell_outcome(page, Outcome.SUCCEEDED)
        self.done[f"pay: {said}"] += 1
        if page.state == "succeeded":
            assert said == "known already"
            return
        if sale.pay not in ("unpaid", "failed"):
            assert said == "paid twice: refunded"
        elif page.amount == sale.due:
            sale.pay, sale.collected = "paid", sale.payable
            if sale.status == "cancelled":
                assert said == "too late: refunded"
                self.note_refunds(sale, [(sale.left, "requested")])
            elif sale.stage == "pending":
                sale.stage = "confirmed"
        elif page.amount < sale.due and sale.status in BEFORE_LEAVING:
            assert said == "paid in part"
            sale.part += page.amount
        else:
            assert said == "another amount"

    def decline_page(self) -> None:
        sale, page = self.choose_page()
        self.done[f"decline: {self.tell_outcome(page, Outcome.DECLINED)}"] += 1
        if (
            page.state == "created"
            and sale.pay == "unpaid"
            and sale.status == "pending"
        ):
            sale.pay = "failed"
