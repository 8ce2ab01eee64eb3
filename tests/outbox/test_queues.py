"""What is away pauses its own queue, and nothing else."""

import socket
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from accounts import events as accounts_events
from celery_app import QUEUES, app
from markrin.cache.tags import CacheTouched
from markrin.outbox import handlers, services
from markrin.outbox.models import OutboxEvent, OutboxPause
from orders import events
from orders.models import Payment, Refund
from tests.factories import make_order, make_user, make_variant
from tests.outbox.helpers import drain


@pytest.fixture
def provider_away(settings):
    """Razorpay's own library, sent to a port at which nobody listens."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # ours, and not listened at
        settings.RAZORPAY_KEY_ID, settings.RAZORPAY_KEY_SECRET = (
            "rzp_test_key",
            "secret",
        )
        settings.RAZORPAY_WEBHOOK_SECRET = "whsec"
        settings.RAZORPAY_API_BASE = f"http://127.0.0.1:{closed.getsockname()[1]}"
        yield


def request_refund():
    order = make_order(variant=make_variant(stock=5))
    payment = Payment.objects.create(
        order=order,
        provider="razorpay",
        provider_ref=uuid4().hex,
        amount=order.total,
        currency=order.currency,
        state="succeeded",
        succeeded_at=timezone.now(),
    )
    refund = Refund.objects.create(
        order=order, payment=payment, amount="1.00", reason="broken", surplus=True
    )
    with transaction.atomic():
        services.add(events.RefundRequested(order_id=order.pk, refund_id=refund.pk))


@pytest.mark.django_db(transaction=True)
def test_five_failed_refunds_pause_refunds_while_mail_stock_and_cache_go_on(
    provider_away,
):
    for _ in range(5):
        request_refund()
    assert drain(queue="payments") == [("orders.send_refund", "retry")] * 5
    assert [
        pause.queue for pause in OutboxPause.objects.filter(failures__gte=5)
    ] == ["payments"]

    request_refund()  # makes an order too: its mail, its stock
    with transaction.atomic():
        services.add(CacheTouched(tags=("products",)))
    with transaction.atomic():
        services.add(accounts_events.UserRegistered(user_id=make_user().pk))
    ran = drain()
    assert ("cache.drop", "done") in ran
    assert ("products.queue_alerts", "done") in ran
    assert ("accounts.welcome_by_mail", "done") in ran
    refunds = OutboxEvent.objects.filter(task="orders.send_refund")
    assert [refund.attempts for refund in refunds.order_by("id")] == [
        1,
        1,
        1,
        1,
        1,
        0,
    ]
    assert services.resume_queue("payments")


def test_what_talks_to_others_stands_in_a_queue_of_theirs():
    named = {
        **{name: handler.queue for name, handler in handlers.registry.items()},
        **{
            entry["task"]: entry["options"].get(
                "queue", app.conf.task_default_queue
            )
            for entry in app.conf.beat_schedule.values()
            if entry["task"] != "outbox.heartbeat"
        },
    }
    assert set(named.values()) <= set(QUEUES)
    assert {name for name, queue in named.items() if queue == "payments"} >= {
        "orders.send_refund",
        "orders.abandon_payment",
        "orders.settle_payments",
    }
    assert named["orders.confirm_by_mail"] == "email"
    assert named["products.pull_feeds"] == "outbound"
    assert named["cache.drop"] == named["products.apply_feed"] == "inventory"
