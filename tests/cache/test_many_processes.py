"""Two web processes, real servers: whoever asks after a commit has returned is shown what
was committed.
"""

import json
import signal
import urllib.request

import pytest

from dev.processes import wait_for
from tests import services
from tests.cache import staleness_probe
from tests.client import access_token
from tests.factories import make_product, make_user, make_variant

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def products():
    made = [make_product() for _ in range(3)]
    for product in made:
        make_variant(product=product)
    return made


def much(seen):
    return seen.writes > 50 and seen.tiers().keys() >= {
        "memory",
        "shared",
        "rendered",
    }


def test_nobody_is_shown_an_older_version_than_was_committed_before(products):
    env = {"CACHE_ANSWERS": "1"}
    with services.web(env=env) as one, services.web(env=env) as other:
        seen = staleness_probe.watch_staleness(
            [one.url, other.url], products, seconds=4, pause_s=0.002, enough=much
        )

    assert seen.failures == []
    tiers = seen.tiers()
    assert much(seen), (seen.writes, tiers)
    assert seen.stale(memory=False) == [], tiers
    # Another process's notice takes a moment; the line to the server answers for a third of
    # a second at most, and a thread of a busy machine may sleep on what it has just read.
    assert all(lag < 1.0 for _, lag in seen.stale(memory=True)), max(
        lag for _, lag in seen.stale(memory=True)
    )


def test_whoever_writes_through_a_process_reads_the_write_there_at_once(products):
    token = access_token(make_user(role="staff", groups=("catalogue",)))
    product = products[0]
    env = {
        "CACHE_ANSWERS": "1",
        "ADMIN_SECOND_FACTOR": "0",
    }  # staff write, without a phone
    with services.web(env=env) as one:
        path = f"{one.url}/api/products/{product.slug}"
        for number in range(60):
            body = json.dumps({"material": f"v{number}"}).encode()
            headers = {
                "Authorization": f"Bearer {token}",
                "Content-Type": "application/json",
            }
            request = urllib.request.Request(  # noqa: S310 (our own)
                path, body, headers, method="PATCH"
            )
            urllib.request.urlopen(request, timeout=20).close()  # noqa: S310 (our own)
            for _ in range(3):  # rendered, from the shared tier, from memory
                with urllib.request.urlopen(path, timeout=20) as answer:  # noqa: S310
                    assert json.load(answer)["material"] == f"v{number}", (
                        answer.headers["Cache-Status"]
                    )


DIES = """
import os, signal, sys, django
django.setup()
from django.db import transaction
from products.models import Product
product = Product.objects.get(pk=sys.argv[1])
product.name = "Committed"
with transaction.atomic():
    # before the cache's own hook
    transaction.on_commit(lambda: os.kill(os.getpid(), signal.SIGKILL))
    product.save(update_fields=["name"])
"""


def test_what_a_process_committed_before_it_died_is_dropped_by_the_outbox(products):
    product = products[0]
    with services.web(env={"CACHE_ANSWERS": "1"}) as web:
        path = f"{web.url}/api/products/{product.slug}"
        product_was = product.name
        assert shown_at(path)[0] == shown_at(path)[0] == product_was
        with services.running(
            "-c",
            DIES,
            str(product.pk),
            env={"DJANGO_SETTINGS_MODULE": "markrin.settings"},
        ) as dying:
            assert dying.process.wait(timeout=60) == -signal.SIGKILL, dying.output()
        product.refresh_from_db()
        assert product.name == "Committed"
        # This is the window that the outbox closes. A process that was starved meanwhile
        # trusts nothing that it keeps.
        name, status = shown_at(path)
        assert name == product_was or "hit" not in status
        with services.relay(), services.worker("inventory"):
            assert wait_for(
                lambda: (
                    shown_at(path)[0] == "Committed" and "hit" in shown_at(path)[1]
                ),
                seconds=120,
            )


def shown_at(path):
    """Return the product's name as it is shown, and how the answer came about."""
    with urllib.request.urlopen(path, timeout=20) as answer:  # noqa: S310 (our own)
        return json.load(answer)["name"], answer.headers["Cache-Status"]
