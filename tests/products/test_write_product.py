"""Staff create, change and archive products."""

from decimal import Decimal

import pytest

from products.models import FormerSlug, Product, StockLevel, StockMovement, Variant
from tests.factories import make_image, make_product, make_user, make_variant


def body(category, **overrides):
    return {
        "name": "Oxford shirt",
        "categoryId": str(category.pk),
        "basePrice": "1299.00",
    } | overrides


def variant(sku, **overrides):
    return {"sku": sku, "size": sku, "color": "White"} | overrides


def test_creates_a_product_with_variants_images_and_their_first_stock(
    staff_client, category, merchandiser, api
):
    response = staff_client.post(
        "/api/products",
        body(
            category,
            description="Crisp.",
            brand="Acme",
            collection="Office",
            gender="men",
            material="Cotton",
            salePrice="999.00",
            tags=["office", "formal"],
            isFeatured=True,
            isNewArrival=True,
            status="published",
            seo={"title": "Oxford", "description": "The one."},
            images=[
                {"url": "https://img.example/1.jpg", "altText": "Front"},
                {"url": "https://img.example/2.jpg"},
            ],
            variants=[variant("OX-S", stock=3), variant("OX-M")],
        ),
    )
    assert response.status_code == 201, response.json()
    created = response.json()
    assert created["slug"] == "oxford-shirt"
    assert created["status"] == "published"
    assert (created["price"], created["inStock"], created["tags"]) == (
        "999.00",
        True,
        ["office", "formal"],
    )
    assert created["seo"] == {"title": "Oxford", "description": "The one."}
    assert [image["altText"] for image in created["images"]] == ["Front", ""]
    assert [
        (v["sku"], v["onHand"], v["countInStock"]) for v in created["variants"]
    ] == [("OX-S", 3, 3), ("OX-M", 0, 0)]
    moved = StockMovement.objects.order_by("variant__sku").values_list(
        "variant__sku", "kind", "d_on_hand", "actor"
    )
    assert list(moved) == [
        ("OX-M", "initial", 0, merchandiser.pk),
        ("OX-S", "initial", 3, merchandiser.pk),
    ]
    shown = api.get("/api/products/oxford-shirt").json()
    assert shown == {
        key: value for key, value in created.items() if key in shown
    } | {"variants": shown["variants"]}


def test_a_short_product_is_a_draft_with_defaults(staff_client, category):
    created = staff_client.post("/api/products", body(category)).json()
    assert created["status"] == "draft"
    assert (
        created["gender"],
        created["salePrice"],
        created["tags"],
        created["variants"],
    ) == ("unisex", None, [], [])


def test_slugs_are_ascii_distinct_and_never_mean_something_else(
    staff_client, category
):
    def slug(name):
        return staff_client.post("/api/products", body(category, name=name)).json()[
            "slug"
        ]

    assert [
        slug("Café Déjà_Vu!"),
        slug("Café Déjà Vu"),
        slug("कुर्ता"),
        slug("新"),
    ] == [
        "cafe-deja-vu",
        "cafe-deja-vu-2",
        "kurta",
        "xin",
    ]
    assert [slug("红色 旗袍"), slug("عباية"), slug("🙂"), slug("☆")] == [
        "hong-se-qi-pao",
        "byh",
        "product",
        "product-2",
    ]
    assert slug("Featured") == "featured-2"
    assert (
        slug("0190a5d8-0000-7000-8000-000000000000")
        == "0190a5d8-0000-7000-8000-000000000000-2"
    )
    assert len(slug("x" * 200)) == 100


@pytest.mark.parametrize(
    "taken", ["oxford", "featured", "0190a5d8-0000-7000-8000-000000000000"]
)
def test_a_chosen_slug_that_is_taken_is_refused(staff_client, category, taken):
    make_product(slug="oxford")
    response = staff_client.post("/api/products", body(category, slug=taken))
    assert (response.status_code, response.json()["code"]) == (409, "slug_taken")
    assert Product.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"name": ""}, "/name", "too_short"),
        ({"name": "a\u202eb"}, "/name", "characters"),
        ({"basePrice": "100000000.00"}, "/basePrice", "format"),
        ({"basePrice": "99999999.01"}, "/basePrice", "range"),
        ({"basePrice": 1299}, "/basePrice", "type"),
        ({"salePrice": "1299.00"}, "/salePrice", "range"),
        ({"salePrice": "0.00"}, "/salePrice", "range"),
        ({"gender": "male"}, "/gender", "choice"),
        ({"tags": ["a", "a"]}, "/tags", "unique"),
        ({"tags": [str(n) for n in range(21)]}, "/tags", "count"),
        ({"status": None}, "/status", "null"),
        ({"rating": 5}, "/rating", "unknown"),
        ({"seo": {"titel": ""}}, "/seo/titel", "unknown"),
        (
            {"images": [{"url": "http://img.example/1.jpg"}]},
            "/images/0/url",
            "format",
        ),
        ({"images": [{"url": "javascript:alert(1)"}]}, "/images/0/url", "format"),
        ({"variants": [{"sku": "-X"}]}, "/variants/0/sku", "format"),
        (
            {"variants": [variant("A"), variant("B", stock=-1)]},
            "/variants/1/stock",
            "range",
        ),
        (
            {"variants": [variant("A"), variant("A", size="Z")]},
            "/variants/1",
            "sku_repeated",
        ),
        (
            {"variants": [variant("A"), variant("B", size="A")]},
            "/variants/1",
            "variant_repeated",
        ),
    ],
)
def test_refuses_bad_input_at_its_place_and_changes_nothing(
    staff_client, category, change, pointer, code
):
    response = staff_client.post("/api/products", body(category) | change)
    assert response.status_code == 400
    assert [
        (error["pointer"], error["code"]) for error in response.json()["errors"]
    ] == [(pointer, code)]
    assert not Product.objects.exists()
    assert not Variant.objects.exists()


def test_refuses_what_it_refers_to_and_changes_nothing(staff_client, category):
    make_variant(sku="TAKEN")
    for change, status, code in (
        (
            {"categoryId": "0190a5d8-0000-7000-8000-000000000000"},
            422,
            "category_unknown",
        ),
        (
            {"images": [{"url": "/media/products/not-mine.webp"}]},
            422,
            "image_unknown",
        ),
        ({"variants": [variant("NEW"), variant("TAKEN")]}, 409, "sku_taken"),
    ):
        response = staff_client.post("/api/products", body(category) | change)
        assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.json()["skus"] == ["TAKEN"]
    assert Product.objects.count() == Variant.objects.count() == 1


def test_another_name_brings_another_slug_and_the_old_one_leads_there(
    staff_client, category, api
):
    created = staff_client.post(
        "/api/products", body(category, status="published")
    ).json()
    url = f"/api/products/{created['id']}"
    changed = staff_client.patch(url, {"name": "Derby shirt"})
    assert (changed.status_code, changed.json()["slug"]) == (200, "derby-shirt")
    assert (
        api.get("/api/products/oxford-shirt")["Location"]
        == "/api/products/derby-shirt"
    )
    # Back to the old name: its number is no reason to leave the old address to itself.
    back = staff_client.patch(url, {"slug": "oxford-shirt"}).json()
    assert back["slug"] == "oxford-shirt"
    assert api.get("/api/products/oxford-shirt").status_code == 200
    assert (
        api.get("/api/products/derby-shirt")["Location"]
        == "/api/products/oxford-shirt"
    )
    assert list(FormerSlug.objects.values_list("slug", flat=True)) == [
        "derby-shirt"
    ]
    # Nobody else is given an address that leads here.
    assert (
        staff_client.post(
            "/api/products", body(category, name="Derby shirt")
        ).json()["slug"]
        == "derby-shirt-2"
    )


def test_patch_changes_what_it_names_and_nothing_else(staff_client):
    product = make_product(name="Plain", brand="Acme", tags=["a"], variants=1)
    before = staff_client.get(f"/api/staff/products/{product.pk}").json()
    after = staff_client.patch(
        f"/api/products/{product.slug}", {"material": "Wool", "salePrice": "10.00"}
    ).json()
    differ = {key for key in before if before[key] != after[key]}
    assert differ == {
        "material",
        "salePrice",
        "price",
        "priceMax",
        "lowestPriorPrice",
        "variants",  # which cost what the product does
        "updatedAt",
    }
    assert (
        staff_client.patch(
            f"/api/products/{product.pk}", {"salePrice": None}
        ).json()["price"]
        == "1000.00"
    )


def test_patch_refuses_a_sale_price_that_is_none(staff_client):
    product = make_product(base_price="100.00", sale_price="90.00")
    for change in ({"salePrice": "100.00"}, {"basePrice": "90.00"}):
        response = staff_client.patch(f"/api/products/{product.pk}", change)
        assert (response.status_code, response.json()["code"]) == (
            422,
            "sale_price_not_below",
        )
    product.refresh_from_db()
    assert (product.base_price, product.sale_price) == (
        Decimal("100.00"),
        Decimal("90.00"),
    )
    assert (
        staff_client.patch(
            f"/api/products/{product.pk}", {"variants": []}
        ).status_code
        == 400
    )
    assert staff_client.patch(f"/api/products/{product.pk}", {}).status_code == 400


def test_put_replaces_the_product_and_changes_its_variants_in_place(
    staff_client, category
):
    product = make_product(name="Old", brand="Acme", tags=["x"], category=category)
    kept = make_variant(product=product, sku="K", size="S", color="Red", stock=4)
    swapped = make_variant(product=product, sku="W", size="M", color="Red", stock=0)
    gone = make_variant(product=product, sku="G", size="L", color="Red", stock=1)
    response = staff_client.put(
        f"/api/products/{product.pk}",
        body(
            category,
            name="Old",
            status="published",
            variants=[
                variant("W", size="S", color="Red"),
                variant("N", size="XL", stock=2),
                variant("K", size="M", color="Red", stock=4),
            ],
        ),
    )
    assert response.status_code == 200, response.json()
    shown = response.json()
    assert (shown["brand"], shown["tags"], shown["slug"]) == ("", [], product.slug)
    assert [
        (v["sku"], v["size"], v["countInStock"], v["isActive"])
        for v in shown["variants"]
    ] == [
        ("W", "S", 0, True),
        ("N", "XL", 2, True),
        ("K", "M", 4, True),
        ("G", "L", 1, False),
    ] or [v["sku"] for v in shown["variants"] if v["isActive"]] == ["W", "N", "K"]
    assert {v["id"] for v in shown["variants"]} >= {
        str(kept.pk),
        str(swapped.pk),
        str(gone.pk),
    }
    assert shown["inStock"]


def test_put_does_not_set_the_stock_of_a_variant_that_exists(
    staff_client, category
):
    product = make_product(category=category)
    make_variant(product=product, sku="K", size="S", stock=4)
    response = staff_client.put(
        f"/api/products/{product.pk}",
        body(category, brand="New", variants=[variant("K", stock=5)]),
    )
    assert (response.status_code, response.json()["code"]) == (
        422,
        "stock_only_moves",
    )
    assert response.json()["skus"] == ["K"]
    assert StockLevel.objects.get().on_hand == 4
    assert Product.objects.get().brand == ""


def test_put_without_variants_or_images_leaves_them(staff_client, category):
    product = make_product(category=category, variants=2)
    make_image(product=product)
    shown = staff_client.put(f"/api/products/{product.pk}", body(category)).json()
    assert (len(shown["variants"]), len(shown["images"])) == (2, 1)
    assert all(v["isActive"] for v in shown["variants"])


def test_without_its_last_stocked_variant_a_product_is_out_of_stock(
    staff_client, category
):
    product = make_product(category=category)
    make_variant(product=product, sku="K", stock=4)
    assert product.in_stock
    assert (
        staff_client.put(
            f"/api/products/{product.pk}", body(category, variants=[])
        ).json()["inStock"]
        is False
    )
    again = staff_client.put(
        f"/api/products/{product.pk}", body(category, variants=[variant("K")])
    ).json()
    assert again["inStock"] is True


def test_an_address_may_stand_for_two_images(staff_client, category):
    twice = [
        {"url": "https://img.example/1.jpg"},
        {"url": "https://img.example/1.jpg", "altText": "Again"},
    ]
    created = staff_client.post(
        "/api/products", body(category, images=twice)
    ).json()
    for images in (twice, twice[::-1], [*twice, twice[0]], twice[:1]):
        shown = staff_client.patch(
            f"/api/products/{created['id']}", {"images": images}
        )
        assert shown.status_code == 200
        assert [image["altText"] for image in shown.json()["images"]] == [
            one.get("altText", "") for one in images
        ]


def test_images_are_kept_by_their_address_and_put_in_order(staff_client):
    product = make_product()
    first = make_image(product=product, external_url="https://img.example/1.jpg")
    make_image(product=product, external_url="https://img.example/2.jpg")
    images = [
        {"url": "https://img.example/3.jpg"},
        {"url": "https://img.example/1.jpg", "altText": "New"},
    ]
    shown = staff_client.patch(
        f"/api/products/{product.pk}", {"images": images}
    ).json()["images"]
    assert [(image["url"], image["altText"]) for image in shown] == [
        ("https://img.example/3.jpg", ""),
        ("https://img.example/1.jpg", "New"),
    ]
    assert shown[1]["id"] == str(first.pk)


def test_delete_archives(staff_client, api):
    product = make_product(variants=1)
    assert staff_client.delete(f"/api/products/{product.pk}").status_code == 204
    assert api.get(f"/api/products/{product.pk}").status_code == 404
    assert staff_client.delete(f"/api/products/{product.pk}").status_code == 404
    product.refresh_from_db()
    assert (product.status, product.variants.count()) == ("archived", 1)
    assert (
        staff_client.patch(
            f"/api/products/{product.pk}", {"status": "published"}
        ).status_code
        == 200
    )
    assert api.get(f"/api/products/{product.pk}").status_code == 200


def test_staff_list_products_of_any_status(staff_client):
    make_product(name="Draft", status="draft")
    make_product(name="Gone", status="archived")
    make_product(name="Live", brand="Acme")

    def listed(**query):
        items = staff_client.get(
            "/api/staff/products", {"sort": "name_asc", **query}
        ).json()["items"]
        return [(item["name"], item["status"]) for item in items]

    assert listed() == [
        ("Draft", "draft"),
        ("Gone", "archived"),
        ("Live", "published"),
    ]
    assert listed(status="draft,archived") == [
        ("Draft", "draft"),
        ("Gone", "archived"),
    ]
    assert listed(brand="Acme", status="draft") == []
    assert listed(search="gone") == [("Gone", "archived")]


def test_only_catalogue_staff_and_admins_write(api, category, admin_user):
    customer, other_staff = make_user(), make_user(role="staff", groups=("orders",))
    product = make_product()
    for method, path, json in (
        ("POST", "/api/products", body(category)),
        ("PUT", f"/api/products/{product.pk}", body(category)),
        ("PATCH", f"/api/products/{product.pk}", {"brand": "X"}),
        ("DELETE", f"/api/products/{product.pk}", None),
        ("GET", "/api/staff/products", None),
        ("GET", f"/api/staff/products/{product.pk}", None),
    ):
        for client, status in (
            (api, 401),
            (api.as_user(customer), 403),
            (api.as_user(other_staff), 403),
        ):
            response = client._send(method, path, json=json)
            assert response.status_code == status, (method, path)
    assert list(Product.objects.values_list("brand", "status")) == [
        ("", "published")
    ]
    assert (
        api.as_user(admin_user).post("/api/products", body(category)).status_code
        == 201
    )
