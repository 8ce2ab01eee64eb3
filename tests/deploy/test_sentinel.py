"""Cache and broker under Sentinel: the master dies, another one takes over, and the shop
goes on by itself.
"""

import os
import urllib.request

import pytest
from django.db import transaction

from dev.processes import wait_for
from markrin.cache.tags import CacheTouched
from markrin.outbox import services as outbox
from markrin.outbox.models import OutboxEvent
from tests import services
from tests.deploy import servers
from tests.factories import make_product, make_variant

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        "ROLLING_ROUNDS" not in os.environ, reason="long: `make rolling` runs it"
    ),
]
WORKER = [
    "-m",
    "celery",
    "-A",
    "celery_app",
    "worker",
    "-Q",
    "inventory",
    "-c",
    "1",
    "--without-mingle",
]


def cache_status(url: str) -> str:
    """Return how the answer came about; anything but a 200 raises."""
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 (ours)
        return str(answer.headers.get("Cache-Status"))


def test_another_master_takes_over() -> None:
    product = make_variant(product=make_product()).product
    with servers.sentinel("shop") as (port, _, kill_master):
        env = {
            "CACHE_ANSWERS": "1",
            "ALLOWED_HOSTS": "127.0.0.1",
            "CACHE_URL": "redis://shop/0",
            "CACHE_SENTINELS": f"127.0.0.1:{port}",
            "CELERY_BROKER_URL": f"sentinel://127.0.0.1:{port}/1",
            "CELERY_BROKER_MASTER": "shop",
            "MAIL_FROM": "shop@shop.test",
        }
        with (
            services.web(env=env) as web,
            services.relay(env=env),
            services.running(*WORKER, env=env),
        ):
            url = f"{web.url}/api/products/{product.slug}"
            assert wait_for(
                lambda: "hit; detail=memory" in cache_status(url), seconds=20
            )
            _add_job()
            assert wait_for(_all_done, seconds=60), list(
                OutboxEvent.objects.values()
            )
            kill_master()
            _add_job()
            assert wait_for(
                lambda: "hit; detail=memory" in cache_status(url), seconds=60
            ), "the cache is back"
            assert wait_for(_all_done, seconds=90), list(
                OutboxEvent.objects.values()
            )


def _add_job() -> None:
    with transaction.atomic():
        outbox.add(CacheTouched(tags=("nobody",)))


def _all_done() -> bool:
    return not OutboxEvent.objects.exclude(state="done").exists()
