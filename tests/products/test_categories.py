"""The tree of categories: read by everybody, kept by staff."""

import io

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.test.utils import CaptureQueriesContext
from PIL import Image

from products.models import Category, SizeChart
from tests.factories import (
    make_category,
    make_product,
    make_size_chart,
    make_tax,
    make_user,
)


def picture(size=(40, 30), color="red"):
    file = io.BytesIO()
    Image.new("RGB", size, color).save(file, "PNG")
    file.seek(0)
    file.name = "picture.png"
    return file


@pytest.fixture
def tree(db):
    women = make_category(
        name="Women",
        slug="women",
        description="For her.",
        tax_class=make_tax("standard", "12.00"),
    )
    dresses = make_category(name="Dresses", slug="dresses", parent=women)
    make_category(name="Accessories", slug="accessories", parent=women)
    men = make_category(name="Men", slug="men", position=1)
    for category, number in ((women, 1), (dresses, 2), (men, 1)):
        for _ in range(number):
            make_product(category=category)
    make_product(category=dresses, status="draft")
    return women


def shape(categories):
    return [
        (row["slug"], row["productCount"], shape(row["children"]))
        for row in categories
    ]


def test_shows_the_tree_with_the_products_of_each_subtree(api, tree):
    body = api.get("/api/categories").json()
    assert shape(body["items"]) == [
        ("women", 3, [("accessories", 0, []), ("dresses", 2, [])]),
        ("men", 1, []),
    ]
    women = body["items"][0]
    del women["children"]
    assert women == {
        "id": str(tree.pk),
        "slug": "women",
        "name": "Women",
        "description": "For her.",
        "image": None,
        "parentId": None,
        "position": 0,
        "taxClass": "standard",
        "productCount": 3,
    }


def test_shows_one_with_what_is_below_it(api, tree):
    assert shape([api.get("/api/categories/women").json()]) == shape(
        api.get("/api/categories").json()["items"][:1]
    )
    dresses = api.get("/api/categories/dresses").json()
    assert (dresses["parentId"], dresses["children"], dresses["productCount"]) == (
        str(tree.pk),
        [],
        2,
    )
    assert api.get(f"/api/categories/{dresses['id']}").json() == dresses
    assert api.get("/api/categories/nowhere").status_code == 404


def test_asks_once_however_many_there_are(api, tree):
    for path in ("/api/categories", "/api/categories/women"):
        with CaptureQueriesContext(connection) as asked:
            api.get(path)
        assert len(asked) == 1


def test_staff_create_change_and_move(staff_client, tree):
    created = staff_client.post(
        "/api/categories", {"name": "Kurtas & Suits", "parentId": str(tree.pk)}
    )
    assert created.status_code == 201
    assert (created.json()["slug"], created.json()["parentId"]) == (
        "kurtas-suits",
        str(tree.pk),
    )
    url = f"/api/categories/{created.json()['id']}"
    renamed = staff_client.patch(
        url, {"name": "Kurtas", "taxClass": "standard", "position": 3}
    ).json()
    assert (renamed["name"], renamed["slug"], renamed["taxClass"]) == (
        "Kurtas",
        "kurtas-suits",
        "standard",
    )
    moved = staff_client.patch(
        "/api/categories/women",
        {"parentId": str(Category.objects.get(slug="men").pk)},
    )
    assert moved.status_code == 200
    assert len(Category.objects.get(slug="kurtas-suits").ancestors) == 3
    replaced = staff_client.put(url, {"name": "Sarees", "slug": "sarees"}).json()
    assert (
        replaced["slug"],
        replaced["parentId"],
        replaced["taxClass"],
        replaced["position"],
    ) == (
        "sarees",
        None,
        None,
        0,
    )


def test_refuses_what_would_break_the_tree_and_changes_nothing(staff_client, tree):
    dresses = Category.objects.get(slug="dresses")
    before = list(Category.objects.order_by("pk").values())
    for method, path, json, status, code in (
        (
            "POST",
            "",
            {"name": "Dresses", "parentId": str(tree.pk)},
            409,
            "category_name_taken",
        ),
        ("POST", "", {"name": "X", "slug": "men"}, 409, "slug_taken"),
        (
            "POST",
            "",
            {"name": "X", "parentId": "0190a5d8-0000-7000-8000-000000000000"},
            422,
            "category_unknown",
        ),
        ("POST", "", {"name": "X", "parentId": "men"}, 400, "invalid"),
        ("POST", "", {"name": "X", "taxClass": "5 %"}, 400, "invalid"),
        ("POST", "", {"name": "X", "taxClass": "none"}, 422, "tax_class_unknown"),
        ("PATCH", "/women", {"parentId": str(dresses.pk)}, 422, "category_cycle"),
        ("PATCH", "/women", {"parentId": str(tree.pk)}, 422, "category_cycle"),
        ("PATCH", "/nowhere", {"name": "X"}, 404, "not_found"),
        ("DELETE", "/women", None, 409, "category_not_empty"),
        ("DELETE", "/dresses", None, 409, "category_not_empty"),
    ):
        response = staff_client._send(method, f"/api/categories{path}", json=json)
        assert (response.status_code, response.json()["code"]) == (status, code), (
            method,
            path,
            json,
        )
        last = response.json()
    assert last["products"] == 3
    assert list(Category.objects.order_by("pk").values()) == before


def test_refuses_a_ninth_level(staff_client):
    parent = make_category()
    for _ in range(7):
        parent = make_category(parent=parent)
    response = staff_client.post(
        "/api/categories", {"name": "Too deep", "parentId": str(parent.pk)}
    )
    assert (response.status_code, response.json()["code"]) == (
        422,
        "category_too_deep",
    )


def test_deletes_an_empty_one_with_its_size_chart(staff_client):
    category = make_category(slug="empty")
    make_size_chart(category=category)
    assert staff_client.delete("/api/categories/empty").status_code == 204
    assert not Category.objects.exists()
    assert not SizeChart.objects.exists()


def test_a_picture_replaces_the_one_before_and_its_file_goes(staff_client):
    make_category(slug="women")
    first = staff_client.post(
        "/api/categories/women/image", files={"file": picture()}
    ).json()["image"]
    assert first.startswith("/media/categories/")
    assert first.endswith(".webp")
    second = staff_client.post(
        "/api/categories/women/image", files={"file": picture(color="blue")}
    ).json()["image"]
    assert not default_storage.exists(first.removeprefix("/media/"))
    assert default_storage.exists(second.removeprefix("/media/"))
    assert staff_client.delete("/api/categories/women/image").status_code == 204
    assert not default_storage.exists(second.removeprefix("/media/"))
    assert staff_client.get("/api/categories/women").json()["image"] is None


def test_only_catalogue_staff_write(api, tree):
    for client, status in (
        (api, 401),
        (api.as_user(make_user()), 403),
        (api.as_user(make_user(role="staff")), 403),
    ):
        assert client.post("/api/categories", {"name": "X"}).status_code == status
        assert (
            client.patch("/api/categories/women", {"name": "X"}).status_code
            == status
        )
        assert (
            client.put("/api/categories/women", {"name": "X"}).status_code == status
        )
        assert client.delete("/api/categories/accessories").status_code == status
        assert (
            client.post(
                "/api/categories/women/image", files={"file": picture()}
            ).status_code
            == status
        )
        assert client.delete("/api/categories/women/image").status_code == status
    assert Category.objects.filter(name="X").count() == 0
