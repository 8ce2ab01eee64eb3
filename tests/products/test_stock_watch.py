"""Who hears that a piece is back, or that hardly any is left: each once."""

import pytest
from django.db import transaction

from markrin.outbox.models import OutboxEvent
from products.models import BackInStockRequest, LowStock
from products.services import stock, stock_watch
from tests.factories import make_variant


@pytest.mark.django_db
def test_a_wish_is_answered_once_and_waits_again_if_it_sells_out(mailoutbox) -> None:
    variant = make_variant(stock=0)
    wish = BackInStockRequest.objects.create(variant=variant, email="a@example.com")
    stock_watch.watch(variant_ids=[variant.pk])
    assert not OutboxEvent.objects.filter(event="stock.came_back").exists()
    with transaction.atomic():
        stock.adjust(
            variant_id=variant.pk, delta=1, ref="1", actor_id=None, note="found"
        )
    stock_watch.watch(variant_ids=[variant.pk])
    stock_watch.watch(variant_ids=[variant.pk])
    assert OutboxEvent.objects.filter(event="stock.came_back").count() == 1
    with transaction.atomic():
        stock.adjust(
            variant_id=variant.pk, delta=-1, ref="2", actor_id=None, note="lost"
        )
    assert stock_watch.back_in_stock_by_mail(request_id=wish.pk) == {
        "skipped": "sold out again"
    }
    wish.refresh_from_db()
    assert (wish.notified_at, mailoutbox) == (None, [])
    with transaction.atomic():
        stock.adjust(
            variant_id=variant.pk, delta=1, ref="3", actor_id=None, note="found"
        )
    stock_watch.watch(variant_ids=[variant.pk])
    stock_watch.back_in_stock_by_mail(request_id=wish.pk)
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
            stock.adjust(
                variant_id=variant.pk, delta=delta, ref=ref, actor_id=None, note="x"
            )
        stock_watch.watch(variant_ids=[variant.pk])
        return stock_watch.tell_low_stock()

    stock_watch.watch(variant_ids=[variant.pk])
    assert stock_watch.tell_low_stock() == 0
    assert pieces(-1, "a") == 1
    assert pieces(-1, "b") == 0, "it fell once"
    jobs = OutboxEvent.objects.filter(task="products.low_stock_by_mail")
    assert jobs.count() == 2
    for job in jobs.order_by("pk"):
        payload = dict(job.payload)
        stock_watch.low_stock_by_mail(
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
    assert stock_watch.tell_low_stock() == 0
    assert LowStock.objects.filter(told_at=None).exists()
