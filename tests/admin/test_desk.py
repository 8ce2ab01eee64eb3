"""What the admin remembers for a member of staff, what it lets out as files, and what it
writes down of changes.
"""

import csv
import io
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from markrin.admin import counts, exports
from markrin.admin.models import SavedExport, SavedFilter
from orders.models import Order
from tests import factories
from tests.admin.test_pages import form_of

pytestmark = pytest.mark.django_db(transaction=True)
ORDERS = "/admin/orders/order/"
EXPORT = "/admin/orders/order/export/"


def client_of(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def boss(admin_user):
    return client_of(admin_user)


def table(response):
    """Return the rows of a streamed file, the heading first."""
    text = b"".join(response.streaming_content).decode()
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:])))


def test_a_list_opens_with_the_filters_it_was_left_with_until_they_are_reset(boss):
    boss.get(f"{ORDERS}?status__exact=pending&p=2&q=asha")
    assert (
        SavedFilter.objects.get().query == "status__exact=pending"
    )  # neither the page nor whom they searched for
    again = boss.get(ORDERS)
    assert (again.status_code, again["Location"]) == (
        302,
        f"{ORDERS}?status__exact=pending",
    )
    assert (
        "stay here until you change them"
        in boss.get(again["Location"]).content.decode()
    )

    assert (
        boss.get("/admin/orders/refund/").status_code == 200
    )  # another page has its own
    assert (
        client_of(factories.make_user(role="admin")).get(ORDERS).status_code == 200
    )  # and another person

    assert boss.get(f"{ORDERS}?_reset=1")["Location"] == ORDERS
    assert boss.get(ORDERS).status_code == 200
    assert not SavedFilter.objects.exists()


def test_clearing_the_filters_on_the_page_itself_forgets_them(boss):
    boss.get(f"{ORDERS}?status__exact=pending")
    assert (
        boss.get(
            ORDERS,
            headers={"referer": f"http://testserver{ORDERS}?status__exact=pending"},
        ).status_code
        == 200
    )
    assert boss.get(ORDERS).status_code == 200


def test_a_filter_that_means_nothing_is_not_kept(boss):
    assert boss.get(f"{ORDERS}?status__exact=pending").status_code == 200
    assert boss.get(f"{ORDERS}?no_such__field=1", follow=True).status_code == 200
    assert boss.get(ORDERS).status_code == 200


def test_whoever_may_not_see_a_list_keeps_no_filters_of_it():
    nobody = client_of(factories.make_user(role="staff"))
    assert nobody.get(f"{ORDERS}?status__exact=pending").status_code == 403
    assert not SavedFilter.objects.exists()


def test_an_export_has_the_filtered_rows_the_chosen_columns_and_no_formula(
    boss, admin_user
):
    customer = factories.make_user()
    Order.objects.filter(pk=factories.make_order(customer=customer).pk).update(
        recipient="=HYPERLINK(1)"
    )
    factories.make_order(status="cancelled")
    answer = boss.post(
        f"{EXPORT}?status__exact=pending",
        {"columns": ["Number", "Recipient", "Total"], "download": "1"},
    )
    assert answer["Content-Type"].startswith("text/csv")
    rows = table(answer)
    order = Order.objects.get(status="pending")
    assert rows == [
        ["Number", "Recipient", "Total"],
        [order.number, "'=HYPERLINK(1)", str(order.total)],
    ]
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_repr) == (admin_user, "export of orders")


def test_an_export_streams_in_parts_newest_first_and_never_more_than_the_bound(
    boss, monkeypatch
):
    made = [factories.make_order() for _ in range(5)]
    monkeypatch.setattr(exports, "_CHUNK", 2)
    rows = table(boss.post(EXPORT, {"columns": ["Number"], "download": "1"}))
    assert [number for (number,) in rows[1:]] == [
        order.number for order in reversed(made)
    ]

    monkeypatch.setattr(exports, "MAX_ROWS", 4)
    refused = boss.post(EXPORT, {"columns": ["Number"], "download": "1"})
    assert refused.status_code == 422
    assert "narrow the filters" in refused.content.decode()


def test_an_export_is_kept_by_name_with_its_filters_and_thrown_away(boss):
    order = factories.make_order()
    factories.make_order(status="cancelled")
    kept = {"columns": ["Number"], "name": "Open ones", "save": "1"}
    assert (
        boss.post(f"{EXPORT}?status__exact=pending&q=asha", kept).status_code == 302
    )
    saved = SavedExport.objects.get()
    assert (saved.query, saved.columns) == ("status__exact=pending", ["Number"])

    assert table(boss.get(f"{EXPORT}{saved.pk}/")) == [["Number"], [order.number]]
    other = client_of(factories.make_user(role="admin"))
    assert other.get(f"{EXPORT}{saved.pk}/").status_code == 404
    other.post(EXPORT, {"delete": str(saved.pk)})
    assert SavedExport.objects.exists()
    boss.post(EXPORT, {"delete": str(saved.pk)})
    assert not SavedExport.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        {"columns": ["Number"], "save": "1"},  # without a name
        {"columns": ["password"], "download": "1"},
        {"download": "1"},
        {"columns": ["Number"], "name": "x\u202ey", "save": "1"},
    ],
)
def test_a_bad_export_is_refused(boss, body):
    assert boss.post(EXPORT, body).status_code == 422
    assert not SavedExport.objects.exists()


def test_whoever_may_not_see_the_rows_may_not_export_them():
    catalogue = client_of(factories.make_user(role="staff", groups=("catalogue",)))
    assert catalogue.get(EXPORT).status_code == 403
    assert (
        catalogue.post(EXPORT, {"columns": ["Number"], "download": "1"}).status_code
        == 403
    )


def test_a_long_list_is_counted_to_a_bound(boss, monkeypatch):
    for _ in range(4):
        factories.make_category()
    monkeypatch.setattr(counts, "MAX_COUNTED", 3)
    page = boss.get("/admin/products/category/")
    assert "more than 3" in page.content.decode()


@pytest.mark.asvs("16.2.1")
def test_the_log_has_values_before_and_after(boss, admin_user):
    category = factories.make_category(position=1)
    path = reverse("admin:products_category_change", args=[category.pk])
    assert (
        boss.post(path, form_of(boss, path) | {"position": "15"}).status_code == 302
    )
    page = boss.get(reverse("admin:audit_log"))
    (entry,) = page.context["entries"]
    assert (entry.who, entry.what, entry.subject) == (
        str(admin_user),
        "changed",
        f"category {category}",
    )
    assert entry.values == [["Position", "1", "15"]]
    text = page.content.decode()
    assert "<del>1</del>" in text
    assert "15</ins>" in text


def test_the_log_names_no_values_of_a_person_who_may_ask_to_be_forgotten(boss):
    user = factories.make_user(name="Before")
    path = reverse("admin:accounts_user_change", args=[user.pk])
    data = form_of(boss, path) | {"name": "After", "language": "en"}
    del data["groups"]  # none is chosen
    assert boss.post(path, data).status_code == 302
    message = LogEntry.objects.get().change_message
    assert "Name" in message
    assert "Before" not in message
    assert "After" not in message
    assert '"values": [["Language", "", "en"]]' in message


def test_what_staff_did_with_orders_is_in_the_same_list_filtered_by_person_place_and_day(
    boss, admin_user
):
    order = factories.make_order()
    step = reverse("admin:orders_order_step", args=[order.pk, "confirm"])
    assert boss.post(step, {"note": "by telephone"}).status_code == 302
    other = factories.make_user(role="admin")
    audit = reverse("admin:audit_log")

    (entry,) = boss.get(f"{audit}?who={admin_user.email}").context["entries"]
    assert (entry.kind, entry.subject, entry.note) == (
        "orders",
        f"order {order.number}",
        "by telephone",
    )
    assert entry.values == [["status", "pending", "confirmed"]]
    assert boss.get(f"{audit}?who={other.email}").context["entries"] == []
    assert boss.get(f"{audit}?kind=admin").context["entries"] == []
    yesterday = timezone.localdate() - timedelta(days=1)
    assert boss.get(f"{audit}?last={yesterday}").context["entries"] == []
    assert len(boss.get(f"{audit}?first={yesterday}").context["entries"]) == 1
    assert boss.get(f"{audit}?who=nobody@example.com").status_code == 422
    assert boss.get(f"{audit}?before=2026-13-45").status_code == 200


def test_the_list_of_changes_goes_on_where_the_page_ends_and_tears_no_moment_apart(
    boss, admin_user, monkeypatch
):
    from markrin.admin import audit

    monkeypatch.setattr(audit, "AT_ONCE", 2)
    order = factories.make_order()
    for name in ("confirm", "process"):
        boss.post(
            reverse("admin:orders_order_step", args=[order.pk, name]), {"note": ""}
        )
    boss.post(
        reverse("admin:orders_order_step", args=[order.pk, "note"]),
        {"note": "third"},
    )
    first = boss.get(reverse("admin:audit_log"))
    seen = [entry.note or entry.values[0][2] for entry in first.context["entries"]]
    rest = boss.get(reverse("admin:audit_log") + first.context["older"])
    seen += [entry.note or entry.values[0][2] for entry in rest.context["entries"]]
    assert seen == ["third", "processing", "confirmed"]
