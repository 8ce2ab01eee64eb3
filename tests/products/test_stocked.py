"""The colours and sizes that can be bought now, beside the product: what the facets of
`inStock=true` count.
"""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections, transaction

from products.models import Product, StockLevel
from products.models.stock import MovementKind
from products.services.stock import movements
from tests.factories import make_product, make_variant


def stocked(product):
    product = Product.objects.get(pk=product.pk)
    return product.stocked_colors, product.stocked_sizes


def reserve(*variants, n=1, ref="r"):
    with transaction.atomic():
        movements.move_stock(
            [
                movements.StockMove(
                    v.pk, MovementKind.RESERVE, f"{ref}:{v.pk}", d_reserved=n
                )
                for v in variants
            ]
        )


@pytest.fixture
def shirt(db):
    product = make_product()
    make_variant(product=product, size="M", color="Red", stock=2)
    make_variant(product=product, size="L", color="Blue", stock=1)
    make_variant(product=product, size="XL", color="", stock=0)
    return product


def test_they_are_those_of_which_a_piece_is_left(shirt):
    red, blue, plain = shirt.variants.order_by("pk")
    assert stocked(shirt) == (["Blue", "Red"], ["L", "M"])
    reserve(red, blue)
    assert stocked(shirt) == (["Red"], ["M"])
    reserve(red, ref="again")
    assert stocked(shirt) == ([], [])
    with transaction.atomic():
        movements.record_adjustment(
            variant_id=plain.pk, delta=1, ref="one", actor_id=None, note=""
        )
        movements.record_adjustment(
            variant_id=blue.pk, delta=1, ref="other", actor_id=None, note=""
        )
    assert stocked(shirt) == (["Blue"], ["L", "XL"])


def test_they_follow_the_variants(shirt):
    red, blue, _ = shirt.variants.order_by("pk")
    red.color = "Crimson"
    red.save()
    blue.is_active = False
    blue.save()
    assert stocked(shirt) == (["Crimson"], ["M"])
    shirt.variants.update(is_active=True)
    assert stocked(shirt) == (["Blue", "Crimson"], ["L", "M"])
    make_variant(product=shirt, size="S", color="Blue", stock=4)
    assert stocked(shirt) == (["Blue", "Crimson"], ["L", "M", "S"])


def test_a_new_product_has_those_of_its_first_pieces(staff_client, category):
    body = {
        "name": "Kurta",
        "categoryId": str(category.pk),
        "basePrice": "10.00",
        "variants": [
            {"sku": "A", "size": "S", "stock": 1},
            {"sku": "B", "size": "M", "stock": 0},
        ],
    }
    assert staff_client.post("/api/products", body).status_code == 201
    assert stocked(Product.objects.get()) == ([], ["S"])


def test_facets_of_what_is_in_stock_count_only_these(api, shirt):
    reserve(shirt.variants.get(color="Red"), n=2)
    facets = api.get("/api/products", {"facets": "true", "inStock": "true"}).json()[
        "facets"
    ]
    assert facets["color"] == [{"value": "Blue", "count": 1}]
    assert facets["size"] == [{"value": "L", "count": 1}]
    facets = api.get("/api/products", {"facets": "true"}).json()["facets"]
    assert [row["value"] for row in facets["size"]] == ["L", "M", "XL"]


@pytest.mark.django_db(transaction=True)
def test_sales_at_once_of_the_same_products_leave_nothing_behind_and_wait_briefly():
    products = [make_product() for _ in range(3)]
    sold = [
        [
            make_variant(product=product, size=f"S{n}", stock=1)
            for product in products
        ]
        for n in range(4)
    ]
    start = Barrier(len(sold))

    def sell(number):
        try:
            start.wait(timeout=120)
            reserve(*(sold[number] if number % 2 else reversed(sold[number])))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(sold)) as pool:
        list(pool.map(sell, range(len(sold))))
    assert not StockLevel.objects.sellable().exists()
    assert [
        (stocked(each), Product.objects.get(pk=each.pk).in_stock)
        for each in products
    ] == [(([], []), False)] * 3
