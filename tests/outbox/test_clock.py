"""What beat starts: each entry's task exists, runs, and may run again."""

import json

import pytest
from structlog.testing import capture_logs

import celery_app
from markrin.ops import tasks
from products.models import StockLevel
from tests.factories import make_order, make_variant

BEAT = celery_app.app.conf.beat_schedule
NIGHTLY = {
    "analytics.tend_partitions",
    "outbox.prune",
    "outbox.prune_results",
    "orders.forget_old",
    "products.rebuild_search_words",
    "verify",
}


def test_the_night_has_its_work():
    assert {
        entry["task"]
        for entry in BEAT.values()
        if hasattr(entry["schedule"], "hour")
    } >= NIGHTLY


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", sorted(BEAT))
def test_every_task_of_beat_runs_twice(name, monkeypatch):
    monkeypatch.setattr(
        "markrin.outbox.relay.wake_workers", lambda: 0
    )  # tests/outbox/test_relay.py has the broker's part
    make_order()
    entry = BEAT[name]
    for _ in range(2):
        done = celery_app.app.tasks[entry["task"]].apply(args=entry.get("args", ()))
        assert done.state == "SUCCESS", done.traceback
        json.dumps(done.result)


@pytest.mark.django_db
def test_verify_at_night_says_what_is_wrong(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path  # other tests leave pictures that no row names
    make_order()
    assert tasks.verify()["wrong"] is None
    variant = make_variant(stock=5)
    StockLevel.objects.filter(pk=variant.pk).update(on_hand=7)
    with capture_logs() as logs:
        found = tasks.verify()
    assert found["wrong"].startswith("1 breaches of 1 rules")
    assert str(variant.pk) in found["lines"][0]
    assert [(line["event"], line["log_level"]) for line in logs] == [
        ("verify_found", "error")
    ]
