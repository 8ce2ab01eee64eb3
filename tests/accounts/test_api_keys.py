"""Keys of machines: made once shown once, what they may do, where from, until when."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client as DjangoClient
from django.urls import reverse
from django.utils import timezone

from accounts.models import ApiKey, AuthEvent, User
from products.models import StockMovement
from tests.accounts.flows import read_refusal
from tests.client import Client
from tests.factories import PASSWORD, make_user, make_variant

pytestmark = pytest.mark.django_db
KEYS = "/api/staff/keys"


@pytest.fixture
def boss(admin_user):
    return Client().as_user(admin_user)


def make_key(boss: Client, **more: Any) -> dict[str, Any]:
    body = {"name": "ERP", "groups": ["catalogue"], **more}
    answer = boss.post(KEYS, body)
    assert answer.status_code == 201, answer.content
    made: dict[str, Any] = answer.json()
    return made


def machine(made: dict[str, Any], **rest: Any) -> Client:
    return Client(headers={"Authorization": f"Bearer {made['key']}"}, **rest)


def test_a_key_does_what_its_groups_may_and_stands_in_the_history(boss):
    made = make_key(boss)
    variant = make_variant(stock=5)
    answer = machine(made).post(
        f"/api/staff/variants/{variant.pk}/adjust", {"delta": -2, "note": "ERP"}
    )
    assert answer.status_code == 200, answer.content
    assert StockMovement.objects.filter(variant=variant, kind="adjust").exists()
    assert read_refusal(machine(made).get("/api/staff/orders")) == (
        403,
        "forbidden",
    )
    assert machine(made).get("/api/products").status_code == 200
    account = ApiKey.objects.get().user
    assert (account.name, account.role) == ("ERP", "staff")
    assert account.email.startswith("erp-")


def test_its_text_is_shown_once_and_kept_nowhere(boss):
    made = make_key(boss)
    assert made["key"].startswith("mk_live_")
    assert made["hint"] == made["key"][:12]
    listed = boss.get(KEYS).json()["items"]
    assert [(one["name"], one["groups"]) for one in listed] == [
        ("ERP", ["catalogue"])
    ]
    assert made["key"] not in boss.get(KEYS).content.decode()
    row = ApiKey.objects.values().get()
    kept = [bytes(v) if isinstance(v, memoryview) else v for v in row.values()]
    assert made["key"] not in str(kept)
    assert made["key"] not in str(list(AuthEvent.objects.values()))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", "/api/staff/users"),
        ("get", KEYS),
        ("post", KEYS),
        ("get", "/api/auth/profile"),
        ("get", "/api/auth/sessions"),
        ("post", "/api/auth/password/change"),
        ("get", "/api/orders"),
        ("post", "/api/cart/items"),
        ("post", "/api/orders"),
    ],
)
def test_it_calls_nothing_that_is_sensitive_or_a_persons(boss, method, path):
    made = make_key(boss, groups=["catalogue", "orders", "analytics"])
    assert read_refusal(getattr(machine(made), method)(path)) == (403, "forbidden")


def test_it_needs_no_second_factor_and_gives_back_no_money(boss, settings):
    made = make_key(boss, groups=["orders"])
    settings.ADMIN_SECOND_FACTOR = True
    assert machine(made).get("/api/staff/orders").status_code == 200
    unknown = "019f0000-0000-7000-8000-000000000000"
    answer = machine(made).post(f"/api/staff/orders/{unknown}/refunds", {})
    assert read_refusal(answer) == (403, "forbidden")


def test_it_is_used_from_its_networks_alone(boss):
    made = make_key(boss, networks=["198.51.100.0/24", "2001:db8::/32"])
    assert read_refusal(machine(made).get("/api/staff/feeds")) == (403, "forbidden")
    here = make_key(boss, name="Here", networks=["127.0.0.0/8"])
    assert machine(here).get("/api/staff/feeds").status_code == 200


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"networks": ["198.51.100.7/24"]}, "/networks"),
        ({"networks": ["here"]}, "/networks"),
        ({"groups": []}, "/groups"),
        ({"groups": ["admin"]}, "/groups/0"),
        ({"expiresAt": "2020-01-01T00:00:00Z"}, "/expiresAt"),
        ({"name": ""}, "/name"),
    ],
)
def test_what_is_no_key_is_refused(boss, body, pointer):
    answer = boss.post(KEYS, {"name": "ERP", "groups": ["catalogue"], **body})
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert not ApiKey.objects.exists()
    assert not User.objects.filter(email__endswith="@keys.invalid").exists()


def test_it_ends_by_time_and_by_being_revoked(boss):
    ends = timezone.now() + timedelta(hours=1)
    made = make_key(boss, expiresAt=ends.isoformat())
    assert machine(made).get("/api/staff/feeds").status_code == 200
    with time_machine.travel(ends + timedelta(seconds=1), tick=False):
        assert read_refusal(machine(made).get("/api/staff/feeds")) == (
            401,
            "token_invalid",
        )
    for _ in range(2):
        assert boss.delete(f"{KEYS}/{made['id']}").status_code == 204
    assert read_refusal(machine(made).get("/api/staff/feeds")) == (
        401,
        "token_invalid",
    )
    again = make_key(boss)  # the name is free
    assert machine(again).get("/api/staff/feeds").status_code == 200


def test_a_name_is_one_live_keys(boss):
    make_key(boss)
    answer = boss.post(KEYS, {"name": "ERP", "groups": ["orders"]})
    assert read_refusal(answer) == (409, "api_key_name_taken")
    assert ApiKey.objects.count() == 1
    assert User.objects.filter(email__endswith="@keys.invalid").count() == 1


def test_nobody_signs_in_to_its_account(boss):
    make_key(boss)
    account = ApiKey.objects.get().user
    body = {"email": account.email, "password": PASSWORD}
    assert (
        Client().post("/api/auth/login", body).status_code == 400
    )  # no such domain
    assert not account.has_usable_password()


@pytest.mark.parametrize(
    "text", ["mk_live_", "mk_live_x", "mk_", "mk_live_" + "a" * 43]
)
def test_another_text_is_no_key(boss, text):
    make_key(boss)
    client = Client(headers={"Authorization": f"Bearer {text}"})
    assert read_refusal(client.get("/api/staff/feeds")) == (401, "token_invalid")


def test_a_call_costs_one_query_more_for_the_groups_and_no_write_a_minute(
    boss, django_assert_num_queries
):
    made = make_key(boss)
    client = machine(made)
    client.get("/api/staff/feeds")
    used = ApiKey.objects.get().last_used_at
    with django_assert_num_queries(3):  # the key with its account, groups, the page
        assert client.get("/api/staff/feeds").status_code == 200
    assert ApiKey.objects.get().last_used_at == used


def test_an_admin_makes_a_key_on_a_page_that_shows_it_once(admin_user) -> None:
    page = reverse("admin:accounts_apikey_add")
    boss, keeper = DjangoClient(), DjangoClient()
    boss.force_login(admin_user)
    keeper.force_login(make_user(role="staff", groups=("catalogue",)))
    assert keeper.get(page).status_code == 403
    body = {"name": "Warehouse", "groups": ["catalogue"], "networks": "127.0.0.0/8"}
    session = boss.session
    session["password_given_at"] = 0
    session.save()
    asked = boss.post(page, body)
    assert "Is it still you?" in asked.content.decode()
    assert not ApiKey.objects.exists()
    answer = {"recent-factor-method": "POST", "recent-factor-password": PASSWORD}
    made = boss.post(page, body | answer)
    assert made.status_code == 201
    assert "no-store" in made["Cache-Control"]
    found = re.search(r'value="(mk_live_[^"]+)"', made.content.decode())
    assert found
    key = ApiKey.objects.get()
    assert (key.name, key.networks, key.created_by) == (
        "Warehouse",
        ["127.0.0.0/8"],
        admin_user,
    )
    works = machine({"key": found[1]}).get("/api/staff/products")
    assert works.status_code == 200
    for address in (reverse("admin:accounts_apikey_changelist"), page):
        assert found[1] not in boss.get(address).content.decode()
    for wrong in (
        {"name": "Warehouse"},  # a live key has the name
        {"name": "Other", "networks": "127.0.0.0/99"},
        {"name": "Other", "groups": []},
        {"name": "Other", "expires_at": "2020-01-01T00:00"},
    ):
        assert boss.post(page, body | wrong).status_code == 422
    assert ApiKey.objects.count() == 1
