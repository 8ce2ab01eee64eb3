"""Variants in place, their stock by the ledger, and the wish to hear of one."""

from typing import Any

import pytest

from products.models import BackInStockRequest, StockLevel, StockMovement, Variant
from tests.factories import make_product, make_user, make_variant


def url(product, variant=None, tail=""):
    return (
        f"/api/products/{product.pk}/variants"
        + (f"/{variant.pk}" if variant else "")
        + tail
    )


def test_staff_add_a_variant_with_its_first_stock(staff_client, merchandiser):
    product = make_product()
    make_variant(product=product, stock=0, position=4)
    response = staff_client.post(
        url(product), {"sku": "NEW/1", "size": "L", "color": "Red", "stock": 7}
    )
    assert response.status_code == 201, response.json()
    created = response.json()
    variant = Variant.objects.get(pk=created.pop("id"))
    assert created == {
        "sku": "NEW/1",
        "size": "L",
        "color": "Red",
        "basePrice": None,
        "salePrice": None,
        "saleStartsAt": None,
        "saleEndsAt": None,
        "price": "1000.00",
        "lowestPriorPrice": None,
        "barcode": "",
        "weightG": None,
        "hsCode": "",
        "originCountry": "",
        "binLocation": "",
        "costPrice": None,
        "countInStock": 7,
        "inStock": True,
        "inventoryPolicy": "deny",
        "position": 5,
        "isActive": True,
        "onHand": 7,
        "reserved": 0,
    }
    movement = StockMovement.objects.get(variant=variant)
    assert (movement.kind, movement.d_on_hand, movement.actor) == (
        "initial",
        7,
        merchandiser,
    )
    product.refresh_from_db()
    assert product.in_stock


def test_refuses_a_variant_that_is_there_already(staff_client):
    product = make_product()
    make_variant(product=product, sku="A", size="M", color="Red")
    make_variant(sku="B")
    for body, code in (
        ({"sku": "B", "size": "X"}, "sku_taken"),
        ({"sku": "A", "size": "X"}, "sku_taken"),
        ({"sku": "C", "size": "M", "color": "Red"}, "variant_exists"),
    ):
        response = staff_client.post(url(product), body)
        assert (response.status_code, response.json()["code"]) == (409, code)
    assert Variant.objects.count() == StockLevel.objects.count() == 2


def test_changes_a_variant_in_place(staff_client):
    product = make_product()
    variant = make_variant(product=product, sku="A", size="M", color="Red", stock=3)
    make_variant(product=product, sku="B", size="L", color="Red")
    changed = staff_client.patch(
        url(product, variant), {"sku": "A2", "color": "Blue", "position": 9}
    ).json()
    assert (changed["id"], changed["sku"], changed["color"], changed["size"]) == (
        str(variant.pk),
        "A2",
        "Blue",
        "M",
    )
    assert changed["countInStock"] == 3
    for body, code in (
        ({"sku": "B"}, "sku_taken"),
        ({"size": "L", "color": "Red"}, "variant_exists"),
    ):
        response = staff_client.patch(url(product, variant), body)
        assert (response.status_code, response.json()["code"]) == (409, code)
    wrong: dict[str, Any]
    for wrong in ({}, {"stock": 5}, {"position": -1}, {"sku": ""}):
        assert staff_client.patch(url(product, variant), wrong).status_code == 400
    variant.refresh_from_db()
    assert (variant.sku, variant.color, variant.position) == ("A2", "Blue", 9)
    assert (
        staff_client.patch(url(make_product(), variant), {"sku": "Z"}).status_code
        == 404
    )


def test_delete_takes_off_sale_and_patch_brings_back(staff_client, api):
    product = make_product()
    variant = make_variant(product=product, stock=3)
    assert staff_client.delete(url(product, variant)).status_code == 204
    shown = api.get(f"/api/products/{product.pk}").json()
    assert (shown["variants"], shown["inStock"]) == ([], False)
    assert staff_client.delete(url(product, variant)).status_code == 404
    [kept] = staff_client.get(f"/api/staff/products/{product.pk}").json()[
        "variants"
    ]
    assert (kept["isActive"], kept["onHand"]) == (False, 3)
    assert (
        staff_client.patch(url(product, variant), {"isActive": True}).status_code
        == 200
    )
    shown = api.get(f"/api/products/{product.pk}").json()
    assert (len(shown["variants"]), shown["inStock"]) == (1, True)


def test_staff_adjust_the_stock_and_read_the_ledger(staff_client, merchandiser):
    variant = make_variant(stock=2)
    path = f"/api/staff/variants/{variant.pk}"
    response = staff_client.post(
        f"{path}/adjust", {"delta": -2, "note": "Water damage"}
    )
    assert (response.status_code, response.json()["countInStock"]) == (200, 0)
    variant.product.refresh_from_db()
    assert not variant.product.in_stock
    staff_client.post(f"{path}/adjust", {"delta": 5, "note": "Found"})
    entries = staff_client.get(f"{path}/movements").json()["items"]
    assert [
        (e["kind"], e["onHand"], e["reserved"], e["note"]) for e in entries
    ] == [
        ("adjust", 5, 0, "Found"),
        ("adjust", -2, 0, "Water damage"),
        ("initial", 2, 0, ""),
    ]
    assert [e["actorId"] for e in entries] == [
        str(merchandiser.pk),
        str(merchandiser.pk),
        None,
    ]
    first = staff_client.get(f"{path}/movements", {"cursor": "", "limit": 2}).json()
    rest = staff_client.get(
        f"{path}/movements", {"cursor": first["next"], "limit": 2}
    ).json()
    assert first["items"] + rest["items"] == entries


def test_refuses_adjustments_that_cannot_be(staff_client):
    variant = make_variant(stock=3)
    StockLevel.objects.filter(pk=variant.pk).update(reserved=2)
    path = f"/api/staff/variants/{variant.pk}/adjust"
    response = staff_client.post(path, {"delta": -2, "note": "x"})
    assert (response.status_code, response.json()["code"]) == (409, "stock_too_low")
    assert [
        (line["sku"], line["reserved"]) for line in response.json()["lines"]
    ] == [(variant.sku, 2)]
    for body in (
        {"delta": 1},
        {"delta": 1, "note": ""},
        {"delta": "1", "note": "x"},
        {"delta": 10**6 + 1, "note": "x"},
    ):
        assert staff_client.post(path, body).status_code == 400
    StockLevel.objects.filter(pk=variant.pk).update(on_hand=10**9)
    response = staff_client.post(path, {"delta": 1, "note": "x"})
    assert (response.status_code, response.json()["code"]) == (
        422,
        "stock_too_high",
    )
    assert StockMovement.objects.count() == 1
    unknown = "0190a5d8-0000-7000-8000-000000000000"
    assert (
        staff_client.post(
            f"/api/staff/variants/{unknown}/adjust", {"delta": 1, "note": "x"}
        ).status_code
        == 404
    )
    assert (
        staff_client.get(f"/api/staff/variants/{unknown}/movements").status_code
        == 404
    )


@pytest.fixture
def sold_out(db):
    return make_variant(stock=0)


def test_guests_and_customers_ask_to_hear_of_a_variant_once(api, sold_out):
    path = url(sold_out.product, sold_out, "/notify")
    customer = make_user(email="asha@example.com")
    assert api.post(path, {"email": "Guest@Example.com"}).status_code == 204
    assert api.post(path, {"email": "guest@example.com"}).status_code == 204
    assert api.as_user(customer).post(path, {}).status_code == 204
    asked = BackInStockRequest.objects.order_by("email").values_list(
        "email", "user"
    )
    assert list(asked) == [
        ("asha@example.com", customer.pk),
        ("guest@example.com", None),
    ]


def test_refuses_wishes_that_cannot_be(api, sold_out):
    path = url(sold_out.product, sold_out, "/notify")
    here = make_variant(stock=1)
    gone = make_variant(stock=0, is_active=False)
    draft = make_variant(stock=0, product=make_product(status="draft"))
    customer = api.as_user(make_user())
    assert api.post(path, {}).json()["errors"][0]["pointer"] == "/email"
    assert (
        customer.post(path, {"email": "other@example.com"}).json()["errors"][0][
            "code"
        ]
        == "unexpected"
    )
    assert api.post(path, {"email": "nobody"}).status_code == 400
    response = api.post(
        url(here.product, here, "/notify"), {"email": "a@example.com"}
    )
    assert (response.status_code, response.json()["code"]) == (
        409,
        "already_in_stock",
    )
    for variant, product in (
        (gone, gone.product),
        (draft, draft.product),
        (sold_out, here.product),
    ):
        assert (
            api.post(
                url(product, variant, "/notify"), {"email": "a@example.com"}
            ).status_code
            == 404
        )
    assert not BackInStockRequest.objects.exists()


def test_only_catalogue_staff_write(api, sold_out):
    product = sold_out.product
    for client, status in (
        (api, 401),
        (api.as_user(make_user()), 403),
        (api.as_user(make_user(role="staff")), 403),
    ):
        assert client.post(url(product), {"sku": "X"}).status_code == status
        assert (
            client.patch(url(product, sold_out), {"sku": "X"}).status_code == status
        )
        assert client.delete(url(product, sold_out)).status_code == status
        adjust = f"/api/staff/variants/{sold_out.pk}/adjust"
        assert client.post(adjust, {"delta": 1, "note": "x"}).status_code == status
        assert (
            client.get(f"/api/staff/variants/{sold_out.pk}/movements").status_code
            == status
        )
    sold_out.refresh_from_db()
    assert sold_out.is_active
    assert StockMovement.objects.count() == 1
