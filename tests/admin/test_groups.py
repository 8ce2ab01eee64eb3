"""Who may open what: every page of the admin with every group of staff.

What a group may do with a model is read from `markrin/rights.py`, the one table.
"""

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from markrin import rights
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
GROUPS = tuple(rights.GROUPS)
# It shows nothing itself: it opens the order, or the list of those that fit.
FIND = "/admin/orders/order/find/?q=nothing-like-this"
# Pages of our own → the groups that they open to.
PAGES = {
    "/admin/": {*GROUPS, ""},
    "/admin/orders/order/queue/pack/": {"orders"},
    FIND: {"orders"},
    "/admin/orders/order/export/": {"orders"},
    "/admin/orders/refund/export/": {"orders"},
    "/admin/accounts/user/export/": {"orders"},
    "/admin/outbox/outboxevent/export/": set(),
    "/admin/analytics/dailysales/report/sales/": {"analytics"},
    "/admin/analytics/dailysales/report/funnel/": {"analytics"},
    "/admin/analytics/dailysales/report/products/": {"analytics"},
    "/admin/analytics/dailysales/report/searches/": {"analytics"},
    "/admin/analytics/dailysales/report/stock/": {
        "catalogue",
        "orders",
        "analytics",
    },
    "/admin/admin/logentry/all/": set(),
}


def client_of(group):
    client = Client()
    client.force_login(
        factories.make_user(role="staff", groups=(group,) if group else ())
    )
    return client


@pytest.mark.parametrize("group", ["", *GROUPS])
def test_lists_and_forms_open_to_the_groups_that_work_with_them(group):
    client = client_of(group)
    table = rights.list_pages(group)
    opened, expected = {}, {}
    for model in admin.site._registry:
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        allowed = table.get(model._meta.label_lower, set())
        opened[name], expected[name] = (
            client.get(reverse(f"admin:{name}_changelist")).status_code,
            200 if "view" in allowed else 403,
        )
        # Who may add may still be refused: nobody writes an order by hand.
        if "add" not in allowed:
            opened[f"{name} add"], expected[f"{name} add"] = (
                client.get(reverse(f"admin:{name}_add")).status_code,
                403,
            )
    assert opened == expected


@pytest.mark.parametrize("group", ["", *GROUPS, "admin"])
def test_our_own_pages_open_to_the_groups_that_work_with_them(group):
    if group == "admin":
        client = Client()
        client.force_login(factories.make_user(role="admin"))
    else:
        client = client_of(group)
    opened = {path: client.get(path).status_code for path in PAGES}
    shown = dict.fromkeys(PAGES, 200) | {FIND: 302}
    assert opened == {
        path: shown[path] if group == "admin" or group in who else 403
        for path, who in PAGES.items()
    }


STEPS = (
    "confirm",
    "process",
    "ship",
    "deliver",
    "cash",
    "return",
    "refund",
    "note",
    "resend",
    "cancel",
)


@pytest.mark.parametrize("group", ["", *GROUPS])
def test_only_the_orders_group_takes_an_orders_steps(group):
    order = factories.make_order()
    client = client_of(group)
    allowed = {
        name: client.get(
            reverse("admin:orders_order_step", args=[order.pk, name])
        ).status_code
        for name in STEPS
    }
    assert allowed == dict.fromkeys(STEPS, 200 if group == "orders" else 403)


@pytest.mark.parametrize("group", ["", *GROUPS])
def test_the_menu_names_only_what_opens(group):
    client = client_of(group)
    page = client.get("/admin/")
    links = [
        item["link"]
        for part in page.context["sidebar_navigation"]
        for item in part["items"]
    ]
    assert "/admin/" in links
    assert {
        link: client.get(link, follow=True).status_code for link in links
    } == dict.fromkeys(links, 200)
    assert bool(len(links) > 1) == bool(group)


def test_somebody_from_outside_is_led_to_the_sign_in():
    customer = Client()
    customer.force_login(factories.make_user(role="customer"))
    for client in (Client(), customer):
        for path in PAGES:
            answer = client.get(path)
            assert (answer.status_code, answer["Location"].split("?")[0]) == (
                302,
                "/admin/login/",
            ), path
