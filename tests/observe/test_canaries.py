"""Secrets and personal data are planted in requests and jobs, of which many fail; no log
line and nothing that is sent to Sentry may have one of them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from dev.processes import wait_for
from markrin.observe import redact
from markrin.outbox.models import OutboxEvent
from tests import services
from tests.chaos.smtp import sink
from tests.factories import PASSWORD, SHIPPING_ADDRESS, make_user, make_variant
from tests.observe import sentry
from tests.observe.http_client import send_request

PLANTED = {
    "email": "canary.person@canary.example",
    "password": "Canary-Password-77",
    "phone": "+919812345670",
    "street": "12 Canary Lane, behind the mill",
    "card": "4111 1111 1111 1111",
    "name": "Kanaria Vogel",
}
BEARER = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.canarycanarycanary"
COOKIE = "canary-cookie-value"
CART = "canary-cart-token-canary-cart-token"
QUERY = "canary-in-the-query"
ADDRESS = "203.0.113.77"
CANARIES = [
    *PLANTED.values(),
    BEARER,
    COOKIE,
    CART,
    QUERY,
    ADDRESS,
    "9812345670",
    "4111111111111111",
    "Canary Lane",
]
HEADERS = {
    "Authorization": f"Bearer {BEARER}",
    "Cookie": f"__Host-refresh={COOKIE}; refresh={COOKIE}; sessionid={COOKIE}",
    "X_Cart_Token": CART,
    "X_Forwarded_For": ADDRESS,
}


def found(data: bytes) -> list[str]:
    """Return the canaries in it, also as JSON or a URL would write them."""
    text = data.decode(errors="replace")
    plain = (
        text.replace("\\u0020", " ")
        .replace("%20", " ")
        .replace("%40", "@")
        .replace("%2B", "+")
    )
    return [canary for canary in CANARIES if canary.lower() in plain.lower()]


def break_everything(url: str) -> dict[str, int]:
    """Send requests that go wrong in many ways; return how each was answered."""
    body = {
        name: PLANTED[name]
        for name in ("email", "password", "phone", "street", "card")
    }
    answers = {
        how: (
            send_request(
                f"{url}/api/crash",
                {**body, "how": how},
                Cookie=HEADERS["Cookie"],
                X_Cart_Token=CART,
            ).status
        )
        for how in ("message", "key", "unique", "check", "type", "syntax")
    }
    posted = {"street": PLANTED["street"], "password": PLANTED["password"]}
    query = f"token={QUERY}&q={QUERY}"
    answers |= {
        "page": send_request(
            f"{url}/crash-page?{query}", form=posted, headers=HEADERS
        ).status,
        "token": send_request(
            f"{url}/api/auth/sessions?{query}", headers=HEADERS
        ).status,
        "unknown": send_request(
            f"{url}/api/nothing/{QUERY}?{query}", headers=HEADERS
        ).status,
        "malformed": (
            send_request(
                f"{url}/api/auth/register",
                b'{"email": "canary.person@canary.example", ',
            ).status
        ),
        "extra": send_request(f"{url}/api/auth/register", body).status,
        "login": (
            send_request(
                f"{url}/api/auth/login",
                {"email": body["email"], "password": body["password"]},
            ).status
        ),
        "refresh": (
            send_request(
                f"{url}/api/auth/refresh", b"", method="POST", headers=HEADERS
            ).status
        ),
        "cart": send_request(f"{url}/api/cart", X_Cart_Token=CART).status,
        "admin": (
            send_request(
                f"{url}/admin/login/?next=/{QUERY}",
                form={"username": body["email"], **posted},
            ).status
        ),
        "host": send_request(
            f"{url}/api/products?search={QUERY}", Host="canary.example"
        ).status,
        "webhook": (
            send_request(
                f"{url}/api/payments/webhooks/stripe",
                {"card": PLANTED["card"]},
                Stripe_Signature=CART,
            ).status
        ),
    }
    return answers


def live_normally(url: str) -> None:
    """Register, sign in, order as a guest: with the same data, and nothing going wrong."""
    new = {
        "email": PLANTED["email"],
        "password": PLANTED["password"],
        "name": PLANTED["name"],
    }
    assert send_request(f"{url}/api/auth/register", new).status in (201, 202)
    assert (
        send_request(
            f"{url}/api/auth/password/forgot", {"email": PLANTED["email"]}
        ).status
        == 202
    )
    user = make_user()
    assert (
        send_request(
            f"{url}/api/auth/login", {"email": user.email, "password": PASSWORD}
        ).status
        == 200
    )
    cart = send_request(
        f"{url}/api/cart/items",
        {"variantId": str(make_variant().pk), "quantity": 1},
    ).json()
    given = {
        "recipient": PLANTED["name"],
        "phone": PLANTED["phone"],
        "street": PLANTED["street"],
    }
    order = {
        "shippingAddress": SHIPPING_ADDRESS | given,
        "email": PLANTED["email"],
        "paymentMethod": "cod",
    }
    headers = {"X_Cart_Token": cart["token"], "Idempotency_Key": "canaries"}
    assert send_request(f"{url}/api/orders", order, **headers).status == 201


def break_jobs() -> list[OutboxEvent]:
    """Write jobs whose failures say what they were about."""
    said = (
        f"could not reach {PLANTED['email']} at {PLANTED['phone']} or charge"
        f" {PLANTED['card']}"
    )
    quoted = (
        'duplicate key value violates unique constraint "x"\nDETAIL:  Key'
        f" (street)=({PLANTED['street']}) exists."
    )
    return [
        OutboxEvent.objects.create(
            event="test.broke",
            task="test.break_down",
            queue="analytics",
            key=f"test.break_down:{how}{number}",
            payload={"how": how, "said": text},
            max_attempts=1 + number,
        )
        for how in ("bug", "retry", "final")
        for number, text in enumerate((said, quoted))
    ]


@pytest.mark.asvs("16.2.5")
@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_no_canary_gets_into_a_log_or_to_sentry():
    with sentry.listening() as inbox, sink() as (mails, port):
        env = {
            "DJANGO_SETTINGS_MODULE": "tests.observe.crashing.settings",
            "SENTRY_DSN": inbox.dsn,
            "SENTRY_TRACES_SAMPLE_RATE": "1",
            "ALLOWED_HOSTS": "127.0.0.1",
            "TRUSTED_PROXIES": "127.0.0.1",
            "EMAIL_URL": f"smtp://127.0.0.1:{port}",
            "LOG_LEVEL": "DEBUG",
            "LOG_FORMAT": "json",
        }
        mails.fault = "5xx"  # its answer quotes the recipient
        with services.web(env=env) as web:
            live_normally(web.url)
            answers = break_everything(web.url)
            jobs = break_jobs()
            with services.relay(env=env) as relay, _workers(env) as (email, other):
                dead = OutboxEvent.objects.filter(queue="email", state="dead")
                assert wait_for(lambda: dead.count() >= 3, seconds=60)
                tried = OutboxEvent.objects.filter(pk__in=[job.pk for job in jobs])
                assert wait_for(
                    lambda: not tried.filter(error="").exists(), seconds=60
                )
            processes = (web, relay, email, other)
        printed = {one.log.name: one.log.read_bytes() for one in processes}

    statuses = ("message", "key", "unique", "check", "type", "syntax", "page")
    assert {name: answers[name] for name in statuses} == dict.fromkeys(
        statuses, 500
    )
    assert {answers[name] for name in ("token", "refresh")} <= {400, 401, 403}
    for name, data in printed.items():
        assert not found(data), (name, found(data), _lines_with(data))
    for envelope in inbox.bytes:
        assert not found(envelope), (found(envelope), envelope[:3000])
    errors = "\n".join(OutboxEvent.objects.values_list("error", flat=True))
    assert errors.count("Permanent") >= 3
    assert not found(errors.encode())

    # And the nets had fish: what happened was told, with what is harmless left in.
    web_log = printed[web.log.name].decode()
    assert web_log.count('"event":"request.failed"') == 7
    assert redact.HIDDEN in web_log
    assert "RuntimeError: no luck with [hidden]" in web_log
    assert (
        "violates [hidden] constraint" in web_log
    )  # the request had said "unique"
    assert (
        sum(
            each.startswith(("RuntimeError", "KeyError", "IntegrityError"))
            for each in inbox.errors()
        )
        >= 4
    )
    traced = {each["transaction"] for each in inbox.of_type("transaction")}
    assert "/api/orders" in traced
    assert any(name.endswith("_by_mail") for name in traced)
    _one_line_each(web_log)


@contextmanager
def _workers(
    env: dict[str, str],
) -> Iterator[tuple[services.Running, services.Running]]:
    with (
        services.worker("email", env=env) as email,
        services.worker("analytics", env=env) as other,
    ):
        yield email, other


def _lines_with(data: bytes) -> list[bytes]:
    return [line[:1500] for line in data.splitlines() if found(line)][:5]


def _one_line_each(log: str) -> None:
    """The web server's own first words aside, a line is a JSON object, and a request has
    exactly one.
    """
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    requests = [line for line in lines if line["event"] == "request"]
    assert len({line["request_id"] for line in requests}) == len(requests) >= 20
    wanted = {
        "method",
        "route",
        "status",
        "duration_ms",
        "db_queries",
        "db_ms",
        "cache",
        "user_id",
        "request_id",
    }
    assert all(line.keys() >= wanted for line in requests)


@pytest.mark.parametrize(
    "text",
    [
        "mail to canary@canary.example failed",
        f"Authorization: Bearer {BEARER}",
        "Authorization: Basic Y2FuYXJ5OmNhbmFyeQ==",
        "postgres://markrin:canary@db/markrin",
        "GET /reset?token=canary&x=canary HTTP/1.1",
        'body was {"password": "canary", "n": 1}',
        "call +91 98123 45670 or 9812345670 for canary=no".replace(
            "for canary=no", ""
        ),
        "card 4111-1111-1111-1111 declined",
        (
            "x\nDETAIL:  Failing row contains (1, canary,\n canary lane, +91).\n\nThe above"
            " exception"
        ),
        'invalid input syntax for type integer: "canary"',
        "syntax error\nLINE 1: SELEKT 'canary'\n        ^",
        "refresh_token=canary; api_key: canary",
    ],
)
def test_a_text_is_hidden_by_its_look(text):
    clean = redact.redact_text(text)
    assert redact.HIDDEN in clean
    for canary in ("canary", "98123", "9812345670", "4111", "Y2Fu"):
        assert canary not in clean.lower()


@pytest.mark.parametrize(
    "text",
    [
        "django.core.handlers.exception.convert_exception_to_response",
        "0198f0c2-1111-7222-8333-444455556666 moved 3 pieces",
        "took 1763924400.123 s at 2026-11-23T19:10:53.123456Z",
        "row 17 of orders.confirm_by_mail:0198f0c2-1111-7222-8333-444455556666",
        'violates unique constraint "user_email_key"',
        "worker email@host1 is ready; order 4111111111111112 pieces",
    ],
)
def test_what_helps_is_left(text):
    assert redact.redact_text(text) == text


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "part",
    ["a", "a?", "a@", "1 ", "eyJaaaaaaaa.", "://a", "token", "DETAIL:  ", "+1-"],
)
def test_a_long_text_costs_its_length(part):
    """Were it the square of it, this would take minutes."""
    redact.redact_text(part * 100_000)


def test_names_hide_their_values_and_unknown_objects_become_text():
    class Request:
        def __str__(self) -> str:
            return "<WSGIRequest: GET '/x?token=canary'>"

    found = redact.redact_value(
        {
            "X-Cart-Token": "canary",
            "Set-Cookie": "canary",
            "newPassword": "canary",
            "phone": "1",
            "user_email": "c",
            "request": Request(),
            "raw": b"canary",
            "nested": [{"secret": "canary"}],
            "route": "api/orders",
            "n": 3,
            "token_count": 4,
        }
    )
    assert "canary" not in json.dumps(found)
    assert (found["route"], found["n"], found["token_count"]) == (
        "api/orders",
        3,
        4,
    )
    assert found["phone"] == found["user_email"] == redact.HIDDEN
