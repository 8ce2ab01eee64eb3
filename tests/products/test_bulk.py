"""What machines send: many products at once, and how many pieces there are."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from products.models import Product, StockLevel, StockMovement, Variant
from tests.client import Client
from tests.factories import make_category, make_product, make_user, make_variant

pytestmark = pytest.mark.django_db(transaction=True)
BULK = "/api/staff/products/bulk"


@pytest.fixture
def staff() -> Client:
    return Client().as_user(make_user(role="staff", groups=("catalogue",)))


def product(number: int, category: Any, **rest: Any) -> dict[str, Any]:
    variant = {"sku": f"SKU-{number}", "size": "M", "stock": 3}
    return {
        "name": f"Shirt {number}",
        "categoryId": str(category.pk),
        "basePrice": "100.00",
        "variants": [variant],
        **rest,
    }


def without_stock(sent: dict[str, Any]) -> dict[str, Any]:
    variants = [{"sku": one["sku"], "size": "M"} for one in sent["variants"]]
    return {**sent, "variants": variants}


def test_each_product_is_answered_for_itself_and_twice_changes_nothing(staff):
    category = make_category()
    make_product(slug="known")
    sent = [
        product(1, category),
        product(2, category, categoryId="00000000-0000-7000-8000-000000000003"),
        product(3, category, slug="known", name="Known"),
    ]
    answer = staff.post(BULK, {"items": sent})
    assert answer.status_code == 200, answer.content
    done = answer.json()
    assert (done["created"], done["replaced"], done["refused"]) == (1, 1, 1)
    assert [row["status"] for row in done["items"]] == [
        "created",
        "refused",
        "replaced",
    ]
    assert done["items"][1]["code"] == "category_unknown"
    assert Product.objects.get(slug="known").name == "Known"
    again = staff.post(BULK, {"items": [without_stock(one) for one in sent]}).json()
    assert [row["status"] for row in again["items"]] == [
        *("replaced", "refused", "replaced")
    ]
    assert [row["id"] for row in again["items"]] == [
        row["id"] for row in done["items"]
    ]
    assert Product.objects.count() == 2
    assert StockLevel.objects.get(variant__sku="SKU-1").on_hand == 3


def test_what_has_no_form_is_refused_with_its_place_and_changes_nothing(staff):
    category = make_category()
    sent = [product(1, category), product(2, category, basePrice="cheap")]
    answer = staff.post(BULK, {"items": sent})
    assert answer.status_code == 400
    pointers = [error["pointer"] for error in answer.json()["errors"]]
    assert pointers == ["/items/1/basePrice"]
    assert not Product.objects.exists()


@pytest.mark.parametrize(("count", "status"), [(0, 400), (1_001, 400)])
def test_how_many_one_call_takes(staff, count, status):
    category = make_category()
    items = [product(number, category) for number in range(count)]
    assert staff.post(BULK, {"items": items}).status_code == status
    assert not Product.objects.exists()


def test_a_call_takes_more_than_others_do(staff):
    """More bytes and values than any other body may have."""
    category = make_category()
    long = "A long text. " * 700
    items = [product(number, category, description=long) for number in range(20)]
    items[-1]["variants"] = [
        {"sku": f"V-{number}", "size": f"S{number}"} for number in range(50)
    ]
    answer = staff.post(BULK, {"items": items})
    assert answer.status_code == 200, answer.content
    assert answer.json()["created"] == 20


def test_stock_is_set_by_a_movement_of_the_difference(staff):
    variant = make_variant(stock=5)
    StockLevel.objects.filter(variant=variant).update(reserved=2)
    path = f"/api/staff/variants/{variant.pk}/stock"
    assert variant.stock.on_hand == 5
    answer = staff.put(path, {"countInStock": 10, "expected": 3})
    assert answer.status_code == 200, answer.content
    assert (answer.json()["countInStock"], answer.json()["onHand"]) == (10, 12)
    moved = StockMovement.objects.filter(variant=variant, kind="adjust")
    assert [(row.d_on_hand, row.note) for row in moved] == [(7, "set to 10")]
    answer = staff.put(path, {"countInStock": 1, "expected": 3})
    assert (answer.status_code, answer.json()["code"]) == (
        409,
        "stock_not_as_expected",
    )
    assert answer.json()["countInStock"] == 10
    assert staff.put(path, {"countInStock": 10}).status_code == 200
    assert moved.count() == 1  # nothing to move
    StockLevel.objects.filter(variant=variant).update(reserved=0)


def test_what_has_changed_since(staff):
    old, new, by_variant = (make_product() for _ in range(3))
    moved = make_variant(product=by_variant)
    hour = timezone.now() - timedelta(hours=1)
    Product.objects.update(updated_at=hour)
    Variant.objects.update(updated_at=hour)
    since = timezone.now().isoformat().replace("+00:00", "Z")
    for path, row in (("", new), (f"/variants/{moved.pk}", by_variant)):
        body = {"name": "Renamed"} if not path else {"size": "XS"}
        answer = staff.patch(f"/api/products/{row.pk}{path}", body)
        assert answer.status_code == 200, answer.content
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = staff.get(
            f"/api/staff/products?updatedSince={since}&limit=1&cursor={cursor}"
        ).json()
        found += [item["id"] for item in page["items"]]
        cursor = page["next"]
    assert sorted(found) == sorted([str(new.pk), str(by_variant.pk)])
    assert str(old.pk) not in found
