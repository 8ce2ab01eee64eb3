"""Prices of variants, and sales by the clock: what is shown, found, charged and remembered."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from products.models import PriceHistory, Product, StockLevel, Variant
from products.selectors import offers, product_lists
from products.services import list_prices
from tests.factories import make_category, make_product, make_variant

HOUR = timedelta(hours=1)
TRIGGER = "products_product_prices"


def now() -> datetime:
    return datetime.now(UTC)


def move_clock(product: Product, by: timedelta) -> None:
    """Let the product's present prices be older by so much, as if that time had passed and
    nobody had written the list prices since.
    """
    for name in ("price_until", "next_until", "sale_starts_at", "sale_ends_at"):
        value = getattr(product, name)
        if value is not None:
            setattr(product, name, value - by)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE products_product DISABLE TRIGGER {TRIGGER}")
        cursor.execute(
            """UPDATE products_product SET price_until = %s, next_until = %s,
            sale_starts_at = %s, sale_ends_at = %s WHERE id = %s""",
            [
                product.price_until,
                product.next_until,
                product.sale_starts_at,
                product.sale_ends_at,
                product.pk,
            ],
        )
        cursor.execute(f"ALTER TABLE products_product ENABLE TRIGGER {TRIGGER}")


@pytest.fixture
def dress(db):
    """Return a dress of 50, whose plus size costs 65 and whose last size is sold out at 40."""
    product = make_product(base_price="50.00")
    make_variant(product=product, sku="S", size="S", color="Red", position=0)
    make_variant(
        product=product, sku="3XL", size="3XL", color="Red", base_price="65.00"
    )
    make_variant(
        product=product,
        sku="XS",
        size="XS",
        color="Blue",
        base_price="40.00",
        stock=0,
    )
    product.refresh_from_db()
    return product


def test_a_list_shows_the_cheapest_in_stock_and_the_highest(api, dress):
    [item] = api.get("/api/products").json()["items"]
    assert (item["price"], item["priceMax"], item["basePrice"]) == (
        "50.00",
        "65.00",
        "50.00",
    )
    assert (dress.price, dress.price_max) == (Decimal("50.00"), Decimal("65.00"))


def test_of_a_product_that_is_sold_out_the_cheapest_of_all(api, dress):
    StockLevel.objects.filter(variant__product=dress).update(on_hand=0)
    [item] = api.get("/api/products").json()["items"]
    assert (item["price"], item["priceMax"]) == ("40.00", "65.00")


def test_each_variant_shows_and_costs_its_own(api, dress):
    shown = api.get(f"/api/products/{dress.slug}").json()["variants"]
    assert {each["sku"]: each["price"] for each in shown} == {
        "S": "50.00",
        "3XL": "65.00",
        "XS": "40.00",
    }
    found = offers.get_offers(Variant.objects.values_list("pk", flat=True))
    assert {offer.sku: str(offer.price) for offer in found.values()} == {
        "S": "50.00",
        "3XL": "65.00",
        "XS": "40.00",
    }
    assert all("costPrice" not in each for each in shown)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"minPrice": "60.00"}, True),
        ({"maxPrice": "49.99"}, False),  # what costs 40 is sold out
        ({"minPrice": "51.00", "maxPrice": "64.00"}, False),
        ({"minPrice": "60.00", "size": "3XL"}, True),
        ({"minPrice": "60.00", "size": "S"}, False),
        ({"maxPrice": "60.00", "size": "3XL"}, False),
        ({"maxPrice": "60.00", "color": "Red"}, True),
        ({"maxPrice": "45.00", "size": "XS"}, True),
        ({"maxPrice": "45.00", "size": "XS", "inStock": "true"}, False),
        ({"maxPrice": "45.00", "color": "Red"}, False),
    ],
)
def test_filters_hold_for_one_and_the_same_variant(api, dress, query, found):
    listed = api.get("/api/products", query | {"facets": "true"}).json()
    assert listed["total"] == int(found)


def test_facets_count_the_variants_that_cost_so(api, dress):
    facets = api.get(
        "/api/products", {"facets": "true", "minPrice": "60.00"}
    ).json()["facets"]
    assert [each["value"] for each in facets["size"]] == ["3XL"]
    assert facets["price"] == {"min": "50.00", "max": "65.00"}


def test_sorts_by_the_price_that_is_shown(api, dress):
    make_product(name="Between", base_price="45.00", category=dress.category)
    names = [
        item["price"]
        for item in api.get("/api/products", {"sort": "price_asc"}).json()["items"]
    ]
    assert names == ["45.00", "50.00"]


def test_a_sale_holds_from_its_start_up_to_its_end(api, staff_client):
    product = make_product(base_price="100.00", variants=1)
    response = staff_client.patch(
        f"/api/products/{product.slug}",
        {
            "salePrice": "80.00",
            "saleStartsAt": (now() + HOUR).isoformat(),
            "saleEndsAt": (now() + 2 * HOUR).isoformat(),
        },
    )
    assert response.status_code == 200, response.json()
    path = f"/api/products/{product.slug}"

    def shown():
        item = api.get("/api/products", {"sort": "price_asc"}).json()["items"][0]
        detail = api.get(path).json()
        found = offers.get_offers([product.variants.get().pk]).values()
        assert item["price"] == detail["price"] == str(next(iter(found)).price)
        assert item["salePrice"] == detail["variants"][0]["salePrice"]
        return item["price"], item["salePrice"], item["lowestPriorPrice"]

    assert shown() == ("100.00", None, None)
    product.refresh_from_db()
    move_clock(product, HOUR + timedelta(seconds=1))
    assert shown() == ("80.00", "80.00", "100.00")
    # nobody has written it: what is stored is what was
    assert Product.objects.get().price == Decimal("100.00")
    cheap = {"maxPrice": "90.00", "facets": "true", "sort": "price_desc"}
    listed = api.get("/api/products", cheap).json()
    assert (listed["total"], listed["facets"]["price"]["max"]) == (1, "80.00")
    assert api.get("/api/products", {"onSale": "true"}).json()["total"] == 1
    assert list_prices.refresh_ended_prices() == 1
    assert Product.objects.get().price == Decimal("80.00")
    product.refresh_from_db()
    move_clock(product, HOUR)
    assert shown() == ("100.00", None, None)
    assert api.get("/api/products", {"onSale": "true"}).json()["total"] == 0
    assert list_prices.refresh_ended_prices() == 1
    assert list_prices.refresh_ended_prices() == 0


def test_after_both_ends_have_passed_lists_are_right_as_well(api):
    product = make_product(
        base_price="100.00",
        sale_price="80.00",
        sale_starts_at=now() + HOUR,
        sale_ends_at=now() + 2 * HOUR,
        variants=1,
    )
    move_clock(product, 3 * HOUR)
    make_product(base_price="90.00", category=product.category)
    listed = api.get("/api/products", {"sort": "price_asc"}).json()["items"]
    assert [item["price"] for item in listed] == ["90.00", "100.00"]


@pytest.mark.parametrize("by_index", [True, False])
@pytest.mark.parametrize("query", ["&onSale=true", "&maxPrice=150.00"])
def test_lists_by_price_are_right_while_some_stored_prices_have_ended(
    api, db, monkeypatch, by_index, query
):
    """Some prices hold, some sales have begun and some are over already, and nobody has written
    any of it: the list of few is sorted, that of many is read along indexes.
    """
    if by_index:
        monkeypatch.setattr(product_lists, "MAX_SORTED", 0)
    category, shown = make_category(), []
    for number, passed in enumerate([0, 1.5, 3] * 3):
        base = Decimal(100 + 7 * (number * 5 % 12))
        sale = base - 10 - 9 * (number % 5)
        is_on = passed == 1.5
        if (is_on or "onSale" not in query) and (sale if is_on else base) <= 150:
            shown.append(sale if is_on else base)
        product = make_product(
            base_price=base,
            sale_price=sale,
            sale_starts_at=now() + HOUR,
            sale_ends_at=now() + 2 * HOUR,
            category=category,
            variants=1,
        )
        if passed:
            move_clock(product, passed * HOUR)
    path = f"/api/products?limit=5{query}"

    def walk(sort):
        pages = [
            api.get(f"{path}&sort={sort}&page={page}").json()["items"]
            for page in (1, 2, 3)
        ]
        return [
            (Decimal(card["price"]), card["id"]) for page in pages for card in page
        ]

    def walk_on(sort):
        cursor: str | None = ""
        cards = []
        while cursor is not None:
            page = api.get(f"{path}&sort={sort}&cursor={cursor}").json()
            cards += page["items"]
            cursor = page["next"]
        return [(Decimal(card["price"]), card["id"]) for card in cards]

    rising, falling = walk("price_asc"), walk("price_desc")
    assert [price for price, _ in rising] == sorted(shown)
    assert rising == sorted(rising)
    assert falling == rising[::-1]
    assert (walk_on("price_asc"), walk_on("price_desc")) == (rising, falling)


@pytest.mark.django_db
def test_the_lowest_price_of_the_30_days_before_the_sale():
    product = make_product(base_price="100.00")

    def change(**prices):
        for name, value in prices.items():
            setattr(product, name, value)
        product.save()
        product.refresh_from_db()
        return product.lowest_prior_price

    assert change(base_price="70.00") is None
    assert change(base_price="100.00") is None
    assert change(sale_price="60.00") == Decimal("70.00")
    # lowered again without a break: still the price before the first reduction
    assert change(sale_price="50.00") == Decimal("70.00")
    assert change(sale_price=None) is None
    # the sale that has just ended counts itself
    assert change(sale_price="55.00") == Decimal("50.00")
    past = now() - timedelta(days=31)
    PriceHistory.objects.update(valid_from=past - HOUR, valid_until=past)
    change(sale_price=None)
    PriceHistory.objects.update(valid_from=past - HOUR, valid_until=past)
    assert change(base_price="120.00", sale_price="90.00") == Decimal("100.00")


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"sale_price": "5.00"}, "variant_prices_together"),
        (
            {"base_price": "5.00", "sale_price": "5.00"},
            "variant_sale_price_below_base",
        ),
        (
            {
                "base_price": "5.00",
                "sale_price": "4.00",
                "sale_starts_at": datetime(2026, 1, 2, tzinfo=UTC),
                "sale_ends_at": datetime(2026, 1, 1, tzinfo=UTC),
            },
            "variant_sale_ends_after_start",
        ),
        (
            {
                "base_price": "5.00",
                "sale_ends_at": datetime(2026, 1, 1, tzinfo=UTC),
            },
            "variant_sale_dates_need_price",
        ),
        ({"barcode": "4006381333932"}, "variant_barcode_gtin"),
        ({"barcode": "40063"}, "variant_barcode_gtin"),
        ({"barcode": "ABCDEFGH"}, "variant_barcode_gtin"),
        ({"weight_g": 0}, "variant_weight_g_range"),
        ({"hs_code": "61x"}, "variant_hs_code_form"),
        ({"origin_country": "in"}, "variant_origin_country_form"),
        ({"cost_price": "-1.00"}, "variant_cost_price_range"),
    ],
)
@pytest.mark.django_db
def test_the_database_refuses_it(changes, rule):
    variant = make_variant()
    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        Variant.objects.filter(pk=variant.pk).update(**changes)


@pytest.mark.parametrize(
    "barcode", ["4006381333931", "96385074", "036000291452", "10012345678902"]
)
def test_takes_barcodes_with_their_check_digit(staff_client, barcode):
    variant = make_variant()
    response = staff_client.patch(
        f"/api/products/{variant.product_id}/variants/{variant.pk}",
        {
            "barcode": barcode,
            "weightG": 350,
            "hsCode": "610910",
            "originCountry": "IN",
        },
    )
    assert response.status_code == 200, response.json()
    assert response.json()["barcode"] == barcode


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"barcode": "4006381333932"}, 400, "invalid"),
        ({"salePrice": "5.00"}, 422, "variant_prices_apart"),
        ({"basePrice": "5.00", "salePrice": "6.00"}, 400, "invalid"),
        (
            {"basePrice": "5.00", "saleEndsAt": "2030-01-01T00:00:00Z"},
            422,
            "sale_dates_wrong",
        ),
    ],
)
def test_refuses_prices_that_do_not_fit_and_changes_nothing(
    staff_client, body, status, code
):
    variant = make_variant()
    response = staff_client.patch(
        f"/api/products/{variant.product_id}/variants/{variant.pk}", body
    )
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert Variant.objects.get().base_price is None


def test_without_a_base_price_a_variant_has_all_prices_of_the_product(staff_client):
    product = make_product(base_price="50.00", sale_price="45.00")
    variant = make_variant(product=product, base_price="65.00", sale_price="60.00")
    response = staff_client.patch(
        f"/api/products/{product.pk}/variants/{variant.pk}", {"basePrice": None}
    )
    found = response.json()
    assert (found["basePrice"], found["salePrice"], found["price"]) == (
        None,
        None,
        "45.00",
    )


@pytest.mark.django_db
def test_a_list_with_own_prices_asks_no_more_often(api, dress):
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as asked:
            api.get("/api/products", {"sort": "price_asc"})
        counts.append(len(asked))
        other = make_product(category=dress.category)
        make_variant(product=other, base_price="10.00")
    assert counts[0] == counts[1]


def test_categories_still_count_by_price(api):
    make_product(category=make_category(slug="gowns"), base_price="10.00")
    listed = api.get(
        "/api/products",
        {"category": "gowns", "maxPrice": "10.00", "facets": "true"},
    ).json()
    assert listed["facets"]["category"] == [
        {
            "value": "gowns",
            "count": 1,
            "name": listed["items"][0]["category"]["name"],
        }
    ]
