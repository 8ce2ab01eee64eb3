"""Lists that columns decide are what the ORM's lists are, and take fewer queries."""

import random
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from products import facet_bitmaps
from products.models import Category, Product
from products.schemas.products import ProductSort, StaffProductFilter
from products.selectors import category_sizes, product_lists
from products.selectors.column_lists import ColumnList
from products.services import facet_index
from tests.factories import make_category, make_image, make_product, make_variant

FILTERS: dict[str, list[Any]] = {
    "category": [("women",), ("dresses", "shirts"), ("nowhere",)],
    "brand": [("Acme",), ("Acme", "Bolt"), ("nobody",)],
    "collection": [("Summer",)],
    "gender": [("women",), ("men", "women")],
    "material": [("Silk", "Cotton")],
    "in_stock": [True, False],
    "featured": [True, False],
    "new_arrival": [True],
    "status": [("draft",), ("published", "archived")],
    "min_price": [Decimal("100.00"), Decimal("250.50")],
    "max_price": [Decimal("99.00"), Decimal("250.00")],
}
SORTS = [None, *ProductSort]


@pytest.fixture
def shop(db):
    """Thirty products of all kinds, one of them also in another category than its own."""
    women = make_category(slug="women")
    categories = [
        women,
        make_category(slug="dresses", parent=women),
        make_category(slug="shirts"),
    ]
    pick = random.Random(20261127).choice
    for number in range(30):
        product = make_product(
            name=pick(["Gown", "Kurta", "Oxford"]),
            category=pick(categories),
            brand=pick(["Acme", "Bolt", "Crisp"]),
            collection=pick(["Summer", ""]),
            gender=pick(["men", "women", "unisex"]),
            material=pick(["Silk", "Cotton", "Linen"]),
            status=pick(["published", "published", "draft", "archived"]),
            base_price=pick(["99.00", "250.50"]),
            is_featured=pick([True, False]),
            is_new_arrival=pick([True, False]),
            popularity=number % 4,
            rated_4=number % 2,
        )
        make_variant(product=product, stock=pick([0, 3]))
        make_image(product=product)
    Product.objects.filter(status="published").earliest("id").also_in.add(
        categories[2]
    )


def ask_at_random(seed):
    pick = random.Random(seed)
    for _ in range(150):
        names = pick.sample(sorted(FILTERS), pick.randint(0, 3))
        yield StaffProductFilter(
            **{name: pick.choice(FILTERS[name]) for name in names},
            sort=pick.choice(SORTS),
            page=pick.choice([1, 1, 2, 9]),
            limit=pick.choice([2, 5, 40]),
        )


@pytest.mark.parametrize("for_staff", [False, True])
@pytest.mark.parametrize("is_large", [False, True])
def test_shows_what_the_orms_list_shows(shop, monkeypatch, is_large, for_staff):
    facet_index.fold_changes()
    facet_bitmaps.read_index()
    monkeypatch.setattr(facet_bitmaps, "MANY_PRODUCTS", 1 if is_large else 10_000)
    asked = list(ask_at_random(seed=int(is_large)))
    by_columns = [
        product_lists._list_matching(query, for_staff=for_staff) for query in asked
    ]
    monkeypatch.setattr(ColumnList, "is_by_columns", False)
    by_orm = [
        product_lists._list_matching(query, for_staff=for_staff) for query in asked
    ]
    for query, ours, theirs in zip(asked, by_columns, by_orm, strict=True):
        for card in ours.page.items:
            for name in ("total", "has_moved", "fresh_for_s"):
                card.pop(name, None)
        assert ours == theirs, query
    sizes = {len(found.page.items) for found in by_columns}
    assert {0, 2, 5} <= sizes  # pages of all kinds were compared


def count_queries(api, **query):
    api.get("/api/products", {**query, "limit": 40})  # so that nothing is new
    with CaptureQueriesContext(connection) as asked:
        assert api.get("/api/products", {**query, "limit": 41}).status_code == 200
    return len(asked)


def test_takes_one_query(api, shop):
    assert count_queries(api) == 1
    assert (
        count_queries(api, category="women", inStock="true", sort="name_asc") == 1
    )
    assert count_queries(api, brand="Acme", sort="price_asc", page=9) == 1
    assert count_queries(api, maxPrice="200.00") == 1


def test_few_of_a_large_catalogue_take_one_query(api, shop, monkeypatch):
    facet_index.fold_changes()
    facet_bitmaps.read_index()
    [dresses] = Category.objects.filter(slug="dresses")
    small = facet_bitmaps.count_in_categories([dresses.pk])
    monkeypatch.setattr(category_sizes, "_sizes", {})

    def count(products: int, **query: str) -> int:
        monkeypatch.setattr(facet_bitmaps, "MANY_PRODUCTS", products)
        assert facet_bitmaps.knows_many()
        return count_queries(api, category="dresses", **query)

    assert small > 1
    assert count(2 * small) == 1
    assert count(2 * small, inStock="true", maxPrice="200.00", page="2") == 1
    assert count(2 * small, brand="Acme") > 1, "its plan depends on the brand"
    assert count(2 * small - 1) > 1, "too many"
    monkeypatch.setattr(category_sizes, "_FOR_S", 0.0)
    assert count(2 * small) > 1, "it may have grown"


def test_a_sale_that_has_started_is_sorted_by_its_price(api, db):
    """The columns do not say it yet, so the list is not by columns."""
    make_variant(product=make_product(name="Dear", base_price="300.00"))
    reduced = make_product(name="Cheap", base_price="400.00", sale_price="100.00")
    make_variant(product=reduced)
    # as if the sale had started just now, and nobody had written its price yet
    Product.objects.filter(pk=reduced.pk).update(
        price="400.00",
        price_until="2026-01-01T00:00:00Z",
        next_price="100.00",
        next_until=None,
    )
    found = api.get("/api/products", {"sort": "price_asc"}).json()["items"]
    assert [item["name"] for item in found] == ["Cheap", "Dear"]
    found = api.get("/api/products", {"maxPrice": "200.00"}).json()["items"]
    assert [item["name"] for item in found] == ["Cheap"]
