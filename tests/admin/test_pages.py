"""The admin's pages as staff see them: each opens, in a bounded number of queries, and its
steps do what they say.
"""

import re
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Group
from django.db import connection
from django.forms import ModelMultipleChoiceField
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from orders.models import Order
from products.models import FormerSlug, Product, Review, StockLevel, Variant
from tests import factories

MAX_QUERIES = 20
pytestmark = pytest.mark.django_db(transaction=True)
SHOWN = sorted(
    (
        model
        for model in admin.site._registry
        if model._meta.app_label in ("products", "orders", "accounts", "analytics")
    ),
    key=lambda model: model._meta.label,
)


@pytest.fixture
def boss(admin_user):
    client = Client()
    client.force_login(admin_user)
    return client


@pytest.fixture
def world(customer):
    """Rows of most models, more than one of each."""
    for _ in range(3):
        variant = factories.make_variant(stock=9)
        factories.make_order(
            customer=customer, variant=variant, status="delivered", paid=True
        )
        factories.make_order(variant=variant)
        factories.make_review(product=variant.product)
        factories.make_coupon()
        factories.make_image(product=variant.product)
        factories.make_address(user=customer)
    factories.make_cart_line(customer=customer)
    factories.make_size_chart()


def test_every_model_of_the_shop_that_staff_have_to_do_with_has_a_page():
    without = {
        model.__name__
        for model in apps.get_models()
        if model._meta.app_label in ("products", "orders", "accounts")
    }
    without -= {model.__name__ for model in SHOWN}
    assert without == {
        # Shown on another model's page, or nothing that a person works with.
        "Address",
        "WishlistItem",
        "MailToken",
        "ProductImage",
        "SizeChartEntry",
        "FeedRow",
        "FulfilmentLine",
        "PriceHistory",
        "CartLine",
        "OrderLine",
        "OrderEvent",
        "OrderAttachment",
        "LedgerLine",
        "InvoiceLine",
        "InvoiceFile",
        "InvoiceSeries",
        "OrderTax",
        "PromotionTier",
        "ReturnLine",
        "ReturnRequestLine",
        "ShippingMethod",
        "ShippingPostcode",
        "ShippingStep",
        "TaxPart",
        "BulkChangeRow",
        "CollectionProduct",
        "ImportFile",
        "ImportLine",
        "ImportPart",
        # Written by imports and their jobs, and compared or fetched again by the next import.
        "ImportedValues",
        "PictureFetch",
        # Made of the products' own rows.
        "FacetBitmap",
        "FacetChange",
        "FacetNumber",
    }


@pytest.mark.parametrize("model", SHOWN, ids=lambda model: model.__name__)
def test_lists_and_rows_open_in_few_queries(boss, world, model):
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    search = admin.site._registry[model].search_fields
    paths = [
        reverse(f"{name}_changelist"),
        *([reverse(f"{name}_changelist") + "?q=a"] if search else []),
    ]
    row = model._default_manager.first()
    if row is not None:
        paths.append(reverse(f"{name}_change", args=[quote(row.pk)]))
    for path in paths:
        boss.get(path)  # content types and the like are asked for once a process
        with CaptureQueriesContext(connection) as queries:
            response = boss.get(path)
        assert response.status_code == 200, path
        assert len(queries) <= MAX_QUERIES, path


@pytest.mark.parametrize("model", SHOWN, ids=lambda model: model.__name__)
def test_pages_are_closed_to_staff_of_other_groups(world, model):
    client = Client()
    client.force_login(factories.make_user(role="staff"))
    response = client.get(
        reverse(
            f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
        )
    )
    assert response.status_code == 403


def step(client, row, name, **data):
    path = reverse(
        f"admin:{row._meta.app_label}_{row._meta.model_name}_step",
        args=[row.pk, name],
    )
    assert client.get(path).status_code == 200
    return client.post(path, data)


def test_staff_take_an_order_to_delivered_and_refund_half(boss):
    order = factories.make_order(
        variant=factories.make_variant(stock=5), quantity=2
    )
    path = reverse("admin:orders_order_change", args=[order.pk])
    assert re.findall(r"step/(\w+)/", boss.get(path).content.decode()) == [
        "confirm",
        "cash",
        "note",
        "contact",
        "add_pieces",
        "tags",
        "attach",
        "resend",
        "cancel_pieces",
        "cancel",
    ]

    for name in ("confirm", "process"):
        assert step(boss, order, name, note="").status_code == 302
    shipped = {
        "note": "",
        "carrier": "BlueDart",
        "tracking_number": "BD1",
        "tracking_url": "https://t.example/BD1",
    }
    assert step(boss, order, "ship", **shipped).status_code == 302
    assert step(boss, order, "deliver", note="").status_code == 302
    assert step(boss, order, "cash").status_code == 302
    assert (
        step(
            boss,
            order,
            "refund",
            amount="10.00",
            reason="A loose button.",
            key="once",
        ).status_code
        == 302
    )

    order.refresh_from_db()
    assert (
        order.status,
        order.payment_status,
        order.fulfilments.get().carrier,
    ) == (
        "delivered",
        "paid",
        "BlueDart",
    )
    assert str(order.refunded) == "10.00"
    steps = list(
        order.events.exclude(kind="parcel")
        .order_by("id")
        .values_list("to_status", flat=True)
    )
    assert steps[:5] == [
        "pending",
        "confirmed",
        "processing",
        "shipped",
        "delivered",
    ]


def test_a_step_that_is_too_late_says_so_and_changes_nothing(boss):
    order = factories.make_order(status="delivered")
    response = step(boss, order, "cancel", note="")
    assert response.status_code == 422
    assert b'role="alert"' in response.content
    assert Order.objects.get(pk=order.pk).status == "delivered"


def test_a_step_needs_the_right_to_change_and_a_token_against_forgery(
    boss, admin_user
):
    order = factories.make_order()
    path = reverse("admin:orders_order_step", args=[order.pk, "cancel"])
    viewer = Client()
    viewer.force_login(factories.make_user(role="staff", groups=("analytics",)))
    assert viewer.post(path, {"note": ""}).status_code == 403

    forged = Client(enforce_csrf_checks=True)
    forged.force_login(admin_user)
    assert forged.post(path, {"note": ""}).status_code == 403
    assert Order.objects.get(pk=order.pk).status == "pending"


def test_the_orders_group_may_pack_but_not_change_the_catalogue():
    Group.objects.get(name="orders")
    client = Client()
    client.force_login(factories.make_user(role="staff", groups=("orders",)))
    order = factories.make_order()
    assert step(client, order, "confirm", note="").status_code == 302
    product = factories.make_product()
    changed = client.post(
        reverse("admin:products_product_change", args=[product.pk]),
        {"name": "Mine"},
    )
    assert changed.status_code == 403


def form_of(client, path):
    """Return the form's present values, as a browser would send them."""
    page = client.get(path)
    forms = [
        page.context["adminform"].form,
        *[
            f
            for fs in page.context["inline_admin_formsets"]
            for f in fs.formset.forms
        ],
    ]
    forms += [
        fs.formset.management_form for fs in page.context["inline_admin_formsets"]
    ]
    data: dict[str, Any] = {}
    for form in forms:
        for field in form:
            value = field.value()
            if isinstance(field.field, ModelMultipleChoiceField):
                data[field.html_name] = [str(pk) for pk in value or ()]
            elif value is True:
                data[field.html_name] = "on"
            elif value is not None and value is not False:
                data[field.html_name] = (
                    ",".join(value) if isinstance(value, list) else value
                )
    return data


def test_a_product_is_changed_its_old_slug_leads_on_and_a_bad_price_is_explained(
    boss,
):
    product = factories.make_product(variants=1, base_price="100.00")
    old, path = (
        product.slug,
        reverse("admin:products_product_change", args=[product.pk]),
    )
    data = form_of(boss, path)

    bad = boss.post(path, {**data, "sale_price": "150.00"})
    assert bad.status_code == 200
    assert b"below" in bad.content
    assert Product.objects.get(pk=product.pk).sale_price is None

    done = boss.post(path, {**data, "sale_price": "80.00", "slug": "another-name"})
    assert done.status_code == 302, done.context and done.context["errors"]
    product.refresh_from_db()
    assert (str(product.price), product.slug) == ("80.00", "another-name")
    assert FormerSlug.objects.get(slug=old).product == product


def test_a_new_variant_gets_a_stock_level_and_stock_is_moved_by_a_step(boss):
    product = factories.make_product()
    path = reverse("admin:products_product_change", args=[product.pk])
    data = form_of(boss, path)
    data |= {
        "variants-TOTAL_FORMS": "1",
        "variants-0-sku": "NEW-1",
        "variants-0-size": "M",
        "variants-0-color": "Red",
        "variants-0-position": "0",
        "variants-0-is_active": "on",
    }
    done = boss.post(path, data)
    assert done.status_code == 302, done.context and done.context["errors"]

    variant = Variant.objects.get(sku="NEW-1")
    assert (
        step(boss, variant, "adjust", delta="5", note="counted").status_code == 302
    )
    assert StockLevel.objects.get(variant=variant).on_hand == 5
    assert Product.objects.get(pk=product.pk).in_stock
    assert step(boss, variant, "adjust", delta="-6", note="lost").status_code == 422
    assert StockLevel.objects.get(variant=variant).on_hand == 5


def test_a_hidden_review_no_longer_counts(boss):
    review = factories.make_review(rating=1)
    assert step(boss, review, "hide").status_code == 302
    assert Review.objects.get().status == "hidden"
    assert Product.objects.get(pk=review.product_id).review_count == 0
