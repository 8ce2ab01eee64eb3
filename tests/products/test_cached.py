"""Every public read of the catalogue is kept, and after every write it shows what the
database holds.
"""

from typing import Any

import pytest
from django.db import transaction
from django.test import override_settings

from markrin.cache import invalidation_listener
from products.services import purchases
from tests.cache.conftest import until
from tests.client import Client
from tests.factories import (
    make_category,
    make_image,
    make_product,
    make_purchase,
    make_review,
    make_size_chart,
    make_user,
    make_variant,
)

ROWS = [{"size": "S", "values": [{"min": "1.0", "max": "2.0"}]}]
CHART = {"title": "New", "measures": ["chest"], "rows": ROWS}


class Shop:
    """A small catalogue, its public reads, and the ids that the writes below name."""

    def __init__(self, api, staff):
        self.api, self.staff = api, staff
        self.top = make_category(slug="top")
        self.category = make_category(slug="shirts", parent=self.top)
        self.other = make_category(slug="other")
        make_size_chart(category=self.top)
        shown: dict[str, Any] = {
            "category": self.category,
            "is_featured": True,
            "is_new_arrival": True,
        }
        self.product = make_product(slug="oxford", brand="Acme", **shown)
        self.variant = make_variant(
            product=self.product, sku="OX", size="M", stock=1
        )
        self.image, _ = (
            make_image(product=self.product),
            make_image(product=self.product),
        )
        self.beside = make_product(slug="derby", **shown)
        self.author = make_user()
        make_purchase(product=self.product, user=self.author)
        self.review = make_review(product=self.product, user=self.author)
        self.reader = make_user()
        self.paths = [
            "/api/products",
            "/api/products?facets=true&category=top",
            "/api/products?inStock=true&sort=price_asc",
            "/api/products?search=acme&cursor=",
            "/api/products/oxford",
            f"/api/products/{self.product.pk}",
            "/api/products/derby",
            "/api/products/renamed",
            "/api/products/oxford/related",
            "/api/products/new-arrivals",
            "/api/products/featured",
            "/api/categories",
            "/api/categories/top",
            "/api/categories/renamed",
            "/api/size-charts",
            "/api/size-charts/shirts",
            "/api/size-charts/other",
            f"/api/products/{self.product.pk}/reviews",
            f"/api/products/{self.product.pk}/reviews?sort=rating_asc",
        ]

    def read(self, client=None):
        """Return what every public read answers, but for the request's own id."""
        answers = {}
        for path in self.paths:
            response = (client or self.api).get(path)
            answers[path] = (
                response.status_code,
                response.get("Location"),
                without_id(response),
            )
        return answers

    def truth(self):
        """Return the same as `read`, from the database."""
        with override_settings(CACHE_ANSWERS=False):
            return self.read(
                Client()
            )  # a new one: whether there is a cache is decided once, by its first request


def without_id(response):
    body = response.json() if response.content else None
    return (
        {key: value for key, value in body.items() if key != "requestId"}
        if body
        else None
    )


@pytest.fixture
def shop(clean_valkey, api, staff_client):
    invalidation_listener.own.start()
    until(lambda: invalidation_listener.own.alive)
    invalidation_listener.own.memory.clear()
    with override_settings(CACHE_ANSWERS=True):
        yield Shop(api, staff_client)


def test_every_public_read_is_kept(shop):
    shop.read()
    for path in shop.paths:
        assert "hit" in shop.api.get(path).headers["Cache-Status"], path


PRODUCT = {"name": "Renamed", "basePrice": "5.00", "status": "published"}
WRITES = {
    "create product": lambda s: s.staff.post(
        "/api/products", PRODUCT | {"categoryId": str(s.category.pk)}
    ),
    "replace product": lambda s: s.staff.put(
        "/api/products/oxford",
        PRODUCT
        | {
            "categoryId": str(s.other.pk),
            "variants": [{"sku": "OX"}, {"sku": "NEW", "size": "L"}],
        },
    ),
    "replace variants only": lambda s: s.staff.put(
        "/api/products/oxford",
        PRODUCT | {"categoryId": str(s.category.pk), "variants": []},
    ),
    "change price": lambda s: s.staff.patch(
        "/api/products/oxford", {"salePrice": "1.00"}
    ),
    "rename": lambda s: s.staff.patch("/api/products/oxford", {"name": "Renamed"}),
    "unfeature": lambda s: s.staff.patch(
        "/api/products/oxford", {"isFeatured": False}
    ),
    "archive": lambda s: s.staff.delete("/api/products/oxford"),
    "archive the one beside": lambda s: s.staff.delete("/api/products/derby"),
    "create variant": lambda s: s.staff.post(
        f"/api/products/{s.product.pk}/variants", {"sku": "N", "color": "Red"}
    ),
    "first stock": lambda s: s.staff.post(
        f"/api/products/{s.beside.pk}/variants", {"sku": "N", "stock": 1}
    ),
    "change variant": lambda s: s.staff.patch(
        f"/api/products/{s.product.pk}/variants/{s.variant.pk}", {"color": "Red"}
    ),
    "delete variant": lambda s: s.staff.delete(
        f"/api/products/{s.product.pk}/variants/{s.variant.pk}"
    ),
    "sell out": lambda s: s.staff.post(
        f"/api/staff/variants/{s.variant.pk}/adjust", {"delta": -1, "note": "x"}
    ),
    "more stock": lambda s: s.staff.post(
        f"/api/staff/variants/{s.variant.pk}/adjust", {"delta": 9, "note": "x"}
    ),
    "change image": lambda s: s.staff.patch(
        f"/api/products/{s.product.pk}/images/{s.image.pk}", {"altText": "N"}
    ),
    "order images": lambda s: s.staff.put(
        f"/api/products/{s.product.pk}/images/order",
        {
            "ids": [
                str(image.pk) for image in s.product.images.order_by("-position")
            ]
        },
    ),
    "replace images": lambda s: s.staff.patch(
        "/api/products/oxford", {"images": [{"url": "https://img.example/n"}]}
    ),
    "drop images": lambda s: s.staff.patch("/api/products/oxford", {"images": []}),
    "delete image": lambda s: s.staff.delete(
        f"/api/products/{s.product.pk}/images/{s.image.pk}"
    ),
    "create category": lambda s: s.staff.post(
        "/api/categories", {"name": "Renamed", "parentId": str(s.top.pk)}
    ),
    "rename category": lambda s: s.staff.patch(
        "/api/categories/shirts", {"name": "New"}
    ),
    "move category": lambda s: s.staff.patch(
        "/api/categories/shirts", {"parentId": str(s.other.pk)}
    ),
    "delete category": lambda s: s.staff.delete("/api/categories/other"),
    "create chart": lambda s: s.staff.post(
        "/api/size-charts", CHART | {"categoryId": str(s.other.pk)}
    ),
    "nearer chart": lambda s: s.staff.post(
        "/api/size-charts", CHART | {"categoryId": str(s.category.pk)}
    ),
    "replace chart": lambda s: s.staff.put("/api/size-charts/top", CHART),
    "delete chart": lambda s: s.staff.delete("/api/size-charts/top"),
    "create review": lambda s: s.api.as_user(s.reader).post(
        f"/api/products/{s.product.pk}/reviews", {"rating": 1}
    ),
    "change review": lambda s: s.api.as_user(s.author).patch(
        f"/api/products/{s.product.pk}/reviews/{s.review.pk}",
        {"rating": 1, "fit": "small"},
    ),
    "delete review": lambda s: s.api.as_user(s.author).delete(
        f"/api/products/{s.product.pk}/reviews/{s.review.pk}"
    ),
    "hide review": lambda s: s.staff.patch(
        f"/api/staff/reviews/{s.review.pk}", {"status": "hidden"}
    ),
}


@pytest.mark.parametrize("write", WRITES)
def test_after_a_write_nothing_shows_what_was_before(shop, write):
    before = shop.read()
    response = WRITES[write](shop)
    assert response.status_code in (200, 201, 204), response.json()
    after = shop.read()
    assert after == shop.truth()
    assert after != before


def test_a_purchase_marks_the_review_in_the_kept_list(
    shop, django_capture_on_commit_callbacks
):
    before = shop.read()
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        purchases.record_purchase(
            user_id=shop.author.pk, product_ids=[shop.product.pk]
        )
    after = shop.read()
    assert after == shop.truth()
    assert after != before
