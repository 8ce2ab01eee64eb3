"""Feeds of products: what their readers demand is so of every item; whoever has the address reads
them.
"""

import io
import json
import re
from datetime import timedelta
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone

from products.models import Variant
from storefront.models import ProductFeed
from storefront.product_feeds import writing
from storefront.product_feeds.formats import FORMATS
from tests.factories import make_category, make_product, make_variant

pytestmark = pytest.mark.django_db
G = "{http://base.google.com/ns/1.0}"
MONEY = r"[0-9]+\.[0-9]{2} [A-Z]{3}"
DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}[+-][0-9]{4}"
# Field → what its reader takes. Source: Google Merchant Center, "Product data specification".
GOOGLE: dict[str, str] = {
    "id": r"\S(.{0,48}\S)?",
    "item_group_id": r"[A-Za-z0-9-]{1,50}",
    "title": r"(?s).{1,150}",
    "description": r"(?s).{1,5000}",
    "link": r"https?://\S{1,1990}",
    "image_link": r"https?://\S{1,1990}",
    "additional_image_link": r"https?://\S{1,1990}",
    "availability": "in_stock|out_of_stock|preorder|backorder",
    "price": MONEY,
    "sale_price": MONEY,
    "sale_price_effective_date": f"{DAY}/{DAY}",
    "condition": "new|refurbished|used",
    "brand": r".{1,70}",
    "gtin": r"[0-9]{8}|[0-9]{12,14}",
    "mpn": r".{1,70}",
    "product_type": r".{1,750}",
    "gender": "male|female|unisex",
    "age_group": "newborn|infant|toddler|kids|adult",
    "color": r".{1,100}",
    "size": r".{1,100}",
    "material": r".{1,200}",
    "shipping_weight": r"[0-9]+ g",
}
REQUIRED = {
    *("id", "title", "description", "link", "image_link", "availability"),
    *("price", "condition", "brand", "item_group_id", "gender", "age_group"),
}
# Source: OpenAI, "Product feed schema", the names of 2026; an unknown name is a fault.
AGENTS = {
    **{
        name: GOOGLE[name]
        for name in (
            *("title", "description", "price", "sale_price", "condition", "brand"),
            *("gtin", "mpn", "gender", "age_group"),
        )
    },
    "is_eligible_search": "True",
    "is_eligible_checkout": "False",
    "item_id": r"\S(.{0,98}\S)?",
    "group_id": r"[A-Za-z0-9-]{1,70}",
    "url": r"https?://\S+",
    "image_url": r"https?://\S+",
    "additional_image_urls": r"https?://[^,\s]+(,https?://[^,\s]+)*",
    "availability": "in_stock|out_of_stock|pre_order|backorder|unknown",
    "sale_price_start_date": r"\d{4}-\d\d-\d\d",
    "sale_price_end_date": r"\d{4}-\d\d-\d\d",
    "product_category": r".{1,750}",
    "color": r".{1,40}",
    "size": r".{1,20}",
    "material": r".{1,100}",
    "variant_dict": r"\{'(color|size)': '[^']+'(, 'size': '[^']+')?\}",
    "item_group_title": r".{1,150}",
    "listing_has_variations": "True|False",
    "seller_name": r".{1,70}",
    "seller_url": r"https?://\S+",
    "store_country": "[A-Z]{2}",
    "target_countries": "[A-Z]{2}(,[A-Z]{2})*",
    "accepts_returns": "True|False",
    "return_deadline_in_days": r"[1-9][0-9]*",
    "weight": r"[1-9][0-9]*",
    "item_weight_unit": "g|kg|oz|lb",
    "review_count": r"[1-9][0-9]*",
    "star_rating": r"[0-5](\.[0-9]{1,2})?",
}
AGENTS_REQUIRED = {
    *("item_id", "title", "description", "url", "brand", "seller_name", "image_url"),
    *("availability", "price", "target_countries", "store_country"),
    *("is_eligible_search", "is_eligible_checkout"),
    *("group_id", "listing_has_variations"),
}


def find_faults(item: dict[str, list[str]], rules: dict[str, str], needed: set[str]):
    """Return what the reader would refuse of an item."""
    faults = [f"{name} is missing" for name in needed - item.keys()]
    for name, values in item.items():
        if name not in rules:
            faults.append(f"{name} is unknown")
        elif len(values) > (10 if name == "additional_image_link" else 1):
            faults.append(f"{name} stands there {len(values)} times")
        faults += [
            f"{name}: {value[:80]!r}"
            for value in values
            if name in rules and not re.fullmatch(rules[name], value)
        ]
    if "gtin" not in item and not {"brand", "mpn"} <= item.keys():
        faults.append("neither gtin nor brand and mpn")
    if "sale_price" in item and not (
        amount(item, "sale_price") < amount(item, "price")
    ):
        faults.append("sale_price is not below price")
    return faults


def amount(item: dict[str, list[str]], name: str) -> Decimal:
    return Decimal(item[name][0].split()[0])


def read_google(content: bytes) -> list[dict[str, list[str]]]:
    root = ET.fromstring(content)  # noqa: S314 (our own)
    assert (root.tag, root.get("version")) == ("rss", "2.0")
    items = []
    for node in root.iterfind("channel/item"):
        item: dict[str, list[str]] = {}
        for field in node:
            item.setdefault(field.tag.removeprefix(G), []).append(field.text or "")
        items.append(item)
    return items


def read_agents(content: bytes) -> list[dict[str, list[str]]]:
    return [
        {name: [str(value)] for name, value in json.loads(line).items()}
        for line in content.splitlines()
    ]


def write(name: str) -> bytes:
    file = io.BytesIO()
    writing.write_items(FORMATS[name], file)
    return file.getvalue()


@pytest.fixture
def goods(settings: Any) -> dict[str, Variant]:
    """Everything that a catalogue may hold and a reader may not."""
    settings.SHOP_URL = "https://shop.example"
    from products.models import ProductImage

    category = make_category(name="Shirts & more", parent=make_category(name="Men"))
    plain = make_variant(
        product=make_product(category=category, gender="boys", name="A <b> & “c”"),
        stock=2,
        size="M",
        color="Deep Blue",
        barcode="4006381333931",
        weight_g=250,
    )
    now = timezone.now()
    long = make_variant(
        product=make_product(
            name="A long name " * 15 + "end",
            description="word " * 1_990 + "end",
            brand="B" * 80,
        ),
        sku="S" * 64,
        stock=0,
        base_price=Decimal("100.00"),
        sale_price=Decimal("80.00"),
        sale_starts_at=now - timedelta(days=1),
        sale_ends_at=now + timedelta(days=1),
    )
    later = make_variant(
        product=make_product(),
        base_price=Decimal("50.00"),
        sale_price=Decimal("40.00"),
        sale_starts_at=now + timedelta(days=3),
    )
    bare, hidden = make_variant(), make_variant(product=make_product(status="draft"))
    for one in (plain, long, later, hidden):
        for number in range(14):
            ProductImage.objects.create(
                product=one.product,
                external_url=f"https://pictures.example/{one.pk}/{number},w.jpg",
                position=number,
            )
    return {"plain": plain, "long": long, "later": later, "bare": bare}


def test_google_would_take_every_item(goods):
    items = read_google(write("google"))
    assert [find_faults(item, GOOGLE, REQUIRED) for item in items] == [[]] * 3
    by_group = {item["item_group_id"][0]: item for item in items}
    plain = by_group[str(goods["plain"].product_id)]
    assert plain["title"] == ["A <b> & “c” – Deep Blue – M"]
    assert plain["product_type"] == ["Men > Shirts & more"]
    assert (plain["gender"], plain["age_group"]) == (["male"], ["kids"])
    assert (plain["gtin"], plain["availability"]) == (["4006381333931"], ["in_stock"])
    assert plain["link"][0].startswith("https://shop.example/p/")
    assert plain["shipping_weight"] == ["250 g"]
    long = by_group[str(goods["long"].product_id)]
    assert long["id"] == [goods["long"].pk.hex]
    assert long["availability"] == ["out_of_stock"]
    assert (long["price"], long["sale_price"]) == (["100.00 INR"], ["80.00 INR"])
    assert "sale_price_effective_date" in long
    later = by_group[str(goods["later"].product_id)]
    assert "sale_price" not in later  # it has not begun, and has no end


def test_agents_would_take_every_item(goods):
    make_variant(product=goods["plain"].product, size="L")
    make_variant(product=goods["later"].product, size="L", is_active=False)
    items = read_agents(write("agents"))
    faults = [find_faults(item, AGENTS, AGENTS_REQUIRED) for item in items]
    assert faults == [[]] * 4
    by_id = {item["item_id"][0]: item for item in items}
    plain = by_id[goods["plain"].sku]
    assert plain["listing_has_variations"] == ["True"]
    assert (plain["weight"], plain["item_weight_unit"]) == (["250"], ["g"])
    assert plain["additional_image_urls"][0].count("%2Cw.jpg") == 9
    assert by_id[goods["later"].sku]["listing_has_variations"] == ["False"]
    long = by_id[goods["long"].pk.hex]
    assert {"sale_price", "sale_price_start_date", "sale_price_end_date"} <= set(long)


def test_what_is_left_out_is_counted_and_the_last_file_is_replaced(goods):
    first = writing.write_feed("google")
    assert first is not None
    assert (first.items, first.left_out) == (3, {"it has no picture": 1})
    again = writing.write_feed("google")
    assert again is not None
    assert not default_storage.exists(first.file)
    assert default_storage.exists(again.file)
    default_storage.delete(again.file)
    assert ProductFeed.objects.count() == 1


@pytest.mark.parametrize("name", FORMATS)
def test_whoever_has_the_address_reads_it_and_nobody_else(goods, name):
    path = writing.make_path(name)
    assert Client().get(path).status_code == 404  # not written yet
    feed = writing.write_feed(name)
    assert feed is not None
    answer = Client().get(path)
    assert answer.getvalue() == write(name)
    assert answer["Content-Type"] == FORMATS[name].content_type
    wrong = path.replace(writing.make_token(name), "0" * 32)
    assert Client().get(wrong).status_code == 404
    default_storage.delete(feed.file)


def test_the_queries_are_as_many_for_one_as_for_many(goods, django_assert_num_queries):
    with django_assert_num_queries(
        3
    ):  # categories, the items, and that there are no more
        write("google")
