"""What the shop's own processes send to Sentry when they break down, read from the wire."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dev.processes import wait_for
from dev.stack import ROOT
from markrin.outbox.models import OutboxEvent
from tests import services
from tests.observe import sentry
from tests.observe.http_client import send_request

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
HARMLESS = {
    "email": "a@shop.example",
    "password": "p",
    "phone": "1",
    "street": "s",
    "card": "c",
}


@pytest.fixture
def inbox():
    with sentry.listening() as found:
        yield found


@pytest.fixture
def env(inbox: sentry.Inbox) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "tests.observe.crashing.settings",
        "SENTRY_DSN": inbox.dsn,
        "RELEASE": "shop@1.2.3",
        "ENVIRONMENT": "stage",
        "SENTRY_TRACES_SAMPLE_RATE": "0",
        "ALLOWED_HOSTS": "127.0.0.1",
    }


def crash_row(how: str, said: str, *, attempts: int = 0) -> OutboxEvent:
    return OutboxEvent.objects.create(
        event="test.broke",
        task="test.break_down",
        queue="analytics",
        key=f"test.break_down:{how}:{attempts}",
        payload={"how": how, "said": said},
        trace={"request_id": "req-of-a-job"},
        attempts=attempts,
        max_attempts=3,
    )


def arrived(inbox: sentry.Inbox, count: int) -> bool:
    return wait_for(lambda: len(inbox.of_type("event")) >= count, seconds=60)


def test_web_reports_its_faults_and_not_its_refusals(inbox, env):
    with services.web(env=env) as web:
        for how in ("refusal", "message"):
            body = {**HARMLESS, "how": how}
            answer = send_request(
                f"{web.url}/api/crash", body, X_Request_Id=f"req-{how}"
            )
            assert answer.status == {"refusal": 409, "message": 500}[how]
            assert (
                answer.json()["requestId"]
                == answer.headers["X-Request-Id"]
                == f"req-{how}"
            )
        assert send_request(f"{web.url}/api/orders", {}).status == 400
        assert send_request(f"{web.url}/api/auth/sessions").status == 401
        assert (
            send_request(
                f"{web.url}/crash-page?token=t", X_Request_Id="req-of-page"
            ).status
            == 500
        )
        assert arrived(inbox, 2)
    events = inbox.of_type("event")
    assert [event["exception"]["values"][-1]["type"] for event in events] == [
        "RuntimeError",
        "MultiValueDictKeyError",
    ]
    first, second = events
    assert (first["release"], first["environment"], first["platform"]) == (
        "shop@1.2.3",
        "stage",
        "python",
    )
    assert (first["tags"]["request_id"], second["tags"]["request_id"]) == (
        "req-message",
        "req-of-page",
    )
    assert first["request"]["method"] == "POST"
    assert first["request"]["url"].endswith("/api/crash")
    assert not {"data", "cookies", "env", "query_string"} & (
        first["request"].keys() | second["request"].keys()
    )
    assert "user" not in first
    frames = first["exception"]["values"][-1]["stacktrace"]["frames"]
    assert frames[-1]["function"] == "break_down"
    assert not any("vars" in frame for frame in frames)
    assert inbox.of_type("transaction") == []  # the sample rate is 0


def test_a_worker_reports_a_bug_once_a_dead_job_and_no_retry(inbox, env):
    with services.worker("analytics", env=env):
        from celery_app import app

        rows = [
            crash_row("retry", "try again"),
            crash_row(
                "bug", "a bug", attempts=1
            ),  # its second try: told of already
            crash_row("bug", "a bug"),
            crash_row("retry", "the last try", attempts=2),
            crash_row("bug", "the last try", attempts=2),
        ]
        for row in rows:
            app.send_task(row.task, args=[row.pk], queue=row.queue)
        app.send_task("test.sweep", queue="analytics")  # as beat does
        assert arrived(inbox, 4)
        assert wait_for(
            lambda: not OutboxEvent.objects.filter(state__in=["running"]).exists(),
            seconds=60,
        )
    assert sorted(inbox.errors()) == [
        "ArithmeticError: the sweep has broken down",
        "LookupError: a bug",
        "LookupError: the last try",
        "message: test.break_down is dead: Retry: the last try",
    ]
    for event in inbox.of_type("event"):
        assert (event["release"], event["environment"]) == ("shop@1.2.3", "stage")
        if "sweep" not in str(event.get("transaction")):
            assert event["tags"]["request_id"] == "req-of-a-job"
    (dead,) = [
        event for event in inbox.of_type("event") if "exception" not in event
    ]
    assert dead["fingerprint"] == ["job_dead", "test.break_down"]


def test_beat_reports_its_end(inbox, env):
    with services.beat(env=env | {"CRASHING_BEAT": "1"}) as beat:
        assert wait_for(lambda: beat.process.poll() is not None, seconds=120)
        assert beat.process.returncode != 0
        last = json.loads(beat.output().strip().splitlines()[-1])
    assert inbox.errors() == ["RuntimeError: the clock has stopped"]
    (event,) = inbox.of_type("event")
    assert (event["release"], event["environment"]) == ("shop@1.2.3", "stage")
    assert (last["event"], last["level"]) == ("crashed", "critical")


def test_a_command_reports_a_crash_and_no_refusal_and_none_of_its_arguments(
    inbox, env
):
    def run(*command: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=services.environment() | env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    crashed = run("crash", "--password", "hunter2-of-the-operator")
    assert crashed.returncode == 1
    assert "hunter2" not in crashed.stdout + crashed.stderr
    assert json.loads(crashed.stdout.splitlines()[-1])["event"] == "crashed"
    assert run("outbox", "show", "nobody").returncode == 1
    assert len(inbox.errors()) == 1
    (event,) = inbox.of_type("event")
    assert event["extra"]["sys.argv"] == ["manage.py", "crash"]
    assert event["exception"]["values"][-1]["type"] == "RuntimeError"
    assert not any(b"hunter2" in envelope for envelope in inbox.bytes)


def test_a_trace_goes_from_the_request_to_its_job(inbox, env):
    """With every request traced, probes and job messages excepted; a visitor's header does not
    decide.
    """
    from tests.factories import make_user

    user = make_user()
    unsampled = {"sentry_trace": f"{'a' * 32}-{'b' * 16}-0"}
    env = env | {
        "SENTRY_TRACES_SAMPLE_RATE": "1",
        "EMAIL_BACKEND": "markrin.mail.backends.FileBackend",
    }
    env |= {
        "MAIL_DIR": str(
            Path(services.environment()["LOCAL_DIR"]) / "mails-of-trace"
        )
    }
    with (
        services.web(env=env) as web,
        services.relay(env=env),
        services.worker("email", env=env),
    ):
        assert (
            send_request(
                f"{web.url}/api/auth/password/forgot",
                {"email": user.email},
                unsampled,
            ).status
            == 202
        )
        assert send_request(f"{web.url}/health/ready").status == 200
        both = {
            "/api/auth/password/forgot",
            "accounts.reset_by_mail",
        }  # in whichever order they come
        assert wait_for(
            lambda: (
                {each["transaction"] for each in inbox.of_type("transaction")}
                >= both
            ),
            seconds=90,
        )
    by_name = {each["transaction"]: each for each in inbox.of_type("transaction")}
    assert set(by_name) == both
    traces = {each["contexts"]["trace"]["trace_id"] for each in by_name.values()}
    assert len(traces) == 1
    assert user.email.encode() not in b"".join(inbox.bytes)
