"""What PostgreSQL does for a cart: which statements it gets, and how it plans them."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from markrin.db.sql import fetch_all
from orders.models import Cart
from tests.factories import (
    make_cart_line,
    make_coupon,
    make_promotion,
    make_tax,
    make_variant,
)


def add(client, variant):
    answer = client.post(
        "/api/cart/items", {"variantId": str(variant.pk), "quantity": 1}
    )
    assert answer.status_code == 200, answer.content
    return answer.json()


def count_uses():
    rows = fetch_all(
        # one text may be there for values of several types
        "SELECT statement, sum(custom_plans + generic_plans) AS uses"
        " FROM pg_prepared_statements GROUP BY 1"
    )
    return {row["statement"]: row["uses"] for row in rows}


def test_what_a_cart_asks_for_can_be_planned_once_and_not_for_each_call(
    api, customer
):
    """PostgreSQL decides by what it knows of the tables; a bare array it plans anew each time."""
    if connection.settings_dict["DISABLE_SERVER_SIDE_CURSORS"]:
        pytest.skip("behind a pooler nothing is prepared")
    client, variant = api.as_user(customer), make_variant(stock=20)
    make_promotion(percent=10)
    add(client, variant)
    before = count_uses()
    add(client, variant)
    used = [sql for sql, uses in count_uses().items() if uses > before.get(sql, 0)]
    assert len(used) >= 5
    assert not [sql for sql in used if re.search(r"ANY \(\$", sql)]


def test_a_further_line_takes_four_statements_and_five_with_promotions(
    api, customer
):
    make_tax("standard", "10", default=True)
    client, counts = api.as_user(customer), []
    for turn in range(5):
        if turn == 3:  # one that needs a code asks for nothing
            make_coupon(code="SAVE", percent=10)
        elif turn == 4:
            make_promotion(percent=10)
        make_cart_line(customer=customer)
        variant = make_variant()
        with CaptureQueriesContext(connection) as queries:
            add(client, variant)
        statements = [
            q["sql"]
            for q in queries
            if not q["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"))
        ]
        counts.append(len(statements))
    # The first one of a process reads taxes and shipping, the next ones their versions.
    assert counts == [6, 4, 4, 4, 5], "\n".join(statements)


def test_what_is_shown_after_a_change_is_what_is_stored(api, customer):
    client = api.as_user(customer)
    first, second, third = (make_variant(stock=9) for _ in range(3))
    for variant in (first, second, third, second):
        shown = add(client, variant)
        assert shown == client.get("/api/cart").json()
    assert [line["quantity"] for line in shown["items"]] == [1, 2, 1]
    used = Cart.objects.get().updated_at
    path = f"/api/cart/items/{shown['items'][1]['id']}"
    shown = client.patch(path, {"quantity": 5}).json()
    assert shown == client.get("/api/cart").json()
    assert [line["quantity"] for line in shown["items"]] == [1, 5, 1]
    shown = client.delete(path).json()
    assert shown == client.get("/api/cart").json()
    assert [line["sku"] for line in shown["items"]] == [first.sku, third.sku]
    assert Cart.objects.get().updated_at > used


def test_the_price_at_which_pieces_were_added_follows_the_last_addition(
    api, customer
):
    client, variant = api.as_user(customer), make_variant(stock=9)
    add(client, variant)
    variant.product.base_price = "77.50"
    variant.product.save()
    path = f"/api/cart/items/{client.get('/api/cart').json()['items'][0]['id']}"
    [line] = client.patch(path, {"quantity": 2}).json()["items"]
    assert (line["priceChanged"], line["price"]) == (True, "77.50")
    [line] = add(client, variant)["items"]
    assert (line["priceChanged"], line["priceAtAdd"]) == (False, "77.50")
    assert line["quantity"] == 3
