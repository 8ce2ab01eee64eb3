"""Size charts: whole tables in centimetres, inherited along the tree."""

import pytest

from products.models import SizeChart, SizeChartEntry
from products.selectors.size_tables import cm_to_inches
from tests.factories import make_category, make_size_chart, make_user

TABLE = {
    "title": "Shirts",
    "note": "Measured flat.",
    "measures": ["chest", "sleeve"],
    "rows": [
        {
            "size": "S",
            "values": [
                {"min": "88.0", "max": "92.5"},
                {"min": "61.0", "max": "61.0"},
            ],
        },
        {
            "size": "M",
            "values": [
                {"min": "93.0", "max": "97.0"},
                {"min": "62.0", "max": "63.0"},
            ],
        },
    ],
}


def test_staff_write_a_whole_table_and_everybody_reads_it(
    api, staff_client, category
):
    response = staff_client.post(
        "/api/size-charts", TABLE | {"categoryId": str(category.pk)}
    )
    assert response.status_code == 201, response.json()
    shown = api.get("/api/size-charts/shirts").json()
    assert shown == response.json()
    assert shown.pop("id") == str(SizeChart.objects.get().pk)
    assert shown == {
        "title": "Shirts",
        "note": "Measured flat.",
        "category": {"id": str(category.pk), "slug": "shirts", "name": "Shirts"},
        "measures": ["chest", "sleeve"],
        "rows": [
            {
                "size": "S",
                "values": [
                    {
                        "cm": {"min": "88.0", "max": "92.5"},
                        "inches": {"min": "34.6", "max": "36.4"},
                    },
                    {
                        "cm": {"min": "61.0", "max": "61.0"},
                        "inches": {"min": "24.0", "max": "24.0"},
                    },
                ],
            },
            {
                "size": "M",
                "values": [
                    {
                        "cm": {"min": "93.0", "max": "97.0"},
                        "inches": {"min": "36.6", "max": "38.2"},
                    },
                    {
                        "cm": {"min": "62.0", "max": "63.0"},
                        "inches": {"min": "24.4", "max": "24.8"},
                    },
                ],
            },
        ],
    }


@pytest.mark.parametrize(
    ("cm", "expected"),
    [("2.5", "1.0"), ("0.1", "0.0"), ("300.0", "118.1"), ("88.9", "35.0")],
)
def test_inches_follow(cm, expected):
    assert cm_to_inches(cm) == expected


def test_a_child_uses_its_nearest_ancestors_chart(api, staff_client):
    top = make_category(slug="top")
    middle = make_category(slug="middle", parent=top)
    make_category(slug="leaf", parent=middle)
    make_category(slug="other")
    make_size_chart(category=top, title="Top's")
    assert api.get("/api/size-charts/leaf").json()["title"] == "Top's"
    make_size_chart(category=middle, title="Middle's")
    assert api.get("/api/size-charts/leaf").json()["title"] == "Middle's"
    assert api.get("/api/size-charts/other").status_code == 404
    assert api.get("/api/size-charts/nowhere").status_code == 404
    assert [
        chart["title"] for chart in api.get("/api/size-charts").json()["items"]
    ] == ["Middle's", "Top's"]
    # Its own only can be written: the leaf has none.
    assert staff_client.put("/api/size-charts/leaf", TABLE).status_code == 404
    assert staff_client.delete("/api/size-charts/leaf").status_code == 404
    assert staff_client.delete("/api/size-charts/middle").status_code == 204
    assert api.get("/api/size-charts/leaf").json()["title"] == "Top's"


def test_put_replaces_the_table(api, staff_client, category):
    make_size_chart(category=category)
    smaller = TABLE | {
        "measures": ["chest"],
        "rows": [{"size": "One", "values": [{"min": "90.0", "max": "110.0"}]}],
    }
    assert staff_client.put("/api/size-charts/shirts", smaller).status_code == 200
    shown = api.get("/api/size-charts/shirts").json()
    assert (
        shown["title"],
        shown["measures"],
        [row["size"] for row in shown["rows"]],
    ) == ("Shirts", ["chest"], ["One"])
    assert SizeChartEntry.objects.count() == 1


def row(size="S", *values):
    return {
        "size": size,
        "values": [{"min": low, "max": high} for low, high in values],
    }


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"title": ""}, "/title"),
        ({"measures": []}, "/measures"),
        ({"measures": ["chest", "chest"]}, "/measures"),
        ({"rows": []}, "/rows"),
        ({"rows": [row("S", ("1.0", "2.0"))]}, "/rows"),
        ({"rows": [row("S", ("1.0", "2.0"), ("1.0", "2.0"))] * 2}, "/rows"),
        (
            {"rows": [row("S", ("2.0", "1.9"), ("1.0", "2.0"))]},
            "/rows/0/values/0/max",
        ),
        (
            {"rows": [row("S", ("1.0", "300.1"), ("1.0", "2.0"))]},
            "/rows/0/values/0/max",
        ),
        (
            {"rows": [row("S", ("0.0", "1.0"), ("1.0", "2.0"))]},
            "/rows/0/values/0/min",
        ),
        (
            {"rows": [row("S", ("1", "1.0"), ("1.0", "2.0"))]},
            "/rows/0/values/0/min",
        ),
        (
            {"rows": [row("S", (1.0, "1.0"), ("1.0", "2.0"))]},
            "/rows/0/values/0/min",
        ),
        ({"rows": [row("", ("1.0", "1.0"), ("1.0", "2.0"))]}, "/rows/0/size"),
        ({"unit": "inches"}, "/unit"),
    ],
)
def test_refuses_what_is_no_table_of_measures(
    staff_client, category, change, pointer
):
    make_size_chart(category=category, title="Before")
    response = staff_client.put("/api/size-charts/shirts", TABLE | change)
    assert response.status_code == 400
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]
    assert SizeChart.objects.get().title == "Before"


def test_one_chart_a_category_and_only_where_there_is_one(staff_client, category):
    make_size_chart(category=category)
    response = staff_client.post(
        "/api/size-charts", TABLE | {"categoryId": str(category.pk)}
    )
    assert (response.status_code, response.json()["code"]) == (
        409,
        "size_chart_exists",
    )
    nowhere = "0190a5d8-0000-7000-8000-000000000000"
    response = staff_client.post(
        "/api/size-charts", TABLE | {"categoryId": nowhere}
    )
    assert (response.status_code, response.json()["code"]) == (
        422,
        "category_unknown",
    )


def test_only_catalogue_staff_write(api, category):
    make_size_chart(category=category, title="Before")
    for client, status in (
        (api, 401),
        (api.as_user(make_user()), 403),
        (api.as_user(make_user(role="staff")), 403),
    ):
        assert (
            client.post(
                "/api/size-charts", TABLE | {"categoryId": str(category.pk)}
            ).status_code
            == status
        )
        assert client.put("/api/size-charts/shirts", TABLE).status_code == status
        assert client.delete("/api/size-charts/shirts").status_code == status
    assert SizeChart.objects.get().title == "Before"
