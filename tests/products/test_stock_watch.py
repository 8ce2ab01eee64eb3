"""Who hears that a piece is back, or that hardly any is left: each once."""

import pytest
from django.db import transaction

from markrin.outbox.models import OutboxEvent
from products.models import BackInStockRequest, LowStock
from products.services.stock import alerts, movements
from tests.factories import make_variant


@pytest.mark.django_db
def test_a_wish_is_answered_once_and_waits_again_if_it_sells_out(
    mailoutbox,
) -> None:
    variant = make_variant(stock=0)
    wish = BackInStockRequest.objects.create(variant=variant, email="a@example.com")
    alerts.queue_alerts(variant_ids=[variant.pk])
    assert not OutboxEvent.objects.filter(event="stock.came_back").exists()
    with transaction.atomic():
        movements.record_adjustment(
            variant_id=variant.pk, delta=1, ref="1", actor_id=None, note="found"
        )
    alerts.queue_alerts(variant_ids=[variant.pk])
    alerts.queue_alerts(variant_ids=[variant.pk])
    assert OutboxEvent.objects.filter(event="stock.came_back").count() == 1
    with transaction.atomic():
        movements.record_adjustment(
            variant_id=variant.pk, delta=-1, ref="2", actor_id=None, note="lost"
        )
    assert alerts.mail_back_in_stock(request_id=wish.pk) == {
        "skipped": "sold out again"
    }
    wish.refresh_from_db()
    assert (wish.notified_at, mailoutbox) == (None, [])
    with transaction.atomic():
        movements.record_adjustment(
            variant_id=variant.pk, delta=1, ref="3", actor_id=None, note="found"
        )
    alerts.queue_alerts(variant_ids=[variant.pk])
    alerts.mail_back_in_stock(request_id=wish.pk)
    assert variant.product.name in mailoutbox[0].subject


@pytest.mark.django_db
def test_staff_hear_of_each_fall_once(settings, mailoutbox) -> None:
    settings.LOW_STOCK_AT, settings.STAFF_MAIL = (
        3,
        ["one@example.com", "two@example.com"],
    )
    variant = make_variant(stock=4)

    def pieces(delta: int, ref: str) -> int:
        with transaction.atomic():
            movements.record_adjustment(
                variant_id=variant.pk, delta=delta, ref=ref, actor_id=None, note="x"
            )
        alerts.queue_alerts(variant_ids=[variant.pk])
        return alerts.queue_low_stock_mails()

    alerts.queue_alerts(variant_ids=[variant.pk])
    assert alerts.queue_low_stock_mails() == 0
    assert pieces(-1, "a") == 1
    assert pieces(-1, "b") == 0, "it fell once"
    jobs = OutboxEvent.objects.filter(task="products.mail_low_stock")
    assert jobs.count() == 2
    for job in jobs.order_by("pk"):
        payload = dict(job.payload)
        alerts.mail_low_stock(
            variant_ids=payload["variant_ids"],
            recipient=payload["recipient"],
            round_=payload["round"],
        )
    assert [message.to for message in mailoutbox] == [
        ["one@example.com"],
        ["two@example.com"],
    ]
    assert variant.sku in mailoutbox[0].body
    assert pieces(+5, "c") == 0
    assert not LowStock.objects.exists()
    assert pieces(-5, "d") == 1, "it fell again"


@pytest.mark.django_db
def test_nobody_is_told_where_nobody_is_named(settings) -> None:
    settings.STAFF_MAIL = []
    LowStock.objects.create(variant=make_variant(stock=0))
    assert alerts.queue_low_stock_mails() == 0
    assert LowStock.objects.filter(told_at=None).exists()


@pytest.mark.django_db
def test_a_wish_is_answered_when_a_restocked_draft_is_published(mailoutbox) -> None:
    variant = make_variant(stock=0)
    product = variant.product
    wish = BackInStockRequest.objects.create(variant=variant, email="a@example.com")
    product.status = "draft"
    product.save()
    with transaction.atomic():
        movements.record_adjustment(
            variant_id=variant.pk, delta=1, ref="1", actor_id=None, note="found"
        )
    alerts.queue_alerts(variant_ids=[variant.pk])
    assert alerts.queue_missed_wishes() == 0
    product.status = "published"
    product.save()
    assert [alerts.queue_missed_wishes(), alerts.queue_missed_wishes()] == [1, 0]
    assert OutboxEvent.objects.filter(event="stock.came_back").count() == 1
    alerts.mail_back_in_stock(request_id=wish.pk)
    assert product.name in mailoutbox[0].subject
