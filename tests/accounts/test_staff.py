"""What admins do with users; what a person may ask for."""

import json
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client as Browser
from django.urls import reverse

from accounts.client_info import ClientInfo
from accounts.models import (
    Address,
    AuthEvent,
    MailToken,
    Session,
    User,
    WishlistItem,
)
from accounts.services import sessions
from tests import factories
from tests.accounts.flows import (
    at_once,
    do_jobs,
    login,
    profile,
    read_refusal,
    refresh,
)
from tests.client import Client

NEW = "another quiet harbour"


@pytest.fixture
def boss(api, admin_user):
    """A client of an admin."""
    return api.as_user(admin_user)


@pytest.mark.asvs("6.4.1")
def test_an_invited_user_sets_a_first_password(api, boss, mailoutbox):
    body = {
        "name": "Sam",
        "email": "Sam@Example.com",
        "role": "staff",
        "groups": ["orders", "catalogue"],
    }
    answer = boss.post("/api/staff/users", body)
    assert answer.status_code == 201
    made = answer.json()
    assert (made["email"], made["role"], made["groups"], made["active"]) == (
        "sam@example.com",
        "staff",
        ["catalogue", "orders"],
        True,
    )
    assert (
        api.post(
            "/api/auth/login", {"email": made["email"], "password": ""}
        ).status_code
        == 400
    )
    do_jobs()
    token = mailoutbox[0].body.partition("#token=")[2][:43]
    assert (
        api.post(
            "/api/auth/password/reset", {"token": token, "newPassword": NEW}
        ).status_code
        == 204
    )
    assert (
        login(User.objects.get(pk=made["id"]), password=NEW)["user"]["role"]
        == "staff"
    )
    assert read_refusal(boss.post("/api/staff/users", body)) == (409, "email_taken")


def test_a_deactivated_user_is_out_at_once_and_stays_out(boss, customer):
    tokens = login(customer)
    path = f"/api/staff/users/{customer.pk}"
    assert boss.patch(path, {"active": False}).json()["active"] is False
    assert (
        read_refusal(profile(tokens["access"]))
        == read_refusal(refresh(tokens["refresh"]))
        == (401, "session_revoked")
    )
    assert (
        Session.objects.get(pk=tokens["sessionId"]).revoked_reason
        == "user_disabled"
    )
    assert boss.patch(path, {"active": True}).json()["active"] is True
    assert read_refusal(profile(tokens["access"])) == (401, "session_revoked")
    changed = AuthEvent.objects.filter(type="user_changed", user_id=customer.pk)[0]
    assert changed.details["before"] == {"role": "customer", "active": False}


@pytest.mark.parametrize("change", [{"role": "staff"}, {"active": False}])
def test_somebody_remains_an_admin(boss, admin_user, change):
    path = f"/api/staff/users/{admin_user.pk}"
    assert read_refusal(boss.patch(path, change)) == (409, "last_admin")
    factories.make_user(role="admin")
    assert boss.patch(path, change).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_two_admins_who_retire_each_other_at_once_leave_one():
    pair = [factories.make_user(role="admin") for _ in range(2)]
    clients = [Client().as_user(one) for one in pair]
    answers = at_once(
        lambda number: clients[number].patch(
            f"/api/staff/users/{pair[1 - number].pk}", {"role": "staff"}
        ),
        times=2,
    )
    # The second one has lost the right by then, or is told that somebody must remain.
    assert min(answer.status_code for answer in answers) == 200
    assert User.objects.filter(role="admin").count() == 1


def test_users_are_found(boss, api):
    asha = factories.make_user(
        name="Asha", last_name="Rao", email="asha@example.com"
    )
    factories.make_user(name="Ben", is_active=False)
    factories.make_user(role="staff", name="Desk")
    desk = boss

    def found(**query: Any) -> list[str]:
        return [
            user["name"]
            for user in desk.get("/api/staff/users", query).json()["items"]
        ]

    assert found(search="rao asha") == found(search="ASHA@EX") == ["Asha"]
    assert found(active="false") == ["Ben"]
    assert found(role="staff") == ["Desk"]
    assert found(search="%") == []
    assert found(role="customer", active="true") == [asha.name]


def test_a_page_of_users_costs_the_same_for_one_and_for_many(
    boss, django_assert_num_queries
):
    for count in (1, 9):
        for _ in range(count):
            factories.make_user(role="staff", groups=("orders",))
        with django_assert_num_queries(4):
            assert boss.get("/api/staff/users", {"limit": 50}).status_code == 200


# --- Export and erasure --------------------------------------------------------------------------
def _with_everything(user: User) -> dict[str, Any]:
    factories.make_address(user=user, street="7 Secret Lane")
    factories.make_order(customer=user)
    WishlistItem.objects.create(user=user, product=factories.make_product())
    return login(user, headers={"User-Agent": "CanaryBrowser/1"})


def test_the_export_holds_everything_that_is_known(api):
    user = factories.make_user(name="Asha", phone="+919876543210")
    tokens = _with_everything(user)
    answer = api.get(
        "/api/auth/export", headers={"Authorization": f"Bearer {tokens['access']}"}
    )
    assert answer.headers["Content-Disposition"].startswith("attachment")
    found = answer.json()
    assert {
        "profile",
        "addresses",
        "wishlist",
        "sessions",
        "signInLog",
    } <= found.keys()
    assert found["profile"]["phone"] == "+919876543210"
    assert found["addresses"][0]["street"] == "7 Secret Lane"
    assert found["sessions"][0]["userAgent"] == "CanaryBrowser/1"
    assert "orders" in found
    assert "password" not in json.dumps(found)


def test_who_is_erased_is_gone(api):
    user = factories.make_user(
        name="Asha",
        last_name="Raocanary",
        phone="+919876543299",
        email="asha.canary@example.com",
    )
    tokens = _with_everything(user)
    bearer = {"Authorization": f"Bearer {tokens['access']}"}
    assert api.post("/api/auth/erase", headers=bearer).status_code == 204
    assert (
        read_refusal(profile(tokens["access"]))
        == read_refusal(refresh(tokens["refresh"]))
        == (401, "token_invalid")
    )
    gone = User.objects.get(pk=user.pk)
    assert (gone.is_active, gone.name, gone.phone, gone.has_usable_password()) == (
        False,
        "Erased",
        "",
        False,
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT to_jsonb(t)::text FROM "{table}" t')
            rows = "".join(row for (row,) in cursor.fetchall())
            for canary in (
                "Raocanary",
                "asha.canary",
                "9876543299",
                "CanaryBrowser",
                "7 Secret Lane",
            ):
                assert canary not in rows, (table, canary)
    for mine in (Session, Address, WishlistItem, MailToken):
        assert not mine.objects.filter(user=user).exists()
    assert AuthEvent.objects.filter(user_id=user.pk, type="erase", ip=None).exists()


def test_an_admin_erases_a_customer_who_asks_and_nobody_else(boss, customer, staff):
    for _ in range(2):
        assert boss.post(f"/api/staff/users/{customer.pk}/erase").status_code == 204
    assert boss.post(f"/api/staff/users/{staff.pk}/erase").status_code == 422
    assert (
        boss.patch(f"/api/staff/users/{customer.pk}", {"active": True}).status_code
        == 404
    )
    assert (
        boss.get(f"/api/staff/users/{staff.pk}/export").json()["profile"]["email"]
        == staff.email
    )


# --- The log -------------------------------------------------------------------------------------
@pytest.mark.asvs("16.4.2")
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE auth_event SET outcome = 'ok'",
        "UPDATE auth_event SET ip = NULL, outcome = 'ok', user_agent = '', details = '{}'",
        "DELETE FROM auth_event",
    ],
)
def test_the_log_only_grows(db, change):
    AuthEvent.objects.create(type="login", outcome="failed")
    with (
        pytest.raises(DatabaseError, match="only grows"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(change)


# --- The admin's pages ---------------------------------------------------------------------------
@pytest.fixture
def pages(admin_user):
    """A browser that an admin has signed in with."""
    found = Browser()
    found.force_login(admin_user)
    return found


@pytest.mark.asvs("7.4.5")
def test_the_admin_signs_a_user_out_and_ends_a_session(pages, customer):
    first, second = login(customer), login(customer)
    page = reverse("admin:accounts_session_changelist")
    pages.post(page, {"action": "end", "_selected_action": [first["sessionId"]]})
    assert read_refusal(profile(first["access"])) == (401, "session_revoked")
    assert profile(second["access"]).status_code == 200
    pages.post(
        reverse("admin:accounts_user_changelist"),
        {"action": "sign_out", "_selected_action": [customer.pk]},
    )
    assert read_refusal(profile(second["access"])) == (401, "session_revoked")


def test_a_password_set_in_the_admin_ends_every_session(pages, customer):
    tokens = login(customer)
    page = reverse("admin:auth_user_password_change", args=[customer.pk])
    answer = pages.post(
        page, {"password1": NEW, "password2": NEW, "usable_password": "true"}
    )
    assert answer.status_code == 302, answer.context["form"].errors
    assert read_refusal(profile(tokens["access"])) == (401, "session_revoked")
    assert login(customer, password=NEW)


def test_the_admin_adds_and_changes_a_user_and_deletes_none(pages):
    page = reverse("admin:accounts_user_add")
    form = {
        "email": "New@Example.com",
        "name": "New",
        "role": "staff",
        "password1": NEW,
        "password2": NEW,
        "usable_password": "true",
    }
    answer = pages.post(page, form)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    made = User.objects.get(email="new@example.com")
    assert made.is_staff
    assert (
        pages.get(reverse("admin:accounts_user_delete", args=[made.pk])).status_code
        == 403
    )


def test_the_last_admin_stays_one_in_the_admin_too(pages, admin_user):
    page = reverse("admin:accounts_user_change", args=[admin_user.pk])
    form = {
        "email": admin_user.email,
        "name": admin_user.name,
        "role": "staff",
        "is_active": "on",
        "gender": "",
        "addresses-TOTAL_FORMS": "0",
        "addresses-INITIAL_FORMS": "0",
    }
    answer = pages.post(page, form)
    assert answer.status_code == 200
    assert "Somebody must remain an active admin." in answer.content.decode()


def test_logging_out_everywhere_ends_the_admins_session_too(pages, admin_user):
    assert pages.get("/admin/").status_code == 200
    sessions.sign_out_users(
        user_ids=[admin_user.pk], by=admin_user, client=ClientInfo()
    )
    assert pages.get("/admin/").status_code == 302
