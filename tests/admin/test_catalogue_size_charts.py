"""The size-chart editor: a grid that grows and shrinks by buttons, judged by the API's
schema, saved whole.
"""

import pytest
from django.test import Client
from django.urls import reverse

from products.models import SizeChart, SizeChartEntry
from products.selectors import size_tables
from tests import factories

pytestmark = pytest.mark.django_db
WHOLE = pytest.mark.django_db(
    transaction=True
)  # where services must find no transaction around them
ADD = reverse("admin:products_sizechart_add")


@pytest.fixture
def client():
    signed_in = Client()
    signed_in.force_login(factories.make_user(role="staff", groups=("catalogue",)))
    return signed_in


def grid(action, sizes, measures, cells, **rest):
    data = {
        "do": action,
        "unit": "cm",
        "title": "Tops",
        "note": "",
        "size": sizes,
        "measure": measures,
        **rest,
    }
    return data | {f"cell-{row}": texts for row, texts in enumerate(cells)}


def shown(page):
    rows = page.context["rows"]
    return (
        [row["size"] for row in rows],
        [name for name, _ in page.context["columns"]],
        [[cell["text"] for cell in row["cells"]] for row in rows],
    )


def page_of(chart):
    return reverse("admin:products_sizechart_change", args=[chart.pk])


def table(chart):
    found = size_tables.get_size_chart(key=chart.category_id)
    return [
        (row["size"], [(v["cm"]["min"], v["cm"]["max"]) for v in row["values"]])
        for row in found["rows"]
    ]


@WHOLE
def test_a_chart_is_made_in_the_grid(client):
    category = factories.make_category()
    data = grid(
        "save",
        ["S", "M"],
        ["chest"],
        [["88-92"], ["93"]],
        category=str(category.pk),
        note="Loose fit.",
    )
    assert client.post(ADD, data).status_code == 302
    chart = SizeChart.objects.get(category=category)
    assert table(chart) == [("S", [("88.0", "92.0")]), ("M", [("93.0", "93.0")])]
    assert (chart.title, chart.note) == ("Tops", "Loose fit.")
    again = client.post(ADD, data)
    assert again.status_code == 422
    assert "The category has a size chart." in again.content.decode()


def test_what_is_there_is_shown_and_saved_unchanged(client):
    chart = factories.make_size_chart()
    page = client.get(page_of(chart))
    assert shown(page) == (
        ["S", "M"],
        ["chest", "waist"],
        [["88.0-92.0", "74.0-78.0"], ["93.0-97.0", "79.0-83.0"]],
    )
    assert "34.6" in page.content.decode()  # inches, in the preview
    before = table(chart)
    assert (
        client.post(page_of(chart), grid("save", *shown(page))).status_code == 302
    )
    assert table(chart) == before


def test_rows_and_columns_come_and_go_and_nothing_is_saved_by_it(client):
    chart = factories.make_size_chart()
    before = list(SizeChartEntry.objects.order_by("pk").values_list())
    page = client.get(page_of(chart))
    for action in (
        "add-row",
        "add-column",
        "drop-row-0",
        "drop-column-1",
        "drop-row-7",
        "drop-row-x",
        "nonsense",
        "",
    ):
        page = client.post(page_of(chart), grid(action, *shown(page)))
        assert page.status_code == 200
    assert shown(page) == (["M", ""], ["chest", ""], [["93.0-97.0", ""], ["", ""]])
    for _ in range(4):
        page = client.post(page_of(chart), grid("drop-row-0", *shown(page)))
    assert len(shown(page)[0]) == 1
    assert list(SizeChartEntry.objects.order_by("pk").values_list()) == before


def test_inches_are_another_way_to_type_centimetres(client):
    chart = factories.make_size_chart()
    page = client.get(page_of(chart))
    page = client.post(page_of(chart), grid("unit-in", *shown(page)))
    assert shown(page)[2][0] == ["34.6-36.2", "29.1-30.7"]
    data = grid("save", ["S"], ["chest"], [["35-36,5"]], unit="in")
    assert client.post(page_of(chart), data).status_code == 302
    assert table(chart) == [("S", [("88.9", "92.7")])]


def test_a_preview_shows_the_table_and_saves_nothing(client):
    chart = factories.make_size_chart()
    page = client.post(
        page_of(chart), grid("preview", ["XL"], ["hip"], [["100-104"]])
    )
    assert page.context["preview"]["rows"][0]["size"] == "XL"
    assert "As shoppers see it" in page.content.decode()
    assert chart.entries.count() == 4


@pytest.mark.parametrize(
    ("sizes", "measures", "cells", "says"),
    [
        (["S"], ["chest"], [["wide"]], "length in centimetres"),
        (["S"], ["chest"], [[""]], "length in centimetres"),
        (["S"], ["chest"], [["92-88"]], "may not be below min"),
        (["S"], ["chest"], [["0"]], "length in centimetres"),
        (["S"], ["chest"], [["301"]], "length in centimetres"),
        (["S"], ["chest"], [["1e2"]], None),
        (["S"], ["chest"], [["NaN"]], "length in centimetres"),
        (["S"], ["chest"], [["1-2-3"]], "length in centimetres"),
        (["S", "S"], ["chest"], [["1"], ["2"]], "No size may have two rows"),
        (["S"], ["chest", "chest"], [["1", "2"]], "twice"),
        ([""], ["chest"], [["1"]], "blank"),
        (["S"], [""], [["1"]], "blank"),
        (["S"], [], [[]], ""),
        ([], ["chest"], [], ""),
        ([str(n) for n in range(101)], ["chest"], [["1"]] * 101, ""),
        (["S"], [str(n) for n in range(21)], [["1"] * 21], ""),
        (["S\u202e"], ["chest"], [["1"]], "control characters"),
    ],
)
def test_what_the_schema_refuses_is_marked_and_not_saved(
    client, sizes, measures, cells, says
):
    chart = factories.make_size_chart()
    before = table(chart)
    page = client.post(page_of(chart), grid("save", sizes, measures, cells))
    if says is None:
        assert page.status_code in (302, 422)
        return
    assert page.status_code == 422
    assert page.context["errors"]
    assert any(says in error for error in page.context["errors"]), page.context[
        "errors"
    ]
    assert table(chart) == before


def test_who_may_only_look_cannot_change_it(client):
    chart = factories.make_size_chart()
    looker = Client()
    looker.force_login(factories.make_user(role="staff", groups=("orders",)))
    page = looker.get(page_of(chart))
    if page.status_code == 200:
        assert b'value="save"' not in page.content
    data = grid("save", ["S"], ["chest"], [["1"]])
    assert looker.post(page_of(chart), data).status_code == 403
    assert looker.get(ADD).status_code == 403
    assert chart.entries.count() == 4
    assert (
        client.get(
            reverse("admin:products_sizechart_change", args=["junk"])
        ).status_code
        == 302
    )


def test_a_chart_is_deleted(client):
    chart = factories.make_size_chart()
    assert (
        client.post(
            reverse("admin:products_sizechart_delete", args=[chart.pk]),
            {"post": "yes"},
        ).status_code
        == 302
    )
    assert not SizeChart.objects.exists()
