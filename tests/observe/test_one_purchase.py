"""One purchase through the shop's own processes, followed by its request's id through every
place that has it.
"""

import gzip
import subprocess
import sys
from pathlib import Path

import pytest

from dev.processes import wait_for
from dev.stack import ROOT
from markrin.outbox.models import OutboxEvent
from orders.models import OrderEvent
from tests import services
from tests.chaos.smtp import sink
from tests.factories import SHIPPING_ADDRESS, make_product, make_variant
from tests.observe import sentry
from tests.observe.http_client import send_request

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
ID = "4bb3f29d0c5e4d6fa7c1-checkout"


def trace(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", "trace", *arguments],
        cwd=ROOT,
        env=services.environment() | {"ALLOWED_HOSTS": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_id_is_in_every_place_and_trace_tells_of_it(tmp_path: Path):
    variant = make_variant(product=make_product(name="Linen shirt"))
    with sentry.listening() as inbox, sink() as (mails, port):
        env = {
            "SENTRY_DSN": inbox.dsn,
            "SENTRY_TRACES_SAMPLE_RATE": "1",
            "ALLOWED_HOSTS": "127.0.0.1",
            "EMAIL_URL": f"smtp://127.0.0.1:{port}",
            "LOG_FORMAT": "json",
        }
        with (
            services.web(env=env) as web,
            services.relay(env=env),
            services.worker("email", env=env) as email,
        ):
            cart = send_request(
                f"{web.url}/api/cart/items",
                {"variantId": str(variant.pk), "quantity": 1},
            ).json()
            guest = {"X_Cart_Token": cart["token"], "X_Request_Id": ID}
            body = {
                "shippingAddress": SHIPPING_ADDRESS,
                "email": "guest@example.com",
                "paymentMethod": "cod",
            }
            refused = send_request(
                f"{web.url}/api/orders",
                body | {"paymentMethod": "shells"},
                **guest,
                Idempotency_Key="one",
            )
            answer = send_request(
                f"{web.url}/api/orders", body, **guest, Idempotency_Key="one"
            )
            assert wait_for(lambda: bool(mails.mails), seconds=120)
            assert wait_for(lambda: '"event":"job"' in email.output(), seconds=60)
            assert wait_for(
                lambda: len(inbox.of_type("transaction")) >= 4, seconds=60
            )
        order = answer.json()

    # Where it was made: the answer, and a problem document.
    assert (answer.status, answer.headers["X-Request-Id"]) == (201, ID)
    assert (refused.status, refused.json()["requestId"]) == (400, ID)
    # In the database: the jobs, and the order's history.
    jobs = OutboxEvent.objects.filter(
        task__in=["orders.confirm_by_mail", "analytics.record_order"]
    )
    assert [job.trace["request_id"] for job in jobs] == [ID, ID]
    assert OrderEvent.objects.get().request_id == ID
    # In the mail, and with Sentry: for the request and for its job.
    (mail,) = mails.mails
    assert mail["X-Request-ID"] == ID
    tagged = {
        each["transaction"]
        for each in inbox.of_type("transaction")
        if each["tags"].get("request_id") == ID
    }
    assert tagged == {"/api/orders", "orders.confirm_by_mail"}

    # As a person reads it, from any of the ids that a person can have; the worker's log has
    # been rotated away.
    zipped = tmp_path / "email.log.gz"
    zipped.write_bytes(gzip.compress(email.log.read_bytes()))
    told = trace(ID, "--log", str(web.log), "--log", str(zipped))
    steps = [
        "log      request POST api/orders 400",
        f"order    {order['number']} status pending by guest",
        "outbox   job ",
        f"stock    reserve {variant.sku}: on hand +0, reserved +1",
        "log      request POST api/orders 201",
        "orders.confirm_by_mail begun, attempt 1 of",
        "log      job task=orders.confirm_by_mail",
        "orders.confirm_by_mail done, message_id <",
    ]
    for step in steps:
        assert step in told, (step, told)
    assert told.startswith(
        f"request {ID}, order {order['number']} (times in Asia/Kolkata)"
    )
    assert "Nothing in: sign-in events, payments." in told
    moments = told.splitlines()[2:-1]
    assert moments == sorted(moments, key=lambda line: line.split()[0])
    for other in (
        order["number"],
        order["id"],
        str(mail["Message-ID"]),
        f"orders.confirm_by_mail:{order['id']}",
    ):
        again = trace(other, "--log", str(web.log), "--log", str(zipped))
        for step in steps:
            assert step in again, (other, step, again)
    print(told)  # noqa: T201 (what `pytest -s` is asked for)


def test_what_is_not_known_is_said(tmp_path: Path):
    log = tmp_path / "console.log"
    log.write_text(
        "12:00:00 info    request method=GET request_id=abcdefgh12\n{cut"
    )

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "manage.py", "trace", *arguments],
            cwd=ROOT,
            env=services.environment() | {"ALLOWED_HOSTS": "127.0.0.1"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    nothing = run("abcdefgh12", "--log", str(log))
    assert nothing.returncode == 1
    assert (
        "Nothing in: jobs, sign-in events, order events, payments, stock moves."
        in nothing.stdout
    )
    assert "1 more log lines have the id, and are not JSON" in nothing.stdout
    assert "Nothing is known of abcdefgh12." in nothing.stdout
    absent = run("abcdefgh12", "--log", str(tmp_path / "absent"))
    assert absent.returncode == 2
    assert "cannot read" in absent.stderr
    assert "No such file" in absent.stderr
