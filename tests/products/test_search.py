"""Searching the catalogue: ranked, forgiving, as one types. What people search for, and how much
of it is found: tests/search."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from products import search
from products.models import (
    Color,
    IgnoredWord,
    Product,
    SearchPin,
    SearchWord,
    SynonymGroup,
)
from products.selectors import search_hits, search_order, search_ranking
from products.services import search_words
from tests.factories import make_category, make_product, make_variant


def search_products(api, text, **query):
    response = api.get("/api/products", {"search": text, **query})
    assert response.status_code == 200, response.json()
    return response.json()


def search_names(api, text, **query):
    return [item["name"] for item in search_products(api, text, **query)["items"]]


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
        ("off the jackets", ["Denim jacket", "Sneakers"]),
        ("jackets with", ["Denim jacket", "Sneakers"]),
        ("unicorn", []),
        ("the", []),
        ("!!!", []),
    ],
)
def test_finds(api, shelf, text, expected):
    assert search_names(api, text) == expected


def test_a_word_that_is_there_is_not_corrected(api, db):
    make_product(name="Boat")
    make_product(name="Boot")
    assert (
        search_products(api, "boat").keys() & {"correctedTo", "notFound"} == set()
    )
    assert search_names(api, "boat") == ["Boat"]


def test_a_mistyped_word_costs_one_query_more(api, shelf):
    def count_queries(text):
        with CaptureQueriesContext(connection) as queries:
            assert search_products(api, text)["items"]
        return len(queries)

    count_queries("denim jacket")  # so that nothing is new
    assert count_queries("denmi jaket") == count_queries("denim jacket") + 1


def test_an_answer_says_what_a_mistyped_search_was_taken_for(api, shelf):
    assert search_products(api, "Denmi jaket")["correctedTo"] == "denim jacket"


@pytest.mark.parametrize(
    ("text", "missing", "expected"),
    [
        ("denim unicorn", ["unicorn"], ["Denim jacket"]),
        ("canvas boots", ["boots"], ["Sneakers"]),
        ("denim classic boots", ["boots"], ["Denim jacket"]),
        ("unicorn", ["unicorn"], []),
    ],
)
def test_what_nothing_has_all_words_of_finds_what_is_nearest(
    api, shelf, text, missing, expected
):
    Product.objects.filter(name="Sneakers").update(popularity=9)
    body = search_products(api, text)
    assert (body["notFound"], [item["name"] for item in body["items"]]) == (
        missing,
        expected,
    )


def test_a_filter_that_nothing_passes_leaves_the_words_as_they_are(api, shelf):
    body = search_products(api, "jacket", brand="Nobody")
    assert (body["items"], "notFound" in body) == ([], False)


def test_a_category_finds_its_products_and_what_lies_below_by_its_present_name(
    api, db
):
    footwear = make_category(name="Footwear")
    boots = make_category(name="Boots", parent=footwear)
    make_product(name="Aurora", category=boots)
    assert search_names(api, "boot") == search_names(api, "footwear") == ["Aurora"]
    boots.name = "Gumboots"
    boots.save()
    assert search_names(api, "boot") == []
    assert search_names(api, "gumboot") == ["Aurora"]


def test_a_colour_is_found_by_its_family(api, db):
    make_variant(product=make_product(name="Aurora"), color="Navy")
    assert search_names(api, "blue") == []
    Color.objects.create(name="navy", family="Blue", hex="#1b2a4a")
    assert search_names(api, "blue") == search_names(api, "navy") == ["Aurora"]


def test_sizes_are_found_by_their_name(api, db):
    make_variant(product=make_product(name="Aurora"), size="38", sku="A-38")
    make_variant(product=make_product(name="Borealis 38"), size="40")
    assert search_names(api, "size 38") == ["Aurora"]


def test_a_variants_sku_and_barcode_find_it_first(api, db):
    make_product(name="LEV501 look")
    jeans = make_product(name="Original")
    make_variant(product=jeans, sku="LEV501-BLA-32", barcode="4006381333931")
    for text in ("LEV501-BLA-32", "lev501", "lev501 bla", "4006381333931"):
        assert search_names(api, text)[0] == "Original", text


def test_what_staff_say_of_words_is_heeded_at_once(api, shelf):
    assert search_names(api, "pumps wali") == []
    SynonymGroup.objects.create(words=["Pumps", "sneaker", "swim suit"])
    IgnoredWord.objects.create(word="Wali")
    assert (
        search_names(api, "pumps wali")
        == search_names(api, "swim suit")
        == ["Sneakers"]
    )


def test_a_pinned_product_stands_first(api, shelf):
    boots = Product.objects.get(name="Leather boots")
    SearchPin.objects.create(query="Jacket", product=boots)
    assert search_names(api, "JACKET") == [
        "Leather boots",
        "Denim jacket",
        "Sneakers",
    ]
    assert search_names(api, "jackets") == ["Denim jacket", "Sneakers"]


def test_staff_find_drafts_by_words_that_shoppers_cannot_see(
    api, staff_client, shelf
):
    body = staff_client.get("/api/staff/products", {"search": "hiden"}).json()
    assert [item["name"] for item in body["items"]] == ["Hidden jacket"]
    assert search_products(api, "hiden").get("correctedTo") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("T-Shirt U.S. H&M, h and m", ["tshirt", "us", "hm"]),
        ("O’Hara levi's 50/50", ["ohara", "levis", "50", "5050"]),
        ("slip-on", ["slip", "slipon"]),
        ("Señorita WEISSE Weiße ﬁt", ["senorita", "weisse", "fit"]),
        ("लाल साड़ी १२", ["लाल", "साडी", "12"]),
        ("বাংলা, தமிழ்!", ["বাংলা", "தமிழ்"]),
        ("عَبَاية إلى", ["عبايه", "الي"]),
        ("红色旗袍", ["红色", "色旗", "旗袍"]),
        ("เสื้อ", ["เสื", "สื้", "ื้อ"]),
        ("red🙂blue — the … ®", ["red", "blue"]),
        ("", []),
    ],
)
def test_cuts_texts_into_words_by_unicodes_rules(db, text, expected):
    with connection.cursor() as cursor:
        cursor.execute("SELECT markrin_search_words(%s)", [text])
        assert sorted(cursor.fetchone()[0]) == sorted(expected)


def test_a_renamed_colour_or_size_is_found_at_once_whoever_writes(api, db):
    make_variant(product=make_product(name="Aurora"), color="Teal")
    assert search_names(api, "teal") == ["Aurora"]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE products_variant SET color = 'Coral'")
    assert (search_names(api, "teal"), search_names(api, "corals")) == (
        [],
        ["Aurora"],
    )
    assert SearchWord.objects.filter(word="coral", is_public=True).exists()


def test_equal_ranks_are_ordered_by_popularity(api, db):
    make_product(name="Linen shirt", popularity=1)
    make_product(name="Cotton shirt", popularity=7)
    assert search_names(api, "shirt") == ["Cotton shirt", "Linen shirt"]
    assert search_names(api, "shirt", sort="name_desc") == [
        "Linen shirt",
        "Cotton shirt",
    ]


def test_combines_with_filters(api, shelf):
    assert search_names(api, "jaket", brand="Runner") == ["Sneakers"]


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
    assert search_names(api, text) == search_names(api, words)


@given(
    st.text(
        alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
        max_size=40,
    )
)
def test_any_lexeme_survives_its_quoting(lexeme):
    quoted = search.quote(lexeme)
    assert quoted[0] == quoted[-1] == "'"
    assert quoted[1:-1].replace("''", "").replace("\\\\", "").count("'") == 0


@pytest.mark.parametrize(
    ("typed", "candidates", "is_last", "expected"),
    [
        ("boot", ["boat", "bolt", "best"], False, ["boat"]),
        ("boot", ["best"], False, []),
        ("sneek", ["sneaker"], True, ["sneaker"]),
        ("sneek", ["sneaker"], False, []),
        ("trowser", ["trousers", "browser"], False, ["browser"]),
        ("lenin", ["linen", "lemon"], False, ["linen"]),
        ("x", [], True, []),
    ],
)
def test_corrects_to_the_nearest_words_only(typed, candidates, is_last, expected):
    corrected = search.correct(typed, candidates, is_last=is_last)
    assert corrected[: len(expected)] == expected
    assert bool(corrected) == bool(expected)


def test_a_written_product_brings_its_words_and_a_rebuild_takes_those_of_the_gone(
    api, staff_client, category
):
    product = {
        "name": "Corduroy trousers",
        "categoryId": str(category.pk),
        "basePrice": "10.00",
    }
    draft = staff_client.post("/api/products", product).json()
    assert search_names(api, "cordurroy") == []
    assert not SearchWord.objects.filter(word="corduroy", is_public=True).exists()
    staff_client.patch(f"/api/products/{draft['id']}", {"status": "published"})
    assert search_names(api, "cordurroy") == ["Corduroy trousers"]
    Product.objects.update(name="Chino")
    search_words.rebuild_search_words()
    assert not SearchWord.objects.filter(word="corduroy").exists()
    assert SearchWord.objects.filter(word="chino", is_public=True).exists()


@pytest.fixture
def many(db, monkeypatch):
    """Seven hits, of which the three most popular are ranked; the name counts for more than
    the description.
    """
    monkeypatch.setattr(search_hits, "MAX_RANKED", 3)
    for number in range(7):
        name, description = (
            (f"Linen {number}", "") if number % 2 else (f"Plain {number}", "Linen.")
        )
        make_product(name=name, description=description, popularity=number)


def test_of_many_hits_the_popular_ones_are_ranked_and_counted(api, many):
    body = api.get("/api/products", {"search": "lnien", "limit": 2}).json()
    assert [item["name"] for item in body["items"]] == ["Linen 5", "Linen 3"]
    assert {
        name: body[name] for name in ("page", "pages", "total", "limit", "more")
    } == {
        "page": 1,
        "pages": 2,
        "total": 3,
        "limit": 2,
        "more": True,
    }
    assert search_names(api, "linen", limit=2, page=2) == ["Linen 1"]
    assert (
        search_names(api, "linen", limit=2, page=3)
        == search_names(api, "linen", limit=3, page=2)
        == []
    )


def test_another_order_goes_through_all_hits_and_shows_as_many(api, many):
    body = api.get(
        "/api/products", {"search": "linen", "sort": "name_desc", "limit": 2}
    ).json()
    assert [item["name"] for item in body["items"]] == ["Plain 6", "Plain 4"]
    assert (body["pages"], body["total"], body["more"]) == (2, 3, True)
    assert search_names(api, "linen", sort="name_desc", limit=2, page=2) == [
        "Plain 2"
    ]
    assert search_names(api, "linen", sort="name_desc", limit=2, page=3) == []


@pytest.mark.parametrize("sort", ["relevance", "newest"])
def test_facets_count_all_hits(api, many, sort):
    body = api.get(
        "/api/products",
        {"search": "linen", "facets": "true", "limit": 2, "sort": sort},
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
        assert walked == ["Linen 5", "Linen 3", "Linen 1"]


def test_of_very_many_hits_the_one_of_that_name_is_first_however_few_it_sells(
    api, many, monkeypatch
):
    monkeypatch.setattr(search_hits, "MAX_COMPARED", 4)
    make_product(name="Linen", popularity=0)
    assert search_names(api, "linen", limit=2) == ["Linen", "Linen 5"]


def test_deep_pages_of_a_search_are_refused_as_others_are(api, many):
    response = api.get(
        "/api/products", {"search": "linen", "page": 1002, "limit": 10}
    )
    assert (response.status_code, response.json()["code"]) == (400, "page_too_deep")
    assert search_names(api, "linen", page=1001, limit=10) == []


def test_the_most_popular_of_many_hits_are_found_tier_by_tier(api, db, monkeypatch):
    """As in a catalogue of a million products: among the first tier, a wider one, or all."""
    for number in range(24):
        make_product(
            name=f"{'Shirt' if number % 2 else 'Dress'} {number}",
            description="rare" if number in (0, 23) else "",
            popularity=number,
        )
    monkeypatch.setattr(search_hits, "MAX_COMPARED", 4)
    wanted = {text: find_all(api, text) for text in ("shirt", "dress", "rare")}
    assert [len(found) for found in wanted.values()] == [4, 4, 2]
    monkeypatch.setattr(search_ranking, "TIERS", (4, 8, 16))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE products_product")
    search_ranking.read_edges.cache_clear()
    with CaptureQueriesContext(connection) as queries:
        found = {text: find_all(api, text) for text in wanted}
    asked = [query["sql"] for query in queries if "popularity >=" in query["sql"]]
    search_ranking.read_edges.cache_clear()
    assert found == wanted
    # The first tier has 2 of 4, so 8 may be too few: 16. Of what is rare it has one: then all.
    assert len(asked) == 2 + 2 + 1


@pytest.mark.parametrize("tiers", [(4, 8, 16), (100,)])
def test_a_page_that_the_best_fill_is_the_one_where_all_are_ranked(
    api, db, monkeypatch, tiers
):
    """Whatever is known beforehand: nothing, that a name begins so, how many there are."""
    shirts, others = make_category(name="Shirts"), make_category()
    for number in range(40):
        begins = number in (6, 7, 35)
        first = "Shirt" if begins else ("Blue", "Red", "Old")[number % 3]
        make_product(
            name=f"{first} {'shirt' if number % 2 else 'jeans'} {number}",
            category=shirts if number % 7 == 0 else others,
            material="Shirt cloth" if number % 5 == 0 else "",
            description="A shirt, blue." if number % 4 == 0 else "",
            popularity=number * 11 % 40,
        )
    monkeypatch.setattr(search_hits, "MAX_RANKED", 12)
    monkeypatch.setattr(search_hits, "MAX_COMPARED", 20)
    monkeypatch.setattr(search_ranking, "TIERS", tiers)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE products_product")
    asked = [
        {"search": text, "page": page, "limit": 3, "facets": facets}
        for text in ("jeans", "shirt", "shrit", "red shirt", "blue", "old jeans 9")
        for page in (1, 2, 4, 5)
        for facets in ("false", "true")
    ]

    def show_all() -> list[Any]:
        search_ranking.read_edges.cache_clear()
        bodies = [api.get("/api/products", each).json() for each in asked]
        search_ranking.read_edges.cache_clear()
        return bodies

    found = show_all()
    monkeypatch.setattr(search.Query, "best_tsquery", "")
    assert found == show_all()


def spread_words(number):
    """Return the words of the number-th of 300 products: one everywhere, one that lies at the front
    of their table, one at the back, and a rare one.
    """
    yield "Shirt" if number % 2 else "Dress"
    if number < 60:
        yield "Front"
    if number >= 240:
        yield "Back"
    if number % 90 == 0:
        yield "Rare"


@pytest.mark.parametrize(
    ("sampled", "first"), [(2, 8), (2, 40), (10, 10)], ids=["few", "many", "all"]
)
def test_hits_are_counted_alike_wherever_they_lie_in_the_table(
    api, db, monkeypatch, sampled, first
):
    """The pages that are looked at first have enough of them, too few, or are not looked at."""
    others = make_category()
    for number in range(300):
        make_product(
            name=f"{' '.join(spread_words(number))} {number}",
            category=others,
            description="Back." if number % 50 == 0 else "long " * 149 + "long",
            base_price=100 + number * 29 % 300,
            popularity=number * 37 % 300 + 1,
            status="draft" if number % 11 == 0 else "published",
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE products_product")
        cursor.execute(
            "SELECT count(DISTINCT (ctid::text::point)[0]) FROM products_product"
        )
        assert cursor.fetchone()[0] > 40
    monkeypatch.setattr(search_hits, "MAX_RANKED", 12)
    monkeypatch.setattr(search_hits, "MAX_COMPARED", 20)
    monkeypatch.setattr(search_hits, "FIRST_PAGES", first)
    monkeypatch.setattr(search_hits, "SAMPLED_PAGES", sampled)
    asked = [
        {"search": text, "page": page, "limit": 5, "sort": sort}
        for text in ("shirt", "front", "back", "rare", "shirt back", "fron")
        for page in (1, 3)
        for sort in ("relevance", "price_asc", "newest")
    ]

    def show_all(tiers: tuple[int, ...]) -> tuple[list[Any], list[str]]:
        monkeypatch.setattr(search_ranking, "TIERS", tiers)
        search_ranking.read_edges.cache_clear()
        with CaptureQueriesContext(connection) as queries:
            bodies = [api.get("/api/products", each).json() for each in asked]
        search_ranking.read_edges.cache_clear()
        return bodies, [query["sql"] for query in queries]

    wanted, asked_of_all = show_all((1_000,))
    found, asked_of_some = show_all((40, 80, 160))
    assert found == wanted
    assert not any("ctid" in sql for sql in asked_of_all)
    assert sum("ctid" in sql for sql in asked_of_some) >= len(asked) * 2 // 3
    totals = {
        each["search"]: body["total"]
        for each, body in zip(asked, found, strict=True)
    }
    assert totals == {
        "shirt": 12,
        "front": 12,
        "back": 12,
        "rare": 3,
        "shirt back": 12,
        "fron": 12,
    }


def find_all(api, text):
    items = api.get("/api/products", {"search": text, "limit": 48}).json()["items"]
    return [item["name"] for item in items]


def test_of_what_only_mentions_a_word_nothing_comes_where_enough_is_called_so(
    api, db, monkeypatch
):
    """Ten are called so, more than are ranked; what only mentions it sells better."""
    monkeypatch.setattr(search_hits, "MAX_RANKED", 6)
    for number in range(20):
        is_called = number % 2 == 0
        make_product(
            name=f"Linen {number}" if is_called else f"Plain {number}",
            description="" if is_called else "Linen.",
            popularity=number,
        )
    make_product(name="Linen", popularity=0)
    expected = ["Linen", *(f"Linen {number}" for number in (18, 16, 14, 12, 10))]
    assert find_all(api, "linen") == expected
    body = api.get("/api/products", {"search": "linen", "limit": 4}).json()
    assert (body["total"], body["pages"], body["more"]) == (6, 2, True)


@pytest.mark.parametrize(
    "sort",
    [
        "price_asc",
        "price_desc",
        "name_asc",
        "name_desc",
        "rating",
        "popularity",
        "newest",
    ],
)
def test_a_common_word_in_another_order_is_met_along_the_index_of_the_order(
    api, db, monkeypatch, sort
):
    """The pages are the same as where all hits are sorted, whether they are met there or not."""
    monkeypatch.setattr(search_hits, "MAX_RANKED", 8)
    for number in range(24):
        product = make_product(
            name=f"{'Shirt' if number % 2 else 'Dress'} {number * 7 % 24:02}",
            base_price=100 + number * 5 % 24,
            popularity=number * 11 % 24,
        )
        Product.objects.filter(pk=product.pk).update(rating=number * 13 % 6 or None)
    pages = [(word, page) for word in ("shirt", "dress") for page in (1, 2, 3)]

    def show_all() -> list[list[str]]:
        return [
            search_names(api, word, sort=sort, limit=3, page=page)
            for word, page in pages
        ]

    wanted = show_all()
    assert [len(found) for found in wanted] == [3, 3, 2, 3, 3, 2]
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE products_product")
    for walked, is_enough in ((20, True), (4, False)):
        monkeypatch.setattr(search_order, "MAX_WALKED", walked)
        with CaptureQueriesContext(connection) as queries:
            assert show_all() == wanted
        asked = [query["sql"] for query in queries]
        walks = [sql for sql in asked if f"LIMIT {walked}\n" in sql]
        assert len(walks) == len(pages)
        shown = [sql for sql in asked if "sort_key" in sql]
        assert (len(shown) == len(pages)) is is_enough  # else some more


@pytest.mark.parametrize("facets", ["false", "true"])
def test_a_search_is_sorted_by_a_price_that_nobody_has_written_yet(api, db, facets):
    make_product(name="Dear dress", base_price="300.00")
    cheap = make_product(
        name="Cheap dress", base_price="400.00", sale_price="100.00"
    )
    # as if the sale had started just now
    Product.objects.filter(pk=cheap.pk).update(
        price="400.00", price_until="2026-01-01T00:00:00Z", next_price="100.00"
    )
    asked = {"facets": facets, "sort": "price_asc"}
    assert search_names(api, "dress", **asked) == ["Cheap dress", "Dear dress"]
    assert search_names(api, "dress", maxPrice="200.00", **asked) == ["Cheap dress"]
    asked["sort"] = "price_desc"
    assert search_names(api, "dress", **asked) == ["Dear dress", "Cheap dress"]
