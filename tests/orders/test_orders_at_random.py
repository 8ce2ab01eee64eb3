"""Orders at random: every step, by customers, staff, the gateway and the clock, in any order, also
where it makes no sense. A model says whether a step is allowed and what comes of it; after each
one status, pieces, money and stock are the model's, and the shop's own rules hold.

The short form is a few dozen steps; ORDERS=full plays 5,000 (`make orders-random`).
"""

from __future__ import annotations

import os
import sys

import pytest
from django.db import connection

from tests.orders.at_random.clock_steps import ClockSteps
from tests.orders.at_random.parcel_steps import ParcelSteps
from tests.orders.at_random.return_steps import ReturnSteps
from tests.orders.at_random.shopper_steps import ShopperSteps

FULL = os.environ.get("ORDERS") == "full"
EPISODES, STEPS = (50, 100) if FULL else (2, 45)


class RandomTrade(ShopperSteps, ParcelSteps, ReturnSteps, ClockSteps):
    """All that is done with orders, in any order."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        # How often each is tried: what takes orders ahead more often than what ends them.
        self.steps = {
            self.place_order: 4,
            self.pay_page: 5,
            self.decline_page: 1,
            self.cancel_order: 1,
            self.confirm_order: 5,
            self.pack_parcel: 6,
            self.take_parcel_further: 12,
            self.move_parcel_anywhere: 3,
            self.cancel_pieces: 1,
            self.take_cash: 4,
            self.ask_for_return: 8,
            self.withdraw_order: 1,
            self.cancel_return: 1,
            self.approve_return: 6,
            self.reject_return: 1,
            self.receive_return: 6,
            self.judge_return: 6,
            self.take_back: 1,
            self.refund_order: 1,
            self.settle_refund: 1,
            self.expire_order: 1,
            self.expire_return: 1,
            self.end_window: 1,
            self.add_pieces: 2,
        }


@pytest.mark.timeout(1200 if FULL else 300)
@pytest.mark.parametrize("seed", range(EPISODES))
def test_the_shop_does_as_the_model_says(db, settings, tmp_path, seed):
    settings.WITHDRAWAL_DAYS, settings.ONLINE_PROVIDER = 30, "test"
    settings.MEDIA_ROOT = tmp_path
    trade = RandomTrade(seed)
    trade.place_order()
    trade.place_order()
    for number in range(STEPS):
        trade.take_step()
        try:
            connection.check_constraints()  # what is deferred to the commit
            trade.check_agreement()
        except AssertionError as exc:
            raise AssertionError(
                f"after step {number}: {dict(trade.done)}"
            ) from exc
    if FULL:
        sys.stdout.write(f"\n{STEPS} steps: {dict(sorted(trade.done.items()))}\n")
