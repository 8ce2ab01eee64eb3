"""Feeds of products: what their readers demand is so of every item; whoever has the address reads
them.
"""

import io
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone

from products.models import Variant
from storefront.models import ProductFeed
from storefront.product_feeds import writing
from storefront.product_feeds.formats import FORMATS
from tests.factories import make_category, make_product, make_variant
from tests.storefront.feed_rules import (
    AGENTS,
    AGENTS_REQUIRED,
    GOOGLE,
    REQUIRED,
    find_faults,
    read_agents,
    read_google,
)

pytestmark = pytest.mark.django_db


def write(name: str) -> io.BytesIO:
    file = io.BytesIO()
    writing.write_items(FORMATS[name], file)
    file.seek(0)
    return file


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
    bare, hidden = (
        make_variant(),
        make_variant(product=make_product(status="draft")),
    )
    for one in (plain, long, later, hidden):
        for number in range(14):
            ProductImage.objects.create(
                product=one.product,
                external_url=f"https://pictures.example/{one.pk}/{number},w.jpg",
                position=number,
            )
    return {"plain": plain, "long": long, "later": later, "bare": bare}


def test_google_would_take_every_item(goods):
    items = list(read_google(write("google")))
    assert [find_faults(item, GOOGLE, REQUIRED) for item in items] == [[]] * 3
    by_group = {item["item_group_id"][0]: item for item in items}
    plain = by_group[str(goods["plain"].product_id)]
    assert plain["title"] == ["A <b> & “c” – Deep Blue – M"]
    assert plain["product_type"] == ["Men > Shirts & more"]
    assert (plain["gender"], plain["age_group"]) == (["male"], ["kids"])
    assert (plain["gtin"], plain["availability"]) == (
        ["4006381333931"],
        ["in_stock"],
    )
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
    items = list(read_agents(write("agents")))
    faults = [find_faults(item, AGENTS, AGENTS_REQUIRED) for item in items]
    assert faults == [[]] * 4
    by_id = {item["item_id"][0]: item for item in items}
    plain = by_id[goods["plain"].sku]
    assert plain["listing_has_variations"] == ["True"]
    assert (plain["weight"], plain["item_weight_unit"]) == (["250"], ["g"])
    assert plain["additional_image_urls"][0].count("%2Cw.jpg") == 9
    assert by_id[goods["later"].sku]["listing_has_variations"] == ["False"]
    long = by_id[goods["long"].pk.hex]
    assert {"sale_price", "sale_price_start_date", "sale_price_end_date"} <= set(
        long
    )


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
    assert answer.getvalue() == write(name).getvalue()
    assert answer["Content-Type"] == FORMATS[name].content_type
    wrong = path.replace(writing.make_token(name), "0" * 32)
    assert Client().get(wrong).status_code == 404
    default_storage.delete(feed.file)


def test_the_queries_are_as_many_for_one_as_for_many(
    goods, django_assert_num_queries
):
    with django_assert_num_queries(
        3
    ):  # categories, the items, and that there are no more
        write("google")
