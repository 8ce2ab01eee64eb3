"""What a text that is still being typed may become."""

from datetime import timedelta

import pytest
from django.utils import timezone

from analytics.models import DailySearch
from tests.factories import make_category, make_product


def suggest(api, text):
    response = api.get("/api/search/suggestions", {"q": text})
    assert response.status_code == 200, response.json()
    return response.json()


@pytest.fixture
def shelf(db):
    shoes = make_category(name="Shoes", slug="shoes")
    make_category(name="Shorts", slug="shorts")  # has nothing to sell
    make_product(
        name="Canvas sneaker", brand="Shoemaker", category=shoes, popularity=3
    )
    make_product(
        name="Shoe brush",
        brand="O\u2019Shea & Sons",
        status="draft",
        category=shoes,
    )


def test_suggests_products_categories_and_brands(api, shelf):
    found = suggest(api, "sho")
    assert [product["name"] for product in found["products"]] == ["Canvas sneaker"]
    assert [category["slug"] for category in found["categories"]] == ["shoes"]
    assert (found["brands"], found["searches"]) == (["Shoemaker"], [])
    assert found["correctedTo"] is None


def test_suggests_what_a_mistyped_text_means(api, shelf):
    found = suggest(api, "sneeker")
    assert found["correctedTo"] == "sneaker"
    assert [product["name"] for product in found["products"]] == ["Canvas sneaker"]


def test_suggests_what_several_people_searched_for_and_found(api, shelf):
    today = timezone.localdate()
    for query, days, searches, without in (
        ("shoes for work", 1, 3, 0),
        ("shoes red", 0, 9, 0),
        ("shoe of 14 elm street", 0, 2, 0),  # one person's own words
        ("shoelaces", 0, 9, 9),
        ("shoes of old", 40, 9, 0),
    ):
        DailySearch.objects.create(
            day=today - timedelta(days=days),
            query=query,
            searches=searches,
            without_result=without,
        )
    assert suggest(api, "Shoe")["searches"] == ["shoes red", "shoes for work"]


def test_a_search_that_finds_nothing_says_what_others_search_for(
    api, shelf, django_assert_max_num_queries
):
    for query, searches, without in (
        ("red shoes", 9, 0),
        ("canvas sneaker", 12, 1),
        ("unicorn", 9, 9),
        ("14 elm street", 2, 0),
    ):
        DailySearch.objects.create(
            day=timezone.localdate(),
            query=query,
            searches=searches,
            without_result=without,
        )
    for text in ("unicorn", "canvas unicorn", "!!!"):
        with django_assert_max_num_queries(9):
            vain = api.get("/api/products", {"search": text})
        assert vain.json()["suggestions"] == ["canvas sneaker", "red shoes"], text
    assert (
        "suggestions" not in api.get("/api/products", {"search": "sneaker"}).json()
    )
    assert "suggestions" not in api.get("/api/products", {"brand": "Nobody"}).json()


@pytest.mark.parametrize("text", ["%", "!!!", "\\", "_"])
def test_signs_suggest_nothing(api, shelf, text):
    assert suggest(api, text) == {
        "products": [],
        "categories": [],
        "brands": [],
        "searches": [],
        "correctedTo": None,
    }
