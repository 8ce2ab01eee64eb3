"""Bulk changes as staff make them: chosen in the list, previewed, applied, undone; nothing
changes unseen.
"""

from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from markrin.outbox.models import OutboxEvent
from products import errors
from products.models import BulkChange, BulkChangeRow, Category, Product
from products.models.bulk_change import BulkEnding, BulkHow, BulkKind, BulkState
from products.repricing import NewPrices, RepricingRule, apply_rule, round_price
from products.schemas.products import ProductChange
from products.services import bulk_changes, categories
from products.services import products as product_service
from tests import factories

pytestmark = pytest.mark.django_db
WHOLE = pytest.mark.django_db(
    transaction=True
)  # where services must find no transaction around them
LIST = reverse("admin:products_product_changelist")


@pytest.fixture
def keeper():
    return factories.make_user(role="staff", groups=("catalogue",))


@pytest.fixture
def client(keeper):
    signed_in = Client()
    signed_in.force_login(keeper)
    return signed_in


def make_products(number, **overrides):
    category = overrides.pop("category", None) or factories.make_category()
    return [
        factories.make_product(category=category, **overrides)
        for _ in range(number)
    ]


def choose(client, products, *, all_matching=False, query=""):
    data = {
        "action": "change_in_bulk",
        "_selected_action": [str(product.pk) for product in products],
    }
    if all_matching:
        data |= {"select_across": "1"}
    answer = client.post(LIST + query, data)
    assert answer.status_code == 302, answer.content.decode()[:500]
    assert "/bulkchange/" in answer["Location"]
    return answer["Location"]


def do(client, page, name, **data):
    return client.post(page, {"do": name, **data})


def change_at(page):
    return BulkChange.objects.get(pk=page.split("/")[-3])


def prices(products):
    rows = Product.objects.filter(
        pk__in=[product.pk for product in products]
    ).order_by("pk")
    return [
        (str(base), sale and str(sale))
        for base, sale in rows.values_list("base_price", "sale_price")
    ]


PERCENT = {"kind": "base", "how": "percent", "value": "-10", "ending": ""}


@WHOLE
def test_prices_change_and_change_back_in_few_queries(client, keeper):
    products = make_products(200)
    page = choose(client, products[:1], all_matching=True)
    for name, data in (
        ("preview", PERCENT | {"ending": "x.99"}),
        ("apply", {}),
        ("undo", {}),
    ):
        if name == "apply":
            shown = client.get(page).content.decode()
            assert "Apply to 200 products" in shown
        if name != "preview":
            assert (
                prices(products)
                == [("1000.00" if name == "apply" else "899.99", None)] * 200
            )
        with CaptureQueriesContext(connection) as queries:
            assert do(client, page, name, **data).status_code == 302
        assert len(queries) <= 20, (name, len(queries))
    change = change_at(page)
    assert (change.state, change.undone, change.kept, change.actor) == (
        "undone",
        200,
        0,
        keeper,
    )
    assert prices(products) == [("1000.00", None)] * 200


def test_a_preview_changes_nothing_and_names_each_problem(client):
    category = factories.make_category()
    fine, on_sale, cheap = (
        factories.make_product(category=category, base_price=base, sale_price=sale)
        for base, sale in (("100.00", None), ("100.00", "95.00"), ("20.00", None))
    )
    page = choose(client, [fine, on_sale, cheap])
    assert (
        do(
            client,
            page,
            "preview",
            kind="base",
            how="amount",
            value="-30",
            ending="",
        ).status_code
        == 302
    )
    shown = client.get(page).content.decode()
    assert "The sale price 95.00 would not be below the base price 70.00." in shown
    assert "The base price would be -10.00, below zero." in shown
    assert "Apply to 1 product<" in shown
    assert prices([fine, on_sale, cheap]) == [
        ("100.00", None),
        ("100.00", "95.00"),
        ("20.00", None),
    ]
    assert "Product" in client.get(page + "?show=problem").content.decode()

    do(client, page, "apply")
    assert prices([fine, on_sale, cheap]) == [
        ("70.00", None),
        ("100.00", "95.00"),
        ("20.00", None),
    ]
    change = change_at(page)
    assert (change.applied, change.problems, change.ready) == (1, 2, 0)


def test_what_has_changed_since_is_left_and_named(client):
    products = make_products(3)
    page = choose(client, products)
    do(client, page, "preview", **PERCENT)
    product_service.update_product(
        ProductChange(base_price=Decimal("555.00")), key=products[0].pk
    )
    do(client, page, "apply")
    assert prices(products) == [
        ("555.00", None),
        ("900.00", None),
        ("900.00", None),
    ]
    assert "the base price is 555.00 now" in client.get(page).content.decode()

    product_service.update_product(
        ProductChange(sale_price=Decimal("1.00")), key=products[1].pk
    )
    do(client, page, "undo")
    assert prices(products) == [
        ("555.00", None),
        ("900.00", "1.00"),
        ("1000.00", None),
    ]
    change = change_at(page)
    assert (change.applied, change.skipped, change.undone, change.kept) == (
        0,
        1,
        1,
        1,
    )
    assert (
        "Changed since the change"
        in client.get(page + "?show=kept").content.decode()
    )


def test_each_step_is_possible_once_and_in_its_order(client):
    products = make_products(2)
    page = choose(client, products)
    for name in ("apply", "undo"):
        do(client, page, name)
        assert change_at(page).state == BulkState.CHOSEN
    do(client, page, "preview", **PERCENT)
    do(client, page, "undo")
    assert change_at(page).state == BulkState.PREVIEWED
    do(
        client, page, "preview", **PERCENT | {"value": "-20"}
    )  # another rule, as often as one likes
    for _ in range(2):
        do(client, page, "apply")
        assert prices(products) == [("800.00", None)] * 2
    do(client, page, "preview", **PERCENT)
    for _ in range(2):
        do(client, page, "undo")
        assert prices(products) == [("1000.00", None)] * 2


def test_the_category_moves_with_its_counts_and_answers(client, api):
    old, new = factories.make_category(), factories.make_category()
    products = make_products(3, category=old)
    page = choose(client, products)
    do(client, page, "preview", kind="category", category=str(new.pk))
    assert old.name in client.get(page).content.decode()
    do(client, page, "apply")
    assert set(Product.objects.values_list("category", flat=True)) == {new.pk}
    touched = [
        tag
        for row in OutboxEvent.objects.filter(event="cache.touched")
        for tag in row.payload["tags"]
    ]
    assert {"products", f"product:{products[0].pk}"} <= set(touched)
    do(client, page, "undo")
    assert set(Product.objects.values_list("category", flat=True)) == {old.pk}


@WHOLE
def test_a_category_that_is_deleted_meanwhile_is_no_place_to_go(client):
    old, gone = factories.make_category(), factories.make_category()
    products = make_products(2, category=old)
    page = choose(client, products)
    do(client, page, "preview", kind="category", category=str(gone.pk))
    categories.delete_category(key=gone.pk)
    do(client, page, "apply")
    assert change_at(page).skipped == 2
    assert "The category is gone." in client.get(page).content.decode()

    page = choose(client, products)
    do(
        client,
        page,
        "preview",
        kind="category",
        category=str(factories.make_category().pk),
    )
    do(client, page, "apply")
    categories.delete_category(key=old.pk)
    do(client, page, "undo")
    assert change_at(page).kept == 2
    assert not Category.objects.filter(pk=old.pk).exists()


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ({"kind": "base", "value": "5"}, "how"),
        ({"kind": "base", "how": "percent"}, "value"),
        ({"kind": "base", "how": "percent", "value": "ten"}, "value"),
        ({"kind": "base", "how": "percent", "value": "1e3"}, "value"),
        ({"kind": "base", "how": "percent", "value": "0.001"}, "value"),
        ({"kind": "base", "how": "percent", "value": "-101"}, "value"),
        ({"kind": "base", "how": "set", "value": "-1"}, "value"),
        ({"kind": "sale", "how": "percent", "value": "10"}, "value"),
        ({"kind": "sale", "how": "set", "value": "0"}, "value"),
        ({"kind": "category"}, "category"),
        ({"kind": "category", "category": "0"}, "category"),
        ({"kind": "colour"}, "kind"),
        ({}, "kind"),
        (
            {"kind": "base", "how": "percent", "value": "5", "ending": "x.42"},
            "ending",
        ),
    ],
)
def test_a_rule_that_says_too_little_is_explained_at_its_field(client, rule, field):
    page = choose(client, make_products(1))
    answer = do(client, page, "preview", **rule)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert change_at(page).state == BulkState.CHOSEN


@WHOLE
def test_many_products_are_the_work_of_a_job_that_goes_on_where_it_was_killed(
    client, monkeypatch
):
    monkeypatch.setattr(bulk_changes, "CHUNK", 3)
    products = make_products(8)
    page = choose(client, products)
    for name, data, end in (
        ("preview", PERCENT, "previewed"),
        ("apply", {}, "applied"),
        ("undo", {}, "undone"),
    ):
        do(client, page, name, **data)
        shown = client.get(page).content.decode()
        assert "<progress" in shown
        assert "Undo</button>" not in shown
        change = change_at(page)
        assert OutboxEvent.objects.filter(
            event="bulk_change.started", payload__change_id=str(change.pk)
        ).exists()
        assert (
            bulk_changes.continue_change(change_id=change.pk, budget_s=0) is False
        )  # a chunk, and the time is up
        assert (
            bulk_changes.continue_change(change_id=change.pk, budget_s=60) is True
        )
        assert change_at(page).state == end
        assert (
            prices(products)
            == [("900.00" if end == "applied" else "1000.00", None)] * 8
        )
    change = change_at(page)
    assert (change.total, change.undone, change.applied, change.ready) == (
        8,
        8,
        0,
        0,
    )


def test_the_history_says_who_changed_what(client, keeper):
    [product] = make_products(1)
    page = choose(client, [product])
    do(client, page, "preview", **PERCENT)
    do(client, page, "apply")
    entries = list(
        LogEntry.objects.filter(user=keeper)
        .order_by("pk")
        .values_list("object_id", "change_message")
    )
    change = change_at(page)
    assert entries == [
        (
            str(product.pk),
            "Bulk change: base price 1000.00 → 900.00, sale price none → none",
        ),
        (str(change.pk), "1 products are changed."),
    ]


def test_only_who_may_change_products_can(client, keeper):
    products = make_products(1)
    page = choose(client, products)
    do(client, page, "preview", **PERCENT)
    for groups in ((), ("orders",), ("analytics",)):
        other = Client()
        other.force_login(factories.make_user(role="staff", groups=groups))
        # The orders and analytics groups look at products, not at how they are changed.
        assert other.get(page).status_code == 403
        assert do(other, page, "apply").status_code == 403
        other.post(
            LIST, {"action": "change_in_bulk", "_selected_action": products[0].pk}
        )
        assert BulkChange.objects.count() == 1
    assert Client().get(page).status_code == 302
    assert prices(products) == [("1000.00", None)]


def test_all_that_match_the_filter_are_chosen_and_no_others(client):
    chosen = make_products(3, is_featured=True)
    make_products(2)
    page = choose(
        client, chosen[:1], all_matching=True, query="?is_featured__exact=1"
    )
    rows = BulkChangeRow.objects.filter(change=change_at(page))
    assert set(rows.values_list("product", flat=True)) == {
        product.pk for product in chosen
    }


def test_none_at_all_are_no_change(client):
    with pytest.raises(errors.NothingChosen):
        bulk_changes.choose_products(
            products=Product.objects.none(), actor_id=factories.make_user().pk
        )
    with pytest.raises(errors.NothingChosen):
        bulk_changes.choose_products(
            products=Product.objects.all(), actor_id=factories.make_user().pk
        )
    assert not BulkChange.objects.exists()


def test_what_nobody_applies_is_forgotten(client, keeper):
    products = make_products(1)
    old, kept = choose(client, products), choose(client, products)
    do(client, kept, "preview", **PERCENT)
    do(client, kept, "apply")
    BulkChange.objects.update(updated_at="2020-01-01T00:00Z")
    assert bulk_changes.delete_unapplied() == 1
    assert [change_at(kept)] == list(BulkChange.objects.all())
    assert client.get(old).status_code == 302


D = Decimal


@pytest.mark.parametrize(
    ("price", "ending", "expected"),
    [
        ("899.50", "", "899.50"),
        ("899.50", "whole", "900.00"),
        ("899.49", "whole", "899.00"),
        ("0.20", "whole", "1.00"),
        ("900.00", "x.99", "899.99"),
        ("900.49", "x.99", "900.99"),
        ("0.10", "x.99", "0.99"),
        ("900.00", "x.95", "899.95"),
        ("1002.49", "x5", "1000.00"),
        ("1002.50", "x5", "1005.00"),
        ("0.10", "x5", "5.00"),
        ("994.99", "x10", "990.00"),
        ("995.00", "x10", "1000.00"),
        ("1000.00", "x9", "999.00"),
        ("1004.00", "x9", "1009.00"),
        ("2.00", "x9", "9.00"),
        ("1249.00", "x99", "1299.00"),
        ("1248.99", "x99", "1199.00"),
        ("0.00", "x.99", "0.00"),
        ("-5.00", "x.99", "-5.00"),
    ],
)
def test_endings(price, ending, expected):
    assert str(round_price(D(price), BulkEnding(ending))) == expected


@pytest.mark.parametrize(
    ("kind", "how", "value", "before", "after"),
    [
        ("base", "percent", "10", ("99.99", None), ("109.99", None)),
        ("base", "amount", "-0.01", ("0.01", None), ("0.00", None)),
        ("base", "set", "75", ("99.99", "50.00"), ("75.00", "50.00")),
        ("sale", "percent", "-33.33", ("100.00", "99.00"), ("100.00", "66.67")),
        ("sale", "set", "60", ("100.00", None), ("100.00", "60.00")),
        ("both", "percent", "-50", ("100.00", None), ("50.00", None)),
        ("both", "percent", "-50", ("100.00", "80.00"), ("50.00", "40.00")),
        ("end_sale", "", "0", ("100.00", "80.00"), ("100.00", None)),
    ],
)
def test_rules(kind, how, value, before, after):
    def money(pair):
        return D(pair[0]), None if pair[1] is None else D(pair[1])

    assert apply_rule(
        RepricingRule(BulkKind(kind), BulkHow(how), D(value)), *money(before)
    ) == NewPrices(*money(after))


def test_a_price_above_what_the_column_holds_is_a_problem_and_no_error(client):
    [product] = make_products(1, base_price="99999999.00")
    page = choose(client, [product])
    do(client, page, "preview", kind="base", how="percent", value="900", ending="")
    assert (
        "The price would be above 99,999,999." in client.get(page).content.decode()
    )
