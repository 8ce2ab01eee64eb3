"""The shop of a made-up year: its real processes, killed now and then, and the way to them."""

import json
import signal
import sys
import time
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPException
from typing import Any, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection

from celery_app import QUEUES, app
from markrin.outbox import selectors as outbox_selectors
from markrin.outbox import services as outbox
from tests import services
from tests.providers.server import StandIn
from tests.services import Running

WAIT_S = 900.0
BEAT_EVERY = timedelta(hours=6)
# What the clock starts and this year leaves out: signs of life, what takes minutes, and the
# catalogue's own work, which moves no money.
NOT_RUN = ("outbox.heartbeat", "verify", "products.", "storefront.")


class YearShop:
    """A web server for each provider, the relay, and one worker of all queues.

    The place of beat is taken by `run_beat`: it runs what is due by the moved clock, in this
    process, from the very schedule. A process that is killed is started again.
    """

    def __init__(self, stand_ins: dict[str, StandIn]) -> None:
        self.stand_ins = stand_ins
        self.done: Counter[str] = Counter()
        self._stack = ExitStack()
        self._webs: dict[str, Running] = {}
        self._others: dict[str, Running] = {}
        self._due: dict[str, datetime] = {}
        self.env = {
            "EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend",
            "CELERY_SKIP_CHECKS": "1",
            "MAIL_DOMAIN": "shop.test",
            "RATE_LIMIT_SCALE": "100000",
            "LOG_LEVEL": "CRITICAL",
            **_name_stand_ins(stand_ins),
        }

    def __enter__(self) -> Self:
        for name in self.stand_ins:
            self._serve(name)
        self._start("relay")
        self._start("worker")
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def _serve(self, name: str) -> None:
        entered = services.web(
            respawn=True,
            env=self.env | {"ONLINE_PROVIDER": name},
            patience_s=WAIT_S,
        )
        self._webs[name] = self._stack.enter_context(entered)
        stand_in = self.stand_ins[name]
        stand_in.webhooks.url = f"{self.url(name)}/api/payments/webhooks/{name}"

    def _start(self, name: str) -> None:
        if name == "relay":
            entered = services.running(
                "manage.py", "relay", "--skip-checks", env=self.env
            )
        else:
            worker = [
                "worker",
                "-Q",
                ",".join(QUEUES),
                "-c",
                "2",
                "-n",
                "year@tests",
            ]
            quiet = ["--without-gossip", "--without-mingle"]
            entered = services.running(
                "-m", "celery", "-A", "celery_app", *worker, *quiet, env=self.env
            )
        self._others[name] = self._stack.enter_context(entered)

    def url(self, name: str) -> str:
        return self._webs[name].url

    # --- Over HTTP ----------------------------------------------------------------------------
    def ask(
        self, name: str, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        """Send a request to one of the web servers, again where nobody answers, as a shopper
        would: `headers` has the Idempotency-Key of what must happen once.
        """
        until = time.monotonic() + WAIT_S
        sent = {"Content-Type": "application/json"}
        sent |= {key.replace("_", "-"): value for key, value in headers.items()}
        while True:
            status, content = self._try(name, method, path, body, sent)
            if status and status < 500:
                return status, json.loads(content) if content else {}
            self.done[f"answered {status or 'not at all'}, asked again"] += 1
            if time.monotonic() > until:
                raise AssertionError(
                    f"{method} {path}: {status} {content[:300]!r}"
                    f" {self._webs[name].output()[-2000:]}"
                )
            if self._webs[name].process.poll() is not None:
                self._serve(name)
            time.sleep(0.3)

    def _try(
        self, name: str, method: str, path: str, body: Any, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        address = urlsplit(self.url(name))
        link = HTTPConnection(address.hostname or "", address.port, timeout=60)
        try:
            link.request(method, path, json.dumps(body) if body else None, headers)
            answer = link.getresponse()
            return answer.status, answer.read()
        except (OSError, HTTPException):
            return 0, b""
        finally:
            link.close()

    # --- Time ---------------------------------------------------------------------------------
    def run_beat(self) -> None:
        """Run what is due by the clock, once each however long it has been due."""
        now = datetime.now(UTC)
        for name, entry in app.conf.beat_schedule.items():
            if name.startswith(NOT_RUN):
                continue
            if self._due.setdefault(name, now) > now:
                continue
            task = app.tasks[entry["task"]]
            try:
                task.apply(args=entry.get("args", ())).get()
            except Exception as exc:
                self.done[f"beat: {name} failed with {type(exc).__name__}"] += 1
                connection.close()
            self._due[name] = _next(entry["schedule"], now)

    def settle(self) -> None:
        """Wait until the stand-ins have told all, and no job is due."""
        for stand_in in self.stand_ins.values():
            stand_in.webhooks.flush(WAIT_S)
        self.wait_for_jobs()

    def wait_for_jobs(self) -> None:
        """Wait until no job is due or runs; start dead ones again, as staff do."""
        until = time.monotonic() + WAIT_S
        while count := self._count_due():
            if time.monotonic() > until:
                logs = {
                    name: one.output()[-1500:] for name, one in self._others.items()
                }
                raise AssertionError(
                    f"{count} jobs are left: {outbox_selectors.count_open_jobs()} {logs}"
                )
            time.sleep(0.02)
        if dead := outbox_selectors.list_dead_ids():
            self.done["dead jobs started again"] += outbox.retry_jobs(dead)

    def _count_due(self) -> int:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM outbox_event WHERE state = 'waiting' AND run_after <= now()"
                " AND NOT EXISTS (SELECT FROM outbox_pause WHERE queue = outbox_event.queue"
                " AND until > now()) OR state = 'running'"
            )
            return int(cursor.fetchone()[0])

    # --- Faults -------------------------------------------------------------------------------
    def kill(self, what: str) -> None:
        """kill -9 of a part of the shop, or of all database sessions; it is started again."""
        self.done[f"killed: {what}"] += 1
        if what == "sessions":
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname ="
                    " current_database() AND pid <> pg_backend_pid() AND usename = current_user"
                )
            return
        if what in self._webs:
            self._webs[what].signal(signal.SIGKILL)
            self._webs[what].process.wait(timeout=10)
            self._serve(what)
            return
        self._others[what].signal(signal.SIGKILL)
        self._others[what].process.wait(timeout=10)
        self._start(what)


def say(text: str) -> None:
    """Print a line at once."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _name_stand_ins(stand_ins: dict[str, Any]) -> dict[str, str]:
    stripe, razorpay = stand_ins["stripe"], stand_ins["razorpay"]
    return {
        "STRIPE_SECRET_KEY": stripe.secret_key,
        "STRIPE_PUBLIC_KEY": "pk_test_1",
        "STRIPE_WEBHOOK_SECRET": stripe.webhook_secret,
        "STRIPE_API_BASE": stripe.url,
        "RAZORPAY_KEY_ID": razorpay.key_id,
        "RAZORPAY_KEY_SECRET": razorpay.key_secret,
        "RAZORPAY_WEBHOOK_SECRET": razorpay.webhook_secret,
        "RAZORPAY_API_BASE": razorpay.url,
    }


def _next(schedule: Any, now: datetime) -> datetime:
    """Return when a beat entry is due again."""
    if isinstance(schedule, (int, float)):
        return now + timedelta(seconds=schedule)
    here = now.astimezone(ZoneInfo(settings.SHOP_TIME_ZONE))
    hour, minute = min(schedule.hour), min(schedule.minute)
    at = here.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return (at if at > here else at + timedelta(days=1)).astimezone(UTC)
