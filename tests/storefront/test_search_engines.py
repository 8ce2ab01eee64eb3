"""robots.txt and the sitemaps."""

import xml.etree.ElementTree as ET

import pytest

from storefront import sitemap
from storefront.models import Page
from tests.factories import make_category, make_product

NS = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}


@pytest.fixture(autouse=True)
def origin(settings, db):
    settings.SHOP_URL = "https://shop.example"
    settings.ENVIRONMENT = "production"


def addresses(answer, element="url"):
    content = b"".join(answer) if answer.streaming else answer.content
    root = ET.fromstring(content)  # noqa: S314 (our own)
    return [each.text for each in root.findall(f"s:{element}/s:loc", NS)]


def test_robots_says_what_is_private_and_where_the_sitemap_is(client, settings):
    answer = client.get("/robots.txt")
    lines = answer.content.decode().splitlines()
    assert answer["Content-Type"] == "text/plain"
    assert "Disallow: /account" in lines
    assert "Sitemap: https://shop.example/sitemap.xml" in lines
    settings.ENVIRONMENT = "staging"
    lines = client.get("/robots.txt").content.decode().splitlines()
    assert lines == ["User-agent: *", "Disallow: /"]


def test_the_sitemap_names_what_shoppers_may_see(client, settings):
    category = make_category(slug="shirts")
    make_product(slug="shown", category=category)
    make_product(slug="draft", category=category, status="draft")
    given = {"title": "A page", "body": "Text.", "is_published": True}
    Page.objects.create(slug="returns", **given)
    Page.objects.create(slug="terms", kind="legal", **given)
    parts = addresses(client.get("/sitemap.xml"), "sitemap")
    assert parts == [
        "https://shop.example/sitemap-pages.xml",
        "https://shop.example/sitemap-categories.xml",
        "https://shop.example/sitemap-collections.xml",
        "https://shop.example/sitemap-products-1.xml",
    ]
    found = [
        address
        for part in parts
        for address in addresses(
            client.get(part.removeprefix("https://shop.example"))
        )
    ]
    assert found == [
        "https://shop.example/",
        "https://shop.example/shop",
        "https://shop.example/pages/returns",
        "https://shop.example/shop/shirts",
        "https://shop.example/p/shown",
    ]
    for path in (
        "/sitemap-none.xml",
        "/sitemap-products-0.xml",
        "/sitemap-products.xml",
    ):
        assert client.get(path).status_code == 404


def test_a_large_catalogue_is_split(client, monkeypatch):
    monkeypatch.setattr(sitemap, "MAX_ADDRESSES", 2)
    category = make_category()
    for number in range(5):
        make_product(slug=f"p{number}", category=category)
    parts = addresses(client.get("/sitemap.xml"), "sitemap")
    assert [part for part in parts if "products" in part] == [
        f"https://shop.example/sitemap-products-{number}.xml"
        for number in (1, 2, 3)
    ]
    found = [addresses(client.get(f"/sitemap-products-{n}.xml")) for n in (1, 2, 3)]
    assert sorted(each for part in found for each in part) == [
        f"https://shop.example/p/p{number}" for number in range(5)
    ]
    assert [len(part) for part in found] == [2, 2, 1]


def test_each_language_is_named_with_the_others(client, settings):
    settings.SHOP_LANGUAGES = ["en", "hi"]
    make_product(slug="shirt")
    content = b"".join(client.get("/sitemap-products-1.xml")).decode()
    assert "<loc>https://shop.example/hi/p/shirt</loc>" in content
    assert content.count('hreflang="hi"') == 2
