"""A product in full, by id and slug; what is like it; what is new and featured."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from products.models import FormerSlug, Product, Purchase
from tests.factories import (
    make_category,
    make_image,
    make_product,
    make_review,
    make_size_chart,
    make_user,
    make_variant,
)


def test_shows_everything_the_contract_names(api):
    clothing = make_category(name="Clothing", slug="clothing")
    shirts = make_category(name="Shirts", slug="shirts", parent=clothing)
    chart = make_size_chart(category=clothing, title="Tops")
    product = make_product(
        name="Oxford",
        slug="oxford",
        category=shirts,
        description="Crisp.\nWhite.",
        tags=["office"],
        base_price="1299",
        seo_title="Oxford shirt",
        seo_description="The white one.",
    )
    medium = make_variant(
        product=product, sku="OX-M", size="M", color="White", position=1, stock=3
    )
    small = make_variant(
        product=product, sku="OX-S", size="S", color="White", position=0, stock=0
    )
    make_variant(product=product, sku="OX-L", size="L", is_active=False)
    second = make_image(
        product=product,
        position=1,
        external_url="https://img.example/2.jpg",
        alt_text="Back",
    )
    first = make_image(
        product=product,
        position=0,
        external_url="https://img.example/1.jpg",
        alt_text="Front",
    )
    make_review(product=product, rating=5, fit="true")
    make_review(product=product, rating=4, fit="small")
    make_review(product=product, rating=1, status="hidden", fit="large")
    body = api.get("/api/products/oxford").json()
    assert body == api.get(f"/api/products/{product.pk}").json()
    assert body.pop("createdAt").endswith("Z")
    assert body.pop("updatedAt").endswith("Z")
    table = body.pop("sizeChart")
    assert body == {
        "id": str(product.pk),
        "slug": "oxford",
        "name": "Oxford",
        "brand": "",
        "category": {"id": str(shirts.pk), "slug": "shirts", "name": "Shirts"},
        "collection": "",
        "gender": "unisex",
        "material": "",
        "basePrice": "1299.00",
        "salePrice": None,
        "price": "1299.00",
        "priceMax": "1299.00",
        "saleEndsAt": None,
        "lowestPriorPrice": None,
        "currency": "INR",
        "inStock": True,
        "isFeatured": False,
        "isNewArrival": False,
        "rating": 4.5,
        "reviewCount": 2,
        "colors": ["White"],
        "sizes": ["S", "M"],
        "image": {
            "url": "https://img.example/1.jpg",
            "altText": "Front",
            "thumbnails": {},
            "width": None,
            "height": None,
        },
        "description": "Crisp.\nWhite.",
        "isGiftCard": False,
        "tags": ["office"],
        "images": [
            {
                "id": str(first.pk),
                "url": "https://img.example/1.jpg",
                "altText": "Front",
                "thumbnails": {},
                "width": None,
                "height": None,
                "color": "",
            },
            {
                "id": str(second.pk),
                "url": "https://img.example/2.jpg",
                "altText": "Back",
                "thumbnails": {},
                "width": None,
                "height": None,
                "color": "",
            },
        ],
        "variants": [
            {
                "id": str(small.pk),
                "sku": "OX-S",
                "inventoryPolicy": "deny",
                "size": "S",
                "color": "White",
                "basePrice": "1299.00",
                "salePrice": None,
                "price": "1299.00",
                "saleEndsAt": None,
                "lowestPriorPrice": None,
                "barcode": "",
                "weightG": None,
                "countInStock": 0,
                "inStock": False,
            },
            {
                "id": str(medium.pk),
                "sku": "OX-M",
                "inventoryPolicy": "deny",
                "size": "M",
                "color": "White",
                "basePrice": "1299.00",
                "salePrice": None,
                "price": "1299.00",
                "saleEndsAt": None,
                "lowestPriorPrice": None,
                "barcode": "",
                "weightG": None,
                "countInStock": 3,
                "inStock": True,
            },
        ],
        "alsoIn": [],
        "categoryPath": [
            {"id": str(clothing.pk), "slug": "clothing", "name": "Clothing"},
            {"id": str(shirts.pk), "slug": "shirts", "name": "Shirts"},
        ],
        "ratingHistogram": {"1": 0, "2": 0, "3": 0, "4": 1, "5": 1},
        "fit": {"small": 1, "true": 1, "large": 0},
        "seo": {"title": "Oxford shirt", "description": "The white one."},
    }
    assert (table["id"], table["title"], table["measures"]) == (
        str(chart.pk),
        "Tops",
        ["chest", "waist"],
    )
    assert table["rows"][0] == {
        "size": "S",
        "values": [
            {
                "cm": {"min": "88.0", "max": "92.0"},
                "inches": {"min": "34.6", "max": "36.2"},
            },
            {
                "cm": {"min": "74.0", "max": "78.0"},
                "inches": {"min": "29.1", "max": "30.7"},
            },
        ],
    }


def test_the_nearest_size_chart_holds(api):
    top = make_category()
    middle = make_category(parent=top)
    make_size_chart(category=top, title="General")
    make_size_chart(category=middle, title="Special")
    product = make_product(category=make_category(parent=middle))
    assert (
        api.get(f"/api/products/{product.pk}").json()["sizeChart"]["title"]
        == "Special"
    )
    assert api.get(f"/api/products/{make_product().pk}").json()["sizeChart"] is None


@pytest.mark.parametrize("status", ["draft", "archived"])
def test_nobody_sees_what_is_not_published(api, staff_client, status):
    product = make_product(slug="secret", status=status)
    FormerSlug.objects.create(slug="old-secret", product=product)
    for key in ("secret", "old-secret", product.pk):
        for client in (api, staff_client):
            response = client.get(f"/api/products/{key}")
            assert (response.status_code, response.json()["code"]) == (
                404,
                "not_found",
            )
    assert staff_client.get("/api/staff/products/secret").json()["status"] == status


def test_a_former_slug_leads_to_the_present_one(api):
    product = make_product(slug="new-name")
    FormerSlug.objects.create(slug="old-name", product=product)
    response = api.get("/api/products/old-name")
    assert (response.status_code, response["Location"]) == (
        308,
        "/api/products/new-name",
    )


@pytest.mark.parametrize(
    "key", ["Oxford", "0190a5d8-0000-7000-8000-000000000000", "no-such-thing"]
)
def test_an_unknown_address_is_404(api, db, key):
    assert api.get(f"/api/products/{key}").status_code == 404


def test_asks_as_often_for_many_variants_as_for_one(api):
    counts = []
    for number in (1, 6):
        product = make_product(variants=number)
        for _ in range(number):
            make_image(product=product)
        with CaptureQueriesContext(connection) as asked:
            body = api.get(f"/api/products/{product.slug}").json()
        assert len(body["variants"]) == len(body["images"]) == number
        counts.append(len(asked))
    assert counts == [1, 1]


def list_related(api, product, **query):
    items = api.get(f"/api/products/{product.pk}/related", query).json()["items"]
    return [item["name"] for item in items]


def test_related_are_of_other_categories_before_its_own(api):
    clothing = make_category()
    shirts, trousers, belts = (make_category(parent=clothing) for _ in range(3))
    product = make_product(category=shirts, gender="men")
    make_product(name="Shirt", category=shirts, gender="men", popularity=50)
    make_product(name="Belt", category=belts, gender="unisex", popularity=2)
    make_product(name="Trousers", category=trousers, gender="men", popularity=9)
    make_product(name="Chinos", category=trousers, gender="men", popularity=8)
    make_product(name="Her belt", category=belts, gender="women", popularity=99)
    make_product(name="Draft", category=belts, gender="men", status="draft")
    make_product(name="Elsewhere")
    assert list_related(api, product) == [
        "Trousers", "Belt", "Elsewhere", "Chinos", "Her belt", "Shirt",
    ]  # fmt: skip
    assert list_related(api, product, limit=1) == ["Trousers"]


def test_related_begin_with_what_two_buyers_or_more_bought_together(api):
    product = make_product()
    hat, scarf, draft = (
        make_product(name=name) for name in ("Hat", "Scarf", "Draft")
    )
    Product.objects.filter(pk=draft.pk).update(status="draft")
    make_product(name="Popular", popularity=99)
    for bought in ([hat, draft], [hat, draft, scarf], [hat]):
        buyer = make_user()
        for each in (product, *bought):
            Purchase.objects.create(user=buyer, product=each)
    assert list_related(api, product, limit=3) == ["Hat", "Popular", "Scarf"]


def test_what_is_not_there_has_no_related_products(api, db):
    assert api.get("/api/products/no-such-thing/related").status_code == 404


def test_new_arrivals_and_featured_are_pages_of_cards(api):
    make_product(name="Old")
    make_product(name="New", is_new_arrival=True)
    make_product(name="Star", is_featured=True)
    make_product(name="Newer", is_new_arrival=True, is_featured=True)
    make_product(
        name="Draft", is_new_arrival=True, is_featured=True, status="draft"
    )
    new = api.get("/api/products/new-arrivals").json()
    assert [item["name"] for item in new.pop("items")] == ["Newer", "New"]
    assert new == {"page": 1, "pages": 1, "total": 2, "limit": 12}
    assert [
        item["name"] for item in api.get("/api/products/featured").json()["items"]
    ] == ["Newer", "Star"]
    first = api.get("/api/products/featured", {"cursor": "", "limit": 1}).json()
    assert [item["name"] for item in first["items"]] == ["Newer"]
    rest = api.get(
        "/api/products/featured", {"cursor": first["next"], "limit": 1}
    ).json()
    assert ([item["name"] for item in rest["items"]], rest["next"]) == (
        ["Star"],
        None,
    )
