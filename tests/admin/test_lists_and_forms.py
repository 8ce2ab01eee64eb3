"""What all lists and forms of the admin share: searches by an index, pages by keys,
refusals that lose nothing.
"""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Session
from orders.models import Cart, Coupon, Refund
from products.models import Category, Product, Purchase, Review
from products.services import variants
from tests import factories
from tests.admin.test_catalogue_product import new_variant, page_of
from tests.admin.test_pages import form_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(admin_user):
    client = Client()
    client.force_login(admin_user)
    return client


def listed(client, model, **query):
    """Return the rows of a list's page."""
    page = client.get(
        reverse(
            f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
        ),
        query,
    )
    assert page.status_code == 200
    return list(page.context["cl"].result_list)


# --- Searches ------------------------------------------------------------------------------------
def test_a_refund_is_found_by_its_orders_number_in_any_case(boss):
    orders = [factories.make_order(status="delivered", paid=True) for _ in range(2)]
    refunds = [
        Refund.objects.create(order=order, amount="1.00", reason="r")
        for order in orders
    ]
    for typed in (orders[0].number, f" {orders[0].number.lower()} "):
        assert listed(boss, Refund, q=typed) == [refunds[0]]
    assert listed(boss, Refund, q=orders[0].number[:-1]) == []


def test_a_review_is_found_by_its_products_slug_and_by_no_address(boss):
    """Who keeps the catalogue moderates reviews, and must not learn who wrote them."""
    first, second = (factories.make_review() for _ in range(2))
    assert listed(boss, Review, q=first.product.slug.upper()) == [first]
    assert listed(boss, Review, q=second.user.email) == []
    assert listed(boss, Review, rating__exact=str(first.rating)) == sorted(
        Review.objects.filter(rating=first.rating),
        key=lambda each: each.pk,
        reverse=True,
    )


@pytest.mark.parametrize(
    "typed", ["192.0.2.7", "no address at all", "'", "%", "0" * 300]
)
def test_a_session_is_searched_by_an_address_of_either_kind(boss, typed):
    user = factories.make_user(email="somebody@example.com")
    assert listed(boss, Session, q=typed) == []
    assert user.email.startswith("some")


def test_a_search_asks_no_table_twice_over(boss):
    """Of two tables at once PostgreSQL would read every row: each is asked for itself."""
    factories.make_purchase(
        product=factories.make_product(), user=factories.make_user()
    )
    with CaptureQueriesContext(connection) as queries:
        listed(boss, Purchase, q="zzz@example.com")
    asked = [query["sql"] for query in queries]
    # Neither a product nor a user is called so.
    assert not [sql for sql in asked if 'FROM "products_purchase"' in sql]
    assert [
        sql
        for sql in asked
        if """"accounts_user"."email" in ('zzz@""" in sql.lower()
    ]


def test_a_purchase_is_found_by_its_products_slug_or_its_buyers_address(boss):
    first, second = (
        factories.make_purchase(
            product=factories.make_product(), user=factories.make_user()
        )
        for _ in range(2)
    )
    assert listed(boss, Purchase, q=first.product.slug) == [first]
    assert listed(boss, Purchase, q=second.user.email.upper()) == [second]


# --- Pages ---------------------------------------------------------------------------------------
def test_a_page_holds_the_rows_of_its_keys_in_their_order(boss):
    for number in range(55):
        factories.make_coupon(code=f"C{number:02}")
    first, second = (
        listed(boss, Coupon, o="-0"),
        listed(boss, Coupon, o="-0", p="2"),
    )
    codes = [coupon.code for coupon in [*first, *second]]
    assert codes == sorted(codes, reverse=True)
    assert (len(first), len(second)) == (50, Coupon.objects.count() - 50)


def test_the_newest_come_first_by_their_keys(boss):
    for _ in range(3):
        factories.make_review()
    assert [row.pk for row in listed(boss, Review)] == sorted(
        Review.objects.values_list("pk", flat=True), reverse=True
    )


def test_sums_beside_the_rows_are_those_of_each(boss, customer):
    line = factories.make_cart_line(customer=customer, quantity=3)
    Cart.objects.create(user=factories.make_user())
    assert {row.pk: row.n for row in listed(boss, Cart)}[line.cart_id] == 3
    product = factories.make_product()
    empty = factories.make_category()
    found = {row.pk: row.n or 0 for row in listed(boss, Category)}
    assert (found[product.category_id], found[empty.pk]) == (1, 0)


# --- Refusals ------------------------------------------------------------------------------------
def test_what_a_service_refuses_is_said_on_the_form_as_it_was_filled_in(
    boss, monkeypatch
):
    monkeypatch.setattr(variants, "MAX_VARIANTS", 1)
    product = factories.make_variant(sku="FIRST").product
    data = form_of(boss, page_of(product)) | {
        "variants-TOTAL_FORMS": "2",
        "name": "A name that took long",
        **new_variant(1, sku="SECOND", size="M"),
    }
    answer = boss.post(page_of(product), data)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "A product can have 1 variants." in text
    assert "A name that took long" in text
    assert 'value="SECOND"' in text
    assert Product.objects.get(pk=product.pk).name != "A name that took long"


def test_what_the_database_refuses_is_said_on_the_form_as_it_was_filled_in(boss):
    top = factories.make_category(name="Top")
    below = factories.make_category(name="Below", parent=top)
    path = reverse("admin:products_category_change", args=[top.pk])
    answer = boss.post(
        path,
        form_of(boss, path)
        | {"name": "Renamed meanwhile", "parent": str(below.pk)},
    )
    assert answer.status_code == 200
    assert answer.context["adminform"].form.non_field_errors()
    assert "Renamed meanwhile" in answer.content.decode()
    assert Category.objects.get(pk=top.pk).name == "Top"


FORMS = {
    "products_product_add": "category",
    "products_category_add": "parent",
    "products_sizechart_add": "category",
}


@pytest.mark.parametrize("junk", ["0", "x", "\0", "é" * 50, "' OR 1=1"])
@pytest.mark.parametrize("name", FORMS)
def test_a_reference_that_is_no_key_is_an_error_of_its_field(boss, name, junk):
    path, field = reverse(f"admin:{name}"), FORMS[name]
    assert boss.get(path, {field: junk}).status_code == 200
    answer = boss.post(path, {field: junk, "name": "N", "title": "T", "do": "save"})
    assert answer.status_code in (200, 422)
    form = (
        answer.context["head"]
        if "head" in answer.context
        else answer.context["adminform"].form
    )
    assert field in form.errors
    assert not Category.objects.filter(name="N").exists()
