"""`manage.py trace` over an order's whole life, and what of other people's it does not tell."""

import json
import re
from contextlib import suppress
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from markrin.outbox.models import OutboxEvent
from orders.services import returns
from orders.services.lifecycle import Actor
from orders.staff_schemas import GoodsReturn
from tests.factories import PASSWORD, make_order, make_user
from tests.outbox.helpers import drain

pytestmark = pytest.mark.django_db


def trace(*arguments: str) -> str:
    out = StringIO()  # and not what pytest captures, where the log's own lines are
    with suppress(SystemExit):
        call_command("trace", *arguments, stdout=out)
    return out.getvalue()


def test_an_orders_whole_life():
    order = make_order(status="delivered", paid=True)
    returns.take_back(
        GoodsReturn(reason="too small", refund=True),
        order_id=order.pk,
        actor=Actor("staff"),
    )
    other = make_order()
    told = trace(order.number.lower())
    assert told.startswith(f"order {order.number} (times in Asia/Kolkata)")
    sku = order.lines.get().sku
    for step in (
        "status pending by customer",
        "status pending → confirmed by staff",
        "status shipped → delivered by staff",
        f"reserve {sku}: on hand +0, reserved +1",
        f"ship {sku}: on hand -1, reserved -1",
        f"return {sku}: on hand +1, reserved +0",
        "payment ",
        "refund ",
        "orders.confirm_by_mail written for order.placed",
        "orders.shipped_by_mail written for order.shipped",
    ):
        assert step in told, (step, told)
    assert other.number not in told
    assert order.email not in told
    assert "No log lines: give the files with --log FILE." in told


def test_a_mail_that_did_not_come():
    """A job that is dead says so, and why."""
    order = make_order()
    OutboxEvent.objects.filter(task="orders.confirm_by_mail").update(
        state="dead",
        error="Permanent: 550 no such user",
        wake_at=None,
        finished_at=order.created_at,
        attempts=1,
    )
    told = trace(order.number)
    assert re.search(
        r"job \d+ orders.confirm_by_mail dead: Permanent: 550 no such user", told
    )


def test_a_sent_mail_by_its_message_id():
    order = make_order()
    drain(queue="email")
    job = OutboxEvent.objects.get(task="orders.confirm_by_mail")
    assert job.result is not None
    told = trace(job.result["message_id"])
    assert told.startswith(f"job {job.pk}, {job.key}, order {order.number} ")
    assert (
        f"orders.confirm_by_mail done, message_id {job.result['message_id']}"
        in told
    )


def test_a_sign_in_by_its_request(api):
    user = make_user()
    given = {"X-Request-Id": "sign-in-0001"}
    body = {"email": user.email, "password": "wrong"}
    assert api.post("/api/auth/login", body, headers=given).status_code == 401
    assert (
        api.post(
            "/api/auth/login",
            body | {"password": PASSWORD},
            headers={"X-Request-Id": "x" * 8},
        ).status_code
        == 200
    )
    told = trace("sign-in-0001")
    assert told.startswith("request sign-in-0001 (times in Asia/Kolkata)")
    assert f"sign-in  login failed, user {user.pk}" in told
    assert "login ok" not in told
    assert user.email not in told


def test_lines_of_containers_and_times_of_any_zone(tmp_path):
    log = tmp_path / "compose.log"
    line = {
        "timestamp": "2026-01-31T20:00:00.5+00:00",
        "level": "error",
        "event": "request.failed",
        "n": 1,
        "request_id": "abcdefgh",
        "exception": "Traceback\n  File\nKeyError: 'x'",
    }
    log.write_text(
        "web-1  | "
        + "\nweb-1  | ".join(
            [
                json.dumps(line),
                json.dumps(line | {"request_id": "abcdefgh2"}),
                "no abcdefgh",
            ]
        )
    )
    told = trace("abcdefgh", "--log", str(log)).splitlines()
    assert told[1:3] == [
        "2026-02-01",
        "  01:30:00.500  log      ERROR request.failed n=1 | KeyError: 'x'",
    ]
    assert (
        told[-1]
        == "1 more log lines have the id, and are not JSON (LOG_FORMAT=json)."
    )
    assert sum("log " in each for each in told) == 2


def test_nothing_is_known_of_it():
    with pytest.raises(SystemExit) as end:
        call_command(
            "trace",
            "0198f0c2-1111-7222-8333-444455556666",
            stdout=(out := StringIO()),
        )
    assert end.value.code == 1
    assert "Nothing is known of 0198f0c2" in out.getvalue()
    with pytest.raises(CommandError, match="an id is needed"):
        trace(" <> ")
