"""What no webhook told is found in the providers' lists: with real servers in their place."""

from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from orders import errors
from orders.models import (
    Difference,
    Dispute,
    LedgerEntry,
    Payment,
    Payout,
    Reconciliation,
    Refund,
)
from orders.services import reconciliation
from tests.orders.provider_orders import (
    STAFF,
    assert_clean,
    balance,
    money_of,
    order,
    pay,
    reconcile_all,
    state_of,
)
from tests.outbox.helpers import drain
from tests.providers.fixtures import (
    deliver,
    page_of,
    provider,
    razorpay_server,
    stripe_server,
)

__all__ = ["order", "provider", "razorpay_server", "stripe_server"]


def test_what_no_webhook_told_is_found_in_the_lists(api, order, provider):
    page = page_of(order.payments.get())
    provider.ahead_s = -60  # all of it happened a minute ago
    provider.pay(page)
    dispute = provider.open_dispute(money_of(provider), 100)
    provider.close_dispute(dispute["id"], won=True)
    provider.refund(money_of(provider), 500)
    provider.pay_out() if provider.name == "stripe" else provider.settle()
    provider.webhooks.take()  # all lost, and nobody asks
    out = StringIO()
    call_command("reconcile", stdout=out)
    assert "No difference is open." in out.getvalue()
    assert state_of(order) == ("confirmed", "paid")
    kinds = Difference.objects.order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["charge", "refund", "dispute", "payout"]
    assert not Difference.objects.exclude(
        settled_how__startswith="Booked now"
    ).exists()
    before = LedgerEntry.objects.count()
    call_command("reconcile", stdout=out)
    assert (Difference.objects.count(), LedgerEntry.objects.count()) == (4, before)
    assert_clean()


def test_what_changes_weeks_later_is_found_where_no_webhook_tells(
    api, order, provider
):
    pay(api, order, provider)
    provider.refund(money_of(provider), 500)
    dispute = provider.open_dispute(money_of(provider), 100)
    deliver(api, provider)
    for one in [*provider.all("refund"), dispute]:
        one["created" if provider.name == "stripe" else "created_at"] -= 21 * 86_400
    provider.close_dispute(dispute["id"], won=False)
    for refund in provider.all("refund"):
        provider.finish_refund(refund["id"], ok=False)
    provider.webhooks.take()  # all lost
    reconciliation.reconcile_recent()
    assert Dispute.objects.get().status == "lost"
    assert not Refund.objects.filter(state="succeeded").exists()
    assert balance("provider") == order.total - 1
    assert not list(reconciliation.list_open_differences())
    assert_clean()


def test_what_is_booked_as_it_went_costs_no_statement_of_its_own(
    api, order, provider
):
    """The nightly comparison looks at weeks of refunds, nearly all of which are known."""
    pay(api, order, provider)
    counts = []
    for refunds_made in (1, 5):
        for _ in range(refunds_made):
            provider.refund(money_of(provider), 100)
        deliver(api, provider)
        drain(queue="payments")
        with CaptureQueriesContext(connection) as asked:
            assert reconcile_all() == []
        counts.append(len(asked))
    assert Refund.objects.filter(state="succeeded").count() == 6
    assert counts[0] == counts[1]


def test_what_the_books_cannot_take_keeps_nothing_else_from_being_booked(
    api, order, provider
):
    provider.ahead_s = -60  # all of it happened a minute ago
    pay(api, order, provider)
    dispute = provider.open_dispute(money_of(provider), 100)
    dispute["amount"] = 0  # no rule of a provider says that it cannot be
    provider.pay_out() if provider.name == "stripe" else provider.settle()
    provider.webhooks.take()
    for _ in range(2):
        [left] = reconcile_all()
        assert (left.kind, left.ref) == ("dispute", dispute["id"])
        assert "dispute_amount_positive" in left.cause
    assert Payout.objects.count() == 1
    dispute["amount"] = 100
    reconcile_all()
    assert Dispute.objects.get().amount == 1


def test_money_that_is_nobodys_and_payments_that_are_not_there(
    api, order, provider
):
    provider.ahead_s = -60  # all of it happened a minute ago
    pay(api, order, provider)
    Payment.objects.update(
        charge_ref="pi_gone" if provider.name == "stripe" else "pay_gone"
    )
    Payment.objects.update(created_at=timezone.now() - timedelta(hours=3))
    Payment.objects.update(succeeded_at=timezone.now() - timedelta(hours=3))
    if provider.name == "stripe":
        provider._succeed(provider._new_intent(777, "inr", {}))
    else:
        provider.pay(provider._new_order(777, "INR")["id"])
    out = StringIO()
    with pytest.raises(CommandError, match="are open"):
        call_command("reconcile", stdout=out)
    causes = " ".join(Difference.objects.values_list("cause", flat=True))
    assert "of no payment of the shop" in causes
    assert "that the provider does not have" in causes
    n = Difference.objects.count()
    with pytest.raises(CommandError):
        call_command("reconcile", stdout=StringIO())
    assert Difference.objects.count() == n
    stray = Difference.objects.get(theirs=Decimal("7.77"))
    reconciliation.settle_difference(
        difference_id=stray.pk, actor=STAFF, how="A test by the bank."
    )
    with pytest.raises(errors.DifferenceSettled):
        reconciliation.settle_difference(
            difference_id=stray.pk, actor=STAFF, how="Again."
        )


def test_a_provider_that_stops_answering_leaves_a_row_that_says_so(
    api, order, provider
):
    pay(api, order, provider)
    provider.fail("status", "GET", status=500, times=None)
    with pytest.raises(CommandError, match="run it again"):
        call_command("reconcile", stdout=StringIO())
    row = Reconciliation.objects.get()
    assert (row.finished_at, row.error.partition(":")[0]) == (None, "ProviderDown")


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (["--from", "2026-11-01"], "or neither"),
        (["--from", "1.11.2026", "--to", "2026-11-02"], "takes a day as"),
        (["--from", "2026-11-03", "--to", "2026-11-01"], "must not be after"),
        (["--provider", "paypal"], "no credentials"),
    ],
)
def test_the_command_says_what_it_wants(db, args, why):
    with pytest.raises(CommandError, match=why):
        call_command("reconcile", *args, stdout=StringIO())
