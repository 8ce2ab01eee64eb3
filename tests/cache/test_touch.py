"""When answers go: on commit, never on a rollback, and never too late."""

import pytest
from django.db import transaction

from markrin.cache import drop, link, store, touch
from markrin.cache.store import Answer
from markrin.outbox.models import OutboxEvent
from tests.cache import shelf
from tests.cache.conftest import until

PATH = "/api/shelves/shirt"


def kept(shop):
    return "hit" in shop.get(PATH).headers["Cache-Status"]


def undone(tag):
    with transaction.atomic():
        touch(tag)
        transaction.set_rollback(True)


@pytest.fixture
def warm(shop):
    shop.get(PATH), shop.get(PATH)
    assert kept(shop)
    return shop


pytestmark = pytest.mark.django_db(transaction=True)


def test_a_touched_tag_drops_the_answers_that_carry_it_and_no_others(warm):
    shelf.stock["belt"] = 1
    warm.get("/api/shelves/belt")

    touch("shelf:belt")

    assert kept(warm)
    assert "miss" in warm.get("/api/shelves/belt").headers["Cache-Status"]


def test_nothing_is_dropped_before_the_commit_and_nothing_by_a_rollback(warm):
    with transaction.atomic():
        touch("shelf:shirt")
        assert kept(warm)
    assert not kept(warm)

    warm.get(PATH)
    undone("shelf:shirt")
    assert kept(warm)
    assert OutboxEvent.objects.count() == 1  # the first transaction's


def test_a_rolled_back_savepoint_drops_nothing_of_its_own(warm):
    shelf.stock["belt"] = 1
    warm.get("/api/shelves/belt")
    with transaction.atomic():
        touch("shelf:belt")
        undone("shelf:shirt")
    assert kept(warm)
    assert "miss" in warm.get("/api/shelves/belt").headers["Cache-Status"]


def test_many_touches_of_one_transaction_are_one_call(line, monkeypatch):
    calls = []
    monkeypatch.setattr(store, "touch", lambda tags: calls.append(sorted(tags)))
    with transaction.atomic():
        for name in ("a", "b", "a"):
            touch(name)
    assert calls == [["a", "b"]]


def test_the_same_transaction_writes_the_job_that_drops_them_should_this_process_die(
    line,
):
    with transaction.atomic():
        touch("a", "b")
        touch("b")
        touch("c", durably=False)
    assert [row.payload for row in OutboxEvent.objects.filter(task="cache.drop")] == [
        {"tags": ["a", "b"]}
    ]


def test_an_answer_rendered_from_old_rows_is_not_stored_after_the_change(line):
    answer = Answer(200, (), {"identity": b"old"}, frozenset({"shelf:shirt", "*"}), "e")
    before = store.stamp()
    drop({"shelf:shirt"})

    assert not store.write("old", answer, stamp=before, ttl_s=60)
    assert store.read("old") is None
    assert store.write("new", answer, stamp=store.stamp(), ttl_s=60)
    assert store.read("new") == answer


def test_the_clock_only_goes_forward_also_past_a_flush(line):
    times = [int(store.touch(["a"])), int(store.stamp())]
    store.get_redis_connection("default").flushdb()
    times += [int(store.stamp()), int(store.touch(["a"])), int(store.touch(["a"]))]
    assert times == sorted(times)
    assert times[3] < times[4]


def test_another_process_hears_of_it(warm):
    """What another process's `drop` does here is what the server tells this one's line."""
    until(
        lambda: warm.get(PATH) and len(link.own.memory) == 1
    )  # a slow machine may have dropped it meanwhile
    store.touch(["shelf:shirt"])  # without this process's own memory being told
    until(lambda: len(link.own.memory) == 0)
