"""Selling without stock: what may be promised under each policy, and what a change of it keeps."""

from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from markrin.outbox.models import OutboxEvent
from products.errors import OutOfStock, PiecesNotThere, StockTooLow, StockUntracked
from products.invariants import INVARIANTS as OF_PRODUCTS
from products.models import LowStock, StockLevel, StockMovement
from products.models.feed import FeedRowResult
from products.models.stock import MovementKind
from products.services.stock import alerts, counts, movements
from products.services.stock.counts import FeedLine
from tests.factories import make_order, make_product, make_variant


@pytest.fixture(autouse=True)
def nothing_is_wrong(db):
    """After each test the catalogue's own rules hold."""
    yield
    assert [breach for rule in OF_PRODUCTS for breach in rule.find_breaches()] == []


def move(variant, kind, on_hand=0, reserved=0):
    with transaction.atomic():
        movements.move_stock(
            [
                movements.StockMove(
                    variant.pk,
                    kind,
                    str(uuid4()),
                    d_on_hand=on_hand,
                    d_reserved=reserved,
                )
            ]
        )


def reserve(variant, pieces):
    move(variant, MovementKind.RESERVE, reserved=pieces)


def level(variant):
    found = StockLevel.objects.get(pk=variant.pk)
    return found.on_hand, found.reserved, found.overpromised


def set_policy(client, variant, policy):
    answer = client.patch(
        f"/api/products/{variant.product_id}/variants/{variant.pk}",
        {"inventoryPolicy": policy},
    )
    assert answer.status_code == 200, answer.json()
    assert answer.json()["inventoryPolicy"] == policy
    return answer.json()


@pytest.mark.parametrize("policy", ["continue", "untracked"])
def test_what_is_sold_without_stock_can_be_bought_and_found(
    staff_client, api, policy
):
    product = make_product()
    answer = staff_client.post(
        f"/api/products/{product.pk}/variants",
        {"sku": "A", "size": "M", "inventoryPolicy": policy},
    )
    assert answer.status_code == 201, answer.json()
    for shown in (
        answer.json(),
        api.get(f"/api/products/{product.slug}").json()["variants"][0],
    ):
        assert (
            shown["inventoryPolicy"],
            shown["countInStock"],
            shown["inStock"],
        ) == (
            policy,
            0,
            True,
        )
    query = {"inStock": "true", "size": "M", "facets": "true"}
    found = api.get("/api/products", query).json()
    assert [each["id"] for each in found["items"]] == [str(product.pk)]
    assert found["items"][0]["inStock"]
    assert found["facets"]["size"] == [{"value": "M", "count": 1}]
    alerts.queue_alerts(variant_ids=[answer.json()["id"]])
    assert not LowStock.objects.exists()


def test_a_new_untracked_variant_has_no_stock(staff_client):
    product = make_product()
    answer = staff_client.post(
        f"/api/products/{product.pk}/variants",
        {"sku": "A", "inventoryPolicy": "untracked", "stock": 3},
    )
    assert answer.status_code == 400
    [error] = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/stock", "untracked")
    assert not product.variants.exists()


def test_a_product_that_is_replaced_keeps_its_policies_unless_it_names_them(
    staff_client,
):
    product = make_product()
    first = make_variant(product=product, policy="continue", stock=0, sku="A")
    second = make_variant(product=product, stock=0, sku="B")
    body = {
        "name": product.name,
        "categoryId": str(product.category_id),
        "basePrice": "10.00",
        "variants": [
            {"sku": "A", "size": "S"},
            {"sku": "B", "size": "M", "inventoryPolicy": "untracked"},
            {"sku": "C", "size": "L", "inventoryPolicy": "continue"},
        ],
    }
    answer = staff_client.put(f"/api/products/{product.pk}", body)
    assert answer.status_code == 200, answer.json()
    assert [each["inventoryPolicy"] for each in answer.json()["variants"]] == [
        "continue",
        "untracked",
        "continue",
    ]
    assert level(first) == level(second) == (0, 0, 0)


def test_on_back_order_more_is_promised_than_there_is_and_only_what_is_there_leaves():
    variant = make_variant(stock=1, policy="continue")
    reserve(variant, 3)
    assert level(variant) == (1, 3, 0)
    with pytest.raises(PiecesNotThere) as refused:
        move(variant, MovementKind.SHIP, on_hand=-2, reserved=-2)
    assert refused.value.extra["lines"] == [
        {
            "variantId": variant.pk,
            "sku": variant.sku,
            "requested": 2,
            "onHand": 1,
        }
    ]
    move(variant, MovementKind.SHIP, on_hand=-1, reserved=-1)
    move(variant, MovementKind.RELEASE, reserved=-1)
    move(variant, MovementKind.ADJUST, on_hand=1)
    move(variant, MovementKind.SHIP, on_hand=-1, reserved=-1)
    assert level(variant) == (0, 0, 0)


def test_back_to_deny_what_is_promised_stays_and_no_more_is(staff_client, api):
    variant = make_variant(stock=1, policy="continue")
    reserve(variant, 4)
    shown = set_policy(staff_client, variant, "deny")
    assert (shown["countInStock"], shown["inStock"], shown["reserved"]) == (
        0,
        False,
        4,
    )
    assert level(variant) == (1, 4, 3)
    product = api.get(f"/api/products/{variant.product_id}").json()
    assert not product["inStock"]
    with pytest.raises(OutOfStock) as refused:
        reserve(variant, 1)
    assert refused.value.extra["lines"] == [
        {
            "variantId": variant.pk,
            "sku": variant.sku,
            "requested": 1,
            "available": 0,
        }
    ]
    with (
        transaction.atomic(),
        pytest.raises(IntegrityError),
    ):  # nor past the service
        StockLevel.objects.filter(pk=variant.pk).update(reserved=5)
    move(variant, MovementKind.ADJUST, on_hand=2)
    assert level(variant) == (3, 4, 1)
    move(variant, MovementKind.SHIP, on_hand=-3, reserved=-3)
    assert level(variant) == (0, 1, 1)
    move(variant, MovementKind.RELEASE, reserved=-1)
    assert level(variant) == (0, 0, 0)
    move(variant, MovementKind.ADJUST, on_hand=1)
    reserve(variant, 1)
    with pytest.raises(OutOfStock):
        reserve(variant, 1)


def test_what_is_not_counted_does_not_move_and_is_counted_again_with_what_orders_wait_for(
    staff_client,
):
    variant = make_variant(stock=9)
    before = make_order(variant=variant, quantity=2)
    set_policy(staff_client, variant, "untracked")
    assert level(variant) == (0, 0, 0)
    moved = StockMovement.objects.count()
    make_order(variant=variant, quantity=5, status="shipped")
    waiting = make_order(variant=variant, quantity=3)
    assert StockMovement.objects.count() == moved
    for body, verb, path in (
        ({"delta": 3, "note": "found"}, staff_client.post, "adjust"),
        ({"countInStock": 3}, staff_client.put, "stock"),
    ):
        answer = verb(f"/api/staff/variants/{variant.pk}/{path}", body)
        assert (answer.status_code, answer.json()["code"]) == (
            409,
            "stock_untracked",
        )
    OutboxEvent.objects.all().delete()
    shown = set_policy(staff_client, variant, "deny")
    assert (shown["onHand"], shown["reserved"], shown["inStock"]) == (0, 5, False)
    assert level(variant) == (0, 5, 5)
    assert OutboxEvent.objects.filter(
        payload__variant_ids=[str(variant.pk)]
    ).exists()
    assert before.status == waiting.status == "pending"
    move(variant, MovementKind.ADJUST, on_hand=6)
    assert level(variant) == (6, 5, 0)


def test_the_pieces_for_sale_are_set_beside_what_is_promised(staff_client):
    variant = make_variant(stock=0, policy="continue")
    reserve(variant, 2)

    def set_stock(count):
        body = {"countInStock": count, "expected": 0}
        answer = staff_client.put(f"/api/staff/variants/{variant.pk}/stock", body)
        assert answer.json()["countInStock"] == count
        return level(variant)[:2]

    assert set_stock(0) == (0, 2)  # the other system has none either
    assert set_stock(3) == (5, 2)


def test_a_feed_counts_what_is_on_back_order_and_leaves_what_is_not_counted():
    from django.utils import timezone

    behind = make_variant(stock=4, policy="continue")
    reserve(behind, 6)
    uncounted = make_variant(policy="untracked")
    promised = make_variant(stock=4)
    reserve(promised, 3)
    lines = [
        FeedLine(number, variant.pk, 1, f"feed:{number}")
        for number, variant in enumerate((behind, uncounted, promised))
    ]
    with transaction.atomic():
        done = counts.apply_counts(lines, counted_at=timezone.now())
    assert [done[number].result for number in range(3)] == [
        FeedRowResult.APPLIED,
        FeedRowResult.UNCHANGED,
        FeedRowResult.CONFLICT,
    ]
    assert [level(each) for each in (behind, uncounted, promised)] == [
        (1, 6, 0),
        (0, 0, 0),
        (3, 3, 0),
    ]


def test_a_correction_leaves_no_fewer_than_none():
    variant = make_variant(stock=2, policy="continue")
    with pytest.raises(StockTooLow):
        move(variant, MovementKind.ADJUST, on_hand=-3)
    with pytest.raises(StockUntracked):
        move(make_variant(policy="untracked"), MovementKind.ADJUST, on_hand=1)
