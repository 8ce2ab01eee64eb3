"""Each of the shop's addresses answers the storefront's page with a head of its own, the
right status and what it begins with.
"""

import json
import re
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from whitenoise.middleware import WhiteNoiseMiddleware

from products.models import Collection, FormerSlug
from products.services import facet_index
from storefront import page_data
from storefront.models import Page
from storefront.views import pages
from tests.factories import make_category, make_image, make_product, make_variant


class Head(HTMLParser):
    """What stands in the head of an answer."""

    def __init__(self, answer):
        super().__init__()
        self.meta, self.links, self.scripts, self.title = {}, [], [], ""
        self._inside = None
        self.feed(answer.content.decode())

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self._inside = (tag, given)
        if tag == "meta":
            self.meta[given.get("name") or given.get("property")] = given.get(
                "content"
            )
        if tag == "link":
            self.links.append(given)

    def handle_endtag(self, tag):
        self._inside = None

    def handle_data(self, data):
        tag, given = self._inside or ("", {})
        if tag == "title":
            self.title += data
        if tag == "script":
            self.scripts.append((given, data))

    def link(self, rel):
        return [each["href"] for each in self.links if each["rel"] == rel]

    def json(self, element_id):
        [text] = [
            text for given, text in self.scripts if given.get("id") == element_id
        ]
        return json.loads(text)

    def structured_data(self):
        return [
            json.loads(text)
            for given, text in self.scripts
            if given.get("type") == "application/ld+json"
        ]


OWN = [
    "/checkout",
    "/orders",
    "/orders/1",
    "/account/security",
    "/account/credit",
    "/gift-cards",
    "/wishlist",
    "/sign-in",
    "/sign-up",
    "/forgot-password",
    "/reset-password",
    "/verify-email",
]


@pytest.mark.parametrize("path", ["/", "/shop", *OWN])
def test_the_shops_addresses_answer_its_page_under_a_strict_policy(
    client, built, db, path
):
    answer = client.get(path)
    assert answer.status_code == 200
    assert '<div id="root"></div>' in answer.content.decode()
    policy = dict(
        part.split(" ", 1) for part in answer["Content-Security-Policy"].split("; ")
    )
    assert policy["default-src"] == "'none'"
    assert {
        policy[name] for name in ("script-src", "style-src", "connect-src")
    } == {"'self'"}
    assert answer["X-Frame-Options"] == "DENY"
    head = Head(answer)
    assert (head.meta.get("robots") == "noindex") == (path in OWN)
    assert head.json("shop-settings")["name"] == "Markrin"
    assert "categories" in head.json("page-data")


def test_every_page_that_the_storefront_has_is_one_for_the_server_too():
    """`/gift-cards`, to which a gift card's mail leads, and `/account/credit` were 404."""
    pages = settings.BASE_DIR / "frontend/shop/src"
    paths = re.findall(r'<Route path="([^"]+)"', (pages / "app.tsx").read_text())
    tabs = re.findall(r'tab === "(\w+)"', (pages / "pages/account.tsx").read_text())
    assert len(paths) > 15
    assert len(tabs) > 3
    paths += [f"/account/{tab}" for tab in tabs]
    paths.remove("/account/:tab")
    asked = [re.sub(r":\w+", "some", path) for path in paths]
    known = [pattern for pattern, _read in page_data._ROUTES]
    assert [
        path for path in asked if not any(each.fullmatch(path) for each in known)
    ] == []


def test_the_icon_is_where_browsers_look_for_it_unasked(client, built, db):
    answer = client.get("/favicon.ico")
    assert (answer.status_code, answer["Location"]) == (301, "/favicon.svg")


@pytest.mark.parametrize(
    "path",
    [
        "/no/such/page",
        "/shop/no-such-category",
        "/p/no-such-product",
        "/pages/none",
        "/shop?page=2",
        "/shop?minPrice=much",
        "/account/nothing",
        "/fr/shop",
    ],
)
def test_what_is_not_there_is_a_404_with_the_page_that_says_so(
    client, built, db, path
):
    answer = client.get(path)
    assert answer.status_code == 404
    head = Head(answer)
    assert head.meta["robots"] == "noindex"
    assert '<div id="root"></div>' in answer.content.decode()


def test_a_products_head_names_it_and_preloads_what_its_page_needs(
    client, built, db
):
    product = make_product(
        slug="linen-shirt", name="Linen shirt", description="Crisp.\n\nWhite."
    )
    make_variant(product=product, color="White", size="M", stock=1)
    image = make_image(product=product, external_url="https://img.example/a.jpg")
    image.thumbnails = {"400": "p/a-400.webp", "800": "p/a-800.webp"}
    image.save()
    answer = client.get("/p/linen-shirt")
    head = Head(answer)
    assert head.title == "Linen shirt · Markrin"
    assert head.meta["description"] == "Crisp. White."
    assert head.link("canonical") == ["https://shop.example/p/linen-shirt"]
    assert head.meta["og:url"] == "https://shop.example/p/linen-shirt"
    assert head.meta["og:image"] == "https://img.example/a.jpg"
    [picture] = [each for each in head.links if each.get("as") == "image"]
    assert (
        picture["imagesrcset"]
        == "/media/p/a-400.webp 320w, /media/p/a-800.webp 640w"
    )
    assert head.link("modulepreload") == [
        "/assets/product-Am5aNG_o.js",
        "/assets/shared-Bm5aNG_o.js",
    ]
    assert head.json("page-data")["product"]["id"] == str(product.pk)


def test_the_fields_for_search_engines_replace_name_and_text(client, built, db):
    make_product(
        slug="shirt",
        seo_title="The best shirt",
        seo_description="Buy <b>it</b> & be happy",
    )
    head = Head(client.get("/p/shirt"))
    assert head.title == "The best shirt · Markrin"
    assert head.meta["description"] == "Buy <b>it</b> & be happy"


@pytest.mark.asvs("1.2.3", "3.2.2")
def test_no_text_of_the_catalogue_can_end_a_script(client, built, db):
    make_product(slug="evil", description="</script><script>alert(1)</script><!--")
    answer = client.get("/p/evil").content.decode()
    assert "<script>alert" not in answer
    assert "<!--" not in answer.split("</head>")[0].replace("<!doctype", "")


def test_former_addresses_lead_to_the_present_one(client, built, db):
    product = make_product(slug="new-name")
    FormerSlug.objects.create(product=product, slug="old-name")
    for path in ("/p/old-name?size=M", f"/p/{product.pk}?size=M"):
        answer = client.get(path)
        assert (answer.status_code, answer["Location"]) == (
            308,
            "/p/new-name?size=M",
        )


def test_a_category_lists_its_products_for_the_browser_and_for_search_engines(
    client, built, db
):
    top = make_category(slug="women", name="Women", description="All of it.")
    category = make_category(slug="shirts", name="Shirts", parent=top)
    make_product(slug="one", category=category)
    head = Head(client.get("/shop/shirts?sort=newest"))
    assert head.title == "Shirts · Markrin"
    assert head.link("canonical") == ["https://shop.example/shop/shirts"]
    data = head.json("page-data")["products"]
    assert data["query"] == {"sort": "newest", "category": "shirts", "limit": "24"}
    assert [item["slug"] for item in data["answer"]["items"]] == ["one"]
    assert data["answer"]["facets"]
    crumbs, listing = head.structured_data()
    assert [step["name"] for step in crumbs["itemListElement"]] == [
        "Women",
        "Shirts",
    ]
    assert listing["itemListElement"][0]["url"] == "https://shop.example/p/one"


@pytest.mark.parametrize("many", [1, 5])
@pytest.mark.parametrize(("has_bitmaps", "most"), [(False, 9), (True, 11)])
def test_a_list_costs_as_many_queries_for_one_product_as_for_several(
    client, built, db, many, has_bitmaps, most
):
    """Nine: the tree, the clock with the category's ids, the facets' index, counts and names, the
    order, the products, the texts, the ways of delivery. By bitmaps, not the counts, but what more
    than one category lists, the families of colours and the ids of what passes.
    """
    category = make_category(slug="shirts")
    for _ in range(many):
        make_image(product=make_product(category=category))
    if has_bitmaps:
        facet_index.fold_changes()
    client.get("/shop")  # prepared statements
    with CaptureQueriesContext(connection) as asked:
        client.get("/shop/shirts")
    assert len(asked) == most, "\n".join(query["sql"][:160] for query in asked)


def test_a_search_is_not_for_search_engines(client, built, db):
    head = Head(client.get("/shop?search=linen"))
    assert head.meta["robots"] == "noindex"
    assert "products" not in head.json("page-data")


def test_each_language_has_its_addresses_which_name_each_other(
    client, built, db, settings
):
    settings.SHOP_LANGUAGES = ["en", "ar"]
    Page.objects.create(
        slug="home", kind="home", title="Hello", body="First.", is_published=True
    )
    Page.objects.create(
        slug="home",
        kind="home",
        language="ar",
        title="أهلا",
        body="أول.",
        is_published=True,
    )
    answer = client.get("/ar")
    assert '<html lang="ar" dir="rtl">' in answer.content.decode()
    head = Head(answer)
    assert head.title == "أهلا · Markrin"
    assert head.link("canonical") == ["https://shop.example/ar"]
    alternates = {
        each["hreflang"]: each["href"]
        for each in head.links
        if each["rel"] == "alternate"
    }
    assert alternates == {
        "en": "https://shop.example/",
        "ar": "https://shop.example/ar",
        "x-default": "https://shop.example/",
    }
    assert Head(client.get("/")).title == "Hello · Markrin"


@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/api/nothing",
        "/admin/nothing/",
        "/static/nothing.js",
        "/media/nothing.png",
        "/health/nothing",
        "/assets/gone-12345678.js",
        "/test-gateway/nothing",
    ],
)
def test_the_addresses_of_others_are_left_to_them(client, built, path, db):
    answer = client.get(path)
    assert answer.status_code in {302, 404}
    assert '<div id="root">' not in answer.content.decode()


def test_it_only_reads(client, built):
    assert client.post("/", {}).status_code == 405


def test_without_a_build_the_way_leads_to_the_api(client, settings, tmp_path, db):
    settings.STOREFRONT_DIR = tmp_path
    answer = client.get("/")
    assert (answer.status_code, answer["Location"]) == (302, "/api/docs")
    assert client.get("/shop").status_code == 404


def test_hashed_files_are_immutable_and_the_rest_is_not(built, settings):
    files = WhiteNoiseMiddleware(lambda request: None, settings=settings).files

    def cached(url: str) -> str:
        return dict(files[url].get_response("HEAD", {}).headers)["Cache-Control"]

    assert "immutable" in cached("/assets/index-Dm5aNG_o.js")
    assert "immutable" not in cached("/favicon.svg")
    page = dict(files["/index.html"].get_response("HEAD", {}).headers)
    assert "immutable" not in page["Cache-Control"]
    assert page["Content-Security-Policy"].startswith("default-src 'none'")


def test_pictures_are_served_to_be_shown_and_nothing_else(
    client, settings, tmp_path
):
    settings.MEDIA_ROOT = tmp_path / "media"
    (tmp_path / "media" / "products").mkdir(parents=True)
    (tmp_path / "media" / "products" / "a-200.jpg").write_bytes(b"a picture")
    (tmp_path / "secret").write_text("not to be read")
    answer = client.get("/media/products/a-200.jpg")
    assert (answer.status_code, b"".join(answer)) == (200, b"a picture")
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["Cache-Control"] == "public, max-age=86400"
    policy = "default-src 'none'; frame-ancestors 'none'; sandbox"
    assert answer["Content-Security-Policy"] == policy
    assert answer["X-Content-Type-Options"] == "nosniff"
    for path in (
        "/media/../secret",
        "/media/products/../../secret",
        "/media/%2e%2e/secret",
        "/media/products",
    ):
        assert client.get(path).status_code == 404


# --- What Google asks of a product ----------------------------------------------------------------
# Source: Google Search Central, "Merchant listing structured data" and "Product variant
# structured data": the required and recommended properties, as read in 2026-11.
def product_data(client, slug):
    found, _crumbs = Head(client.get(f"/p/{slug}")).structured_data()
    return found


def assert_is_an_offer(offer):
    assert offer["@type"] == "Offer"
    assert re.fullmatch(r"[0-9]+\.[0-9]{2}", offer["price"])
    assert float(offer["price"]) > 0
    assert re.fullmatch(r"[A-Z]{3}", offer["priceCurrency"])
    assert offer["availability"] in {
        "https://schema.org/InStock",
        "https://schema.org/OutOfStock",
    }
    assert offer["url"].startswith("https://shop.example/p/")


def test_a_product_with_variants_is_a_group_by_googles_rules(client, built, db):
    product = make_product(
        slug="shirt", name="Shirt", brand="Acme", base_price="500.00"
    )
    make_variant(product=product, sku="A", color="Red", size="M", stock=1)
    make_variant(product=product, sku="B", color="Red", size="L", stock=0)
    make_image(
        product=product, external_url="https://img.example/red.jpg", alt_text="Red"
    )
    group = product_data(client, "shirt")
    assert group["@type"] == "ProductGroup"
    assert group["name"] == "Shirt"
    assert group["productGroupID"] == str(product.pk)
    assert group["variesBy"] == ["https://schema.org/size"]
    assert group["brand"] == {"@type": "Brand", "name": "Acme"}
    assert (
        "aggregateRating" not in group
    )  # nobody has rated it: an empty one is a fault
    first, second = group["hasVariant"]
    for variant in (first, second):
        assert variant["@type"] == "Product"
        assert variant["name"]
        assert variant["image"] == ["https://img.example/red.jpg"]
        assert_is_an_offer(variant["offers"])
    # Each variant is known by itself, and chosen beforehand at an address of its own.
    assert {first["sku"], second["sku"]} == {"A", "B"}
    assert first["offers"]["url"] != second["offers"]["url"]
    availabilities = [each["offers"]["availability"] for each in (first, second)]
    assert availabilities == [
        "https://schema.org/InStock",
        "https://schema.org/OutOfStock",
    ]


def test_a_product_with_one_variant_is_a_product_by_googles_rules(
    client, built, db
):
    product = make_product(slug="watch", name="Watch")
    make_variant(product=product, sku="W", color="", size="", stock=1)
    make_image(product=product, external_url="https://img.example/w.jpg")
    data = product_data(client, "watch")
    assert (data["@type"], data["name"], data["sku"]) == ("Product", "Watch", "W")
    assert data["image"] == ["https://img.example/w.jpg"]
    assert_is_an_offer(data["offers"])


def test_a_page_is_kept_until_a_price_on_it_changes(client, built, db, monkeypatch):
    asked = []
    monkeypatch.setattr(pages, "keep_at_most", lambda request, s: asked.append(s))
    ends = timezone.now() + timedelta(hours=1)
    given: dict[str, Any] = {
        "base_price": "500.00",
        "sale_price": "400.00",
        "sale_ends_at": ends,
    }
    product = make_product(
        slug="shirt",
        category=make_category(slug="shirts"),
        is_featured=True,
        **given,
    )
    make_variant(product=product, stock=1)
    for path in ("/", "/shop/shirts", "/p/shirt"):
        assert client.get(path).status_code == 200
    assert len(asked) == 3
    assert all(0 < seconds <= 3600 for seconds in asked), asked


def test_a_collection_has_a_page_with_a_head_of_its_own(client, built, db):
    shown = Collection.objects.create(
        name="Monsoon picks",
        slug="monsoon",
        description="For the rain.",
        by_rule=True,
        tags=["rain"],
    )
    make_product(slug="coat", name="Coat", tags=["rain"])
    make_product(slug="fan", name="Fan")
    head = Head(client.get("/collections/monsoon"))
    assert head.title.startswith("Monsoon picks")
    assert head.meta["description"] == "For the rain."
    assert head.link("canonical") == ["https://shop.example/collections/monsoon"]
    listed = head.json("page-data")["products"]["answer"]["items"]
    assert [item["slug"] for item in listed] == ["coat"]
    part = client.get("/sitemap-collections.xml")
    assert b"https://shop.example/collections/monsoon" in b"".join(part)
    shown.is_published = False
    shown.save()
    assert client.get("/collections/monsoon").status_code == 404
