"""What several callers do at once gets past the services' own checks, and is still a clear
refusal.
"""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections

from products.models import (
    Category,
    Product,
    Review,
    SizeChart,
    StockMovement,
    Variant,
)
from tests.client import Client
from tests.factories import make_category, make_product, make_user

AT_ONCE = 4
pytestmark = pytest.mark.django_db(transaction=True)


def at_once(requests):
    """Send these (client, method, path, json) at the same moment; return the statuses and
    codes, sorted.
    """
    start = Barrier(len(requests))

    def send(request):
        client, method, path, json = request
        try:
            start.wait(timeout=120)
            response = client._send(method, path, json=json)
            return response.status_code, response.json().get(
                "code"
            ) if response.content else None
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(requests)) as pool:
        return sorted(pool.map(send, requests), key=str)


def staff():
    user = make_user(role="staff", groups=("catalogue",))
    return [Client().as_user(user) for _ in range(AT_ONCE)]


def test_one_review_a_customer():
    product, user = make_product(), make_user()
    path = f"/api/products/{product.pk}/reviews"
    answers = at_once(
        [
            (Client().as_user(user), "POST", path, {"rating": 5})
            for _ in range(AT_ONCE)
        ]
    )
    assert answers == [(201, None)] + [(409, "already_reviewed")] * (AT_ONCE - 1)
    assert Review.objects.count() == Product.objects.get().rated_5 == 1


def test_one_variant_a_sku():
    products = [make_product() for _ in range(AT_ONCE)]
    answers = at_once(
        [
            (
                client,
                "POST",
                f"/api/products/{product.pk}/variants",
                {"sku": "SAME", "stock": 3},
            )
            for client, product in zip(staff(), products, strict=True)
        ]
    )
    assert answers == [(201, None)] + [(409, "sku_taken")] * (AT_ONCE - 1)
    assert Variant.objects.count() == StockMovement.objects.count() == 1


def test_one_variant_a_size_and_colour():
    product = make_product()
    path = f"/api/products/{product.pk}/variants"
    answers = at_once(
        [
            (client, "POST", path, {"sku": f"S{n}"})
            for n, client in enumerate(staff())
        ]
    )
    assert answers == [(201, None)] + [(409, "variant_exists")] * (AT_ONCE - 1)


def test_products_of_one_name_all_get_an_address():
    body = {
        "name": "Same name",
        "categoryId": str(make_category().pk),
        "basePrice": "10.00",
    }
    answers = at_once(
        [(client, "POST", "/api/products", body) for client in staff()]
    )
    assert answers == [(201, None)] * AT_ONCE
    assert set(Product.objects.values_list("slug", flat=True)) == {
        "same-name",
        "same-name-2",
        "same-name-3",
        "same-name-4",
    }


def test_a_chosen_address_is_one_products():
    category = make_category()
    body = {"categoryId": str(category.pk), "basePrice": "10.00", "slug": "mine"}
    answers = at_once(
        [
            (client, "POST", "/api/products", body | {"name": f"N{n}"})
            for n, client in enumerate(staff())
        ]
    )
    assert answers == [(201, None)] + [(409, "slug_taken")] * (AT_ONCE - 1)


def test_one_category_a_name_and_one_chart_a_category():
    parent = make_category()
    body = {"name": "Same", "parentId": str(parent.pk)}
    answers = at_once(
        [(client, "POST", "/api/categories", body) for client in staff()]
    )
    assert answers == [(201, None)] + [(409, "category_name_taken")] * (AT_ONCE - 1)
    assert Category.objects.count() == 2
    rows = [{"size": "S", "values": [{"min": "1.0", "max": "2.0"}]}]
    chart = {
        "categoryId": str(parent.pk),
        "title": "T",
        "measures": ["chest"],
        "rows": rows,
    }
    answers = at_once(
        [(client, "POST", "/api/size-charts", chart) for client in staff()]
    )
    assert answers == [(201, None)] + [(409, "size_chart_exists")] * (AT_ONCE - 1)
    assert SizeChart.objects.count() == 1


def test_two_categories_do_not_go_below_each_other():
    one, other = make_category(), make_category()
    first, second, *_ = staff()
    answers = at_once(
        [
            (
                first,
                "PATCH",
                f"/api/categories/{one.pk}",
                {"parentId": str(other.pk)},
            ),
            (
                second,
                "PATCH",
                f"/api/categories/{other.pk}",
                {"parentId": str(one.pk)},
            ),
        ]
    )
    assert answers in (
        [(200, None), (422, "category_cycle")],
        [(200, None), (503, "unavailable")],
    )
    assert Category.objects.filter(parent=None).count() == 1


def test_a_category_is_not_deleted_from_under_a_new_product():
    category = make_category()
    body = {"name": "New", "categoryId": str(category.pk), "basePrice": "10.00"}
    first, second, *_ = staff()
    answers = at_once(
        [
            (first, "POST", "/api/products", body),
            (second, "DELETE", f"/api/categories/{category.pk}", None),
        ]
    )
    assert answers in (
        [(201, None), (409, "category_not_empty")],
        [(204, None), (422, "category_unknown")],
    )
    assert Product.objects.count() == Category.objects.count()
