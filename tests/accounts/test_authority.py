"""Staff see of customers what their work needs, and nobody acts on somebody of more rights."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client as Browser

from accounts.client_info import ClientInfo
from accounts.models import User
from accounts.services import privacy, sessions, staff_users
from markrin.api.errors import Forbidden
from tests.accounts.flows import login, profile, read_refusal, session_of
from tests.client import Client
from tests.factories import make_address, make_user

pytestmark = pytest.mark.django_db
NOBODY = ClientInfo()


@pytest.fixture
def desk():
    return make_user(role="staff", groups=("orders",), name="Desk")


def browser(user: User) -> Browser:
    found = Browser()
    found.force_login(user)
    return found


def test_the_orders_staff_sees_customers_alone_and_what_serves_them(
    desk, admin_user
):
    asha = make_user(name="Asha", phone="+919876543210", date_of_birth="1990-01-01")
    asha.gender = "female"
    asha.save()
    found = Client().as_user(desk).get("/api/staff/users").json()["items"]
    assert [user["name"] for user in found] == ["Asha"]
    assert found[0]["phone"] == "+919876543210"
    assert (found[0]["dateOfBirth"], found[0]["gender"]) == (None, "")
    shown = Client().as_user(admin_user).get("/api/staff/users", {"search": "asha"})
    assert shown.json()["items"][0]["dateOfBirth"] == "1990-01-01"


@pytest.mark.parametrize("groups", [(), ("catalogue",), ("analytics",)])
def test_other_staff_sees_no_customer(groups, customer):
    client = Client().as_user(make_user(role="staff", groups=groups))
    assert read_refusal(client.get("/api/staff/users")) == (403, "forbidden")


def test_the_admins_pages_show_the_desk_a_customer_and_no_more(desk, admin_user):
    asha = make_user(name="Asha", date_of_birth="1990-01-01")
    make_address(user=asha, street="7 Quiet Lane")
    login(asha, headers={"User-Agent": "CanaryBrowser/1"})
    pages = browser(desk)
    listed = pages.get("/admin/accounts/user/").content.decode()
    assert asha.email in listed
    assert admin_user.email not in listed
    page = pages.get(f"/admin/accounts/user/{asha.pk}/change/").content.decode()
    assert "7 Quiet Lane" in page
    assert "1990" not in page
    assert "CanaryBrowser" not in page
    other = pages.get(f"/admin/accounts/user/{admin_user.pk}/change/", follow=True)
    assert admin_user.email not in other.content.decode().partition("<main")[2]


def test_the_desk_ends_no_session_of_an_admins(desk, admin_user):
    tokens = login(admin_user)
    pages = browser(desk)
    assert pages.get("/admin/accounts/session/").status_code == 403
    form = {"action": "end", "_selected_action": tokens["sessionId"]}
    assert pages.post("/admin/accounts/session/", form).status_code == 403
    assert profile(tokens["access"]).status_code == 200


def test_an_admin_ends_them(admin_user):
    tokens = login(make_user())
    pages = browser(admin_user)
    form = {"action": "end", "_selected_action": tokens["sessionId"]}
    assert pages.post("/admin/accounts/session/", form).status_code == 302
    assert session_of(tokens).revoked_reason == "admin"


def _sign_out(by: User, target: User) -> Any:
    return sessions.sign_out_users(user_ids=[target.pk], by=by, client=NOBODY)


def _end(by: User, target: User) -> Any:
    ids = target.sessions.values_list("pk", flat=True)
    return sessions.end_sessions(session_ids=ids, by=by, client=NOBODY)


def _reset_factor(by: User, target: User) -> Any:
    return staff_users.reset_second_factor(user_id=target.pk, by=by, client=NOBODY)


def _export(by: User, target: User) -> Any:
    return privacy.export_user(user_id=target.pk, by=by, client=NOBODY)


def _erase(by: User, target: User) -> Any:
    return privacy.erase_customer(user_id=target.pk, by=by, client=NOBODY)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("act", [_sign_out, _end, _reset_factor, _export, _erase])
def test_nobody_acts_on_somebody_of_more_rights(act):
    desk = make_user(role="staff", groups=("orders",))
    for target in (
        make_user(role="admin"),
        make_user(role="staff", groups=("orders", "catalogue")),
    ):
        tokens = login(target)
        with pytest.raises(Forbidden):
            act(desk, target)
        assert profile(tokens["access"]).status_code == 200
    act(desk, make_user())


def test_a_shops_own_group_that_changes_users_makes_nobody_an_admin(admin_user):
    group = Group.objects.create(name="helpdesk")
    group.permissions.set(
        Permission.objects.filter(codename__in=("view_user", "change_user"))
    )
    helper = make_user(role="staff")
    helper.groups.add(group)
    asha = make_user(name="Asha")
    pages = browser(helper)
    form = {
        "email": asha.email,
        "name": "Asha R.",
        "role": "admin",
        "is_active": "on",
        "gender": "",
        "addresses-TOTAL_FORMS": "0",
        "addresses-INITIAL_FORMS": "0",
    }
    pages.post(f"/admin/accounts/user/{asha.pk}/change/", form)
    asha.refresh_from_db()
    assert asha.role == "customer"
    page = f"/admin/accounts/user/{admin_user.pk}/password/"
    before = admin_user.password
    pages.post(
        page, {"password1": "a new harbour 9", "password2": "a new harbour 9"}
    )
    admin_user.refresh_from_db()
    assert admin_user.password == before
