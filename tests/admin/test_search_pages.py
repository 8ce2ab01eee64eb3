"""Synonyms, ignored words, pins and colours, as staff enter them."""

import re

import pytest
from django.contrib import admin
from django.utils import timezone

from analytics.models import DailySearch
from products.models import Color, IgnoredWord, SearchPin, SynonymGroup
from tests import factories
from tests.admin.test_groups import client_of
from tests.client import Client as Api


@pytest.fixture
def staff(db):
    return client_of("catalogue")


@pytest.mark.parametrize("page", ["synonymgroup", "ignoredword", "searchpin"])
def test_what_people_searched_for_in_vain_stands_beside_the_list(staff, page):
    today = timezone.localdate()
    for query, vain in (("dirndl", 7), ("a person's name", 1)):
        DailySearch.objects.create(
            day=today, query=query, searches=9, without_result=vain
        )
    shown = staff.get(f"/admin/products/{page}/").content.decode()
    assert "dirndl" in shown
    assert "name</bdi>" not in shown
    assert "=dirndl" in shown
    assert staff.get(f"/admin/products/{page}/add/?query=dirndl").status_code == 200


def test_synonyms_are_entered_with_commas_and_found_at_once(staff):
    factories.make_product(name="Sneaker")
    api = Api()
    assert api.get("/api/products", {"search": "kicks"}).json()["items"] == []
    for words, kept in (("sneaker, kicks , kicks", True), ("lonely", False)):
        staff.post("/admin/products/synonymgroup/add/", {"words": words})
        assert SynonymGroup.objects.filter(words__contains=["kicks"]).exists()
        assert SynonymGroup.objects.count() == 1, kept
    assert len(api.get("/api/products", {"search": "kicks"}).json()["items"]) == 1


def test_words_are_ignored_once_and_a_product_pinned(staff):
    for word in ("Wali", "wali"):
        staff.post("/admin/products/ignoredword/add/", {"word": word})
    assert [each.word for each in IgnoredWord.objects.all()] == ["Wali"]
    product = factories.make_product(name="Boots")
    staff.post(
        "/admin/products/searchpin/add/",
        {"query": "winter", "product": str(product.pk), "position": "0"},
    )
    assert SearchPin.objects.get().product == product
    assert "Boots" in staff.get("/admin/products/searchpin/").content.decode()


@pytest.mark.parametrize(
    ("hex_digits", "kept"), [("#1B2A4A", "#1b2a4a"), ("", ""), ("blue", None)]
)
def test_a_colour_has_hex_digits_or_none(staff, hex_digits, kept):
    page = staff.post(
        "/admin/products/color/add/",
        {"name": "Navy", "family": "Blue", "hex": hex_digits},
    )
    assert [color.hex for color in Color.objects.all()] == [kept] * (
        kept is not None
    )
    if kept is None:
        assert b"#1b2a4a" in page.content
    assert staff.get("/admin/products/color/").status_code == 200


def test_the_admin_spells_colour_as_the_rest_of_the_shop_does():
    """The API and the code say `color`; what people read is British English."""
    shown = [
        str(text)
        for model in admin.site._registry
        for text in (
            model._meta.verbose_name,
            model._meta.verbose_name_plural,
            *(
                words
                for field in model._meta.fields
                if field.editable
                for words in (field.verbose_name, field.help_text)
            ),
        )
    ]
    assert "colour" in shown
    assert [
        text for text in shown if re.search(r"\bcolors?\b", text, re.IGNORECASE)
    ] == []
