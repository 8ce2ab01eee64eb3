"""Taxes and shipping are kept by a process, and never used once they have changed."""

import json
import urllib.request
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import CustomerGroup
from markrin.db.sql import fetch_all
from orders import shipping_terms, tax_rules
from orders.models import (
    Holiday,
    ShippingMethod,
    ShippingPostcode,
    ShippingStep,
    ShippingZone,
    TaxPart,
    TaxSettings,
)
from products.models import TaxClass
from tests import services
from tests.client import access_token
from tests.factories import (
    key,
    make_address,
    make_cart_line,
    make_product,
    make_promotion,
    make_tax,
    make_user,
    make_variant,
)

# Read for the customer who asks: while one of them has a row, nothing is kept.
GROUPS = {
    "accounts_customergroup",
    "accounts_customergroup_members",
    "orders_customerrecord",
    "orders_order",
    "orders_shippingmethod_customer_groups",
    "orders_taxsettings_exempt_groups",
}


@pytest.fixture
def method(db):
    make_tax("standard", "10", default=True)
    zone = ShippingZone.objects.create(name="India", countries=["IN"])
    return ShippingMethod.objects.create(zone=zone, name="Post", price="50")


def fill(customer):
    variant = make_variant(product=make_product(base_price="100.00"), stock=50)
    make_cart_line(customer=customer, variant=variant)
    make_address(user=customer, is_default=True)


def read_quote(client):
    """Return tax and shipping of the cart, and how many queries it took."""
    with CaptureQueriesContext(connection) as queries:
        quote = client.get("/api/cart").json()["quote"]
    return quote["tax"], quote["shipping"], len(queries)


@pytest.mark.parametrize(
    ("sql", "params", "subject"),
    [
        (tax_rules._RULES, {"countries": ["IN"], "user": None}, "tax"),
        (
            shipping_terms._ZONES,
            {
                "country": "IN",
                "postal_code": "",
                "day": timezone.now(),
                "user": None,
            },
            "shipping",
        ),
    ],
)
def test_every_table_that_is_read_is_watched(db, sql, params, subject):
    def relations(node):
        found = {node["Relation Name"]} if "Relation Name" in node else set()
        return found.union(*(relations(each) for each in node.get("Plans", ())))

    [row] = fetch_all(f"EXPLAIN (FORMAT JSON) {sql}", params)
    [plan] = row["QUERY PLAN"]
    watched = fetch_all(
        "SELECT tgrelid::regclass::text AS name FROM pg_trigger"
        " JOIN pg_proc ON pg_proc.oid = tgfoid WHERE prosrc LIKE %s",
        [f"%INTO data_version%'{subject}'%"],
    )
    read = relations(plan["Plan"]) - GROUPS - {"data_version"}
    assert read == {row["name"] for row in watched}
    assert len(read) >= 5


def test_the_second_look_reads_neither_taxes_nor_shipping(api, customer, method):
    fill(customer)
    client = api.as_user(customer)
    *quote, first = read_quote(client)
    assert read_quote(client) == (*quote, first - 2)
    assert quote == ["9.09", "50.00"]


CHANGES = {
    "a rate": lambda: TaxPart.objects.update(percent="25"),
    "a rate, by raw SQL": lambda: run("UPDATE orders_taxpart SET percent = 25"),
    "a class": lambda: TaxClass.objects.update(code="other", is_default=False),
    "no tax at all": lambda: run("DELETE FROM orders_taxsettings"),
    "a levy": lambda: TaxSettings.objects.update(shipping_levy="highest"),
    "a price": lambda: ShippingMethod.objects.update(price="70"),
    "a step": lambda: ShippingStep.objects.create(
        method=ShippingMethod.objects.get(), threshold=1, price=0
    ),
    "a zone": lambda: ShippingZone.objects.update(is_active=False),
    "a postal code": lambda: ShippingPostcode.objects.create(
        zone=ShippingZone.objects.get(), code="999999"
    ),
}


def run(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_seen_by_the_next_look_and_so_is_its_taking_back(
    api, customer, method, change
):
    fill(customer)
    if change is CHANGES["a step"]:
        ShippingMethod.objects.update(price_by="weight", default_weight_g=5)
    client = api.as_user(customer)
    tax, shipping, _ = read_quote(client)
    with transaction.atomic():
        change()
        changed = read_quote(client)[:2]
        assert changed != (tax, shipping)
        transaction.set_rollback(True)
    assert read_quote(client)[:2] == (tax, shipping)
    change()  # its version is another one than that which was taken back
    assert read_quote(client)[:2] == changed


def test_a_holiday_and_the_next_day_are_seen(api, customer, method):
    ShippingMethod.objects.update(min_days=1, max_days=1, weekdays="1234567")
    fill(customer)
    client = api.as_user(customer)

    def get_delivery_day():
        return client.get("/api/cart").json()["shippingMethod"]["deliversUntil"]

    before = get_delivery_day()
    assert get_delivery_day() == before
    Holiday.objects.create(
        day=timezone.localdate() + timedelta(days=1), name="Rest"
    )
    assert get_delivery_day() > before


def test_where_groups_matter_each_customer_is_asked_anew(api, customer, method):
    fill(customer)
    client, group = (
        api.as_user(customer),
        CustomerGroup.objects.create(name="Missions"),
    )
    assert read_quote(client)[0] == "9.09"
    TaxSettings.objects.get().exempt_groups.add(group)
    assert read_quote(client)[0] == "9.09"
    group.members.add(customer)
    assert read_quote(client)[0] == "0.00"
    group.members.remove(customer)
    assert read_quote(client)[0] == "9.09"
    TaxSettings.objects.get().exempt_groups.clear()
    assert read_quote(client)[0] == "9.09"


# --- Another process -----------------------------------------------------------------------------
def call_api(shop, user, path, body=None):
    headers = {
        "Authorization": f"Bearer {access_token(user)}",
        "Content-Type": "application/json",
        **(key() if body else {}),
    }
    sent = json.dumps(body).encode() if body else None
    request = urllib.request.Request(f"{shop}{path}", sent, headers)  # noqa: S310 (our own)
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 (our own)
        return json.load(answer)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_next_checkout_of_another_process_knows_the_change(method):
    buyers = [make_user() for _ in range(4)]
    for buyer in buyers:
        fill(buyer)
    bodies = [
        {"addressId": str(buyer.addresses.get().pk), "paymentMethod": "cod"}
        for buyer in buyers
    ]
    with services.web() as shop:

        def buy(number):
            order = call_api(
                shop.url, buyers[number], "/api/orders", bodies[number]
            )
            return order["tax"], order["shipping"], order["discount"]

        for buyer in buyers:  # each kept what held then
            assert (
                call_api(shop.url, buyer, "/api/cart")["quote"]["shipping"]
                == "50.00"
            )
        assert buy(0) == ("9.09", "50.00", "0.00")
        TaxPart.objects.update(percent="25")
        assert buy(1) == ("20.00", "50.00", "0.00")
        run("UPDATE orders_shippingmethod SET price = 70")
        assert buy(2) == ("20.00", "70.00", "0.00")
        make_promotion(percent="50")
        assert buy(3) == ("10.00", "70.00", "50.00")
