"""What happens because time has passed."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from orders.models import Fulfilment, Order, ReturnRequest
from orders.services import (
    periodic,
    return_requests,
)
from tests.orders.at_random.model import (
    NothingThere,
)
from tests.orders.at_random.world import World


class ClockSteps(World):
    def expire_order(self) -> None:
        sale = self.choose_sale("pending")
        Order.objects.filter(pk=sale.order.pk, expires_at__isnull=False).update(
            expires_at=timezone.now() - timedelta(seconds=1)
        )
        due = [
            one
            for one in self.sales
            if one is sale
            and one.waits_for_money
            and one.status == "pending"
            and (not one.is_swap or one.part > 0)
        ]
        assert periodic.expire_orders() == len(due)
        for one in due:
            self.drop_order(one)
        self.done["expire"] += len(due)

    def expire_return(self) -> None:
        _, one = self.choose_return("approved")
        ReturnRequest.objects.filter(pk=one.id, send_by__isnull=False).update(
            send_by=timezone.now() - timedelta(seconds=1)
        )
        due = one.status == "approved"
        assert return_requests.expire_returns() == due
        if due:
            one.status = "cancelled"
            self.drop_replacement(one)
        self.done["expire return"] += due

    def end_window(self) -> None:
        if self.chance.random() < 0.8:
            raise NothingThere
        sale = self.choose_sale("delivered")
        Fulfilment.objects.filter(order=sale.order, status="delivered").update(
            delivered_at=timezone.now() - timedelta(days=60)
        )
        sale.is_over = bool(
            [box for box in sale.boxes if box.status == "delivered"]
        )
        self.done["end window"] += 1
