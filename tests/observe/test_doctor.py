"""`manage.py doctor` finds faults that are really there, and says what to do."""

import subprocess
import sys
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
import redis
import time_machine
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from celery_app import QUEUES
from dev.processes import socket_folder
from dev.stack import ROOT
from dev.valkey import Valkey
from markrin.ops.doctor import machine
from markrin.outbox import heartbeats
from markrin.outbox import services as outbox
from markrin.outbox.checks import OVER_SMTP
from markrin.outbox.models import OutboxEvent
from tests import services


@pytest.fixture
def doctor(settings, tmp_path):
    """Return a function that runs the command and gives its exit code and what it printed."""
    settings.EMAIL_BACKEND = "markrin.mail.backends.FileBackend"
    settings.DEBUG = True  # as on a desk, which the rest of the tests' settings are
    # Without pins: what this checkout has installed is not the subject.
    settings.BASE_DIR = tmp_path

    def run() -> tuple[int, str]:
        code, out = (
            0,
            StringIO(),
        )  # and not what pytest captures, where the log's own lines are
        try:
            call_command("doctor", stdout=out)
        except SystemExit as end:
            code = int(end.code or 0)
        return code, out.getvalue()

    return run


@pytest.fixture
def all_alive(db):
    for name in ("relay", *(f"worker:{queue}" for queue in QUEUES)):
        heartbeats.record_heartbeat(name)


def fault(printed: str, subject: str) -> str:
    """Return what is said of the subject that is at fault, with what to do."""
    lines = printed.splitlines()
    at = next(
        (n for n, line in enumerate(lines) if line.startswith(f"FAULT {subject} ")),
        None,
    )
    assert at is not None, printed
    assert lines[at + 1].strip().startswith("→ "), printed
    return f"{lines[at]} {lines[at + 1].strip()}"


def test_a_shop_that_is_well(doctor, all_alive):
    code, printed = doctor()
    assert (code, printed.count("FAULT")) == (0, 0), printed
    for subject in (
        "versions",
        "settings",
        "keys",
        "database version",
        "migrations",
        "extensions",
        "clock",
        "cache",
        "cache eviction",
        "broker",
        "mail",
        "media",
        "disk",
        "relay",
        "worker:email",
        "jobs",
    ):
        assert f"\nok    {subject} " in printed, printed
    assert printed.splitlines()[-1].endswith("looked at, none at fault.")


def test_a_database_that_is_not_there_hides_nothing_else(tmp_path):
    """As an operator runs it, with a wrong port."""
    env = services.environment() if connection.settings_dict["NAME"] else {}
    env |= {
        "ALLOWED_HOSTS": "127.0.0.1",
        "DATABASE_URL": f"postgres://markrin@127.0.0.1:{services.free_port()}/markrin",
    }
    done = subprocess.run(
        [sys.executable, "manage.py", "doctor"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "onnection refused" in fault(done.stdout, "database")
    assert "Start PostgreSQL, or correct DATABASE_URL." in done.stdout
    assert "\nok    cache eviction    volatile-lru\n" in done.stdout
    assert "\nnote  jobs              not looked at" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_an_eviction_that_would_eat_queues(doctor, all_alive, settings, tmp_path):
    server = Valkey(tmp_path, durable=False)
    server.start()
    try:
        path = socket_folder(tmp_path) / "valkey.sock"
        with redis.Redis(unix_socket_path=str(path)) as client:
            client.config_set("maxmemory-policy", "allkeys-lru")
        settings.CACHES = {
            "default": settings.CACHES["default"] | {"LOCATION": f"unix://{path}"}
        }
        code, printed = doctor()
    finally:
        server.stop()
    assert code == 1
    assert "CONFIG SET maxmemory-policy volatile-lru" in fault(
        printed, "cache eviction"
    )
    assert "Set LIMITS_URL to a Valkey with maxmemory-policy noeviction." in printed
    if settings.CELERY_BROKER_URL.startswith("redis"):  # RabbitMQ evicts nothing
        assert "\nok    broker eviction" in printed


def test_cache_and_broker_that_are_not_there(
    doctor, all_alive, settings, monkeypatch
):
    from celery_app import app

    dead = f"redis://:canary@127.0.0.1:{services.free_port()}/0"
    settings.CACHE_URL = settings.CELERY_BROKER_URL = dead
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": dead}}
    monkeypatch.setattr(app.conf, "broker_url", dead)
    monkeypatch.setattr(app.conf, "broker_write_url", dead)
    code, printed = doctor()
    assert code == 1
    assert "correct CACHE_URL" in fault(printed, "cache")
    assert "correct CELERY_BROKER_URL" in fault(printed, "broker")
    assert "canary" not in printed


def test_what_the_database_lacks(doctor, all_alive):
    with connection.cursor() as cursor:
        cursor.execute("DROP EXTENSION unaccent CASCADE")
        cursor.execute("DELETE FROM django_migrations WHERE app = 'orders'")
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('orders',"
            " '9999_tomorrow', now())"
        )
    code, printed = doctor()
    assert code == 1
    assert "CREATE EXTENSION unaccent;" in fault(printed, "extensions")
    assert "Run `manage.py migrate`." in fault(printed, "migrations")
    assert "orders.9999_tomorrow, which this release does not know" in printed


@pytest.mark.parametrize(("seconds", "said"), [(5, "behind"), (-5, "ahead of")])
def test_a_clock_that_is_wrong(doctor, all_alive, seconds, said):
    with time_machine.travel(timezone.now() + timedelta(seconds=seconds)):
        code, printed = doctor()
    assert code == 1
    assert f"s {said} this machine's" in fault(printed, "clock")


@pytest.mark.parametrize("backend", OVER_SMTP)
def test_a_mail_server_that_is_not_there(doctor, all_alive, settings, backend):
    settings.EMAIL_BACKEND = backend
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", services.free_port()
    code, printed = doctor()
    assert code == 1
    assert "correct EMAIL_URL" in fault(printed, "mail")


def test_files_that_cannot_be_written_and_a_full_disk(
    doctor, all_alive, settings, tmp_path, monkeypatch
):
    (tmp_path / "file").touch()
    settings.MEDIA_ROOT = tmp_path / "file" / "media"
    settings.LOG_FILE = str(tmp_path / "shop.log")
    monkeypatch.setattr(machine, "LEAST_FREE", 1.0)
    monkeypatch.setattr(machine, "LEAST_FREE_BYTES", 10**18)
    code, printed = doctor()
    assert code == 1
    assert "Not a directory" in fault(printed, "media")
    assert "Make room" in fault(printed, "disk")


def test_work_that_does_not_go_on(doctor, all_alive):
    OutboxEvent.objects.create(
        event="t",
        task="t",
        queue="email",
        key="doctor:1",
        max_attempts=1,
        state="dead",
        wake_at=None,
        finished_at=timezone.now(),
    )
    outbox.pause_queue(
        "inventory", seconds=None, reason="stock-taking", by="a person"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE heartbeat SET at = now() - interval '5 minutes' WHERE name ="
            " 'worker:email'"
        )
        cursor.execute("DELETE FROM heartbeat WHERE name = 'relay'")
    code, printed = doctor()
    assert code == 1
    assert "never seen" in fault(printed, "relay")
    assert "seen 300 s ago" in fault(printed, "worker:email")
    assert "1 of the queue email are dead" in printed
    assert "outbox resume inventory" in printed


def test_settings_and_packages(doctor, all_alive, settings, tmp_path: Path):
    settings.SHOP_CURRENCY = "RUPEE"
    settings.JWT_KEYS = []
    (tmp_path / "requirements.txt").write_text(
        "django==1.0 \\\n    --hash=sha256:0\nnobody-has-this==2.0\n"
    )
    code, printed = doctor()
    assert code == 1
    assert "JWT_KEYS holds no key" in fault(printed, "settings")
    assert (
        "\nFAULT settings          markrin.E010: SHOP_CURRENCY must be" in printed
    )
    assert printed.index("accounts.E001") < printed.index("markrin.E010")
    assert "django 5.2" in fault(printed, "packages")
    assert "nobody-has-this missing instead of 2.0" in printed
