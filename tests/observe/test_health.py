"""What load balancers and orchestrators ask."""

import time

import pytest
from django.db import connection

from dev.processes import wait_for
from markrin.ops import health
from markrin.outbox import heartbeats
from markrin.outbox.models import OutboxEvent
from tests import services
from tests.chaos.proxy import proxy
from tests.observe.http_client import send_request


@pytest.fixture(autouse=True)
def forget(monkeypatch):
    monkeypatch.setattr(health, "_asked", None)


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_probes_come_by_address_and_over_http():
    """As in production: https alone, and one host name. Nobody else gets an answer so."""
    env = {"ALLOWED_HOSTS": "shop.example", "SECURE_SSL_REDIRECT": "1"}
    with services.web(env=env) as web:
        # Ready means within a second, which a busy machine may not be at the first try.
        assert wait_for(
            lambda: (
                send_request(f"{web.url}/health/ready", Host="10.1.2.3:8000").status
                == 200
            ),
            seconds=30,
        )
        for path in ("/health/live", "/health/ready", "/metrics"):
            answer = send_request(web.url + path, Host="10.1.2.3:8000")
            assert answer.status == 200, path
            assert "no-store" in answer.headers["Cache-Control"]
            assert answer.headers["X-Request-Id"]
        assert send_request(f"{web.url}/health/live").json() == {"status": "ok"}
        assert (
            send_request(f"{web.url}/api/products", Host="10.1.2.3").status == 400
        )
        moved = send_request(f"{web.url}/api/products", Host="shop.example")
        assert (moved.status, moved.headers["Location"]) == (
            301,
            "https://shop.example/api/products",
        )
        assert (
            '"route":"health/live"' not in web.output()
        )  # asked for every few seconds
        assert (
            send_request(f"{web.url}/metrics", X_Forwarded_For="203.0.113.9").status
            == 200
        )  # no proxy of ours said so


@pytest.mark.django_db
def test_live_asks_nobody(api, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert api.get("/health/live").json() == {"status": "ok"}


@pytest.mark.django_db(transaction=True)
def test_ready_names_what_is_degraded(api):
    answer = api.get("/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["checks"]["workers"] == "never seen"
    heartbeats.record_heartbeat("relay")
    assert api.get("/health/ready").json() == {
        "status": "ok",
        "checks": dict.fromkeys(
            ("database", "outbox", "workers", "cache", "limits", "broker"), "ok"
        ),
    }
    with connection.cursor() as cursor:
        cursor.execute("UPDATE heartbeat SET at = now() - interval '3 minutes'")
        OutboxEvent.objects.create(
            event="t", task="t", queue="email", key="late", max_attempts=1
        )
        cursor.execute(
            "UPDATE outbox_event SET run_after = now() - interval '3 minutes'"
        )
    checks = api.get("/health/ready").json()["checks"]
    assert (checks["workers"], checks["outbox"]) == ("silent: relay", "late: email")


@pytest.mark.asvs("16.5.2")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("setting", "name"),
    [
        ("CACHE_URL", "cache"),
        ("LIMITS_URL", "limits"),
        ("CELERY_BROKER_URL", "broker"),
    ],
)
def test_ready_without_cache_limits_or_broker_still_sells(
    api, settings, setting, name
):
    heartbeats.record_heartbeat("relay")
    dead = f"redis://127.0.0.1:{services.free_port()}/0"
    setattr(settings, setting, dead)
    if setting == "CACHE_URL":
        settings.CACHES = {
            "default": settings.CACHES["default"] | {"LOCATION": dead}
        }
    answer = api.get("/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["checks"][name] == "unreachable"


@pytest.mark.asvs("13.4.5")
@pytest.mark.django_db(transaction=True)
def test_metrics_are_for_our_networks(api, settings):
    assert api.get("/metrics").status_code == 200
    settings.METRICS_NETWORKS = ["10.0.0.0/8"]
    assert api.get("/metrics").status_code == 404


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_database_that_says_nothing_is_unreachable_within_two_seconds():
    """The worst way to be away: it takes connections and never answers."""
    server = connection.settings_dict
    by_socket = server["HOST"].startswith("/")
    with proxy(
        f"{server['HOST']}/.s.PGSQL.5432"
        if by_socket
        else (server["HOST"], int(server["PORT"]))
    ) as door:
        url = f"postgres://{server['USER']}@127.0.0.1:{door.port}/{server['NAME']}"
        with services.web(
            env={"ALLOWED_HOSTS": "127.0.0.1", "DATABASE_URL": url}
        ) as web:
            assert wait_for(
                lambda: send_request(f"{web.url}/health/ready").status == 200,
                seconds=30,
            )
            door.stall()
            took = []
            for _ in range(3):
                started = time.monotonic()
                answer = send_request(f"{web.url}/health/ready")
                took.append(time.monotonic() - started)
                assert (answer.status, answer.json()["status"]) == (
                    503,
                    "unavailable",
                )
                assert answer.json()["checks"]["database"] == "unreachable"
            assert min(took) < 2, took  # a machine that is busy is slow at times
            assert send_request(f"{web.url}/health/live").status == 200
            door.heal()
            assert wait_for(
                lambda: send_request(f"{web.url}/health/ready").status == 200,
                seconds=30,
            )
            door.refuse()
            assert send_request(f"{web.url}/health/ready").status == 503
