"""A statement names another app's tables and columns only where that app publishes them."""

from pathlib import Path

import pytest

from dev import sql_tables
from dev.sql_tables import Published, find_unpublished

TABLES = {
    "orders_order": ("orders", {"id", "status", "email", "total"}),
    "orders_payment": ("orders", {"id", "order_id", "error"}),
    "analytics_day": ("analytics", {"day", "total"}),
}
PUBLISHED = Published(
    readable={"orders_order": {"id", "status"}},
    loadable={"orders_payment": {"id", "order_id", "error"}},
)


def breaches(text: str, app: str = "analytics") -> list[str]:
    return list(find_unpublished(text, app, TABLES, PUBLISHED))


@pytest.mark.parametrize(
    "text",
    [
        "SELECT id FROM orders_order WHERE status = 'paid'",
        "SELECT day, total FROM analytics_day JOIN orders_order ON id = day",
        "SELECT count(*) FROM orders_order",
        "SELECT id FROM orders_order WHERE status IN ('email', 'total')",  # words, no columns
        "orders_payment",  # a bulk load names it
        "no table at all, but an email and a total",
    ],
)
def test_what_is_published_may_be_named(text: str) -> None:
    assert breaches(text) == []


@pytest.mark.parametrize(
    ("text", "breach"),
    [
        ("SELECT email FROM orders_order", "orders_order.email is of orders"),
        ("SELECT total FROM orders_order", "orders_order.total is of orders"),
        ("SELECT * FROM orders_order", "orders_order: say which columns"),
        ("SELECT error FROM orders_payment", "orders_payment is of orders"),
    ],
)
def test_what_is_not_published_is_refused(text: str, breach: str) -> None:
    assert [one[: len(breach)] for one in breaches(text)] == [breach]


def test_the_owner_may_name_everything() -> None:
    assert (
        breaches("SELECT * FROM orders_order, orders_payment", app="orders") == []
    )


def test_a_published_column_that_is_gone_is_found() -> None:
    published = Published({"orders_order": {"gone"}, "orders_lost": {"id"}}, {})
    assert list(sql_tables.check_declared(TABLES, published)) == [
        "published_tables: orders_order has no column gone",
        "published_tables: there is no table orders_lost",
    ]


def test_an_f_string_is_read_as_one() -> None:
    source = 'X = f"SELECT {columns} FROM orders_order"'
    assert list(sql_tables.list_strings(source)) == [
        (1, "SELECT   FROM orders_order")
    ]


def test_the_apps_name_only_what_is_published() -> None:
    assert list(sql_tables.check_apps()) == []


def test_a_new_breach_is_found_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "analytics").mkdir()
    statement = 'SQL = "SELECT guest_token_hash FROM orders_order"'
    (tmp_path / "analytics/new.py").write_text(f"import os\n{statement}\n")
    breach = "orders_order.guest_token_hash is of orders, which does not publish it"
    assert list(sql_tables.check_apps(tmp_path)) == [
        f"analytics/new.py:2: {breach}"
    ]
