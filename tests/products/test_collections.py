"""Collections, by hand and by rule; and products that more than one category lists."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from products.models import Collection, Product
from products.schemas.products import ListProducts
from products.selectors.product_lists import list_products
from tests.factories import (
    make_cart_line,
    make_category,
    make_product,
    make_promotion,
    make_variant,
)

HOUR = timedelta(hours=1)


def make_collection(**columns):
    columns.setdefault("slug", columns.setdefault("name", "Picks").lower())
    return Collection.objects.create(**columns)


def slugs_in(api, slug, **filters):
    more = "".join(f"&{name}={value}" for name, value in filters.items())
    answer = api.get(f"/api/products?inCollection={slug}{more}")
    assert answer.status_code == 200, answer.json()
    return [item["slug"] for item in answer.json()["items"]]


def product(slug, *, stock=5, **columns):
    made = make_product(slug=slug, name=slug.title(), **columns)
    make_variant(product=made, stock=stock)
    return made


def test_one_by_hand_stands_in_the_order_that_staff_made(api, merchandiser):
    made = api.as_user(merchandiser).post(
        "/api/staff/collections", {"name": "Our Picks"}
    )
    assert made.status_code == 201, made.json()
    assert (made.json()["slug"], made.json()["productIds"]) == ("our-picks", [])
    a, b, c, _ = (product(slug) for slug in "abcd")
    address = "/api/staff/collections/our-picks"
    ids = [str(each.pk) for each in (b, c, a)]
    placed = api.as_user(merchandiser).put(
        f"{address}/products", {"productIds": ids}
    )
    assert placed.json()["productIds"] == ids
    assert slugs_in(api, "our-picks") == ["b", "c", "a"]
    assert slugs_in(api, "our-picks", sort="name_asc") == ["a", "b", "c"]
    first = api.get("/api/products?inCollection=our-picks&limit=2&cursor=").json()
    again = api.get(
        f"/api/products?inCollection=our-picks&limit=2&cursor={first['next']}"
    )
    assert [i["slug"] for i in first["items"] + again.json()["items"]] == [
        "b",
        "c",
        "a",
    ]

    unknown = {"productIds": [*ids, "00000000-0000-7000-8000-000000000009"]}
    refused = api.as_user(merchandiser).put(f"{address}/products", unknown)
    assert (refused.status_code, refused.json()["code"]) == (422, "product_unknown")
    assert slugs_in(api, "our-picks") == ["b", "c", "a"]  # nothing is half-done
    api.as_user(merchandiser).put(f"{address}/products", {"productIds": ids[:1]})
    assert slugs_in(api, "our-picks") == ["b"]


RULES = {
    "tags": ({"tags": ["linen", "silk"]}, {"tags": ["silk"]}, {"tags": ["wool"]}),
    "labels": ({"labels": ["Summer"]}, {"collection": "Summer"}, {}),
    "from": (
        {"min_price": "500"},
        {"base_price": "500.00"},
        {"base_price": "499.99"},
    ),
    "to": (
        {"max_price": "500"},
        {"base_price": "500.00"},
        {"base_price": "500.01"},
    ),
    "in stock": ({"in_stock": True}, {"stock": 1}, {"stock": 0}),
    "sold out": ({"in_stock": False}, {"stock": 0}, {"stock": 1}),
    "sale": ({"on_sale": True}, {"sale_price": "10.00"}, {}),
    "no sale": ({"on_sale": False}, {}, {"sale_price": "10.00"}),
    "sales": ({"min_sold": 3}, {"popularity": 3}, {"popularity": 2}),
    "all of them": (
        {"tags": ["silk"], "max_price": "500"},
        {"tags": ["silk"], "base_price": "500.00"},
        {"tags": ["silk"], "base_price": "600.00"},
    ),
}


@pytest.mark.parametrize(
    ("rule", "inside", "outside"), RULES.values(), ids=[*RULES]
)
def test_one_by_rule(api, customer, rule, inside, outside):
    collection = make_collection(by_rule=True, **rule)
    for slug, columns in (("in", inside), ("out", outside)):
        sold = {"base_price": "100.00", **columns}
        units = sold.pop("popularity", 0)
        made = product(slug, **sold)
        Product.objects.filter(pk=made.pk).update(popularity=units)
    product("draft", status="draft", **{"base_price": "100.00", **_plain(inside)})
    assert slugs_in(api, "picks") == ["in"]
    facets = api.get("/api/products?inCollection=picks&facets=true").json()[
        "facets"
    ]
    assert sum(value["count"] for value in facets["category"]) >= 1

    # A promotion that goes by it means the very same products.
    make_promotion(name="Of picks", percent="10", collections=[collection])
    for made in Product.objects.filter(slug__in=["in", "out"]):
        variant = made.variants.get()
        make_cart_line(customer=customer, variant=variant, quantity=1)
    cart = api.as_user(customer).get("/api/cart").json()
    off = [line for d in cart["quote"]["discounts"] for line in d["lines"]]
    bought = {i["id"]: i["product"]["slug"] for i in cart["items"]}
    sold_out = rule == {"in_stock": False}  # what cannot be bought is not priced
    assert [bought[line["lineId"]] for line in off] == ([] if sold_out else ["in"])


def test_a_promotion_by_collection_costs_a_cart_no_query_more(api, customer):
    variant = product("a", base_price="100.00").variants.get()
    make_cart_line(customer=customer, variant=variant, quantity=1)
    promotion = make_promotion()

    def count():
        with CaptureQueriesContext(connection) as queries:
            api.as_user(customer).get("/api/cart")
        return len(queries)

    count()
    before = count()
    promotion.collections.set([make_collection(by_rule=True, min_price="1")])
    assert count() == before


def _plain(columns):
    return {k: v for k, v in columns.items() if k not in ("popularity", "stock")}


def test_one_by_age_ends_at_the_moment_itself(db):
    make_collection(by_rule=True, max_age_days=30)
    old, young = product("old"), product("young")
    now = timezone.now()
    for made, age in (
        (old, timedelta(days=31)),
        (young, timedelta(days=30) - HOUR),
    ):
        Product.objects.filter(pk=made.pk).update(created_at=now - age)
    found = list_products(ListProducts().load({"inCollection": "picks"}))
    assert [item["slug"] for item in found.page.items] == ["young"]
    assert found.fresh_for_s is not None
    assert 3500 < found.fresh_for_s <= 3600  # no tier keeps it beyond that


def test_one_by_category_has_what_lies_below_and_what_is_also_there(api):
    women = make_category(slug="women")
    sarees = make_category(parent=women)
    men = make_category()
    make_collection(by_rule=True, category=women)
    product("saree", category=sarees)
    both = product("stole", category=men)
    both.also_in.add(sarees)
    product("kurta", category=men)
    assert sorted(slugs_in(api, "picks")) == ["saree", "stole"]


def test_what_staff_put_first_leads_one_by_rule_too(api, merchandiser):
    make_collection(by_rule=True, min_price="1", sort="name_asc")
    _, _, c = (product(slug, base_price="100.00") for slug in "abc")
    outside = product("z", base_price="0.00")
    body = {"productIds": [str(outside.pk), str(c.pk)]}
    api.as_user(merchandiser).put("/api/staff/collections/picks/products", body)
    assert slugs_in(api, "picks") == ["c", "a", "b"]


def test_a_page_of_its_own_and_none_while_it_is_hidden(api, merchandiser):
    make_collection(name="Hidden", is_published=False)
    make_collection(name="Shown", description="Nice things.")
    listed = api.get("/api/collections").json()["items"]
    assert [each["slug"] for each in listed] == ["shown"]
    assert api.get("/api/collections/shown").json()["description"] == "Nice things."
    assert api.get("/api/collections/hidden").status_code == 404
    product("a")
    assert slugs_in(api, "hidden") == []
    every = api.as_user(merchandiser).get("/api/staff/collections").json()["items"]
    assert {each["slug"] for each in every} == {"hidden", "shown"}


def test_nobody_is_shown_what_no_longer_belongs(api, merchandiser):
    made = product("a", tags=["silk"])
    make_collection(by_rule=True, tags=["silk"])
    assert slugs_in(api, "picks") == ["a"]
    api.as_user(merchandiser).patch(f"/api/products/{made.pk}", {"tags": ["wool"]})
    assert slugs_in(api, "picks") == []
    body = {"tags": ["wool"]}
    api.as_user(merchandiser).patch("/api/staff/collections/picks", body)
    assert slugs_in(api, "picks") == ["a"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"name": "A", "byRule": True}, "collection_rule_empty"),
        (
            {"name": "A", "minPrice": "2.00", "maxPrice": "1.00"},
            "collection_prices_wrong",
        ),
        ({"name": "A", "slug": "picks"}, "slug_taken"),
        (
            {"name": "A", "categoryId": "00000000-0000-7000-8000-000000000009"},
            "category_unknown",
        ),
    ],
)
def test_refuses_what_makes_no_collection(api, merchandiser, body, code):
    make_collection()
    refused = api.as_user(merchandiser).post("/api/staff/collections", body)
    assert refused.json()["code"] == code
    assert Collection.objects.count() == 1


def test_what_a_promotion_goes_by_cannot_be_deleted(api, merchandiser):
    category, collection = make_category(slug="shirts"), make_collection()
    promotion = make_promotion(collections=[collection], categories=[category])
    for address, code in (
        ("/api/staff/collections/picks", "collection_in_use"),
        ("/api/categories/shirts", "category_in_use"),
    ):
        refused = api.as_user(merchandiser).delete(address)
        assert (refused.status_code, refused.json()["code"]) == (409, code)
    promotion.delete()
    assert (
        api.as_user(merchandiser).delete("/api/categories/shirts").status_code
        == 204
    )
    gone = api.as_user(merchandiser).delete("/api/staff/collections/picks")
    assert (gone.status_code, Collection.objects.count()) == (204, 0)


def test_a_product_in_more_than_one_category(api, merchandiser, customer):
    root = make_category(slug="clothes", name="Clothes")
    shirts = make_category(slug="shirts", name="Shirts", parent=root)
    gifts = make_category(slug="gifts", name="Gifts")
    made = product("shirt", category=shirts, base_price="300.00")
    product("mug", category=gifts)
    ids = {"alsoInIds": [str(gifts.pk), str(root.pk)]}
    answer = api.as_user(merchandiser).patch(f"/api/products/{made.pk}", ids)
    assert [c["slug"] for c in answer.json()["alsoIn"]] == ["clothes", "gifts"]
    assert [c["slug"] for c in answer.json()["categoryPath"]] == [
        "clothes",
        "shirts",
    ]

    for slug, shown in (("gifts", {"mug", "shirt"}), ("clothes", {"shirt"})):
        listed = api.get(f"/api/products?category={slug}&facets=true").json()
        assert {item["slug"] for item in listed["items"]} == shown
        counts = {v["value"]: v["count"] for v in listed["facets"]["category"]}
        assert counts == {"clothes": 1, "shirts": 1, "gifts": 2}
    tree = {
        c["slug"]: c["productCount"]
        for c in api.get("/api/categories").json()["items"]
    }
    assert tree == {"clothes": 1, "gifts": 2}

    def find(word: str) -> set[str]:
        found = api.get(f"/api/products?search={word}").json()["items"]
        return {item["slug"] for item in found}

    assert find("gifts") == {"mug", "shirt"}
    make_promotion(percent="10", categories=[gifts])
    make_cart_line(customer=customer, variant=made.variants.get(), quantity=1)
    quote = api.as_user(customer).get("/api/cart").json()["quote"]
    assert quote["discount"] == "30.00"

    refused = api.as_user(merchandiser).delete("/api/categories/gifts")
    assert refused.json()["code"] == "category_not_empty"
    unknown = {"alsoInIds": ["00000000-0000-7000-8000-000000000009"]}
    refused = api.as_user(merchandiser).patch(f"/api/products/{made.pk}", unknown)
    assert refused.json()["code"] == "category_unknown"
    api.as_user(merchandiser).patch(f"/api/products/{made.pk}", {"alsoInIds": []})
    listed = api.get("/api/products?category=gifts").json()["items"]
    assert [item["slug"] for item in listed] == ["mug"]
    assert find("gifts") == {"mug"}
