"""When answers go: on commit, never on a rollback, and never too late."""

import pytest
from django.db import transaction
from django_redis import get_redis_connection

from markrin.cache import invalidation_listener, shared_cache
from markrin.cache.shared_cache import CachedResponse
from markrin.cache.tags import drop_tags, invalidate
from markrin.outbox.models import OutboxEvent
from tests.cache import sample_app
from tests.cache.conftest import until

PATH = "/api/shelves/shirt"


def kept(shop):
    return "hit" in shop.get(PATH).headers["Cache-Status"]


def undone(tag):
    with transaction.atomic():
        invalidate(tag)
        transaction.set_rollback(True)


@pytest.fixture
def warm(shop):
    shop.get(PATH), shop.get(PATH)
    assert kept(shop)
    return shop


pytestmark = pytest.mark.django_db(transaction=True)


def test_a_touched_tag_drops_the_answers_that_carry_it_and_no_others(warm):
    sample_app.stock["belt"] = 1
    warm.get("/api/shelves/belt")

    invalidate("shelf:belt")

    assert kept(warm)
    assert "miss" in warm.get("/api/shelves/belt").headers["Cache-Status"]


def test_nothing_is_dropped_before_the_commit_and_nothing_by_a_rollback(warm):
    with transaction.atomic():
        invalidate("shelf:shirt")
        assert kept(warm)
    assert not kept(warm)

    warm.get(PATH)
    undone("shelf:shirt")
    assert kept(warm)
    assert OutboxEvent.objects.count() == 1  # the first transaction's


def test_a_rolled_back_savepoint_drops_nothing_of_its_own(warm):
    sample_app.stock["belt"] = 1
    warm.get("/api/shelves/belt")
    with transaction.atomic():
        invalidate("shelf:belt")
        undone("shelf:shirt")
    assert kept(warm)
    assert "miss" in warm.get("/api/shelves/belt").headers["Cache-Status"]


def test_many_touches_of_one_transaction_are_one_call(line, monkeypatch):
    calls = []
    monkeypatch.setattr(
        shared_cache, "invalidate_tags", lambda tags: calls.append(sorted(tags))
    )
    with transaction.atomic():
        for name in ("a", "b", "a"):
            invalidate(name)
    assert calls == [["a", "b"]]


def test_the_same_transaction_writes_the_job_that_drops_them_should_this_process_die(
    line,
):
    with transaction.atomic():
        invalidate("a", "b")
        invalidate("b")
        invalidate("c", durably=False)
    assert [
        row.payload for row in OutboxEvent.objects.filter(task="cache.drop")
    ] == [{"tags": ["a", "b"]}]


def test_an_answer_rendered_from_old_rows_is_not_stored_after_the_change(line):
    answer = CachedResponse(
        200, (), {"identity": b"old"}, frozenset({"shelf:shirt", "*"}), "e"
    )
    before = shared_cache.read_version()
    drop_tags({"shelf:shirt"})

    assert not shared_cache.write_response("old", answer, stamp=before, ttl_s=60)
    assert shared_cache.read_response("old") is None
    assert shared_cache.write_response(
        "new", answer, stamp=shared_cache.read_version(), ttl_s=60
    )
    assert shared_cache.read_response("new") == answer


def test_the_clock_only_goes_forward_also_past_a_flush(line):
    times = [
        int(shared_cache.invalidate_tags(["a"])),
        int(shared_cache.read_version()),
    ]
    get_redis_connection("default").flushdb()
    times += [
        int(shared_cache.read_version()),
        int(shared_cache.invalidate_tags(["a"])),
        int(shared_cache.invalidate_tags(["a"])),
    ]
    assert times == sorted(times)
    assert times[3] < times[4]


def test_another_process_hears_of_it(warm):
    """What another process's `drop` does here is what the server tells this one's line."""
    until(
        lambda: warm.get(PATH) and len(invalidation_listener.own.memory) == 1
    )  # a slow machine may have dropped it meanwhile
    shared_cache.invalidate_tags(
        ["shelf:shirt"]
    )  # without this process's own memory being told
    until(lambda: len(invalidation_listener.own.memory) == 0)
