"""`manage.py verify` on sound data, and on every corruption that a switched-off rule lets in."""

import contextlib
import io
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from markrin.ops.verify import constraints
from products.models import Review
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def verify(*arguments):
    """Run it; return what it printed and its last word if it failed."""
    out = io.StringIO()
    with contextlib.suppress(CommandError):
        call_command("verify", *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def sql(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(statement, values)


@pytest.fixture
def shop(customer):
    """Orders in several states, a return, reviews, an address, a tree of categories."""
    root = factories.make_category(name="Root")
    child = factories.make_category(name="Child", parent=root)
    variant = factories.make_variant(
        stock=30, product=factories.make_product(category=child)
    )
    orders = [
        factories.make_order(
            customer=customer, variant=variant, quantity=2, status=status
        )
        for status in ("pending", "shipped", "delivered", "cancelled")
    ]
    coupon = factories.make_coupon()
    orders.append(factories.make_order(variant=variant, coupon_code=coupon.code))
    factories.make_review(product=variant.product)
    factories.make_address(user=customer)
    return {
        "variant": variant,
        "orders": orders,
        "coupon": coupon,
        "root": root,
        "child": child,
        "customer": customer,
    }


def test_exits_with_1_when_something_is_wrong(shop):
    sql("UPDATE products_stocklevel SET on_hand = on_hand + 1")
    with pytest.raises(CommandError, match="1 breaches of 1 rules") as failed:
        call_command(
            "verify", "--only", "ledger", stdout=io.StringIO(), stderr=io.StringIO()
        )
    assert failed.value.returncode == 1


def test_finds_nothing_wrong_with_what_the_shop_has_written(shop):
    assert verify().endswith("nothing is wrong.\n")


def without(table, name):
    """Switch a rule off: a constraint, or a trigger."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            "SELECT 1 FROM pg_trigger WHERE tgname = %s AND tgrelid = %s::regclass",
            [name, table],
        )
        if cursor.fetchone():
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {name}")
            return
        cursor.execute("SELECT 1 FROM pg_constraint WHERE conname = %s", [name])
        cursor.execute(
            f"ALTER TABLE {table} DROP CONSTRAINT {name}"
            if cursor.fetchone()
            else f"DROP INDEX {name}"
        )


# What is switched off, the corruption, what verify says of it, and whether --repair mends the data.
PLANTED = {
    "a level that is not its ledger's": (
        [],
        "UPDATE products_stocklevel SET on_hand = on_hand + 1",
        "level = ledger",
        True,
    ),
    "a level below zero": (
        [
            ("products_stocklevel", "stock_level_on_hand_range"),
            ("products_stocklevel", "stock_level_reserved_on_hand"),
        ],
        "UPDATE products_stocklevel SET on_hand = -1",
        "stock_level_on_hand_range",
        False,
    ),
    "a ledger entry taken out": (
        [("products_stockmovement", "products_stockmovement_append_only")],
        "DELETE FROM products_stockmovement WHERE kind = 'reserve'",
        "level = ledger",
        False,
    ),
    "a sale price above the base price": (
        [("products_product", "product_sale_price_below_base")],
        "UPDATE products_product SET sale_price = base_price + 1",
        "product_sale_price_below_base",
        False,
    ),
    "an in-stock flag that lies": (
        [],
        "UPDATE products_product SET in_stock = NOT in_stock",
        "in stock = some active variant can be sold",
        True,
    ),
    "a colour that no variant has": (
        [],
        "UPDATE products_product SET colors = '{Octarine}'",
        "colours and sizes",
        True,
    ),
    "a size that the product was not told of": (
        [("products_variant", "products_variant_options_update")],
        "UPDATE products_variant SET size = '4XL'",
        "colours and sizes",
        True,
    ),
    "a stocked colour that no variant has": (
        [],
        "UPDATE products_product SET stocked_colors = '{Octarine}'",
        "stocked colours and sizes",
        True,
    ),
    "a product that was not told what sold out": (
        [("products_stocklevel", "products_stocklevel_stocked_update")],
        "UPDATE products_stocklevel SET on_hand = reserved",
        "stocked colours and sizes",
        True,
    ),
    "ratings that nobody gave": (
        [],
        "UPDATE products_product SET rated_5 = rated_5 + 7",
        "ratings = reviews",
        True,
    ),
    "a review that was not counted": (
        [("products_review", "products_review_counted")],
        "UPDATE products_review SET rating = CASE rating WHEN 1 THEN 2 ELSE 1 END",
        "ratings = reviews",
        True,
    ),
    "a rating of six": (
        [
            ("products_review", "review_rating_range"),
            ("products_review", "products_review_counted"),
        ],
        "UPDATE products_review SET rating = 6",
        "review_rating_range",
        False,
    ),
    "a tree that bites its tail": (
        [
            ("products_category", "products_category_tree"),
            ("products_category", "products_category_subtree"),
        ],
        """UPDATE products_category SET parent_id = (SELECT id FROM products_category
            WHERE name = 'Child')
        WHERE name = 'Root'""",
        "the tree has no cycle",
        False,
    ),
    "ancestors that are not": (
        [
            ("products_category", "products_category_tree"),
            ("products_category", "products_category_subtree"),
        ],
        "UPDATE products_category SET ancestors = '{}' WHERE name = 'Child'",
        "the tree has no cycle",
        True,
    ),
    "an order dearer than its lines": (
        [("orders_order", "orders_order_equals_lines")],
        "UPDATE orders_order SET subtotal = subtotal + 1, total = total + 1",
        "an order equals its lines",
        False,
    ),
    "a total that does not add up": (
        [("orders_order", "order_total_adds_up")],
        "UPDATE orders_order SET total = total + 1",
        "order_total_adds_up",
        False,
    ),
    "a line taxed wrongly": (
        [],
        "UPDATE orders_orderline SET tax = tax + 1",
        "a line's tax = its parts",
        False,
    ),
    "an order whose tax is not its parts": (
        [("orders_order", "orders_order_equals_taxes")],
        "UPDATE orders_order SET tax = tax + 1",
        "an order's tax = its parts",
        False,
    ),
    "a status out of nowhere": (
        [("orders_order", "orders_order_status_transition")],
        "UPDATE orders_order SET status = 'processing' WHERE status = 'pending'",
        "an order is where its history says",
        False,
    ),
    "a history cut short": (
        [("orders_orderevent", "orders_orderevent_append_only")],
        "DELETE FROM orders_orderevent WHERE to_status = 'delivered'",
        "an order is where its history says",
        False,
    ),
    "pieces reserved for nobody": (
        [],
        "UPDATE products_stocklevel SET reserved = reserved + 1",
        "reserved = the pieces that are still to leave",
        False,
    ),
    "a refund without a trace": (
        [("orders_order", "order_paid_at_fits_payment_status")],
        "UPDATE orders_order SET refunded = 1",
        "refunded = the refunds",
        False,
    ),
    "a coupon counted twice": (
        [],
        "UPDATE orders_coupon SET used = used + 1",
        "a coupon's uses are counted",
        True,
    ),
    "two default addresses, or none": (
        [("accounts_address", "accounts_address_default")],
        "UPDATE accounts_address SET is_default = false",
        "one default address",
        True,
    ),
    "an address in capitals": (
        [
            ("accounts_user", "user_email_lower"),
            ("accounts_user", "user_email_format"),
        ],
        "UPDATE accounts_user SET email = upper(email)",
        "user_email_lower",
        False,
    ),
    "an order that nobody is told of": (
        [],
        "DELETE FROM outbox_event WHERE task = 'orders.confirm_by_mail'",
        "has no job that confirms it",
        False,
    ),
    "a list of postal codes of another country": (
        [],
        """WITH zone AS (INSERT INTO orders_shippingzone (id, created_at, updated_at, name,
            position, is_active, countries, states, postal_patterns)
            VALUES (gen_random_uuid(), now(), now(), 'x', 0, true, '{IN,LK}', '{}', '{}')
            RETURNING id)
        INSERT INTO orders_shippingpostcode (zone_id, code) SELECT id, '400050' FROM zone""",
        "a list of postal codes is of its zone's one country",
        False,
    ),
    "a job that never ends": (
        [],
        """UPDATE outbox_event SET state = 'running', lease = gen_random_uuid(), wake_at = now(),
        leased_until = now() - interval '1 hour'""",
        "no job runs past its lease",
        False,
    ),
    "a delivery that nobody will send": (
        [],
        """WITH event AS (INSERT INTO webhook_event (id, position, type, subject, subject_id, data)
            VALUES (gen_random_uuid(), 1, 'webhook.test', 'webhook', gen_random_uuid(), '{}')
            RETURNING id),
        endpoint AS (INSERT INTO webhook_endpoint (id, created_at, updated_at, name, url,
            event_types, secret, old_secret, off_reason, failures)
            VALUES (gen_random_uuid(), now(), now(), 'x', 'https://x.example', '{}', 'x', '', '', 0)
            RETURNING id)
        INSERT INTO webhook_delivery (id, event_id, endpoint_id, state, due_at, error)
        SELECT gen_random_uuid(), event.id, endpoint.id, 'waiting', now() - interval '1 hour', ''
        FROM event, endpoint""",
        "what waits to be delivered has a job",
        False,
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_finds_what_was_planted(shop, name):
    off, corruption, found, mendable = PLANTED[name]
    for table, rule in off:
        without(table, rule)
    sql(corruption)

    said = verify()
    assert found in said
    for _, rule in off:
        assert f"{rule}: " in said, "that the rule itself is off is found as well"
    if mendable:
        for table, rule in off:
            sql(f"ALTER TABLE {table} ENABLE TRIGGER {rule}")
        verify("--repair")
        assert found not in verify()


def test_finds_rows_that_point_nowhere(shop):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            """SELECT conname FROM pg_constraint WHERE contype = 'f'
                AND conrelid = 'products_review'::regclass
            AND confrelid = 'accounts_user'::regclass"""
        )
        (name,) = cursor.fetchone()
        cursor.execute(f"ALTER TABLE products_review DROP CONSTRAINT {name}")
        cursor.execute("UPDATE products_review SET user_id = %s", [uuid4()])
        cursor.execute(
            f"""ALTER TABLE products_review ADD CONSTRAINT {name} FOREIGN KEY (user_id)
            REFERENCES accounts_user (id) NOT VALID"""
        )
    review = Review.objects.get()
    said = verify()
    assert f"constraints: products_review {name}: has never been validated" in said
    assert f"constraints: products_review {review.pk}: {name}" in said


@pytest.mark.parametrize(
    ("table", "rule", "corruption", "found"),
    [
        (
            "products_variant",
            "products_variant_sku_key",
            "UPDATE products_variant SET sku = 'SAME'",
            "sku is unique",
        ),
        (
            "products_review",
            "review_once_per_customer",
            "UPDATE products_review SET user_id = (SELECT user_id FROM products_review LIMIT 1)",
            "review_once_per_customer",
        ),
        (
            "products_category",
            "category_name_once_per_parent",
            "UPDATE products_category SET name = 'Same', parent_id = NULL",
            "category_name_once_per_parent",
        ),
    ],
)
def test_finds_what_stands_twice(shop, table, rule, corruption, found):
    factories.make_variant(stock=1)
    factories.make_review(product=shop["variant"].product)
    without(table, rule)
    sql(corruption)

    assert f"{found}: stands " in verify()


def test_finds_files_that_nobody_names_and_rows_whose_file_is_gone(shop, settings):
    image = factories.make_image(product=shop["variant"].product)
    sql(
        "UPDATE products_productimage SET external_url = '', file = 'products/gone.webp'"
    )
    stray = Path(settings.MEDIA_ROOT) / "products" / "stray.webp"
    stray.parent.mkdir()
    stray.write_bytes(b"x")

    said = verify()
    assert "media products/stray.webp: no row names it" in said
    assert (
        f"products_productimage {image.pk}: products/gone.webp is not there" in said
    )


def test_every_constraint_of_the_models_is_there():
    assert list(constraints.find_missing()) == []


def test_refuses_a_rule_that_there_is_not_and_names_those_that_there_are():
    with pytest.raises(
        CommandError, match=r"(?s)nosuchrule: no rule .*\n  level = ledger\n"
    ) as failed:
        call_command("verify", "--only", "nosuchrule", stdout=io.StringIO())
    assert failed.value.returncode == 2
