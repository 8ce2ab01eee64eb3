"""Facets counted by bitmaps are those that plain SQL counts, at any moment."""

import os
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from unittest.mock import patch

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from products import facet_bitmaps
from products.invariants import INVARIANTS
from products.models import Color, FacetBitmap, FacetChange, Product, Variant
from products.selectors import category_tree, facets
from products.selectors.filters import Filters
from products.services import facet_index
from products.services.stock import movements
from tests.factories import make_category, make_product, make_variant

COLORS, SIZES = ("Red", "Navy", ""), ("S", "M", "")
BRANDS, MATERIALS = ("Levi's", "a:b", ""), ("Linen", "Wool", "")
PRICES = ("99.00", "100.00", "100.01", "250.50", "1000.00")


def some(values):
    return st.lists(st.sampled_from(values), max_size=2, unique=True)


FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "category": some(["top", "shirts", "nowhere"]),
        "brand": some(["Levi's", "a:b", "nobody"]),
        "gender": some(["men", "women"]),
        "material": some(["Linen", "Wool"]),
        "color": some(["Red", "Navy", "Beige"]),
        "size": some(["S", "M"]),
        "tag": some(["new", "old"]),
        "status": some(["draft", "published"]),
        "min_price": st.sampled_from(
            [Decimal(p) for p in ("0", "100.00", "100.005")]
        ),
        "max_price": st.sampled_from(
            [Decimal(p) for p in ("99.99", "100.00", "1e9")]
        ),
        "in_stock": st.booleans(),
        "featured": st.booleans(),
        "on_sale": st.booleans(),
    },
)


class Shop:
    """A small catalogue, and what may happen to it."""

    def __init__(self):
        top = make_category(slug="top")
        self.categories = [top, make_category(slug="shirts", parent=top)]
        for _ in range(3):
            self.add(lambda values: values[0])
        Product.objects.earliest("created_at").also_in.add(self.categories[1])

    def add(self, pick):
        product = make_product(
            category=pick(self.categories),
            brand=pick(BRANDS),
            material=pick(MATERIALS),
            gender=pick(("men", "women")),
            tags=[pick(("new", "old"))],
            base_price=pick(PRICES),
        )
        for position in range(3):
            make_variant(
                product=product,
                color=pick(COLORS),
                size=SIZES[position],
                stock=pick((0, 1)),
                position=position,
            )

    def change_fields(self, pick):
        Product.objects.filter(pk=self.product(pick)).update(
            brand=pick(BRANDS),
            status=pick(("draft", "published", "archived")),
            is_featured=pick((True, False)),
            category=pick(self.categories),
        )

    def change_price(self, pick):
        now = timezone.now()
        soon = now + timedelta(microseconds=300)
        starts = pick((None, None, soon, now + timedelta(days=1)))
        ends = pick(
            (None, now + timedelta(days=2), soon + timedelta(microseconds=300))
        )
        if starts and ends and ends <= starts:
            ends = None
        Product.objects.filter(pk=self.product(pick)).update(
            base_price=pick(PRICES),
            sale_price="50.00" if starts or ends else pick((None, "50.00")),
            sale_starts_at=starts,
            sale_ends_at=ends,
        )

    def write_prices(self, pick):
        write_ended_prices()

    def change_variant(self, pick):
        Variant.objects.filter(pk=self.variant(pick)).update(
            color=pick(COLORS), is_active=pick((True, False))
        )

    def price_variant(self, pick):
        Variant.objects.filter(pk=self.variant(pick)).update(
            base_price=pick((None, *PRICES)), sale_price=None
        )

    def sell(self, pick):
        variant = Variant.objects.select_related("stock").get(pk=self.variant(pick))
        delta = pick((1, -variant.stock.on_hand))
        if delta:
            with transaction.atomic():
                movements.record_adjustment(
                    variant_id=variant.pk,
                    delta=delta,
                    ref=f"{variant.pk}{timezone.now()}",
                    actor_id=None,
                    note="",
                )

    def list_also(self, pick):
        product = Product.objects.get(pk=self.product(pick))
        product.also_in.set(pick(([], self.categories[:1], self.categories)))

    def delete(self, pick):
        product = make_product(category=pick(self.categories), brand=pick(BRANDS))
        if pick((True, False)):
            facet_index.fold_changes()
        product.delete()

    def fold(self, pick):
        facet_index.fold_changes()
        assert not FacetChange.objects.exists()

    def product(self, pick):
        return pick(
            list(
                Product.objects.order_by("created_at").values_list("pk", flat=True)
            )
        )

    def variant(self, pick):
        return pick(
            list(
                Variant.objects.order_by("created_at", "pk").values_list(
                    "pk", flat=True
                )
            )
        )


MAX_EXAMPLES = 1000 if os.environ.get("FUZZ") == "full" else 12
STEPS = (
    "add", "change_fields", "change_price", "change_price", "change_variant", "price_variant",
    "sell", "list_also", "delete", "fold", "fold", "write_prices",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _large_shop(monkeypatch):
    """Count lists by the bitmaps, too, which a shop of a few products does by SQL."""
    monkeypatch.setattr(facet_bitmaps, "MANY_PRODUCTS", 1)


def test_a_large_shop_s_list_is_counted_without_a_walk(db, api):
    products = [
        make_product(brand=brand) for brand in ("Levi's", "Levi's", "Wrangler")
    ]
    facet_index.fold_changes()
    facet_bitmaps.read_index()
    with CaptureQueriesContext(connection) as queries:
        listed = api.get("/api/products", {"brand": "Levi's"}).json()
    assert (listed["total"], len(listed["items"])) == (2, 2)
    counted = [q["sql"] for q in queries if "count(*)" in q["sql"].lower()]
    assert not [sql for sql in counted if "products_product" in sql]
    products[2].brand = "Levi's"
    products[2].save()  # not folded yet: it is counted by itself
    assert api.get("/api/products", {"brand": "Levi's"}).json()["total"] == 3


def test_a_search_finds_by_itself_what_its_facets_have_counted(db, api):
    """Without a statement for their ids, unless another filter leaves few of them."""
    for brand in ("Levi's", "Levi's", "Wrangler"):
        make_product(name=f"{brand} jeans", brand=brand)
    facet_index.fold_changes()
    asked = {"search": "jeans", "facets": "true"}
    for more, total, number in (({}, 3, 0), ({"brand": "Levi's"}, 2, 1)):
        with CaptureQueriesContext(connection) as queries:
            assert api.get("/api/products", asked | more).json()["total"] == total
        by_number = [q for q in queries if "WHERE number = ANY" in q["sql"]]
        assert len(by_number) == number


@settings(
    max_examples=MAX_EXAMPLES,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_bitmaps_count_what_sql_counts(db, data):
    def pick(values):
        return data.draw(st.sampled_from(list(values)))

    with transaction.atomic():
        Color.objects.create(name="navy", family="Red")
        shop = Shop()
        for step in data.draw(
            st.lists(st.sampled_from(STEPS), min_size=1, max_size=6)
        ):
            getattr(shop, step)(pick)
        for asked in data.draw(st.lists(FILTERS, min_size=3, max_size=3)):
            assert_counted_alike(Filters(**asked))
        assert_same_tree()
        shop.fold(pick)
        assert_same_tree()
        assert_counted_alike(Filters(**asked))
        transaction.set_rollback(True)


def assert_same_tree():
    read = (
        category_tree.list_categories,
        lambda: category_tree.get_category(key="top"),
    )
    by_bitmaps = [tree() for tree in read]
    with patch.object(facet_bitmaps, "MANY_PRODUCTS", 1_000_000):
        assert by_bitmaps == [tree() for tree in read]


def assert_counted_alike(filters):
    filters, _ = filters.prepared()
    for for_staff in (True, False):
        products = (
            Product.objects.all() if for_staff else Product.objects.published()
        )
        by_bitmaps = facets.count_facets(products, filters, for_staff=for_staff)
        by_sql = facets._name_values(facets._count_by_sql(products, filters))
        assert by_bitmaps == by_sql, filters
        matches = facets.count_matches(products, filters, for_staff=for_staff)
        assert matches.total == by_sql.total, filters
        assert matches.candidates in (None, by_bitmaps.candidates)
        if by_bitmaps.candidates is not None:
            passing = set(filters.apply(products).values_list("pk", flat=True))
            assert passing <= set(by_bitmaps.candidates), filters


SOON = timedelta(milliseconds=1)  # after the statement, however slow the machine is


def sell_from(product, starts, ends):
    Product.objects.filter(pk=product.pk).update(
        sale_price="50.00", sale_starts_at=Now() + starts, sale_ends_at=ends
    )


def test_a_sale_that_starts_is_counted_by_bitmaps_before_and_after_it_is_written(
    db,
):
    """Nothing is looked at one by one: not from the moment on, nor after the price is written."""
    day = timedelta(days=1)
    products = [make_product(base_price="100.00") for _ in range(3)]
    for product in products:
        make_variant(product=product, color="Red", stock=1)
    sell_from(products[0], SOON, None)
    sell_from(products[1], SOON, Now() + 2 * day)
    sell_from(products[2], day, None)
    assert set(stored_prices(products)) == {Decimal(100)}
    facet_index.fold_changes()
    wait(SOON)
    asked = Filters(max_price=Decimal(60))
    moment = replace(asked, has_moved=True)
    assert count(moment) == (2, Decimal(50), Decimal(100))
    assert apart(moment) == set()
    assert count(replace(moment, on_sale=True)) == (2, Decimal(50), Decimal(50))
    assert write_ended_prices() == 2
    assert stored_prices(products) == [Decimal(50), Decimal(50), Decimal(100)]
    assert FacetChange.objects.filter(by_clock=True).count() == 2
    assert apart(asked) == set()
    assert count(asked) == (2, Decimal(50), Decimal(100))
    assert find_wrong_bits() == {}  # what follows is yet to be written
    facet_index.fold_changes()
    assert not FacetChange.objects.exists()
    assert count(asked) == (2, Decimal(50), Decimal(100))
    assert find_wrong_bits() == {}
    # A price that staff change is a change.
    Product.objects.filter(pk=products[1].pk).update(base_price="101.00")
    assert apart(asked) == {products[1].pk}


def test_a_price_whose_successor_has_ended_too_is_looked_at(db):
    product = make_product(base_price="100.00")
    make_variant(product=product, color="Red", stock=1)
    sell_from(product, SOON, Now() + 2 * SOON)
    facet_index.fold_changes()
    wait(2 * SOON)
    moment = Filters(max_price=Decimal(60), has_moved=True)
    assert apart(moment) == {product.pk}
    assert count(moment) == (0, Decimal(100), Decimal(100))


def stored_prices(products):
    return [
        Product.objects.values_list("price", flat=True).get(pk=p.pk)
        for p in products
    ]


def write_ended_prices():
    """Do what `refresh_ended_prices` does, whose transactions would be the outermost ones."""
    ended = Product.objects.filter(price_until__lte=Now())
    return ended.update(base_price=F("base_price"))


def wait(time):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(extract(epoch FROM %s::interval))", [time])


def apart(filters):
    """Return the products that are looked at one by one."""
    index = facet_bitmaps.read_index()
    counted = facets._BitmapCount(
        index, Product.objects.all(), filters, for_staff=True
    )
    return counted.products_apart


def count(filters):
    assert_counted_alike(filters)
    found = facets.count_facets(Product.objects.all(), filters, for_staff=True)
    return found.total, found.lowest, found.highest


def test_verify_finds_a_bit_that_is_wrong_and_mends_it(db):
    right, wrong = make_product(brand="Levi's"), make_product(brand="Levi's")
    make_variant(product=wrong, color="Red", stock=1)
    assert find_wrong_bits() == {}  # no job has run yet
    facet_index.fold_changes()
    assert find_wrong_bits() == {}
    tampered = FacetBitmap.objects.get(key="brand:Levi's")
    tampered.bitmap = (
        BitMap.deserialize(bytes(tampered.bitmap))
        - BitMap([wrong.facet_number.number])
    ).serialize()
    tampered.version += 1
    tampered.save()
    assert find_wrong_bits() == {
        str(wrong.pk): 'its bit of "brand:Levi\'s" is wrong'
    }
    RULE.repair_rows([str(wrong.pk)])
    assert find_wrong_bits() == {}
    assert_counted_alike(Filters(brand=["Levi's"]))
    facet_index.fold_changes()
    assert find_wrong_bits() == {}
    Product.objects.filter(pk=right.pk).update(brand="Wrangler", base_price="12.34")
    assert find_wrong_bits() == {}  # counted by itself


RULE = next(rule for rule in INVARIANTS if rule.rule.startswith("facets' bitmaps"))


def find_wrong_bits():
    return {breach.key: breach.what for breach in RULE.find_breaches()}
