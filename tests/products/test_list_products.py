"""The list of products: filters, facets, orders, pages."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from products.models import Color, Product, StockLevel
from products.schemas.products import ProductSort
from products.selectors.filters import ORDERS
from products.services.facet_index import fold_changes
from tests.factories import (
    make_category,
    make_image,
    make_product,
    make_user,
    make_variant,
)


def names(response):
    assert response.status_code == 200, response.json()
    return [item["name"] for item in response.json()["items"]]


def search_names(api, **query):
    return sorted(names(api.get("/api/products", query)))


def test_shows_a_card_with_exactly_the_contracts_fields(api):
    category = make_category(name="Shirts", slug="shirts")
    product = make_product(
        name="Oxford",
        slug="oxford",
        category=category,
        brand="Acme",
        collection="Summer",
        gender="men",
        material="Cotton",
        base_price="1299.00",
        sale_price="999.50",
        is_featured=True,
    )
    for place, (size, color) in enumerate(
        [("L", "White"), ("M", "White"), ("M", "Blue")]
    ):
        make_variant(product=product, size=size, color=color, position=place)
    make_variant(product=product, size="XXL", color="Pink", is_active=False)
    make_image(
        product=product, external_url="https://img.example/a.jpg", alt_text="Front"
    )
    make_image(product=product)
    body = api.get("/api/products").json()
    [item] = body.pop("items")
    assert body == {"page": 1, "pages": 1, "total": 1, "limit": 12}
    assert item.pop("createdAt").endswith("Z")
    assert item == {
        "id": str(product.pk),
        "slug": "oxford",
        "name": "Oxford",
        "brand": "Acme",
        "category": {"id": str(category.pk), "slug": "shirts", "name": "Shirts"},
        "collection": "Summer",
        "gender": "men",
        "material": "Cotton",
        "basePrice": "1299.00",
        "salePrice": "999.50",
        "price": "999.50",
        "priceMax": "999.50",
        "saleEndsAt": None,
        "lowestPriorPrice": None,
        "currency": "INR",
        "inStock": True,
        "isFeatured": True,
        "isNewArrival": False,
        "rating": None,
        "reviewCount": 0,
        "colors": ["White", "Blue"],
        "sizes": ["L", "M"],
        "image": {
            "url": "https://img.example/a.jpg",
            "altText": "Front",
            "thumbnails": {},
            "width": None,
            "height": None,
        },
    }


def test_shows_only_what_is_published(api):
    make_product(name="Draft", status="draft")
    make_product(name="Archived", status="archived")
    bare = make_product(name="Bare")
    assert names(api.get("/api/products")) == [bare.name]
    assert api.get("/api/products").json()["items"][0]["image"] is None


def test_a_category_includes_everything_below_it(api):
    women = make_category(slug="women")
    dresses = make_category(slug="dresses", parent=women)
    make_product(name="Gown", category=make_category(slug="gowns", parent=dresses))
    make_product(name="Scarf", category=women)
    make_product(name="Boot", category=make_category(slug="boots"))
    assert search_names(api, category="women") == ["Gown", "Scarf"]
    assert search_names(api, category="dresses") == ["Gown"]
    assert search_names(api, category="gowns,boots") == ["Boot", "Gown"]
    assert search_names(api, category="nowhere") == []
    assert search_names(api, category=str(women.pk)) == ["Gown", "Scarf"]
    assert search_names(api, category=f"{dresses.pk},boots") == ["Boot", "Gown"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"brand": "Acme"}, ["One"]),
        ({"brand": "Acme,Bolt"}, ["One", "Two"]),
        ({"brand": "acme"}, []),
        ({"collection": "Winter"}, ["Two"]),
        ({"material": "Wool,Silk"}, ["Two"]),
        ({"gender": "women"}, ["Two"]),
        ({"gender": "women,men"}, ["One", "Two"]),
        ({"tag": "sport"}, ["One"]),
        ({"tag": "sport,party"}, ["One", "Two"]),
        ({"minPrice": "500.00"}, ["Three", "Two"]),
        ({"maxPrice": "450.00"}, ["One"]),
        ({"maxPrice": "450"}, ["One"]),
        ({"minPrice": "450.5"}, ["Three", "Two"]),
        ({"minPrice": "450.00", "maxPrice": "800.00"}, ["One", "Two"]),
        ({"minPrice": "800.00", "maxPrice": "450.00"}, []),
        ({"featured": "true"}, ["Three"]),
        ({"newArrival": "true"}, ["Two"]),
        ({"onSale": "true"}, ["One"]),
        ({"onSale": "false"}, ["Three", "Two"]),
        ({"inStock": "true"}, ["One"]),
        ({"inStock": "false"}, ["Three", "Two"]),
    ],
)
def test_filters(api, query, expected):
    one = make_product(
        name="One",
        brand="Acme",
        gender="men",
        base_price="900.00",
        sale_price="450.00",
        tags=["sport", "gym"],
    )
    make_product(
        name="Two",
        brand="Bolt",
        gender="women",
        base_price="800.00",
        collection="Winter",
        material="Wool",
        is_new_arrival=True,
        tags=["party"],
    )
    make_product(name="Three", base_price="2000.00", is_featured=True)
    make_variant(product=one)
    assert search_names(api, **query) == expected


def test_size_and_colour_hold_for_one_and_the_same_active_variant(api):
    split = make_product(name="Split")
    make_variant(product=split, size="M", color="Red")
    make_variant(product=split, size="L", color="Blue")
    both = make_product(name="Both")
    make_variant(product=both, size="M", color="Blue")
    gone = make_product(name="Gone")
    make_variant(product=gone, size="M", color="Blue", is_active=False)
    assert search_names(api, size="M", color="Blue") == ["Both"]
    assert search_names(api, size="M") == ["Both", "Split"]
    assert search_names(api, color="Blue,Red") == ["Both", "Split"]


def test_in_stock_with_a_size_means_a_piece_of_that_size(api):
    product = make_product(name="Shirt")
    make_variant(product=product, size="M", stock=0)
    large = make_variant(product=product, size="L", stock=2)
    assert search_names(api, size="L", inStock="true") == ["Shirt"]
    assert search_names(api, size="M", inStock="true") == []
    StockLevel.objects.filter(pk=large.pk).update(reserved=2)
    assert search_names(api, size="L", inStock="true") == []


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("newest", ["C", "B", "A"]),
        ("price_asc", ["B", "A", "C"]),
        ("price_desc", ["C", "A", "B"]),
        ("name_asc", ["A", "B", "C"]),
        ("name_desc", ["C", "B", "A"]),
        ("rating", ["B", "C", "A"]),
        ("popularity", ["A", "C", "B"]),
        ("relevance", ["C", "B", "A"]),
    ],
)
def test_sorts_and_walks_every_order_by_page_and_by_cursor(api, sort, expected):
    make_product(name="A", base_price="500.00", popularity=9)
    make_product(name="B", base_price="900.00", sale_price="100.00", rated_5=1)
    make_product(name="C", base_price="700.00", rated_3=1, popularity=4)
    assert names(api.get("/api/products", {"sort": sort})) == expected
    by_page = [
        names(api.get("/api/products", {"sort": sort, "limit": 1, "page": page}))[0]
        for page in (1, 2, 3)
    ]
    assert by_page == expected
    walked: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        body = api.get(
            "/api/products", {"sort": sort, "limit": 1, "cursor": cursor}
        ).json()
        assert body.keys() == {"items", "next"}
        walked += [item["name"] for item in body["items"]]
        cursor = body["next"]
    assert walked == expected


def test_every_sort_has_an_order_that_ends_in_a_unique_column():
    assert set(ORDERS) == set(ProductSort.values)
    assert all(order[-1] in ("id", "-id") for order in ORDERS.values())


def test_a_relevance_cursor_walks_equal_ranks_too(api):
    for number in range(7):
        make_product(name=f"Linen shirt {number}", popularity=number // 2)
    expected = names(api.get("/api/products", {"search": "linen"}))
    walked: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        body = api.get(
            "/api/products", {"search": "linen", "limit": 2, "cursor": cursor}
        ).json()
        walked += [item["name"] for item in body["items"]]
        cursor = body["next"]
    assert len(expected) == 7
    assert walked == expected


def test_deep_pages_are_refused_with_a_pointer_to_the_cursor(api):
    response = api.get("/api/products", {"page": 1002, "limit": 10})
    assert (response.status_code, response.json()["code"]) == (400, "page_too_deep")
    assert "cursor" in response.json()["detail"]
    assert names(api.get("/api/products", {"page": 1001, "limit": 10})) == []


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"colour": "red"}, "colour"),
        ({"gender": "men,martian"}, "gender"),
        ({"minPrice": "1.123"}, "minPrice"),
        ({"sort": "cheapest"}, "sort"),
        ({"inStock": "1"}, "inStock"),
        ({"category": "Women"}, "category"),
        ({"brand": ""}, "brand"),
        ({"brand": "a,a"}, "brand"),
        ({"brand": ",".join(map(str, range(21)))}, "brand"),
        ({"page": "0"}, "page"),
        ({"limit": "101"}, "limit"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"search": " "}, "search"),
        ({"search": "x" * 101}, "search"),
        ({"facets": "yes"}, "facets"),
        ({"status": "draft"}, "status"),
    ],
)
def test_refuses_what_it_does_not_know(api, query, parameter):
    response = api.get("/api/products", query)
    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert [error["parameter"] for error in response.json()["errors"]] == [
        parameter
    ]


def test_another_orders_cursor_is_refused(api):
    for name in "ABC":
        make_product(name=name)
    cursor = api.get("/api/products", {"cursor": "", "limit": 1}).json()["next"]
    response = api.get("/api/products", {"cursor": cursor, "sort": "price_asc"})
    assert (response.status_code, response.json()["errors"][0]["parameter"]) == (
        400,
        "cursor",
    )


def facets(api, **query):
    response = api.get("/api/products", {"facets": "true", **query})
    assert response.status_code == 200, response.json()
    counted = response.json()["facets"]
    return {
        name: {row["value"]: row["count"] for row in rows}
        for name, rows in counted.items()
        if name != "price"
    } | {
        "price": counted["price"],
        "total": response.json()["total"],
    }


@pytest.fixture
def wardrobe(db):
    women = make_category(name="Women", slug="women")
    dresses = make_category(name="Dresses", slug="dresses", parent=women)
    shirts = make_category(name="Shirts", slug="shirts")
    gown = make_product(
        name="Gown",
        category=dresses,
        brand="Acme",
        gender="women",
        material="Silk",
        base_price="3000",
    )
    make_variant(product=gown, size="S", color="Red")
    make_variant(product=gown, size="M", color="Blue", stock=0)
    kurta = make_product(
        name="Kurta",
        category=women,
        brand="Bolt",
        gender="women",
        material="Cotton",
        base_price="900",
    )
    make_variant(product=kurta, size="M", color="Red")
    oxford = make_product(
        name="Oxford",
        category=shirts,
        brand="Acme",
        gender="men",
        material="Cotton",
        base_price="700",
    )
    make_variant(product=oxford, size="M", color="Blue")
    make_variant(product=oxford, size="L", color="Blue")
    make_product(name="Hidden", status="draft", brand="Acme", category=shirts)


def test_facets_without_a_filter_count_everything(api, wardrobe):
    assert facets(api) == {
        "category": {"women": 2, "dresses": 1, "shirts": 1},
        "brand": {"Acme": 2, "Bolt": 1},
        "color": {"Red": 2, "Blue": 2},
        "colorFamily": {"Red": 2, "Blue": 2},
        "size": {"M": 3, "S": 1, "L": 1},
        "gender": {"women": 2, "men": 1},
        "material": {"Cotton": 2, "Silk": 1},
        "price": {"min": "700.00", "max": "3000.00"},
        "total": 3,
    }
    categories = api.get("/api/products", {"facets": "true"}).json()["facets"][
        "category"
    ]
    assert categories[0] == {"value": "women", "name": "Women", "count": 2}


@pytest.mark.parametrize("folded", [False, True])
@pytest.mark.parametrize("query", [{}, {"size": "M"}])
def test_a_product_of_two_blues_is_blue_once(api, folded, query):
    Color.objects.create(name="Navy", family="Blue")
    Color.objects.create(name="Sky Blue", family="Blue")
    shirt = make_product()
    for color in ("navy", "Sky Blue", "Red"):
        make_variant(product=shirt, size="M", color=color)
    if folded:
        fold_changes()
    assert facets(api, **query)["colorFamily"] == {"Blue": 1, "Red": 1}


def test_each_facet_is_counted_with_the_other_filters_applied(api, wardrobe):
    counted = facets(api, brand="Acme")
    assert counted["total"] == 2
    assert counted["brand"] == {"Acme": 2, "Bolt": 1}
    assert counted["category"] == {"women": 1, "dresses": 1, "shirts": 1}
    assert counted["color"] == {"Blue": 2, "Red": 1}
    assert counted["price"] == {"min": "700.00", "max": "3000.00"}
    counted = facets(api, category="women", maxPrice="1000.00")
    assert counted["total"] == 1
    assert counted["category"] == {"women": 1, "shirts": 1}
    assert counted["price"] == {"min": "900.00", "max": "3000.00"}
    assert counted["brand"] == {"Bolt": 1}


def test_the_facets_of_size_and_colour_look_at_the_same_variant(api, wardrobe):
    counted = facets(api, color="Blue")
    assert counted["total"] == 2
    assert counted["color"] == {"Red": 2, "Blue": 2}
    assert counted["size"] == {"M": 2, "L": 1}
    counted = facets(api, color="Blue", size="M", inStock="true")
    assert counted["total"] == 1
    assert counted["color"] == {"Red": 1, "Blue": 1}
    assert counted["size"] == {"M": 1, "L": 1}
    assert counted["brand"] == {"Acme": 1}


@pytest.mark.parametrize("query", [{"search": "unicorn"}, {"category": "nowhere"}])
def test_facets_of_nothing(api, query):
    assert facets(api, **query) == {
        "category": {},
        "brand": {},
        "color": {},
        "colorFamily": {},
        "size": {},
        "gender": {},
        "material": {},
        "price": {"min": None, "max": None},
        "total": 0,
    }


def test_facets_of_a_category_that_there_is_not(api, wardrobe):
    assert facets(api, category="nowhere", minPrice="1.00")["total"] == 0


@pytest.mark.parametrize(
    ("query", "most"),
    [
        ({}, 4),
        ({"category": "women", "brand": "Acme", "sort": "price_asc"}, 5),
        (
            {
                "category": "women",
                "search": "gown",
                "facets": "true",
                "color": "Red",
                "minPrice": "1.00",
            },
            10,
        ),
        ({"search": "gown", "cursor": "", "facets": "true"}, 10),
    ],
)
def test_asks_as_often_for_many_as_for_one(api, query, most):
    women = make_category(slug="women")
    counts = []
    for number in (1, 5):
        while Product.objects.count() < number:
            product = make_product(name="Gown", brand="Acme", category=women)
            make_variant(product=product, color="Red")
            make_image(product=product)
        # what a process asks once in a while, it has asked by now
        api.get("/api/products", {**query, "limit": 50 - number})
        with CaptureQueriesContext(connection) as asked:
            assert (
                len(
                    api.get(
                        "/api/products", {**query, "limit": 100 - number}
                    ).json()["items"]
                )
                == number
            )
        counts.append(len(asked))
    assert counts[0] == counts[1] <= most


def test_answers_the_products_that_are_asked_for_by_id_in_that_order(api):
    category = make_category()
    first, second = (make_product(name=name, category=category) for name in "AB")
    hidden = make_product(name="C", category=category, status="draft")
    unknown = "0190f3a0-0000-7000-8000-000000000000"
    wanted = [second.pk, unknown, hidden.pk, first.pk]
    with CaptureQueriesContext(connection) as asked:
        answer = api.get("/api/products", {"ids": ",".join(map(str, wanted))})
    assert names(answer) == ["B", "A"]
    assert (answer.json()["total"], answer.json()["pages"]) == (2, 1)
    assert len(asked) == 2


def test_ids_stand_alone(api):
    product = make_product()
    answer = api.get("/api/products", {"ids": str(product.pk), "minPrice": "1.00"})
    assert answer.status_code == 400
    [error] = answer.json()["errors"]
    assert (error["parameter"], error["code"]) == ("ids", "exclusive")
    assert "minPrice" in error["message"]
    assert api.get("/api/products", {"ids": "x"}).status_code == 400


def test_a_colour_is_meant_in_any_case(api):
    for name, color in (("One", "Black"), ("Two", "black"), ("Three", "Off-black")):
        make_variant(product=make_product(name=name), color=color)
    assert (
        search_names(api, color="black")
        == search_names(api, color="BLACK")
        == ["One", "Two"]
    )
    assert search_names(api, color="black,OFF-Black") == ["One", "Three", "Two"]
    assert search_names(api, color="blac") == []
    assert facets(api, color="BLACK")["color"]["Black"] == 1


def test_staff_see_skus_and_stock(api):
    product = make_product(name="One")
    for sku, stock, is_active in (
        ("A-1", 3, True),
        ("A-2", 4, True),
        ("A-3", 9, False),
    ):
        make_variant(product=product, sku=sku, stock=stock, is_active=is_active)
    make_product(name="Two", status="draft")
    staff = api.as_user(make_user(role="staff", groups=("catalogue",)))
    counts = []
    for limit in (1, 2):
        with CaptureQueriesContext(connection) as queries:
            listed = staff.get(
                "/api/staff/products", {"sort": "name_asc", "limit": limit}
            )
        counts.append(len(queries))
    assert counts[0] == counts[1]
    one, two = listed.json()["items"]
    assert (one["skus"], one["countInStock"]) == (["A-1", "A-2"], 7)
    assert (two["skus"], two["countInStock"]) == ([], 0)
    [item] = api.get("/api/products", {"search": "one"}).json()["items"]
    assert not {"skus", "countInStock"} & item.keys(), "staff's alone"
