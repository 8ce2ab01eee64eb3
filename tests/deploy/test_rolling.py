"""A rolling restart under load: both web servers, the relay and the workers, one after the
other; nothing is lost.

Behind Caddy with the configuration that we ship where it is installed, else behind a small
balancer that looks at `/health/live` and keeps to it as Caddy does. Takes a minute or two,
so it is `make rolling` that runs it."""

import json
import os
import shutil
import subprocess
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from dev import processes
from dev.stack import ROOT
from markrin.outbox.models import OutboxEvent
from orders.models import Order
from tests import services
from tests.deploy import servers
from tests.deploy.balancer import balancer
from tests.deploy.parts import Part, Web
from tests.factories import SHIPPING_ADDRESS, make_product, make_variant

ROUNDS = int(os.environ.get("ROLLING_ROUNDS", "0"))
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not ROUNDS, reason="long: `make rolling` runs it"),
]
BUYERS, READERS = 2, 2


class Load:
    """Readers and buyers who go on until told to stop; every answer that is not as it
    should be is kept.
    """

    def __init__(self, url: str, product: str, variant: str) -> None:
        self.url, self.product, self.variant = url, product, variant
        self.wrong: list[str] = []
        self.done: Counter[str] = Counter()
        self._stop = threading.Event()
        jobs = [self._buy] * BUYERS + [self._read] * READERS
        self._threads = [
            threading.Thread(target=self._for_ever, args=(job,)) for job in jobs
        ]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=60)

    def _for_ever(self, job: Callable[[], None]) -> None:
        while not self._stop.is_set():
            try:
                job()
            except OSError as exc:  # HTTPError is one: any status but 2xx
                self.wrong.append(f"{job.__name__} {exc!r}")
            self.done[job.__name__] += 1

    def _read(self) -> None:
        self._ask("GET", f"/api/products/{self.product}")
        time.sleep(0.01)

    def _buy(self) -> None:
        cart = self._ask(
            "POST", "/api/cart/items", {"variantId": self.variant, "quantity": 1}
        )
        body: dict[str, object] = {
            "shippingAddress": SHIPPING_ADDRESS,
            "email": "guest@example.com",
            "paymentMethod": "cod",
        }
        self._ask(
            "POST",
            "/api/orders",
            body,
            {"X-Cart-Token": cart["token"], "Idempotency-Key": str(uuid4())},
        )
        self.done["orders"] += 1

    def _ask(
        self,
        method: str,
        path: str,
        body: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
    ) -> dict[str, str]:
        data = None if body is None else json.dumps(body).encode()
        given = {"Content-Type": "application/json"} if data else {}
        request = urllib.request.Request(  # noqa: S310 (ours)
            self.url + path, data, given | (headers or {}), method=method
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 (ours)
            found: dict[str, str] = json.load(answer)
            return found


@contextmanager
def caddy(ports: list[int]) -> Iterator[str]:
    """Run Caddy with deploy/Caddyfile; only the name it serves is another."""
    port = services.free_port()
    with servers.folder() as home:
        env = os.environ | {
            "SHOP_DOMAIN": f"http://127.0.0.1:{port}",
            "WEB_SERVERS": " ".join(f"127.0.0.1:{each}" for each in ports),
            "HOME": str(home),
        }
        log = home / "log"
        with log.open("wb") as output:
            child = subprocess.Popen(
                [
                    "caddy",
                    "run",
                    "--config",
                    str(ROOT / "deploy/Caddyfile"),
                    "--adapter",
                    "caddyfile",
                ],
                env=env,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            servers.await_port(port, log=log)
            yield f"http://127.0.0.1:{port}"
        finally:
            child.terminate()
            child.wait(timeout=20)


@pytest.mark.parametrize("front", ["ours", "caddy"])
def test_a_rolling_restart_loses_nothing(front: str, tmp_path: Path) -> None:
    if front == "caddy" and not shutil.which("caddy"):
        pytest.skip("caddy is not installed")
    variant = make_variant(product=make_product(name="Linen shirt"), stock=100_000)
    env = {
        "EMAIL_BACKEND": "markrin.mail.backends.FileBackend",
        "MAIL_DIR": str(tmp_path / "mails"),
        "ALLOWED_HOSTS": "127.0.0.1",
        "CACHE_ANSWERS": "0",  # each read runs through Django
    }
    with ExitStack() as stack:
        webs = [Web(tmp_path, env) for _ in range(2)]
        jobs = [
            Part(tmp_path, env, "relay"),
            Part(tmp_path, env, "worker", "email", "-c", "2"),
        ]
        jobs.append(Part(tmp_path, env, "worker", "analytics", "-c", "1"))
        for part in (*webs, *jobs):
            stack.callback(part.kill)
        for web in webs:
            web.await_ready()
        ports = [web.port for web in webs]
        load = Load(
            stack.enter_context((caddy if front == "caddy" else balancer)(ports)),
            *_ids(variant),
        )
        stack.callback(load.end)
        codes = []
        for _ in range(ROUNDS):
            for web in webs:
                codes.append(web.restart())
                web.await_ready()
                time.sleep(2)  # until the front has seen it
            codes += [part.restart() for part in jobs]
        load.end()
        assert load.wrong == []
        assert set(codes) == {0}
        assert load.done["orders"] > 5
        _await_jobs()
    assert Order.objects.count() == load.done["orders"]
    mails = sum(1 for _ in (tmp_path / "mails").glob("*.eml"))
    assert mails == load.done["orders"]
    print(  # noqa: T201
        f"\n{front}: {len(codes)} restarts, {dict(load.done)} requests, {len(load.wrong)}"
        f" failed, {mails} mails"
    )


def _ids(variant: object) -> tuple[str, str]:
    return str(variant.product.slug), str(variant.pk)  # type: ignore[attr-defined]  # a factory's


def _await_jobs() -> None:
    left = OutboxEvent.objects.exclude(state="done").filter(
        queue__in=("email", "analytics")
    )
    assert processes.wait_for(lambda: not left.exists(), seconds=90), list(
        left.values("task", "state", "error")
    )
    assert not OutboxEvent.objects.filter(lost__gt=0).exists(), (
        "a job was broken off"
    )
