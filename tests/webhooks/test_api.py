"""Endpoints, their log and the list of events, over HTTP."""

import json
from typing import Any

import pytest
from django import test
from django.urls import reverse

from markrin.rights import GROUPS
from markrin.webhooks import asyncapi
from markrin.webhooks.models import WebhookEndpoint, WebhookEvent
from markrin.webhooks.public_events import load_public_events
from tests.client import Client
from tests.factories import make_order, make_user, make_variant
from tests.outbox.helpers import drain

pytestmark = pytest.mark.django_db(transaction=True)
HOOKS, EVENTS = "/api/staff/webhooks", "/api/staff/events"


@pytest.fixture
def boss(admin_user: Any) -> Client:
    return Client().as_user(admin_user)


def staff(*groups: str) -> Client:
    return Client().as_user(make_user(role="staff", groups=groups))


def test_an_endpoint_from_its_making_to_its_end(boss, receiver):
    answer = boss.post(HOOKS, {"name": "ERP", "url": receiver.url()})
    assert answer.status_code == 201, answer.content
    made = answer.json()
    assert made["secret"].startswith("whsec_")
    assert answer.headers["Cache-Control"] == "no-store"
    one = f"{HOOKS}/{made['id']}"
    assert "secret" not in boss.get(one).json()
    assert made["secret"] not in str(list(WebhookEndpoint.objects.values()))
    assert boss.post(f"{one}/test", {}).status_code == 202
    drain()
    listed = boss.get(f"{one}/deliveries").json()["items"]
    assert [(row["type"], row["state"]) for row in listed] == [
        ("webhook.test", "delivered")
    ]
    shown = boss.get(f"{one}/deliveries/{listed[0]['id']}").json()
    assert json.loads(shown["body"])["id"] == listed[0]["eventId"]
    assert [(row["status"], row["response"]) for row in shown["tries"]] == [
        (200, "noted")
    ]
    again = boss.post(f"{one}/deliveries/{listed[0]['id']}/redeliver", {})
    assert again.status_code == 202
    drain()
    assert list(receiver.count().values()) == [2]
    other = boss.post(f"{one}/secret", {"keepOldHours": 1}).json()
    assert other["secret"] != made["secret"]
    assert boss.patch(one, {"isOn": False}).json()["offReason"] == "staff"
    assert boss.post(f"{one}/test", {}).json()["code"] == "webhook_off"
    assert boss.delete(one).status_code == 204
    assert boss.get(one).status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "where"),
    [
        ({"url": "http://shop.example/x"}, 400, "/url"),
        ({"url": "https://10.0.0.1/x"}, 400, "/url"),
        ({"url": "https://localhost.localdomain.invalid/x"}, 422, None),
        ({"eventTypes": ["order.eaten"]}, 400, "/eventTypes"),
        ({"name": ""}, 400, "/name"),
        ({"secret": "mine"}, 400, "/secret"),
    ],
)
def test_what_is_no_endpoint_is_refused(boss, receiver, body, status, where):
    answer = boss.post(HOOKS, {"name": "ERP", "url": receiver.url(), **body})
    assert answer.status_code == status, answer.content
    if where is not None:
        assert [error["pointer"] for error in answer.json()["errors"]] == [where]
    assert not WebhookEndpoint.objects.exists()


def test_a_name_is_one_endpoints(boss, receiver):
    for status in (201, 409):
        answer = boss.post(HOOKS, {"name": "ERP", "url": receiver.url()})
        assert answer.status_code == status


def test_the_list_is_walked_to_its_end_and_each_group_reads_its_own(boss):
    for _ in range(3):
        make_order(variant=make_variant(stock=5))
    drain()
    seen: list[dict[str, Any]] = []
    after, more = 0, True
    while more:
        page = boss.get(f"{EVENTS}?after={after}&limit=2").json()
        seen += page["items"]
        after, more = page["next"], page["more"]
    sequences = [event["sequence"] for event in seen]
    assert sequences == sorted(set(sequences))
    assert len(seen) == WebhookEvent.objects.count()
    assert boss.get(f"{EVENTS}?after={after}").json() == {
        "items": [],
        "next": after,
        "more": False,
    }
    groups = {
        event.event_type: event.group for event in load_public_events().values()
    }
    assert set(groups.values()) <= GROUPS.keys()
    for group in ("catalogue", "orders"):
        types = {
            event["type"] for event in staff(group).get(EVENTS).json()["items"]
        }
        assert types == {
            kind for kind in {e["type"] for e in seen} if groups[kind] == group
        }
    only = boss.get(f"{EVENTS}?type=order.placed").json()["items"]
    assert [event["type"] for event in only] == ["order.placed"] * 3


def test_the_list_costs_the_same_for_one_as_for_many(
    boss, django_assert_num_queries
):
    for count in (1, 6):
        for _ in range(count):
            make_order(variant=make_variant(stock=5))
        drain()
        with django_assert_num_queries(2):  # the session with its user, the events
            assert boss.get(EVENTS).status_code == 200


def test_an_erased_customer_is_in_no_event(boss):
    customer = make_user()
    order = make_order(variant=make_variant(stock=5), customer=customer)
    drain()
    about = WebhookEvent.objects.filter(subject="order", subject_id=order.pk)
    assert about.exists()
    answer = boss.post(f"/api/staff/users/{customer.pk}/erase")
    assert answer.status_code == 204, answer.content
    assert not about.exists()
    assert customer.email not in str(list(WebhookEvent.objects.values("data")))


def test_the_document_tells_of_every_event_and_leads_to_its_form(client):
    document = client.get("/api/events.json").json()
    assert document["asyncapi"] == "3.0.0"
    messages = document["components"]["messages"]
    assert list(messages) == list(load_public_events())
    text = json.dumps(document)
    for reference in set(_references(document)):
        found: Any = document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
    assert "whsec_" not in text


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [ref for one in value.values() for ref in _references(one)]
    if isinstance(value, list):
        return [ref for one in value for ref in _references(one)]
    return []


def test_every_snapshot_has_the_form_that_the_document_says(boss):
    import jsonschema  # type: ignore[import-untyped]  # the library has no types

    make_order(variant=make_variant(stock=5))
    drain()
    document = asyncapi.make_document()
    for event in boss.get(f"{EVENTS}?limit=500").json()["items"]:
        message = document["components"]["messages"][event["type"]]
        schema = {**message["payload"], "components": document["components"]}
        jsonschema.validate(event, schema)


def test_the_admin_adds_tests_and_shows(admin_user, receiver):
    browser = test.Client()
    browser.force_login(admin_user)
    form = {"name": "ERP", "url": receiver.url(), "event_types": ["order.placed"]}
    added = browser.post(
        reverse("admin:webhooks_webhookendpoint_add"), form, follow=True
    )
    assert "Its secret is whsec_" in added.content.decode()
    endpoint = WebhookEndpoint.objects.get()
    assert (endpoint.event_types, endpoint.created_by) == (
        ["order.placed"],
        admin_user,
    )
    step = reverse(
        "admin:webhooks_webhookendpoint_step", args=[endpoint.pk, "test"]
    )
    assert browser.post(step, follow=True).status_code == 200
    drain()
    delivery = endpoint.deliveries.get()
    page = reverse("admin:webhooks_webhookdelivery_change", args=[delivery.pk])
    shown = browser.get(page).content.decode()
    assert "webhook.test" in shown
    assert "noted" in shown
    bad = browser.post(
        reverse("admin:webhooks_webhookendpoint_add"),
        {"name": "Other", "url": "https://localhost.invalid/x"},
    )
    assert bad.status_code == 200
    assert WebhookEndpoint.objects.count() == 1
