"""What PostgreSQL does for a cart: which statements it gets, and how it plans them."""

import pytest
from django.db import connection

from markrin.db.sql import fetch_all
from tests.factories import make_variant

PLANNED_BEFORE_ONE_IS_KEPT = 5  # PostgreSQL's own number


def add(client, variant):
    answer = client.post(
        "/api/cart/items", {"variantId": str(variant.pk), "quantity": 1}
    )
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_what_a_cart_asks_for_is_planned_once_and_not_for_each_call(api, customer):
    if connection.settings_dict["DISABLE_SERVER_SIDE_CURSORS"]:
        pytest.skip("behind a pooler nothing is prepared")
    client, variant = api.as_user(customer), make_variant(stock=20)
    for _ in range(PLANNED_BEFORE_ONE_IS_KEPT + 3):
        add(client, variant)
    planned = fetch_all(
        "SELECT statement, custom_plans, generic_plans FROM pg_prepared_statements"
    )
    assert len(planned) >= 5
    anew = [
        row["statement"]
        for row in planned
        if row["custom_plans"] > PLANNED_BEFORE_ONE_IS_KEPT
    ]
    assert not anew
