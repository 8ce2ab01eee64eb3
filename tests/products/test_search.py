"""Searching the catalogue: ranked, forgiving, as one types."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from products import search
from products.models import Product, SearchWord
from products.selectors import search_ranking
from products.services import search_words
from tests.factories import make_product


def found(api, text, **query):
    response = api.get("/api/products", {"search": text, **query})
    assert response.status_code == 200, response.json()
    return [item["name"] for item in response.json()["items"]]


@pytest.fixture
def shelf(db):
    make_product(name="Denim jacket", brand="Acme", description="A classic.")
    make_product(name="Leather boots", brand="Crème Atelier", tags=["winter"])
    make_product(
        name="Sneakers",
        brand="Runner",
        material="Canvas",
        description="Goes with a jacket.",
    )
    make_product(name="Blue shirt", brand="O'Neill", material="Cotton")
    make_product(name="Hidden jacket", status="draft")
    search_words.rebuild_search_words()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "jacket",
            ["Denim jacket", "Sneakers"],
        ),  # the name counts for more than the description
        ("jackets", ["Denim jacket", "Sneakers"]),
        ("JACKET acme", ["Denim jacket"]),
        ("creme", ["Leather boots"]),
        ("crème", ["Leather boots"]),
        ("winter", ["Leather boots"]),
        ("canvas", ["Sneakers"]),
        ("o'neill", ["Blue shirt"]),
        ("jac", ["Denim jacket", "Sneakers"]),  # as one types
        ("denim j", ["Denim jacket"]),
        ("jaket", ["Denim jacket", "Sneakers"]),
        ("jakcet", ["Denim jacket", "Sneakers"]),
        ("shrit", ["Blue shirt"]),
        ("sneekers", ["Sneakers"]),
        ("lether bots", ["Leather boots"]),
        ("blue shrt", ["Blue shirt"]),
        ("denmi jack", ["Denim jacket"]),
        ("jacket boots", []),
        ("unicorn", []),
        ("the", []),
        ("!!!", []),
    ],
)
def test_finds(api, shelf, text, expected):
    assert found(api, text) == expected


def test_a_word_that_is_there_is_not_corrected(api, db):
    make_product(name="Boat")
    make_product(name="Boot")
    search_words.rebuild_search_words()
    assert found(api, "boat") == ["Boat"]


def test_equal_ranks_are_ordered_by_popularity(api, db):
    make_product(name="Linen shirt", popularity=1)
    make_product(name="Cotton shirt", popularity=7)
    assert found(api, "shirt") == ["Cotton shirt", "Linen shirt"]
    assert found(api, "shirt", sort="name_desc") == ["Linen shirt", "Cotton shirt"]


def test_combines_with_filters(api, shelf):
    assert found(api, "jaket", brand="Runner") == ["Sneakers"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("jacket' | 'boots", "jacket boots"),
        ("jacket:*", "jacket"),
        ("!jacket", "jacket"),
        ("\\' jacket", "jacket"),
        ("(jacket", "jacket"),
        ("jacket) & (acme", "jacket acme"),
        ("jacket <-> denim", "jacket denim"),
        ("jack%_", "jack"),
        ("🙂 jacket", "jacket"),
        ("jacket*", "jacket"),
        ("'", "''"),
        ("\\", "!"),
        ("ß", "ﬀ"),
    ],
)
def test_what_looks_like_a_query_is_only_words(api, shelf, text, words):
    assert found(api, text) == found(api, words)


@given(
    st.text(
        alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
        max_size=40,
    )
)
def test_any_lexeme_survives_its_quoting(lexeme):
    quoted = search._quoted(lexeme)
    assert quoted[0] == quoted[-1] == "'"
    assert quoted[1:-1].replace("''", "").replace("\\\\", "").count("'") == 0


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("", "", 0),
        ("a", "", 1),
        ("shirt", "shirt", 0),
        ("shrit", "shirt", 1),
        ("jaket", "jacket", 1),
        ("ca", "abc", 3),
        ("boot", "boat", 1),
        ("sandal", "vandals", 2),
    ],
)
def test_counts_slips(one, other, expected):
    assert search.distance(one, other) == search.distance(other, one) == expected


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (("boot", False, ["boat", "bolt", "best"]), ["boat", "bolt"]),
        (("boot", False, ["best"]), []),
        (("sneek", True, ["sneaker"]), ["sneaker"]),
        (("sneek", False, ["sneaker"]), []),
        (("trowser", False, ["trouser", "browser"]), ["trouser", "browser"]),
        (("x", True, None), []),
    ],
)
def test_corrects_to_the_nearest_words_only(wanted, expected):
    lexeme, last, candidates = wanted
    assert search.corrections(search.Wanted(1, last, lexeme, candidates)) == expected


def test_a_written_product_brings_its_words_and_a_rebuild_takes_those_of_the_gone(
    api, staff_client, category
):
    product = {
        "name": "Corduroy trousers",
        "categoryId": str(category.pk),
        "basePrice": "10.00",
    }
    draft = staff_client.post("/api/products", product).json()
    assert not SearchWord.objects.exists()
    staff_client.patch(f"/api/products/{draft['id']}", {"status": "published"})
    assert set(SearchWord.objects.values_list("word", flat=True)) == {
        "corduroy",
        "trouser",
    }
    assert found(api, "cordurroy") == ["Corduroy trousers"]
    Product.objects.update(name="Chino")
    assert search_words.rebuild_search_words() == 1
    assert list(SearchWord.objects.values_list("word", flat=True)) == ["chino"]


@pytest.fixture
def many(db, monkeypatch):
    """Seven hits, of which the three most popular are ranked; the name counts for more than
    the description.
    """
    monkeypatch.setattr(search_ranking, "MAX_RANKED", 3)
    for number in range(7):
        name, description = (
            (f"Linen {number}", "") if number % 2 else (f"Plain {number}", "Linen.")
        )
        make_product(name=name, description=description, popularity=number)
    search_words.rebuild_search_words()


def test_of_many_hits_the_popular_ones_are_ranked_and_counted(api, many):
    body = api.get("/api/products", {"search": "lnien", "limit": 2}).json()
    assert [item["name"] for item in body["items"]] == ["Linen 5", "Plain 6"]
    assert {
        name: body[name] for name in ("page", "pages", "total", "limit", "more")
    } == {
        "page": 1,
        "pages": 2,
        "total": 3,
        "limit": 2,
        "more": True,
    }
    assert found(api, "linen", limit=2, page=2) == ["Plain 4"]
    assert (
        found(api, "linen", limit=2, page=3)
        == found(api, "linen", limit=3, page=2)
        == []
    )


def test_another_order_goes_through_all_hits_and_shows_as_many(api, many):
    body = api.get(
        "/api/products", {"search": "linen", "sort": "name_desc", "limit": 2}
    ).json()
    assert [item["name"] for item in body["items"]] == ["Plain 6", "Plain 4"]
    assert (body["pages"], body["total"], body["more"]) == (2, 3, True)
    assert found(api, "linen", sort="name_desc", limit=2, page=2) == ["Plain 2"]
    assert found(api, "linen", sort="name_desc", limit=2, page=3) == []


@pytest.mark.parametrize("sort", ["relevance", "newest"])
def test_facets_count_all_hits(api, many, sort):
    body = api.get(
        "/api/products", {"search": "linen", "facets": "true", "limit": 2, "sort": sort}
    ).json()
    assert (body["pages"], body["total"], len(body["items"])) == (2, 7, 2)
    assert "more" not in body
    assert body["facets"]["gender"] == [{"value": "unisex", "count": 7}]


def test_no_more_than_are_ranked_are_all_there_is(api, many):
    body = api.get("/api/products", {"search": "plain"}).json() | {"items": None}
    assert body == {
        "items": None,
        "page": 1,
        "pages": 2,
        "total": 3,
        "limit": 12,
        "more": True,
    } | {"pages": 1}
    Product.objects.filter(name="Plain 0").delete()
    body = api.get("/api/products", {"search": "plain"}).json() | {"items": None}
    assert body == {"items": None, "page": 1, "pages": 1, "total": 3, "limit": 12}


@pytest.mark.parametrize(("sort", "number"), [("relevance", 3), ("popularity", 7)])
def test_a_cursor_walks_the_ranked_or_else_all(api, many, sort, number):
    walked: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        body = api.get(
            "/api/products",
            {"search": "linen", "limit": 2, "cursor": cursor, "sort": sort},
        ).json()
        assert body.keys() == {"items", "next"}
        walked += [item["name"] for item in body["items"]]
        cursor = body["next"]
    assert len(walked) == len(set(walked)) == number
    if sort == "relevance":
        assert walked == ["Linen 5", "Plain 6", "Plain 4"]


@pytest.mark.parametrize(
    ("query", "walked"),
    [
        ({"search": "linen"}, True),
        ({"search": "linen plain"}, False),
        ({"search": "linen", "gender": "unisex"}, False),
    ],
)
def test_only_what_a_lone_word_finds_may_be_taken_off_the_index_by_popularity(
    api, many, query, walked
):
    """Of two common words that never meet, that would be every product."""
    with CaptureQueriesContext(connection) as asked:
        assert found(api, query.pop("search"), **query)
    [best] = [each["sql"] for each in asked if "WITH hits" in each["sql"]]
    assert ("COALESCE" not in best) is walked


def test_deep_pages_of_a_search_are_refused_as_others_are(api, many):
    response = api.get("/api/products", {"search": "linen", "page": 1002, "limit": 10})
    assert (response.status_code, response.json()["code"]) == (400, "page_too_deep")
    assert found(api, "linen", page=1001, limit=10) == []
