"""POST /api/analytics/events: what shoppers did, without telling who they are."""

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import time_machine
from django.db import connection

from analytics.models import DirtyDay, Event, VisitorSalt
from analytics.services import events, partitions

pytestmark = pytest.mark.django_db
PATH = "/api/analytics/events"


def event(kind="view", *, ago=timedelta(0), **fields):
    body = {
        "id": str(uuid4()),
        "type": kind,
        "at": (datetime.now(UTC) - ago).isoformat().replace("+00:00", "Z"),
        "sessionKey": "a-session-key",
    }
    extra = {
        "view": {"productId": str(uuid4())},
        "add_to_cart": {"productId": str(uuid4())},
        "search": {"query": "Kurta"},
    }
    return body | extra.get(kind, {}) | fields


def test_keeps_a_batch_in_one_insert_and_counts_a_resent_one_once(
    api, django_assert_max_num_queries
):
    batch = {
        "events": [
            event(),
            event("search", results=0),
            event("add_to_cart"),
            event("checkout_started"),
        ]
    }
    api.post(PATH, {"events": [event()]})  # the day's salt is made once

    with django_assert_max_num_queries(5):  # of which two are the transaction's
        first = api.post(PATH, batch)
    second = api.post(PATH, batch)

    assert (first.status_code, first.json()) == (202, {"accepted": 4})
    assert second.json() == {"accepted": 0}
    assert Event.objects.count() == 5


def test_takes_the_plain_text_that_a_beacon_sends(api):
    body = json.dumps({"events": [event()]}).encode()
    assert (
        api.send("POST", PATH, body, "text/plain;charset=UTF-8").status_code == 202
    )


def test_a_visitor_is_the_same_all_day_another_tomorrow_and_never_an_address(api):
    chrome = {"User-Agent": "Chrome"}
    with time_machine.travel(datetime(2026, 11, 23, 8, tzinfo=UTC), tick=False):
        partitions.make_partitions(now=datetime.now(UTC))
        for headers in (chrome, chrome, {"User-Agent": "Firefox"}):
            api.post(PATH, {"events": [event()]}, headers=headers)
        today = list(
            Event.objects.order_by("received_at").values_list("visitor", flat=True)
        )
    with time_machine.travel(datetime(2026, 11, 24, 8, tzinfo=UTC), tick=False):
        api.post(PATH, {"events": [event()]}, headers=chrome)
        tomorrow = Event.objects.exclude(visitor__in=today).get().visitor

    assert len(set(today)) == 2
    assert tomorrow not in today
    with connection.cursor() as cursor:
        cursor.execute("SELECT analytics_event::text FROM analytics_event")
        assert not any(
            "127.0.0" in row or "Chrome" in row for (row,) in cursor.fetchall()
        )


def test_salts_are_forgotten_after_two_days():
    now = datetime(2026, 11, 23, 8, tzinfo=UTC)
    for days in range(4):
        VisitorSalt.objects.create(
            day=now.date() - timedelta(days=days), salt=b"x" * 32
        )
    events.forget_salts(now=now)
    assert [str(each) for each in VisitorSalt.objects.order_by("day")] == [
        "2026-11-22",
        "2026-11-23",
    ]


def test_a_late_event_has_its_day_made_anew(api):
    api.post(PATH, {"events": [event(), event(ago=timedelta(hours=40))]})
    assert DirtyDay.objects.count() == 1


@pytest.mark.parametrize(
    ("bad", "pointer"),
    [
        (event(ago=timedelta(hours=49)), "/events/1/at"),
        (event(ago=timedelta(days=-2)), "/events/1/at"),
        (event(type="purchase"), "/events/1/type"),
        (event("view", query="x"), "/events/1/query"),
        (event("search", productId=str(uuid4())), "/events/1/productId"),
        (event(results=-1), "/events/1/results"),
        (
            {key: value for key, value in event().items() if key != "productId"},
            "/events/1/productId",
        ),
        (event(sessionKey="short"), "/events/1/sessionKey"),
        (event(sessionKey="a@b.example.com"), "/events/1/sessionKey"),
        (event("search", query="\u202egnp"), "/events/1/query"),
        (event(email="a@example.com"), "/events/1/email"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_refuses_a_batch_with_one_bad_event_and_keeps_none_of_it(api, bad, pointer):
    response = api.post(PATH, {"events": [event(), bad]})
    assert response.status_code == 400
    assert pointer in [error["pointer"] for error in response.json()["errors"]]
    assert not Event.objects.exists()


def test_refuses_an_empty_batch_too_many_events_and_too_many_bytes(api):
    assert api.post(PATH, {"events": []}).status_code == 400
    assert (
        api.post(PATH, {"events": [event() for _ in range(51)]}).status_code == 400
    )
    big = json.dumps({"events": [event()]}).encode() + b" " * 32_768
    assert api.send("POST", PATH, big, "application/json").status_code == 413


def test_partitions_are_made_ahead_and_dropped_after_thirteen_months():
    assert partitions.make_partitions(
        now=datetime(2031, 12, 31, 23, 59, tzinfo=UTC)
    ) == [
        "analytics_event_2031_11",
        "analytics_event_2031_12",
        "analytics_event_2032_01",
    ]
    assert (
        partitions.make_partitions(now=datetime(2031, 12, 31, 23, 59, tzinfo=UTC))
        == []
    )
    partitions.make_partitions(now=datetime(2001, 3, 1, tzinfo=UTC))
    dropped = partitions.drop_old_partitions(now=datetime(2002, 4, 1, tzinfo=UTC))
    assert dropped == ["analytics_event_2001_02"]
